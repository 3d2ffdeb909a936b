#include "services/ingest/adapters/simulator/session.h"

#include <algorithm>

#include "libs/base/math.h"

namespace spillway::simulator {

IntradayShape::IntradayShape() {
  // The U of US equities: three times the mean at the open, 0.8 at midday, twice at the close.
  double area = 0;
  for (int m = 0; m <= kMinutes; ++m) {
    at_[static_cast<size_t>(m)] = 0.62 + 1.9 * Exp(-m / 25.0) + 1.0 * Exp(-(kMinutes - m) / 30.0);
    if (m > 0) area += 0.5 * (at_[static_cast<size_t>(m)] + at_[static_cast<size_t>(m - 1)]);
  }
  for (double& value : at_) value *= kMinutes / area;
  double sum = 0;
  for (size_t m = 0; m < cumulative_.size(); ++m) {
    sum += 0.5 * (at_[m] + at_[m + 1]) / kMinutes;
    cumulative_[m] = sum;
  }
}

double IntradayShape::At(Duration since_open) const {
  if (since_open < Duration(0)) return kPreMarket;
  const double minute = static_cast<double>(since_open.count()) / 60e9;
  if (minute >= kMinutes) return at_[kMinutes];
  const size_t whole = static_cast<size_t>(minute);
  const double rest = minute - static_cast<double>(whole);
  return at_[whole] + rest * (at_[whole + 1] - at_[whole]);
}

FeedDelay::FeedDelay(std::vector<LagWindow> windows) : windows_(std::move(windows)) {
  Random random(0x1a7e);  // one table for all sessions
  for (uint32_t& nanos : usual_) {
    nanos = static_cast<uint32_t>(std::clamp(500e3 * Exp(0.5 * random.Normal()), 150e3, 4e6));
  }
}

Duration FeedDelay::Draw(Time event_time, size_t& window, Random& random) const {
  const Duration usual(usual_[random.Next() >> 54]);
  while (window < windows_.size() && windows_[window].end <= event_time) ++window;
  if (window == windows_.size() || event_time < windows_[window].start) return usual;
  const LagWindow& lag = windows_[window];
  const Duration ramp = std::min({event_time - lag.start, lag.end - event_time, LagWindow::kRamp});
  const double share = static_cast<double>(ramp.count()) / static_cast<double>(LagWindow::kRamp.count());
  return usual + Duration(static_cast<int64_t>(static_cast<double>(lag.peak.count()) * share));
}

}  // namespace spillway::simulator
