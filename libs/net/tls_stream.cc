#include "libs/net/tls_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>

#include "fmt/format.h"

namespace spillway::net {
namespace {

using Steady = std::chrono::steady_clock;
using Deadline = Steady::time_point;

constexpr Duration kHandshakeMax = std::chrono::seconds(5);

// Milliseconds until then, at least 0, for poll.
int Left(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

bool WaitFor(int socket, short what, Deadline deadline) {
  pollfd wait = {socket, what, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, Left(deadline));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

std::string SslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  std::array<char, 256> text = {};
  if (code == 0) return "the connection ended";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

struct ContextCloser {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, ContextCloser>;

// A write to a connection that ended is an error here, not the process's end: OpenSSL knows no MSG_NOSIGNAL.
void Prepare(int socket) {
  static const auto ignored = ::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

absl::StatusOr<int> ConnectSocket(const TlsAddress& address, Deadline deadline) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(fmt::format("{}: {}", address.host, gai_strerror(error)));
  }
  std::string why = "no address";
  int socket = -1;
  for (const addrinfo* one = found; one != nullptr && socket < 0; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    Prepare(fd);
    int error = ::connect(fd, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof(error);
      error = ETIMEDOUT;
      if (WaitFor(fd, POLLOUT, deadline)) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) {
      socket = fd;
    } else {
      why = std::strerror(error);
      ::close(fd);
    }
  }
  ::freeaddrinfo(found);
  if (socket < 0) return absl::UnavailableError(fmt::format("{}:{}: {}", address.host, address.port, why));
  return socket;
}

}  // namespace

absl::StatusOr<TlsAddress> ParseTlsAddress(std::string_view text) {
  TlsAddress address;
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    address = {std::string(host), std::string(text.substr(colon + 1))};
  }
  const bool digits =
      !address.port.empty() && std::ranges::all_of(address.port, [](char c) { return c >= '0' && c <= '9'; });
  if (address.host.empty() || !digits) {
    return absl::InvalidArgumentError(fmt::format("address: '{}' is no host:port", text));
  }
  return address;
}

// ---------------------------------------------------------------- a connection

struct TlsStream::Impl {
  Impl(int fd, SslContext ssl_context) : socket(fd), context(std::move(ssl_context)), ssl(SSL_new(context.get())) {
    SSL_set_fd(ssl, socket);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  ~Impl() {
    SSL_free(ssl);
    ::close(socket);
  }

  // The handshake of either side; before anybody else uses the connection.
  absl::Status Shake(bool server, Deadline deadline) {
    while (true) {
      ERR_clear_error();
      const int done = server ? SSL_accept(ssl) : SSL_connect(ssl);
      if (done == 1) return absl::OkStatus();
      const int want = SSL_get_error(ssl, done);
      if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
        const long verified = SSL_get_verify_result(ssl);
        if (!server && verified != X509_V_OK) {
          return absl::PermissionDeniedError(
              fmt::format("its certificate is not trusted: {}", X509_verify_cert_error_string(verified)));
        }
        return absl::UnavailableError("TLS: " + SslError());
      }
      if (!WaitFor(socket, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
        return absl::UnavailableError("TLS: no answer to the handshake");
      }
    }
  }

  const int socket;
  SslContext context;
  SSL* ssl;
  std::mutex mutex;        // of ssl
  std::mutex write_mutex;  // a text at a time
  std::atomic<bool> ended{false};
  std::string received;
  size_t searched = 0;  // of `received`, without finding a line's end
};

TlsStream::TlsStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsStream::~TlsStream() {
  Shutdown();
}

absl::StatusOr<std::unique_ptr<TlsStream>> TlsStream::Connect(const TlsAddress& address, const std::string& ca_file,
                                                              Duration timeout) {
  const Deadline deadline = Steady::now() + timeout;
  SslContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError(fmt::format("tls_ca_file: no certificate can be read from {}", ca_file));
  }
  const absl::StatusOr<int> socket = ConnectSocket(address, deadline);
  if (!socket.ok()) return socket.status();
  std::unique_ptr<TlsStream> stream(new TlsStream(std::make_unique<Impl>(*socket, std::move(context))));
  SSL* ssl = stream->impl_->ssl;
  in6_addr ignored = {};
  const bool numeric = ::inet_pton(AF_INET, address.host.c_str(), &ignored) == 1 ||
                       ::inet_pton(AF_INET6, address.host.c_str(), &ignored) == 1;
  if (numeric) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, address.host.c_str());
    SSL_set1_host(ssl, address.host.c_str());
  }
  if (absl::Status status = stream->impl_->Shake(false, deadline); !status.ok()) {
    return absl::Status(status.code(),
                        fmt::format("{}:{}: {}", address.host, address.port, std::string(status.message())));
  }
  return stream;
}

