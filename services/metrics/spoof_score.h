// How much of what left a side was put there to be taken away again.
//
//   score = sum over prices of max(0, C - S) / sum over prices of (C + X),   0 to 1, high is a spoof
//
// over (t - W, t] and the best `levels` levels: C is the size cancelled at a price, X the size executed there, S what
// stood there when the first of the window's changes came. So a cancel counts as far as it must have taken what was
// added within the window: a level is taken to lose first what had stood. A book whose sizes come and go about what
// stands scores near 0 as long as no more is cancelled than stood, orders that flash near 1; what was executed is no
// spoof. 0 while nothing left; warm-up until W has been watched.
//
// Example, W = 3 s: 500 units stand at 10.00; 4,500 are added and cancelled 200 ms later, and 100 are executed:
// C = 4,500, S = 500, X = 100, score = 4,000 / 4,600 = 0.87. If instead 300 of the 500 are cancelled it is 0.
//
// A price that leaves sight or is sent as a snapshot counts as standing until its changes have left the window.
#pragma once

#include "services/metrics/level_flow.h"
#include "services/metrics/price_table.h"

namespace spillway::metrics {

class SpoofScore {
 public:
  SpoofScore() = default;
  SpoofScore(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    Trim(flow.time);
    if (flow.rank >= spec_.levels) {
      // Beyond the levels that are looked at: what stands there changes, nothing is counted.
      if (Level* level = levels_.Find(flow.key)) Change(*level, SignedSize(flow), 0);
      return;
    }
    Level* level = levels_.Find(flow.key);
    if (level == nullptr) {
      level = &levels_[flow.key];
      level->stood = flow.before;
    }
    ++level->flows;
    if (flow.kind != LevelFlow::Kind::kAdded) left_ += flow.size;
    if (flow.kind == LevelFlow::Kind::kCancelled) Change(*level, 0, flow.size);
    flows_.push_back({flow.time, flow.key, flow.size, flow.kind});
  }
  // Nothing is known any more of what stands at a price.
  void Forget(int64_t key) {
    if (Level* level = levels_.Find(key)) Change(*level, kUnknown, 0);
  }
  void ForgetAll() {
    levels_.ForEach([&](int64_t, Level& level) { Change(level, kUnknown, 0); });
  }
  FeatureValue Value(Time now, const SideContext&) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    return Ready(left_ > 0 ? static_cast<double>(flashed_) / static_cast<double>(left_) : 0);
  }
  bool Settled(Time now) {
    Trim(now);
    return flows_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, flows_, levels_, flashed_, left_);
  }

 private:
  static constexpr int64_t kUnknown = INT64_MAX / 4;  // stands for more than is ever cancelled
  struct Level {
    int64_t stood = 0;
    int64_t cancelled = 0;
    int64_t flows = 0;  // of flows_
    int64_t flashed() const { return std::max<int64_t>(0, cancelled - std::max<int64_t>(0, stood)); }
    template <class Archive>
    void Persist(Archive& a) {
      a(stood, cancelled, flows);
    }
  };
  struct Counted {
    Time time;
    int64_t key = 0;
    int64_t size = 0;
    LevelFlow::Kind kind = LevelFlow::Kind::kAdded;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, key, size, kind);
    }
  };
  template <class Flow>
  static int64_t SignedSize(const Flow& flow) {
    return flow.kind == LevelFlow::Kind::kAdded ? flow.size : -flow.size;
  }
  void Change(Level& level, int64_t stood, int64_t cancelled) {
    flashed_ -= level.flashed();
    level.stood = std::min(level.stood + stood, kUnknown);
    level.cancelled += cancelled;
    flashed_ += level.flashed();
  }
  void Trim(Time now) {
    while (!flows_.empty() && flows_.front().time <= now - spec_.window) {
      const Counted& flow = flows_.front();
      const bool cancel = flow.kind == LevelFlow::Kind::kCancelled;
      if (flow.kind != LevelFlow::Kind::kAdded) left_ -= flow.size;
      if (Level* level = levels_.Find(flow.key)) {
        Change(*level, SignedSize(flow), cancel ? -flow.size : 0);
        if (--level->flows == 0) levels_.Erase(flow.key);
      }
      flows_.pop_front();
    }
  }

  FeatureSpec spec_;
  Time since_;
  RingQueue<Counted> flows_;
  PriceTable<Level> levels_;
  int64_t flashed_ = 0;
  int64_t left_ = 0;
};

}  // namespace spillway::metrics
