// The shape of every service's `main`: options, configuration, log, endpoints, NATS, signals, and an orderly end.
//
//   int main(int argc, char** argv) { return service::Main<v1::RiskSettings>(argc, argv, "risk", RunRisk); }
//
//   spillway-risk --config risk.yaml [--check]     exit codes: 0 ended as asked, 64 usage, 78 configuration refused,
//                                                  77 credentials refused, 69 server away at start, 70 internal, 76 the
//                                                  lane and this process disagree
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/base/ids.h"
#include "libs/base/time.h"
#include "libs/log/jetstream/connection.h"
#include "libs/service/endpoints.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"
#include "spillway/v1/service.pb.h"

namespace spillway::service {

// What a running service has. Made by Main, handed to the service's run function.
struct Context {
  std::string name;      // "risk"
  std::string instance;  // tells replicas apart
  v1::ServiceSettings settings;
  std::shared_ptr<jetstream::Connection> connection;
  Metrics metrics;
  Readiness readiness;
  std::function<std::string()> status;  // JSON for /status; set by the run function before it is ready

  // SIGTERM or SIGINT was seen: finish what is in hand, within 5 s (then the process ends, exit code 70).
  bool stopping() const;
};

// The lanes "market.0" ... that there are, and those this process works on.
std::vector<uint32_t> MarketLanes(const v1::ServiceSettings& settings);
std::vector<uint32_t> OwnLanes(const v1::ServiceSettings& settings);

// The settings with a file's content read: passwords. Says which file cannot be read, never what is in it.
absl::StatusOr<jetstream::ConnectionOptions> NatsOptions(const v1::ServiceSettings& settings);
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Not for direct use: see Main.
int MainWith(int argc, char** argv, const std::string& name, google::protobuf::Message& settings,
             const std::function<const v1::ServiceSettings&()>& service_settings,
             const std::function<absl::Status(Context&)>& run);

template <class Settings>
int Main(int argc, char** argv, const std::string& name,
         const std::function<absl::Status(Context&, const Settings&)>& run) {
  Settings settings;
  return MainWith(
      argc, argv, name, settings, [&]() -> const v1::ServiceSettings& { return settings.service(); },
      [&](Context& context) { return run(context, settings); });
}

}  // namespace spillway::service
