// HTTPS in front of a plain HTTP port of this machine: TLS ends here, bytes are passed on. Of our own, since Debian's
// civetweb loads OpenSSL by the names of its version 1 and breaks on the first connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace spillway::fake {

class TlsFront {
 public:
  // `pem`: key and certificate. Port 0: any free one. Throws std::runtime_error.
  TlsFront(const std::string& pem, const std::string& address, uint16_t port, uint16_t plain_port);
  ~TlsFront();  // waits for the connections, which end when the plain server closes them

  uint16_t port() const { return port_; }

 private:
  struct Context;
  void Accept();
  void Relay(int client);

  std::unique_ptr<Context> context_;
  int listener_ = -1;
  uint16_t port_ = 0;
  uint16_t plain_port_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace spillway::fake
