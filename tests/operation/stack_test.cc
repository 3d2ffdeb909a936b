// The whole stack as a user runs it: deploy/native/stack.sh with the real servers and services.
#include <signal.h>
#include <algorithm>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "libs/net/http_client.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"
#include "tests/operation/exposed_series.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::vector<std::string> kServices = {"ingest", "universe", "metrics", "scoring", "risk", "notifier", "journal"};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
fs::path Source() {
  return Variable("SPILLWAY_SOURCE");
}
fs::path Bin() {
  return Variable("SPILLWAY_BIN");
}

std::string Read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Outcome {
  int code = -1;
  std::string text;  // stdout and stderr
};
Outcome Run(std::vector<std::string> argv, std::map<std::string, std::string> env = {}) {
  const TemporaryFolder folder;
  ServerProcess process({.argv = std::move(argv), .env = std::move(env), .log_file = folder / "log"});
  Outcome outcome;
  outcome.code = process.Wait(std::chrono::seconds(120)).value_or(-1);
  outcome.text = process.Log();
  return outcome;
}

std::string Get(const std::string& url) {
  net::HttpClient client({.timeout = std::chrono::seconds(5)});
  return client.Send({.method = "GET", .url = url}).body;
}

// A stack in a directory of its own; gone with the object.
class Stack {
 public:
  Stack() {
    // PostgreSQL's user must be able to get in where the test is root.
    fs::permissions(folder_.path(), fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
  }
  ~Stack() { Command("down"); }

  Outcome Command(const std::string& command, std::vector<std::string> options = {}) {
    std::vector<std::string> argv = {(Source() / "deploy/native/stack.sh").string(), command, "--dir",
                                     directory().string()};
    argv.insert(argv.end(), options.begin(), options.end());
    return Run(std::move(argv), {{"SPILLWAY_BIN", Bin().string()}, {"NO_COLOR", "1"}});
  }

  fs::path directory() const { return folder_ / "stack"; }
  std::string Port(const std::string& name) const {
    std::ifstream lines(directory() / "ports.env");
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    }
    FAIL("no " << name << " in " << directory() / "ports.env");
    return "";
  }
  std::string Url(const std::string& port, const std::string& path) const {
    return "http://127.0.0.1:" + Port(port) + path;
  }
  std::string Secret(const std::string& name) const { return Read(directory() / "secrets" / name); }
  pid_t Pid(const std::string& name) const {
    pid_t pid = 0;
    std::ifstream(directory() / "run" / (name + ".pid")) >> pid;
    return pid;
  }
  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    for (const fs::directory_entry& file : fs::directory_iterator(directory() / "run")) {
      if (file.path().extension() == ".pid") pids.push_back(Pid(file.path().stem().string()));
    }
    return pids;
  }
  std::string Sql(const std::string& query) const {
    return Run({"psql", "-h", "127.0.0.1", "-p", Port("POSTGRES_PORT"), "-U", "spillway", "-d", "spillway", "-qAtc",
                query},
               {{"PGPASSWORD", Secret("postgres")}})
        .text;
  }
  std::string Redis(std::vector<std::string> command) const {
    std::vector<std::string> argv = {"redis-cli", "--raw", "-p", Port("REDIS_PORT")};
    argv.insert(argv.end(), command.begin(), command.end());
    return Run(std::move(argv), {{"REDISCLI_AUTH", Secret("redis")}}).text;
  }

 private:
  TemporaryFolder folder_;
};

