// Databento's CSV files, schemas mbp-10, mbp-1, mbo and trades. Columns are found by the names in the header, in any
// order. Field meanings: databento_rows.h; https://databento.com/docs/schemas-and-data-formats.
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "services/ingest/databento_rows.h"
#include "services/ingest/feed_writer.h"
#include "services/ingest/level_block.h"
#include "services/ingest/line_reader.h"
#include "services/ingest/source.h"
#include "services/ingest/text_fields.h"

namespace spillway::ingest {
namespace {

constexpr size_t kAbsent = SIZE_MAX;
constexpr uint64_t kProgressRows = 8192;
constexpr std::string_view kPriceExpected = "a decimal with at most 9 decimals";

std::string NumberExpected(uint64_t max) {
  return fmt::format("a whole number from 0 to {}", max);
}

bool IsNumber(std::string_view text, uint64_t max) {
  uint64_t number = 0;
  return ReadUnsigned(text, number) && number <= max;
}

struct Columns {
  struct Level {
    size_t price = kAbsent;
    size_t size = kAbsent;
  };
  size_t count = 0;
  size_t receive_time = kAbsent;
  size_t event_time = kAbsent;
  size_t action = kAbsent;
  size_t side = kAbsent;
  size_t price = kAbsent;
  size_t size = kAbsent;
  size_t flags = kAbsent;
  size_t publisher = kAbsent;
  size_t order_id = kAbsent;
  size_t symbol = kAbsent;
  size_t instrument = kAbsent;               // Databento's number, the identity of rows that name no symbol
  std::vector<std::array<Level, 2>> levels;  // best first; bid, ask

  // The level columns lie within [block_begin, block_end); other columns may lie between them.
  size_t block_begin() const;
  size_t block_end() const;
};

size_t Columns::block_begin() const {
  size_t begin = count;
  for (const auto& [bid, ask] : levels) begin = std::min({begin, bid.price, bid.size, ask.price, ask.size});
  return begin;
}

size_t Columns::block_end() const {
  size_t end = 0;
  for (const auto& [bid, ask] : levels) end = std::max({end, bid.price + 1, bid.size + 1, ask.price + 1, ask.size + 1});
  return std::max(end, block_begin());
}

LevelBlock BlockOf(const Columns& columns) {
  const size_t begin = columns.block_begin();
  std::vector<LevelBlock::Column> block(columns.block_end() - begin);
  for (size_t k = 0; k < columns.levels.size(); ++k) {
    for (const Side side : {Side::kBid, Side::kAsk}) {
      const Columns::Level& level = columns.levels[k][side == Side::kBid ? 0 : 1];
      const auto number = static_cast<uint8_t>(k);
      block[level.price - begin] = {LevelBlock::CellKind::kPrice, side, number};
      block[level.size - begin] = {LevelBlock::CellKind::kSize, side, number};
    }
  }
  return LevelBlock(std::move(block), columns.levels.size());
}

std::vector<std::string> SplitHeader(std::string_view line) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find(',', begin), line.size());
    names.emplace_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

absl::StatusOr<Columns> ReadHeader(std::string_view line, const std::string& where) {
  const std::vector<std::string> names = SplitHeader(line);
  const auto find = [&](std::string_view name) -> size_t {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? kAbsent : static_cast<size_t>(found - names.begin());
  };
  Columns columns;
  columns.count = names.size();
  columns.receive_time = find("ts_recv");
  columns.event_time = find("ts_event");
  // Some exports name both time columns ts_event; the first one is then the receive time.
  if (columns.receive_time == kAbsent && std::count(names.begin(), names.end(), "ts_event") == 2) {
    columns.receive_time = columns.event_time;
    columns.event_time = static_cast<size_t>(
        std::find(names.begin() + static_cast<ptrdiff_t>(columns.receive_time) + 1, names.end(), "ts_event") -
        names.begin());
  }
  columns.publisher = find("publisher_id");
  columns.symbol = find("symbol");
  columns.instrument = find("instrument_id");
  columns.order_id = find("order_id");
  const std::pair<const char*, size_t*> needed[] = {{"action", &columns.action},
                                                    {"side", &columns.side},
                                                    {"price", &columns.price},
                                                    {"size", &columns.size},
                                                    {"flags", &columns.flags}};
  for (const auto& [name, column] : needed) *column = find(name);
  for (const auto& [name, column] :
       {std::pair{"ts_event", &columns.event_time}, needed[0], needed[1], needed[2], needed[3], needed[4]}) {
    if (*column == kAbsent) {
      return absl::InvalidArgumentError(
          fmt::format("{}: no column '{}' in the header, expected a Databento CSV with one; seen: '{}'", where, name,
                      line.substr(0, 120)));
    }
  }
  for (size_t level = 0;; ++level) {
    const std::array<Columns::Level, 2> found = {
        {{find(fmt::format("bid_px_{:02}", level)), find(fmt::format("bid_sz_{:02}", level))},
         {find(fmt::format("ask_px_{:02}", level)), find(fmt::format("ask_sz_{:02}", level))}}};
    if (found[0].price == kAbsent || found[0].size == kAbsent || found[1].price == kAbsent ||
        found[1].size == kAbsent) {
      break;
    }
    columns.levels.push_back(found);
  }
  if (columns.levels.size() > 1 && columns.levels.size() != 10) {
    return absl::InvalidArgumentError(
        fmt::format("{}: the header has {} levels, expected 10, 1 or none", where, columns.levels.size()));
  }
  return columns;
}

DatabentoSchema SchemaOf(const Columns& columns) {
  if (columns.levels.size() == 10) return DatabentoSchema::kMbp10;
  if (columns.levels.size() == 1) return DatabentoSchema::kMbp1;
  return columns.order_id != kAbsent ? DatabentoSchema::kMbo : DatabentoSchema::kTrades;
}

class DatabentoCsvSource final : public Source {
 public:
  DatabentoCsvSource(const SourceOptions& options, std::unique_ptr<LineReader> lines, Columns columns)
      : writer_(options),
        lines_(std::move(lines)),
        columns_(std::move(columns)),
        identity_column_(columns_.symbol != kAbsent ? columns_.symbol : columns_.instrument),
        identity_(columns_.symbol != kAbsent ? options.symbol : ""),
        rows_(SchemaOf(columns_), options.instrument),
        block_(BlockOf(columns_)),
        block_begin_(columns_.block_begin()),
        block_end_(columns_.block_end()),
        ends_(columns_.count + 1) {}

