#include "tests/e2e/raw_market.h"

#include <zstd.h>

#include <charconv>
#include <chrono>
#include <cstring>

#include "tests/catch.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

// Calls `take(fields)` for every line; the fields are valid during the call.
template <class Take>
void ForEachLine(std::string_view text, bool header, Take&& take) {
  std::vector<std::string_view> fields;
  while (!text.empty()) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) end = text.size();
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (header || line.empty()) {
      header = false;
      continue;
    }
    fields.clear();
    for (size_t at = 0; at != std::string_view::npos;) {
      const size_t comma = line.find(',', at);
      fields.push_back(line.substr(at, comma == std::string_view::npos ? comma : comma - at));
      at = comma == std::string_view::npos ? comma : comma + 1;
    }
    take(fields);
  }
}

int64_t Whole(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <class T>
T At(const char* record, size_t offset) {
  T value;
  std::memcpy(&value, record + offset, sizeof(value));
  return value;
}

// One record or row of an mbo file.
void TakeOrder(OrderByOrderBook& book, Figures& figures, int64_t time, char action, char side, int64_t price,
               int64_t size, uint64_t id, unsigned flags) {
  figures.Row(time);
  if (action == 'T') figures.Trade(price, size);
  book.Apply(action, side, price, size, id);
  if (!book.two_sided()) return;
  figures.Quote(book.bid(), book.ask());
  if ((flags & 128U) != 0) figures.EndOfEvent(book.bid(), book.ask());
}

}  // namespace

std::string UnpackedText(const std::filesystem::path& file) {
  std::string packed = ReadText(file);
  if (file.extension() != ".zst") return packed;
  std::string text;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in = {packed.data(), packed.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out = {chunk.data(), chunk.size(), 0};
    const size_t result = ZSTD_decompressStream(context, &out, &in);
    REQUIRE_FALSE(ZSTD_isError(result));
    text.append(chunk.data(), out.pos);
  }
  ZSTD_freeDCtx(context);
  return text;
}

int64_t Nanos(std::string_view decimal) {
  const size_t dot = decimal.find('.');
  int64_t value = Whole(decimal.substr(0, dot)) * 1'000'000'000;
  if (dot == std::string_view::npos) return value;
  int64_t unit = 100'000'000;
  for (const char digit : decimal.substr(dot + 1)) {
    value += (digit - '0') * unit;
    unit /= 10;
  }
  return value;
}

int64_t EpochNanos(std::string_view time) {
  using namespace std::chrono;
  const sys_days day = year(static_cast<int>(Whole(time.substr(0, 4)))) /
                       month(static_cast<unsigned>(Whole(time.substr(5, 2)))) /
                       static_cast<int>(Whole(time.substr(8, 2)));
  const int64_t seconds = Whole(time.substr(11, 2)) * 3600 + Whole(time.substr(14, 2)) * 60 + Whole(time.substr(17, 2));
  int64_t nanos = 0;
  if (time.size() > 19 && time[19] == '.') {
    const size_t end = time.find_first_not_of("0123456789", 20);
    nanos = Nanos("0." + std::string(time.substr(20, end == std::string_view::npos ? end : end - 20)));
  }
  return (duration_cast<std::chrono::seconds>(day.time_since_epoch()).count() + seconds) * 1'000'000'000 + nanos;
}

double Mbp10Row::Ratio(int levels) const {
  int64_t bids = 0, asks = 0;
  for (int i = 0; i < levels; ++i) bids += bid_size[i], asks += ask_size[i];
  return static_cast<double>(bids) / static_cast<double>(asks);
}

std::vector<Mbp10Row> ReadMbp10(const std::filesystem::path& file) {
  std::vector<Mbp10Row> rows;
  ForEachLine(UnpackedText(file), true, [&](const std::vector<std::string_view>& f) {
    constexpr size_t kLevels = 13;  // where the first level begins
    REQUIRE(f.size() == kLevels + 60 + 1);
    Mbp10Row& row = rows.emplace_back();
    row.time = EpochNanos(f[1]);
    row.action = f[5][0];
    row.side = f[6][0];
    row.price = Nanos(f[8]);
    row.size = Whole(f[9]);
    row.flags = static_cast<unsigned>(Whole(f[10]));
    for (size_t i = 0; i < 10; ++i) {
      const std::string_view* level = &f[kLevels + i * 6];
      row.bid_price[i] = Nanos(level[0]);
      row.ask_price[i] = Nanos(level[1]);
      row.bid_size[i] = Whole(level[2]);
      row.ask_size[i] = Whole(level[3]);
    }
  });
  return rows;
}

void OrderByOrderBook::Change(const Order& order, int64_t by) {
  std::map<int64_t, int64_t>& side = order.side == 'B' ? bids_ : asks_;
  int64_t& size = side[order.price];
  size += by;
  if (size <= 0) side.erase(order.price);
}

