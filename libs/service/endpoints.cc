#include "libs/service/endpoints.h"

#include <civetweb.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "libs/service/grpc_health.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"
#include "nlohmann/json.hpp"

namespace spillway::service {

void Readiness::Change(const std::function<void()>& change) {
  const std::lock_guard lock(mutex_);
  const bool before = missing_.empty();
  change();
  if (observer_ && before != missing_.empty()) observer_(missing_.empty());
}

void Readiness::Missing(const std::string& what) {
  Change([&] { missing_.insert(what); });
}

void Readiness::Present(const std::string& what) {
  Change([&] { missing_.erase(what); });
}

bool Readiness::ready() const {
  const std::lock_guard lock(mutex_);
  return missing_.empty();
}

std::set<std::string> Readiness::missing() const {
  const std::lock_guard lock(mutex_);
  return missing_;
}

void Readiness::Observe(std::function<void(bool ready)> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
  if (observer_) observer_(missing_.empty());
}

namespace {

constexpr const char* kThreads = "2";
constexpr const char* kRequestTimeoutMs = "5000";  // a slow client holds a thread for no longer

// Why the web server does not start: its library tells it to a callback only.
thread_local std::string start_error;

int TakeMessage(const mg_connection* /*connection*/, const char* message) {
  start_error = message;
  return 1;  // written by us
}

struct Response {
  int code = 200;
  std::string_view type = "application/json";
  std::string body;
};

std::string_view Reason(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 500:
      return "Internal Server Error";
    default:
      return "Service Unavailable";
  }
}

int Answer(mg_connection* connection, const Response& response, bool with_body) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: "
      "close\r\n\r\n",
      response.code, Reason(response.code), response.type, response.body.size());
  if (with_body) text += response.body;
  mg_write(connection, text.data(), text.size());
  return response.code;
}

// Connects and goes away.
void Knock(const std::string& address, int port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor >= 0) {
    ::connect(descriptor, found->ai_addr, found->ai_addrlen);
    ::close(descriptor);
  }
  ::freeaddrinfo(found);
}

}  // namespace

struct Endpoints::Impl {
  Metrics* metrics = nullptr;
  Readiness* readiness = nullptr;
  std::function<bool()> healthy;
  std::function<std::string()> status;
  std::unique_ptr<GrpcHealth> grpc;
  mg_context* web = nullptr;
  std::string address;
  int http_port = 0;

  ~Impl() {
    if (grpc) readiness->Observe({});
    if (web != nullptr) StopWeb();
  }

  // The web server looks up from waiting for connections every 2 s only, so it gets some: an end takes milliseconds
  // then.
  void StopWeb() {
    std::atomic<bool> stopped = false;
    std::thread stopping([&] {
      mg_stop(web);
      stopped = true;
    });
    while (!stopped) {
      Knock(address, http_port);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    stopping.join();
  }

  Response Respond(std::string_view path) const {
    if (path == "/metrics") return MetricsText();
    if (path == "/healthz") return Health();
    if (path == "/readyz") return Ready();
    if (path == "/status") return {.body = status()};
    return {.code = 404, .type = "text/plain", .body = "There are /metrics, /healthz, /readyz and /status.\n"};
  }

  Response MetricsText() const {
    metrics->Gauge("spillway_ready", "1 while the service is ready: /readyz answers 200.")
        .Set(readiness->ready() ? 1 : 0);
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics->Text()};
  }

  Response Health() const {
    if (healthy()) return {.body = "{\"healthy\":true}\n"};
    return {.code = 503, .body = "{\"healthy\":false}\n"};
  }

  Response Ready() const {
    const std::set<std::string> missing = readiness->missing();
    const nlohmann::ordered_json body = {{"ready", missing.empty()}, {"missing", missing}};
    return {.code = missing.empty() ? 200 : 503, .body = body.dump() + "\n"};
  }

  static int Handle(mg_connection* connection, void* data) {
    const mg_request_info* request = mg_get_request_info(connection);
    const std::string_view method = request->request_method;
    if (method != "GET" && method != "HEAD") {
      return Answer(connection, {.code = 405, .type = "text/plain", .body = "GET and HEAD only.\n"}, true);
    }
    Response response;
    try {
      response = static_cast<const Impl*>(data)->Respond(request->local_uri);
    } catch (const std::exception& error) {  // the service goes on, whatever its page says
      Log(Severity::kError, "endpoint_failed", {{"path", request->local_uri}, {"error", error.what()}});
      response = {.code = 500, .type = "text/plain", .body = "This page failed; the log says why.\n"};
    }
    return Answer(connection, response, method == "GET");
  }

  absl::Status StartWeb(const EndpointOptions& options) {
    const bool six = options.address.find(':') != std::string::npos;
    const std::string where = fmt::format(fmt::runtime(six ? "[{}]:{}" : "{}:{}"), options.address, options.http_port);
    const char* settings[] = {"listening_ports", where.c_str(),       "num_threads", kThreads, "request_timeout_ms",
                              kRequestTimeoutMs, "enable_keep_alive", "no",          nullptr};
    mg_callbacks callbacks = {};
    callbacks.log_message = TakeMessage;
    start_error.clear();
    web = mg_start(&callbacks, this, settings);
    if (web == nullptr) {
      return absl::UnavailableError(fmt::format("HTTP cannot listen on {}: {}; see service.http", where, start_error));
    }
    mg_server_port port = {};
    mg_get_server_ports(web, 1, &port);
    http_port = port.port;
    address = options.address;
    mg_set_request_handler(web, "**", Handle, this);
    return absl::OkStatus();
  }
};

absl::StatusOr<std::unique_ptr<Endpoints>> Endpoints::Start(const EndpointOptions& options, const std::string& service,
                                                            Metrics& metrics, Readiness& readiness,
                                                            std::function<bool()> healthy,
                                                            std::function<std::string()> status) {
  auto impl = std::make_unique<Impl>();
  impl->metrics = &metrics;
  impl->readiness = &readiness;
  impl->healthy = std::move(healthy);
  impl->status = std::move(status);
  if (absl::Status started = impl->StartWeb(options); !started.ok()) return started;
  if (options.grpc_port >= 0) {
    absl::StatusOr<std::unique_ptr<GrpcHealth>> grpc = GrpcHealth::Start(options.address, options.grpc_port, service);
    if (!grpc.ok()) return grpc.status();
    impl->grpc = *std::move(grpc);
    readiness.Observe([health = impl->grpc.get()](bool ready) { health->SetServing(ready); });
  }
  return std::unique_ptr<Endpoints>(new Endpoints(std::move(impl)));
}

Endpoints::Endpoints(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Endpoints::~Endpoints() = default;

int Endpoints::http_port() const {
  return impl_->http_port;
}

int Endpoints::grpc_port() const {
  return impl_->grpc ? impl_->grpc->port() : -1;
}

}  // namespace spillway::service
