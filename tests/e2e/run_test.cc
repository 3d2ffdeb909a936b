// `run`, `replay`, `trace` and `report`, from the universe to the outcome.
#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

// The events of the trading lane that have a text with this word, one a line: "signal", "decision", ...
std::vector<std::string> EventsOf(const std::string& session, const std::string& lane, const std::string& word) {
  std::vector<std::string> found;
  for (const std::string& line : SpillwayOk({"log", "cat", session, "--lane", lane}).Lines()) {
    const size_t blank = line.find(' ');
    if (blank != std::string::npos && line.compare(blank + 1, word.size() + 1, word + " ") == 0) found.push_back(line);
  }
  return found;
}

size_t CountOf(const std::vector<std::string>& lines, std::string_view part) {
  return static_cast<size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What was printed while it ran: all before the summary.
std::string Cards(const std::string& out, const std::string& session) {
  return out.substr(0, out.find(session + ":"));
}

// The correlation ids that cards end with.
std::vector<std::string> AlertIds(const std::string& cards) {
  std::vector<std::string> ids;
  for (const std::string& line : SplitLines(cards)) {
    if (line.rfind("  id ", 0) == 0) ids.push_back(line.substr(5));
  }
  return ids;
}

nlohmann::json OnlyInstance(const std::string& session) {
  nlohmann::json instances = SpillwayOk({"report", session, "--json"}).Json().at("scorecard").at("instances");
  REQUIRE(instances.size() == 1);
  return instances[0];
}

}  // namespace

TEST_CASE("run: the classic universe leaves SOUN out and names every failing rule", "[run]") {
  const auto soun = SounSession();
  if (!soun) return;
  const Workspace workspace;
  const std::string out = workspace / "classic";
  const nlohmann::json result = SpillwayOk({"run", *soun, "--profile", "ofi-classic@1", "--out", out, "--json"}).Json();
  CHECK(result["alerts"] == 0);
  CHECK(result["signals_accepted"] == 0);
  const std::vector<std::string> universe = EventsOf(out, "market.0", "universe");
  REQUIRE_FALSE(universe.empty());
  for (const char* part : {"-SOUN", "price_min seen=9.29 limit=10", "float_unknown", "relative_volume",
                           "no_volume_profile", "security_type_unknown"}) {
    INFO(universe[0] << "\n" << part);
    CHECK(Contains(universe[0], part));
  }
  CHECK(CountOf(universe, "+SOUN") == 0);
}

TEST_CASE("run: with the shipped example every signal is accepted, refused or rejected, with its rules", "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const std::vector<std::string> signals = EventsOf(run->session, "trading", "signal");
  const std::vector<std::string> intents = EventsOf(run->session, "trading", "intent");
  const std::vector<std::string> decisions = EventsOf(run->session, "trading", "decision");
  const std::vector<std::string> alerts = EventsOf(run->session, "trading", "alert");
  const size_t accepted = CountOf(signals, " accepted ");
  REQUIRE(accepted > 0);
  CHECK(accepted + CountOf(signals, " rejected ") == signals.size());
  for (const std::string& signal : signals) {
    for (const char* rule :
         {"[S0-3.1 ", "[S0-3.2 bid_ask_ratio(levels=5) ", "[S0-3.3 ", "[S0-3.4 ", "[S0-3.5 ", "[S0-4.1 ", "[S0-4.2 "}) {
      INFO(signal << "\n" << rule);
      CHECK(Contains(signal, rule));
    }
  }
  // One intent for each accepted signal, one decision for each intent, one alert for each approval.
  CHECK(intents.size() == accepted);
  CHECK(decisions.size() == accepted);
  CHECK(alerts.size() == CountOf(decisions, " approved "));
  CHECK(CountOf(decisions, " approved ") + CountOf(decisions, " refused ") == decisions.size());
  for (const std::string& decision : decisions) {
    if (Contains(decision, " refused ")) CHECK((Contains(decision, "seen=") && Contains(decision, "limit=")));
  }
  const std::vector<std::string> cancelled = EventsOf(run->session, "trading", "signal_cancelled");
  for (const std::string& line : cancelled) CHECK((Contains(line, "seen=") && Contains(line, "limit=")));

  const nlohmann::json instance = OnlyInstance(run->session);
  CHECK(instance["signals"]["accepted"] == accepted);
  CHECK(instance["signals"]["rejected"] == signals.size() - accepted);
  CHECK(instance["signals"]["cancelled"] == cancelled.size());
  CHECK(AlertIds(run->cards).size() == alerts.size());
}

