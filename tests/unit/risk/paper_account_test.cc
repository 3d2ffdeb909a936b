// The paper account itself: fills at bid and ask, costs, days, what a later session takes over.
#include "tests/unit/risk/account_scenario.h"

namespace spillway::test {
namespace {

TEST_CASE("C-30: the paper account enters at the ask, is stopped at the bid and pays the profile's costs", "[risk]") {
  AccountDay day(AccountOnly());
  CHECK(day.LastAccount().equity == Dollars(40'000));
  CHECK(day.Intent("10:00") == "10:00:00.000 approved 500 cap=shares risk=60.00");
  CHECK(day.account().empty());
  CHECK(day.Quote("10:00", 19.97, 20.00).empty());  // strictly after the intent
  CHECK(day.Quote("10:00:00.250", 19.98, 20.01).empty());
  CHECK(day.Quote("10:00:00.500", 19.96, 19.99) == "10:00:00.500 entered 19.99 x 500, equity 39981.50");
  const AccountSnapshot entered = day.LastAccount();
  CHECK(entered.cash == Dollars(40'000 - 9'995 - 3.50));
  CHECK(entered.open_positions == 1);
  CHECK(entered.trades_today == 1);
  CHECK(day.Quote("10:00:00.750", 19.89, 19.92).empty());
  CHECK(day.Quote("10:00:00.990", 19.80, 19.83) == "10:00:00.990 closed 19.80 x 500 stop net -98.50, equity 39901.50");
  const AccountSnapshot closed = day.LastAccount();
  CHECK(closed.cash == closed.equity);
  CHECK(closed.day_profit == Dollars(-98.50));
  CHECK(closed.day_drawdown == Dollars(98.50));
  CHECK(closed.week_profit == Dollars(-95));
  CHECK(closed.record == SetupRecord{.trades = 1, .wins = 0, .sum_r = -98.50 / 60});
  CHECK(closed.trade->profit_gross == Dollars(-95));
}

TEST_CASE("C-30: at the target the paper account sells at the target, whatever the bid", "[risk]") {
  AccountDay day(AccountOnly());
  day.Intent("10:00");
  day.Quote("10:00:00.250", 19.97, 20.00);
  CHECK(day.Quote("10:00:00.500", 20.30, 20.33) ==
        "10:00:00.500 closed 20.24 x 500 target net 116.50, equity 40116.50");
  CHECK(day.LastAccount().record == SetupRecord{.trades = 1, .wins = 1, .sum_r = 116.50 / 60});
}

TEST_CASE("IR-1: a short is the mirror image: entered at the bid, stopped and covered at the ask", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.mutable_short_side()->set_enabled(true);
  profile.mutable_account()->set_type(v1::ACCOUNT_TYPE_MARGIN);
  AccountDay day(profile);
  const IntentFields fields{.entry = 19.97, .stop = 20.09, .target = 19.73, .side = Side::kAsk};
  CHECK(Verdict(day.Intent("10:00", fields)) == "approved 500");
  CHECK(day.Quote("10:00:00.250", 19.96, 19.99).empty());
  CHECK(day.Quote("10:00:00.500", 19.98, 20.01) == "10:00:00.500 entered 19.98 x 500, equity 39981.50");
  CHECK(day.LastAccount().cash == Dollars(40'000 + 9'990 - 3.50));
  CHECK(day.Quote("10:00:00.750", 19.70, 19.73) ==
        "10:00:00.750 closed 19.73 x 500 target net 121.50, equity 40121.50");
  day.Intent("10:20", fields);
  day.Quote("10:20:00.250", 19.97, 20.00);
  CHECK(day.Quote("10:20:00.500", 20.10, 20.13) == "10:20:00.500 closed 20.13 x 500 stop net -83.50, equity 40038.00");
}

TEST_CASE("IR-1: a long-only profile and an account without margin refuse the short side", "[risk]") {
  AccountDay day(AccountOnly());
  const IntentFields fields{.entry = 19.97, .stop = 20.09, .target = 19.73, .side = Side::kAsk};
  CHECK(day.Intent("10:00", fields) == "10:00:00.000 refused SHORT_SIDE_OFF seen=1 limit=0 short");
  v1::Profile both = AccountOnly();
  both.mutable_short_side()->set_enabled(true);
  AccountDay cash(both);
  cash.Intent("10:00", fields);
  const auto& decision = std::get<RiskDecision>(cash.answers().back().body);
  CHECK(decision.rule == RefusalRule::kShortSideOff);
  CHECK(decision.detail == "account without margin");
}

TEST_CASE("paper account: what is cancelled or expires before its entry never was a trade", "[risk]") {
  AccountDay day(AccountOnly());
  day.Intent("10:00");
  day.Send(day.At("10:00:01")
               .Make(SignalCancelled{.signal = EventId{1, 1}, .rule = CancelRule::kHalt}, 1,
                     StrategyInstanceIdOf("classic#1")));
  CHECK(day.Quote("10:00:02", 19.97, 20.00).empty());
  day.Intent("10:20");
  CHECK(day.Quote("10:21:00", 19.97, 20.00).empty());  // the expiry is behind it
  CHECK(day.LastAccount().record.trades == 0);
}

TEST_CASE("paper account: the time stop and the regular close end a trade at the last valid bid", "[risk]") {
  AccountDay day(AccountOnly());
  day.Intent("10:00");
  day.Quote("10:00:00.250", 19.97, 20.00);
  day.Quote("10:05", 20.05, 20.08);
  day.Send(day.At("10:06").Mark(1, 20.20, 20.15, BookCondition::kCrossed));  // not a quote
  day.Send(day.At("10:15:00.000").Tick());
  CHECK(day.account().empty());
  day.Send(day.At("10:15:00.250").Tick());
  CHECK(day.account() == "10:15:00.250 closed 20.05 x 500 time net 21.50, equity 40021.50");
  day.Quote("15:58", 19.97, 20.00);
  day.Intent("15:59");
  day.Quote("15:59:10", 19.97, 20.00);
  day.Send(day.At("16:00").Tick());
  CHECK(day.account() == "16:00:00.000 closed 19.97 x 500 time net -18.50, equity 40003.00");
}

TEST_CASE("paper account: where the feeds end, what is open ends too", "[risk]") {
  AccountDay day(AccountOnly());
  day.Intent("10:00");
  day.Quote("10:00:00.250", 19.97, 20.00);
  day.Send(day.At("10:01").Feed(FeedState::kEnded));
  CHECK(day.account() == "10:01:00.000 closed 19.97 x 500 time net -18.50, equity 39981.50");
}

TEST_CASE("C-15: day, week and month turn with the trading day of the session, not at midnight UTC", "[risk]") {
  AccountDay day(AccountOnly());
  day.Lose("10:00");
  CHECK(day.LastAccount().day_profit == Dollars(-63.50));
  day.Send(day.At("20:00:01").Tick());  // 00:00:01 UTC of the next day
  CHECK(day.account().empty());
  day.DayAfter(3);  // Monday
  CHECK(day.account() == "04:00:00.000 day 20250505 equity 39936.50");
  CHECK(day.LastAccount().day_profit == Money());
  CHECK(day.LastAccount().day_drawdown == Money());
  CHECK(day.LastAccount().week_profit == Money());
  CHECK(day.LastAccount().month_drawdown == Dollars(63.50));
  day.Lose("10:00");
  day.DayAfter(4);
  CHECK(day.LastAccount().week_profit == Dollars(-60));
  CHECK(day.LastAccount().month_drawdown == Dollars(127));
  day.DayAfter(31);  // 2 June
  CHECK(day.LastAccount().month_drawdown == Money());
}

TEST_CASE("paper account: with always_open the day is that of UTC", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.mutable_schedule()->set_always_open(true);
  profile.mutable_schedule()->clear_windows();
  AccountDay day(profile);
  day.Send(day.At("19:59:59.900").Tick());
  CHECK(day.account().empty());
  day.Send(day.At("20:00:00.000").Tick());
  CHECK(day.account() == "20:00:00.000 day 20250503 equity 40000.00");
}

TEST_CASE("paper account: a later session goes on where an earlier one ended, over days", "[risk]") {
  AccountDay first(AccountOnly());
  first.Lose("10:00");
  first.Win("10:20", {.instrument = 2});
  const AccountSnapshot end = first.LastAccount();

  AccountDay second(AccountOnly());
  second.Carry(end);
  CHECK(second.LastAccount().equity == Dollars(40'000 - 63.50 + 116.50));
  CHECK(second.LastAccount().week_profit == Dollars(60));  // the same week
  CHECK(second.LastAccount().record == end.record);
  second.Lose("10:00");
  const AccountSnapshot now = second.LastAccount();
  CHECK(now.equity == Dollars(40'053 - 63.50));
  CHECK(now.day_profit == Dollars(-63.50));
  CHECK(now.record.trades == 3);
  CHECK(now.month_drawdown == Dollars(63.50));

  const uint64_t refused = second.processor().configurations_refused();
  second.Carry(end);  // it has traded
  CHECK(second.processor().configurations_refused() == refused + 1);
  CHECK(second.LastAccount().equity == now.equity);
}

TEST_CASE("paper account: its state survives the way through an AccountState", "[risk]") {
  AccountSnapshot snapshot;
  snapshot.trading_day = 20250502;
  snapshot.equity = Dollars(40'123.45);
  snapshot.cash = Dollars(40'000);
  snapshot.unsettled = {{Dollars(10'000), 20250505}};
  snapshot.week_profit = Dollars(-12);
  snapshot.month_peak = Dollars(41'000);
  snapshot.record = {.trades = 30, .wins = 18, .sum_r = 4.5};
  snapshot.day_trades = {20250501, 20250502};
  snapshot.stage = "micro";
  snapshot.stage_record = {.trades = 3, .wins = 1, .sum_r = -1};
  snapshot.stage_aborted = true;
  const absl::StatusOr<AccountSnapshot> read = risk::ReadAccountState(risk::AccountStateOf(snapshot));
  REQUIRE(read.ok());
  CHECK(*read == snapshot);
  CHECK_FALSE(risk::ReadAccountState("no").ok());
  CHECK_FALSE(risk::ReadAccountState("").ok());
}

TEST_CASE("paper account: an account that gains a profile with another equity begins with it only before it traded",
          "[risk]") {
  v1::Profile richer = AccountOnly();
  richer.mutable_sizing()->set_equity_e8(Dollars(60'000).e8());
  AccountDay day(AccountOnly());
  day.Send(day.lane.Configure(richer));
  CHECK(day.LastAccount().equity == Dollars(60'000));
  day.Lose("10:00");
  day.Send(day.lane.Configure(AccountOnly()));
  CHECK(day.LastAccount().equity == Dollars(60'000 - 63.50));
}

}  // namespace
}  // namespace spillway::test
