// Files that are not what they should be: every format, one defect each, and then random damage.
#include <cstring>
#include <map>
#include <random>

#include "fmt/format.h"
#include "tests/catch.h"
#include "tests/unit/ingest/dbn_bytes.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

// A small valid input of one format: the names and contents of its files.
struct Sample {
  std::string format;
  std::vector<std::pair<std::string, std::string>> files;
  size_t rows = 0;  // imported
};

struct Imported {
  ImportResult result;
  ImportedMarket market;
  std::vector<std::string> paths;
};

void Run(const Sample& sample, OnError on_error, Imported& imported, const std::string& symbol = "ACME") {
  static std::map<std::string, TemporaryFile> files;  // by name, written anew each time
  SourceOptions options{.files = {}, .symbol = symbol, .on_error = on_error};
  for (const auto& [name, content] : sample.files) {
    TemporaryFile& file = files.try_emplace(name, name, "").first->second;
    file.Write(content);
    options.files.push_back(file.path());
  }
  imported.paths = options.files;
  imported.result = Import(sample.format, options, imported.market);
}

// The message under kStop, without the folder of the file it names.
std::string ErrorOf(const Sample& sample, const std::string& symbol = "ACME") {
  Imported imported;
  Run(sample, OnError::kStop, imported, symbol);
  CHECK(imported.market.broken == "");
  CHECK_FALSE(imported.result.status.ok());
  std::string message(imported.result.status.message());
  for (const std::string& path : imported.paths) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (size_t at; (at = message.find(folder)) != std::string::npos;) message.erase(at, folder.size());
  }
  return message;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Sample With(Sample sample, size_t file, std::string_view from, std::string_view to) {
  sample.files[file].second = Replaced(sample.files[file].second, from, to);
  return sample;
}

// `from` on line `line` (from 1) only.
Sample WithOnLine(Sample sample, size_t file, int line, std::string_view from, std::string_view to) {
  std::string& text = sample.files[file].second;
  size_t begin = 0;
  for (int i = 1; i < line; ++i) begin = text.find('\n', begin) + 1;
  text = text.substr(0, begin) + Replaced(text.substr(begin), from, to);
  return sample;
}

Sample MbpCsv() {
  std::string text =
      "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence";
  for (int k = 0; k < 10; ++k) {
    text += fmt::format(",bid_px_{0:02},ask_px_{0:02},bid_sz_{0:02},ask_sz_{0:02},bid_ct_{0:02},ask_ct_{0:02}", k);
  }
  text += ",symbol\n";
  for (int row = 0; row < 12; ++row) {
    const std::string time = fmt::format("2025-05-02T13:30:00.{:03}000000Z", 10 * row + 100);
    text += fmt::format("{0},{0},10,2,7,{1},B,0,10.00,{2},130,0,{3}", time, "ACT"[row % 3], 10 + row, row);
    for (int k = 0; k < 10; ++k) {
      text += fmt::format(",9.{:02},10.{:02},{},{},1,1", 99 - k - row % 2, k + 1, 100 + row + k, 200 + row % 4 + k);
    }
    text += ",ACME\n";
  }
  return {"databento-csv", {{"acme.csv", text}}, 12};
}

Sample MboCsv() {
  std::string text =
      "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,ts_in_delta,"
      "sequence,symbol\n";
  for (int row = 0; row < 12; ++row) {
    const std::string time = fmt::format("2025-05-02T13:30:00.{:03}000000Z", 10 * row + 100);
    text += fmt::format("{0},{0},160,2,7,{1},{2},10.{3:02},50,0,{4},130,0,{5},ACME\n", time, "RAAAMTFCACMN"[row],
                        row == 0       ? 'N'
                        : row % 2 == 0 ? 'B'
                                       : 'A',
                        row, row / 2, row);
  }
  return {"databento-csv", {{"acme.csv", text}}, 12};
}

