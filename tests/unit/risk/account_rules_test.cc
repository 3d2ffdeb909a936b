// Rules on the account: every number of the small-account specification that risk carries, by its id.
#include "tests/unit/risk/account_scenario.h"
#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

const RiskDecision& Last(const RiskDay& day) {
  for (auto it = day.answers().rbegin(); it != day.answers().rend(); ++it) {
    if (const auto* decision = std::get_if<RiskDecision>(&it->body)) return *decision;
  }
  static const RiskDecision kNone;
  return kNone;
}

// No costs, and as much at risk as a test says: a lost trade loses just that.
v1::Profile Costless(double risk_percent) {
  v1::Profile profile = AccountOnly();
  profile.clear_costs();
  profile.mutable_sizing()->clear_shares_max_e8();
  profile.mutable_sizing()->set_risk_percent(risk_percent);
  profile.mutable_account()->set_losses_max(100);
  return profile;
}

TEST_CASE("S1-B0.2, S1-B0.3: a day that begins outside 30,000 to 80,000 dollars is not armed", "[risk]") {
  for (const double equity : {30'000.0, 80'000.0}) {
    AccountDay day(AccountOnly());
    day.CarryEquity(equity);
    CHECK(Verdict(day.Intent("10:00")) == "approved 500");
  }
  AccountDay below(AccountOnly());
  below.CarryEquity(29'999.99);
  CHECK(below.Intent("10:00") == "10:00:00.000 refused ACCOUNT_RANGE seen=29999.99 limit=30000 USD");
  CHECK(Last(below).detail == "equity_min");
  CHECK(below.LastAccount().warnings ==
        std::vector<std::string>{"the day began with 29999.99, below 30000.00: no entries today"});
  AccountDay above(AccountOnly());
  above.CarryEquity(100'000);
  CHECK(above.Intent("10:00") == "10:00:00.000 refused ACCOUNT_RANGE seen=100000 limit=80000 USD");
}

TEST_CASE("S1-B0.3: what a day loses does not disarm it, the next day it does", "[risk]") {
  AccountDay day(AccountOnly());
  day.CarryEquity(30'000);
  day.Lose("10:00");
  CHECK(Verdict(day.Intent("10:30", {.instrument = 2})) == "approved 500");
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("10:00")) == "refused ACCOUNT_RANGE");
}

TEST_CASE("S1-B10.1, C-33: below 25,000 dollars nothing is entered, whatever the range says", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.mutable_account()->clear_equity_min_e8();
  AccountDay day(profile);
  day.CarryEquity(24'999.99);
  CHECK(day.Intent("10:00") == "10:00:00.000 refused COMPLIANCE seen=24999.99 limit=25000 USD");
  CHECK(Last(day).detail == "S1-B10.1");
  AccountDay enough(profile);
  enough.CarryEquity(25'000);
  CHECK(Verdict(enough.Intent("10:00")) == "approved 500");
}

TEST_CASE("C-33: a dated rule acts on its days alone: three day trades in five sessions, until 2026-04-13", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.mutable_account()->clear_equity_min_e8();
  profile.mutable_compliance()->DeleteSubrange(0, 1);  // the minimum stays out of the way
  AccountDay day(profile);
  AccountSnapshot carried;
  carried.trading_day = 20250501;
  carried.equity = Dollars(20'000);
  carried.day_trades = {20250425, 20250428, 20250501};  // five sessions back from 2 May is 28 April
  day.Carry(carried);
  CHECK(Verdict(day.Win("10:00")) == "approved 416");
  CHECK(day.Intent("10:20") == "10:20:00.000 refused COMPLIANCE seen=3 limit=3 day trades");
  CHECK(Last(day).detail == "FINRA-4210-PDT");

  profile.mutable_compliance(0)->set_effective_to("2025-05-01");
  day.Send(day.lane.Configure(profile));
  CHECK(Verdict(day.Intent("10:21")) == "approved 418");
  profile.mutable_compliance(0)->set_effective_to("2025-05-02");
  day.Send(day.lane.Configure(profile));
  CHECK(Verdict(day.Intent("10:22")) == "refused COMPLIANCE");
  profile.mutable_compliance(0)->set_effective_from("2025-05-03");
  day.Send(day.lane.Configure(profile));
  CHECK(Verdict(day.Intent("10:23")) == "approved 418");
}

TEST_CASE("S1-B6.3, C-14: a day's loss of exactly 400 dollars still trades, a cent more does not", "[risk]") {
  AccountDay day(Costless(1.0));  // 400 dollars
  CHECK(Verdict(day.Lose("10:00", {.entry = 20.00, .stop = 19.20})) == "approved 500");
  CHECK(day.LastAccount().day_profit == Dollars(-400));
  CHECK(Verdict(day.Intent("10:20", {.instrument = 2, .entry = 20.00, .stop = 19.99, .quantity_max = 1})) ==
        "approved 1");
  day.Quote("10:20:00.250", 19.99, 20.00, 2);
  CHECK(day.Intent("10:20:01", {.instrument = 3}) == "10:20:01.000 refused DAY_LOSS seen=-400.01 limit=-400 USD");
}

TEST_CASE("S1-B6.3: an open position's loss counts, and the stop holds for the day", "[risk]") {
  AccountDay day(Costless(1.0));
  day.Intent("10:00", {.entry = 20.00, .stop = 19.20, .target = 21.60});
  day.Quote("10:00:00.250", 19.97, 20.00);
  day.Send(day.At("10:01").Mark(1, 19.25, 19.28));
  CHECK(Verdict(day.Intent("10:02", {.instrument = 2, .quantity_max = 10})) == "approved 10");  // -375
  const std::string paused = day.Send(day.At("10:02:30").Mark(2, 18.00, 20.00));  // ten shares at 18.00: -20 more
  CHECK(paused.empty());
  CHECK(day.Send(day.At("10:04").Mark(1, 19.21, 19.24)) == "10:04:00.000 paused instance day_loss");
  day.Send(day.At("10:05").Mark(1, 21.70, 21.73));
  CHECK(day.LastAccount().day_profit > Money());
  CHECK(Verdict(day.Intent("10:30", {.instrument = 3})) == "refused DAY_LOSS");
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("10:30", {.instrument = 3})) == "approved 2039");
}

TEST_CASE("S1-B6.3, S1-B0.7: a tighter limit counts what the day has lost already", "[risk]") {
  v1::Profile profile = Costless(0.25);
  AccountDay day(profile);
  day.Lose("10:00");
  CHECK(Verdict(day.Intent("10:10", {.instrument = 2})) == "approved 831");
  day.Send(day.At("10:12").Tick());
  profile.mutable_account()->set_day_loss_stop_e8(Dollars(99.95).e8());
  day.Send(day.lane.Configure(profile));
  CHECK(day.Intent("10:20", {.instrument = 2}) == "10:20:00.000 refused DAY_LOSS seen=-99.96 limit=-99.95 USD");
  profile.mutable_account()->set_day_drawdown_max_e8(Dollars(99.96).e8());
  day.Send(day.lane.Configure(profile));
  CHECK(day.Intent("10:20", {.instrument = 2}) == "10:20:00.000 refused DAY_DRAWDOWN seen=99.96 limit=99.96 USD");
}

TEST_CASE("S1-B0.7, C-14, C-15: 600 dollars from the day's peak close everything until the next session", "[risk]") {
  AccountDay day(Costless(1.0));
  day.Intent("10:00", {.instrument = 1, .entry = 20.00, .stop = 19.20, .target = 21.60});
  day.Intent("10:00:01", {.instrument = 2, .entry = 20.00, .stop = 19.20, .target = 21.60});
  day.Quote("10:00:01.250", 19.97, 20.00, 1);
  day.Quote("10:00:01.250", 19.97, 20.00, 2);
  day.Quote("10:01", 20.80, 20.83, 1);                             // the peak: +400 - 15
  CHECK(day.Send(day.At("10:02").Mark(2, 19.60, 19.63)).empty());  // 185 below it
  CHECK(day.Send(day.At("10:03").Mark(1, 19.98, 20.01)).empty());  // 595
  CHECK(day.Send(day.At("10:04").Mark(1, 19.97, 20.00)) == "10:04:00.000 paused instance day_drawdown");
  CHECK(day.account() ==
        "10:04:00.000 closed 19.97 x 500 flatten net -15.00, equity 39785.00\n"
        "10:04:00.000 closed 19.60 x 500 flatten net -200.00, equity 39785.00");
  CHECK(day.Intent("10:30", {.instrument = 3}) == "10:30:00.000 refused DAY_DRAWDOWN seen=600 limit=600 USD");
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("10:30", {.instrument = 3})).starts_with("approved"));
}

