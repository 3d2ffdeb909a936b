#include "services/ingest/level_window.h"

#include <algorithm>

#include "libs/base/check.h"

namespace spillway::ingest {

void PendingExecutions::DropFront(size_t n) {
  std::copy(executions_.begin() + static_cast<ptrdiff_t>(n), executions_.begin() + static_cast<ptrdiff_t>(count_),
            executions_.begin());
  count_ -= n;
}

void PendingExecutions::Add(Side side, Price price, Quantity quantity, Time time) {
  if (count_ == kCountMax) DropFront(1);
  executions_[count_++] = {side, price, quantity, time};
}

Quantity PendingExecutions::Match(Side side, Price price, Quantity wanted, Time now) {
  size_t expired = 0;
  while (expired < count_ && now - executions_[expired].time > kAgeMax) ++expired;
  if (expired > 0) DropFront(expired);
  Quantity matched;
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i) {
    Execution& execution = executions_[i];
    if (execution.side == side && execution.price == price) {
      const Quantity part = std::min(execution.quantity, wanted - matched);
      execution.quantity -= part;
      matched += part;
    }
    if (execution.quantity > Quantity()) executions_[kept++] = execution;
  }
  count_ = kept;
  return matched;
}

LevelWindow::LevelWindow(size_t depth) : depth_(depth), storage_(4 * depth) {
  SPILLWAY_CHECK(depth > 0);
  sets_.reserve(2 * depth);
}

void LevelWindow::Reset() {
  for (size_t s = 0; s < 2; ++s) {
    if (!repeated_[s]) continue;
    std::copy_n(current(s), count_[s], next(s));  // what repeats is to be built anew
    next_count_[s] = count_[s];
    repeated_[s] = false;
  }
  count_ = {0, 0};
  first_ = true;
}

void LevelWindow::Commit(const ChangeCauses& causes, RowBuilder& row) {
  sets_.clear();
  for (const Side side : {Side::kBid, Side::kAsk}) {
    if (!repeated_[Index(side)]) CollectSide(side, row, causes);
  }
  for (const Change& change : sets_) Set(change, causes, row);
  for (size_t s = 0; s < 2; ++s) {
    if (repeated_[s]) continue;
    current_[s] ^= 1;
    count_[s] = next_count_[s];
  }
  first_ = false;
}

// Walks both pictures of the side from the best price on. Removals and decreases go out at once, the rest waits.
void LevelWindow::CollectSide(Side side, RowBuilder& row, const ChangeCauses& causes) {
  const size_t s = Index(side);
  const VisibleLevel* const before = current(s);
  const VisibleLevel* const after = next(s);
  const size_t before_count = count_[s];
  const size_t after_count = next_count_[s];
  if (before_count == after_count && std::equal(before, before + before_count, after)) return;
  // Beyond the last level of a full window lies what we cannot see; beyond that of a shorter one lies nothing.
  const bool before_full = before_count == depth_;
  const bool after_full = after_count == depth_;
  size_t b = 0;
  size_t a = 0;
  while (b < before_count || a < after_count) {
    if (a == after_count || (b < before_count && Better(side, before[b].price, after[a].price))) {
      Remove({side, before[b].price, before[b].quantity, Quantity(), a == after_count && after_full}, causes, row);
      ++b;
    } else if (b == before_count || Better(side, after[a].price, before[b].price)) {
      sets_.push_back({side, after[a].price, Quantity(), after[a].quantity, b == before_count && before_full});
      ++a;
    } else {
      const Change change{side, after[a].price, before[b].quantity, after[a].quantity, false};
      if (change.after < change.before) {
        Remove(change, causes, row);
      } else if (change.after > change.before) {
        sets_.push_back(change);
      }
      ++b;
      ++a;
    }
  }
}

void LevelWindow::Remove(const Change& change, const ChangeCauses& causes, RowBuilder& row) {
  Cause cause = change.window ? Cause::kWindow : causes.decrease;
  if (!change.window && causes.executions != nullptr) {
    const Quantity lost = change.before - change.after;
    const Quantity executed = causes.executions->Match(change.side, change.price, lost, row.common().event_time);
    if (executed == lost) {
      cause = Cause::kExecute;
    } else if (executed > Quantity()) {
      row.AddLevel(change.side, change.price, change.before - executed, Cause::kExecute);
    }
  }
  row.AddLevel(change.side, change.price, change.after, cause);
}

void LevelWindow::Set(const Change& change, const ChangeCauses& causes, RowBuilder& row) {
  const Cause cause = first_ ? Cause::kSnapshot : change.window ? Cause::kWindow : causes.increase;
  row.AddLevel(change.side, change.price, change.after, cause);
}

}  // namespace spillway::ingest
