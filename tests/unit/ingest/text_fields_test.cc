#include "services/ingest/text_fields.h"

#include <random>
#include <string>
#include <vector>

#include "services/ingest/line_reader.h"
#include "tests/catch.h"

namespace spillway::ingest {
namespace {

std::vector<std::string> SplitOf(const std::string& line, size_t capacity) {
  const std::string padded = line + std::string(LineReader::kPadding, ',');  // what lies behind must not count
  std::vector<uint32_t> ends(capacity);
  const std::string_view view(padded.data(), line.size());
  const size_t count = FieldSplitter::Split(view, ends);
  std::vector<std::string> fields;
  for (size_t i = 0; i < count; ++i) fields.emplace_back(Field(view, ends, i));
  return fields;
}

// The readers may look a few bytes behind their text; what stands there must not count.
class Padded {
 public:
  explicit Padded(const std::string& text) : padded_(text + "9.9999999,"), size_(text.size()) {}
  std::string_view view() const { return {padded_.data(), size_}; }

 private:
  std::string padded_;
  size_t size_;
};

std::string RandomText(std::mt19937& random, std::string_view alphabet, size_t size_max) {
  std::string text;
  for (size_t size = random() % (size_max + 1); size > 0; --size) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("text fields: a line is split at its commas, whatever its length") {
  const unsigned seed = 7;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    std::vector<std::string> fields(1 + random() % 40);
    std::string line;
    for (size_t k = 0; k < fields.size(); ++k) {
      fields[k] = RandomText(random, "0123456789.", 12);
      line += (k == 0 ? "" : ",") + fields[k];
    }
    CHECK(SplitOf(line, fields.size() + 1) == fields);
    CHECK(SplitOf(line, fields.size()).size() == fields.size());
  }
  CHECK(SplitOf("1,2,3", 2) == std::vector<std::string>{"1", "2"});  // as many as there is room for
}

TEST_CASE("text fields: the fast decimal is ParseDecimal, digit by digit") {
  const unsigned seed = 11;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  size_t good = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = RandomText(random, i % 2 == 0 ? "0123456789." : "01.9-x", i % 3 == 0 ? 6 : 24);
    int64_t fast = 0;
    const bool ok = ReadNanos(Padded(text).view(), fast);
    const absl::StatusOr<int64_t> slow = ParseDecimal(text, 9);
    INFO("'" << text << "'");
    REQUIRE(ok == slow.ok());
    if (ok) REQUIRE(fast == *slow);
    good += ok;
  }
  CHECK(good > 10'000);
}

TEST_CASE("text fields: the fast number is the slow one") {
  const unsigned seed = 17;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = RandomText(random, i % 4 == 0 ? "0123456789/:x" : "0123456789", 20);
    const bool digits = !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string::npos;
    uint64_t value = 0;
    INFO("'" << text << "'");
    REQUIRE(ReadUnsigned(Padded(text).view(), value) == digits);
    if (digits) REQUIRE(value == std::stoull(text));
  }
}

TEST_CASE("text fields: the fast time is ParseTime") {
  const unsigned seed = 13;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  TimeReader reader;
  Time start = *ParseTime("2025-05-02T13:30:00Z");
  for (int i = 0; i < 20'000; ++i) {
    start += Duration(static_cast<int64_t>(random() % 3'000'000'000));
    std::string text = FormatTime(start);
    if (i % 3 == 0) text = text.substr(0, text.size() - 1) + "+00:00";
    if (i % 5 == 0) text[10] = ' ';
    if (i % 7 == 0) text[random() % text.size()] = "0x9:Z"[random() % 5];
    Time fast;
    const bool ok = reader.Read(Padded(text).view(), fast);
    const absl::StatusOr<Time> slow = ParseTime(text);
    INFO(text);
    REQUIRE(ok == slow.ok());
    if (ok) REQUIRE(fast == *slow);
  }
  Time time;
  REQUIRE(reader.Read("1746192600014437085", time));  // nanoseconds since the epoch
  CHECK(time == *ParseTime("2025-05-02T13:30:00.014437085Z"));
  REQUIRE(reader.Read("2025-05-02 13:30:00.757179+00:00", time));  // fewer digits
  CHECK(time == *ParseTime("2025-05-02T13:30:00.757179Z"));
}

}  // namespace spillway::ingest
