#include "services/journal/outcome.h"

#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::MeasuredTrade;
using journal::OutcomeRules;
using journal::QuoteMoment;

// One trade of 100 shares, triggered at 10:00:00, entry 20.00, stop 19.88, target 20.24, life 60 s.
class Trade {
 public:
  explicit Trade(IntentFields fields = {}, std::optional<Time> close = std::nullopt, OutcomeRules rules = {}) {
    TradingLane lane;
    lane.At("10:00");
    const Event intent = lane.Intent(fields);
    trade_ = MeasuredTrade(intent.header, std::get<TradeIntent>(intent.body), rules, {}, close);
  }
  Trade& Quote(std::string_view clock, double bid, double ask, bool valid = true) {
    trade_.See({NewYork(clock), Usd(bid), Usd(ask), 1, valid});
    return *this;
  }
  Trade& Tick(std::string_view clock) {
    trade_.AdvanceTo(NewYork(clock));
    return *this;
  }
  Trade& Cancel(std::string_view clock) {
    trade_.Cancel(NewYork(clock));
    return *this;
  }
  Trade& End(std::string_view clock) {
    trade_.End(NewYork(clock));
    return *this;
  }
  bool open() const { return !trade_.resolved(); }
  OutcomeLabelled Outcome() const {
    RiskDecision decision;
    decision.approved = true;
    decision.quantity = Quantity::Units(100);
    decision.risk = Money::FromE8(12'00000000);
    return trade_.Outcome(decision);
  }
  // "TARGET 10:00:01.000 20.00 -> 20.24"
  std::string Text() const {
    const OutcomeLabelled outcome = Outcome();
    std::string text = std::string(OutcomeLabelName(outcome.label)) + " " + Clock(trade_.resolved_at());
    if (outcome.entry_price) text += fmt::format(" {} ->", outcome.entry_price->ToString());
    if (outcome.exit_price) text += " " + outcome.exit_price->ToString();
    return text;
  }

 private:
  MeasuredTrade trade_;
};

TEST_CASE("outcome: entered at the ask at or below the limit, filled there; the target fills at the target",
          "[journal]") {
  Trade trade;
  trade.Quote("10:00:00", 19.90, 19.95);  // at the trigger itself: not after it
  trade.Quote("10:00:01", 19.98, 20.01);  // too dear
  CHECK(trade.open());
  trade.Quote("10:00:02", 19.96, 19.99).Quote("10:00:03", 20.23, 20.26);
  CHECK(trade.open());
  trade.Quote("10:00:04", 20.30, 20.32);
  CHECK(trade.Text() == "TARGET 10:00:04.000 19.99 -> 20.24");
  CHECK(trade.Outcome().entered == NewYork("10:00:02"));
  CHECK(trade.Outcome().exited == NewYork("10:00:04"));
  CHECK(trade.Outcome().mae == Usd(0.03));
  CHECK(trade.Outcome().mfe == Usd(0.31));
}

TEST_CASE("outcome: S1-I6.1 side and gross profit are told beside the net", "[journal]") {
  OutcomeRules rules;
  rules.costs.round_trip = Money::FromE8(3'50000000);
  Trade bought({}, std::nullopt, rules);
  bought.Quote("10:00:01", 19.97, 20.00).Quote("10:00:02", 20.24, 20.27);
  CHECK(bought.Outcome().side == Side::kBid);
  CHECK(bought.Outcome().profit_gross.ToString() == "24.00");
  CHECK(bought.Outcome().profit_net.ToString() == "20.50");
  Trade sold({.entry = 20.00, .stop = 20.12, .target = 19.76, .side = Side::kAsk}, std::nullopt, rules);
  sold.Quote("10:00:01", 20.00, 20.03).Quote("10:00:02", 19.73, 19.76);
  CHECK(sold.Outcome().side == Side::kAsk);
  CHECK(sold.Outcome().profit_gross.ToString() == "24.00");
  CHECK(sold.Outcome().profit_net.ToString() == "20.50");
}

TEST_CASE("outcome: the stop is touched by the bid, not by the ask or the mid", "[journal]") {
  Trade trade;
  trade.Quote("10:00:01", 19.97, 20.00).Quote("10:00:02", 19.89, 19.90);
  CHECK(trade.open());
  trade.Quote("10:00:03", 19.88, 20.40);
  CHECK(trade.Text() == "STOP 10:00:03.000 20.00 -> 19.88");
}

TEST_CASE("outcome: a gap through the stop is filled at the quote", "[journal]") {
  Trade trade;
  trade.Quote("10:00:01", 19.97, 20.00).Quote("10:00:02", 19.50, 19.60);
  CHECK(trade.Text() == "STOP 10:00:02.000 20.00 -> 19.50");
  CHECK_THAT(trade.Outcome().r_multiple, WithinAbs(-50.0 / 12.0, 1e-12));
  CHECK(trade.Outcome().mae == Usd(0.50));
  CHECK(trade.Outcome().mfe == Usd(0));
}

TEST_CASE("outcome: a bid already at the stop when entered is stopped at once", "[journal]") {
  Trade trade;
  trade.Quote("10:00:01", 19.80, 20.00);
  CHECK(trade.Text() == "STOP 10:00:01.000 20.00 -> 19.80");
}

TEST_CASE("outcome: never as cheap as the limit within the life is a miss", "[journal]") {
  Trade trade;
  trade.Quote("10:00:59.999", 19.98, 20.01).Tick("10:00:59.999");
  CHECK(trade.open());
  trade.Quote("10:01:00", 19.90, 19.95);  // cheap enough, but its life is over
  CHECK(trade.Text() == "MISS 10:01:00.000");
  CHECK(trade.Outcome().profit_net == Money());
  CHECK_FALSE(trade.Outcome().mae);
}

TEST_CASE("outcome: fifteen minutes after the entry it is closed at the bid that stands then", "[journal]") {
  Trade trade;
  trade.Quote("10:00:30", 19.97, 20.00).Quote("10:10:00", 20.05, 20.08).Tick("10:15:29.999");
  CHECK(trade.open());
  trade.Quote("10:15:30", 20.20, 20.22);
  CHECK(trade.Text() == "TIME 10:15:30.000 20.00 -> 20.05");
}

TEST_CASE("outcome: the regular close ends an entry's chance and an open trade", "[journal]") {
  Trade late({}, NewYork("10:00:40"));
  late.Quote("10:00:40", 19.97, 20.00);
  CHECK(late.Text() == "MISS 10:00:40.000");
  Trade open({}, NewYork("10:05"));
  open.Quote("10:00:01", 19.97, 20.00).Quote("10:04:59.999", 19.99, 20.02).Tick("10:05");
  CHECK(open.Text() == "TIME 10:05:00.000 20.00 -> 19.99");
}

TEST_CASE("outcome: cancelled before the entry is CANCELLED, after it the trade goes on", "[journal]") {
  Trade before;
  before.Cancel("10:00:05").Quote("10:00:04", 19.98, 20.01).Quote("10:00:05", 19.97, 20.00);
  CHECK(before.Text() == "CANCELLED 10:00:05.000");
  Trade after;
  after.Cancel("10:00:05").Quote("10:00:04.999", 19.97, 20.00).Quote("10:00:06", 20.24, 20.26);
  CHECK(after.Text() == "TARGET 10:00:06.000 20.00 -> 20.24");
  Trade expired;
  expired.Cancel("10:01:00.001").Tick("10:02");
  CHECK(expired.Text() == "MISS 10:01:00.000");
}

TEST_CASE("outcome: a book that is not valid neither enters nor exits", "[journal]") {
  Trade trade;
  trade.Quote("10:00:01", 20.00, 19.95, false);
  CHECK(trade.open());
  trade.Quote("10:00:02", 19.97, 20.00).Quote("10:00:03", 0, 20.00, false).Quote("10:00:04", 20.50, 20.40, false);
  CHECK(trade.open());
  trade.Tick("10:20");
  CHECK(trade.Text() == "TIME 10:15:02.000 20.00 -> 19.97");
}

TEST_CASE("outcome: at the end of the data an open trade is closed at its last quote", "[journal]") {
  Trade open;
  open.Quote("10:00:01", 19.97, 20.00).Quote("10:00:02", 20.01, 20.03).End("10:00:30");
  CHECK(open.Text() == "TIME 10:00:30.000 20.00 -> 20.01");
  Trade waiting;
  waiting.Quote("10:00:01", 19.99, 20.02).End("10:00:30");
  CHECK(waiting.Text() == "MISS 10:00:30.000");
}

TEST_CASE("outcome: a short is the mirror image", "[journal]") {
  const IntentFields fields{.entry = 20.00, .stop = 20.12, .target = 19.76, .side = Side::kAsk};
  Trade target(fields);
  target.Quote("10:00:01", 19.99, 20.02);
  CHECK(target.open());
  target.Quote("10:00:02", 20.01, 20.04).Quote("10:00:03", 19.70, 19.75);
  CHECK(target.Text() == "TARGET 10:00:03.000 20.01 -> 19.76");
  CHECK(target.Outcome().profit_net.ToString() == "25.00");
  CHECK(target.Outcome().mae == Usd(0.03));
  CHECK(target.Outcome().mfe == Usd(0.26));
  Trade stop(fields);
  stop.Quote("10:00:01", 20.00, 20.02).Quote("10:00:02", 20.20, 20.22);
  CHECK(stop.Text() == "STOP 10:00:02.000 20.00 -> 20.22");
}

TEST_CASE("outcome: EX-06: 500 shares from 12.04 to 12.22 are 86.50 USD net", "[journal]") {
  TradingLane lane;
  lane.At("10:00");
  const Event intent = lane.Intent({.entry = 12.04, .stop = 11.95, .target = 12.22});
  OutcomeRules rules;
  rules.costs = costs::CostScheduleOf(ClassicProfile().costs());
  MeasuredTrade trade(intent.header, std::get<TradeIntent>(intent.body), rules, {}, std::nullopt);
  trade.See({NewYork("10:00:01"), Usd(12.00), Usd(12.04), 1, true});
  trade.See({NewYork("10:00:02"), Usd(12.22), Usd(12.24), 1, true});
  RiskDecision decision;
  decision.quantity = Quantity::Units(500);
  decision.risk = Money::FromE8(45'00000000);
  const OutcomeLabelled outcome = trade.Outcome(decision);
  CHECK(outcome.profit_net.ToString() == "86.50");
  CHECK_THAT(outcome.r_multiple, WithinAbs(86.5 / 45, 1e-12));
  CHECK_THAT(outcome.return_net_percent, WithinAbs(100 * 86.5 / 6020, 1e-12));
}

}  // namespace
}  // namespace spillway::test
