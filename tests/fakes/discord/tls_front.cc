#include "tests/fakes/discord/tls_front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

namespace spillway::fake {
namespace {

constexpr int kConnectionsMax = 64;
constexpr int kPollMs = 100;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool WriteAll(int socket, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::send(socket, data, size, MSG_NOSIGNAL);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

// Passes bytes on until one side ends.
void Pass(SSL* ssl, int client, int plain, const std::atomic<bool>& stopping) {
  std::array<char, 16384> buffer = {};
  while (!stopping) {
    std::array<pollfd, 2> waits = {{{client, POLLIN, 0}, {plain, POLLIN, 0}}};
    if (SSL_pending(ssl) == 0 && ::poll(waits.data(), waits.size(), kPollMs) <= 0) continue;
    if (SSL_pending(ssl) > 0 || waits[0].revents != 0) {
      const int read = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (read <= 0 || !WriteAll(plain, buffer.data(), static_cast<size_t>(read))) return;
    }
    if (waits[1].revents != 0) {
      const ssize_t read = ::recv(plain, buffer.data(), buffer.size(), 0);
      if (read <= 0 || SSL_write(ssl, buffer.data(), static_cast<int>(read)) <= 0) return;
    }
  }
}

}  // namespace

struct TlsFront::Context {
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  ~Context() { SSL_CTX_free(tls); }
};

TlsFront::TlsFront(const std::string& pem, const std::string& address, uint16_t port, uint16_t plain_port)
    : context_(std::make_unique<Context>()), plain_port_(plain_port) {
  if (SSL_CTX_use_certificate_chain_file(context_->tls, pem.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_->tls, pem.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("no key and certificate in " + pem);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in where = Loopback(port);
  ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  socklen_t size = sizeof(where);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size) != 0) {
    ::close(listener_);
    throw std::runtime_error("cannot listen on the TLS port " + std::to_string(port));
  }
  port_ = ntohs(where.sin_port);
  thread_ = std::thread([this] { Accept(); });
}

TlsFront::~TlsFront() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
  while (connections_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void TlsFront::Accept() {
  while (!stopping_) {
    pollfd wait = {listener_, POLLIN, 0};
    if (::poll(&wait, 1, kPollMs) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (connections_ >= kConnectionsMax) {
      ::close(client);
      continue;
    }
    ++connections_;
    std::thread([this, client] {
      Relay(client);
      ::close(client);
      --connections_;
    }).detach();
  }
}

void TlsFront::Relay(int client) {
  const timeval patience = {10, 0};
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  SSL* ssl = SSL_new(context_->tls);
  SSL_set_fd(ssl, client);
  const int plain = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where = Loopback(plain_port_);
  if (SSL_accept(ssl) == 1 && ::connect(plain, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) == 0) {
    Pass(ssl, client, plain, stopping_);
    SSL_shutdown(ssl);
  }
  ::close(plain);
  SSL_free(ssl);
}

}  // namespace spillway::fake
