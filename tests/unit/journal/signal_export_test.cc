#include "services/journal/signal_export.h"

#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::ExportFormat;
using journal::SignalExport;

class Record {
 public:
  Record() {
    lane.At("09:25");
    events.push_back(lane.Define(1, "SO,UN"));
    events.push_back(lane.Configure(ClassicProfile()));
  }
  // A signal that failed a rule and a gate; with a blueprint.
  Event Rejected(std::string_view clock, double score) {
    Event event = lane.At(clock).Accepted({.score = score});
    auto& signal = std::get<Signal>(event.body);
    signal.accepted = false;
    signal.entry = Usd(20);
    signal.stop = Usd(19.88);
    signal.target = Usd(20.24);
    signal.expires = lane.now() + std::chrono::seconds(60);
    RuleResult gate;
    gate.rule = "S0-4.1";
    gate.feature = "fake_wall";
    gate.gate = true;
    gate.value = 1;
    gate.comparison = Comparison::kIsFalse;
    signal.rules.push_back(gate);
    RuleResult rule;
    rule.rule = "S0-3.2";
    rule.feature = "bid_ask_ratio(levels=10)";
    rule.value = 2.5;
    rule.comparison = Comparison::kGreaterEqual;
    rule.limit = 3;
    rule.points_max = 3;
    signal.rules.push_back(rule);
    events.push_back(event);
    return event;
  }
  void Outcome(const EventId& of, OutcomeLabel label, bool near_miss, double r) {
    OutcomeLabelled outcome;
    outcome.intent = of;
    outcome.label = label;
    outcome.near_miss = near_miss;
    outcome.entered = outcome.exited = lane.now();
    outcome.r_multiple = r;
    outcome.profit_net = Money::FromE8(std::llround(r * 1e10));
    events.push_back(lane.Make(outcome, 1, StrategyInstanceIdOf("classic#1"), Producer::kJournal));
  }
  void Decision(const Event& intent, bool approved) {
    RiskDecision decision;
    decision.intent = intent.header.id();
    decision.approved = approved;
    decision.quantity = Quantity::Units(500);
    if (!approved) {
      decision.rule = RefusalRule::kSameTickerCooldown;
      decision.seen = 60;
      decision.limit = 600;
      decision.unit = "s";
    }
    events.push_back(lane.Make(decision, 1, intent.header.instance, Producer::kRisk));
  }
  std::vector<std::string> Lines(ExportFormat format) const {
    std::string text;
    SignalExport exported(format, [&](std::string_view line) { text += line; });
    for (const Event& event : events) exported.Add(event);
    exported.End();
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  TradingLane lane;
  std::vector<Event> events;
};

// Rejected and measured, accepted and approved, rejected again, accepted and refused.
Record Mixed() {
  Record record;
  const Event first = record.Rejected("10:00:00.000", 6.5);
  record.lane.At("10:00:05");
  const Event accepted = record.lane.Accepted({.score = 8});
  record.events.push_back(accepted);
  const Event intent = record.lane.Intent({.score = 8}, accepted.header.id());
  record.events.push_back(intent);
  record.Decision(intent, true);
  record.Rejected("10:00:10", 7);  // while the first could be entered: not measured
  record.lane.At("10:00:20");
  const Event again = record.lane.Accepted({.score = 9});
  record.events.push_back(again);
  const Event second = record.lane.Intent({.score = 9}, again.header.id());
  record.events.push_back(second);
  record.Decision(second, false);
  record.lane.At("10:05");
  record.Outcome(intent.header.id(), OutcomeLabel::kStop, false, -1);
  record.Outcome(first.header.id(), OutcomeLabel::kTarget, true, 2);
  return record;
}

TEST_CASE(
    "S1-I5.1, S1-I5.2: every signal, accepted and rejected, is one JSON line with timestamp, ticker, score, reason",
    "[journal]") {
  const std::vector<std::string> lines = Mixed().Lines(ExportFormat::kJsonLines);
  REQUIRE(lines.size() == 4);
  const auto rejected = nlohmann::json::parse(lines[0]);
  CHECK(rejected["timestamp"] == "2025-05-02T14:00:00.000000000Z");
  CHECK(rejected["ticker"] == "SO,UN");
  CHECK(rejected["profile"] == "classic#1");
  CHECK(rejected["side"] == "long");
  CHECK(rejected["score"] == 6.5);
  CHECK(rejected["threshold"] == 7.5);
  CHECK(rejected["accepted"] == false);
  // The score was not enough: the rule is decisive, the gate stands behind it.
  CHECK(rejected["rejection_reason"] ==
        "S0-3.2 bid_ask_ratio(levels=10) 2.5 >= 3: 0/3; S0-4.1 fake_wall 1 is false: FAIL");
  CHECK(rejected["entry"] == "20.00");
  CHECK(rejected["decision"].is_null());
  CHECK(rejected["outcome"].is_null());
  CHECK(rejected["would_have"] == "TARGET");
  CHECK(rejected["would_have_r"] == 2);
  CHECK(rejected["signal_id"].get<std::string>().size() == 32);
}

TEST_CASE("S1-I5.3: the lines carry decision, outcome and what would have been, for audit and replay tests",
          "[journal]") {
  const std::vector<std::string> lines = Mixed().Lines(ExportFormat::kJsonLines);
  const auto approved = nlohmann::json::parse(lines[1]);
  CHECK(approved["decision"] == "approved");
  CHECK(approved["quantity"] == "500");
  CHECK(approved["outcome"] == "STOP");
  CHECK(approved["r_multiple"] == -1);
  CHECK(approved["profit_net"] == "-100.00");
  CHECK(approved["rejection_reason"].is_null());
  CHECK(nlohmann::json::parse(lines[2])["would_have"].is_null());
  const auto refused = nlohmann::json::parse(lines[3]);
  CHECK(refused["decision"] == "refused");
  CHECK(refused["accepted"] == true);
  CHECK(refused["rejection_reason"] == "SAME_TICKER_COOLDOWN seen=60 limit=600 s");
  CHECK(refused["quantity"].is_null());
}

TEST_CASE("export: CSV has a header, stable columns, and quotes what needs it", "[journal]") {
  const std::vector<std::string> lines = Mixed().Lines(ExportFormat::kCsv);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] ==
        "timestamp,ticker,profile,side,score,threshold,accepted,preview,rejection_reason,entry,stop,target,decision,"
        "quantity,outcome,r_multiple,profit_net,would_have,would_have_r,signal_id\r");
  CHECK_THAT(lines[1],
             Catch::StartsWith("2025-05-02T14:00:00.000000000Z,\"SO,UN\",classic#1,long,6.5,7.5,false,false,S0-3.2 "));
  CHECK_THAT(lines[1], Catch::Contains(",20.00,19.88,20.24,,,,,,TARGET,2.0,"));
}

TEST_CASE("export: what is open when the record ends is written as it is", "[journal]") {
  Record record;
  record.Rejected("10:00", 6.5);
  const auto line = nlohmann::json::parse(record.Lines(ExportFormat::kJsonLines).at(0));
  CHECK(line["would_have"].is_null());
}

}  // namespace
}  // namespace spillway::test