bool IsRunning(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return false;
  return text.find(") Z ") == std::string::npos;  // ended, not reaped yet
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

int Number(const std::string& text) {
  return text.empty() ? 0 : std::atoi(text.c_str());
}

// One way, and the other: what is there and not listed, what is listed and not there.
std::string Difference(const std::set<std::string>& exposed, const std::set<std::string>& documented) {
  std::string text;
  for (const std::string& series : exposed) {
    if (!documented.contains(series)) text += "\n  exposed, not in docs/metrics.md: " + series;
  }
  for (const std::string& series : documented) {
    if (!exposed.contains(series)) text += "\n  in docs/metrics.md, not exposed: " + series;
  }
  return text;
}

TEST_CASE(
    "S0-7.3, S1-A7.3, S0-N.1, S1-AN.1: stack: up, alerts, rows, keys, series, a killed service, down, and a record "
    "that verifies",
    "[stack]") {
  Stack stack;
  const Outcome up = stack.Command("up", {"--scenario", "demo", "--speed", "60"});
  INFO(up.text);
  REQUIRE(up.code == 0);
  CHECK(up.text.find("all services are ready") != std::string::npos);

  // A second one beside it, of the same session.
  {
    Stack second;
    const Outcome beside =
        second.Command("up", {"--session", (stack.directory() / "market-demo").string(), "--speed", "60"});
    INFO(beside.text);
    CHECK(beside.code == 0);
    CHECK(second.Port("NATS_PORT") != stack.Port("NATS_PORT"));
    const Outcome again = second.Command("up");
    CHECK(again.code != 0);
    CHECK(again.text.find("it runs already") != std::string::npos);
    CHECK(second.Command("down").code == 0);
    const Outcome other = second.Command("up", {"--scenario", "detectors"});
    CHECK(other.code != 0);
    CHECK(other.text.find("--purge") != std::string::npos);
    CHECK(second.Command("down", {"--purge"}).code == 0);
    CHECK_FALSE(fs::exists(second.directory()));
  }

  // Series: each service exposes what the page lists, and the page lists what it exposes.
  const std::string page = Read(Source() / "docs/metrics.md");
  const std::set<std::string> documented = DocumentedServices(page);
  // oms and the venue run where a broker is asked for.
  const std::set<std::string> running(kServices.begin(), kServices.end());
  CHECK(std::includes(documented.begin(), documented.end(), running.begin(), running.end()));
  for (const std::string& service : kServices) {
    std::string difference;
    const bool equal = Eventually([&] {
      const std::string text = Get(stack.Url(Upper(service) + "_PORT", "/metrics"));
      difference = Difference(ExposedSeries(text), DocumentedSeries(page, service));
      return difference.empty();
    });
    INFO(service << ":" << difference);
    CHECK(equal);
  }

  // Prometheus has them all.
  CHECK(Eventually(
      [&] {
        const Json answer =
            Json::parse(Get(stack.Url("PROMETHEUS_PORT", "/api/v1/query?query=up%3D%3D1")), nullptr, false);
        return !answer.is_discarded() && answer["data"]["result"].size() == kServices.size();
      },
      std::chrono::seconds(60)));

  // The active set, for a time.
  CHECK(Eventually(
      [&] {
        return Number(stack.Redis({"SCARD", "spillway:universe:ofi-classic@1#1:active"})) > 0;
      },
      std::chrono::seconds(60)));
  CHECK(Number(stack.Redis({"PTTL", "spillway:universe:ofi-classic@1#1:active"})) > 0);

  // A service that dies is started again, and goes on.
  const pid_t metrics = stack.Pid("metrics.child");
  REQUIRE(metrics > 0);
  ::kill(metrics, SIGKILL);
  CHECK(Eventually([&] { return stack.Pid("metrics.child") != metrics && stack.Command("status").code == 0; },
                   std::chrono::seconds(60)));

  // An alert reaches the channel, and its rows the tables.
  CHECK(Eventually(
      [&] {
        const Json stats = Json::parse(Get(stack.Url("FAKE_DISCORD_PORT", "/fake/stats")), nullptr, false);
        return !stats.is_discarded() && stats.value("messages", 0) > 0;
      },
      std::chrono::seconds(120)));
  CHECK(Eventually(
      [&] {
        return Number(stack.Sql("SELECT count(*) FROM receipts r JOIN alerts a ON a.event_id = r.alert_id "
                                "WHERE r.state = 'delivered'")) > 0;
      },
      std::chrono::seconds(30)));
  CHECK(Number(stack.Sql("SELECT count(*) FROM universe_now WHERE included")) > 0);

  const Outcome status = stack.Command("status", {"--json"});
  INFO(status.text);
  CHECK(status.code == 0);
  const Json json = Json::parse(status.text, nullptr, false);
  REQUIRE(json.is_object());
  CHECK(json["services"]["ready"] == true);
  CHECK(json["services"]["services"].size() == kServices.size());
  CHECK(json["servers"] ==
        Json({{"nats", "up"}, {"redis", "up"}, {"postgres", "up"}, {"prometheus", "up"}, {"fake-discord", "up"}}));
  CHECK(json["ended"].empty());

  // Half of it dead: said, and down all the same.
  ::kill(stack.Pid("risk"), SIGKILL);  // its supervisor too
  ::kill(stack.Pid("risk.child"), SIGKILL);
  ::kill(stack.Pid("redis"), SIGKILL);
  const Outcome half = stack.Command("status");
  INFO(half.text);
  CHECK(half.code == 1);
  CHECK(half.text.find("risk          ended") != std::string::npos);
  CHECK(half.text.find("redis         down") != std::string::npos);

  const std::vector<pid_t> pids = stack.Pids();
  CHECK(pids.size() >= 2 * kServices.size());
  CHECK(stack.Command("down").code == 0);
  for (const pid_t pid : pids) CHECK_FALSE(IsRunning(pid));
  std::ifstream ports(stack.directory() / "ports.env");
  for (std::string line; std::getline(ports, line);) {
    INFO(line);
    CHECK_FALSE(IsListening(static_cast<uint16_t>(Number(line.substr(line.find('=') + 1)))));
  }
  const Outcome twice = stack.Command("down");
  CHECK(twice.code == 0);
  CHECK(twice.text.find("nothing runs") != std::string::npos);

  // What it leaves is a record that holds, and replays.
  const std::string golden = (stack.directory() / "golden").string();
  const Outcome verified = Run({(Bin() / "spillway").string(), "log", "verify", golden});
  INFO(verified.text);
  CHECK(verified.code == 0);
  const Outcome replayed = Run({(Bin() / "spillway").string(), "replay", golden, "--verify"});
  INFO(replayed.text);
  CHECK(replayed.code == 0);
}

TEST_CASE(
    "S3-B3.6, S3-B3.7, S3-B2.1, S3-D1.2, C-19: stack: orders at the simulated venue: positions open and close, a kill "
    "stops what adds risk until a person enables, the series say so, and the record verifies",
    "[stack]") {
  Stack stack;
  const Outcome up = stack.Command("up", {"--sim", "--broker", "sim", "--speed", "40"});
  INFO(up.text);
  REQUIRE(up.code == 0);
  const auto series = [&](const std::string& service, const std::string& name) {
    const std::string text = "\n" + Get(stack.Url(service + "_PORT", "/metrics"));
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
  };
  const auto limits = [&] { return Json::parse(stack.Command("admin", {"limits", "--json"}).text, nullptr, false); };
  CHECK(Eventually([&] { return limits().value("/account/broker_up"_json_pointer, false); }, std::chrono::seconds(60)));

  // An entry and what protects it, then the way out: three orders a trade, two of them filled.
  CHECK(Eventually([&] { return series("OMS", "spillway_oms_orders_total{state=\"FILLED\"}") >= 2; },
                   std::chrono::seconds(150)));
  const std::string page = Read(Source() / "docs/metrics.md");
  for (const std::string service : {"oms", "venue"}) {
    const std::string text = Get(stack.Url(Upper(service) + "_PORT", "/metrics"));
    INFO(service << ":" << Difference(ExposedSeries(text), DocumentedSeries(page, service)));
    CHECK(Difference(ExposedSeries(text), DocumentedSeries(page, service)).empty());
  }
  const Outcome status = stack.Command("status");
  INFO(status.text);
  CHECK(status.code == 0);
  CHECK(status.text.find("kill switch") != std::string::npos);

  const Outcome bare = stack.Command("admin", {"kill", "--by", "test"});
  CHECK(bare.code == 2);
  CHECK(bare.text.find("--reason") != std::string::npos);
  const Outcome kill =
      stack.Command("admin", {"kill", "--by", "test", "--reason", "to see it", "--timeout", "30", "--json"});
  INFO(kill.text);
  CHECK(kill.code == 0);
  CHECK(Eventually([&] { return limits().value("/account/kill_switch/active"_json_pointer, false); }));
  const Outcome enable =
      stack.Command("admin", {"enable", "--by", "test", "--reason", "seen", "--timeout", "30", "--json"});
  INFO(enable.text);
  CHECK(enable.code == 0);
  CHECK(Eventually([&] { return !limits().value("/account/kill_switch/active"_json_pointer, true); }));

  CHECK(stack.Command("down").code == 0);
  const std::string golden = (stack.directory() / "golden").string();
  const Outcome replayed = Run({(Bin() / "spillway").string(), "replay", golden, "--verify"});
  INFO(replayed.text);
  CHECK(replayed.code == 0);
  const Outcome chain = Run({(Bin() / "spillway").string(), "replay", golden, "--chain"});
  INFO(chain.text);
  CHECK(chain.code == 0);
  CHECK(chain.text.find("not compared: people commanded") != std::string::npos);
}

}  // namespace
}  // namespace spillway::test
