// The day of files whose rows carry only a time since midnight in New York, as US equity exporters write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "services/ingest/source.h"

namespace spillway::ingest {

// "AAPL_2012-06-21_34200000_57600000_message_10.csv": the symbol and the day that the name of a file begins with.
struct NamedSession {
  std::string symbol;
  std::string date;
};
std::optional<NamedSession> SessionOfFileName(std::string_view path);

// What is imported: from the options, else from the first file's name. InvalidArgument if neither says it, if the name
// says another symbol, or if the date is none.
struct Session {
  std::string symbol;
  Time midnight;  // New York's, of the session's day
};
absl::StatusOr<Session> SessionOf(const SourceOptions& options);

}  // namespace spillway::ingest
