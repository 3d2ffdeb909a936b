#include "services/journal/stage_gates.h"

#include "services/journal/scorecard.h"
#include "spillway/v1/profile.pb.h"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::InstanceScore;
using journal::StageGate;

v1::Profile SmallAccount() {
  absl::StatusOr<v1::Profile> profile = profile::LoadProfile("small-account@1");
  INFO(profile.status().ToString());
  REQUIRE(profile.ok());
  return *std::move(profile);
}

// `days` trading days of five trades; `won(i)` says whether the i-th trade earned `win`, else it lost `loss`.
template <class Won>
InstanceScore Traded(int days, Won&& won, double win = 20, double loss = 10) {
  InstanceScore score;
  int trade = 0;
  for (int day = 0; day < days; ++day) {
    for (int i = 0; i < 5; ++i, ++trade) {
      journal::ClosedTrade closed;
      closed.triggered = closed.exited = NewYork("10:00") + std::chrono::hours(24 * day) + std::chrono::minutes(i);
      closed.net = closed.gross = Money::FromE8(std::llround((won(trade) ? win : -loss) * 1e8));
      score.trades.push_back(closed);
    }
  }
  journal::ComputeFigures(score);
  return score;
}

const StageGate& Gate(const std::vector<StageGate>& gates, std::string_view name) {
  for (const StageGate& gate : gates) {
    if (gate.name == name) return gate;
  }
  FAIL(name << " is no gate");
  throw 0;
}

TEST_CASE("S1-B7.1, S1-B7.2: out of shadow: 10 sessions, 50 trades, 60% won, break-even after commissions",
          "[journal]") {
  const v1::Profile profile = SmallAccount();
  const v1::Stage& shadow = profile.stages(0);
  REQUIRE(shadow.name() == "shadow");
  CHECK(shadow.shares_max_e8() == 100'00000000);
  const auto sixty = [](int i) { return i % 5 < 3; };
  const std::vector<StageGate> gates = journal::StageGates(shadow, Traded(10, sixty));
  CHECK(journal::AllPassed(gates));
  CHECK(Gate(gates, "win_rate").seen == 60.0);
  CHECK(Gate(gates, "win_rate").count == 50);
  CHECK(Gate(gates, "win_rate").interval->low < 60);
  CHECK(journal::StageGateText(Gate(gates, "trades")) == "trades 50, needed >= 50: pass");
  CHECK_FALSE(Gate(journal::StageGates(shadow, Traded(9, sixty)), "sessions").passed);
  CHECK_FALSE(Gate(journal::StageGates(shadow, Traded(9, sixty)), "trades").passed);
  // One win fewer.
  CHECK_FALSE(
      Gate(journal::StageGates(shadow, Traded(10, [](int i) { return i != 0 && i % 5 < 3; })), "win_rate").passed);
  // 30 * 20 - 20 * 30 = 0 is break-even, a cent less is not.
  CHECK(Gate(journal::StageGates(shadow, Traded(10, sixty, 20, 30)), "profit_net").passed);
  CHECK_FALSE(Gate(journal::StageGates(shadow, Traded(10, sixty, 20, 30.01)), "profit_net").passed);
}

TEST_CASE("S1-B7.3, S1-B7.4: out of micro: 200 dollars a week; full is the last stage", "[journal]") {
  const v1::Profile profile = SmallAccount();
  REQUIRE(profile.stages_size() == 3);
  const v1::Stage& micro = profile.stages(1);
  CHECK(micro.name() == "micro");
  CHECK(micro.shares_max_e8() == 300'00000000);
  CHECK(profile.stages(2).name() == "full");
  CHECK(profile.stages(2).shares_max_e8() == 500'00000000);
  // 2025-05-02 is a Friday: ten days are three of one week and seven of the next. 250 gross a day of five wins.
  const auto all = [](int) { return true; };
  const StageGate week = Gate(journal::StageGates(micro, Traded(10, all, 50)), "week_profit");
  CHECK(week.count == 2);
  CHECK_THAT(*week.seen, WithinAbs(1250, 1e-9));
  CHECK(week.passed);
  CHECK_FALSE(Gate(journal::StageGates(micro, Traded(10, all, 7.99)), "week_profit").passed);
}

TEST_CASE("S1-B7.5: below 55% after 50 trades a profile is never promoted, whatever follows", "[journal]") {
  const v1::Profile profile = SmallAccount();
  const v1::Stage& shadow = profile.stages(0);
  const auto abort = [&](auto&& won, int days) {
    return Gate(journal::StageGates(shadow, Traded(days, won)), "abort");
  };
  // 27 of the first 50 won: 54%. Then everything.
  const auto poor = [](int i) { return i < 27 || i >= 50; };
  CHECK_FALSE(abort(poor, 10).passed);
  const StageGate later = abort(poor, 20);
  CHECK_FALSE(later.passed);
  CHECK(later.seen == 54.0);
  CHECK(later.count == 50);
  CHECK(journal::StageGateText(later) == "abort 54.00% of 50 trades, needed >= 55: FAIL, never to be promoted");
  CHECK(abort([](int i) { return i < 28; }, 10).passed);  // 56%
  // A bad start that is made good before the fiftieth trade aborts nothing; before it nothing is known.
  CHECK(abort([](int i) { return i >= 20; }, 10).passed);
  const StageGate early = abort([](int) { return true; }, 9);
  CHECK_FALSE(early.seen);
  CHECK_FALSE(early.passed);
}

TEST_CASE("stages: without a trade nothing is shown, and nothing that is not known passes", "[journal]") {
  const v1::Profile profile = SmallAccount();
  InstanceScore none;
  journal::ComputeFigures(none);
  for (const StageGate& gate : journal::StageGates(profile.stages(0), none)) {
    INFO(gate.name);
    CHECK_FALSE(gate.passed);
  }
}

}  // namespace
}  // namespace spillway::test
