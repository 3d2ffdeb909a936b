#include <limits>

#include "libs/base/money.h"
#include "libs/base/price.h"
#include "tests/catch.h"

using namespace spillway;

TEST_CASE("decimal: text becomes a scaled integer digit by digit, and back", "[base]") {
  CHECK(ParseDecimal("185.42", 9).value() == 185'420'000'000);
  CHECK(ParseDecimal("-0.000000001", 9).value() == -1);
  CHECK(ParseDecimal(".5", 1).value() == 5);
  CHECK(ParseDecimal("5.", 1).value() == 50);
  CHECK(ParseDecimal("1.500000000000", 1).value() == 15);
  CHECK(FormatDecimal(185'420'000'000, 9) == "185.42");
  CHECK(FormatDecimal(-1, 9) == "-0.000000001");
  CHECK(FormatDecimal(7'000'000'000, 9, 2) == "7.00");
  CHECK(FormatDecimal(std::numeric_limits<int64_t>::min(), 0) == "-9223372036854775808");
}

TEST_CASE("decimal: what is no decimal number, or does not fit, is refused", "[base]") {
  for (const char* text : {"", "-", ".", "1.2.3", "1e5", " 1", "1 ", "0x10", "1,000", "+1", "nan"}) {
    INFO(text);
    CHECK_FALSE(ParseDecimal(text, 9).ok());
  }
  CHECK_FALSE(ParseDecimal("1.25", 1).ok());
  CHECK(ParseDecimal("9223372036.854775807", 9).value() == std::numeric_limits<int64_t>::max());
  CHECK_FALSE(ParseDecimal("9223372036.854775808", 9).ok());
}

TEST_CASE("decimal: a ratio is printed exactly, rounded half to even", "[base]") {
  CHECK(FormatRatio(1, 3, 6) == "0.333333");
  CHECK(FormatRatio(25, 10, 0) == "2");
  CHECK(FormatRatio(35, 10, 0) == "4");
  CHECK(FormatRatio(-1, 8, 2) == "-0.12");
  CHECK(FormatRatio(999'999'9, 10'000'000, 3) == "1.000");
}

TEST_CASE("price: floor and ceiling to the tick", "[base]") {
  const Price tick = Price::Parse("0.01").value();
  CHECK(FloorToTick(Price::Parse("19.8799").value(), tick).ToString() == "19.87");
  CHECK(CeilToTick(Price::Parse("19.8701").value(), tick).ToString() == "19.88");
  CHECK(CeilToTick(Price::Parse("19.87").value(), tick).ToString() == "19.87");
  CHECK(FloorToTick(Price::Parse("-0.001").value(), tick).ToString() == "-0.01");
}

TEST_CASE("money: notional of linear, multiplied and inverse contracts", "[base]") {
  const Price price = Price::Parse("185.42").value();
  CHECK(Notional({}, price, Quantity::Units(100)).ToString() == "18542.00");
  CHECK(Notional({.multiplier = Quantity::Units(50)}, Price::Parse("4810.25").value(), Quantity::Units(2)).ToString() ==
        "481025.00");
  // 83 contracts of 100 USD at 61'700: 0.13452188.. BTC
  CHECK(Notional({.multiplier = Quantity::Units(100), .inverse = true}, Price::Parse("61700").value(),
                 Quantity::Units(83))
            .ToString() == "0.13452188");
  CHECK(Notional({}, Price::FromNanos(5), Quantity::FromE8(100'000'000)).e8() == 0);   // 0.5e-8 to even
  CHECK(Notional({}, Price::FromNanos(15), Quantity::FromE8(100'000'000)).e8() == 2);  // 1.5e-8 to even
}