TEST_CASE("S1-B0.7, C-14: of an amount and a percentage the tighter acts", "[risk]") {
  for (const auto& [amount, percent, limit] :
       {std::tuple{600.0, 1.5, 450.0}, std::tuple{300.0, 1.5, 300.0}, std::tuple{600.0, 0.5, 150.0}}) {
    v1::Profile profile = Costless(2.0);  // 600 of 30,000
    profile.mutable_account()->set_day_drawdown_max_e8(Dollars(amount).e8());
    profile.mutable_account()->set_day_drawdown_max_percent(percent);
    AccountDay day(profile);
    day.CarryEquity(30'000);
    day.Lose("10:00", {.entry = 20.00, .stop = 19.20});
    day.Intent("10:20", {.instrument = 2});
    CHECK(Last(day).rule == RefusalRule::kDayDrawdown);
    CHECK(Last(day).limit == limit);
  }
}

TEST_CASE("S1-B6.2: more than two losses in 30 minutes pause the session", "[risk]") {
  AccountDay day(AccountOnly());
  day.Lose("10:00", {.instrument = 1});
  day.Lose("10:10", {.instrument = 2});
  CHECK(Verdict(day.Intent("10:20", {.instrument = 3})) == "approved 500");
  day.Send(day.At("10:20:00.250").Mark(3, 19.97, 20.00));
  CHECK(day.Send(day.At("10:29:59.999").Mark(3, 19.88, 19.91)) == "10:29:59.999 paused instance losses");
  CHECK(day.Intent("10:29:59.999", {.instrument = 4}) == "10:29:59.999 refused LOSSES seen=3 limit=2 losses");
  CHECK(Verdict(day.Intent("15:00", {.instrument = 4})) == "refused LOSSES");  // the rest of the session
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("10:00", {.instrument = 4})) == "approved 500");
}

