// How the fields of a protobuf message look in YAML. The rules are written in proto/spillway/v1/options.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "spillway/v1/options.pb.h"

namespace spillway::config {

// How the text of a 64-bit integer field is scaled; the suffix of the field's name says it.
enum class Scale { kNone, kE9, kE8, kNanos };
Scale ScaleOf(const google::protobuf::FieldDescriptor& field);

// The key: the field's name without its scale suffix.
std::string KeyOf(const google::protobuf::FieldDescriptor& field);
std::vector<std::string> KeysOf(const google::protobuf::Descriptor& message);
// nullptr: no such key.
const google::protobuf::FieldDescriptor* FindByKey(const google::protobuf::Descriptor& message, std::string_view key);

// "alert_only" for EXECUTION_MODE_ALERT_ONLY. Empty for the value 0, which stands for "not given".
std::string ValueName(const google::protobuf::EnumValueDescriptor& value);
std::optional<int> FindValue(const google::protobuf::EnumDescriptor& type, std::string_view name);

const v1::Limits& LimitsOf(const google::protobuf::FieldDescriptor& field);

// What a value of this field looks like, or an item of its list: "a duration such as 250ms, 3s, 5m or 1h".
std::string ExpectedItem(const google::protobuf::FieldDescriptor& field);
// The same, but "a list; each item is ..." for a repeated field.
std::string Expected(const google::protobuf::FieldDescriptor& field);

// The candidate that differs least in letters, if it is near enough to be what was meant.
std::optional<std::string> NearestOf(std::string_view seen, const std::vector<std::string>& candidates);

// "did you mean 'price_min'?" or, where nothing is near, "expected one of: a, b, c".
std::string Suggest(std::string_view seen, const std::vector<std::string>& candidates);

}  // namespace spillway::config
