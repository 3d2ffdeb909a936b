#include "libs/service/latency_ledger.h"

#include <fmt/format.h>

#include "tests/catch.h"

namespace spillway::service {
namespace {

TEST_CASE("latency ledger: what is stamped is read back, hop after hop", "[service]") {
  StampWriter ingest;
  StampWriter metrics;
  const std::string begun(ingest.Begin(1'000, "ingest", 2'000));
  const std::string side(metrics.Extend(begun, "metrics", 3'500));
  const LatencyStamps stamps = ParseStamps(side);
  CHECK(stamps.origin_ns == 1'000);
  REQUIRE(stamps.hops.size() == 2);
  CHECK(stamps.hops[0].name == "ingest");
  CHECK(stamps.hops[0].steady_ns == 2'000);
  CHECK(stamps.hops[1].name == "metrics");
  CHECK(stamps.hops[1].steady_ns == 3'500);
}

TEST_CASE("latency ledger: its own last record can be extended in place", "[service]") {
  StampWriter writer;
  std::string_view side = writer.Begin(1, "ingest", 2);
  side = writer.Extend(side, "metrics", 3);
  side = writer.Extend(side, "scoring", 4);
  CHECK(ParseStamps(side).hops.size() == 3);
}

TEST_CASE("latency ledger: stamps of another boot are left out, and a new record has no origin", "[service]") {
  const std::string other = fmt::format("b={:08x};o=5;ingest=6", BootId() ^ 1);
  CHECK(ParseStamps(other).origin_ns == 0);
  CHECK(ParseStamps(other).hops.empty());
  StampWriter writer;
  const LatencyStamps stamps = ParseStamps(writer.Extend(other, "metrics", 7));
  CHECK(stamps.origin_ns == 0);
  REQUIRE(stamps.hops.size() == 1);
  CHECK(stamps.hops[0].name == "metrics");
}

TEST_CASE("latency ledger: what does not parse gives no stamps", "[service]") {
  const std::string boot = fmt::format("b={:08x}", BootId());
  for (const std::string& side : {std::string(), std::string("b="), std::string("nonsense"), boot + ";o=x",
                                  boot + ";o=1;ingest", boot + ";o=1;=3", boot + ";o=99999999999999999999",
                                  boot + "9;o=1", boot + ";o=1;" + std::string(kSideBytesMax, 'a') + "=1"}) {
    INFO(side);
    CHECK(ParseStamps(side).hops.empty());
    CHECK(ParseStamps(side).origin_ns == 0);
  }
}

TEST_CASE("latency ledger: a side record stays within its bound", "[service]") {
  StampWriter writer;
  std::string_view side = writer.Begin(1, "ingest", SteadyNanos());
  for (int i = 0; i < 100; ++i) {
    side = writer.Extend(side, "metrics", SteadyNanos());
    REQUIRE(side.size() <= kSideBytesMax);
    REQUIRE_FALSE(ParseStamps(side).hops.empty());
  }
}

TEST_CASE("latency ledger: the clock does not go back", "[service]") {
  const int64_t first = SteadyNanos();
  CHECK(SteadyNanos() >= first);
  CHECK(first > 0);
}

}  // namespace
}  // namespace spillway::service
