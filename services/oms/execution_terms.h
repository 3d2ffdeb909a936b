// What oms takes from profiles, as plain numbers: how an instance's trades are executed, and how orders are looked
// after.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "services/oms/liquidation.h"

namespace spillway::oms {

// A part of a price in 1e-6: 5 bps are 500. Prices are computed in integers.
using PriceFraction = int64_t;

enum class EntryOrder : uint8_t { kLimit, kMarketableLimit, kMarket };

// Of a strategy profile: `execution`, `outcome`, `schedule`.
struct ExecutionTerms {
  EntryOrder entry = EntryOrder::kLimit;
  PriceFraction cross = 500;
  std::optional<Duration> chase_after;  // FX-106; absent: the entry lives as long as its intent
  uint32_t chases_max = 3;
  int64_t chase_risk_max = 1'500'000;  // millionths of the approved risk
  bool cancel_rest = false;            // S3-A4.3
  Duration partial_wait = std::chrono::seconds(2);
  std::optional<int64_t> trail;  // millionths of the stop distance
  uint32_t trail_step = 2;       // ticks
  Duration replace_interval = std::chrono::seconds(1);
  PriceFraction exit_cross = 1000;
  Duration time_stop = std::chrono::minutes(15);
  bool always_open = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(entry, cross, chase_after, chases_max, chase_risk_max, cancel_rest, partial_wait, trail, trail_step,
      replace_interval, exit_cross, time_stop, always_open);
  }
};
// `document` is a v1::Profile. InvalidArgument: it does not read.
absl::StatusOr<ExecutionTerms> ReadExecutionTerms(std::string_view document);

// Of the account's risk profile.
struct CareTerms {
  Duration stuck_after = std::chrono::seconds(10);  // FX-77
  Duration reconcile_every = std::chrono::seconds(30);
  std::optional<uint32_t> commands_per_minute;
  bool extended_hours = false;
  LiquidationTerms liquidation;
  std::string account;  // empty: any
  bool live = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(stuck_after, reconcile_every, commands_per_minute, extended_hours, liquidation, account, live);
  }
};
// `document` is a v1::RiskProfile.
absl::StatusOr<CareTerms> ReadCareTerms(std::string_view document);

}  // namespace spillway::oms
