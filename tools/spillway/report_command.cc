#include "fmt/format.h"
#include "services/journal/scorecard.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {

int Report(const ReportArguments& arguments) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(arguments.session);
  if (!session.ok()) return Fail(session.status());
  journal::Scorecard scorecard;
  const absl::Status status = ForEachEvent(**session, "trading", [&](const LaneEvent& lane_event) {
    scorecard.Add(lane_event.event);
    return true;
  });
  if (!status.ok()) return Fail(status);
  const std::vector<journal::InstanceScore> scores = scorecard.Scores();
  fmt::print("{}\n", arguments.json ? journal::ScorecardJson(scores) : journal::ScorecardText(scores));
  return kExitOk;
}

}  // namespace spillway::cli
