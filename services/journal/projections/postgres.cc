#include "services/journal/projections/postgres.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <pqxx/pqxx>
#include <set>
#include <tuple>

#include "libs/log/lane_chain.h"

namespace spillway::journal::projections {

namespace {

// Any number that is ours: who changes the schema, or writes, holds it.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(7203041)";

// Rows come through one table, as JSON: COPY into it, and one INSERT a target.
constexpr const char* kStage =
    "CREATE TEMPORARY TABLE IF NOT EXISTS stage (target text, content jsonb) ON COMMIT DELETE ROWS";

constexpr const char* kScorecards = R"(
WITH touched AS (
  SELECT DISTINCT (content->>'instance_id')::bigint AS instance_id, (content->>'trading_day')::date AS trading_day
  FROM stage WHERE target IN ('signals', 'signal_cancellations', 'decisions', 'outcomes')
), counted AS (
  SELECT t.*, s.*, c.*, d.*, r.*, o.*
  FROM touched t,
  LATERAL (SELECT count(*) FILTER (WHERE accepted) AS signals_accepted,
                  count(*) FILTER (WHERE NOT accepted AND NOT preview) AS signals_rejected
           FROM signals x WHERE (x.instance_id, x.trading_day) = (t.instance_id, t.trading_day)) s,
  LATERAL (SELECT count(*) AS signals_cancelled
           FROM signal_cancellations x WHERE (x.instance_id, x.trading_day) = (t.instance_id, t.trading_day)) c,
  LATERAL (SELECT count(*) FILTER (WHERE approved) AS alerts
           FROM decisions x WHERE (x.instance_id, x.trading_day) = (t.instance_id, t.trading_day)) d,
  LATERAL (SELECT coalesce(jsonb_object_agg(rule, n), '{}') AS refusals
           FROM (SELECT rule, count(*) AS n FROM decisions x
                 WHERE (x.instance_id, x.trading_day) = (t.instance_id, t.trading_day) AND NOT approved
                 GROUP BY rule) y) r,
  LATERAL (SELECT count(*) FILTER (WHERE label = 'MISS') AS misses,
                  count(*) FILTER (WHERE label = 'TARGET') AS targets,
                  count(*) FILTER (WHERE label = 'STOP') AS stops,
                  count(*) FILTER (WHERE label = 'TIME') AS times,
                  count(*) FILTER (WHERE label = 'CANCELLED') AS cancelled,
                  count(exited) AS closed,
                  count(exited) FILTER (WHERE profit_net > 0) AS wins,
                  round(avg(r_multiple::numeric) FILTER (WHERE exited IS NOT NULL), 12) AS expectancy_r,
                  coalesce(sum(profit_net) FILTER (WHERE exited IS NOT NULL), 0) AS profit_net
           FROM outcomes x WHERE (x.instance_id, x.trading_day) = (t.instance_id, t.trading_day) AND NOT near_miss) o
), rated AS (
  SELECT *, wins::float8 / nullif(closed, 0) AS p, nullif(closed, 0)::float8 AS n, 1.959963984540054::float8 AS z
  FROM counted
)
INSERT INTO scorecards
SELECT instance_id, trading_day, signals_accepted, signals_rejected, signals_cancelled, alerts, refusals, misses, targets,
       stops, times, cancelled, closed, wins, p,
       greatest((p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n), CASE WHEN n > 0 THEN 0.0 END),
       least((p + z * z / (2 * n) + z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n), CASE WHEN n > 0 THEN 1.0 END),
       expectancy_r, profit_net
FROM rated
ON CONFLICT (instance_id, trading_day) DO UPDATE SET
  signals_accepted = excluded.signals_accepted, signals_rejected = excluded.signals_rejected,
  signals_cancelled = excluded.signals_cancelled, alerts = excluded.alerts, refusals = excluded.refusals,
  misses = excluded.misses, targets = excluded.targets, stops = excluded.stops, times = excluded.times,
  cancelled = excluded.cancelled, closed = excluded.closed, wins = excluded.wins, win_rate = excluded.win_rate,
  win_rate_low = excluded.win_rate_low, win_rate_high = excluded.win_rate_high, expectancy_r = excluded.expectancy_r,
  profit_net = excluded.profit_net
)";

// 'value', as a libpq connection string takes it.
std::string Quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::string ConnectionString(const PostgresOptions& options) {
  std::string text = fmt::format("host={} port={} dbname={} user={} connect_timeout={} application_name=spillway",
                                 Quoted(options.host), options.port, Quoted(options.database), Quoted(options.user),
                                 options.connect_timeout_seconds);
  // A server that is gone without a word is noticed.
  text += " keepalives_idle=10 keepalives_interval=5 keepalives_count=3";
  text += " options='-c client_min_messages=warning -c timezone=UTC -c statement_timeout=60000'";
  if (!options.password.empty()) text += " password=" + Quoted(options.password);
  return text;
}

std::string OneLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string Where(const PostgresOptions& options) {
  return fmt::format("PostgreSQL {}:{} database {} as {}", options.host, options.port, options.database, options.user);
}

absl::Status ConnectionError(const std::string& where, const std::string& text) {
  const std::string message = fmt::format("{}: {}", where, OneLine(text));
  if (Contains(text, "authentication failed") || Contains(text, "no password supplied") ||
      Contains(text, "pg_hba.conf") || Contains(text, "role \"")) {
    return absl::PermissionDeniedError(message + "; expected a user and password that the server knows");
  }
  if (Contains(text, "database \"") && Contains(text, "does not exist")) {
    return absl::FailedPreconditionError(message + "; create it (createdb)");
  }
  return absl::UnavailableError(message);
}

absl::Status SqlError(const std::string& where, const pqxx::sql_error& error) {
  const std::string state = error.sqlstate();
  const std::string message = fmt::format("{}: {} (SQLSTATE {})", where, OneLine(error.what()), state);
  const std::string kind = state.substr(0, 2);
  if (kind == "22" || kind == "23") return absl::InvalidArgumentError(message);
  if (kind == "28" || state == "42501") return absl::PermissionDeniedError(message);
  if (kind == "53") return absl::ResourceExhaustedError(message);
  if (kind == "57" || kind == "08") return absl::UnavailableError(message);
  if (kind == "40") return absl::AbortedError(message);
  if (kind == "42") {
    return absl::FailedPreconditionError(message +
                                         "; expected the tables of this build: restore them, or rebuild into an "
                                         "empty schema");
  }
  return absl::InternalError(message);
}

absl::Status Guard(const std::string& where, const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const pqxx::broken_connection& error) {
    return ConnectionError(where, error.what());
  } catch (const pqxx::in_doubt_error& error) {  // committed or not: repeating it changes nothing
    return absl::UnavailableError(fmt::format("{}: {}", where, OneLine(error.what())));
  } catch (const pqxx::sql_error& error) {
    return SqlError(where, error);
  } catch (const std::exception& error) {
    return absl::InternalError(fmt::format("{}: {}", where, OneLine(error.what())));
  }
}

