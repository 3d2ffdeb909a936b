// What risk remembers of one strategy instance. Nothing in it depends on any other instance.
#pragma once

#include <chrono>
#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/risk/limits.h"
#include "services/risk/price_move.h"

namespace spillway::risk {

inline constexpr Duration kRateWindow = std::chrono::hours(1);        // S0-5.2
inline constexpr Duration kHardRateWindow = std::chrono::minutes(1);  // S0-9.3

enum class PauseCause : uint8_t { kAlertsPerHour, kHalt, kNews, kPriceMove };

// Instrument 0: the pause is not one symbol's.
struct PauseKey {
  PauseCause cause = PauseCause::kAlertsPerHour;
  InstrumentId instrument = 0;
  friend auto operator<=>(const PauseKey&, const PauseKey&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(cause, instrument);
  }
};

struct Pause {
  std::optional<Time> until;  // nullopt: its cause has not ended
  EventId announced;          // the TradingState that last told of it
  EventId correlation;
  template <class Archive>
  void Persist(Archive& a) {
    a(until, announced, correlation);
  }
};

// Approved alerts of one schedule window on one trading day.
struct WindowCount {
  int32_t trading_day = 0;
  std::map<uint32_t, uint32_t> alerts;  // by window
  template <class Archive>
  void Persist(Archive& a) {
    a(trading_day, alerts);
  }
};

struct Instance {
  Time now;  // the latest of everybody's events and its own: others' events move no clock here
  InstanceMode mode = InstanceMode::kActive;
  RiskLimits limits;
  std::map<InstrumentId, Time> last_alert;  // approved, cancelled ones included
  std::deque<Time> alerts;                  // approved within the last hour, oldest first
  WindowCount window;
  std::map<PauseKey, Pause> pauses;
  std::map<InstrumentId, PriceMove> moves;  // only with price_move_percent
  std::set<InstrumentId> moving;            // over the percentage at their last price

  // Alerts in (at - span, at]: an alert exactly one window ago no longer counts (EX-07, EX-08).
  uint32_t AlertsWithin(Duration span, Time at) const {
    uint32_t count = 0;
    for (auto it = alerts.rbegin(); it != alerts.rend() && at - *it < span; ++it) ++count;
    return count;
  }
  uint32_t AlertsInWindow(int32_t trading_day, uint32_t index) const {
    if (window.trading_day != trading_day) return 0;
    const auto it = window.alerts.find(index);
    return it == window.alerts.end() ? 0 : it->second;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(now, mode, limits, last_alert, alerts, window, pauses, moves, moving);
  }
};

}  // namespace spillway::risk
