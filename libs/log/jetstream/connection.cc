#include "libs/log/jetstream/connection.h"

#include "fmt/format.h"
#include "libs/log/jetstream/client.h"
#include "libs/log/jetstream/nkey.h"

namespace spillway::jetstream {
namespace {

constexpr int64_t kPingMs = 2000;  // a server that hangs is left after kPingsOut of them
constexpr int kPingsOut = 3;
constexpr int64_t kReconnectWaitMs = 100;
constexpr int64_t kReconnectJitterMs = 100;
constexpr int64_t kRequestWaitMs = 2000;
constexpr auto kCloseWait = std::chrono::seconds(5);

using OptionsPtr = std::unique_ptr<natsOptions, NatsDeleter<natsOptions_Destroy>>;

// "nats://user:secret@host:4222" without what stands before the host.
std::string WithoutCredentials(std::string url) {
  const size_t at = url.rfind('@');
  if (at == std::string::npos) return url;
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  if (host < at) url.erase(host, at + 1 - host);
  return url;
}

std::vector<std::string> SplitUrls(const std::string& urls) {
  std::vector<std::string> all;
  for (size_t begin = 0; begin <= urls.size();) {
    const size_t end = std::min(urls.find(',', begin), urls.size());
    std::string url = urls.substr(begin, end - begin);
    std::erase(url, ' ');
    if (!url.empty()) all.push_back(std::move(url));
    begin = end + 1;
  }
  return all;
}

std::string JoinWithoutCredentials(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) {
    if (!text.empty()) text += ',';
    text += WithoutCredentials(url);
  }
  return text;
}

void OnDisconnected(natsConnection*, void* closure) {
  static_cast<Connection::Impl*>(closure)->Tell(ConnectionEvent::kDisconnected, "");
}

void OnReconnected(natsConnection*, void* closure) {
  auto* impl = static_cast<Connection::Impl*>(closure);
  ++impl->reconnects;
  impl->Tell(ConnectionEvent::kReconnected, "");
}

void OnClosed(natsConnection* connection, void* closure) {
  auto* impl = static_cast<Connection::Impl*>(closure);
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  impl->Tell(ConnectionEvent::kClosed, text == nullptr ? "" : text);
  const std::lock_guard lock(impl->mutex);
  impl->closed = true;
  impl->changed.notify_all();  // under the lock: the waiting destructor ends this object
}

void OnError(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  auto* impl = static_cast<Connection::Impl*>(closure);
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  const std::string detail = text == nullptr || *text == '\0' ? natsStatus_GetText(status) : text;
  if (status != NATS_NOT_PERMITTED) return impl->Tell(ConnectionEvent::kError, detail);
  impl->NoteForbidden(detail);
  impl->Tell(ConnectionEvent::kPermissionDenied, detail);
}

absl::Status Refuse(const std::string& what, natsStatus status) {
  const char* text = nats_GetLastError(nullptr);
  return absl::InvalidArgumentError(
      fmt::format("{}: {}", what, text == nullptr || *text == '\0' ? natsStatus_GetText(status) : text));
}

absl::Status SetTls(natsOptions* options, const ConnectionOptions& wanted) {
  if (wanted.tls_ca_file.empty()) {
    if (wanted.tls_cert_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("nats: tls_cert_file without tls_ca_file: name the authority's certificate too");
  }
  if (const natsStatus s = natsOptions_SetSecure(options, true); s != NATS_OK) return Refuse("nats: TLS", s);
  if (const natsStatus s = natsOptions_LoadCATrustedCertificates(options, wanted.tls_ca_file.c_str()); s != NATS_OK) {
    return Refuse("nats: tls_ca_file " + wanted.tls_ca_file + " cannot be read as certificates", s);
  }
  if (wanted.tls_cert_file.empty()) return absl::OkStatus();
  const natsStatus s =
      natsOptions_LoadCertificatesChain(options, wanted.tls_cert_file.c_str(), wanted.tls_key_file.c_str());
  if (s == NATS_OK) return absl::OkStatus();
  return Refuse(fmt::format("nats: tls_cert_file {} and tls_key_file {} cannot be read, or do not fit each other",
                            wanted.tls_cert_file, wanted.tls_key_file),
                s);
}

absl::Status SetCredentials(natsOptions* options, const ConnectionOptions& wanted) {
  natsStatus s = NATS_OK;
  if (!wanted.nkey_seed_file.empty()) {
    const absl::StatusOr<std::string> key = PublicKeyOfSeedFile(wanted.nkey_seed_file);
    if (!key.ok()) return key.status();
    s = natsOptions_SetNKeyFromSeed(options, key->c_str(), wanted.nkey_seed_file.c_str());
    if (s != NATS_OK) return Refuse("nats: nkey_seed_file " + wanted.nkey_seed_file, s);
  } else if (!wanted.user.empty()) {
    s = natsOptions_SetUserInfo(options, wanted.user.c_str(), wanted.password.c_str());
    if (s != NATS_OK) return Refuse("nats: user " + wanted.user, s);
  }
  return absl::OkStatus();
}

absl::Status SetBehaviour(natsOptions* options, Connection::Impl& impl, const std::vector<std::string>& urls) {
  std::vector<const char*> servers;
  for (const std::string& url : urls) servers.push_back(url.c_str());
  natsStatus s = natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size()));
  if (s != NATS_OK) return Refuse("nats: url " + impl.servers, s);
  const auto set = [&](natsStatus status) { s = s == NATS_OK ? status : s; };
  if (!impl.options.name.empty()) set(natsOptions_SetName(options, impl.options.name.c_str()));
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(impl.options.connect_timeout);
  set(natsOptions_SetTimeout(options, std::max<int64_t>(timeout.count(), 1)));
  set(natsOptions_SetCustomInboxPrefix(options, impl.inbox_prefix.c_str()));
  // Without it a publish waits up to a millisecond for the thread that flushes.
  set(natsOptions_SetSendAsap(options, true));
  set(natsOptions_SetAllowReconnect(options, true));
  set(natsOptions_SetMaxReconnect(options, -1));
  set(natsOptions_SetReconnectWait(options, kReconnectWaitMs));
  set(natsOptions_SetReconnectJitter(options, kReconnectJitterMs, kReconnectJitterMs));
  set(natsOptions_SetPingInterval(options, kPingMs));
  set(natsOptions_SetMaxPingsOut(options, kPingsOut));
  set(natsOptions_SetFailRequestsOnDisconnect(options, true));
  set(natsOptions_SetDisconnectedCB(options, OnDisconnected, &impl));
  set(natsOptions_SetReconnectedCB(options, OnReconnected, &impl));
  set(natsOptions_SetClosedCB(options, OnClosed, &impl));
  set(natsOptions_SetErrorHandler(options, OnError, &impl));
  return s == NATS_OK ? absl::OkStatus() : Refuse("nats: options", s);
}

