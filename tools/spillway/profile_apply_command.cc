#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/runtime/event_appender.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/pipeline_run.h"
#include "tools/spillway/session_files.h"
#include "tools/spillway/stack_configuration.h"
#include "tools/spillway/stack_connection.h"

namespace spillway::cli {
namespace {

// The events that lead from what is in force to `wanted`: all of it, and the end of what is not wanted any more.
std::vector<Event> Change(Time time, const std::vector<StrategyInstance>& wanted, const TradingSetup& trading,
                          const StackConfiguration& in_force, uint32_t& changed) {
  std::vector<Event> events = ConfigurationEvents(time, wanted, trading);
  std::map<std::string, ConfigurationVersion> left = in_force.versions;
  std::map<ConfigurationKind, ConfigurationVersion> kept = in_force.trading;
  changed = 0;
  for (const Event& event : events) {
    const auto* version = std::get_if<ConfigurationVersion>(&event.body);
    if (version == nullptr) continue;
    if (version->kind == ConfigurationKind::kRisk || version->kind == ConfigurationKind::kVenue) {
      const auto before = kept.find(version->kind);
      if (before == kept.end() || before->second.document != version->document) ++changed;
      kept.erase(version->kind);
      continue;
    }
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
  for (const auto& [kind, version] : kept) {
    Event event;
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.body = version;
    events.push_back(event);
  }
  uint32_t ordinal = in_force.next_ordinal;
  for (Event& event : events) event.header.cause.ordinal = ordinal++;
  return events;
}

}  // namespace

int ProfileApply(const ProfileApplyArguments& arguments) {
  absl::StatusOr<std::vector<StrategyInstance>> instances = LoadInstances(arguments.profiles);
  if (!instances.ok()) return Fail(instances.status());
  const absl::StatusOr<TradingSetup> trading = LoadTrading({.execution = arguments.execution,
                                                            .broker = arguments.venue.empty() ? "none" : "sim",
                                                            .risk_profile = arguments.risk_profile,
                                                            .venue = arguments.venue},
                                                           *instances);
  if (!trading.ok()) {
    Fail(trading.status());
    return kExitUsage;
  }
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
    const absl::StatusOr<StackConfiguration> in_force = InForce(**writer);
    if (!in_force.ok()) return Fail(in_force.status());
    const absl::StatusOr<Time> last = LastTime(log, lane);
    if (!last.ok()) return Fail(last.status());
    uint32_t changed = 0;
    // Never before what the lane has had: time does not go back on it.
    const Time time = std::max(at->value_or(*last), *last);
    const std::vector<Event> events = Change(time, *instances, *trading, *in_force, changed);
    if (changed > 0) {
      runtime::EventAppender appender(Producer::kGateway, std::move(*writer));
      if (absl::Status status = appender.Append(events); !status.ok()) return Fail(status);
    }
    json["lanes"].push_back({{"lane", lane}, {"changed", changed}});
    if (!arguments.json) {
      fmt::print("{}: {}\n", lane,
                 changed == 0 ? "nothing to change" : fmt::format("{} configurations changed", changed));
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
