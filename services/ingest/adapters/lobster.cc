// LOBSTER: Nasdaq's book rebuilt from its messages, as two files whose rows belong together: row k of the order book
// file is the book after row k of the message file. Layout: https://lobsterdata.com/info/DataStructure.php.
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "services/ingest/feed_writer.h"
#include "services/ingest/level_window.h"
#include "services/ingest/line_reader.h"
#include "services/ingest/session_date.h"
#include "services/ingest/source.h"
#include "services/ingest/text_fields.h"

namespace spillway::ingest {
namespace {

constexpr size_t kMessageFields = 6;
constexpr size_t kLevelFields = 4;  // ask price, ask size, bid price, bid size
constexpr size_t kDepthMax = 1000;
constexpr int64_t kNanosPerPriceUnit = 100'000;  // prices are dollars x 10000
constexpr int64_t kEmptyPrice = 9'999'999'999;   // of an empty ask level; its negative of an empty bid level
constexpr uint64_t kProgressRows = 8192;
constexpr Duration kDay = std::chrono::hours(24);

struct Message {
  Time time;
  int64_t type = 0;
  int64_t size = 0;
  int64_t price = 0;  // dollars x 10000
  int64_t direction = 0;
};

bool ReadInteger(std::string_view text, int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  uint64_t magnitude = 0;
  if (!ReadUnsigned(text.substr(negative ? 1 : 0), magnitude) || magnitude > INT64_MAX) return false;
  value = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}

// What a message of that type does to the level it names; anything else that changed has no explanation in the file.
ChangeCauses CausesOf(int64_t type) {
  ChangeCauses causes{.decrease = Cause::kUnknown, .increase = Cause::kUnknown, .executions = nullptr};
  if (type == 1) causes.increase = Cause::kAdd;
  if (type == 2 || type == 3) causes.decrease = Cause::kCancel;
  if (type == 4) causes.decrease = Cause::kExecute;
  return causes;
}

class LobsterSource final : public Source {
 public:
  LobsterSource(const SourceOptions& options, const Session& session, std::unique_ptr<LineReader> messages,
                std::unique_ptr<LineReader> books)
      : writer_(options),
        midnight_(session.midnight),
        messages_(std::move(messages)),
        books_(std::move(books)),
        row_(options.instrument),
        message_ends_(kMessageFields + 1),
        book_ends_(kDepthMax * kLevelFields + 1) {
    writer_.instrument().symbol = session.symbol;
    writer_.instrument().venue = "XNAS";
  }

  absl::Status Run(MarketSink& sink, const ProgressFn& progress) override;
  const SkippedRows& skipped() const override { return writer_.skipped(); }
  SourceFacts facts() const override { return writer_.facts(); }

 private:
  absl::StatusOr<bool> NextLines(std::string_view& message, std::string_view& book);
  absl::Status ReadRow(std::string_view message_line, std::string_view book_line);
  absl::Status ReadMessage(std::string_view line);
  absl::Status ReadBook(std::string_view line);
  absl::Status Emit(MarketSink& sink);
  void AddTrade();
  absl::Status Wrong(const LineReader& file, std::string_view what, std::string_view seen,
                     std::string_view expected) const;
  void Announce();