Sample Lobster() {
  std::string messages;
  std::string books;
  for (int row = 0; row < 12; ++row) {
    messages += fmt::format("342{:02}.004241176,{},{},18,{},{}\n", row, 1 + row % 5, 16113575 + row,
                            5853300 + 100 * row, row % 2 == 0 ? 1 : -1);
    books += fmt::format("5859400,{},5853300,{},5859800,200,5853000,150\n", 200 + row, 18 + row);
  }
  return {"lobster",
          {{"ACME_2012-06-21_34200000_57600000_message_2.csv", messages},
           {"ACME_2012-06-21_34200000_57600000_orderbook_2.csv", books}},
          12};
}

Sample Taq() {
  std::string quotes;
  std::string trades;
  for (int row = 0; row < 6; ++row) {
    quotes += fmt::format("{0},13840{1},700,0,0,P,1,0\n{0},0,0,13950{1},200,Q,1,0\n", 14400554 + 10 * row, row);
    trades += fmt::format("{},139400,500,P,20002020,0\n", 14400560 + 10 * row);
  }
  return {"taq", {{"ACME_2013-10-07_quote.csv", quotes}, {"ACME_2013-10-07_trade.csv", trades}}, 12};
}

// DBN version 2, mbo, one symbol.
Sample Dbn() {
  std::string bytes = test::DbnMetadata({{"ACME", 7, 20250502, 20250503}});
  for (uint32_t row = 0; row < 12; ++row) {
    bytes += test::DbnOrder({.instrument = 7,
                             .time = test::kDbnStart + row * 1'000'000,
                             .order = row / 2,
                             .price = 10'000'000'000 + row * 10'000'000,
                             .action = "RAAAMTFCACMN"[row],
                             .side = row == 0       ? 'N'
                                     : row % 2 == 0 ? 'B'
                                                    : 'A'});
  }
  return {"dbn", {{"acme.dbn", bytes}}, 12};
}

std::vector<Sample> Samples() {
  return {MbpCsv(), MboCsv(), Lobster(), Taq(), Dbn()};
}

// The DBN sample with a value written over record `row` at `offset`.
template <class T>
Sample DbnWith(size_t row, size_t offset, T value) {
  Sample sample = Dbn();
  std::string& bytes = sample.files[0].second;
  std::memcpy(bytes.data() + bytes.size() - (12 - row) * 56 + offset, &value, sizeof(value));
  return sample;
}

uint64_t DbnOffset(size_t row) {
  return Dbn().files[0].second.size() - (12 - row) * 56;
}

}  // namespace

TEST_CASE("bad input: the samples of this file are good") {
  for (const Sample& sample : Samples()) {
    Imported imported;
    Run(sample, OnError::kStop, imported);
    INFO(sample.format << ": " << imported.result.status.message());
    CHECK(imported.result.status.ok());
    CHECK(imported.market.broken == "");
    CHECK(imported.market.rows == sample.rows);
    CHECK(imported.result.facts.rows == sample.rows);
  }
}

TEST_CASE("bad input: empty files are named") {
  for (const Sample& sample : Samples()) {
    for (size_t i = 0; i < sample.files.size(); ++i) {
      Sample empty = sample;
      empty.files[i].second = "";
      const std::string error = ErrorOf(empty);
      INFO(error);
      CHECK(error.find(sample.files[i].first) != std::string::npos);
      CHECK(error.find("expected") != std::string::npos);
    }
  }
  Sample only_header = MbpCsv();
  only_header.files[0].second.resize(only_header.files[0].second.find('\n') + 1);
  CHECK(ErrorOf(only_header) == "acme.csv: holds no rows, expected at least one");
}

