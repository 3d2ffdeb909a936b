// Whole days of quotes and trades. The oracle counts crossed and locked in regular hours, at milliseconds with a quote;
// the program counts every millisecond of the day. So the reference reader is checked against the oracle, and the
// program against the reference reader.
#include <string>

#include "tests/catch.h"
#include "tests/e2e/oracles.h"

namespace spillway::e2e {

TEST_CASE("log info: days of quotes and trades agree with their oracles", "[oracles]") {
  const std::string symbol_name = GENERATE("BAC", "AIG", "IBM");
  const std::string date = GENERATE("2013-10-07", "2013-10-08", "2013-10-09");
  const std::string stem = "equities/taq/" + symbol_name + "_" + date;
  const auto quotes = test::RecordedData("data/" + stem + "_quote.csv.zst");
  const auto trades = test::RecordedData("data/" + stem + "_trade.csv.zst");
  if (!quotes || !trades) return;
  INFO(stem);
  const nlohmann::json quote_oracle = Oracle(stem + "_quote.csv.zst");
  const nlohmann::json trade_oracle = Oracle(stem + "_trade.csv.zst");
  const TaqFigures figures = ReadTaq(*quotes, *trades, EpochNanos(date + "T04:00:00Z"));
  CHECK(figures.regular_crossed == quote_oracle["regular_hours_end_of_ms_crossed"]);
  CHECK(figures.regular_locked == quote_oracle["regular_hours_end_of_ms_locked"]);

  const nlohmann::json symbol =
      ImportedSymbol({"taq", quotes->string(), trades->string(), "--symbol", symbol_name, "--date", date});
  const nlohmann::json& all = trade_oracle["all_not_suspicious"];
  CHECK(symbol["trades"] == all["count"]);
  CHECK(symbol["trade_volume"] == std::to_string(all["volume"].get<int64_t>()));
  CheckVwap(symbol, all["vwap"]);
  CheckFigures(symbol, figures.day);
}

}  // namespace spillway::e2e
