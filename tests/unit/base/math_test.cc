#include "libs/base/math.h"

#include <cmath>
#include <limits>

#include "libs/base/random.h"
#include "tests/catch.h"

using namespace spillway;

namespace {

double RelativeError(double seen, long double expected) {
  return static_cast<double>(std::fabs((static_cast<long double>(seen) - expected) / expected));
}

}  // namespace

TEST_CASE("math: Exp agrees with libm's long double to 1e-15", "[base]") {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = i % 2 == 0 ? random.Uniform(-708.0, 709.0) : random.Uniform(-1.0, 1.0);
    worst = std::max(worst, RelativeError(Exp(x), std::exp(static_cast<long double>(x))));
  }
  CHECK(worst < 1e-15);
  CHECK(Exp(0.0) == 1.0);
}

TEST_CASE("math: Log agrees with libm's long double to 1e-15, also next to 1", "[base]") {
  Random random(2);
  double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double exponent = random.Uniform(-700.0, 700.0);
    const double x = i % 2 == 0 ? std::exp(exponent) : 1.0 + random.Uniform(-0.4, 0.4) * std::pow(2.0, -(i % 40));
    if (x == 1.0) continue;
    worst = std::max(worst, RelativeError(Log(x), std::log(static_cast<long double>(x))));
  }
  CHECK(worst < 1e-15);
  CHECK(Log(1.0) == 0.0);
  const double smallest = std::numeric_limits<double>::denorm_min();
  CHECK(RelativeError(Log(smallest), std::log(static_cast<long double>(smallest))) < 1e-15);
}

TEST_CASE("math: Pow agrees with libm's long double to 2e-15 wherever the result is normal", "[base]") {
  Random random(3);
  double worst = 0;
  int compared = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = std::exp(random.Uniform(-20.0, 20.0));
    const double y = random.Uniform(-60.0, 60.0);
    const long double expected = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    if (expected < 1e-307L || expected > 1e308L) continue;
    worst = std::max(worst, RelativeError(Pow(x, y), expected));
    ++compared;
  }
  CHECK(compared > 50'000);
  CHECK(worst < 2e-15);
}

TEST_CASE("math: the edges are those of libm", "[base]") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(Exp(710.0) == inf);
  CHECK(Exp(-710.0) == 0.0);
  CHECK(Exp(-inf) == 0.0);
  CHECK(std::isnan(Exp(nan)));
  CHECK(Log(0.0) == -inf);
  CHECK(std::isnan(Log(-1.0)));
  CHECK(Log(inf) == inf);
  CHECK(Pow(2.0, 10.0) == 1024.0);
  CHECK(Pow(-2.0, 3.0) == -8.0);
  CHECK(Pow(-2.0, 2.0) == 4.0);
  CHECK(std::isnan(Pow(-2.0, 0.5)));
  CHECK(Pow(0.0, 2.0) == 0.0);
  CHECK(Pow(0.0, -1.0) == inf);
  CHECK(Pow(nan, 0.0) == 1.0);
  CHECK(Pow(10.0, 400.0) == inf);
  CHECK(Pow(10.0, -400.0) == 0.0);
  CHECK(Pow(inf, -1.0) == 0.0);
}
