// Calendar days, as on the wall of an exchange. A day has no time zone; new_york.h says when one begins.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace spillway::calendar {

using Date = std::chrono::sys_days;

// 20250502, the form in which a trading day stands in events.
int32_t DateNumber(Date date);
// nullopt: no such day.
std::optional<Date> DateFromNumber(int32_t number);

// "2025-05-02"
std::string FormatDate(Date date);
absl::StatusOr<Date> ParseDate(std::string_view text);

}  // namespace spillway::calendar
