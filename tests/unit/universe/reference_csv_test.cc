#include "services/universe/adapters/reference_csv.h"

#include "tests/catch.h"

namespace spillway::universe {

TEST_CASE("reference data: S1-B1.6, S1-B1.7, S1-B10.3 sector, exchange and lists complete a definition", "[universe]") {
  const auto data = ParseReferenceCsv(
      "symbol,security_type,float_shares,sector,exchange,lists\n"
      "ACME,common,12000000,Biotechnology,NASDAQ,XBI;IBB\n"
      "PLAIN,,,,,\n",
      "reference.csv");
  REQUIRE(data.ok());
  InstrumentDefinition definition;
  definition.symbol = "ACME";
  REQUIRE(data->Complete(definition));
  CHECK(definition.security_type == SecurityType::kCommon);
  CHECK(definition.sector == "Biotechnology");
  CHECK(definition.exchange == "NASDAQ");
  CHECK(definition.lists == std::vector<std::string>{"XBI", "IBB"});

  // What a row leaves empty stays what the market data said.
  definition.symbol = "PLAIN";
  REQUIRE(data->Complete(definition));
  CHECK(definition.exchange == "NASDAQ");
  CHECK(definition.lists.size() == 2);
}

TEST_CASE("reference data: errors name file, line, what was seen and the way out", "[universe]") {
  CHECK(ParseReferenceCsv("symbol,lists\nACME,XBI;;IBB\n", "r.csv").status().message() ==
        "r.csv:2: lists: 'XBI;;IBB' has an empty name; lists are separated by one ';', as in 'XBI;IBB'");
  const absl::Status unknown = ParseReferenceCsv("symbol,exchnage\nACME,NYSE\n", "r.csv").status();
  CHECK(unknown.message().find("r.csv:1: unknown column 'exchnage'; known are symbol, security_type, float_shares, "
                               "sector, exchange, lists") == 0);
}

}  // namespace spillway::universe
