// Databento Binary Encoding, versions 1 to 3, schemas mbo, mbp-10, mbp-1, tbbo and trades; whole files and fragments
// without metadata. Layout: https://github.com/databento/dbn.
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "services/ingest/binary_reader.h"
#include "services/ingest/databento_rows.h"
#include "services/ingest/feed_writer.h"
#include "services/ingest/source.h"

namespace spillway::ingest {
namespace {

constexpr size_t kPrefix = 8;           // "DBN", version, length of the metadata
constexpr size_t kMetadataFixed = 100;  // then the symbol lists
constexpr size_t kMetadataMax = 64 << 20;
constexpr size_t kHeader = 16;       // of a record
constexpr size_t kLengthUnit = 4;    // record lengths are in words
constexpr size_t kTradeRecord = 48;  // head of mbp-1 and mbp-10 too
constexpr size_t kMboRecord = 56;
constexpr size_t kLevel = 32;
constexpr int64_t kUndefinedPrice = INT64_MAX;
constexpr uint32_t kUndefinedSize = UINT32_MAX;
constexpr uint64_t kUndefinedTime = UINT64_MAX;
constexpr uint16_t kMixedSchema = UINT16_MAX;
constexpr uint64_t kProgressRecords = 8192;

constexpr std::array kSchemaNames = {"mbo",        "mbp-1",    "mbp-10",    "tbbo",      "trades",
                                     "ohlcv-1s",   "ohlcv-1m", "ohlcv-1h",  "ohlcv-1d",  "definition",
                                     "statistics", "status",   "imbalance", "ohlcv-eod", "cmbp-1",
                                     "cbbo-1s",    "cbbo-1m",  "tcbbo",     "bbo-1s",    "bbo-1m"};

struct RecordKind {
  uint8_t rtype;
  size_t size;
};

RecordKind KindOf(DatabentoSchema schema) {
  switch (schema) {
    case DatabentoSchema::kMbo:
      return {0xA0, kMboRecord};
    case DatabentoSchema::kMbp10:
      return {0x0A, kTradeRecord + 10 * kLevel};
    case DatabentoSchema::kMbp1:
    case DatabentoSchema::kTbbo:
      return {0x01, kTradeRecord + kLevel};
    case DatabentoSchema::kTrades:
      break;
  }
  return {0x00, kTradeRecord};
}

std::optional<DatabentoSchema> SchemaOfNumber(uint16_t number) {
  constexpr std::array kKnown = {DatabentoSchema::kMbo, DatabentoSchema::kMbp1, DatabentoSchema::kMbp10,
                                 DatabentoSchema::kTbbo, DatabentoSchema::kTrades};
  if (number >= kKnown.size()) return std::nullopt;
  return kKnown[number];
}

std::optional<DatabentoSchema> SchemaOfRecord(uint8_t rtype) {
  for (const DatabentoSchema schema :
       {DatabentoSchema::kMbo, DatabentoSchema::kMbp10, DatabentoSchema::kMbp1, DatabentoSchema::kTrades}) {
    if (KindOf(schema).rtype == rtype) return schema;
  }
  return std::nullopt;
}

std::string TextOf(std::span<const char> bytes) {
  return std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0'));
}

struct Mapping {
  struct Interval {
    uint32_t begin = 0;  // days as 20250502; the end does not belong to it
    uint32_t end = 0;
    std::string resolved;  // what the symbol stood for
  };
  std::string symbol;  // as it was asked for
  std::vector<Interval> intervals;
};

struct Metadata {
  std::string dataset;
  uint16_t schema = kMixedSchema;
  bool symbols_are_output = false;  // the mappings lead from instrument ids to symbols
  std::vector<Mapping> mappings;
};

// Walks the variable part of the metadata; every step is checked against its end.
class MetadataReader {
 public:
  MetadataReader(std::span<const char> bytes, size_t symbol_size) : bytes_(bytes), symbol_size_(symbol_size) {}

