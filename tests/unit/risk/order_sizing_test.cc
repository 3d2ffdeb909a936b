// How big an intent that becomes an order may be.
#include "services/risk/sizing.h"
#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

void MarkAll(OrderDay& day, double bid, double ask) {
  for (InstrumentId id = 1; id <= 4; ++id) day.MarkAt(id, bid, ask);
}

TEST_CASE("EX-40, C-49, S4-SC10.3, S4-R10.3.1, S4-R11.1.2: 500 by risk, 400 by 20% of the account; the cap is named",
          "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_position_percent(20);
  OrderDay day(risk);
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask() == "approved 400");
  CHECK(day.decision().binding_cap == SizeCap::kPositionNotional);
  REQUIRE(day.Cap(SizeCap::kRisk) != nullptr);
  CHECK(*day.Cap(SizeCap::kRisk) ==
        CapRoom{.cap = SizeCap::kRisk, .quantity = Quantity::Units(500), .used = 0, .limit = 1000, .unit = "USD"});
  REQUIRE(day.Cap(SizeCap::kPositionNotional) != nullptr);
  CHECK(*day.Cap(SizeCap::kPositionNotional) == CapRoom{.cap = SizeCap::kPositionNotional,
                                                        .quantity = Quantity::Units(400),
                                                        .used = 0,
                                                        .limit = 20'000,
                                                        .unit = "USD"});
  CHECK(day.decision().risk.ToString() == "800.00");
}

TEST_CASE("S4-SC10.3, S3-A3.1: without the cap 500, from equity, percent and stop distance", "[risk]") {
  OrderDay day;
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask() == "approved 500");
  CHECK(day.decision().binding_cap == SizeCap::kRisk);
}

TEST_CASE("S4-R11.1.1: 0.75% at risk instead of 1% is three quarters of the size", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_sizing()->set_risk_percent(0.75);
  OrderDay day(OpenRisk(), profile);
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask() == "approved 375");
}

TEST_CASE("S4-R11.1.3: an order without a stop behind its entry is refused, whatever else it says", "[risk]") {
  OrderDay day;
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask(1, {.entry = 50, .stop = 50, .target = 54}) == "refused STOP_INVALID");
  CHECK(day.Ask(1, {.entry = 50, .stop = 0, .target = 54}) == "refused STOP_INVALID");
  CHECK(day.Ask(1, {.entry = 50, .stop = 51, .target = 54}) == "refused STOP_INVALID");
}

TEST_CASE("S4-R11.1.4: stops of 2.5 ATR and of 3% each make their size from their distance", "[risk]") {
  OrderDay day;
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask(1, {.entry = 50, .stop = 50 - 2.5 * 0.4, .target = 54}) == "approved 1000");
  CHECK(day.Ask(2, {.entry = 50, .stop = 50 * 0.97, .target = 54}) == "approved 666");  // 1000 / 1.50
}

TEST_CASE("EX-05, EX-06, FX-13, S4-R10.3.3: an order has the size that the alert would have had, in whole units",
          "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_sizing()->set_equity_e8(40'000 * 100'000'000LL);
  profile.mutable_sizing()->set_risk_percent(0.25);
  OrderDay classic(OpenRisk(), profile);
  CHECK(classic.Ask(1, {}) == "approved 833");
  CHECK(classic.decision().risk.ToString() == "99.96");
  profile.mutable_sizing()->set_shares_max_e8(500 * 100'000'000LL);
  OrderDay small(OpenRisk(), profile);
  MarkAll(small, 12.00, 12.03);
  CHECK(small.Ask(1, {.entry = 12.04, .stop = 11.95, .target = 12.22}) == "approved 500");
  CHECK(small.decision().binding_cap == SizeCap::kShares);
  CHECK(small.Cap(SizeCap::kRisk)->quantity == Quantity::Units(1111));
  CHECK(small.decision().risk.ToString() == "45.00");
}

