#include "tests/schemas/golden_file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "fmt/format.h"
#include "google/protobuf/text_format.h"

namespace spillway::schemas {
namespace {

constexpr size_t kBytesPerLine = 60;

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// Appends the line's bytes; false if it is not pairs of hexadecimal digits.
bool AppendHex(const std::string& line, std::string& bytes) {
  if (line.size() % 2 != 0) return false;
  for (size_t i = 0; i < line.size(); i += 2) {
    const std::optional<int> high = HexDigit(line[i]), low = HexDigit(line[i + 1]);
    if (!high || !low) return false;
    bytes.push_back(static_cast<char>(*high << 4 | *low));
  }
  return true;
}

}  // namespace

std::filesystem::path SchemasFolder() {
  const char* source = std::getenv("SPILLWAY_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "tests" / "schemas";
}

bool WritingGolden() {
  const char* write = std::getenv("SPILLWAY_WRITE_GOLDEN");
  return write != nullptr && std::string_view(write) == "1";
}

absl::StatusOr<GoldenFile> ReadGolden(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(fmt::format("{}: there is no such golden file", path.string()));
  GoldenFile golden;
  enum class Part { kHead, kBytes, kText } part = Part::kHead;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (part != Part::kText && (line.empty() || line.front() == '#')) continue;
    if (part == Part::kHead && line == "bytes:") {
      part = Part::kBytes;
    } else if (part == Part::kBytes && line == "text:") {
      part = Part::kText;
    } else if (part == Part::kText) {
      golden.text += line + "\n";
    } else if (part != Part::kBytes || !AppendHex(line, golden.bytes)) {
      return absl::InvalidArgumentError(
          fmt::format("{}:{}: '{}' is not {}", path.string(), number, line,
                      part == Part::kHead ? "'bytes:'" : "pairs of the digits 0-9 and a-f, or 'text:'"));
    }
  }
  if (golden.bytes.empty() || golden.text.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: it has no {}", path.string(), golden.bytes.empty() ? "bytes" : "text"));
  }
  return golden;
}

absl::Status WriteGolden(const std::filesystem::path& path, std::string_view title, std::string_view bytes,
                         const google::protobuf::Message& message) {
  if (std::filesystem::exists(path)) {
    return absl::AlreadyExistsError(
        fmt::format("{}: golden bytes are never rewritten; write another revision", path.string()));
  }
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(message, &text)) {
    return absl::InternalError(fmt::format("{}: the message has no text form", path.string()));
  }
  std::ofstream file(path);
  file << "# " << title << "\nbytes:\n";
  for (size_t i = 0; i < bytes.size(); i += kBytesPerLine) {
    for (const char byte : bytes.substr(i, kBytesPerLine)) file << fmt::format("{:02x}", static_cast<uint8_t>(byte));
    file << "\n";
  }
  file << "text:\n" << text;
  file.close();
  if (!file) return absl::UnavailableError(fmt::format("{}: cannot be written", path.string()));
  return absl::OkStatus();
}

}  // namespace spillway::schemas
