// IR-4 and FX-07: how much was executed, cancelled or added at the best levels of a side, as sizes and as rates.
#pragma once

#include "services/metrics/level_flow.h"
#include "services/metrics/window_sum.h"

namespace spillway::metrics {

// Of one kind of flow at the best `levels` over (t - W, t]: ask_executed and ask_cancelled are units; the rates are
// changes per second. Warm-up until W has been watched.
class FlowWindow {
 public:
  FlowWindow() = default;
  FlowWindow(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.rank < spec_.levels) flows_.Add(spec_.window, flow.time, of_size() ? flow.size : 1);
  }
  FeatureValue Value(Time now, const SideContext&) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    flows_.Trim(spec_.window, now);
    if (of_size()) return Ready(SizeUnits(flows_.sum()));
    return Ready(static_cast<double>(flows_.sum()) / Seconds(spec_.window));
  }
  bool Settled(Time now) {
    flows_.Trim(spec_.window, now);
    return flows_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, flows_);
  }

 private:
  bool of_size() const { return spec_.kind == FeatureKind::kAskExecuted || spec_.kind == FeatureKind::kAskCancelled; }

  FeatureSpec spec_;
  Time since_;
  WindowSum flows_;
};

}  // namespace spillway::metrics
