// Small conversions that the body codecs share.
#pragma once

#include <cstring>
#include <string>

#include "libs/events/event.h"
#include "spillway/v1/market.pb.h"

namespace spillway::body_codec {

// Optional scalar fields: `Set(in.float_shares, [&](auto v) { out.set_float_shares_e8(v); })`.
inline int64_t Scalar(Price value) {
  return value.nanos();
}
inline int64_t Scalar(Quantity value) {
  return value.e8();
}
inline int64_t Scalar(Money value) {
  return value.e8();
}
inline int64_t Scalar(Time value) {
  return ToNanos(value);
}
inline int64_t Scalar(Duration value) {
  return value.count();
}
inline double Scalar(double value) {
  return value;
}
template <class T, class Setter>
void Set(const std::optional<T>& value, Setter set) {
  if (value) set(Scalar(*value));
}

inline void SetIdBytes(const EventId& id, std::string& bytes) {
  bytes.resize(16);
  for (int i = 0; i < 8; ++i) {
    bytes[static_cast<size_t>(i)] = static_cast<char>(id.high >> (56 - 8 * i));
    bytes[static_cast<size_t>(8 + i)] = static_cast<char>(id.low >> (56 - 8 * i));
  }
}
// False unless the bytes are 16 (or none: no id).
inline bool IdFromBytes(const std::string& bytes, EventId& id) {
  id = {};
  if (bytes.empty()) return true;
  if (bytes.size() != 16) return false;
  for (size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8 | static_cast<uint8_t>(bytes[i]);
    id.low = id.low << 8 | static_cast<uint8_t>(bytes[8 + i]);
  }
  return true;
}

inline void ToProto(const Quote& in, v1::Quote& out) {
  out.set_bid_e9(in.bid.nanos());
  out.set_ask_minus_bid_e9((in.ask - in.bid).nanos());
  out.set_bid_size_e8(in.bid_size.e8());
  out.set_ask_size_e8(in.ask_size.e8());
}
inline Quote FromProto(const v1::Quote& in) {
  Quote out;
  out.bid = Price::FromNanos(in.bid_e9());
  out.ask = out.bid + Price::FromNanos(in.ask_minus_bid_e9());
  out.bid_size = Quantity::FromE8(in.bid_size_e8());
  out.ask_size = Quantity::FromE8(in.ask_size_e8());
  return out;
}

}  // namespace spillway::body_codec