void OrderByOrderBook::Apply(char action, char side, int64_t price, int64_t size, uint64_t id) {
  if (action == 'R') {
    orders_.clear(), bids_.clear(), asks_.clear();
  } else if (action == 'A' || action == 'M') {
    if (const auto old = orders_.find(id); old != orders_.end()) Change(old->second, -old->second.size);
    orders_[id] = {side, price, size};
    Change(orders_[id], size);
  } else if (action == 'C') {
    const auto order = orders_.find(id);
    if (order == orders_.end()) return;
    Change(order->second, -size);
    order->second.size -= size;
    if (order->second.size <= 0) orders_.erase(order);
  }
}

Figures MboCsvFigures(const std::filesystem::path& file) {
  Figures figures;
  OrderByOrderBook book;
  ForEachLine(UnpackedText(file), true, [&](const std::vector<std::string_view>& f) {
    TakeOrder(book, figures, EpochNanos(f[1]), f[5][0], f[6][0], Nanos(f[7]), Whole(f[8]),
              static_cast<uint64_t>(Whole(f[10])), static_cast<unsigned>(Whole(f[11])));
  });
  return figures;
}

Figures MboDbnFigures(const std::filesystem::path& file) {
  const std::string bytes = UnpackedText(file);
  REQUIRE(bytes.substr(0, 4) == std::string("DBN\x01"));
  constexpr size_t kRecord = 56;
  Figures figures;
  OrderByOrderBook book;
  int64_t latest = 0;
  for (size_t at = 8 + At<uint32_t>(bytes.data(), 4); at + kRecord <= bytes.size(); at += kRecord) {
    const char* r = bytes.data() + at;
    REQUIRE(At<uint8_t>(r, 1) == 160);
    // Orders of a snapshot keep the time they were entered at; in a session time never goes back.
    latest = std::max(latest, At<int64_t>(r, 8));
    TakeOrder(book, figures, latest, r[38], r[39], At<int64_t>(r, 24), At<uint32_t>(r, 32), At<uint64_t>(r, 16),
              At<uint8_t>(r, 36));
  }
  return figures;
}

TaqFigures ReadTaq(const std::filesystem::path& quotes, const std::filesystem::path& trades, int64_t midnight) {
  struct Side {
    int64_t millis, bid, ask;
  };
  struct Print {
    int64_t millis, price, size;
    bool counts;
  };
  std::vector<Side> sides;
  std::vector<Print> prints;
  ForEachLine(UnpackedText(quotes), false, [&](const std::vector<std::string_view>& f) {
    sides.push_back({Whole(f[0]), Whole(f[1]) * 100'000, Whole(f[3]) * 100'000});
  });
  ForEachLine(UnpackedText(trades), false, [&](const std::vector<std::string_view>& f) {
    prints.push_back({Whole(f[0]), Whole(f[1]) * 100'000, Whole(f[2]), f[5] == "0"});
  });

  constexpr int64_t kOpen = 34'200'000, kClose = 57'600'000;
  TaqFigures figures;
  int64_t bid = 0, ask = 0;
  size_t s = 0, p = 0;
  while (s < sides.size() || p < prints.size()) {
    const int64_t millis = std::min(s < sides.size() ? sides[s].millis : INT64_MAX,  //
                                    p < prints.size() ? prints[p].millis : INT64_MAX);
    const int64_t time = midnight + millis * kNanosPerMilli;
    const bool quoted = s < sides.size() && sides[s].millis == millis;
    while (s < sides.size() && sides[s].millis == millis) {
      // A bid row and the ask row behind it are one update.
      const bool pair = sides[s].bid != 0 && s + 1 < sides.size() && sides[s + 1].millis == millis &&
                        sides[s + 1].bid == 0 && sides[s + 1].ask != 0;
      for (int i = 0; i < (pair ? 2 : 1); ++i, ++s) {
        if (sides[s].bid != 0) bid = sides[s].bid;
        if (sides[s].ask != 0) ask = sides[s].ask;
      }
      figures.day.Row(time);
      if (bid != 0 && ask != 0) figures.day.Quote(bid, ask);
    }
    for (; p < prints.size() && prints[p].millis == millis; ++p) {
      figures.day.Row(time);
      if (prints[p].counts) figures.day.Trade(prints[p].price, prints[p].size);
    }
    if (bid == 0 || ask == 0) continue;
    figures.day.EndOfEvent(bid, ask);
    if (!quoted || millis < kOpen || millis >= kClose) continue;
    figures.regular_crossed += bid > ask;
    figures.regular_locked += bid == ask;
  }
  return figures;
}

Figures LobsterFigures(const std::filesystem::path& messages, const std::filesystem::path& books, int64_t midnight) {
  Figures figures;
  ForEachLine(UnpackedText(messages), false, [&](const std::vector<std::string_view>& f) {
    figures.Row(midnight + Nanos(f[0]));
    if (f[1] == "4" || f[1] == "5") figures.Trade(Whole(f[4]) * 100'000, Whole(f[3]));
  });
  ForEachLine(UnpackedText(books), false, [&](const std::vector<std::string_view>& f) {
    const int64_t ask = Whole(f[0]) * 100'000, bid = Whole(f[2]) * 100'000;
    figures.Quote(bid, ask);
    figures.EndOfEvent(bid, ask);
  });
  return figures;
}

}  // namespace spillway::e2e
