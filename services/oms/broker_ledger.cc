#include "services/oms/broker_ledger.h"

#include <algorithm>
#include <chrono>

#include "spillway/v1/risk.pb.h"

namespace spillway::oms {
namespace {

constexpr Duration kSweepPeriod = std::chrono::seconds(1);

bool IsPlacing(OrderCommandKind kind) {
  return kind == OrderCommandKind::kPlace || kind == OrderCommandKind::kReplace;
}

// Whether the report says what became of a cancel.
bool AnswersCancel(BrokerReportKind kind) {
  return kind == BrokerReportKind::kCanceled || kind == BrokerReportKind::kCancelRejected ||
         kind == BrokerReportKind::kRejected || kind == BrokerReportKind::kExpired ||
         kind == BrokerReportKind::kNotFound || kind == BrokerReportKind::kNotSent;
}
bool AnswersQuery(BrokerReportKind kind) {
  return kind == BrokerReportKind::kStatus || kind == BrokerReportKind::kNotFound;
}

}  // namespace

bool AddsRisk(const OrderCommand& command) {
  return IsPlacing(command.kind) &&
         !std::ranges::all_of(command.tickets, [](const OrderTicket& ticket) { return ticket.reduce_only; });
}

void BrokerLedger::Process(const Event& event, runtime::EventSink& /*out*/) {
  if (!std::holds_alternative<AdminCommand>(event.body)) now_ = std::max(now_, event.header.event_time);
  const bool broker = event.header.producer == Producer::kBroker;
  std::visit(Overloaded{
                 [&](const InstrumentDefinition& definition) {
                   symbols_[definition.id] = {.id = definition.id,
                                              .symbol = definition.symbol,
                                              .currency = definition.currency,
                                              .exchange = definition.exchange,
                                              .security_type = definition.security_type};
                   ++revision_;
                   ++symbols_revision_;
                 },
                 [&](const ConfigurationVersion& version) {
                   if (version.kind == ConfigurationKind::kRisk) OnRiskProfile(version);
                 },
                 [&](const OrderCommand& command) { OnCommand(event.header, command); },
                 [&](const OrderEvent& order) { OnOrderEvent(order); },
                 [&](const KillSwitchChanged& kill) { OnKill(kill.active); },
                 [&](const AdminCommand& command) {
                   if (command.kind == AdminCommandKind::kKill) OnKill(true);  // as oms: before risk has said so
                 },
                 [&](const BrokerReport& report) {
                   if (broker) OnReport(report);
                 },
                 [&](const BrokerSnapshot&) {
                   if (!broker) return;
                   std::erase_if(commands_, [](const auto& item) {
                     return item.second.command.kind == OrderCommandKind::kSnapshot;
                   });
                 },
                 [](const auto&) {},
             },
             event.body);
  if (now_ - swept_ >= kSweepPeriod) ForgetOld();
}

void BrokerLedger::OnRiskProfile(const ConfigurationVersion& version) {
  v1::RiskProfile profile;
  if (version.mode != InstanceMode::kActive || !profile.ParseFromString(version.document)) return;
  profile_account_ = {
      .known = true, .profile = version.name, .id = profile.account().id(), .live = profile.account().live()};
  ++revision_;
}

// What was placed before a kill is cancelled by oms; that it may not have been running then changes nothing.
void BrokerLedger::OnKill(bool active) {
  kill_active_ = active;
  for (auto& [number, open] : commands_) {
    if (active && AddsRisk(open.command)) open.canceled = true;
  }
  ++revision_;
}

void BrokerLedger::MarkCanceled(const OrderId& order) {
  for (auto& [number, open] : commands_) {
    const auto& tickets = open.command.tickets;
    if (std::ranges::any_of(tickets, [&](const OrderTicket& ticket) { return ticket.order == order; })) {
      open.canceled = true;
    }
  }
}

void BrokerLedger::OnCommand(const EventHeader& header, const OrderCommand& command) {
  OpenCommand open;
  open.header = header;
  open.command = command;
  if (IsPlacing(command.kind)) {
    for (const OrderTicket& ticket : command.tickets) {
      Know(ticket.order, {.command = header.id(),
                          .instrument = header.instrument,
                          .instance = header.instance,
                          .correlation = header.correlation_id()});
      open.unanswered.push_back(ticket.order);
    }
  }
  if (command.kind == OrderCommandKind::kCancel) MarkCanceled(command.order);
  if (commands_.size() >= kCommandsMax) commands_.erase(commands_.begin());
  commands_.emplace(next_++, std::move(open));
  ++revision_;
}

void BrokerLedger::Know(const OrderId& order, const OrderContext& context) {
  if (!orders_.insert_or_assign(order, context).second) return;
  order_of_orders_.push_back(order);
  if (order_of_orders_.size() <= kOrdersMax) return;
  orders_.erase(order_of_orders_.front());
  order_of_orders_.pop_front();
}

void BrokerLedger::OnReport(const BrokerReport& report) {
  const std::optional<OrderId> order = ParseClientOrderId(report.client_order_id);
  if (!order) return;
  if (report.kind == BrokerReportKind::kSent) {
    for (auto& [number, open] : commands_) {
      if (std::ranges::count(open.unanswered, *order) > 0) open.sent = true;
    }
    return;
  }
  Answered(*order, report.kind == BrokerReportKind::kNotFound);
  std::erase_if(commands_, [&](const auto& item) {
    const OrderCommand& command = item.second.command;
    if (command.order != *order) return false;
    return (command.kind == OrderCommandKind::kCancel && AnswersCancel(report.kind)) ||
           (command.kind == OrderCommandKind::kQuery && AnswersQuery(report.kind));
  });
}

void BrokerLedger::OnOrderEvent(const OrderEvent& order) {
  if (order.state == OrderState::kUnknown) {
    unknown_.insert(order.order);
  } else {
    unknown_.erase(order.order);
  }
  if (IsFinal(order.state)) Answered(order.order, false);
}

// That it is not there says nothing of one that was not sent yet.
void BrokerLedger::Answered(const OrderId& order, bool not_found) {
  for (auto it = commands_.begin(); it != commands_.end();) {
    OpenCommand& open = it->second;
    const bool over = (open.sent || !not_found) && std::erase(open.unanswered, order) > 0 && open.unanswered.empty();
    if (over) ++revision_;
    it = over ? commands_.erase(it) : std::next(it);
  }
}

void BrokerLedger::ForgetOld() {
  swept_ = now_;
  std::erase_if(commands_, [&](const auto& item) {
    const OpenCommand& open = item.second;
    return !IsPlacing(open.command.kind) && now_ - open.header.event_time >= kRepeatedFor;
  });
}

const OrderContext* BrokerLedger::Find(const OrderId& order) const {
  const auto found = orders_.find(order);
  return found == orders_.end() ? nullptr : &found->second;
}

template <class Archive>
void BrokerLedger::Persist(Archive& a) {
  a(now_, swept_, next_, commands_, orders_, order_of_orders_, profile_account_, kill_active_, unknown_);
  uint64_t count = symbols_.size();
  a(count);
  if constexpr (Archive::kReading) {
    for (uint64_t i = 0; i < count && !a.failed(); ++i) {
      BrokerSymbol s;
      a(s.id, s.symbol, s.currency, s.exchange, s.security_type);
      symbols_[s.id] = s;
    }
  } else {
    for (auto& [id, s] : symbols_) a(s.id, s.symbol, s.currency, s.exchange, s.security_type);
  }
}

void BrokerLedger::Save(runtime::StateWriter& state) const {
  const_cast<BrokerLedger*>(this)->Persist(state);
}

absl::Status BrokerLedger::Restore(runtime::StateReader& state) {
  Persist(state);
  ++revision_;
  ++symbols_revision_;
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::oms
