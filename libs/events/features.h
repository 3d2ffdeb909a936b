// Features: the numbers that profiles score. A profile declares each by kind and parameters; metrics computes the
// union.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/time.h"

namespace spillway {

// Catalogue ids name the formula. Money-like values are in units of the quote currency, sizes in units, times in
// seconds.
enum class FeatureKind : uint8_t {
  kUnknown = 0,
  kSpread = 1,              // ask - bid
  kSpreadChange = 2,        // FX-01, over `window`
  kSpreadBelowFor = 3,      // FX-01 companion: seconds with spread <= threshold without a break
  kBidAskRatio = 4,         // FX-02, top `levels`
  kTapeVelocity = 5,        // FX-03, trades/s over `window`
  kVwap = 6,                // session VWAP
  kVwapReclaim = 7,         // FX-04: 1 while a reclaim holds, else 0
  kBidSizeOverAsk = 8,      // FX-06: best bid size - best ask size
  kBidWallAge = 9,          // FX-05: age in seconds of the oldest bid wall, 0 if there is none
  kFakeWall = 10,           // FX-07: 1 for `hold` after a bid wall was pulled, else 0
  kAskReplenishment = 11,   // FX-08: added / executed at the best ask over `window`, by rate
  kLiquidityCollapse = 12,  // FX-14: 1 while it lasts
  kTapeStall = 13,          // FX-10: seconds since the last eligible print
  kDepthBid = 14,           // size of the top `levels` bid levels
  kDepthAsk = 15,
  kQueueImbalance = 16,      // Gould & Bonart (2016): (q_bid - q_ask) / (q_bid + q_ask) at the best quotes
  kOrderFlowImbalance = 17,  // Cont, Kukanov & Stoikov (2014), best level, summed over `window`
  kMicroprice = 18,          // Stoikov (2018), size-weighted mid
  kMid = 19,
};
std::string_view FeatureKindName(FeatureKind kind);  // "bid_ask_ratio"
std::optional<FeatureKind> ParseFeatureKind(std::string_view name);

// A kind with the parameters it uses; those that the kind does not use are 0. Ordered, so that a union has one order.
struct FeatureSpec {
  FeatureKind kind = FeatureKind::kUnknown;
  uint32_t levels = 0;
  Duration window{0};
  double threshold = 0;  // spread_below_for: USD; fake_wall, wall_age: multiple of the median level size
  Duration hold{0};
  double surge = 0;       // vwap_reclaim: 3 s volume over its 5-minute mean
  Duration below_for{0};  // vwap_reclaim
  double minimum = 0;     // walls: smallest size that counts, in units
  friend auto operator<=>(const FeatureSpec&, const FeatureSpec&) = default;
};
std::string ToString(const FeatureSpec& spec);  // "bid_ask_ratio(levels=10)"

enum class NotReady : uint8_t {
  kReady = 0,
  kWarmUp = 1,  // the window is not covered yet
  kBidSideEmpty = 2,
  kAskSideEmpty = 3,
  kBookInvalid = 4,  // crossed, locked, gap, stale
  kNoTrades = 5,
  kNotCarried = 6,  // the feed cannot carry it
  kDivisorZero = 7,
  kNoSession = 8,  // outside the regular session
};
std::string_view NotReadyName(NotReady reason);  // "warm_up"

// "Not ready" is a state, never 0.
struct FeatureValue {
  double value = 0;
  NotReady not_ready = NotReady::kReady;
  bool ready() const { return not_ready == NotReady::kReady; }
  friend bool operator==(const FeatureValue&, const FeatureValue&) = default;
};

// True for a feature that grows with time alone: how long something has lasted.
constexpr bool IsAge(FeatureKind kind) {
  return kind == FeatureKind::kSpreadBelowFor || kind == FeatureKind::kBidWallAge || kind == FeatureKind::kTapeStall;
}
// Whether `after` says something new: any change, but of an age only a full second more, or that it began again.
inline bool IsNews(FeatureKind kind, const FeatureValue& before, const FeatureValue& after) {
  if (before == after) return false;
  if (!IsAge(kind) || before.not_ready != after.not_ready || after.value < before.value) return true;
  return static_cast<int64_t>(after.value) != static_cast<int64_t>(before.value);
}

}  // namespace spillway
