// Messages, sessions and directories for the tests of libs/log.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libs/log/event_log.h"
#include "libs/log/segment_log.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::log {

namespace fs = std::filesystem;

struct OwnedMessage {
  Time time;
  std::string bytes;
  uint64_t rows = 0;
  friend bool operator==(const OwnedMessage&, const OwnedMessage&) = default;
};

// These tests sync thousands of files.
struct TemporaryDirectory : test::TemporaryFolder {
  TemporaryDirectory() : TemporaryFolder(Place::kMemory) {}
};

inline const Time kSessionOpen = TimeFromNanos(1'746'192'600'000'000'000);  // 2025-05-02T13:30:00Z

struct MessageShape {
  size_t count = 100;
  size_t bytes_max = 400;
  Duration step_max = std::chrono::milliseconds(20);  // 0 steps too: messages may share their time
};

// Half of each message is compressible, half is not.
inline std::vector<OwnedMessage> GenerateMessages(uint32_t seed, const MessageShape& shape) {
  std::mt19937 random(seed);
  std::vector<OwnedMessage> messages;
  Time time = kSessionOpen;
  for (size_t i = 0; i < shape.count; ++i) {
    if (random() % 4 != 0) time += Duration(static_cast<int64_t>(random()) % (shape.step_max.count() + 1));
    std::string bytes(random() % (shape.bytes_max + 1), 'x');
    for (size_t k = 0; k < bytes.size() / 2; ++k) bytes[k] = static_cast<char>(random());
    messages.push_back({time, std::move(bytes), random() % 3 == 0 ? 0 : random() % 1000});
  }
  return messages;
}

inline void Append(LaneWriter& writer, const std::vector<OwnedMessage>& messages) {
  for (const OwnedMessage& message : messages) {
    const absl::StatusOr<uint64_t> sequence = writer.Append(message.time, message.bytes, message.rows);
    INFO(sequence.status());
    REQUIRE(sequence.ok());
  }
}

// A lane option set for small sessions with many frames: the frame closes at 2 KiB and by nothing else.
inline LaneOptions SmallFrames(const LaneName&) {
  LaneOptions options = OfflineLaneOptions("market.0");
  options.frame_bytes = 2048;
  return options;
}
inline SegmentLogOptions SmallFrameOptions() {
  return {.build = "test build", .lane_options = SmallFrames};
}

inline std::unique_ptr<SegmentLog> CreateSession(const fs::path& session, SegmentLogOptions options) {
  absl::StatusOr<std::unique_ptr<SegmentLog>> log = SegmentLog::Create(session, std::move(options));
  INFO(log.status());
  REQUIRE(log.ok());
  return *std::move(log);
}

inline std::unique_ptr<LaneWriter> OpenWriter(EventLog& log, const LaneName& lane) {
  absl::StatusOr<std::unique_ptr<LaneWriter>> writer = log.OpenWriter(lane);
  INFO(writer.status());
  REQUIRE(writer.ok());
  return *std::move(writer);
}

inline std::unique_ptr<LaneReader> OpenReader(EventLog& log, const LaneName& lane) {
  absl::StatusOr<std::unique_ptr<LaneReader>> reader = log.OpenReader(lane);
  INFO(reader.status());
  REQUIRE(reader.ok());
  return *std::move(reader);
}

inline void WriteSession(const fs::path& session, const std::vector<OwnedMessage>& messages,
                         SegmentLogOptions options = SmallFrameOptions(), const LaneName& lane = "market.0") {
  const std::unique_ptr<SegmentLog> log = CreateSession(session, std::move(options));
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, lane);
  Append(*writer, messages);
  REQUIRE(writer->Close().ok());
}

// Everything from where the reader stands to the present end of the lane; checks that sequences follow each other.
inline absl::StatusOr<std::vector<OwnedMessage>> ReadRest(LaneReader& reader, uint64_t first_sequence) {
  std::vector<OwnedMessage> messages;
  LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> next = reader.Next(message);
    if (!next.ok()) return next.status();
    if (!*next) return messages;
    CHECK(message.sequence == first_sequence + messages.size());
    messages.push_back({message.time, std::string(message.bytes), message.rows});
  }
}

inline absl::StatusOr<std::vector<OwnedMessage>> ReadSession(const fs::path& session, const LaneName& lane = "market.0",
                                                             bool verify_chain = true) {
  absl::StatusOr<std::unique_ptr<SegmentLog>> log = SegmentLog::OpenForReading(session, {.verify_chain = verify_chain});
  if (!log.ok()) return log.status();
  absl::StatusOr<std::unique_ptr<LaneReader>> reader = (*log)->OpenReader(lane);
  if (!reader.ok()) return reader.status();
  return ReadRest(**reader, 1);
}

inline std::string ReadBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void WriteBytes(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.flush());
}

inline std::string Digest(const fs::path& session) {
  const absl::StatusOr<Manifest> manifest = ReadManifest(session);
  REQUIRE(manifest.ok());
  return ToHex(manifest->SessionDigest());
}

}  // namespace spillway::log
