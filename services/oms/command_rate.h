// S3-A4.4: how many cancels and replacements were sent in the last minute.
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "libs/base/time.h"

namespace spillway::oms {

class CommandRate {
 public:
  static constexpr Duration kWindow = std::chrono::minutes(1);

  void Note(Time now) {
    Forget(now);
    sent_.push_back(now);
  }
  // Whether one that reduces no risk may be sent as well.
  bool Allows(std::optional<uint32_t> limit, Time now) {
    Forget(now);
    return !limit || sent_.size() < *limit;
  }
  // When the oldest no longer counts.
  Time next(Time now) const { return sent_.empty() ? now : sent_.front() + kWindow; }

  template <class Archive>
  void Persist(Archive& a) {
    a(sent_);
  }

 private:
  void Forget(Time now) {
    while (!sent_.empty() && now - sent_.front() >= kWindow) sent_.pop_front();
  }
  std::deque<Time> sent_;
};

}  // namespace spillway::oms
