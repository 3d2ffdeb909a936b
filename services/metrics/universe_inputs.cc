#include "services/metrics/universe_inputs.h"

namespace spillway::metrics {

std::optional<Time> VolumeStart(const VolumeByMinute& profile, const Session& session) {
  if (!session.known()) return std::nullopt;
  const auto minutes = static_cast<int64_t>(profile.first_minute) - static_cast<int64_t>(kRegularOpenMinute);
  return *session.open() + std::chrono::minutes(minutes);
}

RelativeVolume RelativeVolumeAt(Time now, Quantity day_volume, const VolumeByMinute& profile, const Session& session) {
  if (profile.cumulative.empty()) return {std::nullopt, "no_volume_profile"};
  if (profile.sessions < kRelativeVolumeSessionsMin) return {std::nullopt, "sessions<10"};
  const std::optional<Time> start = VolumeStart(profile, session);
  if (!start || now <= *start) return {std::nullopt, "before_open"};

  const auto& cumulative = profile.cumulative;
  const Duration minute = std::chrono::minutes(1);
  const auto whole = static_cast<size_t>((now - *start) / minute);
  double mean = 0;
  if (whole >= cumulative.size()) {
    mean = static_cast<double>(cumulative.back().e8());
  } else {
    const double before = whole == 0 ? 0 : static_cast<double>(cumulative[whole - 1].e8());
    const double after = static_cast<double>(cumulative[whole].e8());
    const double part = static_cast<double>(((now - *start) % minute).count()) / static_cast<double>(minute.count());
    mean = before + (after - before) * part;
  }
  if (mean <= 0) return {std::nullopt, "no_volume_profile"};
  return {static_cast<double>(day_volume.e8()) / mean, {}};
}

}  // namespace spillway::metrics