  bool Skip(size_t size) {
    if (bytes_.size() - at_ < size) return false;
    at_ += size;
    return true;
  }
  bool Number(uint32_t& value) {
    const size_t from = at_;
    if (!Skip(sizeof(value))) return false;
    value = LittleEndian<uint32_t>(bytes_, from);
    return true;
  }
  bool Symbol(std::string& text) {
    const size_t from = at_;
    if (!Skip(symbol_size_)) return false;
    text = TextOf(bytes_.subspan(from, symbol_size_));
    return true;
  }
  bool SkipSymbols() {
    uint32_t count = 0;
    return Number(count) && count <= bytes_.size() && Skip(count * symbol_size_);
  }
  bool ReadMapping(Mapping& mapping) {
    uint32_t intervals = 0;
    if (!Symbol(mapping.symbol) || !Number(intervals)) return false;
    for (uint32_t i = 0; i < intervals; ++i) {
      Mapping::Interval interval;
      if (!Number(interval.begin) || !Number(interval.end) || !Symbol(interval.resolved)) return false;
      mapping.intervals.push_back(std::move(interval));
    }
    return true;
  }

 private:
  std::span<const char> bytes_;
  size_t symbol_size_;
  size_t at_ = 0;
};

bool ParseMetadata(std::span<const char> bytes, uint8_t version, Metadata& metadata) {
  if (bytes.size() < kMetadataFixed) return false;
  metadata.dataset = TextOf(bytes.first(16));
  metadata.schema = LittleEndian<uint16_t>(bytes, 16);
  const size_t after_limit = version == 1 ? 50 : 42;  // version 1 has a record count between
  constexpr uint8_t kRawSymbol = 1;
  metadata.symbols_are_output = static_cast<uint8_t>(bytes[after_limit + 1]) == kRawSymbol;
  const size_t symbol_size = version == 1 ? 22 : LittleEndian<uint16_t>(bytes, 45);
  if (symbol_size == 0) return false;
  MetadataReader reader(bytes.subspan(kMetadataFixed), symbol_size);
  uint32_t schema_definition = 0;
  uint32_t count = 0;
  if (!reader.Number(schema_definition) || !reader.Skip(schema_definition)) return false;
  for (int list = 0; list < 3; ++list) {  // symbols, partly found, not found
    if (!reader.SkipSymbols()) return false;
  }
  if (!reader.Number(count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    Mapping mapping;
    if (!reader.ReadMapping(mapping)) return false;
    metadata.mappings.push_back(std::move(mapping));
  }
  return true;
}

// Which instrument ids stand for which symbol on which day. Some venues number their instruments anew every day.
class Symbols {
 public:
  explicit Symbols(const Metadata& metadata) {
    for (const Mapping& mapping : metadata.mappings) {
      for (const Mapping::Interval& interval : mapping.intervals) {
        const std::string& id = metadata.symbols_are_output ? mapping.symbol : interval.resolved;
        const std::string& symbol = metadata.symbols_are_output ? interval.resolved : mapping.symbol;
        if (id.empty() || id.size() > 10 || id.find_first_not_of("0123456789") != std::string::npos) continue;
        const uint64_t number = std::stoull(id);
        if (number > UINT32_MAX) continue;
        entries_.push_back({symbol, static_cast<uint32_t>(number), interval.begin, interval.end});
      }
    }
  }
  bool empty() const { return entries_.empty(); }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const Entry& entry : entries_) names.insert(entry.symbol);
    return names;
  }
  // The ids on a day (20250502); those of all days if the file maps nothing on that day.
  std::set<uint32_t> IdsOf(const std::string& symbol, uint32_t day) const {
    const auto covers = [&](const Entry& entry) { return entry.begin <= day && day < entry.end; };
    const bool mapped = std::any_of(entries_.begin(), entries_.end(), covers);
    std::set<uint32_t> ids;
    for (const Entry& entry : entries_) {
      if (entry.symbol == symbol && (!mapped || covers(entry))) ids.insert(entry.id);
    }
    return ids;
  }
  bool Knows(uint32_t id) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.id == id; });
  }

 private:
  struct Entry {
    std::string symbol;
    uint32_t id;
    uint32_t begin;
    uint32_t end;
  };
  std::vector<Entry> entries_;
};

