// A connection to NATS, and how everything that uses it is told to behave. NATS.c is included by .cc files only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace spillway::jetstream {

struct ConnectionOptions {
  std::string url = "nats://127.0.0.1:4222";  // several, comma-separated, for a cluster
  std::string name;                           // shown by the server: "spillway-metrics"
  std::string user;  // with a password, or an nkey seed file, or none. Replies come to "_INBOX_<user>.>"
  std::string password;
  std::string nkey_seed_file;
  std::string tls_ca_file;    // set: TLS is required and the server is checked against it
  std::string tls_cert_file;  // the client's own, where the server asks for one
  std::string tls_key_file;
  std::string prefix = "spillway";  // of streams and subjects, so that stacks can share a server
  Duration connect_timeout = std::chrono::seconds(5);
  // A publish that is not acknowledged is repeated for this long before Append gives up with Unavailable.
  Duration publish_timeout = std::chrono::seconds(10);
};

// What happened to the connection, for logs and readiness. Called on threads of the client library, until the
// Connection is gone.
enum class ConnectionEvent { kDisconnected, kReconnected, kClosed, kPermissionDenied, kError };
using ConnectionObserver = std::function<void(ConnectionEvent, const std::string& detail)>;

class Connection {
 public:
  // PermissionDenied: wrong credentials, or TLS refused; Unavailable: nobody answers; InvalidArgument: a file that
  // cannot be read. The text names the server (never the password) and the way out. Reconnects by itself for ever once
  // it stood, unless the server refuses its credentials then: it is closed, and everything on it says PermissionDenied.
  static absl::StatusOr<std::shared_ptr<Connection>> Connect(const ConnectionOptions& options,
                                                             ConnectionObserver observer = {});
  ~Connection();

  const ConnectionOptions& options() const;
  bool connected() const;
  uint64_t reconnects() const;
  // The longest message the server takes (its max_payload, less some room for headers).
  uint64_t message_bytes_max() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::jetstream
