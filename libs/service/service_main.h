// The shape of every service's `main`: options, configuration, log, endpoints, NATS, signals, and an orderly end.
//
//   int main(int argc, char** argv) { return service::Main<v1::RiskSettings>(argc, argv, "risk", RunRisk); }
//
//   spillway-risk --config risk.yaml [--check] [--nats-wait SECONDS]
//
// Link spillway::service_main. docs/services.md tells operators the same.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/log/jetstream/connection.h"
#include "libs/service/endpoints.h"
#include "libs/service/latency_ledger.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"
#include "libs/service/status.h"
#include "spillway/v1/service.pb.h"

namespace spillway::service {

// Exit codes, as sysexits.h has them. A supervisor restarts all but 0 and 64; 77 and 78 need a person first.
inline constexpr int kExitOk = 0;              // ended as asked, or at the end of its work
inline constexpr int kExitUsage = 64;          // the command line
inline constexpr int kExitUnavailable = 69;    // Unavailable: a server is away, or a port is taken
inline constexpr int kExitInternal = 70;       // anything else, or not stopped within 5 s of the signal
inline constexpr int kExitDisagrees = 76;      // Aborted, DataLoss, OutOfRange: the lane and this process disagree
inline constexpr int kExitCredentials = 77;    // PermissionDenied, Unauthenticated
inline constexpr int kExitConfiguration = 78;  // InvalidArgument, FailedPrecondition: configuration or secrets
int ExitCode(const absl::Status& status);

inline constexpr std::chrono::seconds kStopWithin{5};

// Where /status comes from: set by the run function, asked by the threads of the endpoints.
class StatusSource {
 public:
  explicit StatusSource(Readiness& readiness) : readiness_(readiness) { readiness_.Missing("started"); }
  // Setting it says that the service has started. What is replaced is no longer being called when this returns.
  StatusSource& operator=(std::function<std::string()> source);
  std::string operator()() const;  // empty where none is set

 private:
  Readiness& readiness_;
  mutable std::mutex mutex_;
  std::function<std::string()> source_;
};

// What a running service has. Made by Main, handed to the service's run function.
struct Context {
  std::string name;      // "risk"
  std::string instance;  // tells replicas apart
  v1::ServiceSettings settings;
  Metrics metrics;
  // Main keeps "nats" (the connection) and "started" (until `status` is set); the service adds its own ("caught_up").
  Readiness readiness;

  // JSON for /status: `context.status = [&] { return context.StatusJson(report()); };`. Must be set by the run function
  // once, after it has said in `readiness` what else is missing: until then the service is not ready. Other threads
  // call it until run has returned, so that what it refers to must not die before: see StatusGuard.
  StatusSource status{readiness};
  std::string StatusJson(const StatusReport& report) const;

  // SIGTERM or SIGINT was seen: finish what is in hand, within kStopWithin (then the process ends, exit code 70).
  bool stopping() const;
  // Waits up to `time`, less where the end is asked for. Returns stopping().
  bool WaitForStop(Duration time) const;
  // As the signals do. Readiness then misses "stopping".
  void RequestStop();

  std::shared_ptr<jetstream::Connection> connection;  // behind what its observer uses, so that it goes first

 private:
  const int64_t started_ns_ = SteadyNanos();
  mutable std::mutex mutex_;
  mutable std::condition_variable stop_asked_;
  bool stopping_ = false;
};

// Takes the status away when it goes: to be declared after what the status refers to.
class StatusGuard {
 public:
  explicit StatusGuard(Context& context) : context_(context) {}
  ~StatusGuard() { context_.status = nullptr; }
  StatusGuard(const StatusGuard&) = delete;
  StatusGuard& operator=(const StatusGuard&) = delete;

 private:
  Context& context_;
};

// The lanes "market.0" ... that there are, and those this process works on.
std::vector<uint32_t> MarketLanes(const v1::ServiceSettings& settings);
std::vector<uint32_t> OwnLanes(const v1::ServiceSettings& settings);

// The settings with the password read from its file.
absl::StatusOr<jetstream::ConnectionOptions> NatsOptions(const v1::ServiceSettings& settings);
// The content without one newline at its end. FailedPrecondition names a file that cannot be read, is empty or longer
// than 64 KiB, and never says what is in it. A file that everybody can read is a warning in the log.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Not for direct use: see Main. `service_settings`: the part of `settings` that all services have.
int MainWith(int argc, char** argv, const std::string& name, google::protobuf::Message& settings,
             const std::function<const v1::ServiceSettings&()>& service_settings,
             const std::function<absl::Status(Context&)>& run);

// `run` works until context.stopping() or the end of its work; its status is the exit code (ExitCode), and what went
// wrong is one line of the log. Exceptions of libraries that get this far are Internal.
template <class Settings>
int Main(int argc, char** argv, const std::string& name,
         const std::function<absl::Status(Context&, const Settings&)>& run) {
  Settings settings;
  return MainWith(
      argc, argv, name, settings, [&]() -> const v1::ServiceSettings& { return settings.service(); },
      [&](Context& context) { return run(context, settings); });
}

}  // namespace spillway::service