  FeedWriter writer_;
  Time midnight_;
  std::unique_ptr<LineReader> messages_;
  std::unique_ptr<LineReader> books_;
  RowBuilder row_;
  std::unique_ptr<LevelWindow> window_;  // made at the first row, which tells its depth
  std::vector<uint32_t> message_ends_;
  std::vector<uint32_t> book_ends_;
  Message message_;
  uint64_t zero_size_levels_ = 0;  // of the row at hand
};

absl::Status LobsterSource::Run(MarketSink& sink, const ProgressFn& progress) {
  std::string_view message;
  std::string_view book;
  for (;;) {
    absl::StatusOr<bool> more = NextLines(message, book);
    if (!more.ok()) return more.status();
    if (!*more) break;
    const uint64_t rows = ++writer_.facts().rows;
    if (absl::Status bad = ReadRow(message, book); !bad.ok()) [[unlikely]] {
      if (absl::Status stop = writer_.Reject(std::move(bad)); !stop.ok()) return stop;
      continue;
    }
    if (absl::Status status = Emit(sink); !status.ok()) return status;
    if (progress && rows % kProgressRows == 0) {
      progress(messages_->source().consumed() + books_->source().consumed(),
               messages_->source().size() + books_->source().size());
    }
  }
  return writer_.End(sink, messages_->source().path());
}

// False at the end of both files; the files must have equally many rows.
absl::StatusOr<bool> LobsterSource::NextLines(std::string_view& message, std::string_view& book) {
  const bool has_message = messages_->Next(message);
  const bool has_book = books_->Next(book);
  if (!messages_->status().ok()) return messages_->status();
  if (!books_->status().ok()) return books_->status();
  if (has_message != has_book) {
    const LineReader& shorter = has_message ? *books_ : *messages_;
    const LineReader& longer = has_message ? *messages_ : *books_;
    return absl::InvalidArgumentError(fmt::format("{}: ends after {} rows, expected the row of {}",
                                                  shorter.source().path(), shorter.line_number(), longer.Where()));
  }
  return has_message;
}

absl::Status LobsterSource::Wrong(const LineReader& file, std::string_view what, std::string_view seen,
                                  std::string_view expected) const {
  return absl::InvalidArgumentError(
      fmt::format("{}: {} is '{}', expected {}", file.Where(), what, seen.substr(0, 60), expected));
}

// On an error nothing has changed: the row's message and picture are only read here.
absl::Status LobsterSource::ReadRow(std::string_view message_line, std::string_view book_line) {
  if (absl::Status status = ReadMessage(message_line); !status.ok()) return status;
  if (absl::Status status = writer_.CheckTime(message_.time, [&] { return messages_->Where(); }); !status.ok()) {
    return status;
  }
  return ReadBook(book_line);
}

absl::Status LobsterSource::ReadMessage(std::string_view line) {
  const size_t count = FieldSplitter::Split(line, message_ends_);
  if (count != kMessageFields) {
    return Wrong(*messages_, "the number of fields", count > kMessageFields ? "more than 6" : std::to_string(count),
                 "6: time, type, order id, size, price, direction");
  }
  const auto at = [&](size_t i) { return Field(line, message_ends_, i); };
  int64_t nanos = 0;
  int64_t order_id = 0;
  if (!ReadNanos(at(0), nanos) || nanos < 0 || Duration(nanos) > kDay) {
    return Wrong(*messages_, "time", at(0), "seconds after midnight, with at most 9 decimals");
  }
  message_.time = midnight_ + Duration(nanos);
  if (!ReadInteger(at(1), message_.type) || message_.type < 1 || message_.type > 7) {
    return Wrong(*messages_, "type", at(1), "1 to 7");
  }
  if (!ReadInteger(at(2), order_id)) return Wrong(*messages_, "order id", at(2), "a whole number");
  if (!ReadInteger(at(3), message_.size) || message_.size < 0 || message_.size > UINT32_MAX) {
    return Wrong(*messages_, "size", at(3), "a whole number from 0 to 4294967295");
  }
  if (!ReadInteger(at(4), message_.price) || message_.price < -1 || message_.price > kEmptyPrice) {
    return Wrong(*messages_, "price", at(4), "dollars x 10000");
  }
  if (!ReadInteger(at(5), message_.direction) || (message_.direction != 1 && message_.direction != -1)) {
    return Wrong(*messages_, "direction", at(5), "1 or -1");
  }
  return absl::OkStatus();
}

absl::Status LobsterSource::ReadBook(std::string_view line) {
  const size_t count = FieldSplitter::Split(line, book_ends_);
  if (!window_) {
    if (count == 0 || count % kLevelFields != 0) {
      return Wrong(*books_, "the number of fields", std::to_string(count),
                   "4 a level: ask price, size, bid price, size");
    }
    window_ = std::make_unique<LevelWindow>(count / kLevelFields);
    book_ends_.resize(count + 1);
    Announce();
  }
  const size_t expected = window_->depth() * kLevelFields;
  if (count != expected) {
    return Wrong(*books_, "the number of fields", std::to_string(count),
                 fmt::format("{} as in the first row", expected));
  }
  window_->BeginPicture();
  zero_size_levels_ = 0;
  for (size_t i = 0; i < count; i += 2) {
    const Side side = i % kLevelFields == 0 ? Side::kAsk : Side::kBid;
    int64_t price = 0;
    int64_t size = 0;
    if (!ReadInteger(Field(line, book_ends_, i), price) || price < -kEmptyPrice || price > kEmptyPrice) {
      return Wrong(*books_, fmt::format("field {}", i + 1), Field(line, book_ends_, i), "a price, dollars x 10000");
    }
    if (!ReadInteger(Field(line, book_ends_, i + 1), size) || size < 0 || size > UINT32_MAX) {
      return Wrong(*books_, fmt::format("field {}", i + 2), Field(line, book_ends_, i + 1),
                   "a size from 0 to 4294967295");
    }
    if (price == kEmptyPrice || price == -kEmptyPrice) continue;
    if (size == 0) {
      ++zero_size_levels_;
    } else if (!window_->Append(side, Price::FromNanos(price * kNanosPerPriceUnit), Quantity::Units(size))) {
      return Wrong(*books_, fmt::format("field {}", i + 1), Field(line, book_ends_, i),
                   "a price worse than that of the level before");
    }
  }
  return absl::OkStatus();
}

void LobsterSource::Announce() {
  FeedCapabilities& capabilities = writer_.capabilities();
  capabilities.name = "lobster";
  capabilities.book_levels = static_cast<uint32_t>(window_->depth());
  capabilities.aggressor_side = true;
  capabilities.change_causes = true;
  capabilities.status = true;
}

void LobsterSource::AddTrade() {
  MarketEvent& trade = row_.Add(MarketEventKind::kTrade);
  trade.price = Price::FromNanos(message_.price * kNanosPerPriceUnit);
  trade.quantity = Quantity::Units(message_.size);
  trade.flags = MarketEventFlags::kEligible;
  if (message_.type == 6) {
    trade.flags |= MarketEventFlags::kCross;
    return;
  }
  trade.side = message_.direction == -1 ? Side::kBid : Side::kAsk;  // a sell order was hit: a buyer crossed
  if (message_.type == 5) trade.flags |= MarketEventFlags::kHidden;
}

absl::Status LobsterSource::Emit(MarketSink& sink) {
  writer_.facts().zero_size_levels += zero_size_levels_;
  row_.Begin(message_.time, message_.time, writer_.facts().rows);
  if (message_.type == 7) {
    const TradingStatus status = message_.price == -1  ? TradingStatus::kHalted
                                 : message_.price == 0 ? TradingStatus::kQuotationOnly
                                                       : TradingStatus::kTrading;
    absl::Status sent = writer_.Event(sink, HaltChanged{.status = status, .reason = ""}, message_.time, message_.time);
    if (!sent.ok()) return sent;
  }
  if (message_.type >= 4 && message_.type <= 6) AddTrade();
  window_->Commit(CausesOf(message_.type), row_);
  return writer_.Row(sink, row_.Finish(true));
}

absl::StatusOr<std::unique_ptr<Source>> Open(const SourceOptions& options) {
  absl::StatusOr<Session> session = SessionOf(options);
  if (!session.ok()) return session.status();
  absl::StatusOr<std::unique_ptr<LineReader>> messages = LineReader::Open(options.files[0]);
  if (!messages.ok()) return messages.status();
  absl::StatusOr<std::unique_ptr<LineReader>> books = LineReader::Open(options.files[1]);
  if (!books.ok()) return books.status();
  return std::make_unique<LobsterSource>(options, *session, *std::move(messages), *std::move(books));
}

}  // namespace

Format LobsterFormat() {
  return {.name = "lobster",
          .files = {"message", "orderbook"},
          .help = "LOBSTER message and order book files (any number of levels); the day from --date or the file's name",
          .open = Open};
}

}  // namespace spillway::ingest