TEST_CASE("report: classic limits with ten levels have no alert, and their nearest misses are told", "[run]") {
  // Ten levels reach the ratio on twelve rows only (features_test.cc). One VWAP reclaim comes with a fast tape and a
  // bid bigger than the ask: 2 + 2 + 2 + 1 points, the best of the session, half a point short.
  const auto soun = SounSession();
  if (!soun) return;
  const Workspace workspace;
  const std::string profile = WriteProfile(workspace, "opened.yaml", kOpenedClassic);
  const std::string out = workspace / "opened";
  SpillwayOk({"run", *soun, "--profile", profile, "--out", out});
  CHECK(CountOf(EventsOf(out, "market.0", "universe"), "+SOUN") > 0);
  const nlohmann::json instance = OnlyInstance(out);
  CHECK(instance["signals"]["accepted"] == 0);
  CHECK(instance["alerts"] == 0);
  REQUIRE_FALSE(instance["near_misses"].empty());
  double best = 0;
  for (const nlohmann::json& miss : instance["near_misses"]) {
    best = std::max(best, miss["score"].get<double>());
    CHECK(miss["score"] >= 6.0);  // the threshold less 1.5
    CHECK(miss["score"] < 7.5);
    CHECK(miss["threshold"] == 7.5);
    CHECK(miss["failed"].dump().find("bid_ask_ratio(levels=10)") != std::string::npos);
  }
  CHECK(best == 7);
  const std::string text = SpillwayOk({"report", out}).out;
  INFO(text);
  CHECK(Contains(text, "alerts     0"));
  CHECK(Contains(text, "near miss  7/7.5"));
}

TEST_CASE("export, scorecard, promote: S1-I5.2 every signal is a line; a run counts once; unmet gates are named",
          "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const std::vector<std::string> signals = EventsOf(run->session, "trading", "signal");
  const std::vector<std::string> lines = SpillwayOk({"export", "signals", run->session, "--jsonl"}).Lines();
  REQUIRE(lines.size() == signals.size());
  for (const std::string& line : lines) CHECK(nlohmann::json::parse(line)["ticker"] == "SOUN");
  const Workspace workspace;
  const std::string csv = workspace / "signals.csv";
  SpillwayOk({"export", "signals", run->session, "--csv", "--out", csv});
  CHECK(std::filesystem::file_size(csv) > 0);

  const nlohmann::json folded = SpillwayOk({"scorecard", run->session, "--json"}).Json();
  CHECK(folded["instances"][0]["alerts"] == OnlyInstance(run->session)["alerts"]);
  CHECK(Spillway({"scorecard", run->session, run->session}).exit_code != 0);

  const auto refused = Spillway({"profile", "promote", "small-account@1", "--to", "micro", "--session", run->session});
  CHECK(refused.exit_code == 1);
  CHECK(Contains(refused.out, "trades 0, needed >= 50: FAIL"));
  const auto skipped = Spillway({"profile", "promote", "small-account@1", "--to", "full"});
  CHECK(skipped.exit_code == 1);
  CHECK(Contains(skipped.out, "a stage is never skipped; the next is micro"));
  const auto unknown = Spillway({"profile", "promote", "small-account@1", "--to", "mega"});
  CHECK(unknown.exit_code == 2);
  CHECK(Contains(unknown.err, "it has shadow, micro, full"));
}

TEST_CASE("run: the same session and profile give the same digest and the same cards", "[run]") {
  const auto soun = SounSession();
  const auto run = SounRunSession();
  if (!soun || !run) return;
  const Workspace workspace;
  const std::string out = workspace / "again";
  const std::string printed =
      SpillwayOk({"run", *soun, "--profile", SourceFile("examples/soun.yaml"), "--out", out}).out;
  CHECK(Cards(printed, out) == Cards(run->cards, run->session));
  CHECK(SpillwayOk({"log", "info", out, "--json"}).Json()["digest"] ==
        SpillwayOk({"log", "info", run->session, "--json"}).Json()["digest"]);
  // A run's own session can be run again: what it added to the market lane is left out.
  const std::string rerun = workspace / "rerun";
  SpillwayOk({"run", out, "--profile", SourceFile("examples/soun.yaml"), "--out", rerun});
  CHECK(SpillwayOk({"log", "info", rerun, "--json"}).Json()["digest"] ==
        SpillwayOk({"log", "info", out, "--json"}).Json()["digest"]);
}