TEST_CASE("S1-B6.2: the window is half-open, a third loss just 30 minutes after the first does not pause", "[risk]") {
  AccountDay day(AccountOnly());
  day.Lose("10:00", {.instrument = 1});
  day.Lose("10:10", {.instrument = 2});
  day.Intent("10:29", {.instrument = 3});
  day.Quote("10:29:01", 19.97, 20.00, 3);
  CHECK(day.Send(day.At("10:30:00.500").Mark(3, 19.88, 19.91)).empty());  // the first loss was at 10:00:00.500
  CHECK(Verdict(day.Intent("10:31", {.instrument = 4})) == "approved 500");
}

TEST_CASE("S1-B6.2: losses_pause ends the pause earlier than the session", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.mutable_account()->set_losses_pause_ns(Duration(std::chrono::minutes(20)).count());
  AccountDay day(profile);
  day.Lose("10:00", {.instrument = 1});
  day.Lose("10:01", {.instrument = 2});
  day.Lose("10:02", {.instrument = 3});
  CHECK(day.Send(day.At("10:03").Tick()).empty());
  CHECK(Verdict(day.Intent("10:22", {.instrument = 4})) == "refused LOSSES");
  CHECK(day.Intent("10:22:00.500", {.instrument = 4}) ==
        "10:22:00.500 resumed instance losses\n10:22:00.500 approved 500 cap=shares risk=60.00");
}