  absl::Status Run(MarketSink& sink, const ProgressFn& progress) override;
  const SkippedRows& skipped() const override { return writer_.skipped(); }
  SourceFacts facts() const override { return writer_.facts(); }

 private:
  absl::Status ReadRow(std::string_view line);
  bool Split(std::string_view line);
  bool ReadRecord(std::string_view line);
  bool BuildPicture();
  absl::Status Explain(std::string_view line) const;
  absl::Status ExplainRecord(const std::function<std::string_view(size_t)>& at) const;
  absl::Status Wrong(std::string_view column, std::string_view seen, std::string_view expected) const;
  std::string_view At(std::string_view line, size_t column) const {
    const bool in_block = column >= block_begin_ && column < block_end_;
    return in_block ? block_.Field(block_text_, column - block_begin_) : Field(line, ends_, column);
  }
  void Announce(std::string_view line);

  FeedWriter writer_;
  std::unique_ptr<LineReader> lines_;
  Columns columns_;
  size_t identity_column_;  // all rows are of one symbol, or of one instrument number
  std::string identity_;    // empty: not known yet, or there is no such column
  DatabentoRows rows_;
  LevelBlock block_;
  size_t block_begin_;  // the columns of the block
  size_t block_end_;
  std::string_view block_text_;  // of the row at hand
  std::vector<uint32_t> ends_;   // of the fields before and behind the block
  TimeReader receive_times_;
  TimeReader event_times_;
  DatabentoRecord record_;
  std::array<uint64_t, 2> zero_size_levels_{0, 0};  // of the row at hand: bids, asks
};

absl::Status DatabentoCsvSource::Run(MarketSink& sink, const ProgressFn& progress) {
  std::string_view line;
  uint64_t& rows = writer_.facts().rows;
  while (lines_->Next(line)) {
    ++rows;
    if (absl::Status bad = ReadRow(line); !bad.ok()) [[unlikely]] {
      if (absl::Status stop = writer_.Reject(std::move(bad)); !stop.ok()) return stop;
      continue;
    }
    if (writer_.instrument().symbol.empty()) [[unlikely]]
      Announce(line);
    writer_.facts().zero_size_levels += zero_size_levels_[0] + zero_size_levels_[1];
    absl::Status status = writer_.Row(sink, rows_.Translate(record_, rows, writer_.facts()));
    block_.ClearChanged();
    if (!status.ok()) [[unlikely]]
      return status;
    if (progress && rows % kProgressRows == 0) progress(lines_->source().consumed(), lines_->source().size());
  }
  if (!lines_->status().ok()) return lines_->status();
  return writer_.End(sink, lines_->source().path());
}

// At the first good row: it names what the caller did not.
void DatabentoCsvSource::Announce(std::string_view line) {
  if (identity_.empty() && identity_column_ != kAbsent) identity_ = At(line, identity_column_);
  const std::string& symbol = writer_.options().symbol;
  writer_.instrument().symbol = symbol.empty() ? identity_ : symbol;
  const DatabentoSchema schema = SchemaOf(columns_);
  DatabentoRows::Describe(schema, "databento-csv", writer_.capabilities());
  writer_.capabilities().receive_times = columns_.receive_time != kAbsent;
}

// Reads the row into record_ and the window's next picture. On an error neither rows_ nor the feed has changed.
absl::Status DatabentoCsvSource::ReadRow(std::string_view line) {
  if (!Split(line) || !ReadRecord(line) || !BuildPicture()) [[unlikely]] {
    return Explain(line);
  }
  if (record_.event_time < writer_.last_time() && (record_.flags & DatabentoFlags::kSnapshot) != 0) {
    record_.event_time = writer_.last_time();  // a snapshot's orders keep the time they were entered at
  }
  return writer_.CheckTime(record_.event_time, [&] { return lines_->Where(); });
}

// Finds the fields before the block from the front, those behind it from the back, and lets the block read itself.
bool DatabentoCsvSource::Split(std::string_view line) {
  if (block_.columns() == 0) return FieldSplitter::Split(line, ends_) == columns_.count;
  size_t begin = 0;
  if (block_begin_ > 0) {
    if (FieldSplitter::Split(line, std::span(ends_).first(block_begin_)) != block_begin_) return false;
    begin = ends_[block_begin_ - 1] + 1;
  }
  size_t end = line.size();
  for (size_t column = columns_.count; column > block_end_; --column) {
    ends_[column - 1] = static_cast<uint32_t>(end);
    do {
      if (end <= begin) return false;
    } while (line[--end] != ',');
  }
  if (begin > end) return false;
  ends_[block_end_ - 1] = static_cast<uint32_t>(end);
  block_text_ = line.substr(begin, end - begin);
  return block_.Read(block_text_);
}

bool DatabentoCsvSource::ReadRecord(std::string_view line) {
  uint64_t size = 0;
  uint64_t flags = 0;
  if (!event_times_.Read(At(line, columns_.event_time), record_.event_time)) return false;
  if (columns_.receive_time == kAbsent) {
    record_.receive_time = record_.event_time;
  } else if (!receive_times_.Read(At(line, columns_.receive_time), record_.receive_time)) {
    return false;
  }
  const std::string_view action = At(line, columns_.action);
  const std::string_view side = At(line, columns_.side);
  if (action.size() != 1 || side.size() != 1) return false;
  record_.action = action[0];
  record_.side = side[0];
  if (!ReadUnsigned(At(line, columns_.flags), flags) || flags > UINT8_MAX) return false;
  record_.flags = static_cast<uint8_t>(flags);
  if (!ReadUnsigned(At(line, columns_.size), size) || size > UINT32_MAX) return false;
  record_.size = static_cast<uint32_t>(size);
  const std::string_view price = At(line, columns_.price);
  int64_t nanos = 0;
  record_.has_price = !price.empty();
  if (record_.has_price && !ReadNanos(price, nanos)) return false;
  record_.price = Price::FromNanos(nanos);
  if (columns_.order_id != kAbsent && !ReadUnsigned(At(line, columns_.order_id), record_.order_id)) return false;
  if (columns_.publisher != kAbsent) {
    uint64_t publisher = 0;
    if (!ReadUnsigned(At(line, columns_.publisher), publisher) || publisher > UINT16_MAX) return false;
    record_.publisher = static_cast<uint16_t>(publisher);
  }
  if (!identity_.empty() && At(line, identity_column_) != identity_) return false;
  return rows_.Accepts(record_);
}

// Sides that did not change since the last row that went out are not built again.
bool DatabentoCsvSource::BuildPicture() {
  LevelWindow& window = rows_.window();
  window.BeginPicture();
  for (const Side side : {Side::kBid, Side::kAsk}) {
    if (!block_.changed(side)) {
      window.Repeat(side);
      continue;
    }
    uint64_t& zero_size = zero_size_levels_[side == Side::kBid ? 0 : 1];
    zero_size = 0;
    for (const LevelBlock::Cell& cell : block_.cells(side)) {
      if (!cell.has_price) continue;
      if (cell.size == 0) {
        ++zero_size;
      } else if (!window.Append(side, Price::FromNanos(cell.price_nanos), Quantity::Units(cell.size))) {
        return false;
      }
    }
  }
  return true;
}

absl::Status DatabentoCsvSource::Wrong(std::string_view column, std::string_view seen,
                                       std::string_view expected) const {
  return absl::InvalidArgumentError(
      fmt::format("{}: {} is '{}', expected {}", lines_->Where(), column, seen.substr(0, 60), expected));
}

// Why ReadRow said no: looks again, slowly.
absl::Status DatabentoCsvSource::Explain(std::string_view line) const {
  std::vector<uint32_t> ends(line.size() + 1);
  const size_t count = FieldSplitter::Split(line, ends);
  if (count != columns_.count) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} fields, expected {} as in the header", lines_->Where(), count, columns_.count));
  }
  const auto at = [&](size_t column) { return Field(line, ends, column); };
  if (absl::Status bad = ExplainRecord(at); !bad.ok()) return bad;
  for (size_t k = 0; k < columns_.levels.size(); ++k) {
    for (const size_t s : {0, 1}) {
      const Columns::Level& column = columns_.levels[k][s];
      const std::string_view price = at(column.price);
      const std::string_view size = at(column.size);
      const char* const side = s == 0 ? "bid" : "ask";
      if (int64_t nanos = 0; !price.empty() && !ReadNanos(price, nanos)) {
        return Wrong(fmt::format("{}_px_{:02}", side, k), price, kPriceExpected);
      }
      if (!size.empty() && !IsNumber(size, UINT32_MAX)) {
        return Wrong(fmt::format("{}_sz_{:02}", side, k), size, NumberExpected(UINT32_MAX));
      }
    }
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: the levels of a side are not in order of their prices, expected the best first", lines_->Where()));
}

