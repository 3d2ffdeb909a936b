#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <variant>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "google/protobuf/message.h"
#include "libs/base/decimal.h"
#include "libs/base/time.h"
#include "libs/config/schema.h"
#include "libs/config/yaml.h"
#include "yaml-cpp/yaml.h"

namespace spillway::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// A scalar as protobuf holds it; int32_t is the number of an enum value or an int32.
using Value = std::variant<bool, int32_t, int64_t, uint32_t, uint64_t, double, float, std::string>;

// "-12.50" and nothing else: no exponent, sign +, octal, hexadecimal, underscore.
bool IsPlainNumber(std::string_view text, bool whole) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
  const std::string_view rest = text.substr(digits);
  if (rest.empty()) return true;
  return !whole && rest.size() > 1 && rest[0] == '.' &&
         rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

template <class T>
std::optional<Value> ReadNumber(const std::string& text) {
  T number{};
  if (!IsPlainNumber(text, std::is_integral_v<T>)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> ReadScaled(const std::string& text, Scale scale) {
  if (scale == Scale::kNanos) {
    const absl::StatusOr<Duration> duration = ParseDuration(text);
    if (!duration.ok()) return std::nullopt;
    return int64_t{duration->count()};
  }
  int64_t value = 0;
  if (!IsPlainNumber(text, false) || !ParseDecimalTo(text, scale == Scale::kE9 ? 9 : 8, value)) return std::nullopt;
  return value;
}

// nullopt: the text is not a value of the field's type.
std::optional<Value> ReadScalar(const std::string& text, bool quoted, const FieldDescriptor& field) {
  const Scale scale = ScaleOf(field);
  if (scale != Scale::kNone) return ReadScaled(text, scale);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return text;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    const std::optional<int> number = FindValue(*field.enum_type(), text);
    if (!number) return std::nullopt;
    return int32_t{*number};
  }
  if (quoted) return std::nullopt;  // "5" is text
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return std::nullopt;
      return text == "true";
    case FieldDescriptor::CPPTYPE_INT32:
      return ReadNumber<int32_t>(text);
    case FieldDescriptor::CPPTYPE_INT64:
      return ReadNumber<int64_t>(text);
    case FieldDescriptor::CPPTYPE_UINT32:
      return ReadNumber<uint32_t>(text);
    case FieldDescriptor::CPPTYPE_UINT64:
      return ReadNumber<uint64_t>(text);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ReadNumber<double>(text);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ReadNumber<float>(text);
    default:
      return std::nullopt;
  }
}