TEST_CASE("run: the active profile's alerts do not depend on shadows beside it", "[run]") {
  const auto soun = SounSession();
  const auto run = SounRunSession();
  if (!soun || !run) return;
  const Workspace workspace;
  const std::string loose = WriteProfile(
      workspace, "loose.yaml", std::string(kOpenedClassic) + "features: {ratio_levels: 3}\nrubric: {threshold: 5}\n");
  const std::string example = SourceFile("examples/soun.yaml");
  const std::string out = workspace / "beside";
  const std::vector<std::string> command = {"run",           *soun,       "--profile", example,     "--profile",
                                            "ofi-classic@1", "--profile", example,     "--profile", loose,
                                            "--profile",     loose,       "--out",     out};
  const std::string beside = SpillwayOk(command).out;
  CHECK(Cards(beside, out) == Cards(run->cards, run->session));
  CHECK_FALSE(Contains(Cards(beside, out), "SHADOW"));

  std::vector<std::string> with_shadows = command;
  with_shadows.insert(with_shadows.end(), {"--replace", "--show-shadow"});
  const std::string shown = Cards(SpillwayOk(with_shadows).out, out);
  CHECK(AlertIds(shown).size() > AlertIds(run->cards).size());
  size_t shadows = 0;
  for (const std::string& line : SplitLines(shown)) {
    if (line.rfind("== ALERT", 0) == 0) shadows += Contains(line, "[SHADOW]") ? 1 : 0;
  }
  CHECK(shadows == AlertIds(shown).size() - AlertIds(run->cards).size());
  const nlohmann::json instances = SpillwayOk({"report", out, "--json"}).Json().at("scorecard").at("instances");
  REQUIRE(instances.size() == 5);
  for (size_t i = 0; i < 5; ++i) CHECK(instances[i].at("shadow") == (i != 0));
}

TEST_CASE("replay: every processor gives its recorded output again, bit for bit", "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const std::string text = SpillwayOk({"replay", run->session, "--verify"}).out;
  const nlohmann::json info = SpillwayOk({"log", "info", run->session, "--json"}).Json();
  const std::string last = SplitLines(text).back();
  CHECK(last == "OK " + info["digest"].get<std::string>());
  const nlohmann::json json = SpillwayOk({"replay", run->session, "--verify", "--json"}).Json();
  CHECK(json["ok"] == true);
  CHECK(json["digest"] == info["digest"]);
  REQUIRE(json["processors"].size() == 7);
  std::map<std::string, uint64_t> outputs;
  for (const nlohmann::json& processor : json["processors"]) {
    CHECK(processor["ok"] == true);
    outputs[processor["producer"]] = processor["outputs"];
  }
  for (const char* name : {"metrics", "universe", "scoring", "risk", "notifier", "journal"}) {
    INFO(name);
    CHECK(outputs[name] > 0);
  }
}

TEST_CASE("replay --diff: alerts that only one profile has, each with the reason of the other", "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const nlohmann::json same =
      SpillwayOk({"replay", run->session, "--profile", SourceFile("examples/soun.yaml"), "--diff", "--json"}).Json();
  const size_t alerts = AlertIds(run->cards).size();
  CHECK(same["in_both"] == alerts);
  CHECK(same["differences"].empty());

  const Workspace workspace;
  const std::string opened = WriteProfile(workspace, "opened.yaml", kOpenedClassic);
  const nlohmann::json diff = SpillwayOk({"replay", run->session, "--profile", opened, "--diff", "--json"}, 1).Json();
  CHECK(diff["in_both"] == 0);
  REQUIRE(diff["differences"].size() == alerts);
  for (const nlohmann::json& one : diff["differences"]) {
    CHECK(one["only_in"] == "soun@1#1");
    CHECK_FALSE(one["why"].get<std::string>().empty());
  }
  // The universe is the reason where the symbol was never in.
  const nlohmann::json classic =
      SpillwayOk({"replay", run->session, "--profile", "ofi-classic@1", "--diff", "--json"}, 1).Json();
  for (const nlohmann::json& one : classic["differences"]) CHECK(Contains(one["why"].get<std::string>(), "universe"));
  const std::string text = SpillwayOk({"replay", run->session, "--profile", opened, "--diff"}, 1).out;
  CHECK(Contains(text, "< 10:00:14"));
}

