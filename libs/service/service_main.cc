#include "libs/service/service_main.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "CLI/CLI.hpp"
#include "libs/base/build_info.h"
#include "libs/config/yaml.h"
#include "libs/log/file.h"
#include "nlohmann/json.hpp"

namespace spillway::service {

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kOutOfRange:
      return kExitDisagrees;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kExitCredentials;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return kExitConfiguration;
    default:
      return kExitInternal;
  }
}

StatusSource& StatusSource::operator=(std::function<std::string()> source) {
  const bool started = source != nullptr;
  {
    const std::lock_guard lock(mutex_);
    source_ = std::move(source);
  }
  if (started) readiness_.Present("started");
  return *this;
}

std::string StatusSource::operator()() const {
  const std::lock_guard lock(mutex_);
  return source_ ? source_() : std::string();
}

std::string Context::StatusJson(const StatusReport& report) const {
  return service::StatusJson({.service = name,
                              .instance = instance,
                              .missing = readiness.missing(),
                              .uptime_s = static_cast<double>(SteadyNanos() - started_ns_) * 1e-9},
                             report);
}

bool Context::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Context::WaitForStop(Duration time) const {
  std::unique_lock lock(mutex_);
  return stop_asked_.wait_for(lock, time, [&] { return stopping_; });
}

void Context::RequestStop() {
  readiness.Missing("stopping");
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stop_asked_.notify_all();
}

std::vector<uint32_t> MarketLanes(const v1::ServiceSettings& settings) {
  std::vector<uint32_t> lanes(std::max(settings.market_lanes(), 1u));
  std::iota(lanes.begin(), lanes.end(), 0);
  return lanes;
}

std::vector<uint32_t> OwnLanes(const v1::ServiceSettings& settings) {
  if (settings.lanes().empty()) return MarketLanes(settings);
  return {settings.lanes().begin(), settings.lanes().end()};
}

namespace {

constexpr size_t kSecretBytesMax = 64 * 1024;

// NotFound or PermissionDenied of a file are not those of a server: the way out is in the configuration.
absl::Status Unreadable(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("{}: the secret cannot be used: {}", path, why));
}

// Container engines mount secrets at /run/secrets with the rights they have outside; no other user is in there.
void WarnIfOpen(const std::string& path) {
  struct stat status = {};
  if (path.starts_with("/run/secrets/")) return;
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  Log(Severity::kWarning, "secret_readable_by_all", {{"file", path}, {"way_out", "chmod o-r"}});
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return Unreadable(path, "it is a directory");
  absl::StatusOr<std::string> text = log::ReadWholeFile(path);
  if (!text.ok())
    return Unreadable(path, std::string_view(text.status().message().data(), text.status().message().size()));
  if (text->size() > kSecretBytesMax) return Unreadable(path, fmt::format("longer than {} bytes", kSecretBytesMax));
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return Unreadable(path, "it is empty");
  WarnIfOpen(path);
  return text;
}

absl::StatusOr<jetstream::ConnectionOptions> NatsOptions(const v1::ServiceSettings& settings) {
  const v1::NatsSettings& nats = settings.nats();
  jetstream::ConnectionOptions options;
  options.name = "spillway-" + settings.service();
  if (!nats.urls().empty()) options.url = fmt::format("{}", fmt::join(nats.urls(), ","));
  if (options.url.find('@') != std::string::npos) {
    return absl::InvalidArgumentError(
        "service.nats.urls: a user or password in a URL; they belong in service.nats.user and password_file");
  }
  options.user = nats.user();
  options.nkey_seed_file = nats.nkey_seed_file();
  options.tls_ca_file = nats.tls_ca_file();
  options.tls_cert_file = nats.tls_cert_file();
  options.tls_key_file = nats.tls_key_file();
  if (!nats.prefix().empty()) options.prefix = nats.prefix();
  if (nats.publish_timeout_ns() > 0) options.publish_timeout = Duration(nats.publish_timeout_ns());
  for (const std::string& file :
       {nats.nkey_seed_file(), nats.tls_ca_file(), nats.tls_cert_file(), nats.tls_key_file()}) {
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) return Unreadable(file, "it is not there or not readable");
  }
  if (nats.password_file().empty()) return options;
  if (nats.user().empty())
    return absl::InvalidArgumentError("service.nats.password_file: there is no service.nats.user");
  absl::StatusOr<std::string> password = ReadSecretFile(nats.password_file());
  if (!password.ok()) return password.status();
  options.password = *std::move(password);
  return options;
}

