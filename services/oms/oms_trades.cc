// OmsProcessor: what is to be done next for a trade, from what is known of it. Called after everything that may have
// changed that; does nothing that was done before.
#include <algorithm>

#include "fmt/format.h"
#include "services/oms/oms.h"
#include "services/oms/order_prices.h"

namespace spillway::oms {
namespace {

bool ClosesByPlan(const Order& order) {
  return order.ticket.role == OrderRole::kExit || order.ticket.role == OrderRole::kFlatten;
}

}  // namespace

void OmsProcessor::Advance(Trade& trade, Output& out) {
  trade.wake = kNever;
  SettleReplacements(trade);
  AskAfterOrders(trade, out);
  AskAfterPairs(trade);
  TendEntry(trade, out);
  PlanExit(trade);
  if (trade.exit) {
    WorkExit(trade, out);
  } else {
    Protect(trade, out);
    if (trade.exit) WorkExit(trade, out);  // there was no time to protect it
    Trail(trade, out);
    TendBrackets(trade, out);
  }
  Settle(trade, out);
}

bool OmsProcessor::Due(Trade& trade, Time time) {
  if (time <= now_) return true;
  trade.wake = std::min(trade.wake, time);
  return false;
}

// ---- FX-77

// Executions of a pair that the broker counted and did not tell.
void OmsProcessor::AskAfterPairs(Trade& trade) {
  for (Bracket& bracket : trade.brackets) {
    if (bracket.untold == Quantity()) {
      bracket.untold_until.reset();
      continue;
    }
    if (Due(trade, *bracket.untold_until)) {  // nobody knows of them: it is held, and to be protected
      bracket.untold = Quantity();
    } else if (Due(trade, *bracket.untold_ask)) {
      bracket.untold_ask = now_ + StuckAfter();
      AskForSnapshot();
      Due(trade, *bracket.untold_ask);
    }
  }
}

void OmsProcessor::AskAfterOrders(Trade& trade, Output& out) {
  for (size_t i = 0; i < trade.orders.size(); ++i) {
    Order& order = trade.orders[i];
    if (order.answer_due && Due(trade, *order.answer_due)) {
      if (order.cumulative > order.filled) {  // the broker counted fills that it did not tell
        order.answer_due = now_ + StuckAfter();
        AskForSnapshot();
      } else if (order.working()) {
        Step(trade, order, OrderTrigger::kNoAnswer, nullptr,
             fmt::format("no answer for {} s", std::chrono::duration_cast<std::chrono::seconds>(StuckAfter()).count()),
             out);
        Ask(trade, order, out);
      } else {
        order.answer_due.reset();
      }
      if (order.answer_due) Due(trade, *order.answer_due);
    }
    const bool cancel_refused = order.state == OrderState::kAccepted || order.state == OrderState::kPartial;
    if (order.cancel_wanted && cancel_refused && (!order.cancel_again || Due(trade, *order.cancel_again))) {
      RequestCancel(trade, order, order.cancel_reason, out);
      if (order.answer_due) Due(trade, *order.answer_due);
    }
  }
}

// ---- the entry

std::string OmsProcessor::EntryEnd(Trade& trade) {
  if (kill_.active) return "kill_switch";
  if (trade.exit) return trade.exit->reason;
  if (flattening_.Covers(trade.instrument(), trade.header.instance)) return "flatten";
  if (trade.exit_filled) return "the trade is closing";
  if (ClosingAt(trade) && Due(trade, *ClosingAt(trade))) return "session_close";
  if (trade.terms.cancel_rest && trade.entered_at && Due(trade, *trade.entered_at + trade.terms.partial_wait)) {
    return "partial fill: the rest is cancelled";
  }
  return {};
}

void OmsProcessor::TendEntry(Trade& trade, Output& out) {
  Order* entry = nullptr;
  for (Order& order : trade.orders) {
    if (order.ticket.role == OrderRole::kEntry && order.working()) entry = &order;
  }
  if (entry == nullptr) return;
  if (const std::string reason = EntryEnd(trade); !reason.empty()) {
    trade.entry_over = true;
    RequestCancel(trade, *entry, reason, out);
  } else if (entry->cancel_wanted) {
    return;
  } else if (!trade.terms.chase_after) {
    if (!Due(trade, trade.expires)) return;
    trade.entry_over = true;
    RequestCancel(trade, *entry, "expired", out);
  } else if (Due(trade, entry->placed + *trade.terms.chase_after)) {
    if (trade.chases >= trade.terms.chases_max) {
      trade.entry_over = true;
      RequestCancel(trade, *entry, fmt::format("abandoned after {} chases", trade.chases), out);
    } else if (rate_.Allows(CommandsPerMinute(), now_)) {
      RequestCancel(trade, *entry, fmt::format("chase {} of {}", trade.chases + 1, trade.terms.chases_max), out);
    } else {
      Due(trade, rate_.next(now_));
    }
  }
  if (entry->answer_due) Due(trade, *entry->answer_due);
}

std::string OmsProcessor::ChaseRefusal(const Trade& trade, const Order& old) const {
  if (kill_.active) return "kill_switch";
  if (trade.exit || trade.exit_filled) return "the trade is closing";
  if (Halted(trade.instrument())) return "halted";
  const Quote* quote = ValidQuote(trade.instrument());
  if (quote == nullptr) return "no valid quote";
  const Quantity others = trade.entered_at_most() - (trade.Find(old.ticket.order)->filled_at_most());
  if (trade.approved - others - old.filled_at_most() <= Quantity()) return "all of it is filled";
  const Price price = ChasePrice(Ticks(trade), trade.side, *quote);
  const bool is_long = trade.side == Side::kBid;
  const Price distance = is_long ? price - trade.stop : trade.stop - price;
  if (distance <= Price()) return "the price is at the stop";
  if (is_long ? price >= trade.target : price <= trade.target) return "the price is at the target";
  const Price approved = is_long ? trade.entry - trade.stop : trade.stop - trade.entry;
  const Price most = DistanceTimes(approved, trade.terms.chase_risk_max);
  if (distance > most) {
    return fmt::format("the stop is {} away, at most {} is allowed", distance.ToString(), most.ToString());
  }
  return {};
}

// FX-106. The order before is final, so the two can never both work.
void OmsProcessor::Chase(Trade& trade, const OrderId& old, Output& out) {
  const Quantity rest = std::exchange(trade.resubmit, Quantity());
  ++trade.chases;
  const Price price = ChasePrice(Ticks(trade), trade.side, *ValidQuote(trade.instrument()));
  const Order& order = Place(trade,
                             {.role = OrderRole::kEntry,
                              .side = trade.side,
                              .type = OrderType::kLimit,
                              .quantity = rest,
                              .limit = price,
                              .wanted = trade.entry,
                              .parent = old},
                             out);
  SendPlace(trade, {order.ticket}, now_ + *trade.terms.chase_after,
            fmt::format("chase {} of {}", trade.chases, trade.terms.chases_max), out);
}

// ---- the end

std::optional<Time> OmsProcessor::ClosingAt(const Trade& trade) const {
  if (trade.terms.always_open || !session_ || !session_->regular_close) return std::nullopt;
  return *session_->regular_close - kCloseLead;
}

void OmsProcessor::PlanExit(Trade& trade) {
  if (trade.exit || trade.open() == Quantity()) return;
  if (trade.open() < Quantity()) return StartExit(trade, "reversed", true);
  if (kill_.flatten || flattening_.Covers(trade.instrument(), trade.header.instance)) {
    return StartExit(trade, "flatten", false);
  }
  if (trade.entered_at && Due(trade, *trade.entered_at + trade.terms.time_stop)) return StartExit(trade, "time", false);
  if (ClosingAt(trade) && Due(trade, *ClosingAt(trade))) StartExit(trade, "session_close", false);
}

void OmsProcessor::StartExit(Trade& trade, std::string_view reason, bool market) {
  if (!trade.exit) {
    trade.exit.emplace();
    trade.exit->reason = reason;
    trade.exit->plan.since = now_;
  }
  trade.exit->market |= market;
}

void OmsProcessor::WorkExit(Trade& trade, Output& out) {
  ExitPlan& exit = *trade.exit;
  Order* working = nullptr;
  for (Order& order : trade.orders) {
    if (!order.working()) continue;
    if (ClosesByPlan(order)) {
      working = &order;
    } else {
      trade.entry_over = trade.entry_over || order.ticket.role == OrderRole::kEntry;
      RequestCancel(trade, order, exit.reason, out);
    }
  }
  if (trade.open() == Quantity()) return;
  const LiquidationLeg leg = ExitLeg(trade);
  const LiquidationStep step = NextStep(ExitTerms(trade), exit.plan, leg, now_);
  if (step.wake) Due(trade, *step.wake);
  if (step.action == LiquidationStep::Action::kCancelWorking) {
    RequestCancel(trade, *working, "priced anew", out);
  } else if (step.action == LiquidationStep::Action::kPlace) {
    PlaceExit(trade, step, leg.side, out);
  }
}

LiquidationTerms OmsProcessor::ExitTerms(const Trade& trade) const {
  LiquidationTerms terms = care_ ? care_->liquidation : LiquidationTerms{};
  if (trade.exit->reason != "flatten") {
    terms.cross = trade.terms.exit_cross;
    terms.slice.reset();
  }
  if (trade.exit->market) terms.market_after = Duration(0);
  return terms;
}

LiquidationLeg OmsProcessor::ExitLeg(const Trade& trade) const {
  const bool holds = trade.open() > Quantity();
  const Instrument& instrument = instruments_.at(trade.instrument());
  LiquidationLeg leg;
  leg.side = holds ? Opposite(trade.side) : trade.side;
  leg.open = holds ? trade.open() : Quantity() - trade.open();
  leg.may_fill = trade.exit_leaves();
  for (const Order& order : trade.orders) {
    if (!order.working()) continue;
    if (ClosesByPlan(order)) {
      leg.working = true;
      leg.working_limit = order.ticket.type == OrderType::kLimit;
    } else {
      leg.cancels_open = true;
    }
  }
  if (const Quote* quote = ValidQuote(trade.instrument())) leg.quote = *quote;
  leg.halted = Halted(trade.instrument());
  leg.market_orders = trade.terms.always_open || InRegularHours();
  leg.lot = instrument.lot;
  leg.ticks = &instrument.ticks;
  return leg;
}

bool OmsProcessor::InRegularHours() const {
  if (!session_ || !session_->regular_open || !session_->regular_close) return true;
  return now_ >= *session_->regular_open && now_ < *session_->regular_close;
}

void OmsProcessor::PlaceExit(Trade& trade, const LiquidationStep& step, Side side, Output& out) {
  TicketTerms ticket{.role = trade.exit->reason == "flatten" ? OrderRole::kFlatten : OrderRole::kExit,
                     .side = side,
                     .type = step.limit ? OrderType::kLimit : OrderType::kMarket,
                     .quantity = step.quantity,
                     .limit = step.limit};
  if (const Quote* quote = ValidQuote(trade.instrument())) ticket.wanted = ExitQuote(Opposite(side), *quote);
  const Order& order = Place(trade, ticket, out);
  SendPlace(trade, {order.ticket}, std::nullopt, trade.exit->reason, out);
}

// ---- protection

// From when on what nothing protects gets its pair. An order fills in many executions at once: while more may come,
// those of a tick share a pair, of more ticks the more pairs there are.
Time OmsProcessor::ProtectAt(const Trade& trade) const {
  if (trade.intent_open() == Quantity()) return now_;
  if (trade.terms.cancel_rest) return *trade.entered_at + trade.terms.partial_wait;
  return *trade.bare_since + kTickPeriod * static_cast<int64_t>(1 + trade.brackets.size());
}

void OmsProcessor::Protect(Trade& trade, Output& out) {
  const Quantity bare = trade.open() - trade.exit_leaves();
  if (bare <= Quantity()) return trade.bare_since.reset();
  if (!trade.bare_since) trade.bare_since = now_;
  const Quote* quote = ValidQuote(trade.instrument());
  if (quote != nullptr && ThroughStop(trade.side, *quote, trade.stop)) return StartExit(trade, "stop", false);
  if (!Due(trade, ProtectAt(trade))) return;
  if (disconnected_) return;  // done when the session is up again
  trade.bare_since.reset();
  if (trade.brackets.size() >= kBracketsMax || BracketsLost(trade) >= kBracketsLostMax) {
    return StartExit(trade, "the stop was lost", true);
  }
  const TickTable& ticks = Ticks(trade);
  const Side side = Opposite(trade.side);
  const auto number = static_cast<uint32_t>(trade.brackets.size());
  Bracket& bracket = trade.brackets.emplace_back();
  bracket.quantity = bare;
  const Price stop_price = StopOnTick(ticks, trade.side, trade.stop);
  const Price target_price = TargetOnTick(ticks, trade.side, trade.target);
  const Order& stop = Place(trade,
                            {.role = OrderRole::kStop,
                             .side = side,
                             .type = OrderType::kStop,
                             .quantity = bare,
                             .stop = stop_price,
                             .wanted = stop_price,
                             .bracket = number},
                            out);
  const Order& target = Place(trade,
                              {.role = OrderRole::kTarget,
                               .side = side,
                               .type = OrderType::kLimit,
                               .quantity = bare,
                               .limit = target_price,
                               .wanted = target_price,
                               .bracket = number},
                              out);
  bracket.stop = stop.ticket.order;
  bracket.target = target.ticket.order;
  SendPlace(trade, {stop.ticket, target.ticket}, std::nullopt, "protection", out);
  Due(trade, *target.answer_due);
}

// Pairs that ended without having been filled, and without our asking.
uint32_t OmsProcessor::BracketsLost(const Trade& trade) {
  uint32_t lost = 0;
  for (const Bracket& bracket : trade.brackets) {
    const Order* stop = trade.Find(bracket.stop);
    const bool unasked = stop != nullptr && stop->final() && !stop->cancel_wanted;
    if (unasked && bracket.filled < bracket.quantity) ++lost;
  }
  return lost;
}

// S3-A4.4: the stop follows the best price, in steps, and not more often than its interval.
void OmsProcessor::Trail(Trade& trade, Output& out) {
  if (!trade.terms.trail || trade.open() <= Quantity() || trade.exit) return;
  const Quote* quote = ValidQuote(trade.instrument());
  if (quote == nullptr) return;
  const bool is_long = trade.side == Side::kBid;
  const Price at = ExitQuote(trade.side, *quote);
  if (!trade.best || (is_long ? at > *trade.best : at < *trade.best)) trade.best = at;
  const Price distance =
      DistanceTimes(is_long ? trade.entry - trade.stop : trade.stop - trade.entry, *trade.terms.trail);
  const TickTable& ticks = Ticks(trade);
  const Price stop = StopOnTick(ticks, trade.side, is_long ? *trade.best - distance : *trade.best + distance);
  const Price step = ticks.At(stop) * static_cast<int64_t>(trade.terms.trail_step);
  for (uint32_t number = 0; number < trade.brackets.size(); ++number) {
    Bracket& bracket = trade.brackets[number];
    Order* old = trade.Find(bracket.stop);
    const bool settled = old != nullptr && !bracket.next_stop && !old->cancel_wanted &&
                         (old->state == OrderState::kAccepted || old->state == OrderState::kPartial);
    if (!settled || old->leaves() <= Quantity()) continue;
    const Price better = is_long ? stop - *old->ticket.stop : *old->ticket.stop - stop;
    if (better < step || better <= Price()) continue;
    if (trade.replaced_at && !Due(trade, *trade.replaced_at + trade.terms.replace_interval)) continue;
    if (!rate_.Allows(CommandsPerMinute(), now_)) {
      Due(trade, rate_.next(now_));
      continue;
    }
    ReplaceStop(trade, number, *old, stop, out);
  }
}

void OmsProcessor::ReplaceStop(Trade& trade, uint32_t number, Order& old, Price stop, Output& out) {
  Step(trade, old, OrderTrigger::kReplaceRequested, nullptr, "trailing", out);
  old.answer_due = now_ + StuckAfter();
  const Order& order = Place(trade,
                             {.role = OrderRole::kStop,
                              .side = old.ticket.side,
                              .type = OrderType::kStop,
                              .quantity = old.leaves(),
                              .stop = stop,
                              .wanted = stop,
                              .parent = old.ticket.order,
                              .bracket = number},
                             out);
  trade.brackets[number].next_stop = order.ticket.order;
  trade.replaced_at = now_;
  rate_.Note(now_);
  OrderCommand command;
  command.kind = OrderCommandKind::kReplace;
  command.intent = trade.intent();
  command.order = old.ticket.order;
  command.tickets.push_back(order.ticket);
  command.reason = "trailing";
  out.Emit(Of(trade), std::move(command));
  Due(trade, *old.answer_due);
}

// Whichever way it was heard that a replacement took its place, or did not.
void OmsProcessor::SettleReplacements(Trade& trade) {
  for (Bracket& bracket : trade.brackets) {
    if (!bracket.next_stop) continue;
    const Order* old = trade.Find(bracket.stop);
    const Order* next = trade.Find(*bracket.next_stop);
    const bool took_place = old == nullptr || old->final();
    if (!took_place && !next->final()) continue;
    if (took_place) bracket.stop = *bracket.next_stop;
    bracket.next_stop.reset();
  }
}

// A target without its stop protects nothing, and keeps a new pair from being placed.
void OmsProcessor::TendBrackets(Trade& trade, Output& out) {
  const bool too_much = trade.exit_leaves() > std::max(trade.open(), Quantity());
  for (uint32_t number = static_cast<uint32_t>(trade.brackets.size()); number-- > 0;) {
    Bracket& bracket = trade.brackets[number];
    bool stop = false, target = false;
    for (const Order& order : trade.orders) {
      if (order.bracket != number || !order.working() || order.leaves() <= Quantity()) continue;
      (order.ticket.role == OrderRole::kStop ? stop : target) = true;
    }
    if (!stop && target) {
      if (!bracket.broken_since) bracket.broken_since = now_;
    } else {
      bracket.broken_since.reset();
    }
    const bool broken = bracket.broken_since && Due(trade, *bracket.broken_since + kLateAfter);
    if (!broken && !too_much) continue;
    for (Order& order : trade.orders) {
      if (order.bracket == number) RequestCancel(trade, order, broken ? "its stop is gone" : "more than is held", out);
    }
  }
}

// ---- afterwards

void OmsProcessor::Settle(Trade& trade, Output& out) {
  for (const Order& order : trade.orders) {
    if (order.answer_due) Due(trade, *order.answer_due);
  }
  if (trade.entered > Quantity() && trade.over() && !trade.closed) {
    trade.closed = true;
    trade.tell_position = true;
  }
  const Quantity protected_now = trade.protected_quantity();
  if (trade.tell_position || protected_now != trade.told_protected) {
    trade.told_protected = protected_now;
    TellPosition(trade, out);
  }
  trade.tell_position = trade.tell_entered = false;
  const EventId id = trade.intent();
  if (!trade.finished()) {
    // Again, where a late report opened it.
    if (live_.insert(id).second) by_instrument_.insert({trade.instrument(), id});
    Schedule(trade);
    ForgetReplaced(trade);
    return;
  }
  trade.wake = kNever;
  Schedule(trade);
  if (live_.erase(id) == 0) return;
  by_instrument_.erase({trade.instrument(), id});
  finished_.push_back(id);
  if (finished_.size() > kFinishedMax) Forget(finished_.front());
}

void OmsProcessor::Forget(const EventId& intent) {
  const auto it = trades_.find(intent);
  if (it != trades_.end() && !live_.contains(intent)) {
    for (const Order& order : it->second.orders) intent_of_.erase(order.ticket.order);
    trades_.erase(it);
  }
  finished_.pop_front();
}

void OmsProcessor::ForgetReplaced(Trade& trade) {
  while (trade.orders.size() > kTradeOrdersMax) {
    const auto oldest = std::find_if(trade.orders.begin(), trade.orders.end(), [](const Order& order) {
      return order.state == OrderState::kReplaced && order.leaves() == Quantity();
    });
    if (oldest == trade.orders.end()) return;
    intent_of_.erase(oldest->ticket.order);
    trade.orders.erase(oldest);
  }
}

const Quote* OmsProcessor::ValidQuote(InstrumentId instrument) const {
  const auto it = quotes_.find(instrument);
  return it == quotes_.end() || it->second.book != 0 ? nullptr : &it->second.quote;
}

const TickTable& OmsProcessor::Ticks(const Trade& trade) const {
  return instruments_.at(trade.instrument()).ticks;
}

}  // namespace spillway::oms
