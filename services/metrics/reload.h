// The detector of replenishment (FX-08): an order that shows itself again as fast as it is filled. What profiles score
// is the ratio (replenishment.h); in an active market more is added than executed most of the time, so the ratio alone
// tells little. This is what the event says that a trader would call a reload, or an iceberg.
//
// A fill at the best price of the side is reloaded if at least its size is added at the same price within
// kReloadWithin: a venue shows the next slice of an iceberg at once, an algorithm within a few hops, and other people's
// orders come when they like. Over kWindow, at one price that holds: at least kFillsMin fills, at least kReloadedPart
// of them reloaded, and more added than executed.
#pragma once

#include <algorithm>
#include <optional>

#include "services/metrics/feature_side.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

class ReloadDetector {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(5);
  static constexpr Duration kReloadWithin = std::chrono::milliseconds(100);
  static constexpr Duration kHold = std::chrono::seconds(2);
  static constexpr Duration kQuiet = std::chrono::seconds(2);  // without a fill: the price is left alone
  static constexpr int64_t kReloadsMin = 8;
  static constexpr double kReloadedPart = 0.93;
  // Executed in the window, in usual sizes of the best level (mean over five minutes): where so much trades at one
  // price, the orders that were there are gone more than three times over.
  static constexpr double kExecutedMin = 3.5;

  ReloadDetector() = default;
  explicit ReloadDetector(const FeatureSpec& spec) : spec_(spec), sign_(SideOf(spec) == Side::kAsk ? -1 : 1) {}
  const FeatureSpec& spec() const { return spec_; }

  // A change of the side.
  void OnLevelChange(Time now, const book::LevelChange& change, bool causes) {
    const int64_t added = change.after.e8() - change.before.e8();
    if (added > 0) {
      const bool real = change.cause != Cause::kWindow && change.cause != Cause::kSnapshot;
      if (real && change.price.nanos() == price_) Add(now, added);
    } else if (added < 0 && causes && change.cause == Cause::kExecute) {
      Fill(now, change.price.nanos(), -added);
    }
  }
  // Visible prints, of feeds that do not say causes. `best`: of the side before the event, 1e-9; 0 if there was none.
  void OnPrint(Time now, Price price, Quantity quantity, Side aggressor, int64_t best) {
    const bool taken = aggressor == Opposite(SideOf(spec_)) || (aggressor == Side::kNone && price.nanos() == best);
    if (taken) Fill(now, price.nanos(), quantity.e8());
  }
  // What has been true at the last `times` boundaries of 250 ms. `best`: the size of the side's best level, 1e-8.
  void Sample(int64_t best, uint64_t times) {
    samples_ = std::min(samples_ + times, kSamples);
    usual_ += (static_cast<double>(best) - usual_) *
              std::min(1.0, static_cast<double>(times) / static_cast<double>(samples_));
  }
  // Once it was true it stays so for kHold, so that one order is one report.
  bool Active(Time now) {
    if (Holds(now)) until_ = now + kHold;
    return until_ && now < *until_;
  }
  Price price() const { return Price::FromNanos(price_); }
  double reloaded_part() const {
    return fills_.empty() ? 0 : static_cast<double>(reloaded_) / static_cast<double>(fills_.size());
  }
  bool Settled(Time now) {
    Trim(now);
    return fills_.empty() && !(until_ && now < *until_);
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(sign_, price_, samples_, usual_, fills_, reloaded_, reloads_, executed_, added_, last_reload_, until_);
  }

 private:
  bool Holds(Time now) {
    Trim(now);
    return reloads_ >= kReloadsMin && samples_ >= kSamplesMin && added_ > executed_ &&
           static_cast<double>(reloaded_) >= kReloadedPart * static_cast<double>(fills_.size()) &&
           static_cast<double>(executed_) >= kExecutedMin * usual_;
  }

  static constexpr uint64_t kSamples = 1200;    // five minutes
  static constexpr uint64_t kSamplesMin = 120;  // thirty seconds: before them nothing is usual

  struct Flow {
    Time time;
    int64_t executed = 0;
    int64_t added = 0;    // within kReloadWithin, for this fill first
    bool counts = false;  // the addition that reloaded it reloaded none before it
    template <class Archive>
    void Persist(Archive& a) {
      a(time, executed, added, counts);
    }
  };

  // Fills behind the price are parts of a sweep; one before it, or a price long left alone, begins anew.
  void Fill(Time now, int64_t price, int64_t size) {
    Trim(now);
    if (price != price_) {
      const bool behind = sign_ * price < sign_ * price_;
      if (behind && !fills_.empty() && now < fills_.back().time + kQuiet) return;
      fills_.clear();
      reloaded_ = reloads_ = executed_ = added_ = 0;
      price_ = price;
    }
    executed_ += size;
    if (!fills_.empty() && fills_.back().time == now) {
      Flow& flow = fills_.back();
      if (flow.added >= flow.executed && flow.added < flow.executed + size) --reloaded_;
      flow.executed += size;
    } else {
      fills_.push_back({now, size, 0});
    }
  }
  // The oldest fill that still waits is served first; what is over goes to the youngest.
  void Add(Time now, int64_t size) {
    Trim(now);
    size_t i = fills_.size();
    while (i > 0 && fills_[i - 1].time >= now - kReloadWithin) --i;
    if (i == fills_.size()) return;
    added_ += size;
    for (; i < fills_.size() && size > 0; ++i) {
      Flow& flow = fills_[i];
      const bool last = i + 1 == fills_.size();
      const int64_t open = std::max<int64_t>(0, flow.executed - flow.added);
      if (open == 0 && !last) continue;
      const int64_t part = last ? size : std::min(size, open);
      flow.added += part;
      size -= part;
      if (open > 0 && flow.added >= flow.executed) {
        ++reloaded_;
        if (last_reload_ != now) ++reloads_, flow.counts = true;
        last_reload_ = now;
      }
    }
  }
  void Trim(Time now) {
    while (!fills_.empty() && fills_.front().time <= now - kWindow) {
      const Flow& flow = fills_.front();
      executed_ -= flow.executed;
      added_ -= flow.added;
      if (flow.added >= flow.executed) --reloaded_;
      reloads_ -= flow.counts ? 1 : 0;
      fills_.pop_front();
    }
  }

  FeatureSpec spec_;
  int64_t sign_ = 1;
  int64_t price_ = 0;
  uint64_t samples_ = 0;
  double usual_ = 0;
  RingQueue<Flow> fills_;  // of price_, the last kWindow
  int64_t reloaded_ = 0;   // fills
  int64_t reloads_ = 0;    // additions that reloaded some
  int64_t executed_ = 0;
  int64_t added_ = 0;
  Time last_reload_;
  std::optional<Time> until_;
};

}  // namespace spillway::metrics
