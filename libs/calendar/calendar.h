// When an exchange trades. Pure: the days are a table in the program (nyse_days.cc), so that cores may use it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "libs/base/time.h"
#include "libs/calendar/date.h"
#include "libs/events/event.h"

namespace spillway::calendar {

// The hours of one trading day, in UTC. Each begins where the one before ends; all ends are exclusive.
struct Session {
  Date trading_day;
  Time pre_market_open;    // 04:00 New York
  Time regular_open;       // 09:30
  Time regular_close;      // 16:00, or 13:00 on an early-close day
  Time after_hours_close;  // 20:00, or 17:00
  bool early_close = false;

  SessionPhase PhaseAt(Time time) const;
  friend bool operator==(const Session&, const Session&) = default;
};

struct SessionMoment {
  SessionPhase phase = SessionPhase::kClosed;
  Session session;  // the one that is on; where the phase is kClosed, the next one to come
};

// Covers the New York years kFirstYear to kLastYear (new_york.h). Outside them the answer is nullopt, never a guess.
class Calendar {
 public:
  // Shared by Nasdaq and the other US stock exchanges.
  static const Calendar& Nyse();

  // nullopt: a weekend, a holiday, or a year that is not covered (Covers tells them apart).
  std::optional<Session> SessionOn(Date date) const;
  bool Covers(Date date) const;

  // nullopt: not covered, or behind the last session of the last year.
  std::optional<SessionMoment> SessionAt(Time time) const;

  // The first session on a later date.
  std::optional<Session> NextSession(Date date) const;

 private:
  Calendar(std::span<const int32_t> closed, std::span<const int32_t> early_close)
      : closed_(closed), early_close_(early_close) {}

  std::span<const int32_t> closed_;       // in order
  std::span<const int32_t> early_close_;  // in order
};

}  // namespace spillway::calendar
