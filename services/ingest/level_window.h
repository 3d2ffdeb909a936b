// Level changes from pictures of the book: sources that send the best N levels of each side with every row (Databento
// mbp-*, LOBSTER) are turned into kLevel events by differencing each picture with the one before.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "libs/events/market_event.h"
#include "services/ingest/row_builder.h"

namespace spillway::ingest {

struct VisibleLevel {
  Price price;
  Quantity quantity;  // > 0
  friend bool operator==(const VisibleLevel&, const VisibleLevel&) = default;
};

// Quantity that prints say was executed against a side and that no level has given up yet. A print and the level change
// it causes may come in different rows, in either half of one event; a print against hidden liquidity is never matched.
class PendingExecutions {
 public:
  static constexpr Duration kAgeMax = std::chrono::milliseconds(250);  // of event time

  // The trade took `quantity` at `price` from the book's `side` (the opposite of the aggressor's).
  void Add(Side side, Price price, Quantity quantity, Time time);
  // Takes up to `wanted` at that price; returns what was matched.
  Quantity Match(Side side, Price price, Quantity wanted, Time now);
  void Clear() { count_ = 0; }

 private:
  struct Execution {
    Side side;
    Price price;
    Quantity quantity;
    Time time;
  };
  static constexpr size_t kCountMax = 64;  // at the bound the oldest is forgotten

  void DropFront(size_t n);

  std::array<Execution, kCountMax> executions_{};
  size_t count_ = 0;
};

// How the changes of one row are explained. Windows come first: a level that enters at the far end because a better one
// left, or leaves because a better one came, is kWindow whatever the row says.
struct ChangeCauses {
  Cause decrease = Cause::kCancel;  // of what `executions` does not explain
  Cause increase = Cause::kAdd;
  PendingExecutions* executions = nullptr;
};

class LevelWindow {
 public:
  // `depth`: levels the source shows a side, at least 1.
  explicit LevelWindow(size_t depth);

  // The next picture's side, to be filled best first with Append; BeginPicture empties both sides.
  void BeginPicture() {
    next_count_ = {0, 0};
    repeated_ = {false, false};
  }
  // Instead of Append: the side is as in the last picture that was committed.
  void Repeat(Side side) { repeated_[Index(side)] = true; }
  // `side` is kBid or kAsk. False where the level is not worse than the one before it: the picture is not a book's.
  bool Append(Side side, Price price, Quantity quantity) {
    const size_t s = Index(side);
    VisibleLevel* const levels = next(s);
    size_t& count = next_count_[s];
    if (count == depth_ || (count > 0 && !Better(side, levels[count - 1].price, price))) return false;
    levels[count++] = {price, quantity};
    return true;
  }
  // Adds the events that lead from the last picture to the next: removals first, so that the states between are no more
  // crossed than the pictures are. The first picture (and the first after Reset) is all kSnapshot.
  void Commit(const ChangeCauses& causes, RowBuilder& row);
  // The book was cleared.
  void Reset();

  std::span<const VisibleLevel> levels(Side side) const { return {current(Index(side)), count_[Index(side)]}; }
  size_t depth() const { return depth_; }

 private:
  struct Change {
    Side side;
    Price price;
    Quantity before;
    Quantity after;
    bool window;
  };

  static constexpr size_t Index(Side side) { return side == Side::kBid ? 0 : 1; }
  static constexpr bool Better(Side side, Price a, Price b) { return side == Side::kBid ? a > b : a < b; }
  VisibleLevel* next(size_t s) { return storage_.data() + ((current_[s] ^ 1) * 2 + s) * depth_; }
  const VisibleLevel* current(size_t s) const { return storage_.data() + (current_[s] * 2 + s) * depth_; }

  void CollectSide(Side side, RowBuilder& row, const ChangeCauses& causes);
  void Remove(const Change& change, const ChangeCauses& causes, RowBuilder& row);
  void Set(const Change& change, const ChangeCauses& causes, RowBuilder& row);

  size_t depth_;
  std::vector<VisibleLevel> storage_;    // two pictures of two sides of depth_ levels
  std::array<size_t, 2> current_{0, 0};  // which picture of the side is the last one
  std::array<size_t, 2> count_{0, 0};
  std::array<size_t, 2> next_count_{0, 0};
  std::array<bool, 2> repeated_{false, false};
  bool first_ = true;
  std::vector<Change> sets_;  // of the row at hand, kept until the removals are out
};

}  // namespace spillway::ingest
