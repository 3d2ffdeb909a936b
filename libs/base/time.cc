#include "libs/base/time.h"

#include <array>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "libs/base/decimal.h"

namespace spillway {
namespace {

using Days = std::chrono::sys_days;

bool ReadDigits(std::string_view text, size_t offset, size_t count, int& value) {
  if (text.size() < offset + count) return false;
  value = 0;
  for (size_t i = offset; i < offset + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

bool ParseTimeTo(std::string_view text, Time& time) {
  int year, month, day, hour, minute, second;
  if (!ReadDigits(text, 0, 4, year) || !ReadDigits(text, 5, 2, month) || !ReadDigits(text, 8, 2, day) ||
      !ReadDigits(text, 11, 2, hour) || !ReadDigits(text, 14, 2, minute) || !ReadDigits(text, 17, 2, second)) {
    return false;
  }
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return false;
  if (year < 1678 || year > 2261) return false;  // 64 bits of nanoseconds hold no other whole years
  int64_t nanos = 0;
  size_t i = 19;
  if (i < text.size() && text[i] == '.') {
    int digits = 0;
    for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++digits) {
      if (digits == 9) return false;
      nanos = nanos * 10 + (text[i] - '0');
    }
    if (digits == 0) return false;
    for (; digits < 9; ++digits) nanos *= 10;
  }
  const std::string_view zone = text.substr(i);
  if (zone != "Z" && zone != "+00:00") return false;
  time = Time(Days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
         Duration(nanos);
  return true;
}

constexpr std::array<std::pair<std::string_view, int64_t>, 7> kUnits = {{{"ns", 1},
                                                                         {"us", 1'000},
                                                                         {"ms", 1'000'000},
                                                                         {"s", 1'000'000'000},
                                                                         {"m", 60'000'000'000},
                                                                         {"h", 3'600'000'000'000},
                                                                         {"d", 86'400'000'000'000}}};

}  // namespace

std::string FormatTime(Time time) {
  const Days day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string FormatTimeOfDay(Time time, int decimals) {
  const std::string text = FormatTime(time);
  return text.substr(11, static_cast<size_t>(decimals == 0 ? 8 : 9 + decimals));
}

absl::StatusOr<Time> ParseTime(std::string_view text) {
  Time time;
  if (!ParseTimeTo(text, time)) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not a UTC time such as 2025-05-02T13:30:00.014437085Z", text));
  }
  return time;
}

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  const size_t split = text.find_first_not_of("0123456789.");
  if (split != std::string_view::npos && split > 0) {
    for (const auto& [unit, nanos] : kUnits) {
      if (text.substr(split) != unit) continue;
      int64_t milli = 0;  // the number in thousandths
      if (!ParseDecimalTo(text.substr(0, split), 3, milli) || milli > INT64_MAX / nanos) break;
      if (milli % 1000 != 0 && nanos < 1000) break;
      return Duration(nanos >= 1000 ? milli * (nanos / 1000) : milli / 1000 * nanos);
    }
  }
  return absl::InvalidArgumentError(fmt::format("'{}' is not a duration such as 250ms, 3s, 5m or 1h", text));
}

std::string FormatDuration(Duration duration) {
  for (size_t i = kUnits.size(); i-- > 0;) {
    if (duration.count() != 0 && duration.count() % kUnits[i].second == 0) {
      return fmt::format("{}{}", duration.count() / kUnits[i].second, kUnits[i].first);
    }
  }
  return "0s";
}

}  // namespace spillway
