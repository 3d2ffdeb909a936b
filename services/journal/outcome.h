// How an intent ends on the market that follows it (FX-16), measured at bid and ask, never at the mid. For a long (a
// short is its mirror image):
//
//   entry     a limit at `entry`: taken at the first end of event strictly after the trigger, and before the entry
//             deadline, whose ask is at or below it; filled at that ask. The deadline is the earlier of `expires` and
//             the regular close. Entering at the ask that stood at the trigger needs one event that shows it still
//             there.
//   CANCELLED the signal was cancelled at or before the moment of entry. Once entered, a trade goes on: the stop and
//   the
//             target stand, and what was measured is what a person in the trade would have had.
//   MISS      never entered.
//   STOP      first end of event from the entry on with bid <= stop; filled at that bid, through a gap as well.
//   TARGET    ... with bid >= target; filled at the target.
//   TIME      time_stop after the entry, or the regular close if that is earlier, or the end of the session's data:
//             filled at the last bid before it.
//
// A signal that was not taken is measured the same way, to see how it would have ended: as one unit, and before costs,
// because what an order costs depends on the size that was never decided.
//
// Only a valid book counts (BookCondition 0). Deadlines are half-open: an event at the deadline is behind it. MAE and
// MFE are the worst and best bid against the entry price from the entry to the exit, both events included, each >= 0.
#pragma once

#include <chrono>
#include <optional>

#include "libs/costs/costs.h"
#include "libs/events/persist_fields.h"

namespace spillway::journal {

// The best quotes of a symbol at one end of event.
struct QuoteMoment {
  Time time;
  Price bid;
  Price ask;
  InstrumentId instrument = 0;
  bool valid = false;

  template <class Archive>
  void Persist(Archive& a) {
    a(time, bid, ask, instrument, valid);
  }
};

struct OutcomeRules {
  Duration time_stop = std::chrono::minutes(15);
  costs::CostSchedule costs;
  bool shadow = false;  // the instance runs in shadow

  template <class Archive>
  void Persist(Archive& a) {
    a(time_stop, costs, shadow);
  }
};

// Whether a signal says what would be traded, with the stop on the losing side and the target on the other.
bool HasBlueprint(const Signal& signal);

class MeasuredTrade {
 public:
  MeasuredTrade() = default;
  // `close`: the regular close of the trigger's session, if it is still to come.
  MeasuredTrade(const EventHeader& header, const TradeIntent& intent, const OutcomeRules& rules,
                const ContractTerms& contract, std::optional<Time> close);

  const EventHeader& header() const { return header_; }
  const TradeIntent& intent() const { return intent_; }
  bool resolved() const { return label_ != OutcomeLabel::kUnknown; }
  Time resolved_at() const { return resolved_at_; }

  // Quotes of the trade's symbol in time order; those up to the trigger, and all once it is resolved, change nothing.
  void See(const QuoteMoment& quote);
  // Every quote before `now` has been seen.
  void AdvanceTo(Time now);
  // No quote will follow.
  void End(Time now);
  // Of its signal. May come before the quotes of its time.
  void Cancel(Time time);

  // Of a resolved trade, with what risk approved: profit_net = NetProfit at the fills; r_multiple = profit_net / risk;
  // return_net_percent = 100 * profit_net / the notional at entry. 0 where it was not entered.
  OutcomeLabelled Outcome(const RiskDecision& decision) const;
  // Of a resolved trade that was made of a rejected signal: one unit, net = gross.
  OutcomeLabelled WouldHave() const;

  template <class Archive>
  void Persist(Archive& a) {
    a(header_, intent_, rules_, contract_, entry_deadline_, close_, cancelled_, entered_, entry_price_, exit_deadline_,
      exit_quote_, worst_, best_, label_, resolved_at_, exit_price_);
  }

 private:
  bool is_long() const { return intent_.side != Side::kAsk; }
  // The price at which the trade could be closed (opened) at a quote.
  Price ExitSide(const QuoteMoment& quote) const { return is_long() ? quote.bid : quote.ask; }
  Price EntrySide(const QuoteMoment& quote) const { return is_long() ? quote.ask : quote.bid; }
  // Positive: `price` is better for the trade than `than`.
  Price Better(Price price, Price than) const { return is_long() ? price - than : than - price; }

  void TryEntry(const QuoteMoment& quote);
  void TryExit(const QuoteMoment& quote);
  OutcomeLabelled Outcome(Quantity quantity, Money risk, const costs::CostSchedule& costs) const;
  void Resolve(OutcomeLabel label, Time time, std::optional<Price> exit_price = std::nullopt);

  EventHeader header_;
  TradeIntent intent_;
  OutcomeRules rules_;
  ContractTerms contract_;
  Time entry_deadline_;
  std::optional<Time> close_;
  std::optional<Time> cancelled_;
  std::optional<Time> entered_;
  Price entry_price_;
  Time exit_deadline_;
  Price exit_quote_;  // the last valid one since the entry
  Price worst_, best_;
  OutcomeLabel label_ = OutcomeLabel::kUnknown;
  Time resolved_at_;
  std::optional<Price> exit_price_;
};

}  // namespace spillway::journal