void Store(Message& out, const FieldDescriptor& field, const Value& value) {
  const Reflection& reflection = *out.GetReflection();
  const bool add = field.is_repeated();
  const FieldDescriptor* f = &field;
  switch (field.cpp_type()) {
#define SPILLWAY_STORE(TYPE, NAME, MEMBER)                                               \
  case FieldDescriptor::CPPTYPE_##TYPE:                                                  \
    add ? reflection.Add##NAME(&out, f, MEMBER) : reflection.Set##NAME(&out, f, MEMBER); \
    break;
    SPILLWAY_STORE(BOOL, Bool, std::get<bool>(value))
    SPILLWAY_STORE(INT32, Int32, std::get<int32_t>(value))
    SPILLWAY_STORE(INT64, Int64, std::get<int64_t>(value))
    SPILLWAY_STORE(UINT32, UInt32, std::get<uint32_t>(value))
    SPILLWAY_STORE(UINT64, UInt64, std::get<uint64_t>(value))
    SPILLWAY_STORE(DOUBLE, Double, std::get<double>(value))
    SPILLWAY_STORE(FLOAT, Float, std::get<float>(value))
    SPILLWAY_STORE(STRING, String, std::get<std::string>(value))
    SPILLWAY_STORE(ENUM, EnumValue, std::get<int32_t>(value))
#undef SPILLWAY_STORE
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
}

// Units of the stored number in one unit of what is written: 1e9 nanoseconds are a second.
double UnitsOf(Scale scale) {
  return scale == Scale::kNone ? 1.0 : scale == Scale::kE8 ? 1e8 : 1e9;
}

std::string FormatLimit(double limit, Scale scale) {
  return scale == Scale::kNanos ? FormatDuration(Duration(std::llround(limit * 1e9))) : fmt::format("{}", limit);
}

// std::regex recurses with the length of the text; what a pattern describes (a name, a time of day) is short.
constexpr size_t kPatternTextMax = 1000;
// A longer key is no misspelt one.
constexpr size_t kKeyShownMax = 60;

// Which limit the value breaks: "is below the minimum 1". Empty: none.
std::string BrokenLimit(const Value& value, const FieldDescriptor& field) {
  const v1::Limits& limits = LimitsOf(field);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (limits.pattern().empty()) return "";
    if (text->size() > kPatternTextMax)
      return fmt::format("has {} letters, at most {} are allowed", text->size(), kPatternTextMax);
    if (std::regex_match(*text, std::regex(limits.pattern()))) return "";
    return fmt::format("does not match the pattern {}", limits.pattern());
  }
  const Scale scale = ScaleOf(field);
  // Limits are compared in stored units: 0.03 is then a whole number on both sides.
  const auto compare = [&](double limit) -> int {
    return std::visit(
        [&](const auto& number) -> int {
          if constexpr (std::is_arithmetic_v<std::decay_t<decltype(number)>>) {
            const long double stored = static_cast<long double>(limit) * UnitsOf(scale);
            const long double bound = scale == Scale::kNone ? stored : std::round(stored);
            const auto seen = static_cast<long double>(number);
            return seen < bound ? -1 : seen > bound ? 1 : 0;
          }
          return 0;
        },
        value);
  };
  if (limits.has_min() && compare(limits.min()) < 0) {
    return fmt::format("is below the minimum {}", FormatLimit(limits.min(), scale));
  }
  if (limits.has_max() && compare(limits.max()) > 0) {
    return fmt::format("is above the maximum {}", FormatLimit(limits.max(), scale));
  }
  if (limits.has_greater_than() && compare(limits.greater_than()) <= 0) {
    return fmt::format("is not above {}", FormatLimit(limits.greater_than(), scale));
  }
  return "";
}

// A scalar as it stands in a message: quoted as it was, and not too long.
std::string Shown(const std::string& text, char quote = '\'') {
  constexpr size_t kLengthMax = 60;
  const bool short_enough = text.size() <= kLengthMax;
  return fmt::format("{0}{1}{2}{0}", quote, short_enough ? text : text.substr(0, kLengthMax),
                     short_enough ? "" : "...");
}

std::string Shown(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : Shown(node.Scalar());
}

