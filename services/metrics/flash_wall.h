// The detector of flash walls (FX-07): somebody shows size that is far out of the ordinary and takes it away before it
// can be hit. What profiles score is fake_wall (walls.h), with a profile's own idea of a wall; this is what the event
// says that a trader would call by the name.
//
// A flash wall is put up by one event at one of the best `levels` of a side: at least kMultiple times the size that a
// level of that side usually has and has now (median of the best ten; usually: its mean over five minutes). Within
// `window` of its appearance at most kLeftMax of its peak is left, at least kAtOnceMin of the peak went in one event,
// and less than a fifth of it was executed. It is reported for `hold`.
//
// An old wall that comes near the best, a level that grows or is worn down order by order, a large order that goes and
// leaves the others where they were, and a wall that stands longer are none of it.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "services/metrics/feature_side.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/top_of_book.h"
#include "services/metrics/walls.h"

namespace spillway::metrics {

class FlashWallDetector {
 public:
  // Large orders of every day are two or three times a level; a wall is meant to be seen beside them.
  static constexpr double kMultiple = 4;
  static constexpr double kLeftMax = 0.15;  // FX-07's fifth, and less: a usual level under the wall is a fifth of it
  static constexpr double kAtOnceMin = 2.0 / 3;
  static constexpr size_t kTrackedMax = 4;  // more at once: the smallest are left out

  FlashWallDetector() = default;
  explicit FlashWallDetector(const FeatureSpec& spec)
      : spec_(spec), minimum_(static_cast<int64_t>(spec.minimum * 1e8 + 0.5)) {}
  const FeatureSpec& spec() const { return spec_; }

  // A change of the side. `causes`: the feed says why levels change.
  void OnLevelChange(Time now, const book::LevelChange& change, bool causes) {
    const int64_t added = change.after.e8() - change.before.e8();
    const bool seen_now = change.cause == Cause::kWindow || change.cause == Cause::kSnapshot;
    for (size_t i = 0; i < count_; ++i) {
      if (tracked_[i].price == change.price.nanos()) Follow(now, tracked_[i], change, causes);
    }
    if (!seen_now && added >= least_) Appear(now, change, added);
  }
  void OnCleared() { count_ = 0; }
  // Visible prints, of feeds that do not say causes.
  void OnPrint(Time now, Price price, Quantity quantity) {
    for (size_t i = 0; i < count_; ++i) {
      if (tracked_[i].price == price.nanos()) tracked_[i].match.OnPrint(now, quantity.e8());
    }
  }
  // At the end of an event that changed the side.
  void OnRowEnd(Time now, const book::BookSide& levels, bool causes) {
    if (count_ > 0) Review(now, levels, causes);
  }
  // What has been true at the last `times` boundaries of 250 ms.
  void Sample(const book::BookSide& levels, uint64_t times) {
    const size_t n = std::min(levels.size(), Walls::kVisibleLevels);
    if (n == 0) return;
    const double median = Median(levels, n);
    samples_ = std::min(samples_ + times, kSamples);
    usual_ += (median - usual_) * std::min(1.0, static_cast<double>(times) / static_cast<double>(samples_));
    if (samples_ < kSamplesMin) return;
    least_ = std::max(static_cast<int64_t>(kMultiple * std::max(usual_, median)), minimum_);
  }
  // Judges what waits for prints.
  void Advance(Time now) {
    for (size_t i = 0; i < count_; ++i) {
      Tracked& wall = tracked_[i];
      if (!wall.pulled_at || now < *wall.pulled_at + PrintMatcher::kWithin) continue;
      wall.match.Expire(now + Duration(1));
      Judge(wall, *wall.pulled_at + PrintMatcher::kWithin);
    }
    Forget();
  }

  bool Active(Time now) const { return until_ && now < *until_; }
  Price price() const { return price_; }
  // Its size against a usual level's.
  double multiple() const { return multiple_; }
  bool Settled(Time now) const { return count_ == 0 && !Active(now); }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(minimum_, least_, samples_, usual_, count_, until_, price_, multiple_, tracked_);
    if constexpr (Archive::kReading) count_ = std::min<uint64_t>(count_, kTrackedMax);
  }

 private:
  static constexpr uint64_t kSamples = 1200;    // five minutes
  static constexpr uint64_t kSamplesMin = 120;  // thirty seconds: before them nothing is usual

