// The breakers alone, told equities, fills and acknowledgements.
#include "services/risk/breakers.h"

#include <cmath>

#include "tests/catch.h"

namespace spillway::test {
namespace {

using namespace spillway::risk;

Money Usd(double dollars) {
  return Money::FromE8(std::llround(dollars * 1e8));
}
MoneyLimit PercentLimit(double percent) {
  return {.amount = std::nullopt, .part = MillionthsOf(percent / 100)};
}
MoneyLimit AmountLimit(double dollars) {
  return {.amount = Usd(dollars), .part = std::nullopt};
}

// The step after the day went from 100,000 to `equity`.
LossStep After(double equity, const DailyLossLimits& limits) {
  DailyLoss day;
  day.BeginDay();
  REQUIRE(day.See(Usd(100'000), limits) == LossStep::kNone);
  return day.See(Usd(equity), limits);
}

TEST_CASE("EX-43, S4-R10.4.2, S4-SC10.4: a day's loss of exactly 3% trades on, of 3.1% closes all",
          "[risk][breakers]") {
  const DailyLossLimits limits{.no_new_entries = {}, .flatten = PercentLimit(3)};
  CHECK(After(97'000.00, limits) == LossStep::kNone);
  CHECK(After(96'999.99, limits) == LossStep::kFlatten);
  CHECK(After(96'900.00, limits) == LossStep::kFlatten);
}

TEST_CASE("C-14, S3-B3.3: the ladder has two steps; of amount and percent the tighter acts", "[risk][breakers]") {
  // small-account: 400 $ ends entries, 600 $ or 1.5% closes.
  DailyLossLimits limits{.no_new_entries = AmountLimit(400), .flatten = {Usd(600), MillionthsOf(0.015)}};
  DailyLoss day;
  day.BeginDay();
  CHECK(day.See(Usd(40'000), limits) == LossStep::kNone);
  CHECK(day.See(Usd(39'600), limits) == LossStep::kNone);
  CHECK(day.See(Usd(39'599), limits) == LossStep::kNoNewEntries);
  CHECK(day.See(Usd(40'500), limits) == LossStep::kNoNewEntries);  // for the rest of the day
  CHECK(day.See(Usd(39'399), limits) == LossStep::kFlatten);
  CHECK(day.profit() == Usd(-601));
  CHECK(*day.Limit(LossStep::kFlatten, limits) == Usd(600));
  limits.flatten.part = MillionthsOf(0.01);
  CHECK(*day.Limit(LossStep::kFlatten, limits) == Usd(400));
}

TEST_CASE("S4-R10.4.1: a day's profit counts from its first equity, and each day anew", "[risk][breakers]") {
  const DailyLossLimits limits{.no_new_entries = {}, .flatten = PercentLimit(3)};
  DailyLoss day;
  CHECK_FALSE(day.profit());
  day.See(Usd(100'000), limits);
  day.See(Usd(96'000), limits);
  CHECK(day.step() == LossStep::kFlatten);
  day.BeginDay();
  CHECK(day.step() == LossStep::kNone);
  CHECK(day.See(Usd(96'000), limits) == LossStep::kNone);
  CHECK(day.profit() == Usd(0));
  CHECK(day.See(Usd(93'500), limits) == LossStep::kNone);  // 2.6% of 96,000
}

TEST_CASE("S4-R10.4.3: an override lets the limits count from the equity then", "[risk][breakers]") {
  const DailyLossLimits limits{.no_new_entries = {}, .flatten = PercentLimit(3)};
  DailyLoss day;
  day.See(Usd(100'000), limits);
  day.See(Usd(96'900), limits);
  day.Override(Usd(96'900));
  CHECK(day.See(Usd(93'900), limits) == LossStep::kNone);
  CHECK(day.See(Usd(93'899), limits) == LossStep::kFlatten);
  CHECK(day.profit() == Usd(-6'101));  // of the day, whatever was overridden
}

TEST_CASE("EX-43, S4-SC11.1, S4-R11.3.1: five losses of 1% are a drawdown of 4.90%, and no breaker acts",
          "[risk][breakers]") {
  Drawdowns drawdowns;
  drawdowns.BeginDay(20250502);
  double equity = 100'000;
  drawdowns.See(Usd(equity));
  for (int i = 0; i < 5; ++i) drawdowns.See(Usd(equity *= 0.99));
  CHECK(drawdowns.Of(DrawdownHorizon::kAllTime).value == 49'009);  // 4.90%
  const std::vector<DrawdownLimits> limits{{.horizon = DrawdownHorizon::kAllTime,
                                            .reduce = MillionthsOf(0.06),
                                            .size_factor = MillionthsOf(0.5),
                                            .stop_factor = MillionthsOf(0.8),
                                            .flatten = MillionthsOf(0.2)}};
  CHECK(drawdowns.Flattens(limits) == nullptr);
  CHECK(drawdowns.Factors(limits).size.value == 1'000'000);
  CHECK(drawdowns.Warnings(limits).empty());
}

TEST_CASE("S4-SC11.2, S4-R11.3.2, S4-R11.3.3: at 15% sizes are halved and stops nearer, at 20% all is closed",
          "[risk][breakers]") {
  const std::vector<DrawdownLimits> limits{{.horizon = DrawdownHorizon::kAllTime,
                                            .reduce = MillionthsOf(0.15),
                                            .size_factor = MillionthsOf(0.5),
                                            .stop_factor = MillionthsOf(0.8),  // 2.0 ATR for 2.5
                                            .flatten = MillionthsOf(0.20)}};
  Drawdowns drawdowns;
  drawdowns.BeginDay(20250502);
  drawdowns.See(Usd(100'000));
  drawdowns.See(Usd(85'000.01));
  CHECK(drawdowns.Factors(limits).size.value == 1'000'000);
  drawdowns.See(Usd(85'000));
  CHECK(drawdowns.Factors(limits).size.value == 500'000);
  CHECK(drawdowns.Factors(limits).stop.value == 800'000);
  CHECK(drawdowns.Warnings(limits) ==
        std::vector<std::string>{"drawdown (all_time) of the account 15.00% has reached 15.00%: sizes x 0.50, "
                                 "stops x 0.80; at 20.00% all is closed"});
  CHECK(drawdowns.Flattens(limits) == nullptr);
  drawdowns.See(Usd(80'000));
  CHECK(drawdowns.Flattens(limits) == &limits[0]);
  // A person looked: closing counts from here, sizes stay reduced until the equity is back.
  drawdowns.Review();
  CHECK(drawdowns.Flattens(limits) == nullptr);
  CHECK(drawdowns.Factors(limits).size.value == 500'000);
  drawdowns.See(Usd(64'000));
  CHECK(drawdowns.Flattens(limits) == &limits[0]);
  drawdowns.See(Usd(90'000));
  CHECK(drawdowns.Factors(limits).size.value == 1'000'000);
}

TEST_CASE("C-15, S3-B3.4: each horizon has a peak of its own", "[risk][breakers]") {
  Drawdowns drawdowns;
  drawdowns.BeginDay(20250430);
  for (const double equity : {100'000.0, 110'000.0, 99'000.0}) drawdowns.See(Usd(equity));
  CHECK(drawdowns.Of(DrawdownHorizon::kIntradayPeak).value == 100'000);
  CHECK(drawdowns.Of(DrawdownHorizon::kDay).value == 10'000);
  CHECK(drawdowns.Of(DrawdownHorizon::kMonth).value == 100'000);
  drawdowns.BeginDay(20250501);  // another month
  for (const double equity : {99'000.0, 100'000.0, 98'010.0}) drawdowns.See(Usd(equity));
  CHECK(drawdowns.Of(DrawdownHorizon::kIntradayPeak).value == 19'900);
  CHECK(drawdowns.Of(DrawdownHorizon::kDay).value == 10'000);
  CHECK(drawdowns.Of(DrawdownHorizon::kMonth).value == 19'900);
  CHECK(drawdowns.Of(DrawdownHorizon::kAllTime).value == 109'000);
  drawdowns.BeginDay(20250502);
  drawdowns.See(Usd(98'010));
  CHECK(drawdowns.Of(DrawdownHorizon::kIntradayPeak).value == 0);
  CHECK(drawdowns.Of(DrawdownHorizon::kMonth).value == 19'900);  // goes on
}

TEST_CASE("S3-B3.5, FX-74: three fills worse than 5 bps within 10 minutes are an anomaly", "[risk][breakers]") {
  const AnomalyLimits limits;
  const Time start{std::chrono::hours(1)};
  SlippageWatch watch;
  CHECK_FALSE(watch.See(6, start, limits));
  CHECK_FALSE(watch.See(5, start, limits));  // exactly the limit is not beyond it
  CHECK_FALSE(watch.See(-9, start, limits));
  CHECK_FALSE(watch.See(6, start + std::chrono::minutes(5), limits));
  CHECK_FALSE(watch.See(6, start + std::chrono::minutes(10), limits));  // the first has left the window
  CHECK(watch.Beyond(start + std::chrono::minutes(10), limits) == 2);
  const std::optional<Anomaly> anomaly = watch.See(6, start + std::chrono::minutes(11), limits);
  REQUIRE(anomaly);
  CHECK(anomaly->seen == 3);
  CHECK(anomaly->limit == 3);
  CHECK_FALSE(watch.See(6, start + std::chrono::minutes(11), limits));  // counts begin anew
}

TEST_CASE("FX-74: where slippage is large as a rule, the limit is the mean plus 4 sigma of 100 fills",
          "[risk][breakers]") {
  const AnomalyLimits limits;
  const Time now{std::chrono::hours(1)};
  SlippageWatch watch;
  for (int i = 0; i < 100; ++i) watch.See(i % 2 == 0 ? 8 : 12, now - std::chrono::minutes(30), limits);
  CHECK_THAT(watch.Threshold(limits), WithinAbs(10 + 4 * std::sqrt(400.0 / 99), 1e-9));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(watch.See(15, now, limits));
  std::optional<Anomaly> anomaly;
  for (int i = 0; i < 3; ++i) anomaly = watch.See(40, now, limits);
  CHECK(anomaly);
}

TEST_CASE("S3-B3.5, FX-75: the 95th percentile of 20 acknowledgements above 2 s, or 5 medians of the day",
          "[risk][breakers]") {
  const AnomalyLimits limits;
  const auto ms = [](int64_t count) { return Duration(std::chrono::milliseconds(count)); };
  SECTION("the fixed limit") {
    LatencyWatch watch;
    for (int i = 0; i < 18; ++i) CHECK_FALSE(watch.See(ms(900), limits));
    CHECK_FALSE(watch.See(ms(2001), limits));
    CHECK_FALSE(watch.Percentile95(limits));  // too few
    CHECK(watch.See(ms(2001), limits));       // the 19th of 20 is above it
  }
  SECTION("exactly the limit is not above it") {
    LatencyWatch watch;
    for (int i = 0; i < 40; ++i) CHECK_FALSE(watch.See(ms(2000), limits));
  }
  SECTION("a multiple of the day's median") {
    LatencyWatch watch;
    for (int i = 0; i < 60; ++i) CHECK_FALSE(watch.See(ms(100), limits));
    CHECK(watch.Limit(limits) == ms(500));
    CHECK_FALSE(watch.See(ms(501), limits));
    const std::optional<Anomaly> anomaly = watch.See(ms(501), limits);
    REQUIRE(anomaly);
    CHECK(anomaly->seen == 501);
    CHECK(anomaly->limit == 500);
  }
  SECTION("a machine's jitter is none") {
    LatencyWatch watch;
    for (int i = 0; i < 60; ++i) CHECK_FALSE(watch.See(Duration(std::chrono::microseconds(200)), limits));
    for (int i = 0; i < 20; ++i) CHECK_FALSE(watch.See(ms(100), limits));
    CHECK(watch.See(ms(101), limits) == std::nullopt);
    CHECK(watch.See(ms(101), limits));
  }
}

}  // namespace
}  // namespace spillway::test
