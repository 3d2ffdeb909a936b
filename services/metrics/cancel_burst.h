// FX-07, second form: a side that is being taken away while nobody trades with it.
#pragma once

#include <array>

#include "services/metrics/level_flow.h"
#include "services/metrics/window_sum.h"

namespace spillway::metrics {

// 1 while in both (t - 1 s, t] and (t - 3 s, t], at the best `levels` levels, there were at least twice as many cancels
// as additions and at least as much cancelled as added, and no print took the side in 3 s; else 0. Warm-up until 3 s
// have been watched.
class CancelBurst {
 public:
  static constexpr std::array<Duration, 2> kWindows = {std::chrono::seconds(1), std::chrono::seconds(3)};

  CancelBurst() = default;
  CancelBurst(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.rank >= spec_.levels || flow.kind == LevelFlow::Kind::kExecuted) return;
    flows_.Add(kWindows, flow.time, flow.kind == LevelFlow::Kind::kAdded ? flow.size : -flow.size);
  }
  void OnTaken(Time now) { prints_.Add(kWindows.back(), now, 1); }
  FeatureValue Value(Time now, const SideContext&) {
    if (now < since_ + kWindows.back()) return Unready(NotReady::kWarmUp);
    Trim(now);
    bool burst = prints_.empty();
    for (size_t i = 0; i < kWindows.size(); ++i) {
      const auto& sums = flows_.sums(i);
      burst &= sums.removals > 0 && sums.removals >= 2 * sums.additions && sums.removed >= sums.added;
    }
    return Ready(burst ? 1 : 0);
  }
  bool Settled(Time now) {
    Trim(now);
    return flows_.empty() && prints_.empty() && now >= since_ + kWindows.back();
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, flows_, prints_);
  }

 private:
  void Trim(Time now) {
    flows_.Trim(kWindows, now);
    prints_.Trim(kWindows.back(), now);
  }

  FeatureSpec spec_;
  Time since_;
  FlowSums<2> flows_;
  WindowSum prints_;
};

}  // namespace spillway::metrics
