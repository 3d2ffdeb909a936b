// Databento records, as CSV or DBN deliver them, turned into market events. What the fields mean is the same in both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "services/ingest/feed_writer.h"
#include "services/ingest/level_window.h"
#include "services/ingest/row_builder.h"

namespace spillway::ingest {

enum class DatabentoSchema : uint8_t { kMbo, kMbp10, kMbp1, kTbbo, kTrades };
std::string_view DatabentoSchemaName(DatabentoSchema schema);  // "mbp-10"
size_t DatabentoDepth(DatabentoSchema schema);                 // levels a side: 10, 1, or 0

// The part that all schemas share.
struct DatabentoRecord {
  Time receive_time = {};
  Time event_time = {};
  Price price = {};
  bool has_price = true;
  uint32_t size = 0;
  uint64_t order_id = 0;  // mbo
  uint16_t publisher = 0;
  uint8_t flags = 0;
  char action = 'N';
  char side = 'N';
};

struct DatabentoFlags {
  static constexpr uint8_t kLast = 128;  // last record of the event
  static constexpr uint8_t kSnapshot = 32;
  static constexpr uint8_t kBadReceiveTime = 8;
  static constexpr uint8_t kMaybeBadBook = 4;
};

// A set of capital letters, one bit each.
class LetterSet {
 public:
  explicit constexpr LetterSet(std::string_view letters) {
    for (const char letter : letters) bits_ |= 1u << (letter - 'A');
  }
  constexpr bool contains(char letter) const {
    return letter >= 'A' && letter <= 'Z' && ((bits_ >> (letter - 'A')) & 1) != 0;
  }

 private:
  uint32_t bits_ = 0;
};
inline constexpr LetterSet kDatabentoActions("AMCRTFN");
inline constexpr LetterSet kDatabentoSides("BAN");

// Publisher numbers, as Databento lists them.
inline constexpr uint16_t kPublisherCme = 1;

class DatabentoRows {
 public:
  DatabentoRows(DatabentoSchema schema, InstrumentId instrument);

  // The picture that the next mbp record shows: to be filled before Translate.
  LevelWindow& window() { return window_; }
  // The events of one record. `facts` counts what its flags say. The record's event time must have been accepted.
  std::span<const MarketEvent> Translate(const DatabentoRecord& record, uint64_t position, SourceFacts& facts);

  // Whether action, side and price belong together; Complaint says why not.
  bool Accepts(const DatabentoRecord& record) const {
    const bool known = kDatabentoActions.contains(record.action) && kDatabentoSides.contains(record.side);
    return known && (record.has_price || !priced_actions_.contains(record.action));
  }
  std::string Complaint(const DatabentoRecord& record) const;
  // Announces what a feed of this schema carries.
  static void Describe(DatabentoSchema schema, std::string_view format, FeedCapabilities& capabilities);

 private:
  void TranslateTrade(const DatabentoRecord& record);
  void TranslateOrder(const DatabentoRecord& record);
  void TranslateLevels(const DatabentoRecord& record);
  Cause CauseOfCancel(const DatabentoRecord& record);

  struct Fill {
    uint64_t order_id;
    uint32_t size;
  };

  DatabentoSchema schema_;
  LetterSet priced_actions_;  // those that need a price
  RowBuilder row_;
  LevelWindow window_;
  PendingExecutions executions_;
  std::vector<Fill> fills_;  // mbo: of the event at hand, not yet followed by their cancel
  Time fills_time_;          // the event is told by its time: publishers set the last-flag on parts of one event too
};

}  // namespace spillway::ingest
