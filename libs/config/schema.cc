#include "libs/config/schema.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace spillway::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

constexpr std::array<std::pair<std::string_view, Scale>, 3> kSuffixes = {
    {{"_e9", Scale::kE9}, {"_e8", Scale::kE8}, {"_ns", Scale::kNanos}}};

// "EXECUTION_MODE_" of the type ExecutionMode.
std::string ValuePrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : std::string_view(type.name())) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !prefix.empty()) prefix += '_';
    prefix += upper ? c : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return prefix + "_";
}

// Levenshtein's distance: letters to insert, delete or replace.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Scale ScaleOf(const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_INT64) return Scale::kNone;
  for (const auto& [suffix, scale] : kSuffixes) {
    if (std::string_view(field.name()).ends_with(suffix)) return scale;
  }
  return Scale::kNone;
}

std::string KeyOf(const FieldDescriptor& field) {
  std::string key(field.name());
  if (ScaleOf(field) != Scale::kNone) key.resize(key.size() - 3);  // every suffix has three letters
  return key;
}

std::vector<std::string> KeysOf(const Descriptor& message) {
  std::vector<std::string> keys;
  for (int i = 0; i < message.field_count(); ++i) keys.push_back(KeyOf(*message.field(i)));
  return keys;
}

const FieldDescriptor* FindByKey(const Descriptor& message, std::string_view key) {
  for (int i = 0; i < message.field_count(); ++i) {
    if (KeyOf(*message.field(i)) == key) return message.field(i);
  }
  return nullptr;
}

std::string ValueName(const EnumValueDescriptor& value) {
  if (value.number() == 0) return "";
  std::string name(value.name());
  const std::string prefix = ValuePrefix(*value.type());
  if (name.compare(0, prefix.size(), prefix) == 0) name.erase(0, prefix.size());
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::optional<int> FindValue(const EnumDescriptor& type, std::string_view name) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (!name.empty() && ValueName(*type.value(i)) == name) return type.value(i)->number();
  }
  return std::nullopt;
}

const v1::Limits& LimitsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::limits);
}

std::string ExpectedItem(const FieldDescriptor& field) {
  switch (ScaleOf(field)) {
    case Scale::kE9:
      return "a decimal number with at most 9 decimals such as 10.25";
    case Scale::kE8:
      return "a decimal number with at most 8 decimals such as 10.25";
    case Scale::kNanos:
      return "a duration such as 250ms, 3s, 5m or 1h";
    case Scale::kNone:
      break;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number such as 5 or -5";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number such as 5, not negative";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number such as 7.5";
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return fmt::format("a map with the keys {}", fmt::join(KeysOf(*field.message_type()), ", "));
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
  }
  std::vector<std::string> names;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    std::string name = ValueName(*field.enum_type()->value(i));
    if (!name.empty()) names.push_back(std::move(name));
  }
  return fmt::format("one of: {}", fmt::join(names, ", "));
}

std::string Expected(const FieldDescriptor& field) {
  return field.is_repeated() ? fmt::format("a list; each item is {}", ExpectedItem(field)) : ExpectedItem(field);
}

std::optional<std::string> NearestOf(std::string_view seen, const std::vector<std::string>& candidates) {
  std::optional<std::string> nearest;
  size_t nearest_distance = std::max<size_t>(2, seen.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(seen, candidate);
    if (distance < nearest_distance && distance < candidate.size()) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string Suggest(std::string_view seen, const std::vector<std::string>& candidates) {
  if (const auto nearest = NearestOf(seen, candidates)) return fmt::format("did you mean '{}'?", *nearest);
  return fmt::format("expected one of: {}", fmt::join(candidates, ", "));
}

}  // namespace spillway::config
