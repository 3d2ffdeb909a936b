// `spillway scorecard`: what a profile version did over one or more runs.
#include <map>

#include "fmt/format.h"
#include "libs/log/lane_chain.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/folded_scorecard.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {

absl::StatusOr<std::vector<journal::InstanceScore>> FoldedScores(const std::vector<std::string>& sessions) {
  journal::Scorecard scorecard;
  std::map<std::string, std::string> seen;  // by digest
  for (const std::string& session : sessions) {
    const absl::StatusOr<std::unique_ptr<log::SegmentLog>> run = OpenRun(session);
    if (!run.ok()) return run.status();
    const auto [first, added] = seen.emplace(log::ToHex((*run)->manifest().SessionDigest()), session);
    if (!added) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: has the same content as {}: its trades would count twice; give each run once", session, first->second));
    }
    const absl::Status status = ForEachEvent(**run, "trading", [&](const LaneEvent& lane_event) {
      scorecard.Add(lane_event.event);
      return true;
    });
    if (!status.ok()) return status;
    scorecard.EndOfLane();
  }
  return scorecard.Scores();
}

int ScorecardOf(const ScorecardArguments& arguments) {
  const absl::StatusOr<std::vector<journal::InstanceScore>> scores = FoldedScores(arguments.sessions);
  if (!scores.ok()) return Fail(scores.status());
  if (arguments.json) {
    fmt::print("{}\n", journal::ScorecardJson(*scores));
  } else {
    fmt::print("{}", journal::ScorecardText(*scores));
  }
  return kExitOk;
}

}  // namespace spillway::cli