// What is wrong with the fields that are no levels; OK if nothing is.
absl::Status DatabentoCsvSource::ExplainRecord(const std::function<std::string_view(size_t)>& at) const {
  for (const auto& [name, column] : {std::pair{"ts_event", columns_.event_time}, {"ts_recv", columns_.receive_time}}) {
    Time time;
    if (column != kAbsent && !TimeReader().Read(at(column), time)) {
      return Wrong(name, at(column), "a UTC time such as 2025-05-02T13:30:00.014437085Z");
    }
  }
  for (const auto& [name, column, letters] :
       {std::tuple{"action", columns_.action, "AMCRTFN"}, {"side", columns_.side, "BAN"}}) {
    if (at(column).size() != 1 || std::string_view(letters).find(at(column)[0]) == std::string_view::npos) {
      return Wrong(name, at(column), fmt::format("one of {}", fmt::join(std::string_view(letters), " ")));
    }
  }
  for (const auto& [name, column, max] : {std::tuple{"size", columns_.size, uint64_t{UINT32_MAX}},
                                          {"flags", columns_.flags, uint64_t{UINT8_MAX}},
                                          {"publisher_id", columns_.publisher, uint64_t{UINT16_MAX}},
                                          {"order_id", columns_.order_id, uint64_t{UINT64_MAX}}}) {
    if (column != kAbsent && !IsNumber(at(column), max)) return Wrong(name, at(column), NumberExpected(max));
  }
  const std::string_view price = at(columns_.price);
  if (int64_t nanos = 0; !price.empty() && !ReadNanos(price, nanos)) return Wrong("price", price, kPriceExpected);
  if (!identity_.empty() && at(identity_column_) != identity_) {
    return Wrong(columns_.symbol != kAbsent ? "symbol" : "instrument_id", at(identity_column_),
                 fmt::format("'{}'", identity_));
  }
  const DatabentoRecord record{
      .has_price = !price.empty(), .action = at(columns_.action)[0], .side = at(columns_.side)[0]};
  if (rows_.Accepts(record)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{}: {}", lines_->Where(), rows_.Complaint(record)));
}

absl::StatusOr<std::unique_ptr<Source>> Open(const SourceOptions& options) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(options.files[0]);
  if (!lines.ok()) return lines.status();
  std::string_view header;
  if (!(*lines)->Next(header)) {
    if (!(*lines)->status().ok()) return (*lines)->status();
    return absl::InvalidArgumentError(fmt::format("{}: is empty, expected a header and rows", options.files[0]));
  }
  absl::StatusOr<Columns> columns = ReadHeader(header, (*lines)->Where());
  if (!columns.ok()) return columns.status();
  if (columns->symbol == kAbsent && options.symbol.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: no column 'symbol' in the header: name the symbol yourself", (*lines)->Where()));
  }
  return std::make_unique<DatabentoCsvSource>(options, *std::move(lines), *std::move(columns));
}

}  // namespace

Format DatabentoCsvFormat() {
  return {.name = "databento-csv",
          .files = {"csv"},
          .help = "Databento CSV, schema mbp-10, mbp-1, mbo or trades (told from the header)",
          .open = Open};
}

}  // namespace spillway::ingest
