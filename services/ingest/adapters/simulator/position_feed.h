// Sends the simulator's books as a broker does who numbers rows (IR-2): ten rows a side by insert, update and delete at
// a position, top-of-book quotes beside them, and now and then the feed's own session VWAP. No causes.
//
// A side whose best would be inserted 0.10 or more away is sent anew from position 0 on, which is how such feeds reset;
// a full picture is sent as a clear and inserts. Rows of the source that change nothing a reader could see are left
// out. Trades stay as they are. The best quotes are those of the source after each row.
#pragma once

#include <map>
#include <vector>

#include "services/ingest/source.h"

namespace spillway::simulator {

class PositionFeed final : public ingest::MarketSink {
 public:
  static constexpr size_t kRows = 10;
  static constexpr uint32_t kTradesBetweenVwaps = 50;

  // VWAP counts from `open` on. `next` outlives the feed.
  PositionFeed(ingest::MarketSink& next, Time open) : next_(next), open_(open) {}

  absl::Status OnEvent(const Event& event) override;
  absl::Status OnRow(std::span<const MarketEvent> row) override;

 private:
  struct Row {
    Price price;
    Quantity size;
    friend bool operator==(const Row&, const Row&) = default;
  };
  struct Book {
    std::vector<Row> bids, asks;  // all that the source shows, the best first
    Row top_bid, top_ask;         // as sent
    Price tick = Price::FromNanos(10'000'000);
    double notional = 0;  // since the open, in units
    double volume = 0;
    uint32_t trades = 0;  // since the last VWAP
  };

  void Change(Book& book, const MarketEvent& event);
  void Remove(std::vector<Row>& rows, size_t rank, const MarketEvent& event);
  void Insert(std::vector<Row>& rows, size_t rank, const MarketEvent& event);
  void OnTrade(Book& book, const MarketEvent& event);
  void SendTop(const std::vector<Row>& rows, Row& sent, Side side, const MarketEvent& last);
  void Send(const MarketEvent& source, MarketEventKind kind, size_t rank, const Row& row);

  ingest::MarketSink& next_;
  Time open_;
  std::map<InstrumentId, Book> books_;
  std::vector<MarketEvent> out_;  // of one row
};

}  // namespace spillway::simulator
