#include <string>
#include <vector>

#include "fmt/format.h"
#include "libs/log/file.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/stack_connection.h"

namespace spillway::cli {
namespace {

std::vector<log::LaneName> LaneNames(uint32_t market_lanes) {
  std::vector<log::LaneName> names;
  for (const char* kind : {"market", "features"}) {
    for (uint32_t lane = 0; lane < market_lanes; ++lane) names.push_back(fmt::format("{}.{}", kind, lane));
  }
  names.push_back("trading");
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<jetstream::Connection>> ConnectTo(const NatsArguments& arguments) {
  jetstream::ConnectionOptions options;
  options.url = arguments.url;
  options.name = "spillway";
  options.user = arguments.user;
  options.nkey_seed_file = arguments.nkey_file;
  options.tls_ca_file = arguments.tls_ca;
  options.tls_cert_file = arguments.tls_cert;
  options.tls_key_file = arguments.tls_key;
  options.prefix = arguments.prefix;
  if (!arguments.password_file.empty()) {
    absl::StatusOr<std::string> password = log::ReadWholeFile(arguments.password_file);
    if (!password.ok()) return password.status();
    options.password = password->substr(0, password->find('\n'));
  }
  return jetstream::Connection::Connect(options);
}

int LanesCreate(const LanesArguments& arguments) {
  const auto connection = ConnectTo(arguments.nats);
  if (!connection.ok()) return Fail(connection.status());
  const jetstream::RetentionOptions retention{.age_max = std::chrono::hours(arguments.retention_hours),
                                              .bytes_max = uint64_t{arguments.retention_megabytes} << 20,
                                              .replicas = static_cast<int>(arguments.replicas)};
  absl::Status status = jetstream::EnsureLanes(**connection, LaneNames(arguments.nats.market_lanes), retention);
  if (status.ok()) status = jetstream::EnsureDeadLetters(**connection, retention);
  if (status.ok()) status = jetstream::EnsureBuckets(**connection, retention.replicas);
  return status.ok() ? LanesList(arguments) : Fail(status);
}

int LanesList(const LanesArguments& arguments) {
  const auto connection = ConnectTo(arguments.nats);
  if (!connection.ok()) return Fail(connection.status());
  jetstream::JetStreamLog log(*connection, Producer::kNone);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const log::LaneName& lane : LaneNames(arguments.nats.market_lanes)) {
    const absl::StatusOr<jetstream::LaneInfo> info = log.Info(lane);
    if (!info.ok()) return Fail(info.status());
    json.push_back({{"lane", lane},
                    {"first", info->first_sequence},
                    {"last", info->last_sequence},
                    {"messages", info->messages},
                    {"bytes", info->bytes}});
    if (!arguments.json) {
      fmt::print("  {:<12} {:>10} messages {:>14} bytes, {} to {}\n", lane, info->messages, info->bytes,
                 info->first_sequence, info->last_sequence);
    }
  }
  if (arguments.json) fmt::print("{}\n", json.dump(2));
  return kExitOk;
}

}  // namespace spillway::cli
