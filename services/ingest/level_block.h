// The level columns of a row of text, read by what changed: most rows of a ten-level file repeat all but one or two of
// their forty prices and sizes, so the text is compared with the row before and only the fields between the common
// beginning and the common end are read again.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "libs/events/market_event.h"

namespace spillway::ingest {

class LevelBlock {
 public:
  enum class CellKind : uint8_t { kNone, kPrice, kSize };
  struct Column {
    CellKind kind = CellKind::kNone;  // kNone: a field that is not read
    Side side = Side::kBid;
    uint8_t level = 0;  // 0: the best
  };
  struct Cell {
    int64_t price_nanos = 0;
    uint32_t size = 0;
    bool has_price = false;  // the price field is not empty
  };

  // What each field of the block is; `depth` levels a side. No columns: an empty block.
  LevelBlock(std::vector<Column> columns, size_t depth);

  // Reads the block's text. False if the number of fields is wrong or a price or size cannot be read; the cells are
  // then unspecified until the next good text. Reads up to 63 bytes behind the text.
  bool Read(std::string_view text);

  std::span<const Cell> cells(Side side) const { return cells_[Index(side)]; }
  // Whether the side's cells may differ from those at the last ClearChanged.
  bool changed(Side side) const { return changed_[Index(side)]; }
  void ClearChanged() { changed_ = {false, false}; }

  size_t columns() const { return columns_.size(); }
  // Field i of the last good text, which must still be there.
  std::string_view Field(std::string_view text, size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1] + 1;
    return text.substr(begin, ends_[i] - begin);
  }

 private:
  static constexpr size_t Index(Side side) { return side == Side::kBid ? 0 : 1; }
  bool ReadFields(std::string_view text, size_t first, size_t last, size_t begin, size_t end);
  bool ReadCell(const Column& column, std::string_view field);
  void Forget();

  std::vector<Column> columns_;
  std::array<std::vector<Cell>, 2> cells_;
  std::array<bool, 2> changed_{true, true};
  std::vector<char> before_;  // the last good text, with room behind it for wide loads
  size_t before_size_ = 0;
  bool valid_ = false;          // before_ and ends_ belong together
  std::vector<uint32_t> ends_;  // where each field of before_ ends
  std::vector<uint32_t> new_ends_;
};

}  // namespace spillway::ingest
