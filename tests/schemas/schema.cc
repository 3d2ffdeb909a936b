#include "tests/schemas/schema.h"

#include <algorithm>
#include <climits>
#include <fstream>
#include <iterator>
#include <sstream>

#include "fmt/format.h"
#include "tests/schemas/golden_file.h"

namespace spillway::schemas {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

constexpr int kReservedMax = 1 << 16;  // "reserved 100 to max" is cut here

Field FieldOf(const FieldDescriptor& field) {
  Field out;
  out.name = field.name();
  out.type = field.message_type() != nullptr ? field.message_type()->full_name()
             : field.enum_type() != nullptr  ? field.enum_type()->full_name()
                                             : field.type_name();
  out.label = field.is_repeated()    ? "repeated"
              : field.is_required()  ? "required"
              : field.has_presence() ? "optional"
                                     : "singular";
  if (field.real_containing_oneof() != nullptr) out.oneof = field.real_containing_oneof()->name();
  return out;
}

void Describe(const EnumDescriptor& type, Schema& schema) {
  for (int i = 0; i < type.value_count(); ++i)
    schema.values[{type.full_name(), type.value(i)->number()}] = type.value(i)->name();
  for (int i = 0; i < type.reserved_range_count(); ++i) {
    for (int n = type.reserved_range(i)->start; n <= std::min(type.reserved_range(i)->end, kReservedMax); ++n)
      schema.reserved[{type.full_name(), n}] = "-";
  }
}

void Describe(const Descriptor& message, Schema& schema) {
  for (int i = 0; i < message.field_count(); ++i)
    schema.fields[{message.full_name(), message.field(i)->number()}] = FieldOf(*message.field(i));
  for (int i = 0; i < message.reserved_range_count(); ++i) {
    for (int n = message.reserved_range(i)->start; n < std::min(message.reserved_range(i)->end, kReservedMax); ++n)
      schema.reserved[{message.full_name(), n}] = "-";
  }
  for (int i = 0; i < message.enum_type_count(); ++i) Describe(*message.enum_type(i), schema);
  for (int i = 0; i < message.nested_type_count(); ++i) Describe(*message.nested_type(i), schema);
}

std::string ToText(const Field& field) {
  return fmt::format("{} {} {} {}", field.name, field.type, field.label, field.oneof);
}

// The number under which `name` is found now; 0: nowhere.
template <class Map, class NameOf>
int NumberOf(const Map& entries, const std::string& type, const std::string& name, NameOf name_of) {
  for (auto it = entries.lower_bound({type, INT_MIN}); it != entries.end() && it->first.first == type; ++it) {
    if (name_of(it->second) == name) return it->first.second;
  }
  return 0;
}

std::string NameOfField(const Field& field) {
  return field.name;
}
std::string NameOfValue(const std::string& name) {
  return name;
}

constexpr std::string_view kWayOut =
    "put it back; what is new gets a new number (old readers skip it), what cannot be added is spillway.v2";

std::string Gone(std::string_view what, const Schema::Key& key, const std::string& was, int now_at) {
  const auto& [type, number] = key;
  if (now_at != 0)
    return fmt::format("{} {} {}: was number {}, is number {}: {}", what, type, was, number, now_at, kWayOut);
  return fmt::format("{} {} {}: was number {}, is removed: {}", what, type, was, number, kWayOut);
}

void CompareField(const Schema::Key& key, const Field& was, const Field& is, std::vector<std::string>& broken) {
  const auto changed = [&](std::string_view what, const std::string& before, const std::string& after) {
    if (before == after) return;
    broken.push_back(fmt::format("field {} {} ({}): {} was '{}', is '{}': {}", key.first, was.name, key.second, what,
                                 before, after, kWayOut));
  };
  changed("its name", was.name, is.name);
  changed("its type", was.type, is.type);
  changed("its label", was.label, is.label);
  changed("its oneof", was.oneof, is.oneof);
}

void CompareNumbers(const Schema& released, const Schema& current, Differences& out) {
  for (const auto& [key, name] : released.withdrawn) {
    if (current.reserved.contains(key)) continue;
    out.broken.push_back(fmt::format(
        "{} {}: this number was withdrawn, is {}: reserve it again, withdrawn numbers are never reused", key.first,
        key.second, current.fields.contains(key) || current.values.contains(key) ? "in use" : "free"));
  }
  for (const auto& [key, name] : released.planned) {
    const auto field = current.fields.find(key);
    if (field == current.fields.end()) {
      if (current.reserved.contains(key)) continue;
      out.broken.push_back(fmt::format("{} {}: this number was reserved for '{}', is free: reserve it again", key.first,
                                       key.second, name));
    } else if (name != "-" && field->second.name != name) {
      out.broken.push_back(fmt::format("{} {}: this number was reserved for '{}', is '{}': take another number",
                                       key.first, key.second, name, field->second.name));
    }
  }
  for (const auto& [key, name] : current.reserved) {
    if (!released.planned.contains(key) && !released.withdrawn.contains(key) && !released.fields.contains(key))
      out.added.planned[key] = "-";
  }
}

}  // namespace

