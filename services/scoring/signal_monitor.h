// Watches accepted signals until they expire and cancels those whose reason is gone. One for each strategy instance.
//
//   kHalt               the symbol is halted, and the profile cancels on halts
//   kFeedSuspended      a feed of the symbol is suspended (FX-15)
//   kBookInvalid        the book may not be used for decisions
//   kSpreadBlowOut      FX-09: spread > multiple x spread at the trigger, first seen within `spread_within`, and
//                       `spread_confirm` later still so, without a check between that saw less
//   kTapeSlowdown       FX-10: tape velocity < fraction x that at the trigger, `tape_checks` times in a row, and
//                       `tape_check_interval` after the trigger and between them
//   kLiquidityCollapse  FX-14: the feature holds
//   kFakeWall           FX-07: the feature holds, within `fake_wall_within` of the trigger
//
// The first two cancel once they are known. All are checked at each snapshot of the symbol that the instance evaluates,
// and at clock ticks with the values of the last of these; the first in this list is named. A tape velocity that is not
// ready is no check; one that was not ready, or 0, at the trigger is never compared.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "libs/events/event.h"
#include "services/scoring/feature_slot.h"
#include "services/scoring/market_state.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

struct CancelSettings {
  std::optional<double> spread_multiple;
  Duration spread_confirm = std::chrono::milliseconds(500);
  Duration spread_within{0};  // 0: any time in the signal's life
  std::optional<double> tape_fraction;
  uint32_t tape_checks = 3;
  Duration tape_check_interval = std::chrono::milliseconds(500);
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
  Time time;
  Time expires;
};

struct Cancellation {
  EventId signal;
  EventId correlation;
  InstrumentId instrument = 0;
  CancelRule rule = CancelRule::kUnknown;
  double seen = 0;
  double limit = 0;
};

class SignalMonitor {
 public:
  explicit SignalMonitor(const v1::Profile& profile);

  void Resolve(std::span<const FeatureSpec> defined);
  // The values that later checks of this symbol use.
  void See(InstrumentId instrument, const FeatureSnapshot& snapshot, std::span<const FeatureValue> values);
  // Watches a signal made of the snapshot seen last.
  void Watch(const Trigger& trigger);

  // Each returns the signals cancelled now, in the order of their triggers, and watches them no longer; valid until the
  // next call. Instrument 0: all symbols.
  std::span<const Cancellation> Check(Time now, InstrumentId instrument, const MarketState& market);
  std::span<const Cancellation> CheckStatus(Time now, InstrumentId instrument, const MarketState& market);

  size_t live() const { return live_.size(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_, live_);
  }

 private:
  struct Symbol {
    uint8_t book = 0;
    Price spread;
    std::optional<double> tape_velocity;  // absent: not ready
    bool collapsed = false;
    bool fake_wall = false;
    template <class Archive>
    void Persist(Archive& a) {
      a(book, spread, tape_velocity, collapsed, fake_wall);
    }
  };
  struct Live {
    Trigger trigger;
    Price spread;
    std::optional<double> tape_velocity;
    std::optional<Time> wide_since;
    uint32_t slow_checks = 0;
    Time tape_check_due;
    template <class Archive>
    void Persist(Archive& a) {
      a(trigger.signal.high, trigger.signal.low, trigger.correlation.high, trigger.correlation.low, trigger.instrument,
        trigger.time, trigger.expires, spread, tape_velocity, wide_since, slow_checks, tape_check_due);
    }
  };
  struct Verdict {
    CancelRule rule;
    double seen;
    double limit;
  };

  template <class JudgeLive>
  std::span<const Cancellation> Sweep(Time now, InstrumentId instrument, const JudgeLive& judge);
  std::optional<Verdict> JudgeStatus(const Live& live, const MarketState& market) const;
  std::optional<Verdict> JudgeSpread(Live& live, const Symbol& symbol, Time now) const;
  std::optional<Verdict> JudgeTape(Live& live, const Symbol& symbol, Time now) const;
  std::optional<Verdict> Judge(Live& live, Time now, const MarketState& market) const;

  CancelSettings settings_;
  FeatureSlot tape_velocity_;
  FeatureSlot collapse_;
  FeatureSlot fake_wall_;
  std::vector<Symbol> symbols_;  // by instrument
  std::vector<Live> live_;       // in the order of their triggers
  std::vector<Cancellation> cancelled_;
};

}  // namespace spillway::scoring
