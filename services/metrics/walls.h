// FX-05, FX-07 and FX-19: walls of one side of the book, how long they stand, whether they were real, how far eaten.
//
// A wall is a level among the best `levels` whose size is at least `threshold` times the median size of the side's
// visible levels (the best ten) and at least `minimum` units. It stands while its price level stays and its size, not
// counting what was executed, is at least 80% of what it qualified with. A fake wall loses at least 80% of its size
// within `window` of qualifying, less than 20% of that by executions; it is reported for `hold`.
//
// What took size away: the event's cause, where the feed says it. Else decreases are matched with prints at the same
// price within 250 ms before or after; what finds no print was cancelled. A pulled wall is then judged 250 ms after the
// pull.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "libs/base/int128.h"
#include "services/metrics/feature_side.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// Matches decreases of one level with prints at its price, whichever comes first.
class PrintMatcher {
 public:
  static constexpr Duration kWithin = std::chrono::milliseconds(250);

  void OnDecrease(Time now, int64_t size) {
    Expire(now);
    const int64_t matched = Take(prints_, size);
    executed_ += matched;
    Put(decreases_, now, size - matched);
  }
  void OnPrint(Time now, int64_t size) {
    Expire(now);
    const int64_t matched = Take(decreases_, size);
    executed_ += matched;
    Put(prints_, now, size - matched);
  }
  void Expire(Time now) {
    for (Pending& decrease : decreases_) {
      if (decrease.size == 0 || decrease.time >= now - kWithin) continue;
      cancelled_ += decrease.size;
      decrease.size = 0;
    }
    for (Pending& print : prints_) {
      if (print.time < now - kWithin) print.size = 0;
    }
  }
  int64_t executed() const { return executed_; }
  int64_t cancelled() const { return cancelled_; }
  int64_t undecided() const {
    int64_t sum = 0;
    for (const Pending& decrease : decreases_) sum += decrease.size;
    return sum;
  }
  void AddExecuted(int64_t size) { executed_ += size; }
  void AddCancelled(int64_t size) { cancelled_ += size; }

  template <class Archive>
  void Persist(Archive& a) {
    a(decreases_, prints_, executed_, cancelled_);
  }

 private:
  struct Pending {
    Time time;
    int64_t size = 0;  // 0: free
    template <class Archive>
    void Persist(Archive& a) {
      a(time, size);
    }
  };
  using Queue = std::array<Pending, 8>;

  static int64_t Take(Queue& queue, int64_t size) {
    int64_t left = size;
    while (left > 0) {  // the oldest first
      Pending* oldest = nullptr;
      for (Pending& item : queue) {
        if (item.size > 0 && (oldest == nullptr || item.time < oldest->time)) oldest = &item;
      }
      if (oldest == nullptr) break;
      const int64_t taken = std::min(left, oldest->size);
      oldest->size -= taken;
      left -= taken;
    }
    return size - left;
  }
  // With no place free the size joins the youngest entry, which is the nearest in time.
  static void Put(Queue& queue, Time now, int64_t size) {
    if (size <= 0) return;
    Pending* youngest = &queue[0];
    for (Pending& item : queue) {
      if (item.size == 0) {
        item = {now, size};
        return;
      }
      if (item.time > youngest->time) youngest = &item;
    }
    youngest->size += size;
  }

  Queue decreases_{};
  Queue prints_{};
  int64_t executed_ = 0;
  int64_t cancelled_ = 0;
};

class Walls {
 public:
  static constexpr size_t kVisibleLevels = 10;
  static constexpr size_t kWallsMax = 6;  // beyond it those furthest from the best are left out

  // The levels that are walls now, the best first.
  struct Found {
    size_t count = 0;
    std::array<int64_t, kWallsMax> keys;
    std::array<int64_t, kWallsMax> sizes;
  };

  Walls() = default;
  explicit Walls(const FeatureSpec& spec)
      : spec_(spec),
        sign_(SideOf(spec) == Side::kAsk ? -1 : 1),
        multiple_milli_(std::max<int64_t>(1, static_cast<int64_t>(spec.threshold * 1000 + 0.5))),
        minimum_(static_cast<int64_t>(spec.minimum * 1e8 + 0.5)) {}
  const FeatureSpec& spec() const { return spec_; }

