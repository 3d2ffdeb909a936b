// What nobody should say to a stack, said to it.
#include <fstream>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"
#include "tests/faults/playing.h"

namespace spillway::faults {

using std::chrono::seconds;

TEST_CASE("faults: messages that nobody can read are kept aside, and the lane goes on", "[faults]") {
  const e2e::Workspace workspace;
  const std::string path = workspace / "simulated";
  e2e::SpillwayOk({"sim", "--symbols", "1", "--seed", "11", "--out", path});
  const Session session = Describe("simulated", path);
  Stack stack({.session = path, .speed = session.played / seconds(20)});
  Prepare(stack, path);
  stack.StartServices();

  jetstream::JetStreamLog log = stack.Log(Producer::kGateway);
  REQUIRE(test::Eventually([&] {
    stack.Tend();
    const auto info = log.Info("market.0");
    return info.ok() && info->last_sequence > 200;
  }));
  const auto writer = log.OpenWriter("market.0");
  REQUIRE(writer.ok());
  // No group at all, and a group of a schema that is not there yet.
  const Time time = ParseTime("2025-05-05T13:20:00Z").value();
  REQUIRE((*writer)->Append(time, "garbage").ok());
  REQUIRE((*writer)->Append(time, std::string("\x08\x63\x10\x01", 4)).ok());
  AwaitSettled(stack, seconds(90));

  for (const char* service : {"metrics", "journal"}) {
    INFO(service);
    stack.ReadCounters(stack.Find(service));
    CHECK(stack.Counter(service, "bad_messages_total") == 2);
  }
  CHECK(stack.Messages("spillway_dead_letters") >= 4);
  None("services end as asked", stack.StopServices());
  CheckPrograms(stack);
  None("servers end as asked", stack.StopServers());
  None("no process left", stack.ProcessesLeft());
}

TEST_CASE("faults: a service waits for lanes that are not there, and says so", "[faults]") {
  Stack stack({.session = "/nowhere"});
  ServiceProcess& metrics = stack.Find("metrics");
  stack.Start(metrics);
  metrics.killed_at = SteadyClock::now();
  REQUIRE(test::Eventually([&] {
    stack.Look(metrics);
    return metrics.process->Log().find("waiting_for_lane") != std::string::npos && metrics.port != 0;
  }));
  const auto missing = stack.Get(metrics.port, "/readyz", 503);
  REQUIRE(missing.has_value());
  CHECK_THAT(*missing, Catch::Contains("metrics.0"));
  e2e::SpillwayOk([&] {
    std::vector<std::string> arguments = {"lanes", "create"};
    for (const std::string& argument : stack.NatsArguments()) arguments.push_back(argument);
    return arguments;
  }());
  CHECK(test::Eventually([&] {
    stack.Look(metrics);
    return !metrics.killed_at.has_value();
  }));
}

TEST_CASE("faults: credentials that are refused end a service with 77, and no password in its log", "[faults]") {
  Stack stack({.session = "/nowhere"});
  const std::string wrong = "not-the-password-of-scoring";
  std::ofstream(stack.folder() / "nats/passwords/scoring") << wrong;
  ServiceProcess& scoring = stack.Find("scoring");
  stack.Start(scoring);
  CHECK(scoring.process->Wait(seconds(20)) == 77);
  CHECK(scoring.process->Log().find(wrong) == std::string::npos);
}

}  // namespace spillway::faults
