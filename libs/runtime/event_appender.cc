#include "libs/runtime/event_appender.h"

#include <chrono>
#include <string>

namespace spillway::runtime {
namespace {
constexpr int kAbortedMax = 16;
}

absl::Status EventAppender::FindEnd() {
  std::string bytes;
  const absl::StatusOr<bool> found = lane_->LastOwn(bytes);
  if (absl::IsOutOfRange(found.status())) {
    // Retention has removed our last group. Sequences need to rise, not to be dense: milliseconds since 1970 are beyond
    // any count.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    next_sequence_ = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    return absl::OkStatus();
  }
  if (!found.ok()) return found.status();
  next_sequence_ = 1;
  if (!*found) return absl::OkStatus();
  const absl::StatusOr<GroupView> last = GroupView::Open(bytes);
  if (!last.ok()) return last.status();
  next_sequence_ = last->header().producer_sequence + 1;
  return absl::OkStatus();
}

absl::Status EventAppender::Append(std::span<const Event> events) {
  const std::lock_guard lock(mutex_);
  absl::Status status;
  for (int attempt = 0; attempt < kAbortedMax; ++attempt) {
    if (next_sequence_ == 0) {
      if (status = FindEnd(); !status.ok()) return status;
    }
    encoder_.Begin({.producer = producer_, .lane_epoch = 1, .producer_sequence = next_sequence_});
    for (const Event& event : events) encoder_.Add(event);
    status = lane_->Append(events.front().header.event_time, encoder_.bytes()).status();
    if (status.ok()) {
      ++next_sequence_;
      return status;
    }
    next_sequence_ = 0;  // somebody else appended, or nobody knows
    if (!absl::IsAborted(status)) return status;
  }
  return status;
}

}  // namespace spillway::runtime
