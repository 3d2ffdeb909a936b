#include "libs/base/price.h"

#include "tests/catch.h"

namespace spillway {

TEST_CASE("price: as a double it is the one nearest to its decimal, so that limits written in decimals include it",
          "[base]") {
  CHECK(Price::FromNanos(30'000'000).ToDouble() <= 0.03);
  for (int64_t cents = 0; cents < 20'000; ++cents) {
    const Price price = Price::FromNanos(cents * 10'000'000);
    REQUIRE(price.ToDouble() == std::stod(price.ToString()));
  }
}

}  // namespace spillway
