#include "fmt/format.h"
#include "services/journal/report/report_html.h"
#include "services/journal/report/report_json.h"
#include "services/journal/report/session_report.h"
#include "services/journal/scorecard.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"
#include "tools/spillway/session_summary.h"

namespace spillway::cli {

int Report(const ReportArguments& arguments) {
  if (!arguments.json || !arguments.html.empty()) {
    const absl::Status status =
        arguments.html.empty() ? absl::OkStatus() : WriteReport(arguments.session, arguments.html);
    if (!status.ok()) return Fail(status);
  }
  if (arguments.json) {
    if (const auto run = OpenRun(arguments.session); !run.ok()) return Fail(run.status());
    const absl::StatusOr<journal::report::SessionReport> report =
        journal::report::CollectSessionReport(arguments.session);
    if (!report.ok()) return Fail(report.status());
    fmt::print("{}\n", journal::report::ToJson(*report));
    return kExitOk;
  }
  const absl::StatusOr<std::string> text = SummaryText(arguments.session);
  if (!text.ok()) return Fail(text.status());
  fmt::print("{}", *text);
  if (!arguments.html.empty()) fmt::print("\nreport: {}\n", arguments.html);
  return kExitOk;
}

}  // namespace spillway::cli
