// The calendar against recorded lists of the exchange's days.
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "libs/calendar/calendar.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"
#include "zstd.h"

namespace spillway::calendar {
namespace {

std::string ReadWhole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (file.extension() != ".zst") return bytes;
  std::string text(size_t{4} << 20, '\0');
  const size_t size = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  REQUIRE_FALSE(ZSTD_isError(size));
  text.resize(size);
  return text;
}

// Rows without the header, split at commas.
std::vector<std::vector<std::string>> ReadRows(const std::filesystem::path& file) {
  std::istringstream in(ReadWhole(file));
  std::string line;
  std::getline(in, line);
  std::vector<std::vector<std::string>> rows;
  while (std::getline(in, line)) {
    std::vector<std::string> row;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    if (!row.empty()) rows.push_back(row);
  }
  return rows;
}

bool IsWeekday(Date date) {
  const std::chrono::weekday day(date);
  return day != std::chrono::Saturday && day != std::chrono::Sunday;
}

}  // namespace

TEST_CASE("calendar: closings and early closes are those of the recorded lists, day by day", "[calendar][recorded]") {
  const auto holidays = test::RecordedData("data/reference/nyse_holidays_1998_2028.csv");
  if (!holidays) return;
  const auto early = test::RecordedData("data/reference/nyse_early_closes_1998_2028.csv");
  if (!early) return;
  std::set<std::string> closed, early_close;
  for (const auto& row : ReadRows(*holidays)) closed.insert(row[0]);
  for (const auto& row : ReadRows(*early)) early_close.insert(row[0]);
  REQUIRE(closed.size() == 291);
  REQUIRE(early_close.size() == 67);
  for (Date date = *DateFromNumber(19980101); date <= *DateFromNumber(20281231); date += std::chrono::days(1)) {
    const std::optional<Session> session = Calendar::Nyse().SessionOn(date);
    const std::string day = FormatDate(date);
    if (session.has_value() != (IsWeekday(date) && !closed.contains(day))) FAIL_CHECK("session on " << day);
    if (session && session->early_close != early_close.contains(day)) FAIL_CHECK("early close on " << day);
  }
}

TEST_CASE("calendar: open and close in UTC are those of the recorded sessions", "[calendar][recorded]") {
  const auto file = test::RecordedData("data/reference/nyse_sessions_1990_2023.csv.zst");
  if (!file) return;
  size_t compared = 0;
  Date previous = *DateFromNumber(19971231);
  for (const auto& row : ReadRows(*file)) {
    const Date date = ParseDate(row[0].substr(0, 10)).value();
    if (!Calendar::Nyse().Covers(date)) continue;
    const std::optional<Session> session = Calendar::Nyse().NextSession(previous);
    previous = date;
    ++compared;
    if (!session || session->trading_day != date || session->regular_open != ParseTime(row[1]).value() ||
        session->regular_close != ParseTime(row[2]).value()) {
      FAIL_CHECK(row[0] << " " << row[1] << " " << row[2]);
    }
  }
  CHECK(compared == 6300);
}

}  // namespace spillway::calendar
