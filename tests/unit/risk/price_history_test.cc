#include "services/risk/price_history.h"

#include <cmath>
#include <random>

#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using risk::PriceHistory;

Quote Around(double mid) {
  return {Usd(mid - 0.01), Usd(mid + 0.01), Quantity::Units(100), Quantity::Units(100)};
}
Time Minute(int minute) {
  return NewYork("09:30") + std::chrono::minutes(minute);
}

TEST_CASE("FX-98: Pearson's r of one-minute log returns, as of the textbook formula", "[risk]") {
  PriceHistory history;
  std::mt19937_64 random(7);
  const auto move = [&] { return (static_cast<double>(random() % 2001) - 1000) / 1e4; };
  std::vector<double> a{50}, b{80};
  for (int minute = 0; minute < 61; ++minute) {
    const double common = move();
    a.push_back(std::round((a.back() + common + move()) * 1e4) / 1e4);
    b.push_back(std::round((b.back() + common + move()) * 1e4) / 1e4);
  }
  for (int minute = 0; minute < 61; ++minute) {
    history.See(1, Around(a[static_cast<size_t>(minute)]), Minute(minute));
    history.See(2, Around(b[static_cast<size_t>(minute)]), Minute(minute));
  }
  double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (size_t i = 1; i < 61; ++i) {
    const double x = std::log(a[i] / a[i - 1]);
    const double y = std::log(b[i] / b[i - 1]);
    sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y;
  }
  const double expected = (60 * sxy - sx * sy) / std::sqrt((60 * sxx - sx * sx) * (60 * syy - sy * sy));
  const std::optional<double> r = history.Correlation(1, 2, Minute(61), 60);
  REQUIRE(r);
  CHECK_THAT(*r, Catch::WithinAbs(expected, 1e-9));
  CHECK(*r > 0.2);
  CHECK_THAT(*history.Correlation(2, 1, Minute(61), 60), Catch::WithinAbs(*r, 1e-12));
  CHECK_THAT(*history.Correlation(1, 1, Minute(61), 60), Catch::WithinAbs(1, 1e-12));
}

TEST_CASE("FX-98: too few common minutes, a flat price or an unknown symbol say nothing", "[risk]") {
  PriceHistory history;
  for (int minute = 0; minute < 20; ++minute) {
    history.See(1, Around(50 + 0.1 * (minute % 2)), Minute(minute));
    history.See(2, Around(80), Minute(minute));
  }
  CHECK_FALSE(history.Correlation(1, 1, Minute(20), 20));
  CHECK(history.Correlation(1, 1, Minute(20), 19));
  CHECK_FALSE(history.Correlation(1, 2, Minute(20), 10));
  CHECK_FALSE(history.Correlation(1, 3, Minute(20), 10));
}

TEST_CASE("FX-72: the last mid stands in minutes without a quote, and a long silence begins anew", "[risk]") {
  PriceHistory history;
  history.See(1, Around(50), Minute(0));
  history.See(1, Around(51), Minute(1));
  const double once = 100 * std::sqrt(98280.0);
  CHECK_FALSE(history.RealisedVolatility(1, Minute(30), 98280));
  const std::optional<double> after = history.RealisedVolatility(1, Minute(31), 98280);
  REQUIRE(after);  // 30 returns, one of them ln(51/50)
  const double x = std::log(51.0 / 50), mean = x / 30;
  const double deviation = std::sqrt(((x - mean) * (x - mean) + 29 * mean * mean) / 29);
  CHECK_THAT(*after, Catch::WithinAbs(once * deviation, 1e-6));
  CHECK_FALSE(history.RealisedVolatility(1, Minute(1 + 4 * 60 + 1), 98280));
  history.See(1, Around(50), Minute(500));
  CHECK_FALSE(history.RealisedVolatility(1, Minute(520), 98280));
}

TEST_CASE("FX-93, S4-R3.2.1, C-52: five-minute against hourly true ranges, with and without sqrt(12)", "[risk]") {
  PriceHistory history;
  CHECK_FALSE(history.RangeRatio(1, Minute(0), false));
  // From 10:00 for an hour up 0.1 a minute: an hour's range is 5.9, five minutes' 0.4 and 0.5 with the gap before.
  for (int minute = 30; minute < 90; ++minute) history.See(1, Around(50 + 0.1 * (minute - 30)), Minute(minute));
  CHECK_FALSE(history.RangeRatio(1, Minute(89), false));
  const std::optional<double> literal = history.RangeRatio(1, Minute(90), true);
  REQUIRE(literal);
  CHECK_THAT(*literal, Catch::WithinAbs((0.4 + 11 * 0.5) / 12 / 5.9, 1e-9));
  CHECK_THAT(*history.RangeRatio(1, Minute(90), false), Catch::WithinAbs(*literal * std::sqrt(12.0), 1e-9));
  CHECK_THAT(*history.FiveMinuteRange(1, Minute(90)), Catch::WithinAbs((0.4 + 11 * 0.5) / 12, 1e-9));
}

}  // namespace
}  // namespace spillway::test