std::string Join(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

// One document laid over a message.
class LayerReader {
 public:
  LayerReader(std::string_view file, Origins& origins, Problems& problems)
      : file_(file), origins_(origins), problems_(problems) {}

  void ReadMessage(const YAML::Node& node, int line, const std::string& path, Message& out) {
    if (!node.IsMap()) {
      Report(line, path,
             fmt::format("{} where a map was expected, with the keys {}", Shown(node),
                         fmt::join(KeysOf(*out.GetDescriptor()), ", ")));
      return;
    }
    std::map<std::string, int> lines;  // of the keys seen
    std::map<const OneofDescriptor*, std::string> chosen;
    for (const auto& entry : node) {
      const int key_line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) {
        Report(key_line, path, "a key that is not plain text; write 'key: value'");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const auto [seen, is_new] = lines.emplace(key, key_line);
      if (!is_new) {
        Report(key_line, Join(path, key), fmt::format("given twice, first on line {}; keep one", seen->second));
        continue;
      }
      const FieldDescriptor* field = FindByKey(*out.GetDescriptor(), key);
      if (field == nullptr) {
        UnknownKey(key_line, path, key, *out.GetDescriptor());
        continue;
      }
      if (const OneofDescriptor* oneof = field->real_containing_oneof()) {
        const auto [other, is_first] = chosen.emplace(oneof, key);
        if (!is_first) {
          Report(key_line, Join(path, key), fmt::format("excludes '{}' given above; keep one", other->second));
          continue;
        }
      }
      ReadField(entry.second, key_line, Join(path, key), *field, out);
    }
  }

 private:
  void Report(int line, const std::string& path, std::string text) {
    problems_.Add({.file = file_, .line = line}, path, std::move(text));
  }

  void UnknownKey(int line, const std::string& path, const std::string& key,
                  const google::protobuf::Descriptor& message) {
    if (key.size() > kKeyShownMax) {
      Report(line, Join(path, key.substr(0, kKeyShownMax) + "..."), "unknown key; " + Suggest("", KeysOf(message)));
      return;
    }
    const std::string at = Join(path, key);
    if (const FieldDescriptor* field = message.FindFieldByName(key)) {  // price_min_e9
      Report(line, at, fmt::format("unknown key; write '{}', {}", KeyOf(*field), Expected(*field)));
      return;
    }
    if (key == "<<") {
      Report(line, at, "merge keys are not supported; write the keys out");
      return;
    }
    if (at == "base") {
      Report(line, at, "unknown key; only strategy profiles have a base: write the values out here");
      return;
    }
    Report(line, at, "unknown key; " + Suggest(key, KeysOf(message)));
  }

  void ReadField(const YAML::Node& node, int line, const std::string& path, const FieldDescriptor& field,
                 Message& out) {
    origins_.Set(path, {.file = file_, .line = line});
    if (!field.is_repeated()) {
      ReadItem(node, line, path, field, out);
      return;
    }
    out.GetReflection()->ClearField(&out, &field);
    origins_.EraseBelow(path);
    if (!node.IsSequence()) {
      Report(line, path, fmt::format("{} where a list was expected; write [ ... ]", Shown(node)));
      return;
    }
    size_t i = 0;
    for (const YAML::Node& item : node) {
      const std::string item_path = fmt::format("{}[{}]", path, i++);
      const int item_line = item.Mark().line + 1;
      origins_.Set(item_path, {.file = file_, .line = item_line});
      ReadItem(item, item_line, item_path, field, out);
    }
    if (node.size() < LimitsOf(field).items_min()) {
      Report(line, path, fmt::format("{} items, expected at least {}", node.size(), LimitsOf(field).items_min()));
    }
  }

  // The value of a singular field, or one item of a list.
  void ReadItem(const YAML::Node& node, int line, const std::string& path, const FieldDescriptor& field, Message& out) {
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      Report(line, path, fmt::format("the tag {} is not supported; leave it out", tag));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const Reflection& reflection = *out.GetReflection();
      Message* nested =
          field.is_repeated() ? reflection.AddMessage(&out, &field) : reflection.MutableMessage(&out, &field);
      ReadMessage(node, line, path, *nested);
    } else if (node.IsNull()) {
      Report(line, path, fmt::format("empty, expected {}; leave the key out if it is not wanted", ExpectedItem(field)));
    } else if (!node.IsScalar()) {
      Report(line, path, fmt::format("{} where one value was expected: {}", Shown(node), ExpectedItem(field)));
    } else {
      ReadText(node.Scalar(), tag == "!", line, path, field, out);
    }
  }

  void ReadText(const std::string& text, bool quoted, int line, const std::string& path, const FieldDescriptor& field,
                Message& out) {
    const std::string shown = Shown(text, quoted ? '"' : '\'');
    const std::optional<Value> value = ReadScalar(text, quoted, field);
    if (!value) {
      const bool unquoting_helps = quoted && ReadScalar(text, false, field);
      Report(line, path,
             fmt::format("{} is not {}{}", shown, ExpectedItem(field), unquoting_helps ? "; remove the quotes" : ""));
      return;
    }
    const std::string broken = BrokenLimit(*value, field);
    if (!broken.empty()) {
      Report(line, path,
             fmt::format("{} {}", field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ? shown : text, broken));
      return;
    }
    Store(out, field, *value);
  }

  std::string file_;
  Origins& origins_;
  Problems& problems_;
};

