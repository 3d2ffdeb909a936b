#include "libs/calendar/date.h"

#include "fmt/format.h"

namespace spillway::calendar {

int32_t DateNumber(Date date) {
  const std::chrono::year_month_day day(date);
  return static_cast<int>(day.year()) * 10'000 + static_cast<int32_t>(static_cast<unsigned>(day.month())) * 100 +
         static_cast<int32_t>(static_cast<unsigned>(day.day()));
}

std::optional<Date> DateFromNumber(int32_t number) {
  if (number < 1'01'01 || number > 9999'12'31) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(number / 10'000),
                                        std::chrono::month(static_cast<unsigned>(number / 100 % 100)),
                                        std::chrono::day(static_cast<unsigned>(number % 100))};
  if (!day.ok()) return std::nullopt;
  return Date(day);
}

std::string FormatDate(Date date) {
  const int32_t number = DateNumber(date);
  return fmt::format("{:04}-{:02}-{:02}", number / 10'000, number / 100 % 100, number % 100);
}

absl::StatusOr<Date> ParseDate(std::string_view text) {
  int32_t number = 0;
  bool well_formed = text.size() == 10 && text[4] == '-' && text[7] == '-';
  for (size_t i = 0; well_formed && i < text.size(); ++i) {
    if (i == 4 || i == 7) continue;
    well_formed = text[i] >= '0' && text[i] <= '9';
    number = number * 10 + (text[i] - '0');
  }
  if (well_formed) {
    if (const std::optional<Date> date = DateFromNumber(number)) return *date;
  }
  return absl::InvalidArgumentError(fmt::format("'{}' is not a date such as 2025-05-02", text));
}

}  // namespace spillway::calendar
