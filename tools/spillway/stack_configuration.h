// What is in force on a running stack, as the gateway's last words on a lane have it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "libs/log/event_log.h"
#include "libs/log/jetstream/jetstream_log.h"

namespace spillway::cli {

// What the gateway's last group on the lane says: it always names all instances.
struct StackConfiguration {
  std::map<std::string, ConfigurationVersion> versions;       // profiles, by instance name
  std::map<std::string, std::string> stages;                  // that the group changed, by instance name
  std::map<ConfigurationKind, ConfigurationVersion> trading;  // risk profile and venue
  uint32_t next_ordinal = 0;                                  // the gateway's events are only counted
};
absl::StatusOr<StackConfiguration> InForce(log::LaneWriter& lane);

// Of the lane's last message; the beginning of time if there is none.
absl::StatusOr<Time> LastTime(jetstream::JetStreamLog& log, const log::LaneName& lane);

}  // namespace spillway::cli
