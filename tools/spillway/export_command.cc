// `spillway export`: what a run decided, in forms that other tools read.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "services/journal/signal_export.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

absl::Status Export(const ExportArguments& arguments, const std::function<void(std::string_view)>& write,
                    uint64_t& lines) {
  const absl::StatusOr<std::unique_ptr<log::SegmentLog>> run = OpenRun(arguments.session);
  if (!run.ok()) return run.status();
  journal::SignalExport exported(arguments.csv ? journal::ExportFormat::kCsv : journal::ExportFormat::kJsonLines,
                                 write);
  const absl::Status status = ForEachEvent(**run, "trading", [&](const LaneEvent& lane_event) {
    exported.Add(lane_event.event);
    return true;
  });
  exported.End();
  lines = exported.lines();
  return status;
}

}  // namespace

int ExportSignals(const ExportArguments& arguments) {
  uint64_t lines = 0;
  if (arguments.out.empty()) {
    const absl::Status status = Export(
        arguments, [](std::string_view line) { std::fwrite(line.data(), 1, line.size(), stdout); }, lines);
    if (!status.ok()) return Fail(status);
    return std::fflush(stdout) == 0 ? kExitOk : Fail(absl::UnavailableError("stdout: cannot be written"));
  }
  // Written beside its target and renamed: a file under its name is whole.
  const std::string partial = arguments.out + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  const absl::Status status = Export(
      arguments, [&](std::string_view line) { out << line; }, lines);
  out.close();
  std::error_code error;
  if (status.ok() && !out.fail()) std::filesystem::rename(partial, arguments.out, error);
  if (!status.ok() || out.fail() || error) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    return Fail(!status.ok() ? status : absl::UnavailableError(arguments.out + ": cannot be written"));
  }
  fmt::print("{}: {} signals\n", arguments.out, lines);
  return kExitOk;
}

}  // namespace spillway::cli
