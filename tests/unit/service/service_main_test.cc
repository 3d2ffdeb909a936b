#include "libs/service/service_main.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "libs/log/file.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"
#include "tests/support/nats_server.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/service/http_get.h"

namespace spillway::service {
namespace {

using std::chrono::seconds;
using test::Eventually;
using test::HttpGet;

struct Probe {
  test::TemporaryFolder folder;
  std::string config;
  std::string config_file = folder / "risk.yaml";
  std::map<std::string, std::string> env;
  std::vector<std::string> more;
  std::unique_ptr<test::ServerProcess> process;

  explicit Probe(std::string config_in) : config(std::move(config_in)) {}

  void Start() {
    const char* bin = std::getenv("SPILLWAY_BIN");
    REQUIRE(bin != nullptr);
    std::vector<std::string> argv = {std::string(bin) + "/spillway_service_probe", "--config", config_file};
    REQUIRE(log::ReplaceFile(folder / "risk.yaml", config).ok());
    argv.insert(argv.end(), more.begin(), more.end());
    process = std::make_unique<test::ServerProcess>(
        test::ProcessOptions{.argv = argv, .env = env, .cwd = {}, .log_file = folder / "log"});
  }
  // The exit code of one that ends by itself.
  int Run() {
    Start();
    const std::optional<int> code = process->Wait(seconds(20));
    INFO(process->Log());
    REQUIRE(code.has_value());
    return *code;
  }
  std::string Log() const { return process->Log(); }
  bool Logged(const std::string& text) const { return Log().find(text) != std::string::npos; }
  std::string port_file() const { return folder / "ports" / "risk.json"; }
  nlohmann::json Ports() {
    REQUIRE(Eventually([&] { return std::filesystem::exists(port_file()); }));
    return nlohmann::json::parse(log::ReadWholeFile(port_file()).value());
  }
};

std::string Config(const std::string& nats_url, const std::filesystem::path& port_file, const std::string& more = "") {
  return fmt::format(
      "service:\n"
      "  service: risk\n"
      "  instance: a\n"
      "  port_file: {}\n"
      "  http: {{port: 0, grpc_port: 0}}\n"
      "  nats:\n"
      "    urls: [\"{}\"]\n{}",
      port_file.string(), nats_url, more);
}

struct RunningProbe {
  test::NatsServer nats;
  Probe probe{""};

