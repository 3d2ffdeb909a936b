// `spillway status` against running services.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/support/nats_server.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::e2e {
namespace {

using test::Eventually;

class Stack {
 public:
  void StartProbe(const std::string& instance) {
    const std::string config = folder_ / (instance + ".yaml");
    std::ofstream(config) << fmt::format(
        "service: {{service: risk, instance: {0}, port_file: {1}/{0}.json, http: {{port: 0}}, nats: {{urls: "
        "[\"{2}\"]}}}}\n",
        instance, ports(), nats.url());
    const std::string program = std::string(std::getenv("SPILLWAY_BIN")) + "/spillway_service_probe";
    probes_.push_back(std::make_unique<test::ServerProcess>(test::ProcessOptions{
        .argv = {program, "--config", config}, .env = {}, .cwd = {}, .log_file = folder_ / (instance + ".log")}));
    INFO(probes_.back()->Log());
    REQUIRE(Eventually([&] { return std::filesystem::exists(ports() + "/" + instance + ".json"); }));
  }
  test::ServerProcess& probe(size_t i) { return *probes_[i]; }
  std::string ports() const { return folder_ / "ports"; }

  test::NatsServer nats;

 private:
  test::TemporaryFolder folder_;
  std::vector<std::unique_ptr<test::ServerProcess>> probes_;
};

TEST_CASE("status: all services ready: a row each and exit code 0", "[e2e]") {
  Stack stack;
  stack.StartProbe("a");
  stack.StartProbe("b");
  REQUIRE(Eventually([&] { return Spillway({"status", "--ports-dir", stack.ports()}).exit_code == 0; }));
  const ProgramResult table = SpillwayOk({"status", "--ports-dir", stack.ports()});
  INFO(table.out);
  REQUIRE(table.Lines().size() == 3);
  CHECK(table.Lines()[0].find("service") == 0);
  CHECK(table.Lines()[1].find("risk") == 0);
  CHECK(table.Lines()[1].find("trading 10") != std::string::npos);
  CHECK(table.out.find('\x1b') == std::string::npos);
  const nlohmann::json json = SpillwayOk({"status", "--ports-dir", stack.ports(), "--json"}).Json();
  CHECK(json["ready"] == true);
  REQUIRE(json["services"].size() == 2);
  CHECK(json["services"][1]["instance"] == "b");
  CHECK(json["services"][1]["status"]["counters"]["events"] == 7);
}

TEST_CASE("status: what is not ready, and what does not answer, is told with exit code 1", "[e2e]") {
  Stack stack;
  stack.StartProbe("a");
  stack.StartProbe("b");
  REQUIRE(Eventually([&] { return Spillway({"status", "--ports-dir", stack.ports()}).exit_code == 0; }));
  stack.probe(1).Kill9();  // leaves its port file
  const ProgramResult killed = SpillwayOk({"status", "--ports-dir", stack.ports()}, 1);
  INFO(killed.out);
  CHECK(killed.Lines()[2].find("DOWN") != std::string::npos);
  CHECK(killed.out.find("no answer") != std::string::npos);
  stack.nats.Kill9();
  CHECK(Eventually([&] {
    return Spillway({"status", "--ports-dir", stack.ports()}).out.find("no: nats") != std::string::npos;
  }));
}

TEST_CASE("status: wrong use, no directory, no services", "[e2e]") {
  const test::TemporaryFolder folder;
  CHECK(Spillway({"status"}).exit_code == 2);
  CHECK(Spillway({"status", "--ports-dir", folder / "nowhere"}).exit_code == 3);
  CHECK(Spillway({"status", "--ports-dir", folder.path()}).exit_code == 3);
  std::ofstream(folder / "broken.json") << "{\"http\": \"x\"";
  CHECK(Spillway({"status", "--ports-dir", folder.path()}).exit_code == 3);
  const test::NatsServer other;  // a server that is none of ours
  const std::string url = fmt::format("127.0.0.1:{}", other.monitor_port());
  REQUIRE(Eventually([&] { return test::IsListening(other.monitor_port()); }));
  const ProgramResult result = SpillwayOk({"status", "--url", url}, 1);
  CHECK(result.out.find("DOWN") != std::string::npos);
}

}  // namespace
}  // namespace spillway::e2e
