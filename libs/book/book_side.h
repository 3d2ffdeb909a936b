// One side of a book: price levels in order, the best at the back, so that the busy end moves few elements. Prices,
// sizes and order counts stand in three arrays of their own: a search reads prices only, a depth sum reads sizes only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/events/market_event.h"
#include "libs/runtime/persist.h"

namespace spillway::book {

struct Level {
  Price price;
  Quantity size;
  uint32_t orders = 0;  // 0: the feed does not say
  friend bool operator==(const Level&, const Level&) = default;
};

// What one operation did to the level at `price`.
struct LevelChange {
  Side side = Side::kNone;
  Cause cause = Cause::kUnknown;
  Price price;
  Quantity before;
  Quantity after;
};

class BookSide {
 public:
  // Levels that a side holds without allocating. Deeper books grow once and keep what they grew to.
  static constexpr size_t kReserved = 64;

  BookSide() : BookSide(Side::kBid) {}
  explicit BookSide(Side side) : sign_(side == Side::kAsk ? -1 : 1) { Reserve(kReserved); }

  Side side() const { return sign_ < 0 ? Side::kAsk : Side::kBid; }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  // The level by rank, 0 is the best. The rank is below size().
  Level at(size_t rank) const {
    const size_t i = count_ - 1 - rank;
    return {Price::FromNanos(sign_ * keys_[i]), Quantity::FromE8(sizes_[i]), orders_[i]};
  }
  Price price_at(size_t rank) const { return Price::FromNanos(sign_ * keys_[count_ - 1 - rank]); }
  Quantity size_at(size_t rank) const { return Quantity::FromE8(sizes_[count_ - 1 - rank]); }
  std::optional<Level> best() const {
    if (count_ == 0) return std::nullopt;
    return at(0);
  }
  // Sizes in 1e-8, worst level first: the best is sizes_end()[-1].
  const int64_t* sizes_end() const { return sizes_.data() + count_; }

  // Sum of the sizes of the best `levels` levels (all, if there are fewer).
  Quantity Depth(size_t levels) const {
    const size_t first = count_ > levels ? count_ - levels : 0;
    int64_t sum = 0;
    for (size_t i = first; i < count_; ++i) sum += sizes_[i];
    return Quantity::FromE8(sum);
  }
  // Size 0 if there is no such level.
  Quantity SizeAt(Price price) const {
    const int64_t key = sign_ * price.nanos();
    const size_t i = LowerBound(key);
    return i < count_ && keys_[i] == key ? Quantity::FromE8(sizes_[i]) : Quantity();
  }
  std::optional<size_t> RankOf(Price price) const {
    const int64_t key = sign_ * price.nanos();
    const size_t i = LowerBound(key);
    if (i == count_ || keys_[i] != key) return std::nullopt;
    return count_ - 1 - i;
  }

  // The level at `price` now has `size` (0 removes it; removing what is not there does nothing). Returns the size
  // before.
  Quantity Set(Price price, Quantity size) {
    const int64_t key = sign_ * price.nanos();
    const size_t i = LowerBound(key);
    if (i < count_ && keys_[i] == key) {
      const int64_t before = sizes_[i];
      if (size.e8() > 0) {
        sizes_[i] = size.e8();
      } else {
        Erase(i);
      }
      return Quantity::FromE8(before);
    }
    if (size.e8() > 0) Insert(i, key, size.e8(), 0);
    return Quantity();
  }

  // Adds to the level's size and order count; a level that comes to size 0 or below is removed.
  LevelChange Add(Price price, Quantity size, int32_t orders) {
    const int64_t key = sign_ * price.nanos();
    const size_t i = LowerBound(key);
    LevelChange change;
    change.side = side();
    change.price = price;
    if (i < count_ && keys_[i] == key) {
      change.before = Quantity::FromE8(sizes_[i]);
      sizes_[i] += size.e8();
      orders_[i] += static_cast<uint32_t>(orders);
      if (sizes_[i] <= 0) {
        Erase(i);
      } else {
        change.after = Quantity::FromE8(sizes_[i]);
      }
    } else if (size.e8() > 0) {
      Insert(i, key, size.e8(), static_cast<uint32_t>(std::max(orders, 0)));
      change.after = size;
    }
    return change;
  }

  // By position, 0 is the best; the caller has checked that rank <= size() (insert) or < size() (replace, erase).
  void InsertAt(size_t rank, Price price, Quantity size) { Insert(count_ - rank, sign_ * price.nanos(), size.e8(), 0); }
  void ReplaceAt(size_t rank, Price price, Quantity size) {
    const size_t i = count_ - 1 - rank;
    keys_[i] = sign_ * price.nanos();
    sizes_[i] = size.e8();
  }
  void EraseAt(size_t rank) { Erase(count_ - 1 - rank); }

  void Clear() { count_ = 0; }

  template <class Archive>
  void Persist(Archive& a) {
    a(sign_);
    uint64_t count = count_;
    a(count);
    if constexpr (Archive::kReading) {
      if (count > kLevelsMax) count = 0;  // a broken state: what follows does not fit and the reader says so
      count_ = count;
      Reserve(std::max(count_, kReserved));
    }
    for (size_t i = 0; i < count_; ++i) a(keys_[i], sizes_[i], orders_[i]);
  }

 private:
  static constexpr size_t kLinear = 12;  // levels looked at one by one from the best before a binary search
  static constexpr size_t kLevelsMax = size_t{1} << 24;

  // The first index whose key is not below `key`: keys ascend, for asks because they are negated prices.
  size_t LowerBound(int64_t key) const {
    const int64_t* keys = keys_.data();
    size_t i = count_;
    const size_t stop = count_ > kLinear ? count_ - kLinear : 0;
    while (i > stop && keys[i - 1] >= key) --i;
    if (i > stop || stop == 0) return i;
    return static_cast<size_t>(std::lower_bound(keys, keys + stop, key) - keys);
  }
  void Insert(size_t i, int64_t key, int64_t size, uint32_t orders) {
    if (count_ == keys_.size()) Reserve(count_ * 2);
    for (size_t j = count_; j > i; --j) {
      keys_[j] = keys_[j - 1];
      sizes_[j] = sizes_[j - 1];
      orders_[j] = orders_[j - 1];
    }
    keys_[i] = key;
    sizes_[i] = size;
    orders_[i] = orders;
    ++count_;
  }
  void Erase(size_t i) {
    --count_;
    for (size_t j = i; j < count_; ++j) {
      keys_[j] = keys_[j + 1];
      sizes_[j] = sizes_[j + 1];
      orders_[j] = orders_[j + 1];
    }
  }
  void Reserve(size_t levels) {
    keys_.resize(levels);
    sizes_.resize(levels);
    orders_.resize(levels);
  }

  int64_t sign_;
  size_t count_ = 0;
  std::vector<int64_t> keys_;   // price * sign_, ascending
  std::vector<int64_t> sizes_;  // 1e-8
  std::vector<uint32_t> orders_;
};

}  // namespace spillway::book
