// The day's windows (S0-10.*, C-17) in minutes of the New York day, and how an early close moves them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/events/event.h"
#include "services/risk/limits.h"

namespace spillway::risk {

inline constexpr int32_t kMinutesPerDay = 24 * 60;
inline constexpr int32_t kRegularOpenMinute = 9 * 60 + 30;
inline constexpr int32_t kRegularCloseMinute = 16 * 60;

// The minute of the New York day that `time` falls in, counted from the session's regular open, which is 09:30 there.
// nullopt if no session with a regular open is known or the time is not on its day.
std::optional<int32_t> NewYorkMinute(const std::optional<SessionState>& session, Time time);

// When that day began in New York, so that `minute` of it is so many minutes later. nullopt as above.
std::optional<Time> NewYorkMidnight(const std::optional<SessionState>& session);

// The windows of a day that closes at `close`. With shift_on_early_close, S0-10's "early-close days shift the last
// two": every start and end at or after 12:00 moves ahead by 16:00 - close, so that the engine shuts down as long
// before the close as on a full day. Times before 12:00 stay, and no moved time passes the last of them: the morning
// keeps its windows, and what would have to begin before it ended loses its room. On a 13:00 close the classic schedule
// is full 09:30-11:30, monitor 11:30-12:45, closed; its low-confidence window is empty.
std::vector<ScheduleWindow> WindowsOfDay(const ScheduleLimits& schedule, int32_t close);

struct WindowAt {
  WindowMode mode = WindowMode::kClosed;
  std::optional<uint32_t> index;  // in ScheduleLimits::windows; none: outside all of them, or always open
  std::optional<uint32_t> alerts_max;
  std::optional<uint32_t> trades_max = std::nullopt;
  bool needs_profit = false;
  int32_t start = 0;  // minute of the day
};
// The first window that contains the minute; closed if none does.
WindowAt FindWindow(const ScheduleLimits& schedule, int32_t close, int32_t minute);

// The minute of the session's regular close, 16:00 if it is not known.
int32_t CloseMinute(const std::optional<SessionState>& session);

}  // namespace spillway::risk
