// A first-in first-out queue that grows to its high-water mark and never allocates again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spillway::metrics {

template <class T>
class RingQueue {
 public:
  bool empty() const { return head_ == tail_; }
  size_t size() const { return static_cast<size_t>(tail_ - head_); }
  T& front() { return slots_[head_ & mask_]; }
  const T& front() const { return slots_[head_ & mask_]; }
  T& back() { return slots_[(tail_ - 1) & mask_]; }
  const T& back() const { return slots_[(tail_ - 1) & mask_]; }
  // 0 is the oldest.
  T& operator[](size_t i) { return slots_[(head_ + i) & mask_]; }
  const T& operator[](size_t i) const { return slots_[(head_ + i) & mask_]; }

  void push_back(const T& item) {
    if (size() == slots_.size()) Grow();
    slots_[tail_++ & mask_] = item;
  }
  void pop_front() { ++head_; }
  void clear() { head_ = tail_; }

  template <class Archive>
  void Persist(Archive& a) {
    std::vector<T> items;
    if constexpr (!Archive::kReading) {
      for (size_t i = 0; i < size(); ++i) items.push_back((*this)[i]);
    }
    a(items);
    if constexpr (Archive::kReading) {
      clear();
      for (const T& item : items) push_back(item);
    }
  }

 private:
  void Grow() {
    std::vector<T> larger(slots_.empty() ? 64 : slots_.size() * 2);
    const size_t count = size();
    for (size_t i = 0; i < count; ++i) larger[i] = (*this)[i];
    slots_.swap(larger);
    mask_ = slots_.size() - 1;
    head_ = 0;
    tail_ = count;
  }

  std::vector<T> slots_;  // a power of two
  uint64_t mask_ = 0;
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
};

}  // namespace spillway::metrics
