// The trading session of a symbol, as the lane's SessionState events give it.
#pragma once

#include <optional>

#include "libs/events/event.h"

namespace spillway::metrics {

class Session {
 public:
  // True if another session begins: what is counted by session starts again.
  bool Apply(const SessionState& state) {
    if (!state.regular_open) return false;
    const bool other = !open_ || *open_ != *state.regular_open;
    open_ = state.regular_open;
    close_ = state.regular_close;
    return other;
  }
  bool known() const { return open_.has_value(); }
  std::optional<Time> open() const { return open_; }
  bool Contains(Time time) const { return open_ && time >= *open_ && (!close_ || time < *close_); }

  template <class Archive>
  void Persist(Archive& a) {
    a(open_, close_);
  }

 private:
  std::optional<Time> open_;
  std::optional<Time> close_;
};

}  // namespace spillway::metrics
