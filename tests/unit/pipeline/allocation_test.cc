#include "tests/support/allocation_counter.h"

#include "libs/profile/profile_loader.h"
#include "tests/support/sessions.h"
#include "tools/spillway/pipeline_run.h"

using namespace spillway;

// The whole chain in steady state: decode, books, features, snapshots, scoring, contexts, journal, encoding of all
// lanes.
TEST_CASE("chain: no allocation per market event in steady state", "[pipeline]") {
  log::MemoryLog in;
  if (!test::RecordSoun(in)) return;
  // Nothing is memory but what the processors and the codec keep: the lanes' bytes are counted and dropped.
  struct Dropping final : log::LaneWriter {
    absl::StatusOr<uint64_t> Append(Time, std::string_view bytes, uint64_t, std::string_view) override {
      size += bytes.size();
      return ++sequence;
    }
    absl::Status Flush() override { return absl::OkStatus(); }
    absl::Status Close() override { return absl::OkStatus(); }
    uint64_t sequence = 0, size = 0;
  } market, features, trading;
  v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  profile.mutable_rubric()->set_near_miss(1000);                   // signals and their explanations are text: none here
  profile.mutable_universe()->set_refresh_ns(86'400'000'000'000);  // so are the universe's reasons, every five minutes
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {&market, &features, &trading});
  auto reader = in.OpenReader("market.0").value();
  // By market rows: what was allocated until then.
  std::vector<std::pair<uint64_t, size_t>> allocated;
  allocated.reserve(1000);
  const size_t before = test::allocations;
  REQUIRE(cli::RunPipeline(pipeline, *reader, {{"quiet@1#1", profile, false}}, {}, [&](uint64_t rows) {
            allocated.emplace_back(rows, test::allocations - before);
          }).ok());
  CHECK(trading.size > 100'000);
  CHECK(features.size > 1'000'000);
  // From the middle of the session on.
  const auto middle = std::find_if(allocated.begin(), allocated.end(), [](const auto& a) { return a.first > 60'000; });
  REQUIRE(middle != allocated.end());
  // ... to the last batch; the feed's end, behind it, is said in words.
  const auto last =
      std::find_if(middle, allocated.end(), [&](const auto& a) { return a.first == allocated.back().first; });
  const uint64_t rows = last->first - middle->first;
  const size_t allocations = last->second - middle->second;
  INFO(allocations << " allocations over " << rows << " rows");
  CHECK(rows > 50'000);
  CHECK(allocations == 0);
}
