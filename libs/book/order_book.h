// A level-2 book: by price (most feeds), by position (feeds that number their levels) or top of book only. A book keeps
// what the feed says: levels may cross or lock, and a level of size 0 is no level.
// O(1) near the best, a binary search deeper. No allocation unless a side becomes deeper than it ever was.
#pragma once

#include <optional>

#include "libs/book/book_side.h"

namespace spillway::book {

class OrderBook {
 public:
  OrderBook() : bids_(Side::kBid), asks_(Side::kAsk) {}

  std::optional<Level> best_bid() const { return bids_.best(); }
  std::optional<Level> best_ask() const { return asks_.best(); }
  const BookSide& bids() const { return bids_; }
  const BookSide& asks() const { return asks_; }
  const BookSide& side(Side side) const { return side == Side::kAsk ? asks_ : bids_; }
  BookSide& side(Side side) { return side == Side::kAsk ? asks_ : bids_; }

  // Sum of the sizes of the best `levels` levels of the side.
  Quantity Depth(Side which, size_t levels) const { return side(which).Depth(levels); }
  // nullopt where the side has no such rank; 0 is the best.
  std::optional<Level> LevelByRank(Side which, size_t rank) const {
    const BookSide& levels = side(which);
    if (rank >= levels.size()) return std::nullopt;
    return levels.at(rank);
  }
  // Calls visit(rank, Level) from the best on, `levels` times at most.
  template <class Visit>
  void ForEachLevel(Side which, size_t levels, Visit&& visit) const {
    const BookSide& all = side(which);
    const size_t count = std::min(levels, all.size());
    for (size_t rank = 0; rank < count; ++rank) visit(rank, all.at(rank));
  }

  // By price. Size 0 (or less) removes. Returns the size before.
  Quantity Set(Side which, Price price, Quantity size) { return side(which).Set(price, size); }
  Quantity Remove(Side which, Price price) { return side(which).Set(price, Quantity()); }
  // kNone clears both sides.
  void Clear(Side which = Side::kNone) {
    if (which != Side::kAsk) bids_.Clear();
    if (which != Side::kBid) asks_.Clear();
  }
  // Top of book: the side's only level. Size 0: the side is empty.
  void SetTop(Side which, Price price, Quantity size) {
    BookSide& levels = side(which);
    levels.Clear();
    levels.Set(price, size);
  }

  // By position, 0 is the best. A position beyond the end of the side goes to its end, deleting there does nothing;
  // both return false. The caller counts them: the feed and we disagree about the book.
  bool InsertAt(Side which, size_t rank, Price price, Quantity size) {
    BookSide& levels = side(which);
    const bool known = rank <= levels.size();
    levels.InsertAt(known ? rank : levels.size(), price, size);
    return known;
  }
  bool UpdateAt(Side which, size_t rank, Price price, Quantity size) {
    BookSide& levels = side(which);
    if (rank < levels.size()) {
      levels.ReplaceAt(rank, price, size);
      return true;
    }
    levels.InsertAt(levels.size(), price, size);
    return false;
  }
  bool DeleteAt(Side which, size_t rank) {
    BookSide& levels = side(which);
    if (rank >= levels.size()) return false;
    levels.EraseAt(rank);
    return true;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(bids_, asks_);
  }

 private:
  BookSide bids_;
  BookSide asks_;
};

}  // namespace spillway::book
