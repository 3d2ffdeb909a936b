// `spillway features` against a second computation from the recorded rows.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/raw_market.h"
#include "tests/e2e/sessions.h"
#include "tests/support/recorded_data.h"

namespace spillway::e2e {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// A CSV as the program printed it: its rows, each by column.
struct Table {
  std::map<std::string, size_t> columns;
  std::vector<std::vector<std::string>> rows;

  const std::string& at(size_t row, const std::string& column) const { return rows[row].at(columns.at(column)); }
};

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

Table ReadTable(const ProgramResult& result) {
  const std::vector<std::string> lines = result.Lines();
  REQUIRE_FALSE(lines.empty());
  Table table;
  for (const std::string& column : Split(lines[0])) table.columns.emplace(column, table.columns.size());
  for (size_t i = 1; i < lines.size(); ++i) {
    table.rows.push_back(Split(lines[i]));
    REQUIRE(table.rows.back().size() == table.columns.size());
  }
  return table;
}

// Sums over the trades before a time.
struct Tape {
  int64_t volume = 0;
  long double value = 0;
  std::vector<int64_t> times;

  void Add(const Mbp10Row& row) {
    volume += row.size;
    value += static_cast<long double>(row.price) / 1e9L * static_cast<long double>(row.size);
    times.push_back(row.time);
  }
  // Trades in (t - 3 s, t], of those before t, per second.
  double Velocity(int64_t time) const {
    const auto first = std::upper_bound(times.begin(), times.end(), time - 3 * kSecond);
    return static_cast<double>(times.end() - first) / 3;
  }
  double Vwap() const { return static_cast<double>(value / static_cast<long double>(volume)); }
};

void CheckNumber(const Table& table, size_t row, const std::string& column, double expected) {
  const std::string& text = table.at(row, column);
  if (text.empty() ||
      std::abs(std::strtod(text.c_str(), nullptr) - expected) > 1e-9 * std::max(1.0, std::abs(expected)))
    FAIL(table.at(row, "time") << " " << column << ": seen '" << text << "', expected " << expected);
}

void CheckRow(const Table& table, size_t i, const Mbp10Row& book, const Tape& tape, int64_t time, int64_t start) {
  if (Nanos(table.at(i, "bid")) != book.bid_price[0] || Nanos(table.at(i, "ask")) != book.ask_price[0] ||
      std::stoll(table.at(i, "bid_size")) != book.bid_size[0] ||
      std::stoll(table.at(i, "ask_size")) != book.ask_size[0])
    FAIL(table.at(i, "time") << ": quote");
  const double bid_size = static_cast<double>(book.bid_size[0]), ask_size = static_cast<double>(book.ask_size[0]);
  CheckNumber(table, i, "spread", static_cast<double>(book.ask_price[0] - book.bid_price[0]) / 1e9);
  CheckNumber(table, i, "mid", static_cast<double>(book.ask_price[0] + book.bid_price[0]) / 2e9);
  CheckNumber(table, i, "bid_ask_ratio", book.Ratio(10));
  CheckNumber(table, i, "queue_imbalance", (bid_size - ask_size) / (bid_size + ask_size));
  CheckNumber(table, i, "bid_size_over_ask", bid_size - ask_size);
  CheckNumber(table, i, "vwap", tape.Vwap());
  if (time < start + 3 * kSecond) {
    if (!table.at(i, "tape_velocity").empty())
      FAIL(table.at(i, "time") << ": tape_velocity is ready before its window");
  } else {
    CheckNumber(table, i, "tape_velocity", tape.Velocity(time));
  }
}

}  // namespace

TEST_CASE("features: each second of a recorded session shows what its rows say", "[features]") {
  const auto session = SounSession();
  if (!session) return;
  const Table table = ReadTable(SpillwayOk({"features", *session, "--symbol", "SOUN", "--every", "1s", "--csv"}));
  const std::vector<Mbp10Row> rows = ReadMbp10(*test::RecordedData(kSounFile));
  const int64_t start = rows.front().time;
  // Every whole second of the session, none left out.
  const int64_t first = (start / kSecond + 1) * kSecond;
  const auto seconds = static_cast<size_t>((rows.back().time - first) / kSecond + 1);
  REQUIRE(table.rows.size() == seconds);

  Tape tape;
  size_t next = 0;
  Mbp10Row book;  // at the end of the last event
  for (size_t i = 0; i < seconds; ++i) {
    const int64_t time = first + static_cast<int64_t>(i) * kSecond;
    for (; next < rows.size() && rows[next].time < time; ++next) {
      if (rows[next].action == 'T') tape.Add(rows[next]);
      if (rows[next].last()) book = rows[next];
    }
    REQUIRE(EpochNanos(table.at(i, "time")) == time);
    CheckRow(table, i, book, tape, time, start);
  }
}

TEST_CASE("features: --from and --to cut the same rows out, JSON lines hold the same values", "[features]") {
  const auto session = SounSession();
  if (!session) return;
  const std::vector<std::string> window = {"--from", "2025-05-02T14:00:00Z", "--to", "2025-05-02T14:01:00Z"};
  std::vector<std::string> csv = {"features", *session, "--symbol", "SOUN", "--every", "5s"};
  csv.insert(csv.end(), window.begin(), window.end());
  std::vector<std::string> json = csv;
  json.emplace_back("--json");
  const Table table = ReadTable(SpillwayOk(csv));
  const std::vector<std::string> lines = SpillwayOk(json).Lines();
  REQUIRE(table.rows.size() == 12);
  REQUIRE(lines.size() == 12);
  CHECK(table.at(0, "time") == "2025-05-02T14:00:00.000000000Z");
  CHECK(table.at(11, "time") == "2025-05-02T14:00:55.000000000Z");
  for (size_t i = 0; i < lines.size(); ++i) {
    const nlohmann::json row = nlohmann::json::parse(lines[i]);
    for (const auto& [column, position] : table.columns) {
      const std::string& text = table.rows[i][position];
      INFO(lines[i] << "\n" << column << " " << text);
      if (text.empty()) {
        CHECK(row["not_ready"].contains(column));
      } else if (row.at(column).is_number()) {
        CHECK(row.at(column).get<double>() == std::stod(text));
      } else {
        CHECK(row.at(column) == text);
      }
    }
  }
}

TEST_CASE("features: the ratio of ten levels reaches 3 on twelve rows of the recorded session", "[features]") {
  // What run_test.cc says of the classic limits rests on this.
  const auto recorded = test::RecordedData(kSounFile);
  if (!recorded) return;
  const std::vector<Mbp10Row> rows = ReadMbp10(*recorded);
  CHECK(std::count_if(rows.begin(), rows.end(), [](const Mbp10Row& row) { return row.Ratio(10) >= 3; }) == 12);
}

}  // namespace spillway::e2e
