#include "libs/profile/profile_loader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "libs/config/yaml.h"
#include "libs/profile/declared_features.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::profile {
namespace {

namespace fs = std::filesystem;

bool Has(const std::string& text, const std::string& part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

fs::path SourceRoot() {
  const char* root = std::getenv("SPILLWAY_SOURCE");
  return root == nullptr ? fs::current_path() : fs::path(root);
}

// A directory of shipped profiles of its own, in front of those of the source tree.
class ProfileDirectory {
 public:
  ProfileDirectory() { setenv("SPILLWAY_PROFILES", directory_.path().c_str(), 1); }
  ~ProfileDirectory() { unsetenv("SPILLWAY_PROFILES"); }
  fs::path Write(const std::string& file, const std::string& yaml) const {
    std::ofstream(directory_ / file) << yaml;
    return directory_ / file;
  }
  // What LoadProfile says of a profile over ofi-classic@1; the given text starts on line 4.
  std::string Refused(const std::string& yaml) const {
    const fs::path file = Write("child.yaml", "name: child\nversion: 1\nbase: ofi-classic@1\n" + yaml);
    const absl::StatusOr<v1::Profile> profile = LoadProfile(file.string());
    INFO(yaml);
    REQUIRE(profile.status().code() == absl::StatusCode::kInvalidArgument);
    std::string message(profile.status().message());
    const std::string prefix = file.string();
    for (size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
      message.replace(at, prefix.size(), "child.yaml");
    }
    return message;
  }
  v1::Profile Loaded(const std::string& yaml) const {
    const fs::path file = Write("child.yaml", "name: child\nversion: 1\nbase: ofi-classic@1\n" + yaml);
    const absl::StatusOr<v1::Profile> profile = LoadProfile(file.string());
    INFO(profile.status());
    REQUIRE(profile.ok());
    return *profile;
  }

 private:
  test::TemporaryFolder directory_;
};

v1::Profile Classic() {
  const absl::StatusOr<v1::Profile> profile = LoadProfile("ofi-classic@1");
  INFO(profile.status());
  REQUIRE(profile.ok());
  return *profile;
}

}  // namespace

TEST_CASE("profile: ofi-classic@1 carries the numbers of S0-1 to S0-10", "[profile]") {
  const v1::Profile p = Classic();
  CHECK(p.execution_mode() == v1::EXECUTION_MODE_ALERT_ONLY);
  CHECK(p.universe().price_min_e9() == 10'000'000'000);
  CHECK(p.universe().price_max_e9() == 80'000'000'000);
  CHECK(p.universe().relative_volume_min() == 2);
  CHECK(p.universe().spread_max_e9() == 50'000'000);
  CHECK_FALSE(p.universe().has_spread_min_e9());
  CHECK(p.universe().float_max_e8() == 150'000'000LL * 100'000'000);
  CHECK(p.universe().refresh_ns() == 300'000'000'000);
  CHECK(std::vector<std::string>(p.universe().exclude_types().begin(), p.universe().exclude_types().end()) ==
        std::vector<std::string>{"etf", "adr", "otc"});
  CHECK(p.universe().allow_unknown().empty());

  CHECK(p.rubric().threshold() == 7.5);
  std::string rules;
  double points = 0;
  for (const v1::ScoreRule& r : p.rubric().rules()) {
    std::ostringstream line;
    line << r.id() << " " << r.feature() << " " << r.op() << " " << (r.has_limit() ? std::to_string(r.limit()) : "-")
         << " " << r.points() << "\n";
    rules += line.str();
    points += r.points();
  }
  CHECK(rules ==
        "S0-3.1 spread <= 0.030000 2\n"
        "S0-3.2 bid_ask_ratio >= 3.000000 3\n"
        "S0-3.3 tape_velocity >= 5.000000 2\n"
        "S0-3.4 vwap_reclaim is true - 2\n"
        "S0-3.5 bid_size_over_ask > 0.000000 1\n"
        "S0-2.5 bid_wall_age >= 1.000000 0\n");
  CHECK(points == 10);

  REQUIRE(p.gates_size() == 2);
  CHECK(p.gates(0).id() == "S0-4.1");
  CHECK_FALSE(p.gates(0).pass_not_ready());
  CHECK(p.gates(1).limit() == 1);
  CHECK(p.gates(1).pass_not_ready());
  CHECK(p.cancel().spread_multiple() == 1.5);
  CHECK(p.cancel().spread_confirm_ns() == 500'000'000);
  CHECK(p.cancel().spread_within_ns() == 0);
  CHECK(p.cancel().tape_fraction() == 0.5);
  CHECK(p.cancel().tape_checks() == 3);
  CHECK((p.cancel().on_liquidity_collapse() && p.cancel().on_fake_wall() && p.cancel().on_halt()));
  CHECK(p.blueprint().stop_spreads() == 4);
  CHECK(p.blueprint().target_spreads() == 8);
  CHECK_FALSE(p.blueprint().has_entry_offset_e9());
  CHECK(p.throttle().same_ticker_ns() == 600'000'000'000);
  CHECK(p.throttle().alerts_per_hour() == 3);
  CHECK(p.throttle().on_exceed() == v1::ON_EXCEED_PAUSE);
  CHECK(p.throttle().halt_scope() == v1::HALT_SCOPE_GLOBAL);
  CHECK(p.sizing().equity_e8() == 40'000LL * 100'000'000);
  CHECK(p.sizing().risk_percent() == 0.25);
  REQUIRE(p.schedule().windows_size() == 4);
  CHECK(p.schedule().windows(0).start() == "09:30");
  CHECK(p.schedule().windows(2).mode() == v1::WINDOW_MODE_STRICT);
  CHECK(p.schedule().windows(3).end() == "15:45");
  CHECK(p.schedule().shift_on_early_close());
  CHECK(p.schedule().low_confidence_points() == 1);
  CHECK(p.schedule().low_confidence_size() == 0.5);
  CHECK(p.outcome().time_stop_ns() == 900'000'000'000);
  // C-30: 500 shares there and back cost 3.50 USD.
  CHECK(p.costs().per_share_e8() * 500 * 2 == 350'000'000);
}

TEST_CASE("profile: the parameters written in ofi-classic@1 are the defaults of the catalogue", "[profile]") {
  v1::Profile without = Classic();
  without.clear_features();
  CHECK(DeclaredFeatures(Classic()) == DeclaredFeatures(without));
  CHECK(DeclaredFeatures(Classic()).size() == 9);
}

TEST_CASE("profile: the example for SOUN differs from classic in what it says and in nothing else", "[profile]") {
  const absl::StatusOr<v1::Profile> soun = LoadProfile((SourceRoot() / "examples/soun.yaml").string());
  INFO(soun.status());
  REQUIRE(soun.ok());
  CHECK(ProfileName(*soun) == "soun@1");
  v1::Profile expected = Classic();
  expected.set_name("soun");
  expected.set_base("ofi-classic@1");
  expected.clear_description();
  expected.clear_carries();
  expected.mutable_universe()->set_price_min_e9(2'000'000'000);
  expected.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_FLOAT);
  expected.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME);
  expected.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_SECURITY_TYPE);
  expected.mutable_features()->set_ratio_levels(5);
  google::protobuf::util::MessageDifferencer differencer;
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  const bool equal = differencer.Compare(expected, *soun);
  INFO(difference);
  CHECK(equal);
}

TEST_CASE("profile: every shipped profile and example loads, and its YAML form loads as the same profile",
          "[profile]") {
  const ProfileDirectory directory;
  std::vector<std::string> names;
  for (const ShippedProfile& shipped : ListProfiles()) names.push_back(shipped.name);
  REQUIRE(std::find(names.begin(), names.end(), "ofi-classic@1") != names.end());
  for (const auto& entry : fs::directory_iterator(SourceRoot() / "examples")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().string());
  }
  for (const std::string& name : names) {
    const absl::StatusOr<v1::Profile> profile = LoadProfile(name);
    INFO(name << ": " << profile.status());
    REQUIRE(profile.ok());
    const absl::StatusOr<v1::Profile> again =
        LoadProfile(directory.Write("again.yaml", config::ToYaml(*profile)).string());
    INFO(again.status());
    REQUIRE(again.ok());
    CHECK(SerializeDeterministic(*again) == SerializeDeterministic(*profile));
    v1::Profile parsed;
    REQUIRE(parsed.ParseFromString(SerializeDeterministic(*profile)));
    CHECK(google::protobuf::util::MessageDifferencer::Equals(parsed, *profile));
  }
}

TEST_CASE("profile: the profiles printed in the documentation load", "[profile]") {
  const ProfileDirectory directory;
  for (const char* page : {"README.md", "docs/profiles.md"}) {
    INFO(page);
    std::ifstream in(SourceRoot() / page);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const std::string fence = "```yaml\n";
    const size_t begin = text.find(fence);
    REQUIRE(begin != std::string::npos);
    const size_t end = text.find("```", begin + fence.size());
    const fs::path file = directory.Write("mine.yaml", text.substr(begin + fence.size(), end - begin - fence.size()));
    const absl::StatusOr<v1::Profile> profile = LoadProfile(file.string());
    INFO(profile.status());
    REQUIRE(profile.ok());
    CHECK(ProfileName(*profile) == "mine@1");
    CHECK(profile->universe().price_min_e9() == 5'000'000'000);
  }
}

TEST_CASE("profile: a base's base is resolved first; lists are replaced, messages merged, false overrides true",
          "[profile]") {
  const ProfileDirectory directory;
  directory.Write("middle@2.yaml",
                  "name: middle\nversion: 2\nbase: ofi-classic@1\ncancel: {on_halt: false, tape_checks: 4}\n"
                  "universe: {exclude_types: [etf]}\ndescription: theirs\ncarries: [S0-1.1]\n");
  const v1::Profile profile = [&] {
    const auto loaded = LoadProfile(
        directory.Write("mine.yaml", "name: mine\nversion: 7\nbase: middle@2\ncancel: {tape_checks: 5}\n").string());
    INFO(loaded.status());
    REQUIRE(loaded.ok());
    return *loaded;
  }();
  CHECK(ProfileName(profile) == "mine@7");
  CHECK(profile.base() == "middle@2");
  CHECK(profile.description().empty());
  CHECK(profile.carries().empty());
  CHECK(profile.cancel().tape_checks() == 5);
  CHECK_FALSE(profile.cancel().on_halt());
  CHECK(profile.cancel().on_fake_wall());
  CHECK(profile.universe().exclude_types_size() == 1);
  CHECK(profile.universe().price_min_e9() == 10'000'000'000);
}

TEST_CASE("profile: name and version are never taken over from a base", "[profile]") {
  const ProfileDirectory directory;
  const std::string file = directory.Write("nameless.yaml", "base: ofi-classic@1\n").string();
  CHECK(LoadProfile(file).status().message() ==
        file + ":1: name: missing; expected text\n" + file +
            ":1: version: missing; expected a whole number such as 5, not negative");
}

TEST_CASE("profile: unknown profiles, unknown bases and circles are refused with what there is", "[profile]") {
  const ProfileDirectory directory;
  CHECK(LoadProfile("ofi-clasic@1").status().code() == absl::StatusCode::kNotFound);
  CHECK(Has(std::string(LoadProfile("ofi-clasic@1").status().message()), "known: ofi-classic@1"));
  CHECK(LoadProfile("./no/such.yaml").status().code() == absl::StatusCode::kNotFound);
  const std::string unknown = directory.Write("u.yaml", "name: u\nversion: 1\nbase: ofi-classic@9\n").string();
  CHECK(Has(std::string(LoadProfile(unknown).status().message()),
            "u.yaml:3: base: no profile 'ofi-classic@9', neither shipped nor beside this file; known: ofi-classic@1"));
  directory.Write("a@1.yaml", "name: a\nversion: 1\nbase: b@1\n");
  directory.Write("b@1.yaml", "name: b\nversion: 1\n\nbase: a@1\n");
  CHECK(Has(std::string(LoadProfile("a@1").status().message()),
            "b@1.yaml:4: base: bases in a circle: a@1 -> b@1 -> a@1"));
  directory.Write("liar@1.yaml", "name: liar\nversion: 2\nbase: ofi-classic@1\n");
  CHECK(Has(std::string(LoadProfile("liar@1").status().message()), "the file is named liar@1 but says it is liar@2"));
}

TEST_CASE("profile: a base's own mistake is reported in the base's file", "[profile]") {
  const ProfileDirectory directory;
  directory.Write("broken@1.yaml", "name: broken\nversion: 1\nbase: ofi-classic@1\nthrotle: {}\n");
  const std::string file = directory.Write("c.yaml", "name: c\nversion: 1\nbase: broken@1\nsizzing: {}\n").string();
  const std::string message(LoadProfile(file).status().message());
  CHECK(Has(message, "broken@1.yaml:4: throtle: unknown key; did you mean 'throttle'?"));
  CHECK(Has(message, "c.yaml:4: sizzing: unknown key; did you mean 'sizing'?"));
}

TEST_CASE("profile: what no single value shows is checked over the whole, on the line that says it", "[profile]") {
  const ProfileDirectory d;
  CHECK(d.Refused("rubric: {threshold: 10.5}") ==
        "child.yaml:4: rubric.threshold: 10.5 is above 10, the sum of all points: no signal could be accepted");
  CHECK(d.Loaded("rubric: {threshold: 10}").rubric().threshold() == 10);
  CHECK(Has(d.Refused("rubric: {near_miss: 8}"), "rubric.near_miss: 8 is above the threshold 7.5"));
  CHECK(Has(d.Refused("gates:\n  - {id: g, feature: spred, op: <, limit: 1}"),
            "child.yaml:5: gates[0].feature: unknown feature 'spred', expected one of: spread, spread_change,"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: unknown, op: <, limit: 1}]"), "unknown feature 'unknown'"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: spread, op: <}]"), "gates[0].limit: missing; '<' needs a limit"));
  CHECK(
      Has(d.Refused("gates: [{id: g, feature: fake_wall, op: is false, limit: 0}]"), "has no effect with 'is false'"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: spread, op: ==, limit: 0}]"), "'==' does not match the pattern"));
  CHECK(Has(d.Refused("universe:\n  exclude_types: [etf, fnd]"),
            "child.yaml:5: universe.exclude_types[1]: unknown security type 'fnd', expected one of: common, etf, adr"));
  CHECK(
      Has(d.Refused("universe: {price_min: 80.01}"), "child.yaml:4: universe.price_min: 80.01 is above price_max 80"));
  CHECK(d.Loaded("universe: {price_min: 80}").universe().price_min_e9() == 80'000'000'000);
  CHECK(Has(d.Refused("universe: {spread_min: 0.06}"), "universe.spread_min: 0.06 is above spread_max 0.05"));
  CHECK(Has(d.Refused("universe: {float_min: 150000001}"), "float_min: 150000001 is above float_max 150000000"));
  CHECK(Has(d.Refused("throttle: {on_exceed: throttle}"), "throttle.exceed_interval: missing"));
  CHECK(Has(d.Refused("throttle: {exceed_interval: 20m}"), "has an effect with `on_exceed: throttle` only"));
  CHECK(Has(d.Refused("blueprint: {stop_spreads: 0}"), "blueprint.stop_spreads: 0 is not above 0"));
}

TEST_CASE("profile: what contradicts itself is refused on its line, with the reason", "[profile]") {
  const ProfileDirectory d;
  const auto rule = [](const std::string& weight) {
    return "rubric:\n  rules:\n    - {id: a, feature: spread, op: <=, limit: 0.03, points: 8}\n"
           "    - {id: b, feature: mid, op: <, limit: 1" +
           weight + "}";
  };
  CHECK(Has(d.Refused(rule(", points: -1")), "child.yaml:7: rubric.rules[1].points: -1 is below the minimum 0"));
  CHECK(Has(d.Refused(rule("")), "rubric.rules[1].points: missing; expected a number such as 7.5, or penalty instead"));
  CHECK(Has(d.Refused(rule(", points: 1, penalty: 1")), "rubric.rules[1].points: excludes penalty"));
  CHECK(d.Loaded(rule(", penalty: 1")).rubric().rules(1).penalty() == 1);
  CHECK(Has(d.Refused("rubric: {score_max: 7}"), "rubric.threshold: 7.5 is above 7, score_max"));
  CHECK(d.Loaded("rubric: {base: 1, threshold: 11}").rubric().threshold() == 11);
  CHECK(Has(d.Refused("rubric: {score_min: 10, score_max: 10}"), "score_min: 10 is not below score_max 10"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: spread, op: <, limit: 1, window: 3s}]"), "'spread' has no window"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: vwap, op: <, limit: 1, levels: 3}]"), "'vwap' has no levels"));
  CHECK(Has(d.Refused("gates: [{id: g, feature: spread, op: <, limit: 1, short_limit: 2}]"),
            "short_side: {enabled: true}"));
  CHECK(Has(d.Refused("blueprint: {target_spreads: 2}"), "2 is nearer than the stop, 4 spreads"));
  CHECK(Has(d.Refused("cancel:\n  when:\n    - {id: a, feature: tape_stal, op: <, limit: 1}"),
            "child.yaml:6: cancel.when[0].feature: unknown feature 'tape_stal'"));
  CHECK(Has(d.Refused("scarcity: {ranking_keep: 2}"), "has an effect with `ranking_window` only"));
  CHECK(Has(d.Refused("preview: {threshold: 7.5}"), "7.5 is not below the rubric's threshold 7.5"));
  CHECK(Has(d.Refused("stages: [{name: a, abort_after: 50}]"), "abort_win_rate and abort_after need each other"));
  CHECK(Has(d.Refused("stages:\n  - {name: a, shares_max: 300}\n  - {name: b, shares_max: 100}"),
            "child.yaml:6: stages[1].shares_max: is below the stage before it"));
  CHECK(Has(d.Refused("stages: [{name: a}, {name: a}]"), "'a' is given twice"));
  CHECK(Has(d.Refused("account: {equity_max: 30000}"),
            "sizing.equity: 40000 is outside account.equity_min to equity_max"));
  CHECK(Has(d.Refused("account: {losses_max: 2}"), "losses_max and losses_window need each other"));
  CHECK(Has(d.Refused("account: {day_loss_stop: 700, day_drawdown_max: 600}"),
            "account.day_loss_stop: 700 is above day_drawdown_max 600"));
  CHECK(Has(d.Refused("account: {month_drawdown: 3000, degraded_risk_percent: 0.5}"),
            "0.5 is above sizing.risk_percent"));
  CHECK(Has(d.Refused("compliance: [{id: a, kind: day_trades, amount: 25000}]"), "needs count and sessions"));
  CHECK(Has(d.Refused("criteria: [{id: a, measure: win_rate}]"), "has no target: write at_least or at_most"));
  CHECK(Has(d.Refused("criteria: [{id: a, measure: win_rate, at_least: 60, act_below: 55}]"), "a consequence needs"));
  CHECK(Has(d.Refused("universe: {include_types: [common, etf]}"), "'etf' is in exclude_types too"));
}

TEST_CASE("profile: a graded rule starts on the failing side of its limit", "[profile]") {
  const ProfileDirectory d;
  const auto rubric = [](const std::string& rule, const std::string& mode = "graded") {
    return "rubric: {mode: " + mode + ", threshold: 1, rules: [{id: a, feature: spread, points: 2, " + rule + "}]}";
  };
  CHECK(d.Loaded(rubric("op: <=, limit: 0.03, start: 0.05")).rubric().rules(0).start() == 0.05);
  CHECK(Has(d.Refused(rubric("op: <=, limit: 0.03, start: 0.03")),
            "rubric.rules[0].start: 0.03 already meets the limit"));
  CHECK(Has(d.Refused(rubric("op: \">=\", limit: 3, start: 4")), "4 already meets the limit >= 3"));
  CHECK(Has(d.Refused(rubric("op: is true, start: 4")), "rubric.rules[0].start: has no effect with 'is true'"));
  CHECK(
      Has(d.Refused(rubric("op: <=, limit: 0.03, start: 0.05", "boolean")), "has an effect with `mode: graded` only"));
}

TEST_CASE("profile: windows are in order, apart from one another, and there is at least one", "[profile]") {
  const ProfileDirectory d;
  const auto windows = [](const std::string& list) { return "schedule:\n  windows:\n" + list; };
  CHECK(Has(d.Refused(windows("    - {start: '10:00', end: '10:00', mode: full}")),
            "child.yaml:6: schedule.windows[0].end: 10:00 is not after start 10:00"));
  CHECK(Has(d.Refused(windows("    - {start: '10:00', end: '11:00', mode: full}\n"
                              "    - {start: '09:30', end: '10:01', mode: strict}")),
            "child.yaml:6: schedule.windows[0].start: 10:00 lies in the window 09:30 to 10:01"));
  CHECK(d.Loaded(windows("    - {start: '10:00', end: '11:00', mode: full}\n"
                         "    - {start: '09:30', end: '10:00', mode: strict}"))
            .schedule()
            .windows_size() == 2);
  CHECK(Has(d.Refused(windows("    - {start: '25:00', end: '26:00', mode: full}")), "'25:00' is no time of day"));
  CHECK(Has(d.Refused("schedule: {windows: []}"), "neither windows nor `always_open: true`"));
  CHECK(Has(d.Refused("schedule: {always_open: true}"), "schedule.always_open: excludes windows"));
  CHECK(d.Loaded("schedule: {windows: [], always_open: true}").schedule().always_open());
}

TEST_CASE("profile: without blueprint, sizing and schedule there is no alert, so they are asked for", "[profile]") {
  const ProfileDirectory d;
  const std::string file = d.Write("bare.yaml",
                                   "name: bare\nversion: 1\nrubric:\n  threshold: 1\n  rules: [{id: a, feature: "
                                   "spread, op: <, limit: 1, points: 1}]\n")
                               .string();
  const std::string message(LoadProfile(file).status().message());
  CHECK(Has(message, "bare.yaml:1: blueprint: missing"));
  CHECK(Has(message, "bare.yaml:1: sizing: missing"));
  CHECK(Has(message, "bare.yaml:1: schedule: missing"));
}

}  // namespace spillway::profile
