// What commands say: errors and progress on stderr, results on stdout. Colour and progress only on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace spillway::cli {

bool StdoutIsTerminal();
bool StderrIsTerminal();

// Prints "spillway: <what>" and returns the exit code that fits the status.
int Fail(const absl::Status& status);

// "10:00:14.345" on the clock in New York, as alert cards and reports show it; UTC, and says so, where the calendar
// does not reach.
std::string TradingClock(Time time);

// A line that is rewritten in place, at most a few times a second; silent unless stderr is a terminal.
class Progress {
 public:
  explicit Progress(std::string_view what) : what_(what) {}
  ~Progress() { Clear(); }
  // total 0: unknown.
  void Update(uint64_t done, uint64_t total, std::string_view unit);
  void Clear();

 private:
  std::string_view what_;
  int64_t last_ns_ = 0;
  bool shown_ = false;
};

}  // namespace spillway::cli
