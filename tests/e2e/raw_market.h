// Recorded files read a second time, by the shortest code that can: what the program says of them is compared with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spillway::e2e {

// The text of a file, unpacked if it is .zst.
std::string UnpackedText(const std::filesystem::path& file);
// "9.29" -> 9'290'000'000. Empty: 0.
int64_t Nanos(std::string_view decimal);
// "2025-05-02 13:30:00.014437085+00:00" or "...T...Z", in ns since the epoch.
int64_t EpochNanos(std::string_view time);

// One row of a Databento mbp-10 CSV.
struct Mbp10Row {
  int64_t time = 0;
  char action = 0;
  char side = 0;
  int64_t price = 0, size = 0;
  unsigned flags = 0;
  int64_t bid_price[10], ask_price[10], bid_size[10], ask_size[10];

  bool last() const { return (flags & 128U) != 0; }
  // Sum of the bid sizes over sum of the ask sizes of the best levels.
  double Ratio(int levels) const;
};
std::vector<Mbp10Row> ReadMbp10(const std::filesystem::path& file);

// The figures that `log info` gives for a symbol.
struct Figures {
  uint64_t rows = 0, trades = 0;
  int64_t volume = 0;
  long double value = 0;  // sum of price (currency) x size
  int64_t first_time = 0, last_time = 0;
  std::optional<std::pair<int64_t, int64_t>> first_quote, last_quote;  // bid, ask in 1e-9
  uint64_t crossed = 0, locked = 0;

  void Row(int64_t time) {
    if (rows++ == 0) first_time = time;
    last_time = time;
  }
  void Trade(int64_t price, int64_t size) {
    ++trades;
    volume += size;
    value += static_cast<long double>(price) / 1e9L * static_cast<long double>(size);
  }
  void Quote(int64_t bid, int64_t ask) {
    last_quote = {bid, ask};
    if (!first_quote) first_quote = last_quote;
  }
  void EndOfEvent(int64_t bid, int64_t ask) {
    crossed += bid > ask;
    locked += bid == ask;
  }
};

// A book of single orders, as Databento's mbo describes it.
class OrderByOrderBook {
 public:
  void Apply(char action, char side, int64_t price, int64_t size, uint64_t id);
  bool two_sided() const { return !bids_.empty() && !asks_.empty(); }
  int64_t bid() const { return bids_.rbegin()->first; }
  int64_t ask() const { return asks_.begin()->first; }

 private:
  struct Order {
    char side;
    int64_t price, size;
  };
  void Change(const Order& order, int64_t by);
  std::unordered_map<uint64_t, Order> orders_;
  std::map<int64_t, int64_t> bids_, asks_;  // size by price
};
Figures MboCsvFigures(const std::filesystem::path& file);
Figures MboDbnFigures(const std::filesystem::path& file);  // one instrument, version 1

// Quotes and trades in milliseconds; what the oracle counts in regular hours beside the figures of the whole day.
struct TaqFigures {
  Figures day;
  uint64_t regular_crossed = 0, regular_locked = 0;  // at the end of milliseconds with a quote, 09:30 to 16:00
};
TaqFigures ReadTaq(const std::filesystem::path& quotes, const std::filesystem::path& trades, int64_t midnight);

// LOBSTER: a message file with its order book file, `levels` levels.
Figures LobsterFigures(const std::filesystem::path& messages, const std::filesystem::path& books, int64_t midnight);

}  // namespace spillway::e2e
