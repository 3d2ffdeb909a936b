#include "tools/spillway/console.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "fmt/format.h"
#include "libs/calendar/new_york.h"
#include "tools/spillway/commands.h"

namespace spillway::cli {
namespace {

int ExitCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kOutOfRange:
      return kExitBadInput;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return kExitUsage;
    default:
      return kExitFailed;
  }
}

// "1.2 GB", "3.4 M rows"
std::string Amount(uint64_t value, std::string_view unit) {
  if (value >= 10'000'000'000) return fmt::format("{:.1f} G{}", static_cast<double>(value) / 1e9, unit);
  if (value >= 10'000'000) return fmt::format("{:.1f} M{}", static_cast<double>(value) / 1e6, unit);
  if (value >= 10'000) return fmt::format("{:.1f} k{}", static_cast<double>(value) / 1e3, unit);
  return fmt::format("{} {}", value, unit);
}

}  // namespace

bool StdoutIsTerminal() {
  return isatty(STDOUT_FILENO) == 1;
}
bool StderrIsTerminal() {
  return isatty(STDERR_FILENO) == 1;
}

int Fail(const absl::Status& status) {
  const std::string_view text(status.message().data(), status.message().size());
  fmt::print(stderr, "spillway: {}\n", text);
  return ExitCodeOf(status.code());
}

std::string TradingClock(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  return local ? FormatTimeOfDay(Time(local->since_midnight)) : FormatTimeOfDay(time) + " UTC";
}

void Progress::Update(uint64_t done, uint64_t total, std::string_view unit) {
  if (!StderrIsTerminal()) return;
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  constexpr int64_t kInterval = 150'000'000;
  if (shown_ && now - last_ns_ < kInterval) return;
  last_ns_ = now;
  shown_ = true;
  if (total > 0) {
    fmt::print(stderr, "\r\033[K{} {:.0f}% of {}", what_,
               100.0 * static_cast<double>(done) / static_cast<double>(total), Amount(total, unit));
  } else {
    fmt::print(stderr, "\r\033[K{} {}", what_, Amount(done, unit));
  }
  std::fflush(stderr);
}

void Progress::Clear() {
  if (shown_) fmt::print(stderr, "\r\033[K");
  shown_ = false;
}

}  // namespace spillway::cli
