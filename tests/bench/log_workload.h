// Work for benches of libs/log: writes and reads a session. No clock in here: the caller measures.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/log/segment_log.h"

namespace spillway::bench {

// Cuts `payload` into messages of `message_bytes` and writes them `repeats` times to one lane of a new session. Returns
// the bytes given to the lane.
inline absl::StatusOr<uint64_t> WriteLane(const std::filesystem::path& session, std::string_view payload,
                                          size_t message_bytes, size_t repeats, int zstd_level,
                                          size_t frame_bytes = log::LaneOptions{}.frame_bytes) {
  log::SegmentLogOptions options;
  options.lane_options = [=](const log::LaneName& lane) {
    log::LaneOptions lane_options = log::OfflineLaneOptions(lane);
    lane_options.zstd_level = zstd_level;
    lane_options.frame_bytes = frame_bytes;
    return lane_options;
  };
  auto log = log::SegmentLog::Create(session, options);
  if (!log.ok()) return log.status();
  auto writer = (*log)->OpenWriter("market.0");
  if (!writer.ok()) return writer.status();
  int64_t time = 0;
  for (size_t repeat = 0; repeat < repeats; ++repeat) {
    for (size_t at = 0; at < payload.size(); at += message_bytes) {
      time += 1'000'000;
      auto sequence = (*writer)->Append(TimeFromNanos(time), payload.substr(at, message_bytes), 1);
      if (!sequence.ok()) return sequence.status();
    }
  }
  if (absl::Status status = (*writer)->Close(); !status.ok()) return status;
  return payload.size() * repeats;
}

// Reads the lane to its end. Returns the bytes of its messages.
inline absl::StatusOr<uint64_t> ReadLane(const std::filesystem::path& session, bool verify_chain) {
  log::SegmentLogOptions options;
  options.verify_chain = verify_chain;
  auto log = log::SegmentLog::OpenForReading(session, options);
  if (!log.ok()) return log.status();
  auto reader = (*log)->OpenReader("market.0");
  if (!reader.ok()) return reader.status();
  uint64_t bytes = 0;
  log::LaneMessage message;
  while (true) {
    auto next = (*reader)->Next(message);
    if (!next.ok()) return next.status();
    if (!*next) return bytes;
    bytes += message.bytes.size();
  }
}

}  // namespace spillway::bench
