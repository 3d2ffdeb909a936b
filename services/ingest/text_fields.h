// Reads the fields of comma-separated rows: the inner loop of every text importer, so it is written for speed. Quoted
// fields do not occur in the formats it serves.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "libs/base/decimal.h"
#include "libs/base/time.h"

namespace spillway::ingest {

// Where the fields of one row end. `ends` holds one more than the columns expected, so that a row with too many shows.
struct FieldSplitter {
  // The number of fields, at most ends.size(); ends[i] is the offset of field i's terminator. Reads up to 63 bytes
  // behind the line (LineReader::kPadding).
  static size_t Split(std::string_view line, std::span<uint32_t> ends);
};

inline std::string_view Field(std::string_view line, std::span<const uint32_t> ends, size_t i) {
  const size_t begin = i == 0 ? 0 : ends[i - 1] + 1;
  return std::string_view(line.data() + begin, ends[i] - begin);
}

inline uint64_t CommaMask(const char* text) {
#if defined(__SSE2__)
  const __m128i comma = _mm_set1_epi8(',');
  uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text) + i);
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, comma)))) << (16 * i);
  }
  return mask;
#else
  uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(text[i] == ',') << i;
  return mask;
#endif
}

inline size_t FieldSplitter::Split(std::string_view line, std::span<uint32_t> ends) {
  size_t count = 0;
  const size_t capacity = ends.size();
  for (size_t base = 0; base < line.size(); base += 64) {
    uint64_t mask = CommaMask(line.data() + base);
    if (line.size() - base < 64) mask &= (uint64_t{1} << (line.size() - base)) - 1;
    for (; mask != 0; mask &= mask - 1) {
      if (count == capacity) return count;
      ends[count++] = static_cast<uint32_t>(base) + static_cast<uint32_t>(std::countr_zero(mask));
    }
  }
  if (count < capacity) ends[count++] = static_cast<uint32_t>(line.size());
  return count;
}

// Eight digits at once: fields are short and of varying length, and a loop over them mispredicts its end.
// Source: Daniel Lemire (2022), "Parsing 8-digit integers", and Johnny Lee's test for digits cited there.
struct EightDigits {
  static constexpr uint64_t kZeros = 0x3030303030303030;  // "00000000"

  // The first `size` (1 to 8) characters of `text`, with leading zeros to eight. Reads eight bytes.
  static uint64_t Load(const char* text, size_t size) {
    uint64_t word;
    std::memcpy(&word, text, sizeof(word));
    return PadFront(word, size);
  }
  static uint64_t PadFront(uint64_t word, size_t size) {
    const size_t shift = 64 - 8 * size;
    return shift == 0 ? word : (word << shift) | (kZeros >> (64 - shift));
  }
  static bool AllDigits(uint64_t word) {
    constexpr uint64_t kHigh = 0xF0F0F0F0F0F0F0F0;
    return ((word & kHigh) | (((word + 0x0606060606060606) & kHigh) >> 4)) == 0x3333333333333333;
  }
  static uint64_t Value(uint64_t word) {
    word -= kZeros;
    word = word * 10 + (word >> 8);
    constexpr uint64_t kMask = 0x000000FF000000FF;
    constexpr uint64_t kFirst = 0x000F424000000064;   // 100 + (1000000 << 32)
    constexpr uint64_t kSecond = 0x0000271000000001;  // 1 + (10000 << 32)
    return ((word & kMask) * kFirst + ((word >> 16) & kMask) * kSecond) >> 32;
  }
};
static_assert(std::endian::native == std::endian::little, "EightDigits loads the first character lowest");

