// The few pieces of the protobuf wire format that the codec handles itself, so that bodies decode into messages it
// reuses.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace spillway::wire {

enum Type : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

inline void AppendVarint(uint64_t value, std::string& out) {
  char buffer[10];
  size_t size = 0;
  while (value >= 0x80) {
    buffer[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  buffer[size++] = static_cast<char>(value);
  out.append(buffer, size);
}
inline size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
constexpr uint32_t Tag(uint32_t field, Type type) {
  return field << 3 | type;
}

struct Field {
  uint32_t number = 0;
  Type type = kVarint;
  uint64_t value = 0;      // varint and fixed
  std::string_view bytes;  // kBytes
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // The next field. False at the end or on damage (then ok() is false).
  bool Next(Field& field) {
    if (at_ == end_) return false;
    uint64_t tag = 0;
    if (!Varint(tag)) return false;
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<Type>(tag & 7);
    switch (field.type) {
      case kVarint:
        return Varint(field.value);
      case kFixed64:
        return Fixed(field.value, 8);
      case kFixed32:
        return Fixed(field.value, 4);
      case kBytes: {
        uint64_t size = 0;
        if (!Varint(size)) return false;
        if (size > static_cast<uint64_t>(end_ - at_)) return ok_ = false;
        field.bytes = {at_, static_cast<size_t>(size)};
        at_ += size;
        return true;
      }
    }
    return ok_ = false;
  }
  bool ok() const { return ok_; }
  const char* position() const { return at_; }

 private:
  bool Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return ok_ = false;
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return ok_ = false;
  }
  bool Fixed(uint64_t& value, size_t size) {
    if (static_cast<size_t>(end_ - at_) < size) return ok_ = false;
    value = 0;
    std::memcpy(&value, at_, size);  // little-endian, as x86-64
    at_ += size;
    return true;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

inline int64_t ZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

}  // namespace spillway::wire
