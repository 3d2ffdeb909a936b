// Configuration in YAML, checked against protobuf messages. The schema says keys, types, scales and limits
// (proto/spillway/v1/options.proto); a message that was read without an error obeys them.
//
//   price_min_e9: 10'000'000'000  <->  price_min: 10.00     exact, never through a double
//   refresh_ns: 300'000'000'000   <->  refresh: 5m
//   EXECUTION_MODE_ALERT_ONLY     <->  execution_mode: alert_only
//
// Refused, each with `file:line: key.path: what was seen, what was expected`: an unknown key (with the nearest valid
// one), a key given twice, a value of another type, an empty value, a value outside its limits, a missing required key,
// two members of a oneof, YAML tags, several documents in one file; `yes` / `on` for a bool; 1e3, 0x10, 010, +5, .5 and
// 1_000 for numbers. All problems of a file are reported together. Anchors and aliases work; merge keys (`<<`) do not.
// Protobuf `bytes` and `map<>` fields have no YAML form: a schema for configuration does not use them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/config/problems.h"

namespace google::protobuf {
class Message;
}

namespace spillway::config {

// A file is at most this long; configuration is written by people.
inline constexpr size_t kFileBytesMax = size_t{1} << 20;

// Replaces `out` by what the text says. On an error (InvalidArgument) `out` keeps its value. `file_name` is for
// messages.
absl::Status ParseYaml(std::string_view text, std::string_view file_name, google::protobuf::Message& out);
// The same for a file. NotFound if there is none.
absl::Status ParseYamlFile(const std::filesystem::path& file, google::protobuf::Message& out);

// The message as YAML: what is present, and scalars that differ from their default. Parsing it gives the message back,
// provided that the message obeys its limits.
std::string ToYaml(const google::protobuf::Message& message);

// Every value that ToYaml would write, with its path: {"universe.price_min", "10.00"}. Items of a list are named by
// their `id`, `name` or, without either, their place: "rubric.rules[S0-3.1].limit", "schedule.windows[0].start"; a list
// of scalars is one value.
struct NamedValue {
  std::string path;
  std::string value;
  friend bool operator==(const NamedValue&, const NamedValue&) = default;
};
std::vector<NamedValue> ValuesOf(const google::protobuf::Message& message);

// For configurations that are laid over one another: first the base, then what differs from it, on one message. Scalars
// are replaced, nested messages are merged, a list is replaced as a whole. When all layers are read, CheckRequired sees
// whether something is missing. False: the text is no YAML map at all, so that nothing was read. After a problem the
// message is only good for looking for more problems.
bool ReadLayer(std::string_view text, std::string_view file_name, google::protobuf::Message& out, Origins& origins,
               Problems& problems);
void CheckRequired(const google::protobuf::Message& message, const Origins& origins, Problems& problems);

// The text of a file. NotFound, or InvalidArgument where it is a directory or longer than kFileBytesMax.
absl::Status ReadFile(const std::filesystem::path& file, std::string& text);

}  // namespace spillway::config
