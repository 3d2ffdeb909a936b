// Consolidated quotes and trades as text, in milliseconds: the layout of AlgoSeek's US equity ticks as LEAN distributes
// them. Two files without headers:
//   quotes: ms, bid x 10000, bid size, ask x 10000, ask size, venue letter, condition, suspicious
//   trades: ms, price x 10000, size, venue letter, sale conditions (hexadecimal bits), suspicious
// ms counts from midnight in New York. The quotes are the national best bid and offer: an update is a bid row followed
// by an ask row of the same ms, each with the other side 0; the venue is the one that sets that side.
//
// The two files are merged by ms. Nothing says how quotes and trades of one ms were ordered; quotes come first, so that
// a trade meets the quote of its own ms. The state is meant to hold only at the end of a ms: there ends the event.
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "services/ingest/feed_writer.h"
#include "services/ingest/line_reader.h"
#include "services/ingest/row_builder.h"
#include "services/ingest/session_date.h"
#include "services/ingest/source.h"
#include "services/ingest/text_fields.h"

namespace spillway::ingest {
namespace {

constexpr size_t kQuoteFields = 8;
constexpr size_t kTradeFields = 6;
constexpr uint64_t kMillisMax = 24 * 3'600'000;
constexpr int64_t kNanosPerPriceUnit = 100'000;  // prices are dollars x 10000
constexpr uint64_t kPriceMax = 9'999'999'999;
constexpr int64_t kRoundLot = 100;
constexpr uint64_t kProgressRows = 8192;

struct QuoteSide {
  Price price;
  Quantity size;
};

struct QuoteRow {
  int64_t millis = 0;
  std::optional<QuoteSide> bid, ask;
  char venue = 0;
  bool suspicious = false;
};

struct TradeRow {
  int64_t millis = 0;
  Price price;
  int64_t size = 0;
  uint32_t conditions = 0;
  char venue = 0;
  bool suspicious = false;
};

// One of the two files, one row ahead of what was taken from it.
template <class Row>
class RowFile {
 public:
  using Parse = absl::Status (*)(std::string_view line, const LineReader& file, Row& row);

  RowFile(std::unique_ptr<LineReader> lines, Parse parse) : lines_(std::move(lines)), parse_(parse) {}

  // Moves to the next row that can be read. Rows that cannot go to the writer's OnError.
  absl::Status Advance(FeedWriter& writer) {
    const int64_t before = row_.millis;
    std::string_view line;
    while (lines_->Next(line)) {
      absl::Status bad = parse_(line, *lines_, row_);
      if (bad.ok() && row_.millis < before) {
        bad = absl::InvalidArgumentError(
            fmt::format("{}: time goes back: {} ms after {} ms", lines_->Where(), row_.millis, before));
      }
      if (bad.ok()) [[likely]]
        return absl::OkStatus();
      row_.millis = before;
      ++writer.facts().rows;
      if (absl::Status stop = writer.Reject(std::move(bad)); !stop.ok()) return stop;
    }
    ended_ = true;
    if (lines_->status().ok() && lines_->line_number() == 0) {
      return absl::InvalidArgumentError(fmt::format("{}: is empty, expected rows", lines_->source().path()));
    }
    return lines_->status();
  }
  bool ended() const { return ended_; }
  const Row& row() const { return row_; }
  const LineReader& lines() const { return *lines_; }

