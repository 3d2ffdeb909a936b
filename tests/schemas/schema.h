// The schemas as a table that can be written, read and compared: which numbers, names, types and labels the released
// messages have. docs/schemas.md has the rules that Compare() enforces.
//
// Its text has one line for each fact:
//   field     spillway.v1.Alert 3 side spillway.v1.Side singular -     number, name, type, label, oneof ("-": none)
//   value     spillway.v1.Side 1 SIDE_BID                              of an enum
//   planned   spillway.v1.Event 71 order_command                       kept for this field ("-": not yet named)
//   withdrawn spillway.v1.Checkpoint 7 -                               never used again
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace spillway::schemas {

struct Field {
  std::string name;
  std::string type;   // "sfixed64", "spillway.v1.Quote"
  std::string label;  // "singular", "optional" (presence is known), "repeated", "required"
  std::string oneof = "-";
  friend bool operator==(const Field&, const Field&) = default;
};

struct Schema {
  using Key = std::pair<std::string, int>;  // full name of the message or enum, number
  std::map<Key, Field> fields;
  std::map<Key, std::string> values;
  std::map<Key, std::string> planned;
  std::map<Key, std::string> withdrawn;
  std::map<Key, std::string> reserved;  // of descriptors: they do not say what for
};

// All messages and enums of these files.
Schema Describe(const std::vector<const google::protobuf::FileDescriptor*>& files);

std::string ToText(const Schema& schema);
// InvalidArgument with the line that is none of the above.
absl::StatusOr<Schema> ParseSchema(std::string_view text);
// released/v1.txt; NotFound if it is missing.
absl::StatusOr<Schema> ReleasedSchema();

struct Differences {
  // What readers of released bytes or texts would trip over. Each: where, what was, what is, the way out.
  std::vector<std::string> broken;
  Schema added;  // what `current` has beyond `released`: released by adding its lines
};
Differences Compare(const Schema& released, const Schema& current);

}  // namespace spillway::schemas
