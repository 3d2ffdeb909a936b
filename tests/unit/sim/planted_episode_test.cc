#include "libs/truth/planted_episode.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/catch.h"

using namespace spillway;
using namespace spillway::truth;

namespace {

PlantedEpisode Wall() {
  PlantedEpisode episode;
  episode.kind = EpisodeKind::kFlashBidWall;
  episode.instrument = 3;
  episode.symbol = "SIM3";
  episode.start = *ParseTime("2025-05-05T13:45:55.251818888Z");
  episode.end = *ParseTime("2025-05-05T13:45:55.482818888Z");
  episode.side = Side::kBid;
  episode.price = *Price::Parse("15.89");
  episode.parameters = {{"size", 9965}, {"life_s", 0.231}};
  return episode;
}

}  // namespace

TEST_CASE("truth: an episode is one line of JSON, and comes back from it", "[truth]") {
  CHECK(
      ToJsonLine(Wall()) ==
      R"({"kind":"flash_bid_wall","symbol":"SIM3","instrument":3,"start":"2025-05-05T13:45:55.251818888Z",)"
      R"("end":"2025-05-05T13:45:55.482818888Z","side":"bid","price":"15.89","parameters":{"size":9965.0,"life_s":0.231}})");
  CHECK(FromJsonLine(ToJsonLine(Wall())).value() == Wall());
  CHECK(Parameter(Wall(), "life_s") == 0.231);
  CHECK_FALSE(Parameter(Wall(), "colour").has_value());
}

TEST_CASE("truth: a bad line is refused with file, line and reason", "[truth]") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("spillway_truth_" + std::to_string(getpid()) + ".jsonl");
  for (const std::string_view bad : {"{", "{}", R"({"kind":"earthquake"})"}) {
    std::ofstream(path) << ToJsonLine(Wall()) << "\n" << bad << "\n";
    const auto read = ReadTruth(path.string());
    REQUIRE_FALSE(read.ok());
    CHECK(std::string(read.status().message()).find(path.string() + ":2: ") == 0);
  }
  REQUIRE(WriteTruth(path.string(), {Wall(), Wall()}).ok());
  CHECK(ReadTruth(path.string())->size() == 2);
  CHECK_FALSE(std::filesystem::exists(path.string() + ".tmp"));
  std::filesystem::remove(path);
  CHECK_FALSE(ReadTruth(path.string()).ok());
}
