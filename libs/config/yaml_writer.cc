#include <algorithm>
#include <array>
#include <charconv>

#include "fmt/format.h"
#include "google/protobuf/message.h"
#include "libs/base/decimal.h"
#include "libs/base/time.h"
#include "libs/config/schema.h"
#include "libs/config/yaml.h"

namespace spillway::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The shortest digits that read back as the same number, without an exponent.
template <class T>
std::string NumberText(T number) {
  std::array<char, 400> buffer;  // the smallest double has 324 zeros after its point
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer.data(), end) : fmt::format("{}", number);
}

// Plain where no reader of YAML could take it for anything but text.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@./";
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool starts_with_letter = !lower.empty() && lower[0] >= 'a' && lower[0] <= 'z';
  const bool is_word = std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
  if (starts_with_letter && !is_word && text.find_first_not_of(kSafe) == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// `index` < 0: the value of a singular field.
std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* f = &field;
  switch (field.cpp_type()) {
#define SPILLWAY_GET(NAME) \
  (index < 0 ? reflection.Get##NAME(message, f) : reflection.GetRepeated##NAME(message, f, index))
    case FieldDescriptor::CPPTYPE_BOOL:
      return SPILLWAY_GET(Bool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(SPILLWAY_GET(Int32));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(SPILLWAY_GET(UInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(SPILLWAY_GET(UInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberText(SPILLWAY_GET(Double));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberText(SPILLWAY_GET(Float));
    case FieldDescriptor::CPPTYPE_STRING:
      return Quoted(SPILLWAY_GET(String));
    case FieldDescriptor::CPPTYPE_ENUM:
      return ValueName(*SPILLWAY_GET(Enum));
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t number = SPILLWAY_GET(Int64);
      switch (ScaleOf(field)) {
        case Scale::kE9:
          return FormatDecimal(number, 9);
        case Scale::kE8:
          return FormatDecimal(number, 8);
        case Scale::kNanos:
          return FormatDuration(Duration(number));
        case Scale::kNone:
          return std::to_string(number);
      }
      break;
    }
#undef SPILLWAY_GET
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

// Lines of "key: value", each indented; empty if nothing is to be said.
std::string MapText(const Message& message, size_t indent) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  const std::string margin(indent, ' ');
  std::string text;
  // A nested map goes below its key; an empty one stays beside it.
  const auto below = [&](const Message& nested) {
    const std::string lines = MapText(nested, indent + 2);
    return lines.empty() ? " {}\n" : "\n" + lines;
  };
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string key = margin + KeyOf(field) + ":";
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field.is_repeated()) {
      const std::string& unless = LimitsOf(field).required_unless();
      const bool required = LimitsOf(field).required() ||
                            (!unless.empty() && !reflection.HasField(message, type.FindFieldByName(unless)));
      const bool must_stand = required && !is_message && field.enum_type() == nullptr;
      if (!reflection.HasField(message, &field) && !must_stand) continue;
      text += key + (is_message ? below(reflection.GetMessage(message, &field))
                                : " " + ScalarText(message, field, -1) + "\n");
      continue;
    }
    const int size = reflection.FieldSize(message, &field);
    if (size == 0) continue;
    text += key;
    if (!is_message) {
      for (int item = 0; item < size; ++item) text += (item == 0 ? " [" : ", ") + ScalarText(message, field, item);
      text += "]\n";
      continue;
    }
    text += "\n";
    for (int item = 0; item < size; ++item) {
      std::string lines = MapText(reflection.GetRepeatedMessage(message, &field, item), indent + 4);
      if (lines.empty()) lines = margin + "    {}\n";
      lines[indent + 2] = '-';
      text += lines;
    }
  }
  return text;
}

// What a person calls an item of a list.
std::string ItemName(const Message& item, int place) {
  for (const char* const key : {"id", "name"}) {
    const FieldDescriptor* const field = item.GetDescriptor()->FindFieldByName(key);
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    if (std::string name = item.GetReflection()->GetString(item, field); !name.empty()) return name;
  }
  return std::to_string(place);
}

void AddValues(const Message& message, const std::string& path, std::vector<NamedValue>& values) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string at = path.empty() ? KeyOf(field) : path + "." + KeyOf(field);
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field.is_repeated()) {
      if (!reflection.HasField(message, &field)) continue;
      if (is_message) {
        AddValues(reflection.GetMessage(message, &field), at, values);
      } else {
        values.push_back({at, ScalarText(message, field, -1)});
      }
      continue;
    }
    std::string list;
    for (int item = 0; item < reflection.FieldSize(message, &field); ++item) {
      if (is_message) {
        const Message& nested = reflection.GetRepeatedMessage(message, &field, item);
        AddValues(nested, fmt::format("{}[{}]", at, ItemName(nested, item)), values);
      } else {
        list += (item == 0 ? "[" : ", ") + ScalarText(message, field, item);
      }
    }
    if (!list.empty()) values.push_back({at, list + "]"});
  }
}

}  // namespace

std::vector<NamedValue> ValuesOf(const Message& message) {
  std::vector<NamedValue> values;
  AddValues(message, "", values);
  return values;
}

std::string ToYaml(const Message& message) {
  const std::string text = MapText(message, 0);
  return text.empty() ? "{}\n" : text;
}

}  // namespace spillway::config