constexpr uint64_t kNanosPerDay = 86'400'000'000'000;

// 20250502 of days since 1970.
uint32_t CalendarDay(uint64_t days) {
  const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(static_cast<int64_t>(days))));
  return static_cast<uint32_t>(static_cast<int>(date.year())) * 10'000 + static_cast<unsigned>(date.month()) * 100 +
         static_cast<unsigned>(date.day());
}

class DbnSource final : public Source {
 public:
  DbnSource(const SourceOptions& options, std::unique_ptr<BinaryReader> reader, const Metadata& metadata,
            DatabentoSchema schema, std::string symbol)
      : writer_(options),
        reader_(std::move(reader)),
        schema_(schema),
        kind_(KindOf(schema)),
        symbols_(metadata),
        rows_(schema, options.instrument) {
    InstrumentDefinition& instrument = writer_.instrument();
    instrument.symbol = std::move(symbol);
    if (!metadata.dataset.empty()) instrument.venue = metadata.dataset.substr(0, metadata.dataset.find('.'));
    if (instrument.venue == "GLBX") {
      instrument.asset_class = AssetClass::kFuture;
      instrument.lot = Quantity::Units(1);
    }
    DatabentoRows::Describe(schema, "dbn", writer_.capabilities());
  }

  absl::Status Run(MarketSink& sink, const ProgressFn& progress) override;
  const SkippedRows& skipped() const override { return writer_.skipped(); }
  SourceFacts facts() const override { return writer_.facts(); }

 private:
  absl::StatusOr<std::span<const char>> NextRecord();
  absl::StatusOr<bool> IsOurs(std::span<const char> bytes);
  void FindIds(std::span<const char> bytes);
  absl::Status ReadRecord(std::span<const char> bytes);
  absl::Status ReadTimes(uint64_t event_time, uint64_t receive_time);
  absl::Status ReadLevels(std::span<const char> bytes);
  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(fmt::format("{}: {}", reader_->Where(), what));
  }

  FeedWriter writer_;
  std::unique_ptr<BinaryReader> reader_;
  DatabentoSchema schema_;
  RecordKind kind_;
  Symbols symbols_;
  std::set<uint32_t> ids_;         // of the symbol on ids_day_; without mappings: the first record's
  uint64_t ids_day_ = UINT64_MAX;  // days since 1970
  DatabentoRows rows_;
  DatabentoRecord record_;
  uint64_t zero_size_levels_ = 0;  // of the record at hand
};

absl::Status DbnSource::Run(MarketSink& sink, const ProgressFn& progress) {
  uint64_t& count = writer_.facts().rows;
  for (;;) {
    absl::StatusOr<std::span<const char>> bytes = NextRecord();
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) break;
    ++count;
    absl::StatusOr<bool> ours = IsOurs(*bytes);
    absl::Status bad = ours.ok() ? absl::OkStatus() : ours.status();
    if (ours.ok() && *ours) bad = ReadRecord(*bytes);
    if (!bad.ok()) [[unlikely]] {
      if (absl::Status stop = writer_.Reject(std::move(bad)); !stop.ok()) return stop;
    } else if (!*ours) {
      ++writer_.facts().other_rows;
    } else {
      writer_.facts().zero_size_levels += zero_size_levels_;
      absl::Status status = writer_.Row(sink, rows_.Translate(record_, count, writer_.facts()));
      if (!status.ok()) [[unlikely]]
        return status;
    }
    reader_->Take(bytes->size());
    if (progress && count % kProgressRecords == 0) progress(reader_->source().consumed(), reader_->source().size());
  }
  return writer_.End(sink, reader_->source().path());
}

