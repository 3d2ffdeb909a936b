// What risk takes from a strategy profile, as plain numbers. The profile itself stays at the edge.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/money.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"
#include "libs/events/event.h"

namespace spillway::risk {

// A fraction in millionths, so that sizes are computed in integers: 0.25% is 2500.
struct Millionths {
  int64_t value = 0;
  template <class Archive>
  void Persist(Archive& a) {
    a(value);
  }
  friend bool operator==(const Millionths&, const Millionths&) = default;
};
Millionths MillionthsOf(double fraction);  // rounded to the nearest

enum class WindowMode : uint8_t { kFull, kStrict, kMonitor, kClosed };

// Minutes of the New York day, `end` exclusive.
struct ScheduleWindow {
  int32_t start = 0;
  int32_t end = 0;
  WindowMode mode = WindowMode::kClosed;
  std::optional<uint32_t> alerts_max;
  template <class Archive>
  void Persist(Archive& a) {
    a(start, end, mode, alerts_max);
  }
  friend bool operator==(const ScheduleWindow&, const ScheduleWindow&) = default;
};

struct ScheduleLimits {
  bool always_open = false;
  bool shift_on_early_close = false;
  std::vector<ScheduleWindow> windows;  // the first that contains the minute counts; none: closed
  double low_confidence_points = 1.0;   // FX-18
  Millionths low_confidence_size{500'000};
  template <class Archive>
  void Persist(Archive& a) {
    a(always_open, shift_on_early_close, windows, low_confidence_points, low_confidence_size);
  }
  friend bool operator==(const ScheduleLimits&, const ScheduleLimits&) = default;
};

struct ThrottleLimits {
  Duration same_ticker{0};                  // 0: off
  std::optional<uint32_t> alerts_per_hour;  // absent: off
  bool throttle_on_exceed = false;          // C-13: false: pause
  Duration exceed_interval = std::chrono::minutes(20);
  std::optional<uint32_t> alerts_per_minute_hard;
  template <class Archive>
  void Persist(Archive& a) {
    a(same_ticker, alerts_per_hour, throttle_on_exceed, exceed_interval, alerts_per_minute_hard);
  }
  friend bool operator==(const ThrottleLimits&, const ThrottleLimits&) = default;
};

struct HaltLimits {
  bool halt_global = false;  // C-18: what one symbol's halt or price move stops
  bool news_global = false;
  Duration auto_resume_after = std::chrono::minutes(5);
  Millionths price_move = {};  // 0: off
  Duration price_move_window = std::chrono::seconds(60);
  template <class Archive>
  void Persist(Archive& a) {
    a(halt_global, news_global, auto_resume_after, price_move, price_move_window);
  }
  friend bool operator==(const HaltLimits&, const HaltLimits&) = default;
};

struct SizingLimits {
  Money equity;
  Millionths risk;  // of the equity
  std::optional<Quantity> shares_max = std::nullopt;
  std::optional<Money> notional_max = std::nullopt;
  std::optional<Millionths> liquidity = std::nullopt;  // of the size displayed on the side that the entry takes
  template <class Archive>
  void Persist(Archive& a) {
    a(equity, risk, shares_max, notional_max, liquidity);
  }
  friend bool operator==(const SizingLimits&, const SizingLimits&) = default;
};

struct RiskLimits {
  ScheduleLimits schedule;
  ThrottleLimits throttle;
  HaltLimits halts;
  SizingLimits sizing;
  Route route = Route::kAlert;
  template <class Archive>
  void Persist(Archive& a) {
    a(schedule, throttle, halts, sizing, route);
  }
  friend bool operator==(const RiskLimits&, const RiskLimits&) = default;
};

// From ConfigurationVersion::document, a serialized v1::Profile. InvalidArgument names the field, what was seen and
// what was expected; nothing is guessed for a profile that does not read.
absl::StatusOr<RiskLimits> LimitsOf(std::string_view document);

}  // namespace spillway::risk