 private:
  std::unique_ptr<LineReader> lines_;
  Parse parse_;
  Row row_;
  bool ended_ = false;
};

// Cold, so that the readers below stay small enough to be inlined.
[[gnu::cold, gnu::noinline]] absl::Status Wrong(const LineReader& file, std::string_view what, std::string_view seen,
                                                std::string_view expected) {
  return absl::InvalidArgumentError(
      fmt::format("{}: {} is '{}', expected {}", file.Where(), what, seen.substr(0, 60), expected));
}

[[gnu::cold, gnu::noinline]] absl::Status WrongCount(const LineReader& file, size_t count, size_t expected) {
  return Wrong(file, "the number of fields",
               count > expected ? fmt::format("more than {}", expected) : std::to_string(count),
               std::to_string(expected));
}

template <class Row>
absl::Status ReadMillis(std::string_view text, const LineReader& file, Row& row) {
  uint64_t millis = 0;
  if (!ReadUnsigned(text, millis) || millis > kMillisMax) [[unlikely]] {
    return Wrong(file, "time", text, "milliseconds after midnight");
  }
  row.millis = static_cast<int64_t>(millis);
  return absl::OkStatus();
}

absl::Status ReadVenue(std::string_view text, const LineReader& file, char& venue) {
  if (text.size() != 1) [[unlikely]]
    return Wrong(file, "venue", text, "one letter");
  venue = text[0];
  return absl::OkStatus();
}

absl::Status ReadSuspicious(std::string_view text, const LineReader& file, bool& suspicious) {
  if (text != "0" && text != "1") [[unlikely]]
    return Wrong(file, "suspicious", text, "0 or 1");
  suspicious = text == "1";
  return absl::OkStatus();
}

inline absl::Status ReadPriceAndSize(std::string_view price_text, std::string_view size_text, const LineReader& file,
                                     int64_t& price, int64_t& size) {
  uint64_t price_units = 0;
  uint64_t size_units = 0;
  if (!ReadUnsigned(price_text, price_units) || price_units > kPriceMax) [[unlikely]] {
    return Wrong(file, "price", price_text, "dollars x 10000");
  }
  if (!ReadUnsigned(size_text, size_units) || size_units > UINT32_MAX) [[unlikely]] {
    return Wrong(file, "size", size_text, "a whole number from 0 to 4294967295");
  }
  price = static_cast<int64_t>(price_units);
  size = static_cast<int64_t>(size_units);
  return absl::OkStatus();
}

absl::Status ReadQuoteSide(std::string_view price_text, std::string_view size_text, const LineReader& file,
                           std::optional<QuoteSide>& side) {
  int64_t price = 0;
  int64_t size = 0;
  side.reset();
  absl::Status status = ReadPriceAndSize(price_text, size_text, file, price, size);
  if (price != 0) side = {Price::FromNanos(price * kNanosPerPriceUnit), Quantity::Units(size)};
  return status;
}

absl::Status ParseQuote(std::string_view line, const LineReader& file, QuoteRow& row) {
  std::array<uint32_t, kQuoteFields + 1> ends;
  const size_t count = FieldSplitter::Split(line, ends);
  if (count != kQuoteFields) [[unlikely]]
    return WrongCount(file, count, kQuoteFields);
  const auto at = [&](size_t i) { return Field(line, ends, i); };
  if (absl::Status status = ReadMillis(at(0), file, row); !status.ok()) return status;
  if (absl::Status status = ReadQuoteSide(at(1), at(2), file, row.bid); !status.ok()) return status;
  if (absl::Status status = ReadQuoteSide(at(3), at(4), file, row.ask); !status.ok()) return status;
  if (absl::Status status = ReadVenue(at(5), file, row.venue); !status.ok()) return status;
  return ReadSuspicious(at(7), file, row.suspicious);
}

absl::Status ParseTrade(std::string_view line, const LineReader& file, TradeRow& row) {
  std::array<uint32_t, kTradeFields + 1> ends;
  const size_t count = FieldSplitter::Split(line, ends);
  if (count != kTradeFields) [[unlikely]]
    return WrongCount(file, count, kTradeFields);
  const auto at = [&](size_t i) { return Field(line, ends, i); };
  int64_t price = 0;
  if (absl::Status status = ReadMillis(at(0), file, row); !status.ok()) return status;
  if (absl::Status status = ReadPriceAndSize(at(1), at(2), file, price, row.size); !status.ok()) return status;
  if (absl::Status status = ReadVenue(at(3), file, row.venue); !status.ok()) return status;
  const std::string_view bits = at(4);
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), row.conditions, 16);
  if (error != std::errc() || end != bits.data() + bits.size()) [[unlikely]] {
    return Wrong(file, "sale conditions", bits, "hexadecimal bits");
  }
  row.price = Price::FromNanos(price * kNanosPerPriceUnit);
  return ReadSuspicious(at(5), file, row.suspicious);
}

class TaqSource final : public Source {
 public:
  TaqSource(const SourceOptions& options, const Session& session, std::unique_ptr<LineReader> quotes,
            std::unique_ptr<LineReader> trades)
      : writer_(options),
        midnight_(session.midnight),
        quotes_(std::move(quotes), ParseQuote),
        trades_(std::move(trades), ParseTrade),
        row_(options.instrument) {
    writer_.instrument().symbol = session.symbol;
    FeedCapabilities& capabilities = writer_.capabilities();
    capabilities.name = "taq";
    capabilities.book_levels = 1;
    capabilities.trade_conditions = true;
  }

  absl::Status Run(MarketSink& sink, const ProgressFn& progress) override;
  const SkippedRows& skipped() const override { return writer_.skipped(); }
  SourceFacts facts() const override { return writer_.facts(); }

