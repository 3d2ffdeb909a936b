#include "libs/runtime/lane_filter.h"

#include <algorithm>

namespace spillway::runtime {

bool LaneFilter::Accept(const std::string& lane, const GroupHeader& group) {
  uint64_t& seen = seen_[{lane, group.producer}];
  if (group.producer_sequence <= seen) {
    ++groups_dropped_;
    return false;
  }
  if (group.producer_sequence != seen + 1) ++sequence_gaps_;
  seen = group.producer_sequence;
  return true;
}

MarketBatch LaneFilter::Trim(const MarketBatch& batch) {
  FeedPosition& feed = feeds_[batch.feed];
  MarketBatch rest = batch;
  if (batch.epoch < feed.epoch) {
    rest.events = {};
  } else if (batch.epoch == feed.epoch) {
    // Positions rise within a batch, so what was seen is a prefix (a tick carries the position of the row behind it).
    const auto first_new = std::find_if(batch.events.begin(), batch.events.end(),
                                        [&](const MarketEvent& event) { return event.position > feed.position; });
    const auto skip = static_cast<size_t>(first_new - batch.events.begin());
    for (const MarketEvent& event : batch.events.first(skip)) rows_dropped_ += event.row_start() ? 1 : 0;
    if (skip > 0) rest.previous_row_time = batch.events[skip - 1].event_time;
    rest.events = batch.events.subspan(skip);
  }
  if (!rest.events.empty()) feed = {batch.epoch, rest.events.back().position};
  return rest;
}

}  // namespace spillway::runtime
