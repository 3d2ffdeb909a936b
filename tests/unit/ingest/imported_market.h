// A MarketSink that checks the contract of every row, folds a simple book of its own, and sums what the oracles state.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/int128.h"
#include "services/ingest/source.h"
#include "tests/support/temporary_folder.h"

namespace spillway::ingest {

class ImportedMarket final : public MarketSink {
 public:
  struct Bbo {
    Price bid, ask;
    Quantity bid_size, ask_size;
    Time time;
    friend bool operator==(const Bbo&, const Bbo&) = default;
  };
  struct Order {
    Side side;
    Price price;
    Quantity quantity;
  };
  using Levels = std::vector<std::pair<Price, Quantity>>;

  absl::Status OnEvent(const Event& event) override;
  absl::Status OnRow(std::span<const MarketEvent> row) override;

  // The best `n` levels, best first.
  Levels Top(Side side, size_t n) const;
  std::optional<Bbo> bbo() const;
  // Volume-weighted mean of all trades, with 6 decimals.
  std::string Vwap() const;

  // Called after each row.
  std::function<void(std::span<const MarketEvent>)> after_row;
  bool keep_events = false;

  std::vector<Event> announced;     // the events that are no rows
  std::vector<MarketEvent> events;  // with keep_events
  std::string broken;               // the first broken promise of the contract; empty: none
  uint64_t rows = 0;
  uint64_t row_positions_last = 0;
  uint64_t trades = 0;
  int64_t volume = 0;  // units
  std::map<Side, std::pair<uint64_t, int64_t>> trades_by_side;
  uint64_t hidden_trades = 0;
  Price price_min, price_max;                  // of trades
  std::optional<Bbo> first_bbo, last_bbo;      // first and last row after which both sides have a level
  uint64_t crossed = 0, locked = 0, ends = 0;  // ends of events; crossed or locked after them
  std::map<MarketEventKind, uint64_t> kinds;
  std::map<Cause, uint64_t> causes;  // of kLevel events
  uint64_t unknown_orders = 0;
  std::map<uint64_t, Order> orders;
  std::map<Side, std::map<Price, Quantity>> book;

 private:
  void Break(std::string what);
  void CheckRow(std::span<const MarketEvent> row);
  void Apply(const MarketEvent& event);
  void ApplyTrade(const MarketEvent& event);
  void ApplyOrder(const MarketEvent& event);
  void Resize(Side side, Price price, Quantity change);
  void CountEnd();

  Int128 notional_ = 0;  // nanos x units
  Time last_time_;
  bool ended_ = false;
};

// Runs the format over the files; the status is that of opening or running.
struct ImportResult {
  absl::Status status;
  SkippedRows skipped;
  SourceFacts facts;
};
ImportResult Import(std::string_view format, const SourceOptions& options, MarketSink& sink);

// A file below the temporary folder that lives as long as this.
class TemporaryFile {
 public:
  TemporaryFile(std::string_view name, std::string_view content);
  void Write(std::string_view content);  // instead of what it holds
  const std::string& path() const { return path_; }

 private:
  test::TemporaryFolder folder_{test::TemporaryFolder::Place::kMemory};  // thousands of files are written anew
  std::string path_;
};

}  // namespace spillway::ingest
