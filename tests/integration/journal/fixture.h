// One PostgreSQL server for all tests of the program, a schema for each; and one recorded run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/events/codec.h"
#include "libs/log/segment_log.h"
#include "services/journal/projections/projector.h"
#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"
#include "tests/support/postgres_server.h"

namespace spillway::test {

using journal::projections::Postgres;
using journal::projections::PostgresOptions;
using journal::projections::ProjectionResult;
using journal::projections::RowCounts;

inline PostgresServer& Server() {
  static PostgresServer server;
  return server;
}

// Of an empty schema.
inline PostgresOptions NewSchema(const PostgresServer& server = Server()) {
  static int count = 0;
  return {.host = "127.0.0.1",
          .port = server.port(),
          .database = PostgresServer::kDatabase,
          .user = PostgresServer::kUser,
          .password = PostgresServer::kPassword,
          .schema = "test_" + std::to_string(++count)};
}

inline std::unique_ptr<Postgres> Connect(const PostgresOptions& options) {
  auto postgres = Postgres::Connect(options);
  INFO(postgres.status());
  REQUIRE(postgres.ok());
  return *std::move(postgres);
}

inline std::string DumpOf(const PostgresOptions& options) {
  const auto dump = Connect(options)->Dump();
  INFO(dump.status());
  REQUIRE(dump.ok());
  return *dump;
}

// The session of `spillway demo`: a simulated day through the whole pipeline.
inline const std::string& DemoRun() {
  static const e2e::Workspace workspace;
  static const std::string run = [] {
    e2e::SpillwayOk({"demo", "--out", workspace / "demo"});
    return workspace / "demo" + "/run";
  }();
  return run;
}

// Groups of events as messages of a lane.
inline std::string Group(const std::vector<Event>& events, uint64_t sequence, Producer producer = Producer::kScoring) {
  GroupEncoder encoder;
  encoder.Begin({.producer = producer, .lane_epoch = 1, .producer_sequence = sequence});
  for (const Event& event : events) encoder.Add(event);
  return std::string(encoder.bytes());
}

}  // namespace spillway::test
