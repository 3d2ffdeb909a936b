// What risk takes from a strategy profile, as plain numbers. The profile itself stays at the edge.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/money.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"
#include "libs/costs/costs.h"
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
  std::optional<uint32_t> trades_max = std::nullopt;
  bool needs_profit = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(start, end, mode, alerts_max, trades_max, needs_profit);
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

// IR-8
struct ScarcityLimits {
  std::optional<uint32_t> alerts_per_day;
  std::optional<uint32_t> alerts_per_symbol_day;
  Duration cooldown{0};      // 0: off
  Duration after_cancel{0};  // 0: off
  template <class Archive>
  void Persist(Archive& a) {
    a(alerts_per_day, alerts_per_symbol_day, cooldown, after_cancel);
  }
  friend bool operator==(const ScarcityLimits&, const ScarcityLimits&) = default;
};

// S1-B7.*: what a stage allows, and what ends it for good.
struct StageLimits {
  std::string name;
  std::optional<Quantity> shares_max = std::nullopt;
  std::optional<Millionths> abort_win_rate = std::nullopt;
  uint32_t abort_after = 0;  // trades of the stage; needed with abort_win_rate
  template <class Archive>
  void Persist(Archive& a) {
    a(name, shares_max, abort_win_rate, abort_after);
  }
  friend bool operator==(const StageLimits&, const StageLimits&) = default;
};

enum class AccountType : uint8_t { kMargin, kCash, kLimitedMargin };

// S1-B0.*, S1-B6.*, S1-B10.*, C-14, C-15: of the instance's account. What is absent is not checked.
struct AccountLimits {
  std::optional<Money> equity_min, equity_max;
  std::optional<Money> sizing_ceiling;
  std::optional<Money> day_loss_stop;
  std::optional<Money> day_drawdown_max;
  std::optional<Millionths> day_drawdown_max_fraction;  // of the equity that the day began with
  std::optional<uint32_t> losses_max;
  Duration losses_window = std::chrono::minutes(30);
  std::optional<Duration> losses_pause;  // absent: until the day ends
  std::optional<uint32_t> trades_per_day;
  std::optional<Money> week_target;
  std::optional<Money> month_drawdown;
  std::optional<Millionths> degraded_risk;
  AccountType type = AccountType::kMargin;
  uint32_t settlement_days = 1;
  template <class Archive>
  void Persist(Archive& a) {
    a(equity_min, equity_max, sizing_ceiling, day_loss_stop, day_drawdown_max, day_drawdown_max_fraction, losses_max,
      losses_window, losses_pause, trades_per_day, week_target, month_drawdown, degraded_risk, type, settlement_days);
  }
  friend bool operator==(const AccountLimits&, const AccountLimits&) = default;
};

// C-33: a rule of others, on the days that it holds.
struct ComplianceLimits {
  enum class Kind : uint8_t { kMinimumEquity, kDayTrades };
  std::string id;
  Kind kind = Kind::kMinimumEquity;
  Money amount;
  uint32_t count = 0;     // day trades
  uint32_t sessions = 1;  // ... within so many trading days
  int32_t from = 0;       // trading day; 0: always
  int32_t to = 99'999'999;
  template <class Archive>
  void Persist(Archive& a) {
    a(id, kind, amount, count, sessions, from, to);
  }
  friend bool operator==(const ComplianceLimits&, const ComplianceLimits&) = default;
};

// How the paper account trades (C-30, FX-16).
struct TradeTerms {
  costs::CostSchedule costs;
  Duration time_stop = std::chrono::minutes(15);
  template <class Archive>
  void Persist(Archive& a) {
    a(costs, time_stop);
  }
  friend bool operator==(const TradeTerms&, const TradeTerms&) = default;
};

// How far an entry may be filled beyond its price (S3-A4.2): what a unit may cost at most is counted.
struct CrossLimits {
  bool market = false;  // from the touch, where that is worse
  Millionths by;
  template <class Archive>
  void Persist(Archive& a) {
    a(market, by);
  }
  friend bool operator==(const CrossLimits&, const CrossLimits&) = default;
};

// C-19
struct ConfirmLimits {
  std::optional<Duration> within;  // absent: the blueprint's life
  Millionths price_move{500'000};  // of the stop distance
  template <class Archive>
  void Persist(Archive& a) {
    a(within, price_move);
  }
  friend bool operator==(const ConfirmLimits&, const ConfirmLimits&) = default;
};

struct RiskLimits {
  ScheduleLimits schedule;
  ThrottleLimits throttle;
  HaltLimits halts;
  SizingLimits sizing;
  Route route = Route::kAlert;
  bool short_side = false;  // IR-1
  ScarcityLimits scarcity;
  std::vector<StageLimits> stages;  // in the order of promotion
  std::optional<AccountLimits> account;
  std::vector<ComplianceLimits> compliance;
  TradeTerms trade;
  CrossLimits cross;
  ConfirmLimits confirm;
  template <class Archive>
  void Persist(Archive& a) {
    a(schedule, throttle, halts, sizing, route, short_side, scarcity, stages, account, compliance, trade, cross,
      confirm);
  }
  friend bool operator==(const RiskLimits&, const RiskLimits&) = default;
};

// From ConfigurationVersion::document, a serialized v1::Profile. InvalidArgument names the field, what was seen and
// what was expected; nothing is guessed for a profile that does not read.
absl::StatusOr<RiskLimits> LimitsOf(std::string_view document);

}  // namespace spillway::risk
