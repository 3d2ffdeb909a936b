// How big a trade may be. FX-13:
//   floor(min(equity * risk / |entry - stop|, share cap, notional cap / entry, liquidity cap, intent's own maximum,
//             the stage's shares, cash that may be used / entry))
// in whole units; half of it (low_confidence_size) in a low-confidence window. Of intents that become orders also what
// the account's limits leave (MoneyRoom), parts of what trades (UnitRoom, FX-73), and factors on what all caps left
// (FX-72, FX-102, S4-R11.2.3, S4-R11.3.2), rounded down once. All in integers.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/base/int128.h"
#include "libs/costs/costs.h"
#include "libs/events/event.h"
#include "services/risk/limits.h"

namespace spillway::risk {

// A limit of money, and what is used of it so far. At most limit - used may be added.
struct MoneyRoom {
  SizeCap cap = SizeCap::kNone;
  Money used;
  Money limit;
};
struct UnitRoom {
  SizeCap cap = SizeCap::kNone;
  Quantity limit;
};
// Not above 1.
struct SizeFactor {
  SizeCap cap = SizeCap::kNone;
  Millionths factor{1'000'000};
};

// A few values without an allocation, in the order they were added.
template <class T, size_t N>
class Few {
 public:
  void push_back(const T& value) { values_.at(size_++) = value; }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + size_; }
  size_t size() const { return size_; }

 private:
  std::array<T, N> values_ = {};
  size_t size_ = 0;
};

struct SizingQuestion {
  ContractTerms terms = {};
  Price entry;                                          // above 0, not equal to stop
  Price stop;                                           // above 0
  std::optional<Quantity> displayed = std::nullopt;     // on the side that the entry takes; needed with a liquidity cap
  std::optional<Quantity> quantity_max = std::nullopt;  // the intent's own
  std::optional<Quantity> stage_max = std::nullopt;     // S1-B7.*
  std::optional<Money> cash = std::nullopt;             // C-34: what may be spent, costs included
  costs::CostSchedule costs = {};                       // needed with `cash`
  Millionths scale{1'000'000};                          // of the result: low_confidence_size, else all
  std::optional<Price> worst_entry = std::nullopt;      // what a unit may cost at most; absent: the entry. For `rooms`
  Few<MoneyRoom, 5> rooms = {};                         // these three in SizeCap order
  Few<UnitRoom, 2> parts = {};
  Few<SizeFactor, 4> factors = {};
};

// A cap as it was looked at.
struct Room {
  SizeCap cap = SizeCap::kNone;
  Int128 units = 0;  // that it alone would allow
  double used = 0;   // in `unit`, before this trade
  double limit = 0;
  std::string_view unit;
};

struct Size {
  Quantity quantity;                     // whole units, 0 if not even one is allowed
  SizeCap binding_cap = SizeCap::kRisk;  // the smallest; of equals the first in SizeCap order. Factors are no caps
  Money risk;                            // quantity * |entry - stop|, in the contract's own terms
  Few<Room, 20> rooms = {};              // in SizeCap order; of settled cash: of what the caps before it left

  // nullptr: it was not looked at.
  const Room* Of(SizeCap cap) const;
  std::vector<CapRoom> Caps() const;
};

// Cannot fail; a liquidity cap without a displayed size gives 0.
Size SizeOf(const SizingLimits& limits, const SizingQuestion& question);

// `factor` times the distance from entry to stop: never nearer to the entry than that, on the tick above 0 (FX-102).
struct StopDistance {
  Price entry;
  Price stop;
  Price tick;  // above 0
};
Price StopAt(const StopDistance& distance, Millionths factor);

}  // namespace spillway::risk