// The next record, peeked at; empty at the end. What cannot be told apart from the next record cannot be skipped
// either.
absl::StatusOr<std::span<const char>> DbnSource::NextRecord() {
  const std::span<const char> head = reader_->Peek(1);
  if (!reader_->status().ok()) return reader_->status();
  if (head.empty()) return head;
  const size_t size = static_cast<uint8_t>(head[0]) * kLengthUnit;
  if (size < kHeader) return Wrong(fmt::format("a record of {} bytes, expected at least {}", size, kHeader));
  const std::span<const char> bytes = reader_->Peek(size);
  if (!reader_->status().ok()) return reader_->status();
  if (bytes.size() < size) {
    absl::Status cut = Wrong(fmt::format("ends within a record: {} of {} bytes", bytes.size(), size));
    if (absl::Status stop = writer_.Reject(std::move(cut)); !stop.ok()) return stop;
    return bytes.first(0);
  }
  return bytes;
}

// Whether the record is of the kind and the symbol that are imported.
absl::StatusOr<bool> DbnSource::IsOurs(std::span<const char> bytes) {
  const uint8_t rtype = static_cast<uint8_t>(bytes[1]);
  if (rtype != kind_.rtype) return false;
  if (bytes.size() < kind_.size) {
    return Wrong(fmt::format("a record of {} bytes, expected {} of schema {}", bytes.size(), kind_.size,
                             DatabentoSchemaName(schema_)));
  }
  const auto id = LittleEndian<uint32_t>(bytes, 4);
  FindIds(bytes);
  if (ids_.empty() && symbols_.empty()) ids_.insert(id);
  if (ids_.contains(id)) return true;
  if (symbols_.Knows(id)) return false;
  return Wrong(
      fmt::format("instrument id is {}, expected {} ({})", id, fmt::join(ids_, " or "), writer_.instrument().symbol));
}

// The mappings hold for days of the receive time.
void DbnSource::FindIds(std::span<const char> bytes) {
  if (symbols_.empty()) return;
  auto time = LittleEndian<uint64_t>(bytes, schema_ == DatabentoSchema::kMbo ? 40 : 32);
  if (time == kUndefinedTime) time = LittleEndian<uint64_t>(bytes, 8);
  const uint64_t day = time / kNanosPerDay;
  if (day == ids_day_) return;
  ids_ = symbols_.IdsOf(writer_.instrument().symbol, CalendarDay(day));
  ids_day_ = day;
}

// Reads the record into record_ and the window's next picture. On an error neither rows_ nor the feed has changed.
absl::Status DbnSource::ReadRecord(std::span<const char> bytes) {
  const bool mbo = schema_ == DatabentoSchema::kMbo;
  record_.publisher = LittleEndian<uint16_t>(bytes, 2);
  record_.order_id = mbo ? LittleEndian<uint64_t>(bytes, 16) : 0;
  const auto price = LittleEndian<int64_t>(bytes, mbo ? 24 : 16);
  record_.has_price = price != kUndefinedPrice;
  record_.price = Price::FromNanos(record_.has_price ? price : 0);
  record_.size = LittleEndian<uint32_t>(bytes, mbo ? 32 : 24);
  record_.flags = static_cast<uint8_t>(bytes[mbo ? 36 : 30]);
  record_.action = bytes[mbo ? 38 : 28];
  record_.side = bytes[mbo ? 39 : 29];
  if (!rows_.Accepts(record_)) [[unlikely]]
    return Wrong(rows_.Complaint(record_));
  if (record_.size == kUndefinedSize) {
    if (record_.action != 'R' && record_.action != 'N') return Wrong("size is undefined, expected a number");
    record_.size = 0;
  }
  absl::Status status = ReadTimes(LittleEndian<uint64_t>(bytes, 8), LittleEndian<uint64_t>(bytes, mbo ? 40 : 32));
  if (!status.ok()) return status;
  return ReadLevels(bytes);
}