TEST_CASE("S1-B0.5: with a weekly target nothing more is entered in the week that reached it", "[risk]") {
  v1::Profile profile = Costless(1.0);
  profile.mutable_account()->set_week_target_e8(Dollars(700).e8());
  AccountDay day(profile);
  day.DayAfter(5);  // Wednesday
  day.Win("10:00", {.entry = 20.00, .stop = 19.20, .target = 21.398, .quantity_max = 500});
  CHECK(day.LastAccount().week_profit == Dollars(699));
  day.Win("10:20", {.instrument = 2, .entry = 20.00, .stop = 19.20, .target = 21.00, .quantity_max = 1});
  CHECK(day.Intent("10:40", {.instrument = 3}) == "10:40:00.000 refused WEEK_TARGET seen=700 limit=700 USD");
  day.DayAfter(6);
  CHECK(Verdict(day.Intent("10:00")) == "refused WEEK_TARGET");
  day.DayAfter(10);  // Monday
  CHECK(Verdict(day.Intent("10:00")).starts_with("approved"));
}

TEST_CASE("S1-B10.4, S1-AP.1, C-16: at most six trades a day, those that may still be entered included", "[risk]") {
  AccountDay day(AccountOnly());
  for (int i = 0; i < 5; ++i) {
    CHECK(Verdict(day.Win(fmt::format("10:{:02}", 5 * i))) == "approved 500");
  }
  CHECK(Verdict(day.Intent("10:30")) == "approved 500");
  CHECK(day.Intent("10:30:30", {.instrument = 2}) == "10:30:30.000 refused TRADES_PER_DAY seen=6 limit=6 trades");
  day.Send(day.At("10:31").Tick());  // expired, and never was a trade
  CHECK(Verdict(day.Win("10:31", {.instrument = 2})) == "approved 500");
  CHECK(Verdict(day.Intent("10:35", {.instrument = 3})) == "refused TRADES_PER_DAY");
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("10:00")) == "approved 500");
}

TEST_CASE("S1-AS.5, C-16: ofi-ram's nine trades a day", "[risk]") {
  CHECK(ShippedProfile("ofi-ram@1").account().trades_per_day() == 9);
  v1::Profile profile = AccountOnly();
  profile.mutable_account()->set_trades_per_day(9);
  AccountDay day(profile);
  for (int i = 0; i < 9; ++i) CHECK(Verdict(day.Win(fmt::format("10:{:02}", 5 * i))) == "approved 500");
  CHECK(day.Intent("11:00") == "11:00:00.000 refused TRADES_PER_DAY seen=9 limit=9 trades");
}

// Small-account's own windows and nothing else.
v1::Profile SmallAccountSchedule() {
  v1::Profile profile = AccountOnly();
  *profile.mutable_schedule() = SmallAccount().schedule();
  return profile;
}

TEST_CASE("S1-B9.2, S1-B9.3, S1-B9.4, S1-B9.6, C-17: three trades, then two, then none until the afternoon", "[risk]") {
  AccountDay day(SmallAccountSchedule());
  CHECK(Verdict(day.Intent("09:29:59.999")) == "refused SCHEDULE_CLOSED");
  CHECK(Verdict(day.Win("09:30")) == "approved 500");
  CHECK(Verdict(day.Win("09:40")) == "approved 500");
  CHECK(Verdict(day.Win("09:50")) == "approved 500");
  CHECK(day.Intent("10:29:59.999") == "10:29:59.999 refused TRADES_PER_WINDOW seen=3 limit=3 trades");
  CHECK(Verdict(day.Win("10:30")) == "approved 500");
  CHECK(Verdict(day.Win("10:40")) == "approved 500");
  CHECK(day.Intent("11:29:59.999") == "11:29:59.999 refused TRADES_PER_WINDOW seen=2 limit=2 trades");
  CHECK(Verdict(day.Intent("11:30")) == "refused SCHEDULE_CLOSED");
  CHECK(Verdict(day.Intent("13:59:59.999")) == "refused SCHEDULE_CLOSED");
  CHECK(Verdict(day.Win("14:00")) == "approved 500");
  CHECK(Verdict(day.Intent("14:10")) == "refused TRADES_PER_DAY");  // the sixth is behind it: the tighter acts
  CHECK(Verdict(day.Intent("15:00")) == "refused SCHEDULE_CLOSED");
}

