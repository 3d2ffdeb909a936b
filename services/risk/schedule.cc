#include "services/risk/schedule.h"

#include <algorithm>
#include <chrono>

namespace spillway::risk {
namespace {

constexpr int32_t kNoon = 12 * 60;

int32_t MinutesBetween(Time from, Time to) {
  return static_cast<int32_t>(std::chrono::floor<std::chrono::minutes>(to - from).count());
}

}  // namespace

std::optional<int32_t> NewYorkMinute(const std::optional<SessionState>& session, Time time) {
  if (!session || !session->regular_open) return std::nullopt;
  const int32_t minute = kRegularOpenMinute + MinutesBetween(*session->regular_open, time);
  if (minute < 0 || minute >= kMinutesPerDay) return std::nullopt;
  return minute;
}

std::optional<Time> NewYorkMidnight(const std::optional<SessionState>& session) {
  if (!session || !session->regular_open) return std::nullopt;
  return *session->regular_open - std::chrono::minutes(kRegularOpenMinute);
}

int32_t CloseMinute(const std::optional<SessionState>& session) {
  if (!session || !session->regular_open || !session->regular_close) return kRegularCloseMinute;
  return kRegularOpenMinute + MinutesBetween(*session->regular_open, *session->regular_close);
}

std::vector<ScheduleWindow> WindowsOfDay(const ScheduleLimits& schedule, int32_t close) {
  std::vector<ScheduleWindow> windows = schedule.windows;
  if (!schedule.shift_on_early_close || close >= kRegularCloseMinute) return windows;
  int32_t morning_end = 0;
  for (const ScheduleWindow& window : windows) {
    if (window.start < kNoon) morning_end = std::max(morning_end, window.start);
    if (window.end < kNoon) morning_end = std::max(morning_end, window.end);
  }
  const int32_t shift = kRegularCloseMinute - close;
  const auto moved = [&](int32_t minute) { return minute < kNoon ? minute : std::max(minute - shift, morning_end); };
  for (ScheduleWindow& window : windows) {
    window.start = moved(window.start);
    window.end = moved(window.end);
  }
  return windows;
}

WindowAt FindWindow(const ScheduleLimits& schedule, int32_t close, int32_t minute) {
  if (schedule.always_open) return {.mode = WindowMode::kFull, .index = std::nullopt, .alerts_max = std::nullopt};
  const std::vector<ScheduleWindow> windows = WindowsOfDay(schedule, close);
  for (size_t i = 0; i < windows.size(); ++i) {
    if (minute < windows[i].start || minute >= windows[i].end) continue;
    return {.mode = windows[i].mode,
            .index = static_cast<uint32_t>(i),
            .alerts_max = windows[i].alerts_max,
            .trades_max = windows[i].trades_max,
            .needs_profit = windows[i].needs_profit,
            .start = windows[i].start};
  }
  return {};
}

}  // namespace spillway::risk