TEST_CASE("trace: an alert's whole story stands in order, from the market event to the outcome", "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const std::vector<std::string> ids = AlertIds(run->cards);
  REQUIRE_FALSE(ids.empty());
  for (const std::string& id : ids) {
    const nlohmann::json json = SpillwayOk({"trace", run->session, id, "--json"}).Json();
    CHECK(json["correlation_id"] == id);
    std::vector<std::string> kinds;
    for (const nlohmann::json& step : json["steps"]) {
      std::string text = step["event"];
      text.erase(0, text.find(' ') + 1);
      kinds.push_back(text.substr(0, text.find(' ')));
    }
    const std::vector<std::string> expected = {"trade", "snapshot", "signal", "intent", "decision", "alert"};
    INFO(json.dump(1));
    REQUIRE(kinds.size() > expected.size());
    // What the market did is a trade or a change of the book.
    CHECK(json["steps"][0]["producer"] == "ingest");
    CHECK(std::equal(expected.begin() + 1, expected.end(), kinds.begin() + 1));
    std::erase(kinds, "account");  // what the paper account made of it, at ticks: before the outcome or behind it
    CHECK(kinds.back() == "outcome");
    std::string previous;
    for (const nlohmann::json& step : json["steps"]) {
      CHECK(step["time"].get<std::string>() >= previous);
      previous = step["time"];
    }
    // Any event's id leads to the same story, and so do the first digits.
    const std::string alert_id = json["steps"][5]["event_id"];
    CHECK(SpillwayOk({"trace", run->session, alert_id, "--json"}).Json() == json);
    CHECK(SpillwayOk({"trace", run->session, id.substr(0, 8), "--json"}).Json() == json);
    const std::string text = SpillwayOk({"trace", run->session, id}).out;
    for (const char* rule : {"S0-3.1 spread", "S0-3.2 bid_ask_ratio", "S0-3.3 tape_velocity", "S0-3.4 vwap_reclaim",
                             "S0-3.5 bid_size_over_ask", "S0-4.1 fake_wall", "S0-4.2 ask_replenishment"}) {
      INFO(text);
      CHECK(Contains(text, rule));
    }
  }
}

TEST_CASE("trace: ids that nobody has, that several have, and that are none are said", "[run]") {
  const auto run = SounRunSession();
  if (!run) return;
  const auto check = [&](const std::string& id, int exit_code, const std::string& part) {
    const ProgramResult result = Spillway({"trace", run->session, id});
    INFO(Describe({"trace", run->session, id}, result));
    CHECK(result.exit_code == exit_code);
    CHECK(result.out.empty());
    CHECK(Contains(result.err, part));
  };
  check("00000000000000000000000000000000", 3, "no signal, alert, order or outcome");
  check("xyz1", 2, "hexadecimal");
  check("a", 2, "at least");
}

TEST_CASE("run: a simulated market goes the same way, its truth beside it and out of every lane", "[run]") {
  const std::string sim = SimulatedSession();
  const Workspace workspace;
  const std::string out = workspace / "run";
  const nlohmann::json result = SpillwayOk({"run", sim, "--profile", "ofi-classic@1", "--out", out, "--json"}).Json();
  CHECK(result["market_events"] > 100'000);
  CHECK(fs::exists(fs::path(out) / "truth.jsonl"));
  CHECK(ReadText(fs::path(out) / "truth.jsonl") == ReadText(fs::path(sim) / "truth.jsonl"));
  CHECK(SpillwayOk({"replay", out, "--verify", "--json"}).Json()["ok"] == true);
}

TEST_CASE("run: reference data that a run was given is kept when its session is replayed", "[run]") {
  const auto soun = SounSession();
  if (!soun) return;
  const Workspace workspace;
  const std::string reference = workspace / "reference.csv";
  WriteText(reference, "symbol,security_type,float_shares\nSOUN,common,100000000\n");
  const std::string profile = WriteProfile(
      workspace, "known.yaml",
      "name: known\nversion: 1\nbase: ofi-classic@1\nuniverse: {price_min: 2, allow_unknown: [relative_volume]}\n"
      "features: {ratio_levels: 5}\n");
  const std::string out = workspace / "run";
  const nlohmann::json run =
      SpillwayOk({"run", *soun, "--profile", profile, "--reference", reference, "--out", out, "--json"}).Json();
  CHECK(run.at("alerts") > 0);
  const nlohmann::json diff = SpillwayOk({"replay", out, "--profile", profile, "--diff", "--json"}).Json();
  CHECK(diff.at("in_both") == run.at("alerts"));
  CHECK(diff.at("differences").empty());
  SpillwayOk({"replay", out, "--verify"});
}

}  // namespace spillway::e2e
