// One market event in memory: one cache line, no pointers. A row of a recorded file or a message of a feed becomes one
// or more of these; all of a row share its time and source position.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "libs/base/ids.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"

namespace spillway {

enum class Side : uint8_t { kNone = 0, kBid = 1, kAsk = 2 };  // of a trade: the aggressor's (kBid bought)
constexpr Side Opposite(Side side) {
  return side == Side::kBid ? Side::kAsk : side == Side::kAsk ? Side::kBid : side;
}

enum class MarketEventKind : uint8_t {
  kNone = 0,          // a row that changed nothing we carry; kept so that no row is lost
  kTick = 1,          // clock tick: everything before `event_time` has been seen. Implied by row times, not stored
  kLevel = 2,         // level-2: the level at `price` now has `quantity` (0 removes it)
  kTop = 3,           // top-of-book feed: the side's only level is now `quantity` at `price` (0: side empty)
  kClear = 4,         // the book is empty; side kNone clears both
  kTrade = 5,         // a trade; `reference` is the trade id if the feed has one
  kOrderAdd = 6,      // level-3: a new order `reference`
  kOrderCancel = 7,   // ... loses `quantity` (all of it: removed)
  kOrderModify = 8,   // ... now has `price` and `quantity`
  kOrderFill = 9,     // ... was executed for `quantity`; the book changes by the kOrderCancel that follows
  kLevelInsert = 10,  // position-based book (IBKR): insert at `level`, shifting the rest down
  kLevelUpdate = 11,  // ... replace at `level`
  kLevelDelete = 12,  // ... delete at `level`, shifting the rest up
  kVenueVwap = 13,    // the venue's own session VWAP is now `price`
};

// Why a level changed.
enum class Cause : uint8_t {
  kUnknown = 0,
  kAdd = 1,
  kCancel = 2,
  kExecute = 3,
  kReplace = 4,
  kWindow = 5,    // the level entered or left the visible window; nothing happened to it
  kSnapshot = 6,  // part of a full picture
};

struct MarketEventFlags {
  static constexpr uint8_t kRowStart = 1;    // first event of its source row
  static constexpr uint8_t kEndOfEvent = 2;  // the book is consistent after this one; metrics evaluate only here
  // Trades only: what the print counts for. Absent bits come from the venue's condition codes.
  static constexpr uint8_t kUpdatesLast = 4;
  static constexpr uint8_t kUpdatesVolume = 8;
  static constexpr uint8_t kUpdatesHighLow = 16;
  static constexpr uint8_t kHidden = 32;  // executed against hidden liquidity
  static constexpr uint8_t kCross = 64;   // auction or cross print
  static constexpr uint8_t kOddLot = 128;
  static constexpr uint8_t kEligible = kUpdatesLast | kUpdatesVolume | kUpdatesHighLow;
};

struct MarketEvent {
  Time event_time;
  Time ingest_time;  // when we (or the recorder) got it; may be before event_time: clocks disagree
  Price price;
  Quantity quantity;
  uint64_t reference = 0;  // order id or trade id; 0: none
  uint64_t position = 0;   // source position within the batch's feed and epoch, from 1
  InstrumentId instrument = 0;
  uint32_t conditions = 0;  // trades: the venue's sale-condition bits as delivered
  uint16_t venue = 0;       // the feed's number or letter of the venue that reported it; 0: the instrument's
  uint8_t level = 0;        // position-based book only
  MarketEventKind kind = MarketEventKind::kNone;
  Side side = Side::kNone;
  Cause cause = Cause::kUnknown;
  uint8_t flags = 0;

  bool row_start() const { return (flags & MarketEventFlags::kRowStart) != 0; }
  bool end_of_event() const { return (flags & MarketEventFlags::kEndOfEvent) != 0; }
  bool eligible() const {
    constexpr uint8_t kBoth = MarketEventFlags::kUpdatesLast | MarketEventFlags::kUpdatesVolume;
    return (flags & kBoth) == kBoth;
  }
  friend bool operator==(const MarketEvent&, const MarketEvent&) = default;
};
static_assert(sizeof(MarketEvent) == 64);

// A run of market events of one feed, in lane order. A view: whoever hands it out owns the storage.
struct MarketBatch {
  uint32_t feed = 0;
  uint32_t epoch = 0;
  Time previous_row_time;  // of the lane's row before the first one here; the epoch: there is none
  std::span<const MarketEvent> events;
  friend bool operator==(const MarketBatch& a, const MarketBatch& b) {
    return a.feed == b.feed && a.epoch == b.epoch && a.previous_row_time == b.previous_row_time &&
           std::ranges::equal(a.events, b.events);
  }
};

// The period of the clock ticks that every lane carries.
inline constexpr Duration kTickPeriod = std::chrono::milliseconds(100);

}  // namespace spillway
