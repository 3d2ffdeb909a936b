// Staged liquidation (FX-81, S3-B2.4): how what is held is closed, and how far that is.
//
//   canceling   every order in scope is cancelled; for cancel_wait the acknowledgements are waited for
//   limits      limits that cross the spread by `cross`, a slice at a time: `slice` of the touch, at least a lot, whole
//               units. As much wider after each widen_every; what works by then is cancelled and priced anew
//   market      after market_after: the rest at market, where market orders are taken
//   queued      halted: nothing is sent until trading resumes; then the limits begin anew, as the price is a new one
//
// Never more is sent than is held less what may still fill of other orders that close it, acknowledged as cancelled or
// not: a position is never flipped. Where there is no valid quote no limit can be priced: market_after decides. Where
// an order was sent and closed nothing (rejected, too late), the next goes out one widening later.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "libs/events/tick_table.h"

namespace spillway::v1 {
class Liquidation;
}

namespace spillway::oms {

struct LiquidationTerms {
  Duration cancel_wait = std::chrono::seconds(2);
  int64_t cross = 1000;                    // millionths of the price: 10 bps
  std::optional<int64_t> slice = 250'000;  // millionths of the touch; absent: all at once
  Duration widen_every = std::chrono::seconds(5);
  Duration market_after = std::chrono::seconds(30);
  template <class Archive>
  void Persist(Archive& a) {
    a(cancel_wait, cross, slice, widen_every, market_after);
  }
};
LiquidationTerms LiquidationTermsOf(const v1::Liquidation& liquidation);

// What one holding's liquidation keeps.
struct LiquidationPlan {
  Time since;
  std::optional<Time> limits_since;  // absent: canceling, or queued
  std::optional<Time> placed;        // the last order
  bool placed_market = false;        // ... was at market
  Quantity open_then;                // what was held when it was placed
  FlattenStage stage = FlattenStage::kCanceling;
  template <class Archive>
  void Persist(Archive& a) {
    a(since, limits_since, placed, placed_market, open_then, stage);
  }
};

// What is known of one holding.
struct LiquidationLeg {
  Side side = Side::kNone;     // that closes it
  Quantity open;               // held; positive
  Quantity may_fill;           // of working orders that close it, those of the liquidation too
  bool cancels_open = false;   // of its other orders: not all are known to have ended
  bool working = false;        // an order of the liquidation works
  bool working_limit = false;  // ... and is a limit
  std::optional<Quote> quote;  // if it is valid
  bool halted = false;
  bool market_orders = true;  // they are taken at this time of the day
  Quantity lot = Quantity::Units(100);
  const TickTable* ticks = nullptr;
};

struct LiquidationStep {
  enum class Action : uint8_t { kWait, kCancelWorking, kPlace };
  Action action = Action::kWait;
  Quantity quantity;           // kPlace
  std::optional<Price> limit;  // absent: at market
  std::optional<Time> wake;    // when time alone asks for the next step
};
// The next step, with the plan moved on to where it is. Asked again with nothing changed it says the same, so a kPlace
// has to be obeyed: it is taken as placed.
LiquidationStep NextStep(const LiquidationTerms& terms, LiquidationPlan& plan, const LiquidationLeg& leg, Time now);

// What is being closed: everything, a strategy instance's, a symbol's.
struct FlattenScope {
  InstrumentId instrument = 0;      // 0: all
  StrategyInstanceId instance = 0;  // 0: all
  bool Covers(InstrumentId of_instrument, StrategyInstanceId of_instance) const {
    return (instrument == 0 || instrument == of_instrument) && (instance == 0 || instance == of_instance);
  }
  friend bool operator==(const FlattenScope&, const FlattenScope&) = default;
};
struct FlattenState {
  FlattenScope scope;
  FlattenProgress told;  // last
  template <class Archive>
  void Persist(Archive& a) {
    a(scope.instrument, scope.instance, told);
  }
};

// Tells how far each scope is.
class Flattening {
 public:
  // One trade that holds something or may still do so.
  struct Row {
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    Quantity held;                // signed
    uint32_t orders_open = 0;     // cancelled ones that are not known to have ended
    bool orders_working = false;  // any order that is not final
    bool halted = false;
    FlattenStage stage = FlattenStage::kCanceling;  // of its plan
  };
  struct Progress {
    FlattenScope scope;
    FlattenProgress event;
  };

  // Begins, or goes on if it is under way.
  void Start(const FlattenScope& scope, std::string_view cause);
  bool active() const { return !scopes_.empty(); }
  bool Covers(InstrumentId instrument, StrategyInstanceId instance) const;
  // Where a scope's stage changed, or what is halted in it. A scope that is done is told so and ends.
  std::vector<Progress> Tell(const std::vector<Row>& rows);

  template <class Archive>
  void Persist(Archive& a) {
    a(scopes_);
  }

 private:
  static FlattenProgress ProgressOf(const FlattenState& state, const std::vector<Row>& rows);
  std::vector<FlattenState> scopes_;
};

}  // namespace spillway::oms
