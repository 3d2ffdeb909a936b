// Watches accepted signals until they expire and cancels those whose reason is gone. One for each strategy instance.
//
//   kHalt               the symbol is halted, and the profile cancels on halts
//   kFeedSuspended      a feed of the symbol is suspended (FX-15)
//   kBookInvalid        the book may not be used for decisions
//   kSpreadBlowOut      FX-09: spread > multiple x spread at the trigger, first seen within `spread_within`, and still
//   so
//                       at `spread_checks` checks in a row that are `spread_confirm` apart, without one between that
//                       saw less
//   kTapeSlowdown       FX-10: tape velocity < fraction x that at the trigger, `tape_checks` times in a row, and
//                       `tape_check_interval` after the trigger and between them. With `tape_same_side` only prints
//                       that take the entry's side count (IR-7)
//   kLiquidityCollapse  FX-14: the feature holds
//   kFakeWall           FX-07: the feature holds, within `fake_wall_within` of the trigger
//   kCondition          a condition of the profile's own, in its order: it holds, first seen within `within`, and still
//   so
//                       at `checks` checks in a row that are `check_interval` apart, without one between that it did
//                       not hold at. Named by its id
//
// A signal is watched on its own side: of a short one the features are the mirrored ones (IR-1). The first two cancel
// once they are known. All are checked at each snapshot of the symbol that the instance looks at, and at clock ticks
// with the values of the last of these; the first in this list is named. A value that is not ready is no check; a tape
// velocity that was not ready, or 0, at the trigger is never compared. What the feed cannot carry never cancels, and
// the signal says so.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "services/scoring/feature_slot.h"
#include "services/scoring/look.h"
#include "services/scoring/market_state.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

struct CancelSettings {
  std::optional<double> spread_multiple;
  Duration spread_confirm = std::chrono::milliseconds(500);
  Duration spread_within{0};  // 0: any time in the signal's life
  uint32_t spread_checks = 2;
  std::optional<double> tape_fraction;
  uint32_t tape_checks = 3;
  Duration tape_check_interval = std::chrono::milliseconds(500);
  bool tape_same_side = false;
  bool on_liquidity_collapse = false;
  bool on_fake_wall = false;
  bool on_halt = false;
  Duration fake_wall_within = std::chrono::seconds(1);
};
CancelSettings CancelSettingsOf(const v1::Profile& profile);

// An accepted signal at its trigger.
struct Trigger {
  EventId signal;
  EventId correlation;
  InstrumentId instrument = 0;
  Side side = Side::kBid;
  Time time;
  Time expires;
  template <class Archive>
  void Persist(Archive& a) {
    a(signal, correlation, instrument, side, time, expires);
  }
};

struct Cancellation {
  EventId signal;
  EventId correlation;
  InstrumentId instrument = 0;
  CancelRule rule = CancelRule::kUnknown;
  double seen = 0;
  double limit = 0;
  std::string condition;
};

class SignalMonitor {
 public:
  // InvalidArgument names a condition whose feature or comparison this build does not know. The values of all looks are
  // those of the `declared` features.
  static absl::StatusOr<SignalMonitor> Of(const v1::Profile& profile, std::span<const FeatureSpec> declared);

  // Watches a signal made of this look.
  void Watch(const Trigger& trigger, const Look& look);
  // Appends a rule of no points for each cancel rule that the feed's data cannot decide: "cancel:tape_slowdown".
  void Explain(Side side, std::span<const FeatureValue> values, std::vector<RuleResult>& results) const;

  // Each returns the signals cancelled now, in the order of their triggers, and watches them no longer; valid until the
  // next call. Instrument 0: all symbols. `looks`: by instrument.
  std::span<const Cancellation> Check(Time now, InstrumentId instrument, std::span<const Looks> looks,
                                      const MarketState& market);
  std::span<const Cancellation> CheckStatus(Time now, InstrumentId instrument, const MarketState& market);

  size_t live() const { return live_.size(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(live_);
  }

 private:
  // What has been seen so far of something that must hold several times in a row.
  struct Streak {
    uint32_t count = 0;
    Time due;  // the next one counts from here on
    template <class Archive>
    void Persist(Archive& a) {
      a(count, due);
    }
  };
  struct Live {
    Trigger trigger;
    Price spread;
    std::optional<double> tape_velocity;  // absent: not ready
    Streak wide;
    Streak slow;
    std::vector<Streak> conditions;
    template <class Archive>
    void Persist(Archive& a) {
      a(trigger, spread, tape_velocity, wide, slow, conditions);
    }
  };
  struct Condition {
    std::string id;
    FeatureSlot feature;
    Comparison comparison = Comparison::kIsTrue;
    double limit = 0;
    std::optional<Duration> within;
    uint32_t checks = 1;
    Duration check_interval = std::chrono::milliseconds(500);
  };
  // What signals of one side are watched by.
  struct SideRules {
    FeatureSlot tape_velocity;
    FeatureSlot collapse;
    FeatureSlot fake_wall;
    std::vector<Condition> conditions;
  };
  struct Verdict {
    CancelRule rule;
    double seen;
    double limit;
    const std::string* condition = nullptr;
  };

  SignalMonitor() = default;
  static absl::StatusOr<SideRules> RulesOf(const v1::Profile& profile, Side side,
                                           std::span<const FeatureSpec> declared);
  const SideRules& RulesFor(Side side) const { return sides_[side == Side::kAsk ? 1 : 0]; }

  template <class JudgeLive>
  std::span<const Cancellation> Sweep(Time now, InstrumentId instrument, const JudgeLive& judge);
  std::optional<Verdict> Judge(Live& live, Time now, std::span<const Looks> looks, const MarketState& market) const;
  std::optional<Verdict> JudgeStatus(const Live& live, const MarketState& market) const;
  std::optional<Verdict> JudgeSpread(Live& live, const Look& look, Time now) const;
  std::optional<Verdict> JudgeTape(Live& live, const Look& look, Time now) const;
  std::optional<Verdict> JudgeConditions(Live& live, const Look& look, Time now) const;

  CancelSettings settings_;
  std::array<SideRules, 2> sides_;  // long, short
  std::vector<Live> live_;          // in the order of their triggers
  std::vector<Cancellation> cancelled_;
};

}  // namespace spillway::scoring
