// The venue protocol, as a client writes and reads it: JSON objects, one a line. docs/venue-protocol.md is its
// specification. Prices, quantities and money are decimal text, times are nanoseconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway::oms {

struct VenueHello {
  std::string key, secret, account;
  bool check = false;  // only asks whether it would be welcome
};
std::string EncodeHello(uint64_t id, const VenueHello& hello);
std::string EncodePlace(uint64_t id, std::string_view symbol, const std::vector<OrderTicket>& tickets);
std::string EncodeCancel(uint64_t id, const OrderId& order);
std::string EncodeReplace(uint64_t id, const OrderId& order, const OrderTicket& ticket);
std::string EncodeQuery(uint64_t id, const OrderId& order);
std::string EncodeSnapshot(uint64_t id, std::optional<Time> since);
std::string EncodePing(uint64_t id);

struct VenueWelcome {
  std::string account;
  bool live = false;
  Time time;
  std::optional<uint32_t> requests_per_second;
};
struct VenueRefused {
  std::string code;  // "BAD_KEY", "WRONG_ACCOUNT"
  std::string reason;
};
struct VenueError {
  std::string code;  // "RATE_LIMITED", "BAD_REQUEST"
  std::string reason;
  std::optional<Duration> retry_after;
};
struct VenuePong {
  Time time;
};
struct VenueReport {
  std::string symbol;
  BrokerReport report;
};

struct VenueMessage {
  uint64_t sequence = 0;       // of this session, from 1
  std::optional<uint64_t> id;  // of the request that it answers
  std::variant<VenueWelcome, VenueRefused, VenueError, VenuePong, VenueReport, BrokerSnapshot> body;
};
// InvalidArgument says what does not read: no JSON, a field that is missing or of another type, an unknown word.
absl::StatusOr<VenueMessage> ParseVenueMessage(std::string_view line);

}  // namespace spillway::oms
