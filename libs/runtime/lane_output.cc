#include "libs/runtime/lane_output.h"

#include <algorithm>

namespace spillway::runtime {

absl::Status Lane::Append(Time time, std::string_view bytes, uint64_t rows) {
  time_ = std::max(time_, time);
  return writer_->Append(time_, bytes, rows).status();
}

void LaneOutput::Open(Time time) {
  if (open_) return;
  encoder_.Begin({.producer = producer_, .producer_sequence = next_sequence_});
  first_time_ = time;
  open_ = true;
}

void LaneOutput::Add(const Event& event) {
  if (!lane_->recorded()) return;
  Open(event.header.event_time);
  encoder_.Add(event);
}

void LaneOutput::AddEncoded(Time time, std::string_view events) {
  if (!lane_->recorded()) return;
  Open(time);
  encoder_.AddEncoded(events);
}

absl::Status LaneOutput::Commit(uint64_t rows) {
  if (!open_) return absl::OkStatus();
  open_ = false;
  ++next_sequence_;
  return lane_->Append(first_time_, encoder_.bytes(), rows);
}

}  // namespace spillway::runtime
