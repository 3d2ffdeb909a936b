#include "tools/spillway/stack_configuration.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "libs/events/codec.h"
#include "spillway/v1/account.pb.h"

namespace spillway::cli {

absl::StatusOr<StackConfiguration> InForce(log::LaneWriter& lane) {
  StackConfiguration in_force;
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
    if (version != nullptr && version->kind == ConfigurationKind::kProfile) in_force.versions[version->name] = *version;
    if (version != nullptr && (version->kind == ConfigurationKind::kRisk || version->kind == ConfigurationKind::kVenue))
      in_force.trading[version->kind] = *version;
    v1::StageChange stage;
    if (version != nullptr && version->kind == ConfigurationKind::kStage && stage.ParseFromString(version->document)) {
      in_force.stages[version->name] = stage.stage();
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

}  // namespace spillway::cli