void CheckRequiredBelow(const Message& message, const std::string& path, const Origins& origins, Problems& problems) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string at = Join(path, KeyOf(field));
    const v1::Limits& limits = LimitsOf(field);
    if ((limits.required() || limits.items_min() > 0) && origins.Find(at) == nullptr) {
      problems.Add(origins.Nearest(path), at, fmt::format("missing; expected {}", Expected(field)));
    }
    if (!limits.required_unless().empty()) {
      const bool here = origins.Find(at) != nullptr;
      const bool other = origins.Find(Join(path, limits.required_unless())) != nullptr;
      if (!here && !other) {
        problems.Add(origins.Nearest(path), at,
                     fmt::format("missing; expected {}, or {} instead", Expected(field), limits.required_unless()));
      } else if (here && other) {
        problems.Add(origins.Nearest(at), at, fmt::format("excludes {}; keep one of them", limits.required_unless()));
      }
    }
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field.is_repeated()) {
      if (reflection.HasField(message, &field)) {
        CheckRequiredBelow(reflection.GetMessage(message, &field), at, origins, problems);
      }
      continue;
    }
    for (int item = 0; item < reflection.FieldSize(message, &field); ++item) {
      CheckRequiredBelow(reflection.GetRepeatedMessage(message, &field, item), fmt::format("{}[{}]", at, item), origins,
                         problems);
    }
  }
}

}  // namespace

bool ReadLayer(std::string_view text, std::string_view file_name, Message& out, Origins& origins, Problems& problems) {
  const auto refuse = [&](int line, std::string what) {
    problems.Add({.file = std::string(file_name), .line = line}, "", std::move(what));
    return false;
  };
  origins.Set("", {.file = std::string(file_name), .line = 1});
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty() || documents[0].IsNull()) {
      return refuse(1, fmt::format("no configuration in the file; expected the keys {}",
                                   fmt::join(KeysOf(*out.GetDescriptor()), ", ")));
    }
    if (documents.size() > 1) {
      return refuse(documents[1].Mark().line + 1,
                    fmt::format("{} YAML documents; keep one, without '---'", documents.size()));
    }
    LayerReader(file_name, origins, problems).ReadMessage(documents[0], documents[0].Mark().line + 1, "", out);
    return documents[0].IsMap();
  } catch (const YAML::Exception& error) {
    return refuse(error.mark.is_null() ? 1 : error.mark.line + 1, fmt::format("not YAML: {}", error.msg));
  }
}

void CheckRequired(const Message& message, const Origins& origins, Problems& problems) {
  CheckRequiredBelow(message, "", origins, problems);
}

absl::Status ParseYaml(std::string_view text, std::string_view file_name, Message& out) {
  const std::unique_ptr<Message> read(out.New());
  Origins origins;
  Problems problems;
  if (ReadLayer(text, file_name, *read, origins, problems)) CheckRequired(*read, origins, problems);
  if (problems.empty()) out.CopyFrom(*read);
  return problems.ToStatus();
}

absl::Status ParseYamlFile(const std::filesystem::path& file, Message& out) {
  std::string text;
  const absl::Status status = ReadFile(file, text);
  return status.ok() ? ParseYaml(text, file.string(), out) : status;
}

absl::Status ReadFile(const std::filesystem::path& file, std::string& text) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return absl::InvalidArgumentError(fmt::format("{}: is a directory, expected a YAML file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("{}: no such file, or it cannot be read", file.string()));
  text.resize(kFileBytesMax + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("{}: longer than {} bytes, expected a configuration file", file.string(), kFileBytesMax));
  }
  return absl::OkStatus();
}

}  // namespace spillway::config
