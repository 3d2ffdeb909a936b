// FX-22: sustained support.
#pragma once

#include "services/metrics/level_flow.h"
#include "services/metrics/ring_queue.h"

namespace spillway::metrics {

// Size at the best price of the side over its mean at the 250 ms boundaries of (t - W, t]. Warm-up until there are all
// of them; divisor_zero if the side was empty throughout.
class Support {
 public:
  static constexpr Duration kGrid = std::chrono::milliseconds(250);

  Support() = default;
  Support(const FeatureSpec& spec, Time)
      : spec_(spec), samples_max_(static_cast<uint64_t>(std::max<int64_t>(1, spec.window / kGrid))) {}
  const FeatureSpec& spec() const { return spec_; }

  // At the last `times` boundaries the best had this size, 0 where the side was empty.
  void Sample(int64_t size, uint64_t times) {
    const bool same = !samples_.empty() && samples_.back() == size;
    unchanged_ = same ? unchanged_ + times : times;
    for (uint64_t i = std::min(times, samples_max_); i > 0; --i) {
      if (samples_.size() == samples_max_) {
        sum_ -= samples_.front();
        samples_.pop_front();
      }
      samples_.push_back(size);
      sum_ += size;
    }
  }
  FeatureValue Value(Time, const SideContext& context) const {
    if (context.book != NotReady::kReady) return Unready(context.book);
    if (samples_.size() < samples_max_) return Unready(NotReady::kWarmUp);
    if (sum_ == 0) return Unready(NotReady::kDivisorZero);
    const double mean = static_cast<double>(sum_) / static_cast<double>(samples_max_);
    return Ready(static_cast<double>(context.best_size) / mean);
  }
  // All samples are the last one.
  bool Settled(Time) const { return unchanged_ >= samples_max_; }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(samples_max_, samples_, sum_, unchanged_);
  }

 private:
  FeatureSpec spec_;
  uint64_t samples_max_ = 1;
  RingQueue<int64_t> samples_;
  int64_t sum_ = 0;
  uint64_t unchanged_ = 0;  // samples equal to the last one
};

}  // namespace spillway::metrics