absl::Status ConnectError(const Connection::Impl& impl, natsStatus status) {
  const ConnectionOptions& options = impl.options;
  const char* last = nats_GetLastError(nullptr);
  const std::string said = last == nullptr || *last == '\0' ? natsStatus_GetText(status) : last;
  const std::string text = fmt::format("nats {}: {}", impl.servers, said);
  const bool tls = !options.tls_ca_file.empty();
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return absl::PermissionDeniedError(fmt::format("{}. User {} is unknown there, or its password or key is another",
                                                     text, options.user.empty() ? "(none)" : options.user));
    case NATS_SECURE_CONNECTION_REQUIRED:
      return absl::PermissionDeniedError(text + ". The server wants TLS: set tls_ca_file");
    case NATS_SECURE_CONNECTION_WANTED:
      return absl::PermissionDeniedError(text + ". The server speaks no TLS, but tls_ca_file is set");
    case NATS_SSL_ERROR:
      return absl::PermissionDeniedError(text + ". Its certificate is not of tls_ca_file, or not for this host");
    case NATS_PROTOCOL_ERROR:
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
      // A server that asks for a client's certificate and gets none just hangs up.
      if (tls && options.tls_cert_file.empty()) {
        return absl::PermissionDeniedError(text + ". The server may ask for a certificate: set tls_cert_file");
      }
      if (tls) return absl::PermissionDeniedError(text + ". The server may not trust the certificate in tls_cert_file");
      break;
    default:
      break;
  }
  return absl::UnavailableError(text + ". Is nats-server running there?");
}

}  // namespace

Connection::Impl::~Impl() {
  jsCtx_Destroy(jetstream);
  if (connection == nullptr) return;
  natsConnection_Close(connection);
  // Callbacks come in order on another thread; behind the closing one there is none.
  std::unique_lock lock(mutex);
  changed.wait_for(lock, kCloseWait, [&] { return closed.load(); });
  lock.unlock();
  natsConnection_Destroy(connection);
}

void Connection::Impl::Tell(ConnectionEvent event, const std::string& detail) {
  if (observer) observer(event, detail);
}

bool Connection::Impl::connected() const {
  return natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

const ConnectionOptions& Connection::options() const {
  return impl_->options;
}
bool Connection::connected() const {
  return impl_->connected();
}
uint64_t Connection::reconnects() const {
  return impl_->reconnects;
}
uint64_t Connection::message_bytes_max() const {
  const int64_t payload = natsConnection_GetMaxPayload(impl_->connection);
  return payload > static_cast<int64_t>(kHeaderBytesMax) ? static_cast<uint64_t>(payload) - kHeaderBytesMax : 0;
}

absl::StatusOr<std::shared_ptr<Connection>> Connection::Connect(const ConnectionOptions& options,
                                                                ConnectionObserver observer) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->observer = std::move(observer);
  impl->inbox_prefix = options.user.empty() ? "_INBOX" : "_INBOX_" + options.user;
  const std::vector<std::string> urls = SplitUrls(options.url);
  impl->servers = JoinWithoutCredentials(urls);
  if (urls.empty()) return absl::InvalidArgumentError("nats: no url: name a server, as nats://127.0.0.1:4222");

  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) return absl::InternalError("nats: no memory for options");
  const OptionsPtr nats_options(raw);
  if (absl::Status set = SetBehaviour(raw, *impl, urls); !set.ok()) return set;
  if (absl::Status set = SetCredentials(raw, options); !set.ok()) return set;
  if (absl::Status set = SetTls(raw, options); !set.ok()) return set;

  natsConnection* connection = nullptr;
  if (const natsStatus status = natsConnection_Connect(&connection, raw); status != NATS_OK) {
    return ConnectError(*impl, status);
  }
  impl->connection = connection;
  jsOptions js_options;
  jsOptions_Init(&js_options);
  js_options.Wait = kRequestWaitMs;
  if (const natsStatus status = natsConnection_JetStream(&impl->jetstream, connection, &js_options);
      status != NATS_OK) {
    return Refuse("nats: JetStream", status);
  }
  return std::shared_ptr<Connection>(new Connection(std::move(impl)));
}

}  // namespace spillway::jetstream
