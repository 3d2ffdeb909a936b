// Paper accounts over several recorded days.
#include "fmt/format.h"
#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

// A simulated morning of three stocks in play.
std::string Morning(const Workspace& workspace, std::string_view day) {
  const std::string scenario = workspace / fmt::format("{}.yaml", day);
  WriteText(scenario, fmt::format("name: morning\nseed: 7\ntrading_day: {}\npre_market: 1m\nsession: 30m\ngroups:\n"
                                  "  - {{count: 3, price_min: 14, price_max: 19, activity_min: 30, activity_max: 50,\n"
                                  "     spread_ticks_min: 1.8, spread_ticks_max: 2.8, relative_volume_min: 3}}\n",
                                  day));
  const std::string session = workspace / day;
  SpillwayOk({"sim", "--scenario", scenario, "--out", session});
  return session;
}

struct Account {
  std::string day;
  double equity = 0;
  double day_profit = 0;
};

// The accounts of a run, as its log tells them.
std::vector<Account> AccountsOf(const std::string& run) {
  std::vector<Account> accounts;
  for (const std::string& line : SpillwayOk({"log", "cat", run, "--lane", "trading"}).Lines()) {
    if (line.find(" account ") == std::string::npos || line.find(" paper ") == std::string::npos) continue;
    const auto value = [&](const std::string& name) {
      const size_t begin = line.find(" " + name + "=") + name.size() + 2;
      return line.substr(begin, line.find(' ', begin) - begin);
    };
    accounts.push_back({value("day"), std::stod(value("equity")), std::stod(value("day_profit"))});
  }
  return accounts;
}

TEST_CASE("run: --account-from: the second day's account begins where the first day's ended", "[run]") {
  const Workspace workspace;
  const std::string profile = WriteProfile(
      workspace, "loose",
      "name: loose\nversion: 1\nbase: ofi-classic@1\nrubric: {threshold: 5}\naccount: {trades_per_day: 20}\n"
      "throttle: {halt_scope: symbol, news_scope: symbol, same_ticker: 2m, alerts_per_hour: 30}\n");
  const std::string monday = Morning(workspace, "2025-05-05");
  const std::string tuesday = Morning(workspace, "2025-05-06");
  const std::string first = workspace / "first", second = workspace / "second";
  SpillwayOk({"run", monday, "--profile", profile, "--out", first, "--quiet"});
  SpillwayOk({"run", tuesday, "--profile", profile, "--out", second, "--quiet", "--account-from", first});

  const std::vector<Account> before = AccountsOf(first), after = AccountsOf(second);
  REQUIRE(before.size() > 2);  // it traded
  REQUIRE(after.size() > 2);
  CHECK(before.front().equity == 40'000);
  CHECK(before.back().equity != 40'000);
  CHECK(after[0].day == "20250505");  // what arrived
  CHECK(after[0].equity == before.back().equity);
  CHECK(after[1].day == "20250506");
  CHECK(after[1].equity == before.back().equity);
  CHECK(after[1].day_profit == 0);
  CHECK_THAT(after.back().equity, WithinAbs(after[1].equity + after.back().day_profit, 1e-6));
  SpillwayOk({"replay", second, "--verify"});
}

TEST_CASE("run: --account-from of a run without such a profile says so", "[run]") {
  const Workspace workspace;
  const std::string session = SimulatedSession();
  const std::string first = workspace / "first";
  SpillwayOk({"run", session, "--profile", "ofi-classic@1", "--out", first, "--quiet"});
  const std::vector<std::string> arguments = {"run",           session,   "--profile",      "ofi-ram@1", "--out",
                                              workspace / "x", "--quiet", "--account-from", first};
  const ProgramResult result = Spillway(arguments);
  CHECK(result.exit_code != 0);
  CHECK(result.err.find("of ofi-ram@1#1 none") != std::string::npos);
  CHECK_FALSE(fs::exists(workspace / "x"));
}

}  // namespace
}  // namespace spillway::e2e
