#include "libs/runtime/producer_events.h"

namespace spillway::runtime {

absl::StatusOr<bool> ProducerEvents::Next(std::string_view& encoded, std::string_view& payload) {
  while (true) {
    while (group_ && group_->Next(encoded, payload)) {
      if (BodyField(payload) != kProcessorVersionField) return true;
    }
    group_.reset();
    absl::StatusOr<bool> more = reader_->Next(message_);
    if (!more.ok() || !*more) return more;
    const absl::StatusOr<GroupView> group = GroupView::Open(message_.bytes);
    if (!group.ok() || group->header().producer != producer_ || group->header().producer_sequence <= seen_) continue;
    seen_ = group->header().producer_sequence;
    group_ = *group;
  }
}

}  // namespace spillway::runtime
