// `spillway project` as a user runs it.
#include "tests/integration/journal/fixture.h"

namespace spillway {
namespace {

using e2e::SpillwayOk;

std::vector<std::string> Project(const std::string& session, const e2e::Workspace& workspace,
                                 const test::PostgresOptions& options, std::vector<std::string> more = {}) {
  e2e::WriteText(workspace / "password", std::string(test::PostgresServer::kPassword) + "\n");
  std::vector<std::string> arguments = {
      "project",    session,          "--postgres-host", options.host, "--port",          std::to_string(options.port),
      "--database", options.database, "--user",          options.user, "--password-file", workspace / "password",
      "--schema",   options.schema};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_CASE("spillway project: a recorded run's tables have the counts of its lane", "[journal][postgres]") {
  const e2e::Workspace workspace;
  const test::PostgresOptions options = test::NewSchema();
  const nlohmann::json result = SpillwayOk(Project(test::DemoRun(), workspace, options, {"--json"})).Json();
  CHECK(result["messages_skipped"] == 0);
  CHECK(result["rows_refused"] == 0);

  std::map<std::string, uint64_t> in_lane;
  for (const std::string& line : SpillwayOk({"log", "cat", test::DemoRun(), "--lane", "trading"}).Lines()) {
    const size_t begin = line.find(' ') + 1;
    ++in_lane[line.substr(begin, line.find(' ', begin) - begin)];
  }
  const std::vector<std::pair<std::string, std::string>> same = {{"signals", "signal"},
                                                                 {"signal_cancellations", "signal_cancelled"},
                                                                 {"intents", "intent"},
                                                                 {"decisions", "decision"},
                                                                 {"alerts", "alert"},
                                                                 {"alert_updates", "alert_update"},
                                                                 {"outcomes", "outcome"},
                                                                 {"sessions", "session"},
                                                                 {"instruments", "instrument"},
                                                                 {"strategy_instances", "configuration"},
                                                                 {"trading_states", "trading_state"}};
  for (const auto& [table, event] : same) {
    INFO(table);
    CHECK(result["total"][table] == in_lane[event]);
    CHECK(in_lane[event] > 0);
  }

  SECTION("again: nothing is new") {
    const nlohmann::json again = SpillwayOk(Project(test::DemoRun(), workspace, options, {"--json"})).Json();
    CHECK(again["written"].empty());
    CHECK(again["total"] == result["total"]);
  }
  SECTION("rebuilt: the same rows") {
    const std::string before = SpillwayOk(Project(test::DemoRun(), workspace, options, {"--dump"})).out;
    const std::string after = SpillwayOk(Project(test::DemoRun(), workspace, options, {"--dump", "--rebuild"})).out;
    CHECK(before.size() > 10'000);
    CHECK(before == after);
  }
}

TEST_CASE("spillway project: what is wrong is said, without the password", "[journal][postgres]") {
  const e2e::Workspace workspace;
  test::PostgresOptions options = test::NewSchema();
  const auto fails = [&](const std::string& session, const std::string& text) {
    const e2e::ProgramResult result = e2e::Spillway(Project(session, workspace, options));
    INFO(result.err);
    CHECK(result.exit_code != 0);
    CHECK_THAT(result.err, Catch::Contains(text));
    CHECK(result.err.find(test::PostgresServer::kPassword) == std::string::npos);
  };
  SECTION("no session") {
    fails(workspace / "none", "is no session");
  }
  SECTION("nobody listens") {
    options.port = test::FreePort();
    fails(test::DemoRun(), "127.0.0.1:" + std::to_string(options.port));
  }
  SECTION("no such database") {
    options.database = "nowhere";
    fails(test::DemoRun(), "createdb");
  }
  SECTION("no such user") {
    options.user = "nobody";
    fails(test::DemoRun(), "expected a user and password that the server knows");
  }
}

}  // namespace
}  // namespace spillway