namespace {

struct Options {
  std::string config;
  bool check = false;
  double nats_wait_s = 30;
};

// The exit code where there is nothing to run.
std::optional<int> ParseOptions(int argc, char** argv, const std::string& name, Options& options) {
  CLI::App app(fmt::format("The {} service of Spillway: runs until SIGTERM.", name), "spillway-" + name);
  app.set_version_flag("--version", std::string(BuildId()));
  app.add_option("--config", options.config, "Configuration file (YAML)")->required()->type_name("FILE");
  app.add_flag("--check", options.check, "Only check the configuration and the secrets it names");
  app.add_option("--nats-wait", options.nats_wait_s, "How long NATS may be away at start")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.footer(
      fmt::format("Examples:\n"
                  "  spillway-{0} --config {0}.yaml --check\n"
                  "  spillway-{0} --config {0}.yaml\n\n"
                  "Exit codes: 0 ended as asked; 64 wrong use; 69 a server is away or a port taken; 70 internal, or "
                  "not stopped in\n"
                  "time; 76 the lane and this process disagree; 77 credentials refused; 78 configuration refused.\n",
                  name));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return std::nullopt;
}

absl::Status CheckSettings(const Options& options, const std::string& name, const v1::ServiceSettings& settings) {
  if (settings.service() != name) {
    return absl::InvalidArgumentError(
        fmt::format("{}: service.service: '{}', expected '{}': this file is another service's", options.config,
                    settings.service(), name));
  }
  const size_t lanes = MarketLanes(settings).size();
  std::vector<uint32_t> own = OwnLanes(settings);
  std::sort(own.begin(), own.end());
  if (own.back() >= lanes) {
    return absl::InvalidArgumentError(fmt::format("{}: service.lanes: {}, expected less than service.market_lanes, {}",
                                                  options.config, own.back(), lanes));
  }
  if (const auto twice = std::adjacent_find(own.begin(), own.end()); twice != own.end()) {
    return absl::InvalidArgumentError(fmt::format("{}: service.lanes: {} is given twice", options.config, *twice));
  }
  return absl::OkStatus();
}

absl::StatusOr<jetstream::ConnectionOptions> ReadConfiguration(
    const Options& options, const std::string& name, google::protobuf::Message& settings,
    const std::function<const v1::ServiceSettings&()>& service_settings) {
  if (absl::Status read = config::ParseYamlFile(options.config, settings); !read.ok()) {
    return absl::InvalidArgumentError(read.message());  // also where there is no such file
  }
  if (absl::Status checked = CheckSettings(options, name, service_settings()); !checked.ok()) return checked;
  return NatsOptions(service_settings());
}

// A line of the log for each problem of a configuration.
int Refuse(const absl::Status& status) {
  std::string_view text(status.message().data(), status.message().size());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    Log(Severity::kError, "configuration_refused", {{"error", line}});
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return ExitCode(status);
}

std::string DefaultInstance() {
  char host[256] = "";
  ::gethostname(host, sizeof(host) - 1);
  return fmt::format("{}-{}", host, ::getpid());
}

// Turns SIGTERM and SIGINT into Context::stopping(), and ends the process where it does not stop in time.
class SignalWatch {
 public:
  explicit SignalWatch(Context& context) : context_(context), finished_(::eventfd(0, EFD_CLOEXEC)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // all threads are made after this and inherit it
    signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
    thread_ = std::thread([this] { Run(); });
  }
  ~SignalWatch() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(finished_, &one, sizeof(one));
    thread_.join();
    ::close(signals_);
    ::close(finished_);
  }

