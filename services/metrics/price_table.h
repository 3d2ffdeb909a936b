// A small table by price that grows to its high-water mark and never allocates again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace spillway::metrics {

// Open addressing, at most half full. What it holds does not depend on the order in which it came; nothing may that is
// computed by walking over it.
template <class T>
class PriceTable {
 public:
  T* Find(int64_t key) {
    if (slots_.empty()) return nullptr;
    for (size_t i = Home(key);; i = Next(i)) {
      if (!slots_[i].used) return nullptr;
      if (slots_[i].key == key) return &slots_[i].value;
    }
  }
  // The value of `key`, a fresh one if there was none.
  T& operator[](int64_t key) {
    if (T* found = Find(key)) return *found;
    if ((count_ + 1) * 2 > slots_.size()) Grow();
    ++count_;
    return Place(key, T());
  }
  void Erase(int64_t key) {
    if (Find(key) == nullptr) return;
    size_t hole = Home(key);
    while (slots_[hole].key != key || !slots_[hole].used) hole = Next(hole);
    --count_;
    // What stands behind the hole moves up, unless it is at home between hole and place.
    for (size_t i = Next(hole); slots_[i].used; i = Next(i)) {
      const size_t home = Home(slots_[i].key);
      const bool stays = hole <= i ? hole < home && home <= i : hole < home || home <= i;
      if (stays) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = Slot();
  }
  size_t size() const { return count_; }
  template <class Visit>
  void ForEach(Visit&& visit) {
    for (Slot& slot : slots_) {
      if (slot.used) visit(slot.key, slot.value);
    }
  }

  // In the order of keys: the state has one form.
  template <class Archive>
  void Persist(Archive& a) {
    std::vector<std::pair<int64_t, T>> items;
    if constexpr (!Archive::kReading) {
      for (const Slot& slot : slots_) {
        if (slot.used) items.emplace_back(slot.key, slot.value);
      }
      std::sort(items.begin(), items.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    }
    a(items);
    if constexpr (Archive::kReading) {
      slots_.clear();
      count_ = 0;
      for (const auto& [key, value] : items) (*this)[key] = value;
    }
  }

 private:
  struct Slot {
    int64_t key = 0;
    bool used = false;
    T value;
  };
  size_t Home(int64_t key) const {
    return static_cast<size_t>((static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15U) >> 32) & (slots_.size() - 1);
  }
  size_t Next(size_t i) const { return (i + 1) & (slots_.size() - 1); }
  T& Place(int64_t key, const T& value) {
    size_t i = Home(key);
    while (slots_[i].used) i = Next(i);
    slots_[i] = {key, true, value};
    return slots_[i].value;
  }
  void Grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.used) Place(slot.key, slot.value);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  size_t count_ = 0;
};

}  // namespace spillway::metrics
