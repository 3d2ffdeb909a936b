#include "libs/service/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "libs/base/time.h"
#include "nlohmann/json.hpp"

namespace spillway::service {
namespace {

struct Destination {
  std::mutex mutex;
  std::string service;
  std::string instance;
  Severity least = Severity::kInfo;
  bool terminal = false;
  bool colour = false;
};

Destination& TheDestination() {
  static auto& destination = *new Destination;  // never destroyed: threads may log until the very end
  return destination;
}

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

std::string Bounded(const std::string& text) {
  if (text.size() <= kLogTextMax) return text;
  return fmt::format("{}... ({} bytes)", std::string_view(text).substr(0, kLogTextMax), text.size());
}

// "2026-11-21T10:00:00.123Z"
std::string Milliseconds(Time time) {
  constexpr size_t kUpToMilliseconds = sizeof("2026-11-21T10:00:00.123") - 1;
  return FormatTime(time).substr(0, kUpToMilliseconds) + 'Z';
}

using Json = nlohmann::ordered_json;

Json ToJson(const LogField& field) {
  return std::visit(
      [](const auto& value) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
          return Bounded(value);
        } else {
          return value;
        }
      },
      field.value);
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // bytes that are no UTF-8 do not throw
}

std::string JsonLine(const Destination& to, Time time, Severity severity, std::string_view event,
                     std::initializer_list<LogField> fields) {
  Json line;
  line["time"] = Milliseconds(time);
  line["level"] = Name(severity);
  if (!to.service.empty()) line["service"] = to.service;
  if (!to.instance.empty()) line["instance"] = to.instance;
  line["event"] = event;
  for (const LogField& field : fields) {
    std::string name(field.name);
    while (line.contains(name)) name += '_';  // what every line has stays as it is
    line[name] = ToJson(field);
  }
  return Dump(line) + '\n';
}

// Control characters and colours of others never reach the terminal: what is not plain is quoted as in JSON.
std::string Readable(const LogField& field) {
  const Json json = ToJson(field);
  const std::string text = Dump(json);
  if (!json.is_string() || text.size() <= 2) return text;
  if (text.find_first_of(" \\=", 1) != std::string::npos) return text;
  return text.substr(1, text.size() - 2);
}

std::string ReadableLine(const Destination& to, Time time, Severity severity, std::string_view event,
                         std::initializer_list<LogField> fields) {
  constexpr std::string_view kColours[] = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31;1m"};
  const std::string_view colour = to.colour ? kColours[static_cast<int>(severity)] : "";
  const std::string_view dim = to.colour ? "\x1b[2m" : "";
  const std::string_view plain = to.colour ? "\x1b[0m" : "";
  std::string line = fmt::format("{}{}{} {}{:<7}{} {} {}", dim, FormatTimeOfDay(time, 3), plain, colour, Name(severity),
                                 plain, to.service, event);
  for (const LogField& field : fields) {
    line += fmt::format(" {}{}={}{}", dim, field.name, plain, Readable(field));
  }
  return line + '\n';
}

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads the log: the service goes on
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void SetUpLog(std::string service, std::string instance, Severity least) {
  Destination& to = TheDestination();
  const std::lock_guard lock(to.mutex);
  to.service = std::move(service);
  to.instance = std::move(instance);
  to.least = least;
  to.terminal = ::isatty(STDERR_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  to.colour = to.terminal && (no_colour == nullptr || *no_colour == '\0');
}

std::optional<Severity> ParseSeverity(std::string_view name) {
  for (const Severity severity : {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (Name(severity) == name) return severity;
  }
  return std::nullopt;
}

void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields) {
  Destination& to = TheDestination();
  const std::lock_guard lock(to.mutex);
  if (severity < to.least) return;
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  WriteAll(STDERR_FILENO,
           to.terminal ? ReadableLine(to, now, severity, event, fields) : JsonLine(to, now, severity, event, fields));
}

}  // namespace spillway::service
