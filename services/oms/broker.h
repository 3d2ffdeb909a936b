// A broker as oms sees it: requests go out, what it says comes back by one callback, in the order it was said. Every
// call is asynchronous: its answer is a report, or never comes. docs/decisions/0014-one-interface-for-all-brokers.md
// shows how each call maps to Alpaca and to IBKR TWS.
//
// An adapter keeps one session with one account. It connects between Open and Close, connects again by itself with
// backoff, sends heartbeats, and says kConnected, kDisconnected, kRateLimited, kMalformed and kClock as reports. What
// it cannot read it tells as kMalformed, and resynchronises by kDisconnected and kConnected: oms then asks for a
// snapshot. What contradicts itself in meaning is passed on: oms judges that.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/event.h"

namespace spillway::oms {

// What the broker is able to do by itself; what it is not, oms or the adapter does, or refuses.
struct BrokerCapabilities {
  bool oco = false;             // two orders that cancel each other
  bool native_bracket = false;  // an entry that brings its stop and target along
  bool replace = false;         // prices of a working order
  bool fractional = false;      // parts of a share
  bool extended_hours = false;
  bool trailing_stop = false;
  bool fees_with_fills = false;      // else they come later, as kFee
  bool snapshot_executions = false;  // else Query is all there is to find a lost fill by
  size_t client_order_id_bytes_max = 128;
};

// Who an instrument is, in words that a broker understands.
struct BrokerSymbol {
  InstrumentId id = 0;
  std::string symbol;
  std::string currency;
  std::string exchange;  // where it is listed; IBKR's primaryExch. Empty: not known
  SecurityType security_type = SecurityType::kUnknown;
};

// Which command a request works, so that what answers it can say so. Queries of the shell's own have the place's.
struct PlaceRequest {
  EventId command;
  BrokerSymbol symbol;
  std::vector<OrderTicket> tickets;  // one, or an OCO pair
};
struct CancelRequest {
  EventId command;
  BrokerSymbol symbol;
  OrderId order;
};
struct ReplaceRequest {
  EventId command;
  BrokerSymbol symbol;
  OrderId order;       // that gives way
  OrderTicket ticket;  // that takes its place
};
struct QueryRequest {
  EventId command;
  BrokerSymbol symbol;
  OrderId order;
};
struct SnapshotRequest {
  EventId command;
  std::optional<Time> since;  // executions from then on
};

// Something the broker said. Symbols are the broker's words; the shell knows their instruments.
struct BrokerMessage {
  std::variant<BrokerReport, BrokerSnapshot> body;
  std::string symbol;
  EventId command;                      // that it answers; none: unasked
  std::optional<Duration> retry_after;  // kRateLimited: nothing is asked before then
};

// What Place and its like found out. What is not known to be unsent may have arrived.
enum class Sending {
  kWritten,  // handed to the socket, all of it
  kUnsent,   // surely nothing left this machine
  kInDoubt,  // the connection broke in the middle
};

class Broker {
 public:
  using Listener = std::function<void(BrokerMessage)>;

  virtual ~Broker() = default;
  virtual std::string name() const = 0;  // "venue"
  virtual BrokerCapabilities capabilities() const = 0;

  // Once, before all else. The listener is called by a thread of the adapter's, and must not call the broker.
  virtual void Listen(Listener listener) = 0;
  // Asks whether this account may be traded with these settings, beside any session that stands. PermissionDenied: the
  // key is refused. FailedPrecondition: another account, or real money where paper is configured, or the other way
  // about. Unavailable: nobody answers. Blocks for at most the request timeout.
  virtual absl::Status Check() = 0;

  // From here until Close the session is kept up. A broker that knows one session an account ends the older one: that
  // fences off a process that lost its lease and does not know it yet.
  virtual void Open() = 0;
  virtual void Close() = 0;
  virtual bool connected() const = 0;
  // Not OK once the broker said what Check() refuses: it does not connect again.
  virtual absl::Status refused() const = 0;

  // Each blocks until the request is handed to the socket, for at most the request timeout.
  virtual Sending Place(const PlaceRequest& request) = 0;
  virtual Sending Cancel(const CancelRequest& request) = 0;
  virtual Sending Replace(const ReplaceRequest& request) = 0;
  virtual Sending Query(const QueryRequest& request) = 0;
  virtual Sending Snapshot(const SnapshotRequest& request) = 0;
};

}  // namespace spillway::oms