TEST_CASE("bad input: databento-csv says file, line, column, what was seen and what was expected") {
  const Sample good = MbpCsv();
  CHECK(ErrorOf(WithOnLine(good, 0, 5, ",ACME", "")) == "acme.csv:5: 73 fields, expected 74 as in the header");
  CHECK(ErrorOf(WithOnLine(good, 0, 5, ",ACME", ",EMCA")) == "acme.csv:5: symbol is 'EMCA', expected 'ACME'");
  CHECK(ErrorOf(good, "OTHER") == "acme.csv:2: symbol is 'ACME', expected 'OTHER'");
  // Without a column of symbols the rows must be of one instrument.
  CHECK(ErrorOf(WithOnLine(With(good, 0, ",symbol", ",ignored"), 0, 6, ",10,2,7,", ",10,2,8,"), "OTHER") ==
        "acme.csv:6: instrument_id is '8', expected '7'");
  CHECK(ErrorOf(WithOnLine(good, 0, 4, "Z,2025-05-02T13:30:00", "Z,2025-05-02T13:29:00")) ==
        "acme.csv:4: time goes back: 2025-05-02T13:29:00.120000000Z after 2025-05-02T13:30:00.110000000Z");
  CHECK(ErrorOf(WithOnLine(good, 0, 4, "Z,2025-05-02T13:30:00", "Z,2025-05-02T13:61:00")) ==
        "acme.csv:4: ts_event is '2025-05-02T13:61:00.120000000Z', expected a UTC time such as "
        "2025-05-02T13:30:00.014437085Z");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "10.00,10,", "10.00,-10,")) ==
        "acme.csv:2: size is '-10', expected a whole number from 0 to 4294967295");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "10.00,10,", "ten,10,")) ==
        "acme.csv:2: price is 'ten', expected a decimal with at most 9 decimals");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "A,B,", "Q,B,")) == "acme.csv:2: action is 'Q', expected one of A M C R T F N");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "A,B,", "A,X,")) == "acme.csv:2: side is 'X', expected one of B A N");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "9.98,", "9.98x,")) ==
        "acme.csv:2: bid_px_01 is '9.98x', expected a decimal with at most 9 decimals");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, ",101,201,", ",101,-201,")) ==
        "acme.csv:2: ask_sz_01 is '-201', expected a whole number from 0 to 4294967295");
  CHECK(ErrorOf(WithOnLine(good, 0, 2, "9.98,", "9.99,")) ==
        "acme.csv:2: the levels of a side are not in order of their prices, expected the best first");
  CHECK(ErrorOf(With(good, 0, "ts_event", "time")).substr(0, 50) ==
        "acme.csv:1: no column 'ts_event' in the header, ex");
  CHECK(ErrorOf(With(good, 0, "bid_px_07", "bid_px_70")) ==
        "acme.csv:1: the header has 7 levels, expected 10, 1 or none");
  CHECK(ErrorOf(WithOnLine(MboCsv(), 0, 4, "10.02,", ",")) == "acme.csv:4: an action A has no price");
}

TEST_CASE("bad input: lobster says file, line, what was seen and what was expected") {
  const Sample good = Lobster();
  const std::string message = good.files[0].first;
  const std::string book = good.files[1].first;
  CHECK(ErrorOf(WithOnLine(good, 0, 3, ",1\n", "\n")) ==
        message + ":3: the number of fields is '5', expected 6: time, type, order id, size, price, direction");
  CHECK(ErrorOf(WithOnLine(good, 0, 3, "34202.", "34200.")) ==
        message + ":3: time goes back: 2012-06-21T13:30:00.004241176Z after 2012-06-21T13:30:01.004241176Z");
  CHECK(ErrorOf(WithOnLine(good, 0, 3, ",3,", ",9,")) == message + ":3: type is '9', expected 1 to 7");
  CHECK(ErrorOf(WithOnLine(good, 0, 3, ",18,", ",-18,")) ==
        message + ":3: size is '-18', expected a whole number from 0 to 4294967295");
  CHECK(ErrorOf(WithOnLine(good, 0, 4, ",-1\n", ",0\n")) == message + ":4: direction is '0', expected 1 or -1");
  CHECK(ErrorOf(WithOnLine(good, 1, 3, ",150\n", "\n")) ==
        book + ":3: the number of fields is '7', expected 8 as in the first row");
  CHECK(ErrorOf(WithOnLine(good, 1, 3, ",150\n", ",-150\n")) ==
        book + ":3: field 8 is '-150', expected a size from 0 to 4294967295");
  CHECK(ErrorOf(WithOnLine(good, 1, 3, "5859800", "5859300")) ==
        book + ":3: field 5 is '5859300', expected a price worse than that of the level before");
}

