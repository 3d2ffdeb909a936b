// Where simulated symbols are listed, and that it changes nothing of how they trade.
#include <map>

#include "tests/catch.h"
#include "tests/unit/sim/market_record.h"
#include "xxhash.h"

using namespace spillway;

TEST_CASE("simulator: S1-B1.6, S1-B1.7, S1-B10.3 symbols have an exchange, a sector, and some are members of XBI",
          "[sim]") {
  const test::MarketRecord market = test::Simulate(
      "groups: [{count: 400, activity_min: 0.01, activity_max: 0.02}]\n"
      "episodes: {}\n"
      "pre_market: 0s\n"
      "session: 1s\n");
  std::map<std::string, int> exchanges;
  int biotechnology = 0, listed = 0;
  for (const Event& event : market.EventsOf<InstrumentDefinition>()) {
    const auto& definition = std::get<InstrumentDefinition>(event.body);
    ++exchanges[definition.exchange];
    CHECK_FALSE(definition.sector.empty());
    biotechnology += definition.sector == "biotechnology";
    listed += definition.lists == std::vector<std::string>{"XBI"};
    if (!definition.lists.empty()) CHECK(definition.sector == "biotechnology");
  }
  REQUIRE(exchanges.size() == 2);
  CHECK(exchanges["NASDAQ"] > exchanges["NYSE"]);
  CHECK(exchanges["NYSE"] > 100);
  CHECK(biotechnology > 20);
  CHECK(biotechnology < 80);
  CHECK(listed > 10);
  CHECK(listed < biotechnology);
}

TEST_CASE("simulator: the market of seed 1 is what it was before symbols had an exchange", "[sim]") {
  const test::MarketRecord market = test::Simulate("episodes: {}\npre_market: 30s\nsession: 120s\n");
  XXH64_hash_t digest = 0;
  for (const MarketEvent& e : market.rows) {
    const int64_t fields[] = {ToNanos(e.event_time),
                              ToNanos(e.ingest_time),
                              e.price.nanos(),
                              e.quantity.e8(),
                              static_cast<int64_t>(e.reference),
                              e.instrument,
                              static_cast<int64_t>(e.kind),
                              static_cast<int64_t>(e.side),
                              static_cast<int64_t>(e.cause)};
    digest = XXH3_64bits_withSeed(fields, sizeof fields, digest);
  }
  CHECK(market.rows.size() == 173'060);
  CHECK(digest == 17777128334547038749U);
}
