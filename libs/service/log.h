// Structured logs: one event's name and fields a line, to standard error.
//
//   Log(Severity::kWarning, "feed_gap", {{"feed", feed}, {"missing", missing}});
//   {"time":"2026-11-21T10:00:00.123Z","level":"warning","service":"ingest","event":"feed_gap","feed":1,"missing":3}
//
// JSON where standard error is no terminal, else one readable line, coloured. Warn when a person may have to act; never
// log market data event by event, never a secret.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
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
  LogField(std::string_view name, const T& value) : name(name) {
    if constexpr (std::is_same_v<T, bool>) {
      this->value = value;
    } else if constexpr (std::is_floating_point_v<T>) {
      this->value = static_cast<double>(value);
    } else if constexpr (std::is_unsigned_v<T>) {
      this->value = static_cast<uint64_t>(value);
    } else if constexpr (std::is_integral_v<T>) {
      this->value = static_cast<int64_t>(value);
    } else if constexpr (std::is_same_v<T, absl::Status>) {
      this->value = std::string(value.message());
    } else {
      this->value = std::string(std::string_view(value));
    }
  }
  std::string_view name;
  std::variant<bool, int64_t, uint64_t, double, std::string> value;
};

// Set once at start; Log may be called from any thread at any time.
void SetUpLog(std::string service, std::string instance, Severity least);
void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace spillway::service
