#include "services/ingest/level_block.h"

#include <algorithm>
#include <random>
#include <string>

#include "fmt/ranges.h"
#include "services/ingest/line_reader.h"
#include "tests/catch.h"

namespace spillway::ingest {
namespace {

// Price, size and count for each side of each level, as Databento orders them.
std::vector<LevelBlock::Column> Columns(size_t depth) {
  std::vector<LevelBlock::Column> columns;
  for (size_t k = 0; k < depth; ++k) {
    for (const auto kind : {LevelBlock::CellKind::kPrice, LevelBlock::CellKind::kSize, LevelBlock::CellKind::kNone}) {
      for (const Side side : {Side::kBid, Side::kAsk}) columns.push_back({kind, side, static_cast<uint8_t>(k)});
    }
  }
  return columns;
}

bool Read(LevelBlock& block, const std::string& text) {
  const std::string padded = text + ",tail" + std::string(LineReader::kPadding, 'x');
  return block.Read(std::string_view(padded.data(), text.size()));
}

std::string Join(const std::vector<std::string>& fields) {
  return fmt::format("{}", fmt::join(fields, ","));
}

bool SameCells(const LevelBlock& a, const LevelBlock& b) {
  for (const Side side : {Side::kBid, Side::kAsk}) {
    for (size_t k = 0; k < a.cells(side).size(); ++k) {
      const LevelBlock::Cell& x = a.cells(side)[k];
      const LevelBlock::Cell& y = b.cells(side)[k];
      if (x.has_price != y.has_price || x.size != y.size) return false;
      if (x.has_price && x.price_nanos != y.price_nanos) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("level block: reading what changed gives what reading all gives") {
  const unsigned seed = 3;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  LevelBlock block(Columns(4), 4);
  std::vector<std::string> fields(24, "1");
  size_t good = 0;
  for (int row = 0; row < 50'000; ++row) {
    std::vector<std::string> next = fields;
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      std::string& field = next[random() % next.size()];
      switch (random() % 12) {
        case 0:
          field = "";
          break;
        case 1:
          field += "1";
          break;
        case 2:
          field = "x";
          break;
        case 3:
          next.insert(next.begin() + static_cast<ptrdiff_t>(random() % next.size()), "7");
          break;
        case 4:
          next.erase(next.begin() + static_cast<ptrdiff_t>(random() % next.size()));
          break;
        case 5:
          std::rotate(next.begin(), next.begin() + 6, next.end());
          break;
        default:
          field = std::to_string(random() % 1'000);
      }
    }
    const std::string text = Join(next);
    LevelBlock fresh(Columns(4), 4);
    const bool expected = Read(fresh, text);
    INFO("row " << row << ": " << text);
    REQUIRE(Read(block, text) == expected);
    if (!expected) continue;
    ++good;
    REQUIRE(SameCells(block, fresh));
    for (size_t i = 0; i < next.size(); ++i) REQUIRE(block.Field(text, i) == next[i]);
    fields = next;
  }
  CHECK(good > 20'000);
}

TEST_CASE("level block: a side counts as changed until it is cleared") {
  LevelBlock block(Columns(1), 1);
  REQUIRE(Read(block, "10,11,5,6,1,1"));
  CHECK(block.changed(Side::kBid));
  block.ClearChanged();
  REQUIRE(Read(block, "10,11,5,6,2,1"));  // a count that is not read
  CHECK_FALSE(block.changed(Side::kBid));
  CHECK_FALSE(block.changed(Side::kAsk));
  REQUIRE(Read(block, "10,11,5,7,2,1"));
  REQUIRE(Read(block, "10,11,5,7,2,1"));
  CHECK_FALSE(block.changed(Side::kBid));
  CHECK(block.changed(Side::kAsk));
}

}  // namespace spillway::ingest
