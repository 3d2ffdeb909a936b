// The last minute of every instrument's book and trades, for the pictures of alerts: filled from the market lanes by
// the notifier's shell, read by the threads that send. No part of any decision.
//
// Bounds: kColumnsMax pictures of kLevelsMax levels a side for an instrument (about 75 KB), kTradesMax trades; what is
// older than kSpan of the instrument's own time goes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/book/book_state.h"
#include "libs/events/event.h"

namespace spillway::notifier {

struct PictureLevel {
  Price price;
  Quantity size;
};
// The book as it stood from `time` on (the end of its column).
struct PictureColumn {
  Time time;
  std::vector<PictureLevel> bids, asks;  // best first
  std::optional<Price> last;             // last eligible trade
};
struct PictureTrade {
  Time time;
  Price price;
  Quantity size;
  Side aggressor = Side::kNone;
};

// What a picture is drawn from.
struct MarketPicture {
  std::string symbol;
  Price tick;
  Duration column = {};                // each column's width
  std::vector<PictureColumn> columns;  // oldest first; a column holds until the next one
  std::vector<PictureTrade> trades;
};

// Where pictures come from.
class MarketPictures {
 public:
  virtual ~MarketPictures() = default;
  // Up to `until`, or the newest there is. nullopt: nothing is known of the instrument.
  virtual std::optional<MarketPicture> Around(InstrumentId instrument, Time until) const = 0;
};

class MarketTape final : public MarketPictures {
 public:
  static constexpr Duration kSpan = std::chrono::seconds(60);
  static constexpr Duration kColumn = std::chrono::milliseconds(250);
  static constexpr size_t kColumnsMax = static_cast<size_t>(kSpan / kColumn);
  static constexpr size_t kLevelsMax = 12;
  static constexpr size_t kTradesMax = 512;
  static constexpr size_t kInstrumentsMax = 2048;  // those that come first; of others there is no picture

  // Takes the events of the market lanes, each lane's in order, from any point on. Thread-safe; costs little more than
  // keeping the books.
  void Apply(const Event& event);
  std::optional<MarketPicture> Around(InstrumentId instrument, Time until) const override;
  size_t instruments() const;

 private:
  struct SmallLevel {
    int64_t price = 0;  // 1e-9
    float size = 0;     // units
  };
  struct Column {
    Time time;  // the start of its period; the levels are those at its end
    std::array<SmallLevel, kLevelsMax> bids, asks;
    uint8_t bid_count = 0, ask_count = 0;
    std::optional<Price> last;
  };
  struct Instrument {
    std::string symbol;                         // empty until it is defined
    Price tick = Price::FromNanos(10'000'000);  // one cent until it is defined
    book::BookState book;
    std::optional<Price> last;
    std::optional<Time> open;  // start of the period that is not yet in `columns`
    std::deque<Column> columns;
    std::deque<PictureTrade> trades;
  };

  void Apply(const MarketEvent& event);
  Instrument* Find(InstrumentId id);  // makes it; nullptr: there are too many
  static Column Snapshot(const Instrument& instrument);
  static PictureColumn Expand(const Column& column);

  mutable std::mutex mutex_;
  std::map<InstrumentId, std::unique_ptr<Instrument>> instruments_;
};

}  // namespace spillway::notifier
