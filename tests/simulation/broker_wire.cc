#include "tests/simulation/broker_wire.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace spillway::simulation {
namespace {

using std::chrono::milliseconds;

}  // namespace

void BrokerWire::Bury(const OrderCommand& command) {
  if (command.kind != OrderCommandKind::kPlace && command.kind != OrderCommandKind::kReplace) return;
  for (const OrderTicket& ticket : command.tickets) dead_[ticket.order] = true;
}

void BrokerWire::Append(InstrumentId instrument, Answer answer) {
  Event event;
  event.header.producer = Producer::kBroker;
  event.header.event_time = event.header.ingest_time = lane_->now();
  event.header.instrument = instrument;
  event.header.cause.event = {0xb0b0b0b0, next_number_};
  event.header.cause.ordinal = static_cast<uint32_t>(next_number_++);
  if (const auto* report = std::get_if<BrokerReport>(&answer)) {
    if (const auto meta = metas_.find(report->client_order_id); meta != metas_.end()) {
      event.header.instrument = meta->second.instrument;
      event.header.instance = meta->second.instance;
      event.header.correlation = meta->second.correlation;
      event.header.cause.event = meta->second.command;
    }
    event.body = *report;
  } else {
    event.body = std::get<BrokerSnapshot>(answer);
  }
  lane_->Append(Producer::kBroker, {event});
}

void BrokerWire::Read(Time now) {
  const LaneRecord::Group group = lane_->group(cursor_++);
  if (group.header.producer != Producer::kOms) return;
  std::vector<Event> commands;
  for (const Event& event : lane_->events(group)) {
    if (std::holds_alternative<OrderCommand>(event.body)) commands.push_back(event);
  }
  for (const Event& event : commands) Send(event, now);
}

void BrokerWire::Send(const Event& event, Time now) {
  const auto& command = std::get<OrderCommand>(event.body);
  const bool places = command.kind == OrderCommandKind::kPlace;
  const bool expired = places && command.expires && lane_->now() >= *command.expires;
  const bool limited = places && random_.Chance(faults_.rate_limit);
  for (const OrderTicket& ticket : command.tickets) {
    metas_[ClientOrderId(ticket.order)] = {event.header.instrument, event.header.instance, event.header.correlation,
                                           event.header.id(), now};
  }
  const bool orders = places || command.kind == OrderCommandKind::kReplace;
  if (!connected_ || expired || limited) {
    if (limited && connected_) Append(0, BrokerReport{.kind = BrokerReportKind::kRateLimited, .broker_time = now});
    if (orders) {
      Bury(command);
      for (const OrderTicket& ticket : command.tickets) {
        BrokerReport report;
        report.kind = BrokerReportKind::kNotSent;
        report.client_order_id = ClientOrderId(ticket.order);
        if (!places) report.replaces = ClientOrderId(command.order);
        report.broker_time = now;
        report.reason = !connected_ ? "not connected" : expired ? "expired" : "rate limited";
        Append(event.header.instrument, report);
      }
    }
    return;
  }
  if (orders) {
    for (const OrderTicket& ticket : command.tickets) {
      BrokerReport report;
      report.kind = BrokerReportKind::kSent;
      report.client_order_id = ClientOrderId(ticket.order);
      report.side = ticket.side;
      report.broker_time = now;
      Append(event.header.instrument, report);
      if (random_.Chance(faults_.silence)) silent_[report.client_order_id] = true;
    }
  }
  if (random_.Chance(faults_.lose_command)) {
    Bury(command);
    return;
  }
  last_command_ = std::max(last_command_, now) + milliseconds(random_.Between(1, 60));
  commands_.push_back({last_command_, event});
}

void BrokerWire::Work(const Event& event) {
  const auto& command = std::get<OrderCommand>(event.body);
  switch (command.kind) {
    case OrderCommandKind::kPlace:
      broker_->Place(event.header.instrument, command.tickets);
      break;
    case OrderCommandKind::kCancel:
      broker_->Cancel(command.order);
      break;
    case OrderCommandKind::kReplace:
      if (!command.tickets.empty()) broker_->Replace(command.order, command.tickets.front());
      break;
    case OrderCommandKind::kQuery:
      broker_->Query(command.order);
      break;
    default:
      break;
  }
}

void BrokerWire::Queue(InstrumentId instrument, Answer answer, Time now) {
  if (const auto* report = std::get_if<BrokerReport>(&answer)) {
    const bool asked = report->kind == BrokerReportKind::kStatus || report->kind == BrokerReportKind::kNotFound;
    if (!asked && silent_.contains(report->client_order_id)) return;
  }
  if (!connected_ || random_.Chance(faults_.lose_answer)) return;
  Time arrives = now + milliseconds(random_.Between(1, 80));
  if (random_.Chance(faults_.delay_answer)) arrives += milliseconds(random_.Between(500, 15'000));
  if (!faults_.reorder) arrives = last_answer_ = std::max(arrives, last_answer_);
  if (random_.Chance(faults_.repeat_answer)) {
    answers_.push_back({arrives + milliseconds(random_.Between(0, 3'000)), next_number_++, instrument, answer});
  }
  answers_.push_back({arrives, next_number_++, instrument, std::move(answer)});
}

bool BrokerWire::Deliver(Time now) {
  broker_->At(now);
  while (!commands_.empty() && commands_.front().arrives <= now) {
    const Event event = std::move(commands_.front().event);
    commands_.pop_front();
    const auto& command = std::get<OrderCommand>(event.body);
    if (command.kind == OrderCommandKind::kSnapshot) {
      Queue(0, broker_->Snapshot(command.since), now);
    } else {
      Work(event);
    }
  }
  for (BrokerModel::Answer& answer : broker_->Said()) {
    const auto meta = metas_.find(answer.report.client_order_id);
    if (meta != metas_.end() && answer.report.kind == BrokerReportKind::kAccepted) {
      answer.report.latency = now - meta->second.sent;
    }
    Queue(answer.instrument, std::move(answer.report), now);
  }
  std::vector<Late> due;
  std::erase_if(answers_, [&](Late& late) {
    if (late.arrives > now) return false;
    due.push_back(std::move(late));
    return true;
  });
  std::sort(due.begin(), due.end(), [](const Late& a, const Late& b) {
    return std::pair(a.arrives, a.number) < std::pair(b.arrives, b.number);
  });
  for (Late& late : due) Append(late.instrument, std::move(late.answer));
  return !due.empty();
}

void BrokerWire::Connect(Time now) {
  if (connected_) return;
  connected_ = true;
  Append(0, BrokerReport{.kind = BrokerReportKind::kConnected, .broker_time = now});
}

void BrokerWire::Disconnect(bool told) {
  if (!connected_) return;
  connected_ = false;
  for (const Command& command : commands_) Bury(std::get<OrderCommand>(command.event.body));
  commands_.clear();
  answers_.clear();
  if (told) Append(0, BrokerReport{.kind = BrokerReportKind::kDisconnected, .broker_time = lane_->now()});
}

}  // namespace spillway::simulation
