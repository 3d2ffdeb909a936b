// What makes inputs count once: a reader drops groups it has by (producer, producer_sequence), and rows of market data
// it has by (feed, epoch, position). Part of every checkpoint.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "libs/events/codec.h"
#include "libs/events/market_event.h"

namespace spillway::runtime {

class LaneFilter {
 public:
  // False if this lane's group was seen before. A sequence that skips ahead is accepted and counted as a gap.
  bool Accept(const std::string& lane, const GroupHeader& group);
  // Cuts the rows already seen off the front. What is left may be empty.
  MarketBatch Trim(const MarketBatch& batch);

  uint64_t groups_dropped() const { return groups_dropped_; }
  uint64_t rows_dropped() const { return rows_dropped_; }
  uint64_t sequence_gaps() const { return sequence_gaps_; }

  template <class Archive>
  void Persist(Archive& archive) {
    archive(seen_, feeds_);
  }

 private:
  struct FeedPosition {
    uint32_t epoch = 0;
    uint64_t position = 0;
    template <class Archive>
    void Persist(Archive& archive) {
      archive(epoch, position);
    }
  };
  std::map<std::pair<std::string, Producer>, uint64_t> seen_;
  std::map<uint32_t, FeedPosition> feeds_;
  uint64_t groups_dropped_ = 0, rows_dropped_ = 0, sequence_gaps_ = 0;
};

}  // namespace spillway::runtime
