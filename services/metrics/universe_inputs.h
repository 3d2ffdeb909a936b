// FX-20 and FX-21: what the universe's rules need of one symbol.
#pragma once

#include <optional>
#include <string_view>

#include "libs/events/event.h"
#include "services/metrics/session.h"

namespace spillway::metrics {

inline constexpr uint32_t kRelativeVolumeSessionsMin = 10;  // FX-20
inline constexpr uint32_t kRegularOpenMinute = 570;         // 09:30 of the New York day

struct RelativeVolume {
  std::optional<double> value;
  std::string_view reason;  // where there is no value: "no_volume_profile", "sessions<10", "before_open"
};

// When the volume that is compared with the profile begins; nullopt until the day's session is known.
std::optional<Time> VolumeStart(const VolumeByMinute& profile, const Session& session);

// The day's volume over the mean cumulative volume of past sessions at the same time of day, taken between the ends of
// two minutes on the straight line.
RelativeVolume RelativeVolumeAt(Time now, Quantity day_volume, const VolumeByMinute& profile, const Session& session);

}  // namespace spillway::metrics
