// Orders from the command line: a simulated morning traded by the simulated venue, and what refuses to begin.
#include <map>

#include "fmt/format.h"
#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// small-caps.yaml, made once.
std::string SmallCaps() {
  static const Workspace workspace;
  static const std::string session = [] {
    std::string out = workspace / "small-caps";
    SpillwayOk({"sim", "--scenario", "small-caps", "--out", out});
    return out;
  }();
  return session;
}

std::vector<std::string> RunCommand(const std::string& out) {
  return {"run",
          SmallCaps(),
          "--profile",
          SourceFile("examples/small-account-sim.yaml"),
          "--risk-profile",
          "small-account-paper@1",
          "--out",
          out,
          "--json"};
}

// The run that the tests below look at.
struct Traded {
  std::string session;
  nlohmann::json result;
};
const Traded& TradedSession() {
  static const Workspace workspace;
  static const Traded traded = [] {
    const std::string out = workspace / "traded";
    return Traded{out, SpillwayOk(RunCommand(out)).Json()};
  }();
  return traded;
}

}  // namespace

TEST_CASE("S3-C1.1, C-30, S3-B2.1: run: approved intents become orders at the simulated venue, and positions close",
          "[orders]") {
  const nlohmann::json& trading = TradedSession().result.at("trading");
  INFO(trading.dump());
  CHECK(trading["broker"] == "simulated");
  CHECK(trading["risk_profile"] == "small-account-paper@1");
  CHECK(trading["orders"] >= 6);
  CHECK(trading["fills"] >= 4);
  CHECK(trading["positions_closed"] >= 2);
  CHECK(trading["positions_open"] == 0);
  CHECK(trading["incidents"] == 0);
  CHECK(trading["fees"] != "0.00");
}

TEST_CASE("S3-C1.2: run: two runs give the same orders, byte for byte, and every processor proves its part",
          "[orders]") {
  const Traded& traded = TradedSession();
  const Workspace workspace;
  const nlohmann::json again = SpillwayOk(RunCommand(workspace / "again")).Json();
  CHECK(again["digest"] == traded.result["digest"]);

  const nlohmann::json verified = SpillwayOk({"replay", traded.session, "--verify", "--json"}).Json();
  CHECK(verified["ok"] == true);
  std::map<std::string, uint64_t> outputs;
  for (const nlohmann::json& processor : verified["processors"]) outputs[processor["producer"]] = processor["outputs"];
  CHECK(outputs["oms"] > 0);
  CHECK(outputs["broker"] > 0);
  const nlohmann::json chain = SpillwayOk({"replay", traded.session, "--chain", "--json"}).Json();
  CHECK(chain["ok"] == true);
  CHECK(chain["processors"].size() == 7);
  CHECK_FALSE(chain.contains("left_out"));
}

TEST_CASE("S3-B3.8: trace: one trade's whole life, from the market event to fills, fees and the outcome", "[orders]") {
  const Traded& traded = TradedSession();
  std::string client_order_id;
  for (const std::string& line : SplitLines(SpillwayOk({"log", "cat", traded.session, "--lane", "trading"}).out)) {
    if (!Contains(line, " order ") || !Contains(line, " entry ") || !Contains(line, "(fill)")) continue;
    const size_t at = line.find("sw-");
    client_order_id = line.substr(at, 35);
    break;
  }
  REQUIRE(client_order_id.size() == 35);
  const nlohmann::json story = SpillwayOk({"trace", traded.session, client_order_id, "--json"}).Json();
  std::map<std::string, int> seen;
  for (const nlohmann::json& step : story["steps"]) {
    const std::string text = step["event"];
    const size_t begin = text.find(' ') + 1;
    ++seen[step["producer"].get<std::string>() + " " + text.substr(begin, text.find(' ', begin) - begin)];
  }
  INFO(nlohmann::json(seen).dump(1));
  for (const char* kind :
       {"metrics snapshot", "scoring signal", "scoring intent", "risk decision", "oms order", "oms order_command",
        "broker broker_report", "oms position", "notifier alert", "journal outcome"}) {
    INFO(kind);
    CHECK(seen[kind] > 0);
  }
  const std::string text = SpillwayOk({"trace", traded.session, client_order_id}).out;
  CHECK(Contains(text, "fee="));
  CHECK(Contains(text, " closed "));
}

