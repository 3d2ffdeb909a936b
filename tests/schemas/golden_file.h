// A golden file: the bytes of a released message as the release wrote them, and what they say in protobuf's text form.
//
//   # spillway.v1.Signal, revision 1
//   bytes:
//   0801 ... hexadecimal, 60 bytes a line
//   text:
//   schema_version: 1 ...
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace spillway::schemas {

// tests/schemas in the source tree (SPILLWAY_SOURCE, else here).
std::filesystem::path SchemasFolder();

// Set by SPILLWAY_WRITE_GOLDEN=1: files that are missing are written. Existing ones never change.
bool WritingGolden();

struct GoldenFile {
  std::string bytes;
  std::string text;
};

// NotFound, or InvalidArgument for what has no bytes or no text.
absl::StatusOr<GoldenFile> ReadGolden(const std::filesystem::path& path);

// AlreadyExists if the file is there: what was released stays as it was.
absl::Status WriteGolden(const std::filesystem::path& path, std::string_view title, std::string_view bytes,
                         const google::protobuf::Message& message);

}  // namespace spillway::schemas
