#include <algorithm>
#include <chrono>
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

// What the gateway's last group on the lane says: it always names all instances.
struct Configuration {
  std::map<std::string, ConfigurationVersion> versions;  // by instance name
  uint32_t next_ordinal = 0;                             // the gateway's events are only counted
};
absl::StatusOr<Configuration> InForce(log::LaneWriter& lane) {
  Configuration in_force;
  std::string bytes;
  const absl::StatusOr<bool> found = lane.LastOwn(bytes);
  if (absl::IsOutOfRange(found.status())) {
    // Retention has removed what was said last: everything is said again, counted beyond anything counted so far.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    in_force.next_ordinal = static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    return in_force;
  }
  if (!found.ok()) return found.status();
  if (!*found) return in_force;
  GroupDecoder decoder;
  GroupHeader header;
  const absl::Status status = decoder.Decode(bytes, header, [&](const Event& event) {
    const auto* version = std::get_if<ConfigurationVersion>(&event.body);
    if (version != nullptr && version->kind == ConfigurationKind::kProfile) {
      in_force.versions[version->name] = *version;
    }
    in_force.next_ordinal = std::max(in_force.next_ordinal, event.header.cause.ordinal + 1);
  });
  if (!status.ok()) return status;
  return in_force;
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
std::vector<Event> Change(Time time, const std::vector<StrategyInstance>& wanted, const Configuration& in_force,
                          uint32_t& changed) {
  std::vector<Event> events = ConfigurationEvents(time, wanted);
  std::map<std::string, ConfigurationVersion> left = in_force.versions;
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
    version.mode = InstanceMode::kRetired;
    version.effective_time = time;
    event.body = version;
    events.push_back(event);
  }
  uint32_t ordinal = in_force.next_ordinal;
  for (Event& event : events) event.header.cause.ordinal = ordinal++;
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
    const absl::StatusOr<Configuration> in_force = InForce(**writer);
    if (!in_force.ok()) return Fail(in_force.status());
    const absl::StatusOr<Time> last = LastTime(log, lane);
    if (!last.ok()) return Fail(last.status());
    uint32_t changed = 0;
    // Never before what the lane has had: time does not go back on it.
    const Time time = std::max(at->value_or(*last), *last);
    const std::vector<Event> events = Change(time, *instances, *in_force, changed);
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