absl::Status DbnSource::ReadTimes(uint64_t event_time, uint64_t receive_time) {
  if (event_time == kUndefinedTime) event_time = receive_time;
  if (receive_time == kUndefinedTime) receive_time = event_time;
  if (event_time > INT64_MAX || receive_time > INT64_MAX) {
    return Wrong(
        fmt::format("ts_event is {}, ts_recv is {}, expected nanoseconds since 1970", event_time, receive_time));
  }
  record_.event_time = TimeFromNanos(static_cast<int64_t>(event_time));
  record_.receive_time = TimeFromNanos(static_cast<int64_t>(receive_time));
  if (record_.event_time < writer_.last_time() && (record_.flags & DatabentoFlags::kSnapshot) != 0) {
    record_.event_time = writer_.last_time();  // a snapshot's orders keep the time they were entered at
  }
  return writer_.CheckTime(record_.event_time, [&] { return reader_->Where(); });
}

absl::Status DbnSource::ReadLevels(std::span<const char> bytes) {
  zero_size_levels_ = 0;
  LevelWindow& window = rows_.window();
  window.BeginPicture();
  for (size_t k = 0; k < DatabentoDepth(schema_); ++k) {
    const size_t at = kTradeRecord + k * kLevel;
    for (const Side side : {Side::kBid, Side::kAsk}) {
      const size_t s = side == Side::kBid ? 0 : 1;
      const auto price = LittleEndian<int64_t>(bytes, at + 8 * s);
      const auto size = LittleEndian<uint32_t>(bytes, at + 16 + 4 * s);
      if (price == kUndefinedPrice) continue;
      if (size == 0 || size == kUndefinedSize) {
        ++zero_size_levels_;
      } else if (!window.Append(side, Price::FromNanos(price), Quantity::Units(size))) {
        return Wrong(fmt::format("level {} of the {} side is {}, expected a price worse than that of the level before",
                                 k, side == Side::kBid ? "bid" : "ask", Price::FromNanos(price).ToString()));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNotLegacy(const std::string& path) {
  std::array<char, 11> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  // Its metadata stands in a zstd frame that decoders skip: magic, length, "DBZ".
  if (std::string_view(head.data() + 8, 3) != "DBZ") return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "{}: byte 0: is in the legacy DBZ encoding, expected DBN version 1 to 3: convert it with the dbn tool", path));
}

absl::StatusOr<Metadata> ReadMetadata(BinaryReader& reader) {
  const std::string where = reader.Where();
  const std::span<const char> prefix = reader.Peek(kPrefix);
  if (prefix.size() < kPrefix) {
    return absl::InvalidArgumentError(fmt::format("{}: ends within the metadata", where));
  }
  const auto version = static_cast<uint8_t>(prefix[3]);
  if (version < 1 || version > 3) {
    return absl::InvalidArgumentError(fmt::format("{}: DBN version is {}, expected 1, 2 or 3", where, version));
  }
  const size_t size = LittleEndian<uint32_t>(prefix, 4);
  if (size < kMetadataFixed || size > kMetadataMax) {
    return absl::InvalidArgumentError(
        fmt::format("{}: metadata of {} bytes, expected {} to {}", where, size, kMetadataFixed, kMetadataMax));
  }
  const std::span<const char> bytes = reader.Peek(kPrefix + size);
  if (!reader.status().ok()) return reader.status();
  Metadata metadata;
  if (bytes.size() < kPrefix + size || !ParseMetadata(bytes.subspan(kPrefix), version, metadata)) {
    return absl::InvalidArgumentError(fmt::format("{}: the metadata is damaged or cut", where));
  }
  reader.Take(kPrefix + size);
  return metadata;
}

absl::StatusOr<DatabentoSchema> SchemaOf(const Metadata& metadata, BinaryReader& reader, bool fragment) {
  if (!fragment) {
    if (const std::optional<DatabentoSchema> schema = SchemaOfNumber(metadata.schema)) return *schema;
    const std::string name = metadata.schema < kSchemaNames.size() ? kSchemaNames[metadata.schema]
                             : metadata.schema == kMixedSchema     ? "mixed"
                                                                   : std::to_string(metadata.schema);
    return absl::InvalidArgumentError(
        fmt::format("{}: schema is {}, expected mbo, mbp-10, mbp-1, tbbo or trades", reader.source().path(), name));
  }
  const std::span<const char> head = reader.Peek(kHeader);
  if (!reader.status().ok()) return reader.status();
  if (head.empty())
    return absl::InvalidArgumentError(fmt::format("{}: is empty, expected records", reader.source().path()));
  const uint8_t rtype = head.size() < 2 ? 0xFF : static_cast<uint8_t>(head[1]);
  const std::optional<DatabentoSchema> schema = SchemaOfRecord(rtype);
  const size_t size = static_cast<uint8_t>(head[0]) * kLengthUnit;
  // A record may carry eight bytes more: the time it was sent.
  if (schema && (size == KindOf(*schema).size || size == KindOf(*schema).size + 8)) return *schema;
  return absl::InvalidArgumentError(fmt::format(
      "{}: a record of type {:#04x} and {} bytes, expected 'DBN' or a record of mbo, mbp-10, mbp-1 or trades",
      reader.Where(), rtype, size));
}

absl::StatusOr<std::string> SymbolOf(const Metadata& metadata, const SourceOptions& options) {
  const Symbols symbols(metadata);
  const std::set<std::string> names = symbols.names();
  const std::string& path = options.files[0];
  if (options.symbol.empty()) {
    if (names.size() == 1) return *names.begin();
    return absl::InvalidArgumentError(
        names.empty() ? fmt::format("{}: the file does not name its symbol, expected one to be given", path)
                      : fmt::format("{}: holds {} symbols ({}), expected one to be chosen", path, names.size(),
                                    fmt::join(names, ", ")));
  }
  if (!names.empty() && !names.contains(options.symbol)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: holds symbol {}, expected '{}'", path, fmt::join(names, ", "), options.symbol));
  }
  return options.symbol;
}

absl::StatusOr<std::unique_ptr<Source>> Open(const SourceOptions& options) {
  const std::string& path = options.files[0];
  if (absl::Status legacy = CheckNotLegacy(path); !legacy.ok()) return legacy;
  absl::StatusOr<std::unique_ptr<BinaryReader>> reader = BinaryReader::Open(path);
  if (!reader.ok()) return reader.status();
  const std::span<const char> magic = (*reader)->Peek(3);
  if (!(*reader)->status().ok()) return (*reader)->status();
  const bool fragment = std::string_view(magic.data(), magic.size()) != "DBN";
  Metadata metadata;
  if (!fragment) {
    absl::StatusOr<Metadata> read = ReadMetadata(**reader);
    if (!read.ok()) return read.status();
    metadata = *std::move(read);
  }
  absl::StatusOr<DatabentoSchema> schema = SchemaOf(metadata, **reader, fragment);
  if (!schema.ok()) return schema.status();
  absl::StatusOr<std::string> symbol = SymbolOf(metadata, options);
  if (!symbol.ok()) return symbol.status();
  return std::make_unique<DbnSource>(options, *std::move(reader), metadata, *schema, *std::move(symbol));
}

}  // namespace

Format DbnFormat() {
  return {.name = "dbn",
          .files = {"dbn"},
          .help = "Databento DBN, versions 1 to 3, schema mbo, mbp-10, mbp-1, tbbo or trades; also fragments",
          .open = Open};
}

}  // namespace spillway::ingest
