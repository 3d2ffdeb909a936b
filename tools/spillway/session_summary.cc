#include "tools/spillway/session_summary.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "fmt/format.h"
#include "libs/truth/planted_episode.h"
#include "services/journal/report/report_html.h"
#include "services/journal/report/session_report.h"
#include "services/journal/scorecard.h"
#include "services/journal/truth_scorecard.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

namespace fs = std::filesystem;

// Which symbols each instance left out at the end of the session, and why.
class Universe {
 public:
  void Take(const Event& event) {
    names_.Learn(event);
    const auto* changed = std::get_if<UniverseChanged>(&event.body);
    if (changed == nullptr) return;
    auto& members = members_[event.header.instance];
    for (const UniverseMember& member : changed->members) members[member.instrument] = member;
  }
  std::string Text() const {
    std::string text;
    for (const auto& [instance, members] : members_) {
      size_t included = 0;
      for (const auto& [id, member] : members) included += member.included ? 1 : 0;
      text += fmt::format("universe of {}: {} of {} symbols\n", names_.Instance(instance), included, members.size());
      for (const auto& [id, member] : members) {
        if (member.included) continue;
        text += fmt::format("  {:<8} out:", names_.Symbol(id));
        const char* separator = " ";
        for (const Exclusion& e : member.exclusions) {
          text += separator + e.rule +
                  (e.limit.empty() ? fmt::format(" (seen {})", e.seen)
                                   : fmt::format(" (seen {}, limit {})", e.seen, e.limit));
          separator = ", ";
        }
        text += "\n";
      }
    }
    return text;
  }

 private:
  NameTable names_;
  std::map<StrategyInstanceId, std::map<InstrumentId, UniverseMember>> members_;
};

}  // namespace

absl::StatusOr<std::string> SummaryText(const std::string& session) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> log = OpenRun(session);
  if (!log.ok()) return log.status();
  journal::Scorecard scorecard;
  Universe universe;
  absl::Status status = ForEachEvent(**log, "trading", [&](const LaneEvent& lane_event) {
    scorecard.Add(lane_event.event);
    universe.Take(lane_event.event);
    return true;
  });
  if (!status.ok()) return status;
  const std::vector<journal::InstanceScore> scores = scorecard.Scores();
  uint64_t alerts = 0;
  for (const journal::InstanceScore& score : scores) alerts += score.shadow ? 0 : score.alerts;
  std::string text = universe.Text() + "\n";
  if (alerts == 0) text += "no alert: nothing passed every rule, gate and limit of an active profile\n";
  text += journal::ScorecardText(scores);

  const fs::path truth_file = fs::path(session) / "truth.jsonl";
  if (!fs::exists(truth_file)) return text;
  const auto truth = truth::ReadTruth(truth_file.string());
  if (!truth.ok()) return truth.status();
  // Every event once: what scoring made stands on trading, everything else on features.
  journal::DetectionCollector detections;
  for (const char* lane : {"features.0", "trading"}) {
    status = ForEachEvent(**log, lane, [&](const LaneEvent& lane_event) {
      const bool passed_on =
          lane == std::string_view("trading") && lane_event.event.header.producer != Producer::kScoring;
      if (!passed_on) detections.Observe(lane_event.event);
      return true;
    });
    if (!status.ok()) return status;
  }
  return text + "\nagainst the planted truth\n" +
         journal::ToTable(journal::ScoreAgainstTruth(*truth, detections.detections()));
}

absl::Status WriteReport(const std::string& session, const std::string& html) {
  if (const auto run = OpenRun(session); !run.ok()) return run.status();
  const absl::StatusOr<journal::report::SessionReport> report = journal::report::CollectSessionReport(session);
  if (!report.ok()) return report.status();
  const std::string partial = html + ".partial";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << journal::report::ToHtml(*report);
    out.flush();
    if (!out) return absl::UnavailableError(fmt::format("{}: cannot be written", html));
  }
  std::error_code error;
  fs::rename(partial, html, error);
  if (error) return absl::UnavailableError(fmt::format("{}: {}", html, error.message()));
  return absl::OkStatus();
}

}  // namespace spillway::cli