  // `causes`: the feed says why levels change.
  void OnLevelChange(Time now, const book::LevelChange& change, bool causes) {
    const int64_t key = sign_ * change.price.nanos();
    for (size_t i = 0; i < count_; ++i) {
      if (walls_[i].key == key) OnChange(now, walls_[i], change, causes);
    }
  }
  void OnCleared() {
    for (size_t i = 0; i < count_; ++i) walls_[i].size = 0;
  }
  // Visible prints, of feeds that do not say causes.
  void OnPrint(Time now, Price price, Quantity quantity) {
    const int64_t key = sign_ * price.nanos();
    for (size_t i = 0; i < count_; ++i) {
      if (walls_[i].key == key) walls_[i].match.OnPrint(now, quantity.e8());
    }
  }
  // True if both look for the same walls, so that one search serves them.
  bool SearchesLike(const Walls& other) const {
    return spec_.levels == other.spec_.levels && multiple_milli_ == other.multiple_milli_ && minimum_ == other.minimum_;
  }
  void Search(const book::BookSide& levels, Found& found) const;
  // At the end of an event that changed the side.
  void OnRowEnd(Time now, const book::BookSide& levels, const Found& found, bool causes) {
    if (count_ > 0) Review(now, levels, causes);
    for (size_t i = 0; i < found.count; ++i) Track(now, found.keys[i], found.sizes[i]);
  }
  // Judges walls whose time has come.
  void Advance(Time now) {
    if (count_ == 0) return;
    for (size_t i = 0; i < count_; ++i) {
      Wall& wall = walls_[i];
      if (!wall.pulled_at || now < *wall.pulled_at + PrintMatcher::kWithin) continue;
      wall.match.Expire(now + Duration(1));
      Judge(wall, *wall.pulled_at + PrintMatcher::kWithin);
      wall.gone = true;
    }
    Forget();
  }

  // Age of the oldest standing wall among the best levels, in seconds; 0 if there is none.
  double Age(Time now) const {
    Duration oldest{0};
    for (size_t i = 0; i < count_; ++i) {
      if (walls_[i].stands && walls_[i].in_top) oldest = std::max(oldest, now - walls_[i].qualified_at);
    }
    return Seconds(oldest);
  }
  // FX-19: the executed part of the largest standing wall among the best levels, 0 to 1, of the most it has shown;
  // nullopt without a wall.
  std::optional<double> Depletion() const {
    const Wall* largest = nullptr;
    for (size_t i = 0; i < count_; ++i) {
      const Wall& wall = walls_[i];
      if (wall.stands && wall.in_top && (largest == nullptr || wall.peak > largest->peak)) largest = &wall;
    }
    if (largest == nullptr) return std::nullopt;
    return std::min(1.0, static_cast<double>(largest->match.executed()) / static_cast<double>(largest->peak));
  }

