// The projections' database. The only code that knows libpqxx; its errors come as statuses:
//
//   Unavailable         not reached, or the connection was lost: connect again, later
//   PermissionDenied    credentials, or rights
//   FailedPrecondition  the schema is not this build's: the text says the way out
//   InvalidArgument     a row that the tables do not take
//   ResourceExhausted   the server has no space, memory or connections left
//
// Used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/journal/projections/migrations.h"
#include "services/journal/projections/rows.h"

namespace spillway::journal::projections {

struct PostgresOptions {
  std::string host = "127.0.0.1";  // name, address, or directory of the socket
  uint16_t port = 5432;
  std::string database = "spillway";
  std::string user = "spillway";
  std::string password;           // in no message
  std::string schema = "public";  // made if it is missing; all tables are in it
  int connect_timeout_seconds = 5;
};

using RowCounts = std::map<std::string, uint64_t>;      // by table
using LanePositions = std::map<std::string, uint64_t>;  // sequence by lane

class Postgres {
 public:
  static absl::StatusOr<std::unique_ptr<Postgres>> Connect(const PostgresOptions& options);
  ~Postgres();

  // Applies what is missing, each step in a transaction of its own; processes that start together wait for each other.
  // FailedPrecondition: an applied step is not what this build has under its number, or the database is newer than it.
  absl::Status Migrate(const std::vector<Migration>& migrations = Migrations());

  // How far each lane of a record is in the tables.
  absl::StatusOr<LanePositions> Positions(const std::string& record);

  // In one transaction: the rows that are not there yet, the scorecards they touch, and the positions (which never go
  // back). Returns how many rows were new.
  absl::StatusOr<RowCounts> Write(const std::string& record, const std::vector<Row>& rows,
                                  const LanePositions& positions);
  // The same row by row: those that a table refuses are left out and added to `refused`, with why.
  absl::StatusOr<RowCounts> WriteEach(const std::string& record, const std::vector<Row>& rows,
                                      const LanePositions& positions, std::vector<std::string>& refused);

  // Empties all tables, of all records.
  absl::Status Clear();

  absl::StatusOr<RowCounts> Counts();
  // Every row of every table as text, in one order: equal content gives equal text.
  absl::StatusOr<std::string> Dump();

 private:
  struct Session;
  explicit Postgres(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

}  // namespace spillway::journal::projections