 private:
  void Begin(int64_t millis) {
    const Time time = midnight_ + std::chrono::milliseconds(millis);
    row_.Begin(time, time, ++writer_.facts().rows);
  }
  absl::Status TakeQuote(int64_t& millis);
  absl::Status TakeTrade(int64_t& millis);
  void AddSide(Side side, const QuoteSide& quote, char venue);

  FeedWriter writer_;
  Time midnight_;
  RowFile<QuoteRow> quotes_;
  RowFile<TradeRow> trades_;
  RowBuilder row_;
};

absl::Status TaqSource::Run(MarketSink& sink, const ProgressFn& progress) {
  if (absl::Status status = quotes_.Advance(writer_); !status.ok()) return status;
  if (absl::Status status = trades_.Advance(writer_); !status.ok()) return status;
  while (!quotes_.ended() || !trades_.ended()) {
    const bool quote = trades_.ended() || (!quotes_.ended() && quotes_.row().millis <= trades_.row().millis);
    int64_t millis = 0;
    if (absl::Status status = quote ? TakeQuote(millis) : TakeTrade(millis); !status.ok()) return status;
    const bool last_of_millisecond =
        (quotes_.ended() || quotes_.row().millis > millis) && (trades_.ended() || trades_.row().millis > millis);
    if (absl::Status status = writer_.Row(sink, row_.Finish(last_of_millisecond)); !status.ok()) return status;
    if (progress && writer_.facts().rows % kProgressRows == 0) {
      progress(quotes_.lines().source().consumed() + trades_.lines().source().consumed(),
               quotes_.lines().source().size() + trades_.lines().source().size());
    }
  }
  return writer_.End(sink, quotes_.lines().source().path());
}

void TaqSource::AddSide(Side side, const QuoteSide& quote, char venue) {
  MarketEvent& top = row_.Add(MarketEventKind::kTop);
  top.side = side;
  top.price = quote.price;
  top.quantity = quote.size;
  top.venue = static_cast<unsigned char>(venue);
  writer_.facts().zero_size_levels += quote.size == Quantity();
}

// A bid row and the ask row of the same ms that follows it are one row; anything else is a row by itself.
absl::Status TaqSource::TakeQuote(int64_t& millis) {
  const QuoteRow first = quotes_.row();
  millis = first.millis;
  Begin(millis);
  writer_.facts().suspicious_rows += first.suspicious;
  if (first.bid) AddSide(Side::kBid, *first.bid, first.venue);
  if (first.ask) AddSide(Side::kAsk, *first.ask, first.venue);
  if (absl::Status status = quotes_.Advance(writer_); !status.ok()) return status;
  const QuoteRow& second = quotes_.row();
  const bool pair = !quotes_.ended() && second.millis == millis && first.bid && !first.ask && second.ask && !second.bid;
  if (!pair) return absl::OkStatus();
  writer_.facts().suspicious_rows += second.suspicious;
  AddSide(Side::kAsk, *second.ask, second.venue);
  return quotes_.Advance(writer_);
}

absl::Status TaqSource::TakeTrade(int64_t& millis) {
  const TradeRow& row = trades_.row();
  millis = row.millis;
  Begin(millis);
  MarketEvent& trade = row_.Add(MarketEventKind::kTrade);
  trade.price = row.price;
  trade.quantity = Quantity::Units(row.size);
  trade.conditions = row.conditions;
  trade.venue = static_cast<unsigned char>(row.venue);
  // No list of the condition bits came with the data: every print counts, except those its source doubts.
  if (!row.suspicious) trade.flags = MarketEventFlags::kEligible;
  if (row.size < kRoundLot) trade.flags |= MarketEventFlags::kOddLot;
  writer_.facts().suspicious_rows += row.suspicious;
  return trades_.Advance(writer_);
}

absl::StatusOr<std::unique_ptr<Source>> Open(const SourceOptions& options) {
  absl::StatusOr<Session> session = SessionOf(options);
  if (!session.ok()) return session.status();
  absl::StatusOr<std::unique_ptr<LineReader>> quotes = LineReader::Open(options.files[0]);
  if (!quotes.ok()) return quotes.status();
  absl::StatusOr<std::unique_ptr<LineReader>> trades = LineReader::Open(options.files[1]);
  if (!trades.ok()) return trades.status();
  return std::make_unique<TaqSource>(options, *session, *std::move(quotes), *std::move(trades));
}

}  // namespace

Format TaqFormat() {
  return {.name = "taq",
          .files = {"quote", "trade"},
          .help =
              "best bid and offer plus trades in milliseconds, as text without headers; the day from --date or the "
              "file's name",
          .open = Open};
}

}  // namespace spillway::ingest
