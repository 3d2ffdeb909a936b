#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/journal/projections/projector.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"

namespace spillway::cli {
namespace {

using journal::projections::Postgres;
using journal::projections::PostgresOptions;
using journal::projections::ProjectionResult;

// A password is never on the command line, where other users see it.
absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream stream(file);
  std::string password((std::istreambuf_iterator<char>(stream)), {});
  if (!stream && password.empty()) return absl::NotFoundError(fmt::format("{}: cannot be read", file));
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  return password;
}

int PrintDump(const PostgresOptions& options) {
  absl::StatusOr<std::unique_ptr<Postgres>> postgres = Postgres::Connect(options);
  if (!postgres.ok()) return Fail(postgres.status());
  const absl::StatusOr<std::string> dump = (*postgres)->Dump();
  if (!dump.ok()) return Fail(dump.status());
  fmt::print("{}", *dump);
  return kExitOk;
}

void Print(const ProjectionResult& result, bool json) {
  if (json) {
    const nlohmann::ordered_json document = {{"written", result.written},
                                             {"total", result.total},
                                             {"messages_skipped", result.messages_skipped},
                                             {"rows_refused", result.rows_refused},
                                             {"last_refusal", result.last_refusal}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  fmt::print("{:<24} {:>12} {:>12}\n", "table", "new rows", "rows");
  for (const auto& [table, count] : result.total) {
    const auto written = result.written.find(table);
    fmt::print("{:<24} {:>12} {:>12}\n", table, written == result.written.end() ? 0 : written->second, count);
  }
  if (result.messages_skipped + result.rows_refused > 0) {
    fmt::print("left out: {} messages that do not decode, {} rows that a table refused; the last: {}\n",
               result.messages_skipped, result.rows_refused, result.last_refusal);
  }
}

}  // namespace

int Project(const ProjectArguments& arguments) {
  const absl::StatusOr<std::string> password = ReadPassword(arguments.password_file);
  if (!password.ok()) return Fail(password.status());
  const PostgresOptions options{.host = arguments.host,
                                .port = arguments.port,
                                .database = arguments.database,
                                .user = arguments.user,
                                .password = *password,
                                .schema = arguments.schema};
  const absl::StatusOr<ProjectionResult> result =
      arguments.rebuild ? journal::projections::RebuildProjections(arguments.session, options)
                        : journal::projections::ProjectSession(arguments.session, options);
  if (!result.ok()) return Fail(result.status());
  if (arguments.dump) return PrintDump(options);
  Print(*result, arguments.json);
  return kExitOk;
}

}  // namespace spillway::cli
