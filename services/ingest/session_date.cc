#include "services/ingest/session_date.h"

#include <filesystem>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "services/ingest/source.h"

namespace spillway::ingest {
namespace {

bool IsDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

absl::StatusOr<Time> NewYorkMidnight(const std::string& date) {
  const auto number = [&](size_t from, size_t count) { return std::stoi(date.substr(from, count)); };
  if (IsDate(date)) {
    const absl::CivilDay day(number(0, 4), number(5, 2), number(8, 2));
    const bool real = day.month() == number(5, 2) && day.day() == number(8, 2);  // the type folds 02-30 into March
    absl::TimeZone zone;
    if (!absl::LoadTimeZone("America/New_York", &zone)) {
      return absl::FailedPreconditionError("no time zone data for America/New_York: install tzdata");
    }
    if (real) return TimeFromNanos(absl::ToUnixNanos(absl::FromCivil(day, zone)));
  }
  return absl::InvalidArgumentError(fmt::format("date is '{}', expected a day such as 2012-06-21", date));
}

}  // namespace

std::optional<NamedSession> SessionOfFileName(std::string_view path) {
  const std::string name = std::filesystem::path(path).filename();
  const size_t split = name.find('_');
  if (split == std::string::npos || split == 0 || name.size() < split + 12 || name[split + 11] != '_') return {};
  NamedSession session{.symbol = name.substr(0, split), .date = name.substr(split + 1, 10)};
  if (!IsDate(session.date)) return {};
  return session;
}

absl::StatusOr<Session> SessionOf(const SourceOptions& options) {
  const std::string& file = options.files.front();
  const std::optional<NamedSession> named = SessionOfFileName(file);
  if (options.symbol.empty() && !named) {
    return absl::InvalidArgumentError(fmt::format("{}: neither the file's name nor an option says the symbol", file));
  }
  for (const std::string& each : options.files) {
    const std::optional<NamedSession> other = SessionOfFileName(each);
    if (other && !options.symbol.empty() && other->symbol != options.symbol) {
      return absl::InvalidArgumentError(
          fmt::format("{}: the file's name says symbol '{}', expected '{}'", each, other->symbol, options.symbol));
    }
  }
  if (!options.date && !named) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: the rows carry no day and the file's name has none (TICKER_YYYY-MM-DD_...): give --date", file));
  }
  absl::StatusOr<Time> midnight = NewYorkMidnight(options.date ? *options.date : named->date);
  if (!midnight.ok()) return midnight.status();
  return Session{.symbol = options.symbol.empty() ? named->symbol : options.symbol, .midnight = *midnight};
}

}  // namespace spillway::ingest
