#include "services/venue/exchange.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "libs/base/check.h"
#include "libs/base/int128.h"

namespace spillway::venue {
namespace {

constexpr Duration kBar = std::chrono::minutes(1);

Quantity Size(Quantity signed_quantity) {
  return std::max(signed_quantity, Quantity() - signed_quantity);
}

Time FirstBarAt(Time time) {
  const Time bar = FloorTo(time, kBar);
  return bar == time ? bar : bar + kBar;
}

std::string VenueOrderId(const OrderId& order) {
  return "v-" + ToString(DeriveEventId(Producer::kBroker, 0, order, 0));
}

bool OnTick(const Contract& contract, Price price) {
  const Price tick = contract.ticks.At(price);
  return tick <= Price() || FloorToTick(price, tick) == price;
}

// Whether the amount is one that prices and sizes make: bad data must not end the process.
bool IsSane(const ContractTerms& terms, Price price, Quantity quantity) {
  return price.ToDouble() * quantity.ToDouble() * terms.multiplier.ToDouble() <= Exchange::kNotionalMax;
}

}  // namespace

// ---- what the venue is told about the market

VenueMarket& Exchange::MarketOf(InstrumentId instrument) {
  if (instrument >= markets_.size()) markets_.resize(instrument + 1);
  return markets_[instrument];
}

VenueOrder* Exchange::Find(const OrderId& order) {
  const auto found = orders_.find(order);
  return found == orders_.end() ? nullptr : &found->second;
}

void Exchange::Configure(const VenueTerms& terms, const Origin& origin, Time time) {
  now_ = std::max(now_, time);
  terms_ = terms;
  if (std::exchange(open_, true)) return;
  account_.Open(terms.cash);
  Emit(origin, 0, BrokerReport{.kind = BrokerReportKind::kConnected, .broker_time = now_});
}

void Exchange::SetHalted(InstrumentId instrument, bool halted) {
  if (instrument == 0) {
    halted_ = halted;
    for (const InstrumentId busy : std::set(busy_)) MatchAll(markets_[busy]);
    return;
  }
  MarketOf(instrument).halted = halted;
  MatchAll(MarketOf(instrument));
}

void Exchange::SetSession(const SessionState& session) {
  const bool new_day = !session_ || session_->trading_day != session.trading_day;
  if (new_day && session_ && session_->regular_close) ExpireDay(*session_->regular_close, /*day_over=*/true);
  session_ = session;
  if (new_day) {
    account_.BeginDay(session.trading_day);
    const Time before = now_ - kRemembered;
    account_.Forget(before);
    std::erase_if(orders_, [&](const auto& item) { return !item.second.working() && item.second.arrived < before; });
  }
  for (const InstrumentId instrument : std::set(busy_)) MatchAll(markets_[instrument]);
}

void Exchange::SetFeedDown(uint32_t feed, bool down) {
  feed_down_[feed] = down;
  for (VenueMarket& market : markets_) {
    if (market.feed != feed) continue;
    market.book().SetStale(down);
    MatchAll(market);
  }
}

void Exchange::OnGap(InstrumentId instrument) {
  if (instrument != 0) return MarketOf(instrument).book().OnGap();
  for (VenueMarket& market : markets_) {
    if (market.keeps_book()) market.book().OnGap();
  }
}

void Exchange::Apply(const MarketEvent& event, uint32_t feed, Time time) {
  now_ = std::max(now_, time);
  VenueMarket& market = MarketOf(event.instrument);
  if (market.feed != feed) {
    market.feed = feed;
    if (const auto down = feed_down_.find(feed); down != feed_down_.end()) market.book().SetStale(down->second);
  }
  if (event.kind == MarketEventKind::kTrade) {
    OnPrint(market, event);
  } else if (event.kind != MarketEventKind::kNone && event.kind != MarketEventKind::kVenueVwap) {
    if (!std::exchange(market.has_book, true) && rows_missed_) market.book().OnGap();
    if (market.orders.empty()) {
      market.Apply(event, [](const book::LevelChange&) {});
    } else {
      market.Apply(event, [&](const book::LevelChange& change) { OnLevelChange(market, change); });
    }
  }
  if (event.end_of_event()) MatchAll(market);
}

void Exchange::EndWindow() {
  if (!busy_.empty() && session_ && session_->regular_close && *session_->regular_close <= tick_) {
    ExpireDay(*session_->regular_close, session_->phase == SessionPhase::kClosed);
  }
  out_ = nullptr;
}

// ---- commands

void Exchange::Take(const QueuedCommand& command) {
  now_ = std::max(now_, command.arrival);
  switch (command.kind) {
    case OrderCommandKind::kPlace:
      return Place(command);
    case OrderCommandKind::kCancel:
      return Cancel(command);
    case OrderCommandKind::kReplace:
      return Replace(command);
    case OrderCommandKind::kQuery:
      return Query(command);
    case OrderCommandKind::kSnapshot:
      return Snapshot(command);
    case OrderCommandKind::kUnknown:
      break;
  }
}

void Exchange::Place(const QueuedCommand& command) {
  if (command.expires && command.sent >= *command.expires) {
    for (uint32_t leg = 0; leg < command.tickets.size(); ++leg) {
      Answer(command,
             {.kind = BrokerReportKind::kNotSent,
              .client_order_id = ClientOrderId(command.tickets[leg].order),
              .code = "expired",
              .reason = fmt::format("sent at {}, it was good until {}", FormatTime(command.sent),
                                    FormatTime(*command.expires))},
             leg);
    }
    return;
  }
  std::vector<std::optional<Refusal>> refusals;
  for (const OrderTicket& ticket : command.tickets) refusals.push_back(Check(command, ticket));
  const bool pair_refused =
      std::any_of(refusals.begin(), refusals.end(), [](const auto& refusal) { return refusal.has_value(); });
  for (uint32_t leg = 0; pair_refused && leg < command.tickets.size(); ++leg) {
    const OrderTicket& ticket = command.tickets[leg];
    const Refusal refusal = refusals[leg].value_or(Refusal{"other_leg", "the other order of the pair was rejected"});
    Answer(command,
           {.kind = BrokerReportKind::kRejected,
            .client_order_id = ClientOrderId(ticket.order),
            .broker_order_id = VenueOrderId(ticket.order),
            .side = ticket.side,
            .cumulative = Quantity(),
            .leaves = Quantity(),
            .code = refusal.code,
            .reason = refusal.reason},
           leg);
    if (refusal.code == "duplicate") continue;  // the order of that id goes on
    VenueOrder& rejected = orders_[ticket.order];
    rejected.ticket = ticket;
    rejected.origin = command.origin;
    rejected.state = OrderState::kRejected;
    rejected.arrived = now_;
  }
  if (pair_refused) return;

  for (uint32_t leg = 0; leg < command.tickets.size(); ++leg) {
    VenueOrder& order = Accept(command, command.tickets[leg], static_cast<uint8_t>(leg));
    if (command.tickets.size() == 2) order.sibling = command.tickets[1 - leg].order;
    Report(order, {.kind = BrokerReportKind::kAccepted, .latency = command.arrival - command.sent});
  }
  for (const OrderTicket& ticket : command.tickets) {
    VenueOrder& order = *Find(ticket.order);
    if (order.working()) Arrive(order);
  }
}

VenueOrder& Exchange::Accept(const QueuedCommand& command, const OrderTicket& ticket, uint8_t leg) {
  SPILLWAY_CHECK(orders_.size() < kOrdersMax);
  VenueOrder& order = orders_[ticket.order];
  order.ticket = ticket;
  order.origin = command.origin;
  order.leg = leg;
  order.stop = ticket.stop;
  order.arrived = now_;
  order.bar_from = FirstBarAt(command.sent + terms_.bar_delay);
  MarketOf(command.origin.instrument).orders.push_back(ticket.order);
  busy_.insert(command.origin.instrument);
  return order;
}

void Exchange::Arrive(VenueOrder& order) {
  VenueMarket& market = MarketOf(order.origin.instrument);
  FollowQuote(market, order);
  Match(market, order);
  if (order.working() && order.immediate() && !OnBars(market)) {
    const std::string code = order.ticket.time_in_force == TimeInForce::kIoc ? "ioc" : "fok";
    Close(order, {OrderState::kExpired, BrokerReportKind::kExpired, code, "not filled at once"});
  }
}

std::optional<Exchange::Refusal> Exchange::Check(const QueuedCommand& command, const OrderTicket& ticket) const {
  if (orders_.contains(ticket.order)) return Refusal{"duplicate", "this client order id was used before"};
  const VenueMarket* market = FindMarket(command.origin.instrument);
  if (market == nullptr || !market->contract) {
    return Refusal{"unknown_instrument", fmt::format("instrument {} is not defined", command.origin.instrument)};
  }
  if (market->contract->terms.inverse) return Refusal{"unknown_instrument", "inverse contracts are not simulated"};
  if (ticket.side == Side::kNone || ticket.type == OrderType::kUnknown || ticket.quantity <= Quantity() ||
      ticket.time_in_force == TimeInForce::kUnknown || command.tickets.size() > 2) {
    return Refusal{"bad_order", "side, type, time in force and a quantity above 0 are needed; at most two orders"};
  }
  if (std::optional<Refusal> refusal = CheckPrices(*market->contract, ticket)) return refusal;
  return CheckFunds(*market, command.origin.instrument, ticket, /*replaced=*/{});
}

std::optional<Exchange::Refusal> Exchange::CheckPrices(const Contract& contract, const OrderTicket& ticket) const {
  const bool needs_limit = ticket.type == OrderType::kLimit || ticket.type == OrderType::kStopLimit;
  const bool needs_stop = ticket.type == OrderType::kStop || ticket.type == OrderType::kStopLimit;
  const auto check = [&](std::string_view name, const std::optional<Price>& price) -> std::optional<Refusal> {
    if (!price || *price <= Price()) {
      return Refusal{"bad_price",
                     fmt::format("{} {}: a price above 0 is needed", name, price ? price->ToString() : "absent")};
    }
    if (OnTick(contract, *price)) return std::nullopt;
    return Refusal{"bad_tick", fmt::format("{} {} is not a multiple of {}", name, price->ToString(),
                                           contract.ticks.At(*price).ToString())};
  };
  std::optional<Refusal> refusal;
  if (needs_limit) refusal = check("limit", ticket.limit);
  if (!refusal && needs_stop) refusal = check("stop", ticket.stop);
  if (!refusal && ticket.type == OrderType::kTrailingStop && (!ticket.trail || *ticket.trail <= Price())) {
    refusal = Refusal{"bad_price", "trail: a distance above 0 is needed"};
  }
  return refusal;
}

std::optional<Exchange::Refusal> Exchange::CheckFunds(const VenueMarket& market, InstrumentId instrument,
                                                      const OrderTicket& ticket, const OrderId& replaced) const {
  const bool held = halted_ || market.halted || (market.contract->has_sessions && !RegularHours());
  const bool needs_quote = ticket.type == OrderType::kMarket && !held && !OnBars(market);
  if (needs_quote && (market.broken() || !market.best(Opposite(ticket.side)))) {
    return Refusal{"no_quote", "a market order, and nothing is quoted to trade with"};
  }
  const std::optional<Price> price = PriceOf(market, ticket);
  if (!price) return Refusal{"no_quote", "nothing was quoted or traded yet to value the order by"};
  const ContractTerms& terms = market.contract->terms;
  if (!IsSane(terms, *price, ticket.quantity)) {
    return Refusal{"too_large", fmt::format("{} at {} is more than the venue takes in one order",
                                            ticket.quantity.ToString(), price->ToString())};
  }
  if (ticket.reduce_only) return std::nullopt;
  // What closes a position, and is not promised to other orders, needs no money.
  const Quantity position = account_.position(instrument);
  Quantity cover = (position < Quantity()) == (ticket.side == Side::kBid) ? Size(position) : Quantity();
  for (const OrderId& id : market.orders) {
    const VenueOrder& other = orders_.at(id);
    const bool counted_with_sibling = other.leg == 1 && other.sibling;
    if (id == replaced || other.ticket.side != ticket.side || counted_with_sibling) continue;
    cover -= std::min(cover, other.leaves());
  }
  const Quantity adds = ticket.quantity - std::min(cover, ticket.quantity);
  if (adds == Quantity()) return std::nullopt;
  const Money needed = Notional(terms, *price, adds) + OrderFee(terms_.fees, ticket.quantity);
  const Money power = BuyingPower(replaced);
  if (needed <= power) return std::nullopt;
  return Refusal{"buying_power",
                 fmt::format("insufficient buying power: {} of {}", needed.ToString(), power.ToString())};
}

void Exchange::Cancel(const QueuedCommand& command) {
  VenueOrder* order = Find(command.order);
  if (order != nullptr && order->working()) {
    return Close(*order, {OrderState::kCanceled, BrokerReportKind::kCanceled, "", ""});
  }
  BrokerReport report{.kind = BrokerReportKind::kCancelRejected, .client_order_id = ClientOrderId(command.order)};
  report.code = order == nullptr ? "unknown_order" : "too_late";
  report.reason = order == nullptr ? "no order of this id" : fmt::format("it is {}", OrderStateName(order->state));
  if (order != nullptr) {
    report.broker_order_id = VenueOrderId(command.order);
    report.cumulative = order->filled;
    report.leaves = Quantity();
  }
  Answer(command, report);
}

void Exchange::Replace(const QueuedCommand& command) {
  VenueOrder* old = Find(command.order);
  std::optional<Refusal> refusal;
  OrderTicket ticket;
  if (command.tickets.size() != 1) {
    refusal = Refusal{"bad_order", "a replacement is one ticket"};
  } else if (ticket = command.tickets.front(); old == nullptr) {
    refusal = Refusal{"unknown_order", "no order of this id"};
  } else if (!old->working()) {
    refusal = Refusal{"too_late", fmt::format("it is {}", OrderStateName(old->state))};
  } else if (orders_.contains(ticket.order)) {
    refusal = Refusal{"duplicate", "this client order id was used before"};
  } else if (ticket.side != old->ticket.side || ticket.type == OrderType::kUnknown || ticket.quantity <= Quantity()) {
    refusal = Refusal{"bad_order", "a replacement has the side of what it replaces, a type and a quantity above 0"};
  } else {
    ticket.quantity = std::min(ticket.quantity, old->leaves());
    const VenueMarket& market = MarketOf(old->origin.instrument);
    refusal = CheckPrices(*market.contract, ticket);
    if (!refusal) refusal = CheckFunds(market, old->origin.instrument, ticket, command.order);
  }
  if (refusal) {
    Answer(command, {.kind = BrokerReportKind::kReplaceRejected,
                     .client_order_id = command.tickets.empty() ? "" : ClientOrderId(ticket.order),
                     .replaces = ClientOrderId(command.order),
                     .code = refusal->code,
                     .reason = refusal->reason});
    return;
  }
  const OrderId sibling = old->sibling;
  old->state = OrderState::kReplaced;
  old->sibling = OrderId();
  Leave(*old);
  QueuedCommand accepted = command;
  accepted.origin.instrument = old->origin.instrument;
  VenueOrder& order = Accept(accepted, ticket, 0);
  order.sibling = sibling;
  if (VenueOrder* other = sibling ? Find(sibling) : nullptr) {
    other->sibling = ticket.order;
    order.leg = static_cast<uint8_t>(1 - other->leg);
  }
  Report(order, {.kind = BrokerReportKind::kReplaced,
                 .replaces = ClientOrderId(command.order),
                 .latency = command.arrival - command.sent});
  Arrive(order);
}

void Exchange::Query(const QueuedCommand& command) {
  BrokerReport report{.kind = BrokerReportKind::kNotFound, .client_order_id = ClientOrderId(command.order)};
  if (const VenueOrder* order = Find(command.order)) {
    report.kind = BrokerReportKind::kStatus;
    report.broker_order_id = VenueOrderId(command.order);
    report.side = order->ticket.side;
    report.state = order->state;
    report.cumulative = order->filled;
    report.leaves = order->working() ? order->leaves() : Quantity();
  }
  Answer(command, report);
}

void Exchange::Snapshot(const QueuedCommand& command) {
  BrokerSnapshot snapshot;
  snapshot.broker = "simulated";
  snapshot.account = terms_.account;
  snapshot.as_of = now_;
  snapshot.cash = account_.cash();
  snapshot.equity = Equity();
  snapshot.buying_power = BuyingPower();
  snapshot.settled_cash = account_.settled_cash();
  snapshot.executions_since = command.since;
  if (account_.complete_from()) {
    snapshot.executions_since = std::max(command.since.value_or(Time()), *account_.complete_from());
  }
  const auto symbol = [&](InstrumentId instrument) {
    const VenueMarket* market = FindMarket(instrument);
    return market != nullptr && market->contract ? market->contract->symbol : std::string();
  };
  for (const InstrumentId instrument : busy_) {
    for (const OrderId& id : markets_[instrument].orders) {
      const VenueOrder& order = orders_.at(id);
      snapshot.orders.push_back({.client_order_id = ClientOrderId(id),
                                 .broker_order_id = VenueOrderId(id),
                                 .instrument = instrument,
                                 .symbol = symbol(instrument),
                                 .side = order.ticket.side,
                                 .type = order.ticket.type,
                                 .quantity = order.ticket.quantity,
                                 .filled = order.filled,
                                 .limit = order.ticket.limit,
                                 .stop = order.stop,
                                 .state = order.state});
    }
  }
  for (const auto& [instrument, holding] : account_.holdings()) {
    snapshot.positions.push_back({instrument, symbol(instrument), holding.quantity, holding.AveragePrice()});
  }
  for (const Execution& execution : account_.executions()) {
    if (command.since && execution.time < *command.since) continue;
    snapshot.executions.push_back({.execution_id = execution.id(),
                                   .client_order_id = ClientOrderId(execution.order),
                                   .broker_order_id = VenueOrderId(execution.order),
                                   .instrument = execution.instrument,
                                   .symbol = symbol(execution.instrument),
                                   .side = execution.side,
                                   .price = execution.price,
                                   .quantity = execution.quantity,
                                   .fee = execution.fee,
                                   .time = execution.time});
  }
  Emit(command.origin, 0, snapshot);
}

// ---- the market goes by

bool Exchange::RegularHours() const {
  if (!session_ || session_->phase == SessionPhase::kUnknown) return true;
  return session_->phase == SessionPhase::kRegular && (!session_->regular_close || now_ < *session_->regular_close);
}

bool Exchange::Tradeable(const VenueMarket& market, const VenueOrder& order) const {
  if (halted_ || market.halted) return false;
  if (!market.contract || !market.contract->has_sessions || RegularHours()) return true;
  return order.ticket.extended_hours && order.limit() && session_->phase != SessionPhase::kClosed;
}

bool Exchange::OnBars(const VenueMarket& market) const {
  if (market.has_book || !market.feed) return false;
  const auto levels = feed_levels_.find(*market.feed);
  return levels != feed_levels_.end() && levels->second == 0;
}

void Exchange::MatchAll(VenueMarket& market) {
  if (market.orders.empty()) return;
  for (const OrderId& id : std::vector<OrderId>(market.orders)) {
    VenueOrder& order = *Find(id);
    if (!order.working()) continue;
    FollowQuote(market, order);
    Match(market, order);
  }
}

// Trailing stops move only towards the market. The quote that counts is the one the order would trade at.
void Exchange::FollowQuote(const VenueMarket& market, VenueOrder& order) const {
  if (order.ticket.type != OrderType::kTrailingStop || order.triggered || market.broken()) return;
  const std::optional<Price> quote = market.best(order.takes());
  if (!quote) return;
  const Price stop = order.buys() ? *quote + *order.ticket.trail : *quote - *order.ticket.trail;
  if (!order.stop || (order.buys() ? stop < *order.stop : stop > *order.stop)) order.stop = stop;
}

void Exchange::Match(VenueMarket& market, VenueOrder& order) {
  if (!Tradeable(market, order) || OnBars(market) || market.broken()) return;
  const Side from = order.takes();
  if (order.waits_for_stop()) {
    const std::optional<Price> quote = market.best(from);
    if (!quote || !order.StopReached(*quote)) return;
    order.triggered = true;
  }
  const std::optional<Price> limit = order.limit();
  const bool maker = order.resting;
  const std::vector<VenueMarket::Piece> pieces = market.Available(from, limit, order.leaves());
  if (order.ticket.time_in_force == TimeInForce::kFok) {
    Quantity sum;
    for (const VenueMarket::Piece& piece : pieces) sum += piece.quantity;
    if (sum < order.leaves()) return;
  }
  for (const VenueMarket::Piece& piece : pieces) {
    if (!IsSane(market.contract->terms, piece.price, piece.quantity)) break;
    market.Consume(from, piece.price, piece.quantity);
    Fill(order, maker ? *limit : piece.price, piece.quantity, maker);
  }
  if (order.working() && limit && !order.resting) {
    order.resting = true;
    order.ahead = market.DisplayedAt(order.ticket.side, *limit);
  }
}

void Exchange::OnPrint(VenueMarket& market, const MarketEvent& print) {
  if (print.eligible()) market.last = print.price;
  if (market.orders.empty() || print.quantity <= Quantity()) return;
  if (OnBars(market)) return FillBars(market, print);
  if (print.eligible()) {
    for (const OrderId& id : market.orders) {
      VenueOrder& order = *Find(id);
      if (order.waits_for_stop() && Tradeable(market, order) && order.StopReached(print.price)) order.triggered = true;
    }
  }
  FillQueue(market, print);
}

void Exchange::FillQueue(VenueMarket& market, const MarketEvent& print) {
  constexpr uint8_t kNotInTheQueue = MarketEventFlags::kHidden | MarketEventFlags::kCross;
  if ((print.flags & kNotInTheQueue) != 0 || (print.flags & MarketEventFlags::kUpdatesVolume) == 0) return;
  const std::optional<Price> bid = market.best(Side::kBid), ask = market.best(Side::kAsk);
  const auto hits = [&](Side side) {  // the resting side
    if (print.side != Side::kNone) return print.side == Opposite(side);
    return side == Side::kBid ? bid && print.price <= *bid : ask && print.price >= *ask;
  };
  struct Hit {
    OrderId order;
    Price limit;
    bool through = false;
  };
  std::vector<Hit> hit;
  for (const OrderId& id : market.orders) {
    const VenueOrder& order = *Find(id);
    if (!order.resting || !Tradeable(market, order)) continue;
    const Price limit = *order.limit();
    const bool through = print.eligible() && (order.buys() ? print.price < limit : print.price > limit);
    if (through || (print.price == limit && hits(order.ticket.side))) hit.push_back({id, limit, through});
  }
  if (hit.empty()) return;
  for (const Side side : {Side::kBid, Side::kAsk}) {
    if (hits(side)) market.Print(side, print.price, print.quantity);
  }
  std::stable_sort(hit.begin(), hit.end(), [&](const Hit& a, const Hit& b) {  // the better price first
    const Price x = a.limit - print.price, y = b.limit - print.price;
    return std::max(x, Price() - x) > std::max(y, Price() - y);
  });
  Quantity filled;  // of this print, by ours
  for (const Hit& item : hit) {
    VenueOrder& order = *Find(item.order);
    if (!order.working()) continue;
    const Quantity before = item.through ? Quantity() : order.ahead;
    order.ahead = before - std::min(before, print.quantity);
    const Quantity reached = std::max(print.quantity - before - filled, Quantity());
    const Quantity quantity = std::min(order.leaves(), reached);
    if (quantity == Quantity()) continue;
    filled += quantity;
    Fill(order, item.limit, quantity, /*maker=*/true);
  }
}

void Exchange::FillBars(VenueMarket& market, const MarketEvent& print) {
  if (!print.eligible()) return;
  for (const OrderId& id : std::vector<OrderId>(market.orders)) {
    VenueOrder& order = *Find(id);
    if (!order.working() || now_ < order.bar_from || !Tradeable(market, order)) continue;
    if (!IsSane(market.contract->terms, print.price, order.leaves())) continue;
    if (order.ticket.type == OrderType::kTrailingStop && !order.triggered) {
      const Price trail = *order.ticket.trail;
      const Price stop = order.buys() ? print.price + trail : print.price - trail;
      if (!order.stop || (order.buys() ? stop < *order.stop : stop > *order.stop)) order.stop = stop;
    }
    if (order.waits_for_stop()) {
      if (!order.StopReached(print.price)) continue;
      order.triggered = true;
    }
    const std::optional<Price> limit = order.limit();
    const bool first = !std::exchange(order.resting, limit.has_value());
    const bool as_good = !limit || (order.buys() ? print.price <= *limit : print.price >= *limit);
    const bool through = limit && as_good && print.price != *limit;
    if (first && as_good) {
      Fill(order, print.price, order.leaves(), /*maker=*/false);
    } else if (through) {
      Fill(order, *limit, order.leaves(), /*maker=*/true);
    } else if (order.immediate()) {
      Close(order, {OrderState::kExpired, BrokerReportKind::kExpired, "ioc", "the bar opened beyond the limit"});
    }
  }
}

void Exchange::OnLevelChange(VenueMarket& market, const book::LevelChange& change) {
  if (change.after >= change.before || change.cause == Cause::kWindow) return;
  Quantity fall = change.before - change.after;
  const Quantity printed = market.TakePrinted(change.side, change.price, fall);
  if (!terms_.probabilistic || change.cause == Cause::kExecute) return;
  if (change.cause != Cause::kCancel) fall -= printed;
  for (const OrderId& id : market.orders) {
    VenueOrder& order = *Find(id);
    if (!order.resting || order.ticket.side != change.side || order.limit() != change.price) continue;
    const Int128 part = static_cast<Int128>(order.ahead.e8()) * fall.e8() / change.before.e8();
    order.ahead -= Quantity::FromE8(static_cast<int64_t>(part));
    order.ahead = std::min(order.ahead, change.after);
  }
}

// ---- what becomes of an order

void Exchange::Fill(VenueOrder& order, Price price, Quantity quantity, bool maker) {
  Money fee = OrderFee(terms_.fees, order.filled + quantity) - OrderFee(terms_.fees, order.filled);
  if (maker) fee = fee - MakerRebate(terms_.maker_rebate, quantity);
  const Execution execution{.order = order.ticket.order,
                            .number = order.fills++,
                            .instrument = order.origin.instrument,
                            .side = order.ticket.side,
                            .price = price,
                            .quantity = quantity,
                            .fee = fee,
                            .time = now_};
  order.filled += quantity;
  SPILLWAY_CHECK(order.leaves() >= Quantity());
  account_.Apply(execution, MarketOf(order.origin.instrument).contract->terms);
  const bool whole = order.leaves() == Quantity();
  order.state = whole ? OrderState::kFilled : OrderState::kPartial;
  Report(order, {.kind = BrokerReportKind::kFill,
                 .execution_id = execution.id(),
                 .price = price,
                 .quantity = quantity,
                 .fee = fee,
                 .maker = maker});
  VenueOrder* sibling = order.sibling ? Find(order.sibling) : nullptr;
  if (whole) {
    order.sibling = OrderId();
    Leave(order);
  }
  if (sibling == nullptr || !sibling->working()) return;
  sibling->ticket.quantity -= std::min(quantity, sibling->leaves());
  if (whole || sibling->leaves() == Quantity()) {
    Close(*sibling, {OrderState::kCanceled, BrokerReportKind::kCanceled, "oco", "the other order of the pair filled"});
  }
}

void Exchange::ExpireDay(Time close, bool day_over) {
  std::vector<OrderId> expired;
  for (const InstrumentId instrument : busy_) {
    const VenueMarket& market = markets_[instrument];
    if (!market.contract->has_sessions) continue;
    for (const OrderId& id : market.orders) {
      const VenueOrder& order = *Find(id);
      if (order.ticket.time_in_force != TimeInForce::kDay || order.arrived >= close) continue;
      if (!order.ticket.extended_hours || day_over) expired.push_back(id);
    }
  }
  if (!expired.empty()) now_ = std::max(now_, close);
  for (const OrderId& id : expired) {
    VenueOrder& order = *Find(id);
    if (!order.working()) continue;
    Close(order, {OrderState::kExpired, BrokerReportKind::kExpired, "day", "the session has closed"});
  }
}

void Exchange::Close(VenueOrder& order, const Closed& how) {
  order.state = how.state;
  VenueOrder* sibling = order.sibling ? Find(std::exchange(order.sibling, OrderId())) : nullptr;
  Leave(order);
  Report(order, {.kind = how.kind, .code = how.code, .reason = how.reason});
  if (sibling == nullptr || !sibling->working()) return;
  sibling->sibling = OrderId();
  Close(*sibling, {OrderState::kCanceled, BrokerReportKind::kCanceled, "oco", "the other order of the pair ended"});
}

void Exchange::Leave(VenueOrder& order) {
  VenueMarket& market = MarketOf(order.origin.instrument);
  std::erase(market.orders, order.ticket.order);
  if (!market.orders.empty()) return;
  market.ForgetPrints();
  busy_.erase(order.origin.instrument);
}

void Exchange::Report(VenueOrder& order, BrokerReport report) {
  report.client_order_id = ClientOrderId(order.ticket.order);
  report.broker_order_id = VenueOrderId(order.ticket.order);
  report.side = order.ticket.side;
  report.cumulative = order.filled;
  report.leaves = order.working() ? order.leaves() : Quantity();
  report.broker_time = now_;
  // Both orders of a pair follow from one command: even numbers are the first's, odd ones the second's.
  Emit(order.origin, 2 * order.reports++ + order.leg, std::move(report));
}

void Exchange::Answer(const QueuedCommand& command, BrokerReport report, uint32_t ordinal) {
  report.broker_time = now_;
  report.latency = command.arrival - command.sent;
  Emit(command.origin, ordinal, std::move(report));
}

void Exchange::Emit(const Origin& origin, uint32_t ordinal, EventBody body) {
  Event event;
  event.header.producer = Producer::kBroker;
  event.header.event_time = event.header.ingest_time = tick_;
  event.header.instrument = origin.instrument;
  event.header.instance = origin.instance;
  event.header.correlation = origin.correlation;
  event.header.cause = {.market = {}, .event = origin.command, .ordinal = ordinal};
  event.body = std::move(body);
  out_->Emit(event);
}

// ---- the account

std::optional<Price> Exchange::Mark(InstrumentId instrument, Side exits_at) const {
  const VenueMarket* market = FindMarket(instrument);
  if (market == nullptr) return std::nullopt;
  if (!market->broken()) {
    if (const std::optional<Price> quote = market->best(exits_at)) return quote;
  }
  return market->last;
}

std::optional<Price> Exchange::PriceOf(const VenueMarket& market, const OrderTicket& ticket) const {
  if (ticket.type == OrderType::kLimit || ticket.type == OrderType::kStopLimit) return ticket.limit;
  if (ticket.type == OrderType::kStop) return ticket.stop;
  if (const std::optional<Price> quote = market.best(Opposite(ticket.side))) return quote;
  return market.last;
}

// Marked at the side where it could be closed; at its cost while that is not known.
Money Exchange::Value(InstrumentId instrument, const Holding& holding) const {
  const Quantity size = Size(holding.quantity);
  const std::optional<Price> mark = Mark(instrument, holding.quantity > Quantity() ? Side::kBid : Side::kAsk);
  return mark && IsSane(holding.terms, *mark, size) ? Notional(holding.terms, *mark, size) : holding.cost;
}

Money Exchange::Equity() const {
  Money equity = account_.cash();
  for (const auto& [instrument, holding] : account_.holdings()) {
    const Money value = Value(instrument, holding);
    equity = holding.quantity > Quantity() ? equity + value : equity - value;
  }
  return equity;
}

// margin * equity, less what is held and what working orders may add to it.
Money Exchange::BuyingPower(const OrderId& except) const {
  const Int128 scaled = static_cast<Int128>(Equity().e8()) * terms_.margin_e6 / 1'000'000;
  Money power = Money::FromE8(static_cast<int64_t>(scaled)) - Reserved(except);
  for (const auto& [instrument, holding] : account_.holdings()) power = power - Value(instrument, holding);
  return power;
}

Money Exchange::Reserved(const OrderId& except) const {
  Money sum;
  for (const InstrumentId instrument : busy_) {
    const VenueMarket& market = markets_[instrument];
    const Quantity position = account_.position(instrument);
    Quantity cover_buys = std::max(Quantity() - position, Quantity());
    Quantity cover_sells = std::max(position, Quantity());
    for (const OrderId& id : market.orders) {
      const VenueOrder& order = orders_.at(id);
      const bool counted_with_sibling = order.leg == 1 && order.sibling;  // a pair fills once
      if (id == except || order.ticket.reduce_only || counted_with_sibling) continue;
      Quantity& cover = order.buys() ? cover_buys : cover_sells;
      const Quantity covered = std::min(cover, order.leaves());
      cover -= covered;
      const Price price = PriceOf(market, order.ticket).value_or(Price());
      const Quantity adds = order.leaves() - covered;
      if (IsSane(market.contract->terms, price, adds)) sum = sum + Notional(market.contract->terms, price, adds);
    }
  }
  return sum;
}

}  // namespace spillway::venue