TEST_CASE("bad input: taq says file, line, what was seen and what was expected") {
  const Sample good = Taq();
  CHECK(ErrorOf(WithOnLine(good, 0, 3, ",0\n", "\n")) ==
        "ACME_2013-10-07_quote.csv:3: the number of fields is '7', expected 8");
  CHECK(ErrorOf(WithOnLine(good, 0, 3, "14400564", "14400064")) ==
        "ACME_2013-10-07_quote.csv:3: time goes back: 14400064 ms after 14400554 ms");
  CHECK(ErrorOf(WithOnLine(good, 1, 2, ",500,", ",-500,")) ==
        "ACME_2013-10-07_trade.csv:2: size is '-500', expected a whole number from 0 to 4294967295");
  CHECK(ErrorOf(WithOnLine(good, 1, 2, "20002020", "2000202g")) ==
        "ACME_2013-10-07_trade.csv:2: sale conditions is '2000202g', expected hexadecimal bits");
  CHECK(ErrorOf(good, "OTHER") == "ACME_2013-10-07_quote.csv: the file's name says symbol 'ACME', expected 'OTHER'");
}

TEST_CASE("bad input: dbn says file, byte, what was seen and what was expected") {
  CHECK(ErrorOf(With(Dbn(), 0, "DBN\2", "DBN\4")) == "acme.dbn: byte 0: DBN version is 4, expected 1, 2 or 3");
  CHECK(ErrorOf(Dbn(), "OTHER") == "acme.dbn: holds symbol ACME, expected 'OTHER'");
  CHECK(ErrorOf(DbnWith<uint8_t>(3, 0, 0)) ==
        fmt::format("acme.dbn: byte {}: a record of 0 bytes, expected at least 16", DbnOffset(3)));
  CHECK(ErrorOf(DbnWith<uint8_t>(3, 0, 5)) ==
        fmt::format("acme.dbn: byte {}: a record of 20 bytes, expected 56 of schema mbo", DbnOffset(3)));
  CHECK(ErrorOf(DbnWith<uint32_t>(3, 4, 9)) ==
        fmt::format("acme.dbn: byte {}: instrument id is 9, expected 7 (ACME)", DbnOffset(3)));
  CHECK(ErrorOf(DbnWith<char>(3, 38, 'Q')) ==
        fmt::format("acme.dbn: byte {}: action is 'Q', expected one of A M C R T F N", DbnOffset(3)));
  CHECK(ErrorOf(DbnWith<uint64_t>(3, 8, 1)) ==
        fmt::format("acme.dbn: byte {}: time goes back: 1970-01-01T00:00:00.000000001Z after "
                    "2025-05-02T13:30:00.002000000Z",
                    DbnOffset(3)));
  Sample cut = Dbn();
  cut.files[0].second.resize(cut.files[0].second.size() - 10);
  CHECK(ErrorOf(cut) == fmt::format("acme.dbn: byte {}: ends within a record: 46 of 56 bytes", DbnOffset(11)));
  cut.files[0].second.resize(150);
  CHECK(ErrorOf(cut) == "acme.dbn: byte 0: the metadata is damaged or cut");
}

TEST_CASE("bad input: on request bad rows are skipped, counted and listed, the others imported") {
  const std::vector<Sample> damaged = {WithOnLine(WithOnLine(MbpCsv(), 0, 5, ",ACME", ",EMCA"), 0, 7, "T13", "Q13"),
                                       WithOnLine(WithOnLine(MboCsv(), 0, 5, ",ACME", ""), 0, 7, "T13", "Q13"),
                                       WithOnLine(WithOnLine(Lobster(), 0, 3, ",3,", ",9,"), 1, 7, ",150\n", "\n"),
                                       WithOnLine(WithOnLine(Taq(), 1, 3, ",500,", ",-500,"), 1, 5, "P", "PP"), [] {
                                         Sample sample = DbnWith<char>(3, 38, 'Q');
                                         sample.files[0].second.resize(sample.files[0].second.size() - 1);
                                         return sample;
                                       }()};
  for (const Sample& sample : damaged) {
    Imported imported;
    Run(sample, OnError::kSkip, imported);
    INFO(sample.format << ": " << imported.result.status.message());
    CHECK(imported.result.status.ok());
    CHECK(imported.market.broken == "");
    CHECK(imported.result.skipped.count == 2);
    CHECK(imported.result.skipped.listed.size() == 2);
    CHECK(imported.market.rows == sample.rows - 2);
  }
}

