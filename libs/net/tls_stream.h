// One TLS connection that carries lines: for protocols that are a conversation, not requests. Either side.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace spillway::net {

struct TlsAddress {
  std::string host;
  std::string port;
};
// "host:port", "[::1]:port". InvalidArgument: says what is missing.
absl::StatusOr<TlsAddress> ParseTlsAddress(std::string_view text);

// How much of a text was handed over.
enum class Written { kAll, kNothing, kInDoubt };

// One thread may read while others write; Shutdown may be called by any.
class TlsStream {
 public:
  static constexpr size_t kLineBytesMax = size_t{1} << 20;

  // Checks the server's certificate against the system's authorities and `ca_file`, and its name against the host.
  // Unavailable: nobody answers in time. PermissionDenied: the certificate is not trusted.
  static absl::StatusOr<std::unique_ptr<TlsStream>> Connect(const TlsAddress& address, const std::string& ca_file,
                                                            Duration timeout);
  ~TlsStream();

  // All of `text`, or an error of the connection, which is shut down then. kNothing: not one byte was handed over.
  // kInDoubt: some were, or may have been.
  Written Write(std::string_view text, Duration timeout);
  // The next line, without its end. NotFound: none within `wait`. Unavailable: the connection ended. InvalidArgument:
  // the line is longer than kLineBytesMax.
  absl::StatusOr<std::string> ReadLine(Duration wait);
  // Ends the connection for both sides: who reads or writes is told at once.
  void Shutdown();

 private:
  friend class TlsListener;
  struct Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The server's side, on 127.0.0.1.
class TlsListener {
 public:
  // `pem`: key and certificate. Port 0: any free one.
  static absl::StatusOr<std::unique_ptr<TlsListener>> Listen(const std::string& pem, uint16_t port);
  ~TlsListener();
  uint16_t port() const;
  // A connection whose handshake is done. NotFound: none within `wait`.
  absl::StatusOr<std::unique_ptr<TlsStream>> Accept(Duration wait);

 private:
  struct Impl;
  explicit TlsListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::net
