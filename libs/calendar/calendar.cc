#include "libs/calendar/calendar.h"

#include <algorithm>

#include "libs/calendar/new_york.h"
#include "libs/calendar/nyse_days.h"

namespace spillway::calendar {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

}  // namespace

SessionPhase Session::PhaseAt(Time time) const {
  if (time < pre_market_open || time >= after_hours_close) return SessionPhase::kClosed;
  if (time < regular_open) return SessionPhase::kPreMarket;
  return time < regular_close ? SessionPhase::kRegular : SessionPhase::kAfterHours;
}

const Calendar& Calendar::Nyse() {
  static const Calendar nyse(NyseClosedWeekdays(), NyseEarlyCloses());
  return nyse;
}

bool Calendar::Covers(Date date) const {
  return NewYorkMidnight(date).has_value();
}

std::optional<Session> Calendar::SessionOn(Date date) const {
  const std::optional<Time> midnight = NewYorkMidnight(date);
  if (!midnight) return std::nullopt;
  const std::chrono::weekday weekday(date);
  if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) return std::nullopt;
  const int32_t number = DateNumber(date);
  if (std::binary_search(closed_.begin(), closed_.end(), number)) return std::nullopt;
  const bool early_close = std::binary_search(early_close_.begin(), early_close_.end(), number);
  // Clocks change on Sundays, so a trading day has 24 hours.
  return Session{.trading_day = date,
                 .pre_market_open = *midnight + hours(4),
                 .regular_open = *midnight + hours(9) + minutes(30),
                 .regular_close = *midnight + hours(early_close ? 13 : 16),
                 .after_hours_close = *midnight + hours(early_close ? 17 : 20),
                 .early_close = early_close};
}

std::optional<SessionMoment> Calendar::SessionAt(Time time) const {
  const std::optional<NewYorkTime> now = ToNewYork(time);
  if (!now) return std::nullopt;
  const std::optional<Session> today = SessionOn(now->date);
  if (today && time < today->after_hours_close) return SessionMoment{.phase = today->PhaseAt(time), .session = *today};
  const std::optional<Session> next = NextSession(now->date);
  if (!next) return std::nullopt;
  return SessionMoment{.phase = SessionPhase::kClosed, .session = *next};
}

std::optional<Session> Calendar::NextSession(Date date) const {
  for (Date day = date + std::chrono::days(1); Covers(day); day += std::chrono::days(1)) {
    if (std::optional<Session> session = SessionOn(day)) return session;
  }
  return std::nullopt;
}

}  // namespace spillway::calendar
