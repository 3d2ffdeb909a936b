#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/runtime/event_appender.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/pipeline_run.h"
#include "tools/spillway/session_files.h"
#include "tools/spillway/stack_connection.h"

namespace spillway::cli {
namespace {

using Versions = std::map<std::string, ConfigurationVersion>;  // by instance name

// What the gateway's last group on the lane says: it always names all instances.
absl::StatusOr<Versions> InForce(log::LaneWriter& lane) {
  Versions versions;
  std::string bytes;
  const absl::StatusOr<bool> found = lane.LastOwn(bytes);
  if (!found.ok() || !*found) return found.ok() ? absl::StatusOr<Versions>(versions) : found.status();
  GroupDecoder decoder;
  GroupHeader header;
  const absl::Status status = decoder.Decode(bytes, header, [&](const Event& event) {
    const auto* version = std::get_if<ConfigurationVersion>(&event.body);
    if (version != nullptr) versions[version->name] = *version;
  });
  if (!status.ok()) return status;
  return versions;
}

absl::StatusOr<Time> LastTime(jetstream::JetStreamLog& log, const log::LaneName& lane) {
  const absl::StatusOr<jetstream::LaneInfo> info = log.Info(lane);
  if (!info.ok()) return info.status();
  if (info->messages == 0) return Time();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(lane);
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->SeekToSequence(info->last_sequence); !status.ok()) return status;
  log::LaneMessage message;
  const absl::StatusOr<bool> found = (*reader)->NextWithin(message, std::chrono::seconds(5));
  if (!found.ok()) return found.status();
  return *found ? message.time : Time();
}

// The events that lead from what is in force to `wanted`: all of it, and the end of what is not wanted any more.
std::vector<Event> Change(Time time, const std::vector<StrategyInstance>& wanted, const Versions& in_force,
                          uint32_t& changed) {
  std::vector<Event> events = ConfigurationEvents(time, wanted);
  Versions left = in_force;
  changed = 0;
  for (const Event& event : events) {
    const auto* version = std::get_if<ConfigurationVersion>(&event.body);
    if (version == nullptr) continue;
    const auto before = left.find(version->name);
    const bool same =
        before != left.end() && before->second.mode == version->mode && before->second.document == version->document;
    if (!same) ++changed;
    if (before != left.end()) left.erase(before);
  }
  for (auto& [name, version] : left) {
    if (version.mode == InstanceMode::kRetired) continue;
    ++changed;
    Event event;
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.header.instance = StrategyInstanceIdOf(name);
    event.header.cause.ordinal = static_cast<uint32_t>(events.size());
    version.mode = InstanceMode::kRetired;
    version.effective_time = time;
    event.body = version;
    events.push_back(event);
  }
  return events;
}

}  // namespace

int ProfileApply(const ProfileApplyArguments& arguments) {
  const absl::StatusOr<std::vector<StrategyInstance>> instances = LoadInstances(arguments.profiles);
  if (!instances.ok()) return Fail(instances.status());
  const absl::StatusOr<std::optional<Time>> at = ParseTimeOption("--at", arguments.at);
  if (!at.ok()) return Fail(at.status());
  const auto connection = ConnectTo(arguments.nats);
  if (!connection.ok()) return Fail(connection.status());
  jetstream::JetStreamLog log(*connection, Producer::kGateway);
  nlohmann::ordered_json json = {{"lanes", nlohmann::ordered_json::array()}};
  for (uint32_t number = 0; number < arguments.nats.market_lanes; ++number) {
    const log::LaneName lane = fmt::format("market.{}", number);
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log.OpenWriter(lane);
    if (!writer.ok()) return Fail(writer.status());
    const absl::StatusOr<Versions> in_force = InForce(**writer);
    if (!in_force.ok()) return Fail(in_force.status());
    const absl::StatusOr<Time> last = LastTime(log, lane);
    if (!last.ok()) return Fail(last.status());
    uint32_t changed = 0;
    const std::vector<Event> events = Change(at->value_or(*last), *instances, *in_force, changed);
    if (changed > 0) {
      runtime::EventAppender appender(Producer::kGateway, std::move(*writer));
      if (absl::Status status = appender.Append(events); !status.ok()) return Fail(status);
    }
    json["lanes"].push_back({{"lane", lane}, {"changed", changed}});
    if (!arguments.json) {
      fmt::print("{}: {}\n", lane, changed == 0 ? "nothing to change" : fmt::format("{} instances changed", changed));
    }
  }
  for (const StrategyInstance& instance : *instances) {
    json["instances"].push_back({{"name", instance.name}, {"mode", instance.shadow ? "shadow" : "active"}});
    if (!arguments.json) fmt::print("  {:<7} {}\n", instance.shadow ? "shadow" : "active", instance.name);
  }
  if (arguments.json) fmt::print("{}\n", json.dump(2));
  return kExitOk;
}

}  // namespace spillway::cli
