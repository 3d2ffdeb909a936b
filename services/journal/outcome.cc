#include "services/journal/outcome.h"

#include <algorithm>

namespace spillway::journal {

bool HasBlueprint(const Signal& signal) {
  if (signal.entry <= Price()) return false;
  return signal.side == Side::kAsk ? signal.target < signal.entry && signal.entry < signal.stop
                                   : signal.stop < signal.entry && signal.entry < signal.target;
}

MeasuredTrade::MeasuredTrade(const EventHeader& header, const TradeIntent& intent, const OutcomeRules& rules,
                             const ContractTerms& contract, std::optional<Time> close)
    : header_(header),
      intent_(intent),
      rules_(rules),
      contract_(contract),
      entry_deadline_(close ? std::min(intent.expires, *close) : intent.expires),
      close_(close) {}

void MeasuredTrade::See(const QuoteMoment& quote) {
  if (resolved() || quote.time <= header_.event_time) return;
  AdvanceTo(quote.time);
  if (resolved() || !quote.valid) return;
  if (!entered_) TryEntry(quote);
  if (entered_) TryExit(quote);
}

void MeasuredTrade::TryEntry(const QuoteMoment& quote) {
  const Price price = EntrySide(quote);
  if (Better(price, intent_.entry) > Price()) return;  // not yet as cheap as the limit
  entered_ = quote.time;
  entry_price_ = price;
  exit_deadline_ = quote.time + rules_.time_stop;
  if (close_) exit_deadline_ = std::min(exit_deadline_, *close_);
  worst_ = best_ = ExitSide(quote);
}

void MeasuredTrade::TryExit(const QuoteMoment& quote) {
  const Price price = ExitSide(quote);
  exit_quote_ = price;
  if (Better(price, worst_) < Price()) worst_ = price;
  if (Better(price, best_) > Price()) best_ = price;
  if (Better(price, intent_.stop) <= Price()) {
    Resolve(OutcomeLabel::kStop, quote.time, price);
  } else if (Better(price, intent_.target) >= Price()) {
    Resolve(OutcomeLabel::kTarget, quote.time, intent_.target);
  }
}

void MeasuredTrade::AdvanceTo(Time now) {
  if (resolved()) return;
  if (entered_) {
    if (now >= exit_deadline_) Resolve(OutcomeLabel::kTime, exit_deadline_, exit_quote_);
    return;
  }
  const bool cancelled = cancelled_ && *cancelled_ <= now;
  if (cancelled && *cancelled_ <= entry_deadline_) {
    Resolve(OutcomeLabel::kCancelled, *cancelled_);
  } else if (now >= entry_deadline_) {
    Resolve(OutcomeLabel::kMiss, entry_deadline_);
  }
}

void MeasuredTrade::End(Time now) {
  AdvanceTo(now);
  if (resolved()) return;
  if (entered_) {
    Resolve(OutcomeLabel::kTime, now, exit_quote_);
  } else {
    Resolve(OutcomeLabel::kMiss, now);
  }
}

void MeasuredTrade::Cancel(Time time) {
  if (!cancelled_) cancelled_ = time;
}

void MeasuredTrade::Resolve(OutcomeLabel label, Time time, std::optional<Price> exit_price) {
  label_ = label;
  resolved_at_ = time;
  exit_price_ = exit_price;
}

OutcomeLabelled MeasuredTrade::Outcome(const RiskDecision& decision) const {
  return Outcome(decision.quantity, decision.risk, rules_.costs);
}

OutcomeLabelled MeasuredTrade::WouldHave() const {
  const Quantity one = Quantity::Units(1);
  const Money at_stop = costs::GrossProfit(contract_, {intent_.side, intent_.entry, intent_.stop, one});
  OutcomeLabelled outcome = Outcome(one, -at_stop, {});
  outcome.near_miss = true;
  return outcome;
}

OutcomeLabelled MeasuredTrade::Outcome(Quantity quantity, Money risk, const costs::CostSchedule& costs) const {
  OutcomeLabelled outcome;
  outcome.intent = header_.id();
  outcome.label = label_;
  outcome.quantity = quantity;
  outcome.side = intent_.side;
  outcome.score = intent_.score;
  outcome.shadow = intent_.shadow || rules_.shadow;
  if (!entered_ || !exit_price_) return outcome;
  outcome.entered = entered_;
  outcome.exited = resolved_at_;
  outcome.entry_price = entry_price_;
  outcome.exit_price = exit_price_;
  const costs::RoundTrip trip{intent_.side, entry_price_, *exit_price_, quantity};
  outcome.profit_gross = costs::GrossProfit(contract_, trip);
  outcome.profit_net = costs::NetProfit(contract_, costs, trip);
  if (risk > Money()) outcome.r_multiple = outcome.profit_net.ToDouble() / risk.ToDouble();
  const Money notional = Notional(contract_, entry_price_, quantity);
  if (notional > Money()) {
    outcome.return_net_percent = 100 * outcome.profit_net.ToDouble() / notional.ToDouble();
  }
  outcome.mae = std::max(Better(entry_price_, worst_), Price());
  outcome.mfe = std::max(Better(best_, entry_price_), Price());
  return outcome;
}

}  // namespace spillway::journal
