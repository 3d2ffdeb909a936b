// The numbers of the specifications, as the shipped profiles carry them: one case an id, so that whoever changes a
// number changes a line that names its source.
#include <algorithm>

#include "libs/profile/declared_features.h"
#include "libs/profile/profile_loader.h"
#include "tests/catch.h"

namespace spillway::profile {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const v1::Profile& Shipped(const std::string& name) {
  static std::map<std::string, v1::Profile> loaded;
  const auto found = loaded.find(name);
  if (found != loaded.end()) return found->second;
  absl::StatusOr<v1::Profile> profile = LoadProfile(name);
  INFO(profile.status());
  REQUIRE(profile.ok());
  return loaded.emplace(name, *std::move(profile)).first->second;
}
const v1::Profile& Small() {
  return Shipped("small-account@1");
}

// The rule, gate or condition of the id; fails the test without one.
template <class Rules>
auto RuleOf(const Rules& rules, const std::string& id) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule.id() == id; });
  INFO(id);
  REQUIRE(found != rules.end());
  return *found;
}
void CheckRule(const v1::Profile& profile, const std::string& id, const std::string& feature, const std::string& op,
               std::optional<double> limit, double points) {
  const v1::ScoreRule rule = RuleOf(profile.rubric().rules(), id);
  CHECK(rule.feature() == feature);
  CHECK(rule.op() == op);
  CHECK(rule.has_limit() == limit.has_value());
  CHECK(rule.limit() == limit.value_or(0));
  CHECK(PointsOf(rule) == points);
}
constexpr int64_t Cents(int64_t cents) {
  return cents * 10'000'000;
}
constexpr int64_t Dollars(int64_t dollars) {
  return dollars * 100'000'000;
}
constexpr int64_t Shares(int64_t shares) {
  return shares * 100'000'000;
}
const v1::Window& WindowAt(const v1::Profile& profile, const std::string& start) {
  for (const v1::Window& window : profile.schedule().windows()) {
    if (window.start() == start) return window;
  }
  FAIL("no window starts at " << start);
  return profile.schedule().windows(0);
}

}  // namespace