// All of `text` as an unsigned number of at most 19 digits; false otherwise. Reads up to 7 bytes behind the text.
inline bool ReadUnsigned(std::string_view text, uint64_t& value) {
  if (text.empty() || text.size() > 19) return false;
  if (text.size() <= 8) [[likely]] {
    const uint64_t word = EightDigits::Load(text.data(), text.size());
    if (!EightDigits::AllDigits(word)) return false;
    value = EightDigits::Value(word);
    return true;
  }
  uint64_t sum = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

// At most eight characters with one point among them, such as "233.67"; false for anything else, which may be a
// decimal.
inline bool ReadShortNanos(std::string_view text, int64_t& nanos) {
  constexpr int64_t kPower[] = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100};
  uint64_t word;
  std::memcpy(&word, text.data(), sizeof(word));
  const uint64_t points = word ^ 0x2E2E2E2E2E2E2E2E;
  const uint64_t found = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  if (found == 0) return false;
  const auto at = static_cast<size_t>(std::countr_zero(found)) / 8;
  if (at >= text.size() || text.size() == 1) return false;
  const uint64_t before = (uint64_t{1} << (8 * at)) - 1;
  const uint64_t digits = EightDigits::PadFront((word & before) | ((word >> 8) & ~before), text.size() - 1);
  if (!EightDigits::AllDigits(digits)) return false;
  nanos = static_cast<int64_t>(EightDigits::Value(digits)) * kPower[text.size() - 1 - at];
  return true;
}

// All of `text` as a decimal in 1e-9, exactly; false where ParseDecimal fails. Reads up to 7 bytes behind the text.
inline bool ReadNanos(std::string_view text, int64_t& nanos) {
  constexpr int64_t kPower[] = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  if (text.empty() || text.size() > 17) return ParseDecimalTo(text, 9, nanos);
  if (text.size() <= 8 && ReadShortNanos(text, nanos)) [[likely]]
    return true;
  int64_t sum = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* point = end;
  for (; p != end; ++p) {
    const auto digit = static_cast<unsigned char>(*p - '0');
    if (digit > 9) {
      if (*p != '.' || point != end) return ParseDecimalTo(text, 9, nanos);
      point = p;
      continue;
    }
    sum = sum * 10 + digit;
  }
  const ptrdiff_t decimals = point == end ? 0 : end - point - 1;
  const ptrdiff_t whole = point - text.data();
  // 17 characters always fit unless there are more whole digits than a price of this scale holds.
  if (decimals > 9 || whole > 9 || whole + decimals == 0) return ParseDecimalTo(text, 9, nanos);
  nanos = sum * kPower[decimals];
  return true;
}

// Times of one file mostly share their minute: its text is compared, not parsed again.
class TimeReader {
 public:
  // "2025-05-02T13:30:00.014437085Z" in the forms ParseTime reads, or nanoseconds since the epoch; false otherwise.
  // Reads up to 7 bytes behind the text.
  bool Read(std::string_view text, Time& time) {
    constexpr size_t kSeconds = 17;
    constexpr size_t kFraction = 20;
    constexpr size_t kZone = 29;
    if (text.size() > kZone && text[19] == '.' && std::memcmp(text.data(), minute_text_, kSeconds) == 0) [[likely]] {
      const std::string_view zone = text.substr(kZone);
      uint64_t second = 0;
      uint64_t nanos = 0;  // all but the last digit
      const auto last = static_cast<unsigned char>(text[kZone - 1] - '0');
      if ((zone == "Z" || zone == "+00:00") && ReadUnsigned(text.substr(kSeconds, 2), second) && second < 60 &&
          ReadUnsigned(text.substr(kFraction, 8), nanos) && last <= 9) {
        time = minute_ + Duration(static_cast<int64_t>(second * 1'000'000'000 + nanos * 10 + last));
        return true;
      }
    }
    return ReadSlow(text, time);  // another minute, or a fraction of fewer digits
  }

 private:
  bool ReadSlow(std::string_view text, Time& time) {
    uint64_t nanos = 0;
    if (ReadUnsigned(text, nanos) && nanos <= INT64_MAX) {
      time = TimeFromNanos(static_cast<int64_t>(nanos));
      return true;
    }
    const absl::StatusOr<Time> parsed = ParseTime(text);
    if (!parsed.ok()) return false;
    time = *parsed;
    minute_ = FloorTo(time, std::chrono::minutes(1));
    std::memcpy(minute_text_, text.data(), sizeof(minute_text_));
    return true;
  }

  char minute_text_[17] = {};
  Time minute_;
};

}  // namespace spillway::ingest