TEST_CASE(
    "C-31, S4-R10.3.2, S4-R11.2.1, S3-A3.4: with 20% each the 50% cap binds at the third; each cap shows its room",
    "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_position_percent(20);
  risk.mutable_exposure()->set_gross_percent(50);
  OrderDay day(risk);
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask(1) == "approved 400");
  CHECK(day.Ask(2) == "approved 400");
  CHECK(day.Ask(3) == "approved 200");
  CHECK(day.decision().binding_cap == SizeCap::kGrossExposure);
  CHECK(day.Cap(SizeCap::kGrossExposure)->used == 40'000);
  CHECK(day.Cap(SizeCap::kGrossExposure)->limit == 50'000);
  CHECK(day.Ask(4) == "refused GROSS_EXPOSURE");
  CHECK(day.decision().seen == 50'000);
  CHECK(day.decision().limit == 50'000);
  CHECK(day.decision().unit == "USD");
  CHECK(day.Cap(SizeCap::kPositionNotional)->quantity == Quantity::Units(400));  // what was not the reason is shown too
}

TEST_CASE("S3-A3.4, FX-104: net and sector exposure; shorts take from the net, not from the gross", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_net_percent(10);
  risk.mutable_exposure()->set_sector_percent(15);
  OrderDay day(risk);
  day.Define(1, "SYM1", "energy");
  day.Define(2, "SYM2", "energy");
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask(1) == "approved 200");
  CHECK(day.decision().binding_cap == SizeCap::kNetExposure);
  const Event first = day.intent;
  CHECK(day.Ask(2) == "refused NET_EXPOSURE");
  // A short that is only reserved frees nothing: it may never be filled.
  const IntentFields sell{.entry = 50, .stop = 52, .target = 46, .side = Side::kAsk};
  CHECK(day.Ask(3, sell) == "approved 200");
  CHECK(day.Ask(2) == "refused NET_EXPOSURE");
  // Filled, at 50: the long is worth 9,998 at its exit side, the short takes 10,000 off.
  day.Entered(first, 200, 50);
  const Event second = day.intent;
  (void)second;
  CHECK(day.Ask(2, sell) == "approved 100");
  CHECK(day.decision().binding_cap == SizeCap::kSectorExposure);
}

TEST_CASE("FX-72, S3-A3.2: the size follows target over realised volatility, between a quarter and all", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->set_volatility_target_percent(20);
  OrderDay day(risk);
  CHECK(day.Ask() == "refused VOLATILITY_UNKNOWN");
  const auto hour = [&](OrderDay& of, double step) {
    of.lane.At("09:30");
    for (int minute = 0; minute <= 61; ++minute) {
      const double bid = 50 + (minute % 2 == 0 ? 0 : step);
      of.MarkAt(1, bid - 0.01, bid + 0.01);
      of.lane.At(of.lane.now() + std::chrono::minutes(1));
    }
  };
  // Returns of +-x a minute: x * sqrt(98280) a year, nearly.
  hour(day, 0.05);  // 0.1%: 31.6% a year
  CHECK(day.Ask() == "approved 316");
  CHECK(day.decision().binding_cap == SizeCap::kRisk);
  CHECK(day.Cap(SizeCap::kVolatility)->unit == "%");
  CHECK_THAT(day.Cap(SizeCap::kVolatility)->limit, Catch::WithinAbs(63.3, 0.2));
  OrderDay calm(risk);
  hour(calm, 0.01);
  CHECK(calm.Ask() == "approved 500");
  OrderDay wild(risk);
  hour(wild, 1);
  CHECK(wild.Ask() == "approved 125");
}

TEST_CASE("FX-73, S3-A3.3: at most a quarter of the touch and a tenth of the last minute's volume", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->clear_touch_fraction();
  risk.mutable_orders()->clear_minute_volume_fraction();
  OrderDay day(risk);
  IntentFields fields{.entry = 50, .stop = 48, .target = 54, .minute_volume = 4'999};
  day.MarkAt(1, 49.99, 50, 1'203);
  CHECK(day.Ask(1, fields) == "approved 300");
  CHECK(day.decision().binding_cap == SizeCap::kTouch);
  day.MarkAt(2, 49.99, 50, 100'000);
  CHECK(day.Ask(2, fields) == "approved 499");
  CHECK(day.decision().binding_cap == SizeCap::kMinuteVolume);
  day.MarkAt(3, 49.99, 50, 3);
  CHECK(day.Ask(3, fields) == "refused SIZE_ZERO");
  CHECK(day.decision().binding_cap == SizeCap::kTouch);
  fields.minute_volume = std::nullopt;
  CHECK(day.Ask(2, fields) == "refused LIQUIDITY_UNKNOWN");
}

TEST_CASE("FX-102, C-53, S4-R3.2.3: in a spike the stop goes first, the size follows it, then 0.7 of that", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->mutable_volatility_spike()->set_multiple(2);
  OrderDay day(risk);
  CHECK(day.Ask() == "refused VOLATILITY_UNKNOWN");
  // An hour in which the price hardly moves, then a quarter of an hour with a range of 2 in each five minutes.
  day.lane.At("10:00");
  for (int minute = 0; minute < 80; ++minute) {
    const double bid = minute < 60 ? 50 + 0.01 * (minute % 2) : 50 + 2.0 * (minute % 2);
    day.MarkAt(1, bid - 0.01, bid + 0.01);
    day.lane.At(day.lane.now() + std::chrono::minutes(1));
  }
  day.MarkAt(1, 49.99, 50);
  CHECK(day.Ask() == "approved 233");  // 1000 / 3 = 333, x 0.7 = 233
  REQUIRE(day.decision().stop);
  CHECK(day.decision().stop->ToString() == "47.00");
  CHECK(day.decision().risk.ToString() == "699.00");
  CHECK(day.Cap(SizeCap::kRisk)->quantity == Quantity::Units(333));
  CHECK(day.Cap(SizeCap::kVolatilitySpike)->limit == 70);
  // A short's stop goes up, to the tick.
  CHECK(day.Ask(1, {.entry = 50, .stop = 52.005, .target = 46, .side = Side::kAsk}) == "refused OPPOSITE_POSITION");
}

TEST_CASE("S4-R3.2.1, S4-R3.2.2: ATR of five minutes times sqrt(12) against the ATR of an hour; quiet is no spike",
          "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->mutable_volatility_spike();
  OrderDay day(risk);
  day.lane.At("10:00");
  for (int minute = 0; minute < 80; ++minute) {
    day.MarkAt(1, 49.19 + 0.01 * minute, 49.21 + 0.01 * minute);  // a steady walk
    day.lane.At(day.lane.now() + std::chrono::minutes(1));
  }
  CHECK(day.Ask() == "approved 500");
  CHECK_FALSE(day.decision().stop);
}

TEST_CASE("FX-102: a stop at a factor of its distance is on the tick, never nearer, above 0", "[risk]") {
  const auto stop = [](double entry, double before, double factor) {
    return risk::StopAt({.entry = Usd(entry), .stop = Usd(before), .tick = Usd(0.01)}, risk::MillionthsOf(factor))
        .ToString();
  };
  CHECK(stop(50, 48, 1.5) == "47.00");
  CHECK(stop(50, 52, 1.5) == "53.00");
  CHECK(stop(20, 19.97, 1.5) == "19.95");  // 19.955
  CHECK(stop(20, 20.03, 1.5) == "20.05");
  CHECK(stop(50, 48, 0.8) == "48.40");
  CHECK(stop(1, 0.2, 1.5) == "0.01");
}

TEST_CASE("sizing: alerts list the caps that were looked at and keep their size", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.set_execution_mode(v1::EXECUTION_MODE_ALERT_ONLY);
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_position_percent(1);
  OrderDay day(risk, profile);
  MarkAll(day, 49.99, 50);
  CHECK(day.Ask() == "approved 500");
  CHECK(day.decision().caps.size() == 1);
  CHECK(day.processor().broker().reservations().empty());
}

}  // namespace
}  // namespace spillway::test
