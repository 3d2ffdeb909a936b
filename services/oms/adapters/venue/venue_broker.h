// A broker that speaks the venue protocol (docs/venue-protocol.md) over TLS. The model for real ones.
//
// One thread connects, says hello, reads and pings; requests are written by their callers' threads. The session ends,
// and a new one begins after a backoff of 0.1, 0.2 ... 5 s, where the connection ends, nothing was heard for three
// heartbeats (a half-open socket), or something did not read: a line that is no message, a type that contradicts the
// protocol, a hole in the sequence. Requests of an ended session stay unanswered: who asked has to ask again.
//
// Clock: each pong gives the venue's time between two of ours; kClock says the skew when the session begins and
// whenever it moved by 100 ms.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/oms/broker.h"

namespace spillway::oms {

struct VenueBrokerOptions {
  std::string address;  // host:port
  std::string account;
  std::string key, secret;
  std::string tls_ca_file;
  bool live = false;
  Duration request_timeout = std::chrono::seconds(5);
  Duration heartbeat = std::chrono::seconds(1);
  uint64_t jitter_seed = 1;
};

// InvalidArgument: an address that is none.
absl::StatusOr<std::unique_ptr<Broker>> MakeVenueBroker(VenueBrokerOptions options);

}  // namespace spillway::oms