// libpqxx 6 and 7 name it differently.
class StageCopy {
 public:
  explicit StageCopy(pqxx::transaction_base& transaction)
#if PQXX_VERSION_MAJOR >= 7
      : stream_(pqxx::stream_to::raw_table(transaction, "stage", "target,content")) {
  }
  void Add(const std::string& target, const std::string& content) {
    stream_.write_values(target, content);
  }
#else
      : stream_(transaction, "stage", std::vector<std::string>{"target", "content"}) {
  }
  void Add(const std::string& target, const std::string& content) {
    stream_ << std::make_tuple(target, content);
  }
#endif
  void Complete() {
    stream_.complete();
  }

 private:
  pqxx::stream_to stream_;
};

}  // namespace

struct Postgres::Session {
  std::string where;
  std::string schema;
  std::unique_ptr<pqxx::connection> connection;

  absl::Status Run(const std::function<absl::Status(pqxx::work&)>& work) {
    return Guard(where, [&] {
      pqxx::work transaction(*connection);
      if (absl::Status status = work(transaction); !status.ok()) return status;
      transaction.commit();
      return absl::OkStatus();
    });
  }
  std::string Quote(std::string_view text) const { return connection->quote(std::string(text)); }

  std::vector<std::string> Tables(pqxx::work& transaction) const {
    std::vector<std::string> tables;
    for (const auto& row :
         transaction.exec("SELECT table_name FROM information_schema.tables WHERE table_schema = " + Quote(schema) +
                          " AND table_type = 'BASE TABLE' AND table_name <> "
                          "'schema_migrations' ORDER BY table_name COLLATE \"C\"")) {
      tables.push_back(row[0].as<std::string>());
    }
    return tables;
  }

