// Brings what the record holds into PostgreSQL: follows the lanes of a session directory, makes rows of their events
// and writes them in batches, each in one transaction with the positions it reaches. Stopped anywhere and started
// again, or given the same messages twice, it ends with the same tables. Only what the record has on stable storage is
// projected, so that the tables never know more than the record.
//
// Reads   trading: all kinds that have a table. market.*: FeedGap alone, which no other lane carries; batches are not
//         decoded. gaps.json: as feed incidents.
//
// While the database is away it reads nothing further than one batch: the record is on disk and waits. Messages that do
// not decode are counted and passed over, as are rows that a table refuses.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/log/event_log.h"
#include "services/journal/projections/postgres.h"

namespace spillway::journal::projections {

struct ProjectorOptions {
  PostgresOptions postgres;
  size_t batch_rows_max = 500;  // one message may exceed it
  Duration batch_age_max = std::chrono::milliseconds(250);
  Duration position_age_max = std::chrono::seconds(5);  // how often positions are written where there are no rows
  size_t poll_messages_max = 5000;
  Duration retry_min = std::chrono::milliseconds(200);  // doubles from failure to failure
  Duration retry_max = std::chrono::seconds(10);
  // Up to which sequence of the session a lane may be read; absent: as far as it goes.
  std::function<uint64_t(const log::LaneName&)> durable;
  std::function<std::chrono::steady_clock::time_point()> clock = [] { return std::chrono::steady_clock::now(); };
};

struct ProjectorStatus {
  bool up = false;                // the database took what it was last given
  RowCounts rows;                 // new ones, since the object was made
  uint64_t lag_messages = 0;      // durable in the record and not projected, all lanes; 0 without `durable`
  uint64_t messages_skipped = 0;  // that did not decode
  uint64_t rows_refused = 0;      // by their tables
  std::string last_refusal;       // why, of the last of both
};

class Projector {
 public:
  Projector(std::filesystem::path session, ProjectorOptions options);
  ~Projector();

  // Reads, and writes what is due. Returns how many messages were read; 0: nothing to do now, sleep a little (also
  // while it waits to try the database again). An error is told once an attempt, and calling again tries again, later:
  // Unavailable and ResourceExhausted pass by themselves, FailedPrecondition and PermissionDenied need a person,
  // DataLoss is of the record.
  absl::StatusOr<size_t> Poll();
  // Reads to the present end and writes all of it; tries the database once.
  absl::Status CatchUp();

  // By any thread.
  ProjectorStatus status() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

struct ProjectionResult {
  RowCounts written;  // new rows
  RowCounts total;    // in the tables
  uint64_t messages_skipped = 0;
  uint64_t rows_refused = 0;
  std::string last_refusal;
};
// What `session` has and the tables have not. Makes the schema if it is missing.
absl::StatusOr<ProjectionResult> ProjectSession(const std::filesystem::path& session, const PostgresOptions& options);
// The same from empty tables: all that other records brought goes too, and comes back only from them.
absl::StatusOr<ProjectionResult> RebuildProjections(const std::filesystem::path& session,
                                                    const PostgresOptions& options);

}  // namespace spillway::journal::projections
