// FX-01: the change of the spread over a window, and for how long it has been at or below a threshold.
#pragma once

#include <limits>
#include <optional>

#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// spread(t) - spread(t - W) in units of the quote currency; negative is compressing. The value at t - W is that of the
// last quote at or before it. Warm-up until there is one; book_invalid if the book was not valid then.
class SpreadChange {
 public:
  SpreadChange() = default;
  SpreadChange(const FeatureSpec& spec, Time now, const TopOfBook& top) : spec_(spec) {
    if (top.two_sided() || top.condition != TopOfBook().condition) OnTop(now, top);
  }
  const FeatureSpec& spec() const { return spec_; }

  void OnTop(Time time, const TopOfBook& top) {
    const int64_t spread = top.valid() ? top.spread() : kInvalid;
    if (!history_.empty()) {
      if (history_.back().spread == spread) return;
      if (history_.back().time == time) {
        history_.back().spread = spread;
        return;
      }
    }
    Trim(time);
    history_.push_back({time, spread});
  }
  FeatureValue Value(Time now, const TopOfBook& top) {
    if (!top.valid()) return Unready(ReasonOf(top.condition));
    Trim(now);
    if (history_.empty() || history_.front().time > now - spec_.window) return Unready(NotReady::kWarmUp);
    const int64_t then = history_.front().spread;
    if (then == kInvalid) return Unready(NotReady::kBookInvalid);
    return Ready(PriceUnits(top.spread() - then));
  }
  bool Settled(Time now) {
    Trim(now);
    return history_.empty() || (history_.size() == 1 && history_.front().time <= now - spec_.window);
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(history_);
  }

 private:
  static constexpr int64_t kInvalid = std::numeric_limits<int64_t>::min();
  struct Entry {
    Time time;
    int64_t spread = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, spread);
    }
  };
  // Keeps the last entry at or before the start of the window.
  void Trim(Time now) {
    while (history_.size() > 1 && history_[1].time <= now - spec_.window) history_.pop_front();
  }

  FeatureSpec spec_;
  RingQueue<Entry> history_;
};

// Seconds for which the spread has been at or below the threshold without a break; 0 while it is above. A book that is
// not valid breaks it.
class SpreadBelow {
 public:
  SpreadBelow() = default;
  SpreadBelow(const FeatureSpec& spec, Time now, const TopOfBook& top)
      : spec_(spec), threshold_(static_cast<int64_t>(spec.threshold * 1e9 + 0.5)) {
    OnTop(now, top);
  }
  const FeatureSpec& spec() const { return spec_; }

  void OnTop(Time time, const TopOfBook& top) {
    if (!top.valid() || top.spread() > threshold_) {
      since_.reset();
    } else if (!since_) {
      since_ = time;
    }
  }
  FeatureValue Value(Time now, const TopOfBook& top) const {
    if (!top.valid()) return Unready(ReasonOf(top.condition));
    return Ready(since_ ? Seconds(now - *since_) : 0.0);
  }
  bool Settled() const { return !since_; }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(threshold_, since_);
  }

 private:
  FeatureSpec spec_;
  int64_t threshold_ = 0;
  std::optional<Time> since_;
};

}  // namespace spillway::metrics
