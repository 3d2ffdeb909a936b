// Structured logs: one event's name and fields a line, to standard error.
//
//   Log(Severity::kWarning, "feed_gap", {{"feed", feed}, {"missing", missing}});
//   {"time":"2026-11-21T10:00:00.123Z","level":"warning","service":"ingest","instance":"a","event":"feed_gap","feed":1,
//    "missing":3}
//
// JSON where standard error is no terminal, else one readable line, coloured unless NO_COLOR is set. Warn when a person
// may have to act; never log market data event by event, never a secret.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"

namespace spillway::service {

enum class Severity { kDebug, kInfo, kWarning, kError };

class LogField {
 public:
  template <class T>
  LogField(std::string_view name_in, const T& value_in) : name(name_in), value(Convert(value_in)) {}

  using Value = std::variant<bool, int64_t, uint64_t, double, std::string>;
  std::string_view name;
  Value value;

 private:
  template <class T>
  static Value Convert(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
      return static_cast<uint64_t>(value);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(value);
    } else if constexpr (std::is_same_v<T, absl::Status>) {
      return std::string(value.message());
    } else {
      return std::string(std::string_view(value));
    }
  }
};

// Of one field; what is longer is cut and says how long it was.
inline constexpr size_t kLogTextMax = 8192;

// Set at start; Log may be called from any thread at any time, and does not fail.
void SetUpLog(std::string service, std::string instance, Severity least);
void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields = {});

// "debug", "info", "warning", "error".
std::optional<Severity> ParseSeverity(std::string_view name);

}  // namespace spillway::service