TEST_CASE("bad input: the list of skipped rows is bounded, their count is not") {
  Sample sample = Taq();
  std::string& trades = sample.files[1].second;
  for (int i = 0; i < 500; ++i) trades += "bad\n";
  Imported imported;
  Run(sample, OnError::kSkip, imported);
  CHECK(imported.result.skipped.count == 500);
  CHECK(imported.result.skipped.listed.size() == SkippedRows::kListedMax);
}

TEST_CASE("bad input: a file of the wrong number is refused before anything is opened") {
  CHECK(FindFormat("lobster")->open({.files = {"a"}, .symbol = ""}).status().message() ==
        "format lobster: 1 files given, expected 2: message, orderbook");
  CHECK(FindFormat("nonsense") == nullptr);
  std::vector<std::string> names;
  for (const Format& format : Formats()) names.push_back(format.name);
  CHECK(names == std::vector<std::string>{"databento-csv", "dbn", "lobster", "taq"});
}

TEST_CASE("bad input: facts of real feeds are kept: crossed and locked quotes, trades outside the book, empty levels") {
  Sample sample = Taq();
  sample.files[0].second =
      "100,110000,7,0,0,P,1,0\n100,0,0,109000,5,Q,1,0\n"   // crossed
      "200,110000,7,0,0,P,1,0\n200,0,0,110000,5,Q,1,0\n"   // locked
      "300,110000,0,0,0,P,1,0\n300,0,0,111000,5,Q,1,0\n";  // the bid has no size
  sample.files[1].second = "300,999900,1,P,1,0\n";         // far outside
  Imported imported;
  Run(sample, OnError::kStop, imported);
  CHECK(imported.result.status.ok());
  CHECK(imported.market.rows == 4);
  CHECK(imported.market.crossed == 1);
  CHECK(imported.market.locked == 1);
  CHECK(imported.result.facts.zero_size_levels == 1);
  Imported levels;
  Run(WithOnLine(MbpCsv(), 0, 2, ",109,209,", ",0,209,"), OnError::kStop, levels);
  CHECK(levels.result.status.ok());
  CHECK(levels.result.facts.zero_size_levels == 1);
}

TEST_CASE("bad input: whatever bytes are changed, cut or repeated, an import ends and keeps the contract of its rows") {
  const unsigned seed = 20250502;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  size_t failed = 0;
  size_t imported_all = 0;
  for (int round = 0; round < 4'000; ++round) {
    Sample sample = Samples()[static_cast<size_t>(round) % 5];
    std::string& text = sample.files[random() % sample.files.size()].second;
    for (unsigned changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
      const size_t at = random() % text.size();
      switch (random() % 5) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text[at] = ",\n.-09AZ"[random() % 8];
          break;
        case 2:
          text.resize(at);
          break;
        case 3:
          text.insert(at, text.substr(random() % text.size(), random() % 80));
          break;
        default:
          text.erase(at, random() % 20);
      }
    }
    Imported imported;
    Run(sample, round % 2 == 0 ? OnError::kStop : OnError::kSkip, imported);
    INFO("round " << round << ", " << sample.format << ": " << imported.result.status.message());
    CHECK(imported.market.broken == "");
    CHECK(imported.market.rows <= imported.result.facts.rows);
    failed += !imported.result.status.ok();
    imported_all += imported.result.status.ok();
  }
  CHECK(failed > 500);
  CHECK(imported_all > 500);
}

}  // namespace spillway::ingest