Schema Describe(const std::vector<const FileDescriptor*>& files) {
  Schema schema;
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) Describe(*file->message_type(i), schema);
    for (int i = 0; i < file->enum_type_count(); ++i) Describe(*file->enum_type(i), schema);
  }
  return schema;
}

std::string ToText(const Schema& schema) {
  std::string text;
  const auto line = [&](std::string_view what, const Schema::Key& key, const std::string& rest) {
    text += fmt::format("{} {} {} {}\n", what, key.first, key.second, rest);
  };
  for (const auto& [key, field] : schema.fields) line("field", key, ToText(field));
  for (const auto& [key, name] : schema.values) line("value", key, name);
  for (const auto& [key, name] : schema.planned) line("planned", key, name);
  for (const auto& [key, name] : schema.withdrawn) line("withdrawn", key, name);
  return text;
}

absl::StatusOr<Schema> ParseSchema(std::string_view text) {
  Schema schema;
  std::istringstream lines{std::string(text)};
  int number_of_line = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number_of_line;
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string what, type, rest;
    int number = 0;
    Field field;
    words >> what >> type >> number >> field.name;
    if (what == "field") words >> field.type >> field.label >> field.oneof;
    const bool complete = !words.fail() && !(words >> rest);
    std::map<Schema::Key, std::string>* names = what == "value"       ? &schema.values
                                                : what == "planned"   ? &schema.planned
                                                : what == "withdrawn" ? &schema.withdrawn
                                                                      : nullptr;
    bool fresh = false;
    if (what == "field") {
      fresh = schema.fields.emplace(Schema::Key(type, number), field).second;
    } else if (names != nullptr) {
      fresh = names->emplace(Schema::Key(type, number), field.name).second;
    }
    if (complete && fresh) continue;
    return absl::InvalidArgumentError(
        fmt::format("line {}: '{}' is {}", number_of_line, line,
                    complete && (what == "field" || names != nullptr)
                        ? "there twice"
                        : "none of field, value, planned, withdrawn with type, number, name"));
  }
  return schema;
}

absl::StatusOr<Schema> ReleasedSchema() {
  const std::filesystem::path path = SchemasFolder() / "released" / "v1.txt";
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(fmt::format("{}: there is no such file", path.string()));
  return ParseSchema(std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
}

Differences Compare(const Schema& released, const Schema& current) {
  Differences out;
  for (const auto& [key, was] : released.fields) {
    const auto is = current.fields.find(key);
    const int now_at = NumberOf(current.fields, key.first, was.name, NameOfField);
    if (is == current.fields.end() || (now_at != 0 && now_at != key.second)) {
      out.broken.push_back(Gone("field", key, was.name, now_at));
    } else {
      CompareField(key, was, is->second, out.broken);
    }
  }
  for (const auto& [key, was] : released.values) {
    const auto is = current.values.find(key);
    const int now_at = NumberOf(current.values, key.first, was, NameOfValue);
    if (is == current.values.end() || (is->second != was && now_at != 0)) {
      out.broken.push_back(Gone("value", key, was, now_at));
    } else if (is->second != was) {
      out.broken.push_back(
          fmt::format("value {} {}: was '{}', is '{}': {}", key.first, key.second, was, is->second, kWayOut));
    }
  }
  CompareNumbers(released, current, out);
  for (const auto& [key, field] : current.fields) {
    if (!released.fields.contains(key) && !released.withdrawn.contains(key)) out.added.fields[key] = field;
  }
  for (const auto& [key, name] : current.values) {
    if (!released.values.contains(key)) out.added.values[key] = name;
  }
  return out;
}

}  // namespace spillway::schemas