Written TlsStream::Write(std::string_view text, Duration timeout) {
  const Deadline deadline = Steady::now() + timeout;
  const std::lock_guard one_text(impl_->write_mutex);
  bool some = false;
  while (!text.empty()) {
    int want = SSL_ERROR_SSL;
    if (!impl_->ended) {
      const std::lock_guard lock(impl_->mutex);
      ERR_clear_error();
      size_t written = 0;
      const int done = SSL_write_ex(impl_->ssl, text.data(), text.size(), &written);
      if (done == 1) {
        text.remove_prefix(written);
        some = true;
        continue;
      }
      want = SSL_get_error(impl_->ssl, done);
      // OpenSSL may hold a part of the record that it could not write.
      some = some || want == SSL_ERROR_WANT_WRITE || want == SSL_ERROR_SYSCALL;
    }
    const bool waits = want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE;
    const short what = want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (!waits || !WaitFor(impl_->socket, what, deadline)) {
      Shutdown();
      return some ? Written::kInDoubt : Written::kNothing;
    }
  }
  return Written::kAll;
}

absl::StatusOr<std::string> TlsStream::ReadLine(Duration wait) {
  const Deadline deadline = Steady::now() + wait;
  while (true) {
    if (const size_t end = impl_->received.find('\n', impl_->searched); end != std::string::npos) {
      std::string line = impl_->received.substr(0, end);
      impl_->received.erase(0, end + 1);
      impl_->searched = 0;
      return line;
    }
    impl_->searched = impl_->received.size();
    if (impl_->received.size() > kLineBytesMax) return absl::InvalidArgumentError("a line without an end");
    if (impl_->ended) return absl::UnavailableError("the connection ended");
    std::array<char, 16384> buffer;
    size_t read = 0;
    int want = SSL_ERROR_NONE;
    {
      const std::lock_guard lock(impl_->mutex);
      ERR_clear_error();
      const int done = SSL_read_ex(impl_->ssl, buffer.data(), buffer.size(), &read);
      if (done != 1) want = SSL_get_error(impl_->ssl, done);
    }
    if (want == SSL_ERROR_NONE) {
      impl_->received.append(buffer.data(), read);
    } else if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
      if (!WaitFor(impl_->socket, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
        return absl::NotFoundError("nothing yet");
      }
    } else {
      Shutdown();
    }
  }
}

void TlsStream::Shutdown() {
  if (impl_->ended.exchange(true)) return;
  ::shutdown(impl_->socket, SHUT_RDWR);
}

// ---------------------------------------------------------------- a listener

struct TlsListener::Impl {
  ~Impl() {
    if (socket >= 0) ::close(socket);
  }
  std::string pem;
  int socket = -1;
  uint16_t port = 0;
};

TlsListener::TlsListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsListener::~TlsListener() = default;
uint16_t TlsListener::port() const {
  return impl_->port;
}

absl::StatusOr<std::unique_ptr<TlsListener>> TlsListener::Listen(const std::string& pem, uint16_t port) {
  auto impl = std::make_unique<Impl>();
  impl->pem = pem;
  impl->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(impl->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  socklen_t size = sizeof(where);
  auto* address = reinterpret_cast<sockaddr*>(&where);
  if (::bind(impl->socket, address, size) != 0 || ::listen(impl->socket, 64) != 0 ||
      ::getsockname(impl->socket, address, &size) != 0) {
    return absl::UnavailableError(fmt::format("cannot listen on 127.0.0.1:{}: {}", port, std::strerror(errno)));
  }
  impl->port = ntohs(where.sin_port);
  return std::unique_ptr<TlsListener>(new TlsListener(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<TlsStream>> TlsListener::Accept(Duration wait) {
  if (!WaitFor(impl_->socket, POLLIN, Steady::now() + wait)) return absl::NotFoundError("nobody");
  const int client = ::accept4(impl_->socket, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return absl::NotFoundError("nobody");
  Prepare(client);
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), impl_->pem.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), impl_->pem.c_str(), SSL_FILETYPE_PEM) != 1) {
    ::close(client);
    return absl::FailedPreconditionError("no key and certificate in " + impl_->pem);
  }
  std::unique_ptr<TlsStream> stream(new TlsStream(std::make_unique<TlsStream::Impl>(client, std::move(context))));
  if (absl::Status status = stream->impl_->Shake(true, Steady::now() + kHandshakeMax); !status.ok()) return status;
  return stream;
}

}  // namespace spillway::net
