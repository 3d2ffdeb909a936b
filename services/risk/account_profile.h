// What an account may do, whichever strategies trade it, in plain numbers: v1::RiskProfile with its defaults filled in.
// The profile itself stays at the edge. What is absent is not checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/risk/limits.h"

namespace spillway::risk {

// A limit of money: an amount, a part of the equity, or both; the tighter counts.
struct MoneyLimit {
  std::optional<Money> amount;
  std::optional<Millionths> part;

  bool any() const { return amount || part; }
  // nullopt: no limit.
  std::optional<Money> Of(Money equity) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(amount, part);
  }
  friend bool operator==(const MoneyLimit&, const MoneyLimit&) = default;
};

struct AccountTerms {
  std::string id;  // empty: any paper account
  bool live = false;
  std::optional<Money> equity;  // until the broker says it
  template <class Archive>
  void Persist(Archive& a) {
    a(id, live, equity);
  }
  friend bool operator==(const AccountTerms&, const AccountTerms&) = default;
};

// S4-R3.2.3, FX-93, FX-102
struct VolatilitySpikeLimits {
  double multiple = 2;
  Millionths stop_factor{1'500'000};
  Millionths size_factor{700'000};
  bool literal = false;  // C-52
  template <class Archive>
  void Persist(Archive& a) {
    a(multiple, stop_factor, size_factor, literal);
  }
  friend bool operator==(const VolatilitySpikeLimits&, const VolatilitySpikeLimits&) = default;
};

struct OrderLimits {
  std::vector<std::string> allow, block;  // symbols, sorted
  std::optional<double> spread_bps_max;
  std::optional<Quantity> book_size_min;
  std::optional<Duration> mark_age_max;
  std::optional<uint32_t> orders_per_minute;
  bool extended_hours = false;
  Millionths touch{250'000};
  Millionths minute_volume{100'000};
  std::optional<double> volatility_target;  // percent a year
  std::optional<VolatilitySpikeLimits> spike;
  template <class Archive>
  void Persist(Archive& a) {
    a(allow, block, spread_bps_max, book_size_min, mark_age_max, orders_per_minute, extended_hours, touch,
      minute_volume, volatility_target, spike);
  }
  friend bool operator==(const OrderLimits&, const OrderLimits&) = default;
};

struct ExposureLimits {
  MoneyLimit position;  // of one symbol
  MoneyLimit gross, net, sector;
  std::optional<uint32_t> positions;
  std::optional<double> correlation_half_above;
  std::optional<double> correlation_count_above;
  uint32_t correlated_positions = 1;  // needed with correlation_count_above
  uint32_t correlation_returns_min = 30;
  bool buying_power = true;
  template <class Archive>
  void Persist(Archive& a) {
    a(position, gross, net, sector, positions, correlation_half_above, correlation_count_above, correlated_positions,
      correlation_returns_min, buying_power);
  }
  friend bool operator==(const ExposureLimits&, const ExposureLimits&) = default;
};

// C-14; percent: of the day's first equity.
struct DailyLossLimits {
  MoneyLimit no_new_entries, flatten;
  template <class Archive>
  void Persist(Archive& a) {
    a(no_new_entries, flatten);
  }
  friend bool operator==(const DailyLossLimits&, const DailyLossLimits&) = default;
};

enum class DrawdownHorizon : uint8_t { kIntradayPeak, kDay, kMonth, kAllTime };
// C-15: from the horizon's highest equity.
struct DrawdownLimits {
  DrawdownHorizon horizon = DrawdownHorizon::kIntradayPeak;
  std::optional<Millionths> reduce;
  Millionths size_factor{500'000};
  Millionths stop_factor{1'000'000};
  std::optional<Millionths> flatten;
  template <class Archive>
  void Persist(Archive& a) {
    a(horizon, reduce, size_factor, stop_factor, flatten);
  }
  friend bool operator==(const DrawdownLimits&, const DrawdownLimits&) = default;
};

// FX-74, FX-75
struct AnomalyLimits {
  double slippage_bps_min = 5;
  double slippage_sigma = 4;
  uint32_t slippage_fills = 100;
  uint32_t slippage_times = 3;
  Duration slippage_window = std::chrono::minutes(10);
  Duration latency_p95_max = std::chrono::seconds(2);
  double latency_multiple = 5;
  uint32_t latency_orders = 20;
  Duration pause = std::chrono::minutes(10);
  template <class Archive>
  void Persist(Archive& a) {
    a(slippage_bps_min, slippage_sigma, slippage_fills, slippage_times, slippage_window, latency_p95_max,
      latency_multiple, latency_orders, pause);
  }
  friend bool operator==(const AnomalyLimits&, const AnomalyLimits&) = default;
};

// FX-76; 0: off.
struct KillLimits {
  uint32_t rate_limited = 5;
  Duration rate_limited_window = std::chrono::seconds(60);
  uint32_t disconnects = 3;
  Duration disconnects_window = std::chrono::minutes(5);
  uint32_t rejects = 5;  // in a row
  Duration mismatch = std::chrono::seconds(60);
  Duration clock_skew = std::chrono::seconds(1);
  bool flatten = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(rate_limited, rate_limited_window, disconnects, disconnects_window, rejects, mismatch, clock_skew, flatten);
  }
  friend bool operator==(const KillLimits&, const KillLimits&) = default;
};

struct AccountProfile {
  std::string name;
  uint32_t version = 0;
  AccountTerms account;
  OrderLimits orders;
  ExposureLimits exposure;
  DailyLossLimits daily_loss;
  std::vector<DrawdownLimits> drawdowns;
  std::optional<AnomalyLimits> anomalies;  // absent: not watched
  KillLimits kill;

  bool needs_history() const {
    return orders.volatility_target || orders.spike || exposure.correlation_half_above ||
           exposure.correlation_count_above;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(name, version, account, orders, exposure, daily_loss, drawdowns, anomalies, kill);
  }
  friend bool operator==(const AccountProfile&, const AccountProfile&) = default;
};

// From ConfigurationVersion::document, a serialized v1::RiskProfile. InvalidArgument names the field, what was seen and
// what was expected; nothing is guessed for a profile that does not read.
absl::StatusOr<AccountProfile> AccountProfileOf(std::string_view document);

}  // namespace spillway::risk