TEST_CASE("S3-B3.8: admin limits: what would stop a trade at the session's end", "[orders]") {
  const nlohmann::json limits = SpillwayOk({"admin", "limits", TradedSession().session, "--json"}).Json();
  CHECK(limits["account"]["broker_up"] == true);
  CHECK(limits["account"]["kill_switch"]["active"] == false);
  CHECK(limits["account"]["exposure"]["positions"] == 0);
  REQUIRE_FALSE(limits["instances"].empty());
  const std::string text = SpillwayOk({"admin", "limits", TradedSession().session}).out;
  CHECK(Contains(text, "ACCOUNT_DAY_LOSS"));
  CHECK(Contains(text, "left"));
  CHECK(Spillway({"admin", "limits"}).exit_code == 2);
}

TEST_CASE("C-19: run: without a broker, and where a profile only alerts, nothing becomes an order", "[orders]") {
  const Workspace workspace;
  std::vector<std::string> alerts = RunCommand(workspace / "alerts");
  alerts.insert(alerts.end(), {"--execution", "alert_only"});
  const nlohmann::json alerted = SpillwayOk(alerts).Json();
  CHECK(alerted["alerts"] > 0);
  CHECK(alerted["trading"]["orders"] == 0);
  std::vector<std::string> none = RunCommand(workspace / "none");
  none.insert(none.end(), {"--broker", "none"});
  const nlohmann::json refused = SpillwayOk(none).Json();
  CHECK(refused["approved"] == 0);
  CHECK(refused["trading"]["orders"] == 0);
}

TEST_CASE("run: a wrong risk profile or venue is refused with file and line, before anything is written", "[orders]") {
  const Workspace workspace;
  const std::string risk = WriteProfile(workspace, "risk.yaml",
                                        "name: mine\nversion: 1\naccount: {equity: 1000}\nexposure:\n"
                                        "  position_percent: 60\n  gross_percent: 50\n");
  const std::string out = workspace / "out";
  const auto refused = [&](const std::string& option, const std::string& file) {
    const ProgramResult result =
        Spillway({"run", SimulatedSession(), "--profile", "ofi-classic@1", option, file, "--out", out});
    CHECK(result.exit_code == 2);
    CHECK_FALSE(fs::exists(out));
    return result.err;
  };
  CHECK(
      Contains(refused("--risk-profile", risk), "risk.yaml:5: exposure.position_percent: 60% is above gross_percent"));
  CHECK(Contains(refused("--risk-profile", "none@1"), "known: paper@1"));
  const std::string venue = WriteProfile(workspace, "venue.yaml", "name: v\nlatency: soon\n");
  CHECK(Contains(refused("--venue", venue), "venue.yaml:2: latency"));
  const ProgramResult checked = Spillway({"risk", "check", risk});
  CHECK(checked.exit_code == 1);
  CHECK(Contains(checked.err, "risk.yaml:5"));
  CHECK(SpillwayOk({"risk", "check", "paper@1"}).out == "paper@1: valid\n");
  CHECK(Contains(SpillwayOk({"risk", "show", "paper@1"}).out, "gross_percent: 50"));
  CHECK(SpillwayOk({"risk", "list", "--json"}).Json().size() >= 2);
}

TEST_CASE("S3-B3.6: admin: a command without a reason, or without who gives it, is refused before anything is written",
          "[orders]") {
  for (const char* command : {"kill", "enable", "flatten"}) {
    const ProgramResult result = Spillway({"admin", command, "--by", "test"});
    INFO(Describe({"admin", command}, result));
    CHECK(result.exit_code == 2);
    CHECK(Contains(result.err, "--reason"));
  }
  CHECK(Contains(Spillway({"admin", "resume", "SOUN", "--by", "test"}).err, "--reason"));
  CHECK(Contains(Spillway({"admin", "kill", "--reason", "x", "--by", "  "}).err, "--by"));
  CHECK(Spillway({"admin", "arm", "--by", "test", "--reason", "x"}).exit_code == 2);
  // With both it goes as far as the stack, which is not there.
  CHECK(Spillway({"admin", "kill", "--by", "test", "--reason", "x", "--nats", "nats://127.0.0.1:1"}).exit_code == 4);
}

}  // namespace spillway::e2e
