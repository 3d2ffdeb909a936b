// The simulator's steady state allocates nothing: memory stays flat over any session.
#include "tests/catch.h"
#include "tests/support/allocation_counter.h"
#include "tests/unit/sim/market_record.h"

using namespace spillway;

namespace {

// Counts rows, and what is allocated between the `from`-th row and the last.
struct CountingSink final : ingest::MarketSink {
  explicit CountingSink(uint64_t from_row) : from(from_row) {}
  absl::Status OnEvent(const Event&) override { return absl::OkStatus(); }
  absl::Status OnRow(std::span<const MarketEvent>) override {
    if (++rows == from) at_start = test::allocations;
    at_end = test::allocations;
    return absl::OkStatus();
  }
  uint64_t from;
  uint64_t rows = 0;
  size_t at_start = 0, at_end = 0;
};

}  // namespace

TEST_CASE("simulator: rows allocate nothing; an episode a few notes", "[sim]") {
  auto source = ingest::OpenSimulator({});  // eight symbols, 90 minutes, one episode of most kinds each
  REQUIRE(source.ok());
  CountingSink sink(100'000);
  REQUIRE((*source)->Run(sink, {}).ok());
  CHECK(sink.rows > 2'000'000);
  CHECK(sink.at_end - sink.at_start < 1'000);
}
