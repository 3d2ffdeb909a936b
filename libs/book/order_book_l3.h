// A level-3 book: orders by reference, aggregated into levels with order counts. What a feed says of an order we do not
// know (it was there before we were, or messages were lost) is counted and otherwise ignored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/book/order_book.h"

namespace spillway::book {

struct Order {
  Side side = Side::kNone;
  Price price;
  Quantity size;
  template <class Archive>
  void Persist(Archive& a) {
    a(side, price, size);
  }
};

class OrderBookL3 {
 public:
  const OrderBook& levels() const { return levels_; }
  OrderBook& levels() { return levels_; }  // for feeds of levels, which have no orders

  size_t orders() const { return orders_.size(); }
  const Order* Find(uint64_t reference) const {
    const auto found = orders_.find(reference);
    return found == orders_.end() ? nullptr : &found->second;
  }
  uint64_t unknown_orders() const { return unknown_orders_; }
  uint64_t duplicate_orders() const { return duplicate_orders_; }

  // Each calls on_change(LevelChange) for every level it changes, after the change.
  // A reference that is already in the book replaces that order, counted.
  template <class OnChange>
  void Add(uint64_t reference, const Order& order, OnChange&& on_change) {
    if (order.size <= Quantity() || order.side == Side::kNone) return;
    const auto [found, inserted] = orders_.try_emplace(reference, order);
    if (!inserted) {
      ++duplicate_orders_;
      const Order old = std::exchange(found->second, order);
      Take(old, old.size, true, on_change);
    }
    on_change(levels_.side(order.side).Add(order.price, order.size, 1));
  }
  // The order loses `size`; with nothing left it is gone.
  template <class OnChange>
  void Cancel(uint64_t reference, Quantity size, OnChange&& on_change) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) {
      ++unknown_orders_;
      return;
    }
    Order& order = found->second;
    const Quantity taken = std::min(std::max(size, Quantity()), order.size);
    const bool gone = taken == order.size;
    Take(order, taken, gone, on_change);
    if (gone) {
      orders_.erase(found);
    } else {
      order.size -= taken;
    }
  }
  // The order now has `price` and `size`. Unknown: counted and added, as its whole state is given.
  template <class OnChange>
  void Modify(uint64_t reference, const Order& order, OnChange&& on_change) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) {
      ++unknown_orders_;
      Add(reference, order, on_change);
      return;
    }
    const Order old = found->second;
    if (order.size <= Quantity()) {
      Take(old, old.size, true, on_change);
      orders_.erase(found);
      return;
    }
    found->second.price = order.price;
    found->second.size = order.size;
    if (order.price == old.price) {
      on_change(levels_.side(old.side).Add(old.price, order.size - old.size, 0));
      return;
    }
    Take(old, old.size, true, on_change);
    on_change(levels_.side(old.side).Add(order.price, order.size, 1));
  }
  // kNone clears both sides.
  void Clear(Side side = Side::kNone) {
    levels_.Clear(side);
    if (side == Side::kNone) {
      orders_.clear();
    } else if (!orders_.empty()) {
      absl::erase_if(orders_, [side](const auto& item) { return item.second.side == side; });
    }
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(levels_, unknown_orders_, duplicate_orders_);
    // In the order of references: the state has one form, whatever order the table keeps.
    std::vector<std::pair<uint64_t, Order>> sorted;
    if constexpr (!Archive::kReading) {
      sorted.assign(orders_.begin(), orders_.end());
      std::sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    }
    a(sorted);
    if constexpr (Archive::kReading) {
      orders_.clear();
      orders_.insert(sorted.begin(), sorted.end());
    }
  }

 private:
  template <class OnChange>
  void Take(const Order& order, Quantity size, bool whole, OnChange&& on_change) {
    on_change(levels_.side(order.side).Add(order.price, Quantity() - size, whole ? -1 : 0));
  }

  OrderBook levels_;
  absl::flat_hash_map<uint64_t, Order> orders_;  // never walked where order reaches an output
  uint64_t unknown_orders_ = 0;
  uint64_t duplicate_orders_ = 0;
};

}  // namespace spillway::book