TEST_CASE("S0-1.2, S1-A1.2, S1-B1.2, S1-I4.2, C-03: the price ranges of the universes", "[profile]") {
  const auto range = [](const std::string& name) {
    const v1::UniverseRules& u = Shipped(name).universe();
    return std::pair(u.price_min_e9() / Cents(100), u.price_max_e9() / Cents(100));
  };
  CHECK(range("ofi-classic@1") == std::pair<int64_t, int64_t>(10, 80));
  CHECK(range("ofi-ram@1") == std::pair<int64_t, int64_t>(2, 50));
  CHECK(range("ofi-quant@1") == std::pair<int64_t, int64_t>(5, 20));
  CHECK(range("small-account@1") == std::pair<int64_t, int64_t>(2, 20));
}
TEST_CASE("S0-1.5, S1-A1.2, S1-B1.3, S1-I4.2, C-04: float limits in shares", "[profile]") {
  CHECK(Shipped("ofi-classic@1").universe().float_max_e8() == Shares(150'000'000));
  CHECK(Shipped("ofi-ram@1").universe().float_max_e8() == Shares(50'000'000));
  CHECK(Shipped("ofi-quant@1").universe().float_max_e8() == Shares(150'000'000));
  CHECK(Small().universe().float_min_e8() == Shares(5'000'000));
  CHECK(Small().universe().float_max_e8() == Shares(50'000'000) + 1);  // strictly below: 50M itself belongs to it
}
TEST_CASE("S1-B0.1, S1-B0.8: 40,000 dollars, 0.25% a trade", "[profile]") {
  CHECK(Small().sizing().equity_e8() == Dollars(40'000));
  CHECK(Small().sizing().risk_percent() == 0.25);
}
TEST_CASE("S1-B0.2, S1-B0.3, S1-B10.1, S1-B10.5: the account's range and ceiling", "[profile]") {
  CHECK(Small().account().equity_min_e8() == Dollars(30'000));
  CHECK(Small().account().equity_max_e8() == Dollars(80'000));
  CHECK(Small().account().equity_max_e8() < Dollars(100'000));
  CHECK(Small().account().sizing_ceiling_e8() == Dollars(80'000));
  CHECK(RuleOf(Small().compliance(), "S1-B10.1").amount_e8() == Dollars(25'000));
}
TEST_CASE("S1-B0.4, S1-B5.4: at most 500 shares, within the 400 to 600 of the limits", "[profile]") {
  CHECK(Small().sizing().shares_max_e8() == Shares(500));
}
TEST_CASE("S1-B0.5: the weekly stop is an option that a profile turns on", "[profile]") {
  CHECK_FALSE(Small().account().has_week_target_e8());
  CHECK(Shipped("paper-default@1").account().week_target_e8() == Dollars(1'000));
}
TEST_CASE("S1-B0.6, S1-B1.10: at most 150 symbols", "[profile]") {
  CHECK(Small().universe().symbols_max() == 150);
}
TEST_CASE("S1-B0.7, S1-B6.3, C-14: the day's ladder is 400 dollars, then 600 or 1.5%", "[profile]") {
  CHECK(Small().account().day_loss_stop_e8() == Dollars(400));
  CHECK(Small().account().day_drawdown_max_e8() == Dollars(600));
  CHECK(Small().account().day_drawdown_max_percent() == 1.5);
}
TEST_CASE("S1-B1.4, C-05: spreads of 0.02 to 0.05, both ends included", "[profile]") {
  CHECK(Small().universe().spread_min_e9() == Cents(2));
  CHECK(Small().universe().spread_max_e9() == Cents(5) + 1);
}
TEST_CASE("S1-B1.5, S0-1.3, C-06: relative volume above 2 over at least 10 sessions", "[profile]") {
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1", "ofi-quant@1", "small-account@1"}) {
    CHECK(Shipped(name).universe().relative_volume_min() == 2);
    CHECK(Shipped(name).universe().relative_volume_sessions_min() == 10);
  }
}
TEST_CASE("S1-B1.6, S1-B1.7, S1-B10.3: exchanges, and what is kept out", "[profile]") {
  const v1::UniverseRules& u = Small().universe();
  CHECK(std::vector<std::string>(u.exchanges().begin(), u.exchanges().end()) ==
        std::vector<std::string>{"NASDAQ", "NYSE"});
  CHECK(std::vector<std::string>(u.exclude_types().begin(), u.exclude_types().end()) ==
        std::vector<std::string>{"etf", "adr", "warrant"});
  CHECK(u.exclude_sectors(0) == "biotechnology");
  CHECK(u.exclude_lists(0) == "XBI");
  CHECK(u.exclude_headline_words(0) == "FDA");
}
TEST_CASE("S1-B1.9, S1-B9.1: a refresh of five minutes, which meets 09:25", "[profile]") {
  CHECK(Small().universe().refresh_ns() == Duration(minutes(5)).count());
  CHECK((9 * 60 + 25) % 5 == 0);
}
TEST_CASE("S1-B2.2, S1-B3.1: three levels, 2.5, three points", "[profile]") {
  CHECK(SpecFor(Small(), FeatureKind::kBidAskRatio).levels == 3);
  CheckRule(Small(), "S1-B3.1", "bid_ask_ratio", ">=", 2.5, 3);
}
TEST_CASE("S1-B2.3, S1-B3.2, C-37: at most 0.04 for two seconds, two points", "[profile]") {
  CHECK(SpecFor(Small(), FeatureKind::kSpreadBelowFor).threshold == 0.04);
  CheckRule(Small(), "S1-B3.2", "spread_below_for", ">=", 2, 2);
}
TEST_CASE("S1-B2.4, S1-B3.3: four trades a second, two points", "[profile]") {
  CHECK(SpecFor(Small(), FeatureKind::kTapeVelocity).window == seconds(3));
  CheckRule(Small(), "S1-B3.3", "tape_velocity", ">=", 4, 2);
}
TEST_CASE("S1-B2.5, S1-B2.7, S1-B3.4: 1,200 shares at the ask, two points, and a gate whatever the score",
          "[profile]") {
  CHECK(SpecFor(Small(), FeatureKind::kDepthAsk).levels == 1);
  CheckRule(Small(), "S1-B3.4", "depth_ask", ">=", 1200, 2);
  const v1::Gate gate = RuleOf(Small().gates(), "S1-B2.7");
  CHECK(gate.feature() == "depth_ask");
  CHECK(gate.op() == ">=");
  CHECK(gate.limit() == 1200);
  CHECK_FALSE(gate.pass_not_ready());
}
TEST_CASE("S1-B2.6: within 0.02 of VWAP, from the venue where a profile says so", "[profile]") {
  CheckRule(Small(), "S1-B2.6", "vwap_distance", "<=", 0.02, 0);
  v1::Profile venue = Small();
  CHECK_FALSE(SpecFor(venue, FeatureKind::kVwapDistance).venue);
  venue.mutable_features()->set_vwap_source(v1::VWAP_SOURCE_VENUE);
  CHECK(SpecFor(venue, FeatureKind::kVwapDistance).venue);
}
TEST_CASE("S1-B3.5, S1-B3.6: VWAP reclaim one point, trigger at 8.0 of 10", "[profile]") {
  CheckRule(Small(), "S1-B3.5", "vwap_reclaim", "is true", std::nullopt, 1);
  CHECK(SpecFor(Small(), FeatureKind::kVwapReclaim).surge == 0);
  CHECK(Small().rubric().threshold() == 8.0);
  double most = 0;
  for (const v1::ScoreRule& rule : Small().rubric().rules()) most += PointsOf(rule);
  CHECK(most == 10);
}
TEST_CASE("S1-B4.1: a flash bid wall is more than 5,000 shares at the best bid, gone within 500 ms", "[profile]") {
  const FeatureSpec wall = SpecFor(Small(), FeatureKind::kFakeWall);
  CHECK(wall.levels == 1);
  CHECK(wall.minimum == 5001);
  CHECK(wall.window == milliseconds(500));
}
TEST_CASE("S1-B4.2: an ask that refills faster than the tape prints is rejected", "[profile]") {
  const v1::Gate gate = RuleOf(Small().gates(), "S1-B4.2");
  CHECK(gate.feature() == "ask_replenishment");
  CHECK(gate.op() == "<");
  CHECK(gate.limit() == 1);
}
TEST_CASE("S1-B4.3: cancelled when the spread widens by more than half within two seconds", "[profile]") {
  CHECK(Small().cancel().spread_multiple() == 1.5);
  CHECK(Small().cancel().spread_within_ns() == Duration(seconds(2)).count());
}
TEST_CASE("S1-B4.4, C-18: 3% in 60 seconds halts everything", "[profile]") {
  CHECK(Small().throttle().price_move_percent() == 3);
  CHECK(Small().throttle().price_move_window_ns() == Duration(seconds(60)).count());
  CHECK(Small().throttle().halt_scope() == v1::HALT_SCOPE_GLOBAL);
}
TEST_CASE("S1-B5.1, S1-B5.2, S1-B5.3, C-10: ask + 0.01, three and six spreads", "[profile]") {
  CHECK(Small().blueprint().entry_offset_e9() == Cents(1));
  CHECK(Small().blueprint().stop_spreads() == 3);
  CHECK(Small().blueprint().target_spreads() == 6);
}
TEST_CASE("S1-B5.5, S1-B10.4, C-30: 3.50 dollars for 500 shares, 21 dollars for six trades", "[profile]") {
  CHECK(2 * 500 * Small().costs().per_share_e8() == Dollars(350) / 100);
  CHECK(Small().account().trades_per_day() == 6);
  CHECK(6 * 2 * 500 * Small().costs().per_share_e8() == Dollars(21));
}
TEST_CASE("S1-B6.1, S1-B6.2, S1-B6.4, C-12, C-13: 15 minutes, two losses in 30, three an hour then one in 20",
          "[profile]") {
  CHECK(Small().throttle().same_ticker_ns() == Duration(minutes(15)).count());
  CHECK(Small().account().losses_max() == 2);
  CHECK(Small().account().losses_window_ns() == Duration(minutes(30)).count());
  CHECK_FALSE(Small().account().has_losses_pause_ns());  // the session
  CHECK(Small().throttle().alerts_per_hour() == 3);
  CHECK(Small().throttle().on_exceed() == v1::ON_EXCEED_THROTTLE);
  CHECK(Small().throttle().exceed_interval_ns() == Duration(minutes(20)).count());
}
TEST_CASE("S1-B7.1, S1-B7.2, S1-B7.3, S1-B7.4, S1-B7.5: the three stages and the abort condition", "[profile]") {
  REQUIRE(Small().stages_size() == 3);
  const v1::Stage& shadow = Small().stages(0);
  CHECK(shadow.shares_max_e8() == Shares(100));
  CHECK(shadow.sessions_min() == 10);  // two weeks
  CHECK(shadow.win_rate_min() == 60);
  CHECK(shadow.profit_net_min_e8() == 0);
  CHECK(shadow.abort_win_rate() == 55);
  CHECK(shadow.abort_after() == 50);
  const v1::Stage& micro = Small().stages(1);
  CHECK(micro.shares_max_e8() == Shares(300));
  CHECK(micro.week_profit_min_e8() == Dollars(200));
  CHECK(Small().stages(2).shares_max_e8() == Shares(500));
}
TEST_CASE("S1-B8.2, S1-B8.3, FX-22: absorption of three times the display, support of 70%, over 10 s", "[profile]") {
  const v1::Gate absorbed = RuleOf(Small().gates(), "S1-B8.2");
  CHECK(absorbed.feature() == "ask_passive_absorption");
  CHECK(absorbed.limit() == 3);
  CHECK(SpecFor(Small(), FeatureKind::kAskPassiveAbsorption).window == seconds(10));
  CHECK(SpecFor(Small(), FeatureKind::kAskPassiveAbsorption).levels == 1);  // tick
  const v1::Gate supported = RuleOf(Small().gates(), "S1-B8.3");
  CHECK(supported.feature() == "bid_support");
  CHECK(supported.limit() == 0.7);
  CHECK(Small().cancel().on_fake_wall());
}
TEST_CASE("S1-B8.1, S1-B8.4, C-19: people execute; a profile may ask for a confirmation", "[profile]") {
  CHECK(Small().execution_mode() == v1::EXECUTION_MODE_ALERT_ONLY);
  CHECK(v1::EXECUTION_MODE_CONFIRM != v1::EXECUTION_MODE_ALERT_ONLY);
}
TEST_CASE("S1-B9.2, S1-B9.3, S1-B9.4, S1-B9.5, S1-B9.6, C-16, C-17: the day's windows", "[profile]") {
  CHECK(WindowAt(Small(), "09:30").end() == "10:30");
  CHECK(WindowAt(Small(), "09:30").trades_max() == 3);
  CHECK(WindowAt(Small(), "10:30").end() == "11:30");
  CHECK(WindowAt(Small(), "10:30").trades_max() == 2);
  CHECK(WindowAt(Small(), "11:30").end() == "14:00");
  CHECK(WindowAt(Small(), "11:30").mode() == v1::WINDOW_MODE_CLOSED);
  CHECK(WindowAt(Small(), "14:00").end() == "15:00");
  CHECK(WindowAt(Small(), "14:00").trades_max() == 2);
  CHECK(WindowAt(Small(), "14:00").needs_profit());
  for (const v1::Window& window : Small().schedule().windows()) CHECK(window.end() <= "15:00");
}
TEST_CASE("S1-B10.2, C-34: limited margin; settled cash is counted for a cash account", "[profile]") {
  CHECK(Small().account().type() == v1::ACCOUNT_TYPE_LIMITED_MARGIN);
}
TEST_CASE("S1-BS.1, S1-BS.2, S1-BS.3, S1-BS.4, S1-BS.5, C-11: targets, and what follows where they are missed",
          "[profile]") {
  const auto criterion = [](const std::string& id) { return RuleOf(Small().criteria(), id); };
  CHECK(criterion("S1-BS.1").at_least() == 700);
  CHECK(criterion("S1-BS.1").act_below() == 500);
  CHECK(criterion("S1-BS.1").consequence() == v1::CRITERION_CONSEQUENCE_REVIEW);
  CHECK(criterion("S1-BS.2").at_least() == 60);
  CHECK(criterion("S1-BS.2").act_below() == 55);
  CHECK(criterion("S1-BS.2").consequence() == v1::CRITERION_CONSEQUENCE_STOP);
  CHECK(criterion("S1-BS.3").at_least() == 80);
  CHECK(criterion("S1-BS.3").act_below() == 60);
  CHECK(criterion("S1-BS.3").consequence() == v1::CRITERION_CONSEQUENCE_REDUCE);
  CHECK(criterion("S1-BS.4").at_most() == 3000);
  CHECK(Small().account().month_drawdown_e8() == Dollars(3000));
  CHECK(Small().account().degraded_risk_percent() == 0.15);
  CHECK(criterion("S1-BS.5").at_most() == 40);
  CHECK(criterion("S1-BS.5").consequence() == v1::CRITERION_CONSEQUENCE_TIGHTEN);
}
TEST_CASE("S0-S.1, S0-S.2, S0-S.3, S0-S.4, S0-S.5, S1-AS.1, S1-AS.2, S1-AS.3, S1-AS.4, S1-AS.5, C-32: success criteria",
          "[profile]") {
  for (const auto& [name, prefix] : {std::pair{"ofi-classic@1", "S0-S."}, std::pair{"ofi-ram@1", "S1-AS."}}) {
    const auto criterion = [&](const char* n) { return RuleOf(Shipped(name).criteria(), std::string(prefix) + n); };
    CHECK(criterion("1").at_least() == 0.45);
    CHECK(criterion("2").at_least() == -0.30);
    CHECK(criterion("3").at_least() == 62);
    CHECK(criterion("4").at_most() == 1.5);
  }
  CHECK(RuleOf(Shipped("ofi-classic@1").criteria(), "S0-S.5").at_most() == 6);
  CHECK(RuleOf(Shipped("ofi-ram@1").criteria(), "S1-AS.5").at_most() == 9);
}
TEST_CASE("S1-BP.1, S1-AP.1: no profile compounds by itself, and the second keeps to nine trades a day", "[profile]") {
  // A salary, not compounding: sizes stop growing at the ceiling.
  CHECK(Small().account().has_sizing_ceiling_e8());
  CHECK(Shipped("ofi-ram@1").account().trades_per_day() == 9);
}
TEST_CASE("S0-3.1, S0-3.2, S0-3.3, S0-3.4, S0-3.5, S0-3.6, C-01: the classic rubric", "[profile]") {
  const v1::Profile& classic = Shipped("ofi-classic@1");
  CheckRule(classic, "S0-3.1", "spread", "<=", 0.03, 2);
  CheckRule(classic, "S0-3.2", "bid_ask_ratio", ">=", 3, 3);
  CheckRule(classic, "S0-3.3", "tape_velocity", ">=", 5, 2);
  CheckRule(classic, "S0-3.4", "vwap_reclaim", "is true", std::nullopt, 2);
  CheckRule(classic, "S0-3.5", "bid_size_over_ask", ">", 0, 1);
  CHECK(classic.rubric().threshold() == 7.5);
}
TEST_CASE(
    "S1-A3.1, S1-A3.2, S1-A3.3, S1-A3.4, S1-A3.5, S1-A3.6, S1-A2.1, S1-A2.2, S1-A2.3, S1-A2.4, S1-A2.5: word for word",
    "[profile]") {
  const v1::Profile& classic = Shipped("ofi-classic@1");
  const v1::Profile& ram = Shipped("ofi-ram@1");
  REQUIRE(ram.rubric().rules_size() == classic.rubric().rules_size());
  for (int i = 0; i < ram.rubric().rules_size(); ++i) {
    v1::ScoreRule left = classic.rubric().rules(i);
    v1::ScoreRule right = ram.rubric().rules(i);
    CHECK("S1-A" + left.id().substr(3) == right.id());
    left.clear_id();
    right.clear_id();
    CHECK(left.SerializeAsString() == right.SerializeAsString());
  }
  CHECK(ram.features().SerializeAsString() == classic.features().SerializeAsString());
  CHECK(ram.blueprint().SerializeAsString() == classic.blueprint().SerializeAsString());
  CHECK(ram.throttle().SerializeAsString() == classic.throttle().SerializeAsString());
  CHECK(ram.schedule().SerializeAsString() == classic.schedule().SerializeAsString());
}
TEST_CASE("FX-19, S1-I1.1, S1-I1.2, S1-I1.3, S1-I1.4, S1-I1.5, S1-I1.6, S1-I1.7: the graded score's weights",
          "[profile]") {
  const v1::Profile& quant = Shipped("ofi-quant@1");
  const auto graded = [&](const std::string& id) { return RuleOf(quant.rubric().rules(), id); };
  CHECK(quant.rubric().threshold() == 7.5);
  CHECK((graded("S1-I1.2").start() == 1.5 && graded("S1-I1.2").limit() == 3.0 && graded("S1-I1.2").points() == 3.5));
  CHECK(graded("S1-I1.3").points() == 2.5);
  CHECK(graded("S1-I1.4").points() == 2);
  CHECK(graded("S1-I1.5").points() + graded("S1-I1.5:pressure").points() == 1.5);
  CHECK(graded("S1-I1.6").points() == 0.5);
  CHECK((graded("S1-I1.7").start() == 0.03 && graded("S1-I1.7").limit() == 0.06 && PointsOf(graded("S1-I1.7")) == -2));
  CHECK((graded("FX-19").limit() == 30 && graded("FX-19").points() == 0.5));
  CHECK(quant.rubric().score_max() == 10);
}
TEST_CASE("S1-I3.1, S0-6.1, S0-6.2, S0-6.3, S1-A6.1, S1-A6.2, S1-A6.3: the ask, four spreads, eight spreads",
          "[profile]") {
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1", "ofi-quant@1"}) {
    CHECK_FALSE(Shipped(name).blueprint().has_entry_offset_e9());
    CHECK(Shipped(name).blueprint().stop_spreads() == 4);
    CHECK(Shipped(name).blueprint().target_spreads() == 8);
  }
}
TEST_CASE("S0-6.4, S1-A6.4: 0.25% of the account", "[profile]") {
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1"}) CHECK(Shipped(name).sizing().risk_percent() == 0.25);
}
TEST_CASE("S0-5.1, S0-5.2, S0-9.4, S1-A5.1, S1-A5.2, S1-A9.4: ten minutes a ticker, three an hour", "[profile]") {
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1"}) {
    CHECK(Shipped(name).throttle().same_ticker_ns() == Duration(minutes(10)).count());
    CHECK(Shipped(name).throttle().alerts_per_hour() == 3);
    CHECK(Shipped(name).throttle().on_exceed() == v1::ON_EXCEED_UNSPECIFIED + v1::ON_EXCEED_PAUSE);
  }
}
TEST_CASE("S0-10.1, S0-10.2, S0-10.3, S0-10.4, S1-A10.1, S1-A10.2, S1-A10.3, S1-A10.4: the day of both first halves",
          "[profile]") {
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1"}) {
    CHECK(Shipped(name).universe().refresh_ns() == Duration(minutes(5)).count());
    CHECK((WindowAt(Shipped(name), "09:30").end() == "11:30" &&
           WindowAt(Shipped(name), "09:30").mode() == v1::WINDOW_MODE_FULL));
    CHECK((WindowAt(Shipped(name), "12:00").end() == "14:00" &&
           WindowAt(Shipped(name), "12:00").mode() == v1::WINDOW_MODE_STRICT));
    CHECK(WindowAt(Shipped(name), "14:00").end() == "15:45");
    CHECK(WindowAt(Shipped(name), "14:00").mode() == v1::WINDOW_MODE_MONITOR);
  }
}
TEST_CASE("IR-6, IR-7, IR-8, IR-9, IR-12: the observed program's limits", "[profile]") {
  const v1::Profile& ram = Shipped("ram-observed@1");
  CHECK(ram.rubric().evaluation_interval_ns() == Duration(milliseconds(250)).count());
  CHECK(ram.cancel().tape_fraction() == 0.5);
  CHECK(ram.cancel().tape_checks() == 3);
  CHECK(ram.cancel().spread_checks() == 2);
  CHECK(ram.blueprint().life_ns() == Duration(seconds(300)).count());
  CHECK(ram.scarcity().alerts_per_day() == 6);
  CHECK(ram.scarcity().alerts_per_symbol_day() == 1);
  CHECK(ram.scarcity().cooldown_ns() == Duration(minutes(45)).count());
  CHECK(ram.throttle().same_ticker_ns() == Duration(minutes(60)).count());
  CHECK(ram.scarcity().after_cancel_ns() == Duration(minutes(2)).count());
  CHECK(ram.preview().per_minute() == 30);
  CHECK(ram.preview().dedup_ns() == Duration(seconds(15)).count());
  CHECK((ram.blueprint().stop_percent() == 0.3 && ram.blueprint().stop_spreads() == 6 &&
         ram.blueprint().target_stops() == 1.2));
}
TEST_CASE("C-02, C-16: paper-default has the strictest of every limit", "[profile]") {
  const v1::Profile& paper = Shipped("paper-default@1");
  for (const char* const name : {"ofi-classic@1", "ofi-ram@1", "ofi-quant@1", "small-account@1", "ram-observed@1"}) {
    const v1::Profile& other = Shipped(name);
    CAPTURE(name);
    CHECK(paper.universe().price_min_e9() >= other.universe().price_min_e9());
    CHECK(paper.universe().price_max_e9() <= other.universe().price_max_e9());
    CHECK(paper.throttle().same_ticker_ns() >= other.throttle().same_ticker_ns());
    CHECK(paper.throttle().alerts_per_hour() <= other.throttle().alerts_per_hour());
    CHECK(paper.sizing().risk_percent() <= other.sizing().risk_percent());
    if (other.account().has_trades_per_day())
      CHECK(paper.account().trades_per_day() <= other.account().trades_per_day());
    if (other.scarcity().has_cooldown_ns()) CHECK(paper.scarcity().cooldown_ns() >= other.scarcity().cooldown_ns());
  }
}

}  // namespace spillway::profile
