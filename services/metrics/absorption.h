// FX-19 and FX-22: whether what is offered is bought, and whether the price holds meanwhile.
#pragma once

#include "services/metrics/level_flow.h"
#include "services/metrics/window_sum.h"

namespace spillway::metrics {

// FX-19: executed / (executed + cancelled) at the best price of the side over (t - W, t], 0 to 1; 0 with fewer than
// `levels` prints that took the side or less than `minimum` units executed. Executions happen at the best by
// definition. Warm-up until W has been watched.
class Absorption {
 public:
  Absorption() = default;
  Absorption(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.kind == LevelFlow::Kind::kExecuted) {
      executed_.Add(spec_.window, flow.time, flow.size);
    } else if (flow.kind == LevelFlow::Kind::kCancelled && flow.at_best) {
      cancelled_.Add(spec_.window, flow.time, flow.size);
    }
  }
  void OnTaken(Time now) { prints_.Add(spec_.window, now, 1); }
  FeatureValue Value(Time now, const SideContext&) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    const int64_t executed = executed_.sum();
    if (prints_.sum() < static_cast<int64_t>(spec_.levels) || executed <= 0) return Ready(0);
    if (SizeUnits(executed) < spec_.minimum) return Ready(0);
    return Ready(static_cast<double>(executed) / static_cast<double>(executed + cancelled_.sum()));
  }
  bool Settled(Time now) {
    Trim(now);
    return executed_.empty() && cancelled_.empty() && prints_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, executed_, cancelled_, prints_);
  }

 private:
  void Trim(Time now) {
    executed_.Trim(spec_.window, now);
    cancelled_.Trim(spec_.window, now);
    prints_.Trim(spec_.window, now);
  }

  FeatureSpec spec_;
  Time since_;
  WindowSum executed_, cancelled_, prints_;
};

// FX-22: size executed at the best price of the side over (t - W, t], over what was displayed there when the window
// began; 0 if the best price moved more than `levels` ticks within it. What was displayed and the price's range are
// those of the 250 ms boundaries: between two of them the window begins up to 250 ms earlier. Warm-up until there is a
// boundary W ago; not ready if the side was empty then.
class PassiveAbsorption {
 public:
  static constexpr Duration kGrid = std::chrono::milliseconds(250);
  static constexpr double kActive = 3;  // FX-22: from here on the detector says so

  PassiveAbsorption() = default;
  PassiveAbsorption(const FeatureSpec& spec, Time)
      : spec_(spec), samples_max_(static_cast<uint64_t>((spec.window + kGrid - Duration(1)) / kGrid) + 1) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.kind == LevelFlow::Kind::kExecuted) executed_.Add(spec_.window, flow.time, flow.size);
  }
  // The best of the side is now at `key`.
  void OnBest(int64_t key) { range_.See(key); }
  // At the last `times` boundaries the best was `size` at `key`; size 0: the side was empty.
  void Sample(int64_t key, int64_t size, uint64_t times) {
    const bool same = !samples_.empty() && samples_.back().displayed == size;
    unchanged_ = same ? unchanged_ + times : times;
    for (uint64_t i = std::min(times, samples_max_); i > 0; --i) {
      if (samples_.size() == samples_max_) samples_.pop_front();
      samples_.push_back({size, range_});
      range_ = Range();
      if (size > 0) range_.See(key);
    }
  }
  FeatureValue Value(Time now, const SideContext& context) {
    if (samples_.size() < samples_max_) return Unready(NotReady::kWarmUp);
    const int64_t displayed = samples_.front().displayed;
    if (displayed == 0) return Unready(context.side_empty);
    executed_.Trim(spec_.window, now);
    if (executed_.sum() == 0 || Moved() > context.tick * spec_.levels) return Ready(0);
    return Ready(static_cast<double>(executed_.sum()) / static_cast<double>(displayed));
  }
  // Enough was executed for the detector, wherever the price went.
  bool Taken(Time now) {
    if (executed_.empty() || samples_.size() < samples_max_ || samples_.front().displayed == 0) return false;
    executed_.Trim(spec_.window, now);
    return static_cast<double>(executed_.sum()) >= kActive * static_cast<double>(samples_.front().displayed);
  }
  bool Active(Time now, const SideContext& context) { return Taken(now) && Moved() <= context.tick * spec_.levels; }
  bool Settled(Time now) {
    executed_.Trim(spec_.window, now);
    return executed_.empty() && unchanged_ >= samples_max_;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(samples_max_, executed_, range_, samples_, unchanged_);
  }

 private:
  struct Range {
    int64_t low = INT64_MAX, high = INT64_MIN;
    void See(int64_t key) {
      low = std::min(low, key);
      high = std::max(high, key);
    }
    void See(const Range& other) {
      low = std::min(low, other.low);
      high = std::max(high, other.high);
    }
    template <class Archive>
    void Persist(Archive& a) {
      a(low, high);
    }
  };
  struct BoundarySample {
    int64_t displayed = 0;
    Range before;  // of the best prices since the boundary before it
    template <class Archive>
    void Persist(Archive& a) {
      a(displayed, before);
    }
  };
  int64_t Moved() const {
    Range range = range_;
    for (size_t i = 1; i < samples_.size(); ++i) range.See(samples_[i].before);
    return range.low > range.high ? 0 : range.high - range.low;
  }

  FeatureSpec spec_;
  uint64_t samples_max_ = 1;
  WindowSum executed_;
  Range range_;  // since the last boundary
  RingQueue<BoundarySample> samples_;
  uint64_t unchanged_ = 0;  // samples that displayed what the last one did
};

}  // namespace spillway::metrics
