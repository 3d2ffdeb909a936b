// The table behind Calendar::Nyse(): days as 20250502, in order.
#pragma once

#include <cstdint>
#include <span>

namespace spillway::calendar {

std::span<const int32_t> NyseClosedWeekdays();  // holidays and other closings; weekends are not in it
std::span<const int32_t> NyseEarlyCloses();     // regular trading ends at 13:00

}  // namespace spillway::calendar
