#include "tests/simulation/broker_model.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace spillway::simulation {
namespace {

// 0.35 cents a share, up to the next 1e-8.
Money FeeOf(Quantity quantity) {
  return Money::FromE8((quantity.e8() * 35 + 9'999) / 10'000);
}

}  // namespace

const TrueOrder* BrokerModel::Find(const OrderId& order) const {
  const auto found = orders_.find(ClientOrderId(order));
  return found == orders_.end() ? nullptr : &found->second;
}

BrokerReport BrokerModel::Report(BrokerReportKind kind, const TrueOrder& order) const {
  BrokerReport report;
  report.kind = kind;
  report.client_order_id = order.client_order_id;
  report.broker_order_id = order.broker_order_id;
  report.side = order.ticket.side;
  report.cumulative = order.filled;
  report.leaves = order.leaves();
  report.broker_time = now_;
  return report;
}

void BrokerModel::Place(InstrumentId instrument, const std::vector<OrderTicket>& tickets) {
  const bool rejected = random_.Chance(faults_.reject);
  std::vector<std::string> taken;
  for (const OrderTicket& ticket : tickets) {
    const std::string id = ClientOrderId(ticket.order);
    if (orders_.contains(id)) {
      repeated_.insert(id);
      continue;
    }
    TrueOrder& order = orders_[id];
    order.client_order_id = id;
    order.broker_order_id = fmt::format("b{}", next_number_++);
    order.instrument = instrument;
    order.ticket = ticket;
    order.quantity = ticket.quantity;
    if (rejected) {
      End(order, OrderState::kRejected, BrokerReportKind::kRejected, "not today");
      continue;
    }
    taken.push_back(id);
  }
  if (taken.size() == 2) {
    orders_[taken[0]].peer = taken[1];
    orders_[taken[1]].peer = taken[0];
  }
  for (const std::string& id : taken) Accept(orders_[id]);
  for (const std::string& id : taken) Work(orders_[id]);
}

void BrokerModel::Accept(TrueOrder& order) {
  live_.push_back(order.client_order_id);
  Say(order, Report(BrokerReportKind::kAccepted, order));
}

// Against the quote as it stands.
void BrokerModel::Work(TrueOrder& order) {
  const auto quote = quotes_.find(order.instrument);
  if (!order.live() || quote == quotes_.end() || halted_.contains(order.instrument)) return;
  const bool buys = order.ticket.side == Side::kBid;
  const Price price = buys ? quote->second.ask : quote->second.bid;
  const OrderType type = order.ticket.type;
  if (type == OrderType::kStop || type == OrderType::kStopLimit || type == OrderType::kTrailingStop) {
    const Price stop = order.ticket.stop.value_or(price);
    if (!order.triggered && (buys ? price < stop : price > stop)) return;
    order.triggered = true;
  }
  if (order.ticket.limit && (buys ? price > *order.ticket.limit : price < *order.ticket.limit)) {
    if (order.ticket.time_in_force == TimeInForce::kIoc) {
      End(order, OrderState::kCanceled, BrokerReportKind::kCanceled, "ioc");
    }
    return;
  }
  Quantity& shown = buys ? shown_ask_[order.instrument] : shown_bid_[order.instrument];
  Quantity quantity = std::min(order.leaves(), shown);
  if (type != OrderType::kLimit && shown > Quantity()) quantity = order.leaves();  // walks the book
  if (quantity > Quantity::Units(1) && random_.Chance(faults_.part)) {
    quantity = Quantity::Units(random_.Between(1, quantity.e8() / Quantity::kUnit));
    quantity = std::min(quantity, order.leaves());
  }
  if (quantity <= Quantity()) return;
  shown = std::max(Quantity(), shown - quantity);
  Fill(order, price, quantity);
  if (order.live() && order.ticket.time_in_force == TimeInForce::kIoc) {
    End(order, OrderState::kCanceled, BrokerReportKind::kCanceled, "ioc");
  }
}

void BrokerModel::Execute(const TrueOrder& order, Price price, Quantity quantity) {
  Execution execution;
  execution.execution_id = fmt::format("x{}", next_number_++);
  execution.client_order_id = order.client_order_id;
  execution.broker_order_id = order.broker_order_id;
  execution.instrument = order.instrument;
  execution.symbol = definitions_.at(order.instrument).symbol;
  execution.side = order.ticket.side;
  execution.price = price;
  execution.quantity = quantity;
  execution.fee = FeeOf(quantity);
  execution.time = now_;
  const Money notional = Notional(definitions_.at(order.instrument).terms, price, quantity);
  const bool buys = order.ticket.side == Side::kBid;
  cash_ = cash_ - execution.fee + (buys ? -notional : notional);
  Quantity& position = positions_[order.instrument];
  position = buys ? position + quantity : position - quantity;
  executions_.push_back(std::move(execution));
}

void BrokerModel::Fill(TrueOrder& order, Price price, Quantity quantity) {
  order.filled += quantity;
  if (!IsFinal(order.state)) order.state = order.filled == order.quantity ? OrderState::kFilled : OrderState::kPartial;
  Execute(order, price, quantity);
  BrokerReport report = Report(BrokerReportKind::kFill, order);
  report.execution_id = executions_.back().execution_id;
  report.price = price;
  report.quantity = quantity;
  report.fee = executions_.back().fee;
  Say(order, std::move(report));
  if (!order.peer.empty()) Shrink(order.peer, quantity);
}

void BrokerModel::Shrink(const std::string& peer, Quantity quantity) {
  TrueOrder& order = orders_.at(peer);
  if (!order.live()) return;
  order.quantity -= std::min(quantity, order.leaves());
  if (order.leaves() <= Quantity()) End(order, OrderState::kCanceled, BrokerReportKind::kCanceled, "oco");
}

void BrokerModel::End(TrueOrder& order, OrderState state, BrokerReportKind kind, std::string reason) {
  order.state = state;
  BrokerReport report = Report(kind, order);
  report.reason = std::move(reason);
  Say(order, std::move(report));
  const auto peer = orders_.find(order.peer);
  if (peer != orders_.end() && peer->second.live() && state != OrderState::kFilled) {
    peer->second.peer.clear();
    End(peer->second, OrderState::kCanceled, BrokerReportKind::kCanceled, "oco");
  }
}

void BrokerModel::Cancel(const OrderId& id) {
  const auto found = orders_.find(ClientOrderId(id));
  if (found == orders_.end() || !found->second.live()) {
    TrueOrder unknown;
    unknown.client_order_id = ClientOrderId(id);
    BrokerReport report = Report(BrokerReportKind::kCancelRejected, found == orders_.end() ? unknown : found->second);
    if (found == orders_.end()) report.cumulative.reset(), report.leaves.reset();
    report.reason = found == orders_.end() ? "unknown order" : "too late";
    report.code = found == orders_.end() ? "unknown" : "final";
    if (found != orders_.end()) report.state = found->second.state;
    said_.push_back({found == orders_.end() ? 0 : found->second.instrument, std::move(report)});
    return;
  }
  TrueOrder& order = found->second;
  const Quantity leaves = order.leaves();
  End(order, OrderState::kCanceled, BrokerReportKind::kCanceled, "as asked");
  if (order.ticket.role != OrderRole::kEntry || !random_.Chance(faults_.fill_after_cancel)) return;
  const auto quote = quotes_.find(order.instrument);
  if (quote == quotes_.end()) return;
  order.erred = erred_ = true;
  Fill(order, order.ticket.side == Side::kBid ? quote->second.ask : quote->second.bid, leaves);
}

void BrokerModel::Replace(const OrderId& id, const OrderTicket& ticket) {
  const std::string next = ClientOrderId(ticket.order);
  const auto found = orders_.find(ClientOrderId(id));
  if (orders_.contains(next)) repeated_.insert(next);
  if (found == orders_.end() || !found->second.live() || orders_.contains(next) || random_.Chance(faults_.reject)) {
    BrokerReport report;
    report.kind = BrokerReportKind::kReplaceRejected;
    report.client_order_id = next;
    report.replaces = ClientOrderId(id);
    report.broker_time = now_;
    report.reason = "not replaceable";
    said_.push_back({found == orders_.end() ? 0 : found->second.instrument, std::move(report)});
    return;
  }
  TrueOrder& before = found->second;
  TrueOrder order;
  order.client_order_id = next;
  order.broker_order_id = fmt::format("b{}", next_number_++);
  order.instrument = before.instrument;
  order.ticket = ticket;
  order.quantity = before.leaves();
  order.peer = before.peer;
  before.state = OrderState::kReplaced;
  before.peer.clear();
  if (const auto peer = orders_.find(order.peer); peer != orders_.end()) peer->second.peer = next;
  TrueOrder& placed = orders_[next] = order;
  live_.push_back(next);
  BrokerReport report = Report(BrokerReportKind::kReplaced, placed);
  report.replaces = ClientOrderId(id);
  Say(placed, std::move(report));
  Work(placed);
}

void BrokerModel::Query(const OrderId& id) {
  const auto found = orders_.find(ClientOrderId(id));
  BrokerReport report;
  if (found == orders_.end()) {
    report.kind = BrokerReportKind::kNotFound;
    report.client_order_id = ClientOrderId(id);
    report.broker_time = now_;
    said_.push_back({0, std::move(report)});
    return;
  }
  report = Report(BrokerReportKind::kStatus, found->second);
  report.state = found->second.state;
  Say(found->second, std::move(report));
}

BrokerSnapshot BrokerModel::Snapshot(std::optional<Time> since) const {
  BrokerSnapshot snapshot;
  snapshot.broker = "simulated";
  snapshot.account = "sim";
  snapshot.as_of = now_;
  snapshot.cash = cash_;
  Money equity = cash_;
  for (const auto& [instrument, quantity] : positions_) {
    if (quantity == Quantity()) continue;
    const InstrumentDefinition& definition = definitions_.at(instrument);
    snapshot.positions.push_back(
        {.instrument = instrument, .symbol = definition.symbol, .quantity = quantity, .average_price = {}});
    const Quote& quote = quotes_.at(instrument);
    const bool is_long = quantity > Quantity();
    const Money value =
        Notional(definition.terms, is_long ? quote.bid : quote.ask, is_long ? quantity : Quantity() - quantity);
    equity = is_long ? equity + value : equity - value;
  }
  snapshot.equity = equity;
  snapshot.buying_power = Money::FromE8(std::max<int64_t>(0, 4 * equity.e8()));
  snapshot.executions_since = since.value_or(Time());
  for (const auto& [id, order] : orders_) {
    if (!order.live()) continue;
    snapshot.orders.push_back({.client_order_id = id,
                               .broker_order_id = order.broker_order_id,
                               .instrument = order.instrument,
                               .symbol = definitions_.at(order.instrument).symbol,
                               .side = order.ticket.side,
                               .type = order.ticket.type,
                               .quantity = order.quantity,
                               .filled = order.filled,
                               .limit = order.ticket.limit,
                               .stop = order.ticket.stop,
                               .state = order.state});
  }
  for (const Execution& execution : executions_) {
    if (!since || execution.time >= *since) snapshot.executions.push_back(execution);
  }
  return snapshot;
}

void BrokerModel::TradeByHand(InstrumentId instrument, Side side, Quantity quantity, Price price) {
  TrueOrder order;
  order.client_order_id = fmt::format("hand-{}", next_number_++);
  order.broker_order_id = fmt::format("b{}", next_number_++);
  order.instrument = instrument;
  order.ticket.side = side;
  order.quantity = order.filled = quantity;
  order.state = OrderState::kFilled;
  Execute(order, price, quantity);
  orders_[order.client_order_id] = order;
}

void BrokerModel::OrderByHand(InstrumentId instrument, Side side, Quantity quantity, Price limit) {
  TrueOrder order;
  order.client_order_id = fmt::format("hand-{}", next_number_++);
  order.broker_order_id = fmt::format("b{}", next_number_++);
  order.instrument = instrument;
  order.ticket.side = side;
  order.ticket.type = OrderType::kLimit;
  order.ticket.limit = limit;
  order.quantity = quantity;
  live_.push_back(order.client_order_id);
  orders_[order.client_order_id] = order;
}

void BrokerModel::Heal() {
  faults_ = {};
  for (auto& [id, order] : orders_) {
    if (!ParseClientOrderId(id) && order.live()) order.state = OrderState::kCanceled;
  }
}

void BrokerModel::Quoted(InstrumentId instrument, const Quote& quote) {
  quotes_[instrument] = quote;
  shown_ask_[instrument] = quote.ask_size;
  shown_bid_[instrument] = quote.bid_size;
  std::erase_if(live_, [&](const std::string& id) { return !orders_.at(id).live(); });
  const std::vector<std::string> live = live_;
  for (const std::string& id : live) {
    if (TrueOrder& order = orders_.at(id); order.instrument == instrument) Work(order);
  }
}

void BrokerModel::Halted(InstrumentId instrument, bool halted) {
  if (halted) {
    halted_.insert(instrument);
  } else {
    halted_.erase(instrument);
  }
}

}  // namespace spillway::simulation