  // What is staged, into its tables.
  RowCounts Unload(pqxx::work& transaction, const std::set<std::string>& targets) const {
    RowCounts counts;
    for (const std::string& target : targets) {
      const std::string table = transaction.quote_name(target);
      const auto result = transaction.exec(fmt::format(
          "INSERT INTO {} SELECT r.* FROM stage s, jsonb_populate_record(NULL::{}, s.content) r WHERE s.target = {} "
          "ON CONFLICT DO NOTHING",
          table, table, Quote(target)));
      if (result.affected_rows() > 0) counts[target] += static_cast<uint64_t>(result.affected_rows());
    }
    if (!targets.empty()) transaction.exec(kScorecards);
    return counts;
  }

  void Advance(pqxx::work& transaction, const std::string& record, const LanePositions& positions) const {
    for (const auto& [lane, sequence] : positions) {
      transaction.exec(fmt::format(
          "INSERT INTO projection_position VALUES ({}, {}, {}) ON CONFLICT (record, lane) DO UPDATE SET sequence = "
          "greatest(projection_position.sequence, excluded.sequence)",
          Quote(record), Quote(lane), sequence));
    }
  }
};

Postgres::Postgres(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Postgres::~Postgres() = default;

absl::StatusOr<std::unique_ptr<Postgres>> Postgres::Connect(const PostgresOptions& options) {
  auto session = std::make_unique<Session>();
  session->where = Where(options);
  session->schema = options.schema;
  absl::Status status = Guard(session->where, [&] {
    session->connection = std::make_unique<pqxx::connection>(ConnectionString(options));
    session->connection->set_client_encoding("UTF8");
    pqxx::nontransaction transaction(*session->connection);
    const std::string schema = transaction.quote_name(options.schema);
    const auto there =
        transaction.exec("SELECT 1 FROM pg_namespace WHERE nspname = " + transaction.quote(options.schema));
    if (there.empty()) transaction.exec("CREATE SCHEMA IF NOT EXISTS " + schema);
    transaction.exec("SET search_path TO " + schema);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return std::unique_ptr<Postgres>(new Postgres(std::move(session)));
}

absl::Status Postgres::Migrate(const std::vector<Migration>& migrations) {
  int applied = 0;
  absl::Status status = session_->Run([&](pqxx::work& transaction) -> absl::Status {
    transaction.exec(kLock);
    transaction.exec(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, digest text "
        "NOT "
        "NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    for (const auto& row : transaction.exec("SELECT version, name, digest FROM schema_migrations ORDER BY version")) {
      const int version = row[0].as<int>();
      const std::string name = row[1].as<std::string>();
      if (version > static_cast<int>(migrations.size())) {
        return absl::FailedPreconditionError(
            fmt::format("{}: seen schema version {} ({}), expected at most {}: a newer build made it; run that build, "
                        "or rebuild into "
                        "another schema",
                        session_->where, version, name, migrations.size()));
      }
      const Migration& own = migrations[static_cast<size_t>(version) - 1];
      if (row[2].as<std::string>() != log::ToHex(log::Sha256(own.sql))) {
        return absl::FailedPreconditionError(
            fmt::format("{}: migration {} ({}) was applied in another form than this build has it; an applied step "
                        "must not change: "
                        "add a new one, or rebuild into an empty schema",
                        session_->where, version, name));
      }
      applied = version;
    }
    return absl::OkStatus();
  });
  for (; status.ok() && applied < static_cast<int>(migrations.size()); ++applied) {
    const Migration& next = migrations[static_cast<size_t>(applied)];
    status = session_->Run([&](pqxx::work& transaction) {
      transaction.exec(kLock);
      const auto there =
          transaction.exec(fmt::format("SELECT 1 FROM schema_migrations WHERE version = {}", next.version));
      if (!there.empty()) return absl::OkStatus();  // another process was faster
      transaction.exec(next.sql);
      transaction.exec(fmt::format("INSERT INTO schema_migrations (version, name, digest) VALUES ({}, {}, {})",
                                   next.version, session_->Quote(next.name),
                                   session_->Quote(log::ToHex(log::Sha256(next.sql)))));
      return absl::OkStatus();
    });
  }
  return status;
}

absl::StatusOr<LanePositions> Postgres::Positions(const std::string& record) {
  LanePositions positions;
  const absl::Status status = session_->Run([&](pqxx::work& transaction) {
    for (const auto& row :
         transaction.exec("SELECT lane, sequence FROM projection_position WHERE record = " + session_->Quote(record))) {
      positions[row[0].as<std::string>()] = row[1].as<uint64_t>();
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return positions;
}

absl::StatusOr<RowCounts> Postgres::Write(const std::string& record, const std::vector<Row>& rows,
                                          const LanePositions& positions) {
  RowCounts counts;
  const absl::Status status = session_->Run([&](pqxx::work& transaction) {
    transaction.exec(kLock);
    std::set<std::string> targets;
    if (!rows.empty()) {
      transaction.exec(kStage);
      StageCopy copy(transaction);
      for (const Row& row : rows) {
        copy.Add(row.table, row.columns);
        targets.insert(row.table);
      }
      copy.Complete();
    }
    counts = session_->Unload(transaction, targets);
    session_->Advance(transaction, record, positions);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return counts;
}

absl::StatusOr<RowCounts> Postgres::WriteEach(const std::string& record, const std::vector<Row>& rows,
                                              const LanePositions& positions, std::vector<std::string>& refused) {
  RowCounts counts;
  for (const Row& row : rows) {
    const absl::StatusOr<RowCounts> one = Write(record, {row}, {});
    if (absl::IsInvalidArgument(one.status())) {
      refused.push_back(fmt::format("{}: {}", row.table, std::string(one.status().message())));
      continue;
    }
    if (!one.ok()) return one.status();
    for (const auto& [table, count] : *one) counts[table] += count;
  }
  const absl::StatusOr<RowCounts> end = Write(record, {}, positions);
  if (!end.ok()) return end.status();
  return counts;
}

absl::Status Postgres::Clear() {
  return session_->Run([&](pqxx::work& transaction) {
    transaction.exec(kLock);
    for (const std::string& table : session_->Tables(transaction)) {
      transaction.exec("TRUNCATE " + transaction.quote_name(table));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<RowCounts> Postgres::Counts() {
  RowCounts counts;
  const absl::Status status = session_->Run([&](pqxx::work& transaction) {
    for (const std::string& table : session_->Tables(transaction)) {
      counts[table] = transaction.exec("SELECT count(*) FROM " + transaction.quote_name(table))[0][0].as<uint64_t>();
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return counts;
}

absl::StatusOr<std::string> Postgres::Dump() {
  std::string text;
  const absl::Status status = session_->Run([&](pqxx::work& transaction) {
    for (const std::string& table : session_->Tables(transaction)) {
      text += table + "\n";
      for (const auto& row : transaction.exec(
               fmt::format("SELECT row FROM (SELECT to_jsonb(t)::text AS row FROM {} t) u ORDER BY row COLLATE \"C\"",
                           transaction.quote_name(table)))) {
        text += "  " + row[0].as<std::string>() + "\n";
      }
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return text;
}

}  // namespace spillway::journal::projections