  explicit RunningProbe(const std::string& how = "") {
    probe.config = Config(nats.url(), probe.port_file());
    if (!how.empty()) probe.env["SPILLWAY_PROBE"] = how;
  }
  int http() { return probe.Ports()["http"].get<int>(); }
  void StartAndWait() {
    probe.Start();
    const int port = http();
    const bool ready = Eventually([&] { return HttpGet(port, "/readyz").code == 200; });
    INFO(probe.Log());
    REQUIRE(ready);
  }
};

TEST_CASE("main: a bad configuration is refused with 78, each problem with file and line", "[service]") {
  Probe probe(
      "service:\n"
      "  service: risk\n"
      "  instanse: a\n"
      "playback_speed: -1\n");
  CHECK(probe.Run() == kExitConfiguration);
  INFO(probe.Log());
  CHECK(probe.Logged("risk.yaml:3: "));
  CHECK(probe.Logged("risk.yaml:4: "));
  std::istringstream lines(probe.Log());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CHECK(nlohmann::json::parse(line)["event"] == "configuration_refused");
  }
  CHECK(count == 2);
}

TEST_CASE("main: another service's configuration, lanes there are not, a missing file: 78", "[service]") {
  Probe other("service: {service: metrics}\n");
  CHECK(other.Run() == kExitConfiguration);
  CHECK(other.Logged("service.service: 'metrics', expected 'risk'"));
  Probe lanes("service: {service: risk, market_lanes: 2, lanes: [2]}\n");
  CHECK(lanes.Run() == kExitConfiguration);
  CHECK(lanes.Logged("service.lanes: 2, expected less than service.market_lanes, 2"));
  Probe missing("service: {service: risk}\n");
  missing.config_file = "/nowhere/risk.yaml";
  CHECK(missing.Run() == kExitConfiguration);
  CHECK(missing.Logged("/nowhere/risk.yaml"));
}

TEST_CASE("main: a secret that cannot be used is refused with 78, its file is named", "[service]") {
  Probe probe("service: {service: risk, nats: {user: risk, password_file: /nowhere/password}}\n");
  CHECK(probe.Run() == kExitConfiguration);
  CHECK(probe.Logged("/nowhere/password"));
  Probe in_url("service: {service: risk, nats: {urls: [\"nats://risk:hunter2@127.0.0.1:1\"]}}\n");
  CHECK(in_url.Run() == kExitConfiguration);
  CHECK_FALSE(in_url.Logged("hunter2"));
}

TEST_CASE("main: --check reads the configuration and ends", "[service]") {
  Probe probe("service: {service: risk}\n");
  probe.more = {"--check"};
  CHECK(probe.Run() == kExitOk);
  CHECK(probe.Logged("risk.yaml: ok"));
}

TEST_CASE("main: wrong use is 64, --help and --version are 0", "[service]") {
  for (const auto& [argument, code] : std::map<std::string, int>{{"--nonsense", 64}, {"--help", 0}, {"--version", 0}}) {
    Probe probe("service: {service: risk}\n");
    probe.more = {argument};
    INFO(argument);
    CHECK(probe.Run() == code);
  }
}

TEST_CASE("main: secrets lose one newline, and nothing else", "[service]") {
  const test::TemporaryFolder folder;
  const auto read = [&](const std::string& text) {
    REQUIRE(log::ReplaceFile(folder / "secret", text).ok());
    ::chmod((folder / "secret").c_str(), 0600);
    return ReadSecretFile(folder / "secret");
  };
  CHECK(read("hunter2").value() == "hunter2");
  CHECK(read("hunter2\n").value() == "hunter2");
  CHECK(read("hunter2\r\n").value() == "hunter2");
  CHECK(read(" hunter2 \n\n").value() == " hunter2 \n");
  CHECK(absl::IsFailedPrecondition(read("\n").status()));
  CHECK(absl::IsFailedPrecondition(read(std::string(1 << 20, 'x')).status()));
  CHECK(absl::IsFailedPrecondition(ReadSecretFile(folder.path()).status()));
}

TEST_CASE("main: each status has its exit code", "[service]") {
  CHECK(ExitCode(absl::OkStatus()) == 0);
  CHECK(ExitCode(absl::UnavailableError("")) == 69);
  CHECK(ExitCode(absl::InternalError("")) == 70);
  CHECK(ExitCode(absl::ResourceExhaustedError("")) == 70);
  CHECK(ExitCode(absl::AbortedError("")) == 76);
  CHECK(ExitCode(absl::DataLossError("")) == 76);
  CHECK(ExitCode(absl::OutOfRangeError("")) == 76);
  CHECK(ExitCode(absl::PermissionDeniedError("")) == 77);
  CHECK(ExitCode(absl::InvalidArgumentError("")) == 78);
  CHECK(ExitCode(absl::FailedPreconditionError("")) == 78);
}

TEST_CASE("main: lanes are those configured, else all there are", "[service]") {
  v1::ServiceSettings settings;
  CHECK(OwnLanes(settings) == std::vector<uint32_t>{0});
  settings.set_market_lanes(3);
  CHECK(MarketLanes(settings) == std::vector<uint32_t>{0, 1, 2});
  CHECK(OwnLanes(settings) == std::vector<uint32_t>{0, 1, 2});
  settings.add_lanes(1);
  CHECK(OwnLanes(settings) == std::vector<uint32_t>{1});
}

TEST_CASE("main: a service runs, tells what it is, and ends with 0 on SIGTERM", "[service]") {
  RunningProbe running;
  running.StartAndWait();
  const nlohmann::json ports = running.probe.Ports();
  CHECK(ports["pid"] == running.probe.process->pid());
  CHECK(ports["service"] == "risk");
  CHECK(ports["grpc"].get<int>() > 0);
  const std::string metrics = HttpGet(running.http(), "/metrics").body;
  for (const char* series :
       {"spillway_build_info{build=\"", "spillway_process_start_time_seconds ", "spillway_nats_connected 1\n",
        "spillway_nats_reconnects_total 0\n", "spillway_ready 1\n"}) {
    INFO(metrics);
    CHECK(metrics.find(series) != std::string::npos);
  }
  const nlohmann::json status = nlohmann::json::parse(HttpGet(running.http(), "/status").body);
  CHECK(status["instance"] == "a");
  CHECK(status["ready"] == true);
  CHECK(status["lanes"][0]["lag"] == 10);
  CHECK(status["counters"]["events"] == 7);
  CHECK(running.probe.process->Stop() == kExitOk);
  CHECK_FALSE(std::filesystem::exists(running.probe.port_file()));
  CHECK(running.probe.Logged("\"event\":\"stopped\""));
}

TEST_CASE("main: what run returns becomes the exit code and one error", "[service]") {
  for (const auto& [how, code] :
       std::map<std::string, int>{{"aborted", kExitDisagrees}, {"throw", kExitInternal}, {"end", kExitOk}}) {
    RunningProbe running(how);
    INFO(how);
    CHECK(running.probe.Run() == code);
    CHECK(running.probe.Logged("\"event\":\"failed\"") == (code != kExitOk));
  }
}

TEST_CASE("main: a run that does not stop in time is ended with 70", "[service]") {
  RunningProbe running("hang");
  running.StartAndWait();
  running.probe.process->Signal(SIGTERM);
  CHECK(Eventually([&] { return HttpGet(running.http(), "/readyz").body.find("stopping") != std::string::npos; }));
  const std::optional<int> code = running.probe.process->Wait(seconds(20));
  REQUIRE(code.has_value());
  CHECK(*code == kExitInternal);
  CHECK(running.probe.Logged("not_stopped_in_time"));
}

TEST_CASE("main: without NATS the service answers, says what is missing, and gives up with 69", "[service]") {
  Probe probe("");
  probe.config = Config(fmt::format("nats://127.0.0.1:{}", test::FreePort()), probe.port_file());
  probe.more = {"--nats-wait", "2"};
  probe.Start();
  const int port = probe.Ports()["http"].get<int>();
  CHECK(HttpGet(port, "/healthz").code == 200);
  const auto ready = HttpGet(port, "/readyz");
  CHECK(ready.code == 503);
  CHECK(ready.body.find("\"nats\"") != std::string::npos);
  const std::optional<int> code = probe.process->Wait(seconds(20));
  INFO(probe.Log());
  REQUIRE(code.has_value());
  CHECK(*code == kExitUnavailable);
  CHECK(probe.Logged("nats_away"));
}

TEST_CASE("main: NATS that comes later is waited for, and SIGTERM ends the waiting with 0", "[service]") {
  const uint16_t port = test::FreePort();
  Probe probe("");
  probe.config = Config(fmt::format("nats://127.0.0.1:{}", port), probe.port_file());
  probe.Start();
  REQUIRE(Eventually([&] { return probe.Logged("nats_away"); }));
  CHECK(probe.process->Stop() == kExitOk);
}

TEST_CASE("main: a connection that is lost makes the service not ready until it is back", "[service]") {
  RunningProbe running;
  running.StartAndWait();
  const int port = running.http();
  running.nats.Kill9();
  CHECK(Eventually([&] { return HttpGet(port, "/readyz").body.find("\"nats\"") != std::string::npos; }));
  CHECK(HttpGet(port, "/metrics").body.find("spillway_nats_connected 0\n") != std::string::npos);
  running.nats.Restart();
  CHECK(Eventually([&] { return HttpGet(port, "/readyz").code == 200; }));
  CHECK(HttpGet(port, "/metrics").body.find("spillway_nats_reconnects_total 1\n") != std::string::npos);
  CHECK(running.probe.process->Stop() == kExitOk);
}

TEST_CASE("main: credentials that are refused are 77 at once, and never in the log", "[service]") {
  test::NatsServer nats("authorization { user: risk, password: \"right\" }");
  Probe probe("");
  const std::string secret = probe.folder / "password";
  probe.config = Config(nats.url(), probe.port_file(), fmt::format("    user: risk\n    password_file: {}\n", secret));
  REQUIRE(log::ReplaceFile(secret, "hunter2\n").ok());
  CHECK(probe.Run() == kExitCredentials);
  INFO(probe.Log());
  CHECK_FALSE(probe.Logged("nats_away"));
  CHECK_FALSE(probe.Logged("hunter2"));
  REQUIRE(log::ReplaceFile(secret, "right\n").ok());
  probe.env["SPILLWAY_PROBE"] = "end";
  CHECK(probe.Run() == kExitOk);
}

TEST_CASE("main: a taken port is 69 and named", "[service]") {
  RunningProbe first;
  first.StartAndWait();
  Probe second(fmt::format("service: {{service: risk, http: {{port: {}}}}}\n", first.http()));
  CHECK(second.Run() == kExitUnavailable);
  CHECK(second.Logged(std::to_string(first.http())));
}

}  // namespace
}  // namespace spillway::service