TEST_CASE("S1-B9.5: from 14:00 to 15:00 two trades, only if the morning's closed trades earned something", "[risk]") {
  AccountDay day(SmallAccountSchedule());
  CHECK(day.Intent("14:00") == "14:00:00.000 refused WINDOW_NEEDS_PROFIT seen=0 limit=0 USD");

  AccountDay lost(SmallAccountSchedule());
  lost.Lose("09:30");
  CHECK(lost.Intent("14:00") == "14:00:00.000 refused WINDOW_NEEDS_PROFIT seen=-63.5 limit=0 USD");

  AccountDay won(SmallAccountSchedule());
  won.Win("09:30");
  CHECK(Verdict(won.Lose("14:00")) == "approved 500");
  CHECK(Verdict(won.Lose("14:10", {.instrument = 2})) == "approved 500");  // the morning's profit, not the day's
  CHECK(won.Intent("14:20", {.instrument = 3}) == "14:20:00.000 refused TRADES_PER_WINDOW seen=2 limit=2 trades");
  won.DayAfter(3);
  CHECK(Verdict(won.Intent("14:00")) == "refused WINDOW_NEEDS_PROFIT");  // of this day
}

TEST_CASE("S1-B9.1, S0-10.1, S1-A10.1: the universe is built every five minutes, so at 09:25, before any alert",
          "[risk]") {
  for (const char* name : {"ofi-classic@1", "ofi-ram@1", "small-account@1"}) {
    const v1::Profile profile = ShippedProfile(name);
    const Duration refresh(profile.universe().refresh_ns());
    REQUIRE(refresh > Duration::zero());
    CHECK((std::chrono::hours(9) + std::chrono::minutes(25)) % refresh == Duration::zero());
    RiskDay day(profile);
    CHECK(Verdict(day.IntentAt("09:25")) == "refused SCHEDULE_CLOSED");
  }
}

