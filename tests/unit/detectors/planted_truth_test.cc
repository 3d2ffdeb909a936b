// The detectors on a simulated market with planted truth, with a seed that nothing was tuned on. The floors are well
// below what `./dev bench detectors` measures (docs/simulator.md): they hold the rules in place, not the figures.
#include "tests/bench/detectors/detector_run.h"
#include "tests/catch.h"

namespace spillway::test {
namespace {

TEST_CASE(
    "S0-0.1, FX-07, FX-08, FX-10, FX-14: walls, replenishment, blow-outs and stalls are found, and little else is "
    "called so",
    "[detectors]") {
  const auto run = bench::RunDetectors({.seed = 7001, .symbols = 8});
  REQUIRE(run.ok());
  const journal::TruthScorecard scorecard = bench::ScoreTogether({*run});
  INFO(journal::ToTable(scorecard) << journal::ToList(scorecard));
  using truth::EpisodeKind;
  for (const EpisodeKind kind :
       {EpisodeKind::kFlashBidWall, EpisodeKind::kAskReplenishment, EpisodeKind::kSpreadBlowOut,
        EpisodeKind::kTapeStall, EpisodeKind::kHalt, EpisodeKind::kNews}) {
    INFO(truth::EpisodeKindName(kind));
    CHECK(scorecard.of(kind).planted >= 40);
    CHECK(*scorecard.of(kind).recall().value() >= 0.8);
    CHECK(*scorecard.of(kind).precision().value() >= 0.8);
  }
  CHECK(scorecard.of(EpisodeKind::kDislocation).planted >= 40);
  CHECK(*scorecard.of(EpisodeKind::kDislocation).recall().value() >= 0.8);
}

}  // namespace
}  // namespace spillway::test