  struct Tracked {
    int64_t price = 0;
    int64_t size = 0;
    int64_t peak = 0;
    int64_t largest_cut = 0;  // by one event
    int64_t left = 0;         // when it was pulled
    Time appeared_at;
    std::optional<Time> pulled_at;  // waiting for prints
    bool ranked = false;            // it was seen among the best levels
    bool done = false;
    PrintMatcher match;
    template <class Archive>
    void Persist(Archive& a) {
      a(price, size, peak, largest_cut, left, appeared_at, pulled_at, ranked, done, match);
    }
  };

  static double Median(const book::BookSide& levels, size_t n) {
    std::array<int64_t, Walls::kVisibleLevels> sizes;
    std::copy(levels.sizes_end() - n, levels.sizes_end(), sizes.begin());
    std::sort(sizes.begin(), sizes.begin() + n);
    return static_cast<double>(sizes[(n - 1) / 2] + sizes[n / 2]) / 2;
  }
  void Appear(Time now, const book::LevelChange& change, int64_t added) {
    Tracked* place = count_ < kTrackedMax ? &tracked_[count_++] : nullptr;
    if (place == nullptr) {
      place = &*std::ranges::min_element(tracked_, {}, &Tracked::peak);
      if (place->peak >= added) return;
    }
    *place = Tracked();
    place->price = change.price.nanos();
    place->size = place->peak = change.after.e8();
    place->appeared_at = now;
  }
  static void Follow(Time now, Tracked& wall, const book::LevelChange& change, bool causes) {
    const int64_t decrease = wall.size - change.after.e8();
    wall.size = change.after.e8();
    wall.peak = std::max(wall.peak, wall.size);
    if (change.cause == Cause::kWindow || change.cause == Cause::kSnapshot)
      wall.done = true;  // what happened is not known
    if (decrease <= 0) return;
    wall.largest_cut = std::max(wall.largest_cut, decrease);
    if (!causes) {
      wall.match.OnDecrease(now, decrease);
    } else if (change.cause == Cause::kExecute) {
      wall.match.AddExecuted(decrease);
    } else {
      wall.match.AddCancelled(decrease);
    }
  }
  void Review(Time now, const book::BookSide& levels, bool causes) {
    for (size_t i = 0; i < count_; ++i) {
      Tracked& wall = tracked_[i];
      if (!wall.ranked) {
        const std::optional<size_t> rank = levels.RankOf(Price::FromNanos(wall.price));
        wall.ranked = rank && *rank < std::max(spec_.levels, 1U);
        if (!wall.ranked) wall.done = true;
      }
      if (wall.done || wall.pulled_at) continue;
      if (now - wall.appeared_at > spec_.window) {
        wall.done = true;
      } else if (wall.size * 5 <= wall.peak) {
        wall.pulled_at = now;
        wall.left = wall.size;
        if (causes) Judge(wall, now);
      }
    }
    Forget();
  }
  void Judge(Tracked& wall, Time at) {
    wall.done = true;
    const int64_t executed = wall.match.executed();
    const int64_t removed = executed + wall.match.cancelled() + wall.match.undecided();
    if (removed <= 0 || executed * 5 >= removed) return;
    const auto peak = static_cast<double>(wall.peak);
    if (static_cast<double>(wall.left) > kLeftMax * peak || static_cast<double>(wall.largest_cut) < kAtOnceMin * peak)
      return;
    until_ = at + spec_.hold;
    price_ = Price::FromNanos(wall.price);
    multiple_ = static_cast<double>(wall.peak) / usual_;
  }
  void Forget() {
    size_t kept = 0;
    for (size_t i = 0; i < count_; ++i) {
      if (tracked_[i].done) continue;
      if (kept != i) tracked_[kept] = tracked_[i];
      ++kept;
    }
    count_ = kept;
  }

  FeatureSpec spec_;
  int64_t minimum_ = 0;
  int64_t least_ = INT64_MAX;  // an addition that is a wall
  uint64_t samples_ = 0;
  double usual_ = 0;
  uint64_t count_ = 0;
  std::optional<Time> until_;
  Price price_;
  double multiple_ = 0;
  std::array<Tracked, kTrackedMax> tracked_{};
};

}  // namespace spillway::metrics
