#include "tests/faults/playing.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "libs/base/time.h"
#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::faults {

using std::chrono::milliseconds;

namespace {

// Many alerts: a low threshold, throttles that are out of the way.
constexpr const char* kProfile = R"(name: eager
version: 1
base: ofi-classic@1
universe:
  price_min: 2
  allow_unknown: [float, relative_volume, security_type]
rubric:
  threshold: 3
throttle:
  same_ticker: 20s
  alerts_per_hour: 1000
  alerts_per_minute_hard: 60
)";

std::string FirstTime(const std::string& session) {
  const nlohmann::json info = e2e::SpillwayOk({"log", "info", session, "--json"}).Json();
  std::string first = "9";
  for (const nlohmann::json& symbol : info.at("symbols")) {
    first = std::min(first, symbol.at("first_time").get<std::string>());
  }
  return first;
}

bool Ended(Stack& stack) {
  const auto status = stack.Status(stack.Find("ingest"));
  return status && status->dump().find("the session ended") != std::string::npos;
}

// What keeps the stack from being settled; empty: all that was played has been worked on and told. `positions`: where
// readers of several lanes were when it was last asked: they work on what lies behind a lane's last tick when the next
// one comes, so that they are done when they no longer move.
std::string Unsettled(Stack& stack, std::string& positions) {
  if (!Ended(stack)) return "ingest still plays";
  std::map<std::string, uint64_t> ends;
  jetstream::JetStreamLog log = stack.Log();
  for (const log::LaneName& lane : kLanes) {
    const auto info = log.Info(lane);
    if (!info.ok()) return lane + ": " + std::string(info.status().message());
    ends[lane] = info->last_sequence;
  }
  for (const auto& service : stack.services()) {
    if (service->killed_at) return service->instance + " is not ready";
    const auto status = stack.Status(*service);
    if (!status) return service->instance + " has no status";
    if (service->service == "journal") {
      if (const std::string now = (*status)["lanes"].dump(); now != std::exchange(positions, now))
        return "journal moves";
      continue;
    }
    for (const nlohmann::json& lane : (*status)["lanes"]) {
      if (lane["position"] != ends[lane["lane"]]) return service->instance + " is behind: " + lane.dump();
    }
    if (service->service != "notifier") continue;
    const std::string notes = (*status)["notes"].dump();
    if (notes.find(R"(\"queue\":0,)") == std::string::npos) return "notifier: " + notes;
  }
  return "";
}

}  // namespace

Session Describe(const std::string& name, const std::string& path) {
  const nlohmann::json info = e2e::SpillwayOk({"log", "info", path, "--json"}).Json();
  std::string first = "9", last;
  for (const nlohmann::json& symbol : info.at("symbols")) {
    first = std::min(first, symbol.at("first_time").get<std::string>());
    last = std::max(last, symbol.at("last_time").get<std::string>());
  }
  return {name, path, ParseTime(last).value() - ParseTime(first).value()};
}

void Prepare(Stack& stack, const std::string& session) {
  const auto with_nats = [&](std::vector<std::string> arguments) {
    for (const std::string& argument : stack.NatsArguments()) arguments.push_back(argument);
    e2e::SpillwayOk(arguments);
  };
  with_nats({"lanes", "create"});
  const std::string profile = (stack.folder() / "eager.yaml").string();
  e2e::WriteText(profile, kProfile);
  with_nats({"profile", "apply", profile, "--at", FirstTime(session)});
}

void AwaitSettled(Stack& stack, std::chrono::duration<double> longest) {
  std::string why, positions;
  int quiet = 0;  // looks in a row: an answer to what was just read may be on its way
  const bool settled = test::Eventually(
      [&] {
        stack.Tend();
        why = Unsettled(stack, positions);
        quiet = why.empty() ? quiet + 1 : 0;
        std::this_thread::sleep_for(milliseconds(100));
        return quiet >= 8;
      },
      std::chrono::duration_cast<milliseconds>(longest));
  INFO(why);
  REQUIRE(settled);
}

void None(const std::string& what, const Findings& findings) {
  for (const std::string& finding : findings) UNSCOPED_INFO(finding);
  INFO(what);
  CHECK(findings.empty());
}

void CheckPrograms(Stack& stack) {
  e2e::SpillwayOk({"log", "verify", stack.golden()});
  for (const char* what : {"--verify", "--chain"}) {
    const e2e::ProgramResult result = e2e::Spillway({"replay", stack.golden(), what});
    INFO(e2e::Describe({"replay", what}, result));
    CHECK(result.exit_code == 0);
  }
}

void CheckTables(Stack& stack) {
  stack.CreateDatabase("rebuilt");
  const auto project = [&](const std::string& database, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"project", stack.golden()};
    for (const std::string& argument : stack.PostgresArguments(database)) arguments.push_back(argument);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return e2e::SpillwayOk(arguments);
  };
  // Nothing is left to be written: the journal has projected all of it.
  const nlohmann::json left = project("spillway", {"--json"}).Json();
  INFO(left.dump());
  CHECK(left["written"].empty());
  CHECK(left["rows_refused"] == 0);
  const std::string live = project("spillway", {"--dump"}).out;
  const std::string rebuilt = project("rebuilt", {"--dump"}).out;
  CHECK(live.size() > 1000);
  CHECK(live == rebuilt);
}

}  // namespace spillway::faults