TEST_CASE("S1-B10.2, C-34: a cash account buys with settled cash; a sale settles the next trading day", "[risk]") {
  v1::Profile profile = Costless(1.0);
  profile.mutable_account()->set_type(v1::ACCOUNT_TYPE_CASH);
  AccountDay day(profile);
  const IntentFields fields{.entry = 20.00, .stop = 19.80, .target = 20.40};  // 2,000 shares, 40,000 dollars
  CHECK(day.Intent("10:00", fields) == "10:00:00.000 approved 2000 cap=risk risk=400.00");
  IntentFields other = fields;
  other.instrument = 2;
  CHECK(day.Intent("10:00:10", other) == "10:00:10.000 refused SETTLED_CASH seen=0 limit=20 USD");  // reserved
  day.Send(day.At("10:01").Tick());                                                                 // expired
  other.quantity_max = 1500;
  CHECK(Verdict(day.Win("10:02", other)) == "approved 1500");
  CHECK(day.LastAccount().cash == Dollars(40'600));
  CHECK(day.LastAccount().settled_cash == Dollars(10'000));
  CHECK(day.LastAccount().unsettled == std::vector<UnsettledCash>{{Dollars(30'600), 20250505}});
  CHECK(day.Intent("10:10", fields) == "10:10:00.000 approved 500 cap=settled_cash risk=100.00");
  day.Send(day.At("10:20").Tick());
  day.DayAfter(3);
  CHECK(day.LastAccount().settled_cash == Dollars(40'600));
  CHECK(Verdict(day.Intent("10:10", fields)) == "approved 2030");
}

TEST_CASE("S1-B10.2, C-34: limited margin buys with what is not settled too, and borrows nothing", "[risk]") {
  AccountDay day(Costless(1.0));
  const IntentFields fields{.entry = 20.00, .stop = 19.90, .target = 20.20};  // 4,000 shares by risk
  CHECK(day.Intent("10:00", fields) == "10:00:00.000 approved 2000 cap=settled_cash risk=200.00");
  day.Quote("10:00:00.250", 19.97, 20.00);
  day.Quote("10:00:00.500", 20.20, 20.23);
  CHECK(day.LastAccount().settled_cash == Money());
  CHECK(Verdict(day.Intent("10:10", fields)) == "approved 2020");
}

TEST_CASE("S1-B10.5: above 80,000 dollars sizes are made for 80,000, and it is said", "[risk]") {
  v1::Profile profile = Costless(0.25);
  profile.mutable_account()->clear_equity_max_e8();
  AccountDay day(profile);
  day.CarryEquity(100'000);
  CHECK(day.Intent("10:00", {.entry = 10.00, .stop = 9.90, .target = 10.20}) ==
        "10:00:00.000 approved 2000 cap=risk risk=200.00");
  const std::vector<std::string> warning = {
      "equity 100000.00 is above the ceiling 80000.00: sized on the ceiling; withdraw what is above"};
  CHECK(Last(day).warnings == warning);
  CHECK(Last(day).risk_percent == 0.25);
  CHECK(day.LastAccount().warnings == warning);
}

TEST_CASE("S1-BS.4, C-11, C-15: beyond 3,000 dollars of the month's drawdown 0.15% a trade are at risk", "[risk]") {
  v1::Profile profile = Costless(0.25);
  AccountDay day(profile);
  AccountSnapshot carried;
  carried.trading_day = 20250501;
  carried.equity = Dollars(40'000);
  carried.month_peak = Dollars(43'000);
  day.Carry(carried);
  CHECK(day.Intent("10:00") == "10:00:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.LastAccount().risk_percent == 0.25);
  carried.month_peak = Dollars(43'000.01);
  AccountDay worse(profile);
  worse.Carry(carried);
  CHECK(worse.LastAccount().risk_percent == 0.15);
  CHECK(worse.LastAccount().warnings ==
        std::vector<std::string>{"drawdown 3000.01 of the month is beyond 3000.00: 0.15% a trade at risk"});
  CHECK(worse.Intent("10:00") == "10:00:00.000 approved 500 cap=risk risk=60.00");
  worse.DayAfter(31);  // June: from its own peak
  CHECK(worse.LastAccount().risk_percent == 0.25);
}

TEST_CASE("S1-B0.8, C-36: 0.25% of 40,000 dollars are 100, of 30,000 are 75; six losses in a row are survived",
          "[risk]") {
  v1::Profile profile = Costless(0.25);
  AccountDay small(profile);
  small.CarryEquity(30'000);
  CHECK(small.Intent("10:00") == "10:00:00.000 approved 625 cap=risk risk=75.00");

  AccountDay day(profile);
  for (int i = 0; i < 6; ++i) {  // four a day: then the day's stop acts (C-36)
    if (i == 4) day.DayAfter(3);
    const std::string answer = day.Lose(fmt::format("10:{:02}", 10 * (i % 4)), {.stop = 19.00, .target = 22.00});
    CHECK(Verdict(answer) == (i == 0 ? "approved 100" : i < 5 ? "approved 99" : "approved 98"));
  }
  CHECK(day.LastAccount().record.trades == 6);
  day.DayAfter(4);
  CHECK(Verdict(day.Intent("10:00")).starts_with("approved"));
}

TEST_CASE("S1-B0.4, S1-B5.4, S1-B5.5, EX-06, C-31: 1,111 shares of risk are capped at 500, 45 dollars, 0.1125%",
          "[risk]") {
  AccountDay day(SmallAccount());
  day.Stage("full");
  const IntentFields fields{.entry = 12.04, .stop = 11.95, .target = 12.22};
  CHECK(day.Intent("10:00", fields) == "10:00:00.000 approved 500 cap=shares risk=45.00");
  CHECK(Last(day).risk_percent == 100 * 45.0 / 40'000);
  CHECK(Last(day).stage == "full");
  day.Quote("10:00:00.250", 12.01, 12.04);
  day.Quote("10:00:00.500", 12.22, 12.25);
  CHECK(day.LastAccount().trade->profit_net == Dollars(86.50));  // 500 * 0.18 - 3.50

  v1::Profile uncapped = AccountOnly();
  uncapped.mutable_sizing()->clear_shares_max_e8();
  AccountDay free(uncapped);
  CHECK(free.Intent("10:00", fields) == "10:00:00.000 approved 1111 cap=risk risk=99.99");
}

TEST_CASE("S1-B7.1, S1-B7.3, S1-B7.4: the stages' lots; the first is in force until another is set", "[risk]") {
  AccountDay day(SmallAccount());
  CHECK(day.Intent("09:30", {.entry = 12.04, .stop = 11.95, .target = 12.22}) ==
        "09:30:00.000 approved 100 cap=stage risk=9.00");  // about ten dollars
  CHECK(Last(day).stage == "shadow");
  CHECK(day.LastAccount().stage == "shadow");
  day.Send(day.At("09:35").Tick());
  day.Stage("micro");
  CHECK(day.LastAccount().stage == "micro");
  CHECK(day.Intent("09:50", {.instrument = 2}) == "09:50:00.000 approved 300 cap=stage risk=36.00");
  day.Stage("full");
  CHECK(day.Intent("10:10", {.instrument = 3}) == "10:10:00.000 approved 500 cap=shares risk=60.00");
  CHECK(Last(day).stage == "full");
}

TEST_CASE("S1-B7.1: a stage that the profile does not have is refused and counted, the old one stays", "[risk]") {
  AccountDay day(SmallAccount());
  day.Stage("micro");
  CHECK(day.processor().configurations_refused() == 0);
  day.Stage("huge");
  day.Stage("");
  CHECK(day.processor().configurations_refused() == 2);
  CHECK(day.LastAccount().stage == "micro");
  AccountDay none(AccountOnly());
  none.Stage("micro");
  CHECK(none.processor().configurations_refused() == 1);
  CHECK(none.LastAccount().stage.empty());
}

TEST_CASE("S1-B7.2, S1-B7.5: below 55% after 50 trades the stage is given up, at 55% it goes on", "[risk]") {
  v1::Profile profile = AccountOnly();
  *profile.mutable_stages() = SmallAccount().stages();
  const auto day_with = [&](uint64_t trades, uint64_t wins) {
    AccountDay day(profile);
    AccountSnapshot carried;
    carried.trading_day = 20250501;
    carried.equity = carried.month_peak = Dollars(40'000);
    carried.stage = "shadow";
    carried.record = carried.stage_record = {.trades = trades, .wins = wins, .sum_r = 0};
    day.Carry(carried);
    day.Lose("10:00");
    return day;
  };
  AccountDay early = day_with(48, 0);  // 49 now
  CHECK(Verdict(early.Intent("10:30")) == "approved 100");
  AccountDay lost = day_with(49, 27);  // 27 of 50 are 54%
  CHECK(lost.Intent("10:30") == "10:30:00.000 refused STAGE_ABORTED seen=54 limit=55 %");
  CHECK(Last(lost).detail == "shadow");
  CHECK(lost.LastAccount().stage_aborted);
  lost.DayAfter(3);
  CHECK(Verdict(lost.Intent("10:30")) == "refused STAGE_ABORTED");
  AccountDay good = day_with(99, 55);  // 55 of 100
  CHECK(Verdict(good.Intent("10:30")) == "approved 100");
  lost.Stage("shadow");  // begun anew
  CHECK(Verdict(lost.Intent("10:31")) == "approved 100");
}

TEST_CASE("S1-B6.1: small-account's same ticker waits fifteen minutes", "[risk]") {
  AccountDay day(SmallAccount());
  day.Intent("09:30");
  CHECK(Verdict(day.Intent("09:44:59.999")) == "refused SAME_TICKER_COOLDOWN");
  CHECK(Last(day).limit == 900);
  CHECK(Verdict(day.Intent("09:45")) == "approved 100");
}

TEST_CASE("S1-B6.4, C-13, EX-07: small-account: beyond three an hour one in twenty minutes, next allowed 11:00",
          "[risk]") {
  AccountDay day(SmallAccount());
  CHECK(Verdict(day.Intent("10:00", {.instrument = 1})) == "approved 100");
  CHECK(Verdict(day.Intent("10:20", {.instrument = 2})) == "approved 100");
  CHECK(Verdict(day.Intent("10:40", {.instrument = 3})) == "approved 100");
  CHECK(day.Intent("10:50", {.instrument = 4}) == "10:50:00.000 refused ALERTS_PER_HOUR seen=600 limit=1200 s");
  CHECK(Verdict(day.Intent("10:59:59.999", {.instrument = 4})) == "refused ALERTS_PER_HOUR");
  CHECK(day.Intent("11:00", {.instrument = 4}) == "11:00:00.000 approved 100 cap=stage risk=12.00");
}

TEST_CASE("S1-B4.4, C-18: small-account: more than 3% within 60 seconds stops every symbol", "[risk]") {
  AccountDay day(SmallAccount());
  day.Quote("10:00:00", 9.99, 10.01);
  CHECK(day.Send(day.At("10:00:59").Mark(1, 10.29, 10.31)).empty());  // 3% exactly
  CHECK(day.Send(day.At("10:00:59.500").Mark(1, 10.30, 10.32)) == "10:00:59.500 paused global price_move");
  CHECK(Verdict(day.Intent("10:01", {.instrument = 2})) == "refused GLOBAL_HALT");
}

TEST_CASE("IR-8: six alerts a day, one a symbol, 45 minutes between any, two after a cancel", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.clear_account();
  *profile.mutable_scarcity() = ShippedProfile("ram-observed@1").scarcity();
  profile.mutable_scarcity()->set_alerts_per_day(3);
  AccountDay day(profile);
  CHECK(Verdict(day.Intent("09:30", {.instrument = 1})) == "approved 500");
  CHECK(day.Intent("10:14:59.999", {.instrument = 2}).find("refused COOLDOWN seen=2699.999 limit=2700 s") !=
        std::string::npos);
  CHECK(Verdict(day.Intent("10:15", {.instrument = 2})) == "approved 500");
  CHECK(day.Intent("11:00", {.instrument = 1}) == "11:00:00.000 refused ALERTS_PER_SYMBOL_DAY seen=1 limit=1 alerts");
  CHECK(Verdict(day.Intent("11:00", {.instrument = 3})) == "approved 500");
  CHECK(day.Intent("11:45", {.instrument = 4}) == "11:45:00.000 refused ALERTS_PER_DAY seen=3 limit=3 alerts");
  day.DayAfter(3);
  CHECK(Verdict(day.Intent("09:30", {.instrument = 1})) == "approved 500");

  profile.mutable_scarcity()->clear_cooldown_ns();
  AccountDay cancelled(profile);
  const auto cancel = [&](const EventId& signal) {
    cancelled.Send(cancelled.lane.Make(SignalCancelled{.signal = signal, .rule = CancelRule::kHalt}, 1,
                                       StrategyInstanceIdOf("classic#1")));
  };
  cancelled.Intent("10:00", {.instrument = 1});
  cancelled.At("10:00:10");
  cancel(EventId{9, 9});  // nobody was told of it
  CHECK(Verdict(cancelled.Intent("10:00:20", {.instrument = 2})) == "approved 500");
  cancelled.At("10:00:30");
  cancel(EventId{1, 1});
  CHECK(cancelled.Intent("10:01:00", {.instrument = 3}) == "10:01:00.000 refused AFTER_CANCEL seen=30 limit=120 s");
  CHECK(Verdict(cancelled.Intent("10:02:30", {.instrument = 3})) == "approved 500");
}

TEST_CASE("S1-B8.4, C-19: confirm asks a person, shadow instances never", "[risk]") {
  v1::Profile profile = AccountOnly();
  profile.set_execution_mode(v1::EXECUTION_MODE_CONFIRM);
  AccountDay day(profile);
  OpenAccount(day);
  day.Intent("10:00");
  CHECK(Last(day).route == Route::kConfirm);
  day.Intent("10:20", {.shadow = true});
  CHECK(Last(day).route == Route::kAlert);
}

TEST_CASE("risk: a decision carries the record of the account before the trade", "[risk]") {
  AccountDay day(AccountOnly());
  day.Win("10:00");
  day.Lose("10:10");
  day.Intent("10:20");
  CHECK(Last(day).record == SetupRecord{.trades = 2, .wins = 1, .sum_r = 116.5 / 60 - 63.5 / 60});
}

}  // namespace
}  // namespace spillway::test
