#include "services/ingest/level_block.h"

#include <algorithm>
#include <cstring>

#include "services/ingest/line_reader.h"
#include "services/ingest/text_fields.h"

namespace spillway::ingest {
namespace {

uint64_t Load(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// How many bytes the texts have in common at their beginning, at most `size`. Bytes of both may be read beyond it.
size_t CommonPrefix(const char* a, const char* b, size_t size) {
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t difference = Load(a + i) ^ Load(b + i);
    if (difference != 0) return std::min(size, i + static_cast<size_t>(std::countr_zero(difference)) / 8);
  }
  return size;
}

// The same at the ends, which `a` and `b` point behind.
size_t CommonSuffix(const char* a, const char* b, size_t size) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const uint64_t difference = Load(a - i - 8) ^ Load(b - i - 8);
    if (difference != 0) return i + static_cast<size_t>(std::countl_zero(difference)) / 8;
  }
  while (i < size && a[-1 - static_cast<ptrdiff_t>(i)] == b[-1 - static_cast<ptrdiff_t>(i)]) ++i;
  return i;
}

}  // namespace

LevelBlock::LevelBlock(std::vector<Column> columns, size_t depth)
    : columns_(std::move(columns)), ends_(columns_.size()), new_ends_(columns_.size() + 1) {
  for (std::vector<Cell>& side : cells_) side.resize(depth);
}

void LevelBlock::Forget() {
  valid_ = false;
  changed_ = {true, true};
}

bool LevelBlock::Read(std::string_view text) {
  const size_t count = columns_.size();
  if (count == 0) return text.empty();
  size_t first = 0;
  size_t last = count;
  size_t begin = 0;
  size_t end = text.size();
  if (valid_) {
    const size_t shorter = std::min(text.size(), before_size_);
    const size_t prefix = CommonPrefix(text.data(), before_.data(), shorter);
    if (prefix == text.size() && prefix == before_size_) return true;
    const size_t suffix = CommonSuffix(text.data() + text.size(), before_.data() + before_size_, shorter - prefix);
    // The first field that the common beginning does not hold whole, and the last that the common end does not.
    const auto first_end = std::lower_bound(ends_.begin(), ends_.end(), prefix);
    const auto last_end = std::lower_bound(first_end, ends_.end(), before_size_ - suffix);
    first = static_cast<size_t>(first_end - ends_.begin());
    last = static_cast<size_t>(last_end - ends_.begin()) + 1;
    begin = first == 0 ? 0 : ends_[first - 1] + 1;
    end = text.size() + ends_[last - 1] - before_size_;
  }
  if (!ReadFields(text, first, last, begin, end)) {
    Forget();
    return false;
  }
  const auto shift = static_cast<uint32_t>(text.size() - before_size_);  // modulo 2^32
  if (valid_ && shift != 0) {
    for (size_t i = last; i < count; ++i) ends_[i] += shift;
  }
  if (before_.size() < text.size() + LineReader::kPadding) before_.resize(2 * text.size() + LineReader::kPadding);
  std::memcpy(before_.data() + begin, text.data() + begin, text.size() - begin);
  before_size_ = text.size();
  valid_ = true;
  return true;
}

// Reads fields [first, last), which text[begin, end) must hold exactly.
bool LevelBlock::ReadFields(std::string_view text, size_t first, size_t last, size_t begin, size_t end) {
  const std::string_view part(text.data() + begin, end - begin);
  const size_t count = last - first;
  if (FieldSplitter::Split(part, std::span(new_ends_).first(count + 1)) != count) return false;
  size_t from = begin;
  for (size_t i = 0; i < count; ++i) {
    const size_t to = begin + new_ends_[i];
    const Column& column = columns_[first + i];
    if (column.kind != CellKind::kNone && !ReadCell(column, {text.data() + from, to - from})) return false;
    ends_[first + i] = static_cast<uint32_t>(to);
    from = to + 1;
  }
  return true;
}

bool LevelBlock::ReadCell(const Column& column, std::string_view field) {
  const size_t side = Index(column.side);
  Cell& cell = cells_[side][column.level];
  changed_[side] = true;
  if (column.kind == CellKind::kPrice) {
    cell.has_price = !field.empty();
    return !cell.has_price || ReadNanos(field, cell.price_nanos);
  }
  uint64_t size = 0;
  if (field.empty()) {
    cell.size = 0;
    return true;
  }
  if (!ReadUnsigned(field, size) || size > UINT32_MAX) return false;
  cell.size = static_cast<uint32_t>(size);
  return true;
}

}  // namespace spillway::ingest