  bool FakeActive(Time now) const { return fake_until_ && now < *fake_until_; }
  Price fake_price() const { return fake_price_; }
  double fake_removed() const { return fake_removed_; }  // part of its size that the last fake wall lost
  static constexpr double kRemovedMin = 0.8;
  bool Settled(Time now) const { return count_ == 0 && !FakeActive(now); }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(sign_, multiple_milli_, minimum_, walls_, count_, fake_until_, fake_price_, fake_removed_);
    if constexpr (Archive::kReading) count_ = std::min<uint64_t>(count_, kWallsMax);
  }

 private:
  struct Wall {
    int64_t key = 0;        // price, negated on the ask side: higher is better
    int64_t size = 0;       // now
    int64_t qualified = 0;  // when it became a wall
    int64_t peak = 0;
    Time qualified_at;
    std::optional<Time> pulled_at;  // waiting for prints
    bool stands = true;
    bool in_top = true;
    bool gone = false;
    PrintMatcher match;
    template <class Archive>
    void Persist(Archive& a) {
      a(key, size, qualified, peak, qualified_at, pulled_at, stands, in_top, gone, match);
    }
  };

  void OnChange(Time now, Wall& wall, const book::LevelChange& change, bool causes) {
    wall.size = change.after.e8();
    if (change.cause == Cause::kWindow) {  // out of sight: nothing is known to have happened to it
      wall.gone = wall.size == 0;
      return;
    }
    if (change.cause == Cause::kSnapshot) return;
    const int64_t decrease = change.before.e8() - change.after.e8();
    if (decrease <= 0) {
      wall.peak = std::max(wall.peak, wall.size);
    } else if (!causes) {
      wall.match.OnDecrease(now, decrease);
    } else if (change.cause == Cause::kExecute) {
      wall.match.AddExecuted(decrease);
    } else {
      wall.match.AddCancelled(decrease);
    }
  }

  void Review(Time now, const book::BookSide& levels, bool causes) {
    const size_t top = std::min<size_t>(std::max(spec_.levels, 1U), levels.size());
    const int64_t last_top = levels.empty() ? INT64_MIN : sign_ * levels.price_at(top - 1).nanos();
    for (size_t i = 0; i < count_; ++i) {
      Wall& wall = walls_[i];
      wall.in_top = wall.key >= last_top;
      if (!causes) wall.match.Expire(now);
      const int64_t untouched = wall.size + wall.match.executed() + wall.match.undecided();
      if (wall.size == 0 || untouched * 10 < wall.qualified * 8) wall.stands = false;
      const bool young = now - wall.qualified_at <= spec_.window;
      if (young && !wall.pulled_at && wall.size * 5 <= wall.peak) {
        if (causes) {
          Judge(wall, now);
          wall.gone = true;
        } else {
          wall.pulled_at = now;
        }
      }
      if (!wall.stands && !young && !wall.pulled_at) wall.gone = true;
    }
    Forget();
  }
  void Judge(const Wall& wall, Time at) {
    const int64_t executed = wall.match.executed();
    const int64_t removed = executed + wall.match.cancelled() + wall.match.undecided();
    if (removed <= 0 || executed * 5 >= removed) return;
    fake_until_ = at + spec_.hold;
    fake_price_ = Price::FromNanos(sign_ * wall.key);
    fake_removed_ = 1.0 - static_cast<double>(wall.size) / static_cast<double>(wall.peak);
  }
  void Forget() {
    size_t kept = 0;
    for (size_t i = 0; i < count_; ++i) {
      if (walls_[i].gone) continue;
      if (kept != i) walls_[kept] = walls_[i];
      ++kept;
    }
    count_ = kept;
  }

  // size >= multiple * median, exactly. Of n levels, multiple * median <= size if and only if that holds for more than
  // half of them; with an even n and exactly half, the two middle ones decide.
  bool Qualifies(int64_t size, const book::BookSide& levels) const {
    const size_t n = std::min(levels.size(), kVisibleLevels);
    const int64_t* const sizes = levels.sizes_end() - n;
    const int64_t limit = size < kPlain ? size * 1000 / multiple_milli_
                                        : static_cast<int64_t>(static_cast<Int128>(size) * 1000 / multiple_milli_);
    size_t small = 0;
    for (size_t i = 0; i < n; ++i) small += sizes[i] <= limit;
    if (small * 2 != n) return small * 2 > n;
    int64_t below = 0;
    int64_t above = INT64_MAX;
    for (size_t i = 0; i < n; ++i) {
      if (sizes[i] <= limit) {
        below = std::max(below, sizes[i]);
      } else {
        above = std::min(above, sizes[i]);
      }
    }
    return static_cast<Int128>(size) * 2000 >= (static_cast<Int128>(below) + above) * multiple_milli_;
  }
  void Track(Time now, int64_t key, int64_t size) {
    Wall* place = nullptr;
    for (size_t i = 0; i < count_; ++i) {
      if (walls_[i].key != key) continue;
      if (walls_[i].stands || walls_[i].pulled_at) return;
      place = &walls_[i];  // it fell and stands again: a new wall
    }
    if (place == nullptr && count_ < kWallsMax) place = &walls_[count_++];
    if (place == nullptr) {
      place = &walls_[0];
      for (Wall& wall : walls_) {
        if (wall.key < place->key) place = &wall;
      }
      if (place->key > key) return;
    }
    *place = Wall();
    place->key = key;
    place->size = place->qualified = place->peak = size;
    place->qualified_at = now;
  }

  static constexpr int64_t kPlain = INT64_MAX / 1000;  // sizes below it fit 64 bits times 1000

  FeatureSpec spec_;
  int64_t sign_ = 1;
  int64_t multiple_milli_ = 3000;
  int64_t minimum_ = 0;
  uint64_t count_ = 0;
  std::optional<Time> fake_until_;
  Price fake_price_;
  double fake_removed_ = 0;
  std::array<Wall, kWallsMax> walls_{};
};

inline void Walls::Search(const book::BookSide& levels, Found& found) const {
  found.count = 0;
  const size_t top = std::min<size_t>(levels.size(), std::max(spec_.levels, 1U));
  const int64_t* const end = levels.sizes_end();
  int64_t largest = 0;
  for (size_t rank = 0; rank < top; ++rank) largest = std::max(largest, *(end - 1 - rank));
  // If the largest is no wall, none is.
  if (largest < minimum_ || !Qualifies(largest, levels)) return;
  for (size_t rank = 0; rank < top && found.count < kWallsMax; ++rank) {
    const int64_t size = *(end - 1 - rank);
    if (size < minimum_ || (size != largest && !Qualifies(size, levels))) continue;
    found.keys[found.count] = sign_ * levels.price_at(rank).nanos();
    found.sizes[found.count++] = size;
  }
}

}  // namespace spillway::metrics