 private:
  void Run() {
    pollfd waited[] = {{.fd = finished_, .events = POLLIN, .revents = 0},
                       {.fd = signals_, .events = POLLIN, .revents = 0}};
    while (::poll(waited, 2, -1) < 0) {
    }
    if (waited[0].revents != 0) return;
    signalfd_siginfo seen = {};
    [[maybe_unused]] const ssize_t size = ::read(signals_, &seen, sizeof(seen));
    Log(Severity::kInfo, "stopping", {{"signal", seen.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM"}});
    context_.RequestStop();
    constexpr int kMilliseconds = std::chrono::milliseconds(kStopWithin).count();
    if (::poll(waited, 1, kMilliseconds) != 0) return;
    Log(Severity::kError, "not_stopped_in_time", {{"seconds", kStopWithin.count()}, {"exit_code", kExitInternal}});
    ::_exit(kExitInternal);
  }

  Context& context_;
  int finished_;
  int signals_ = -1;
  std::thread thread_;
};

void AddSeries(Context& context) {
  context.metrics
      .Gauge("spillway_build_info", "1; the labels say what runs.",
             {{"service", context.name}, {"build", std::string(BuildId())}})
      .Set(1);
  context.metrics.Gauge("spillway_process_start_time_seconds", "When the process started, since the Unix epoch.")
      .Set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

prometheus::Gauge& ConnectedGauge(Context& context) {
  return context.metrics.Gauge("spillway_nats_connected", "1 while the connection stands.");
}

// The observer of the connection: readiness, series and log. The context outlives the connection.
jetstream::ConnectionObserver Observer(Context& context) {
  prometheus::Gauge& connected = ConnectedGauge(context);
  prometheus::Counter& reconnects =
      context.metrics.Counter("spillway_nats_reconnects_total", "How often a lost connection came back.");
  return [&context, &connected, &reconnects](jetstream::ConnectionEvent event, const std::string& detail) {
    using Event = jetstream::ConnectionEvent;
    switch (event) {
      case Event::kDisconnected:
      case Event::kClosed:
        context.readiness.Missing("nats");
        connected.Set(0);
        if (context.stopping()) return;
        Log(Severity::kWarning, event == Event::kClosed ? "nats_closed" : "nats_disconnected", {{"detail", detail}});
        return;
      case Event::kReconnected:
        connected.Set(1);
        reconnects.Increment();
        Log(Severity::kInfo, "nats_reconnected", {{"detail", detail}});
        context.readiness.Present("nats");
        return;
      case Event::kPermissionDenied:
        Log(Severity::kError, "nats_permission_denied", {{"detail", detail}});
        return;
      case Event::kError:
        Log(Severity::kWarning, "nats_error", {{"detail", detail}});
        return;
    }
  };
}

// Until NATS answers, the credentials are refused, the time is over or the end is asked for (Cancelled).
absl::Status ConnectNats(Context& context, const jetstream::ConnectionOptions& nats, double wait_s) {
  using Milliseconds = std::chrono::milliseconds;
  const auto give_up = std::chrono::steady_clock::now() + Milliseconds(static_cast<int64_t>(wait_s * 1000));
  const jetstream::ConnectionObserver observer = Observer(context);
  for (Milliseconds pause(250);; pause = std::min(pause * 2, Milliseconds(5000))) {
    absl::StatusOr<std::shared_ptr<jetstream::Connection>> connection = jetstream::Connection::Connect(nats, observer);
    if (connection.ok()) {
      context.connection = *std::move(connection);
      ConnectedGauge(context).Set(1);
      context.readiness.Present("nats");
      return absl::OkStatus();
    }
    const auto left = std::chrono::duration_cast<Milliseconds>(give_up - std::chrono::steady_clock::now());
    if (!absl::IsUnavailable(connection.status()) || left <= Milliseconds(0)) return connection.status();
    pause = std::min(pause, left);
    Log(Severity::kWarning, "nats_away", {{"error", connection.status()}, {"again_in_ms", pause.count()}});
    if (context.WaitForStop(pause)) return absl::CancelledError("stopped while NATS was away");
  }
}

EndpointOptions HttpOptions(const v1::ServiceSettings& settings) {
  EndpointOptions options;
  if (!settings.http().address().empty()) options.address = settings.http().address();
  options.http_port = static_cast<int>(settings.http().port());
  if (settings.http().has_grpc_port()) options.grpc_port = static_cast<int>(settings.http().grpc_port());
  return options;
}

absl::StatusOr<std::unique_ptr<Endpoints>> StartEndpoints(Context& context) {
  return Endpoints::Start(
      HttpOptions(context.settings), context.name, context.metrics, context.readiness, [] { return true; },
      [&context] {
        const std::string status = context.status();
        return status.empty() ? context.StatusJson({}) : status;
      });
}

// Where `spillway status` and tests find the service; gone when it goes.
class PortFile {
 public:
  PortFile() = default;
  ~PortFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  absl::Status Write(const Context& context, const Endpoints& endpoints) {
    const std::filesystem::path path = context.settings.port_file();
    if (path.empty()) return absl::OkStatus();
    nlohmann::ordered_json ports = {{"service", context.name},
                                    {"instance", context.instance},
                                    {"pid", ::getpid()},
                                    {"http", endpoints.http_port()}};
    if (endpoints.grpc_port() >= 0) ports["grpc"] = endpoints.grpc_port();
    std::error_code ignored;  // the file cannot be made either then
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    absl::Status written = log::ReplaceFile(path, ports.dump() + "\n");
    if (written.ok()) path_ = path;
    return written;
  }

 private:
  std::filesystem::path path_;
};

absl::Status Guarded(const std::function<absl::Status()>& what) {
  try {
    return what();
  } catch (const std::exception& error) {
    return absl::InternalError(fmt::format("exception: {}", error.what()));
  }
}

absl::Status Serve(Context& context, const jetstream::ConnectionOptions& nats, const Options& options,
                   const std::function<absl::Status(Context&)>& run) {
  const absl::StatusOr<std::unique_ptr<Endpoints>> endpoints = StartEndpoints(context);
  if (!endpoints.ok()) return endpoints.status();
  PortFile port_file;
  if (absl::Status written = port_file.Write(context, **endpoints); !written.ok()) return written;
  Log(Severity::kInfo, "started",
      {{"build", BuildId()},
       {"config", options.config},
       {"http_port", (*endpoints)->http_port()},
       {"grpc_port", (*endpoints)->grpc_port()},
       {"pid", ::getpid()}});
  if (absl::Status connected = ConnectNats(context, nats, options.nats_wait_s); !connected.ok()) return connected;
  Log(Severity::kInfo, "nats_connected", {{"servers", nats.url}});
  absl::Status ended = run(context);
  context.status = nullptr;
  context.connection.reset();
  return ended;
}

int Finish(const Context& context, absl::Status status) {
  if (absl::IsCancelled(status) && context.stopping()) status = absl::OkStatus();
  const int code = ExitCode(status);
  if (status.ok()) {
    Log(Severity::kInfo, "stopped", {{"exit_code", code}});
  } else {
    Log(Severity::kError, "failed",
        {{"error", status}, {"code", absl::StatusCodeToString(status.code())}, {"exit_code", code}});
  }
  return code;
}

}  // namespace

int MainWith(int argc, char** argv, const std::string& name, google::protobuf::Message& settings,
             const std::function<const v1::ServiceSettings&()>& service_settings,
             const std::function<absl::Status(Context&)>& run) {
  Options options;
  if (const std::optional<int> code = ParseOptions(argc, argv, name, options)) return *code;
  SetUpLog(name, "", Severity::kInfo);
  const absl::StatusOr<jetstream::ConnectionOptions> nats =
      ReadConfiguration(options, name, settings, service_settings);
  if (!nats.ok()) return Refuse(nats.status());
  if (options.check) {
    fmt::print("{}: ok\n", options.config);
    return kExitOk;
  }
  ::signal(SIGPIPE, SIG_IGN);  // a client that goes away is an error of that write, not our end
  Context context;
  context.name = name;
  context.settings = service_settings();
  context.instance = context.settings.instance().empty() ? DefaultInstance() : context.settings.instance();
  context.settings.set_instance(context.instance);
  SetUpLog(name, context.instance, ParseSeverity(context.settings.log_level()).value_or(Severity::kInfo));
  context.readiness.Missing("nats");
  AddSeries(context);
  const SignalWatch signals(context);
  return Finish(context, Guarded([&] { return Serve(context, *nats, options, run); }));
}

}  // namespace spillway::service
