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
  kAskAbsorption = 20,     // FX-19: executed / (executed + cancelled) at the best ask over `window`; 0 under `levels`
                           // prints or `minimum` units
  kTapeAcceleration = 21,  // FX-19: velocity over `window` / velocity over the `below_for` before it
  kAskWallDepletion = 22,  // FX-19: executed part of the largest ask wall, 0 to 1
  kBidSpoofScore = 23,     // how much of what left the bids was put there to be taken away, 0 to 1 (spoof_score.h)
  kBidCancelBurst = 24,    // FX-07, second form: 1 while cancels >= 2 x adds in 1 s and 3 s, and nothing prints
  kAskRefills = 25,        // iceberg hint: refills after fills at one ask price over `window`
  kBidAddRate = 26,        // IR-4: per second over `window`, top `levels`
  kBidCancelRate = 27,
  kBidUpdateRate = 28,
  kAskRefillWithoutPrint = 29,  // FX-08, second form: 1 while >= 3 additions of >= 10 lots together met no print
  kAskPassiveAbsorption = 30,  // FX-22: executed at the best ask over `window` / displayed at its start; 0 if the price
                               // moved more than `levels` ticks
  kBidSupport = 31,            // FX-22: best bid size / its mean over `window`
  kVwapDistance = 32,          // |last - VWAP|
  kBookValidFor = 33,          // seconds since the book is valid without a break
  kTapeFreeze = 34,            // FX-10: seconds since the last eligible print if quotes moved since, else 0
  kBuyVelocity = 35,           // trades/s over `window` that took the ask
  kAskExecuted = 36,           // units over `window` at the top `levels` asks that left by execution ...
  kAskCancelled = 37,          // ... and by cancellation
  kTradedVolume = 38,          // FX-73: units of eligible trades over `window`
};
inline constexpr FeatureKind kLastFeatureKind = FeatureKind::kTradedVolume;
std::string_view FeatureKindName(FeatureKind kind);  // "bid_ask_ratio"
std::optional<FeatureKind> ParseFeatureKind(std::string_view name);

// A feature as a rule names it. Mirrored: of the other side of the market, bids for asks and a fall for a rise; what a
// long setup looks at, a short one looks at mirrored (IR-1).
struct FeatureName {
  FeatureKind kind = FeatureKind::kUnknown;
  bool mirrored = false;
  friend bool operator==(const FeatureName&, const FeatureName&) = default;
};
// The same seen from the other side; a feature without sides is its own. Depths change kind, all others keep it.
FeatureName Mirrored(FeatureName name);
std::string_view ToString(FeatureName name);  // "ask_bid_ratio" for a mirrored kBidAskRatio
std::optional<FeatureName> ParseFeatureName(std::string_view name);

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
  bool mirrored = false;  // see FeatureName
  bool venue = false;     // VWAP as the venue reports it
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
  kNoWall = 9,     // nothing to measure
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
  return kind == FeatureKind::kSpreadBelowFor || kind == FeatureKind::kBidWallAge || kind == FeatureKind::kTapeStall ||
         kind == FeatureKind::kBookValidFor || kind == FeatureKind::kTapeFreeze;
}
// Whether `after` says something new: any change, but of an age only a full second more, or that it began again. The
// traded volume is for sizes alone: it decides nothing, so that it is no news by itself.
inline bool IsNews(FeatureKind kind, const FeatureValue& before, const FeatureValue& after) {
  if (before == after || kind == FeatureKind::kTradedVolume) return false;
  if (!IsAge(kind) || before.not_ready != after.not_ready || after.value < before.value) return true;
  return static_cast<int64_t>(after.value) != static_cast<int64_t>(before.value);
}

}  // namespace spillway
