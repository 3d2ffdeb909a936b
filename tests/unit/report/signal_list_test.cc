// The list of all signals, near misses with how they would have ended, equity and accounts, walls and planted episodes.
#include <fstream>

#include "nlohmann/json.hpp"
#include "services/journal/report/market_window.h"
#include "services/journal/report/report_json.h"
#include "tests/unit/report/session_fixture.h"

namespace spillway::test {
namespace {

using Json = nlohmann::json;
using report::SessionReport;

const StrategyInstanceId kClassic = StrategyInstanceIdOf("classic#1");

// What a reader makes of the short form: the rules of a row, as those of a near miss in full are written.
Json RulesOf(const Json& signals, const Json& row) {
  Json rules = Json::array();
  for (const Json& trace : row["trace"]) {
    Json rule = signals["rules"][trace[0].get<size_t>()];
    rule["passed"] = trace[1] == 1;
    rule["points"] = trace[2];
    rule["value"] = trace[3].is_string() ? Json(nullptr) : trace[3];
    rule["not_ready"] = trace[3].is_string() ? trace[3] : Json("");
    rules.push_back(rule);
  }
  return rules;
}

TEST_CASE("IR-5: the report lists every recorded signal with its gate trace, rejected ones in a short form",
          "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:52");
  for (int i = 0; i < 100; ++i)
    session.trading.push_back(
        session.lane.Make(Rejected(4, i % 2 == 0 ? std::optional(1 + i * 0.01) : std::nullopt), 1, kClassic));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.near_misses.size() == report::kNearMissesMax);
  CHECK(report.listed.size() == 102 - report::kNearMissesMax);
  const Json json = Json::parse(ToJson(report));
  const Json& signals = json["signals"];
  CHECK(signals["list"].size() == 104);
  CHECK(signals["rules"].size() == 2);
  CHECK(json["counts"]["signals_not_listed"] == 0);
  std::string before;
  size_t full = 0, in_short = 0;
  for (const Json& row : signals["list"]) {
    const bool is_reference = row.is_array();
    const Json& item = is_reference ? json[row[0].get<std::string>()][row[1].get<size_t>()] : row;
    const std::string time = item.contains("time") ? item["time"] : item["triggered"];
    CHECK(time >= before);
    before = time;
    ++(is_reference ? full : in_short);
    if (is_reference) continue;
    CHECK(signals["symbols"][row["s"].get<size_t>()] == "ACME");
    const Json rules = RulesOf(signals, row);
    CHECK(rules[0]["rule"] == "S0-3.1");
    CHECK(rules[1]["passed"] == false);
    CHECK(rules[1]["limit"] == 3);
    CHECK(rules[1]["value"].is_null() == (rules[1]["not_ready"] == "warm_up"));
  }
  CHECK(full == 2 + report::kNearMissesMax);
  CHECK(in_short == report.listed.size());
}

TEST_CASE("report: the list of signals is bounded, shared by the profiles, and what is left out is counted",
          "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:52");
  for (int i = 0; i < 2500; ++i) session.trading.push_back(session.lane.Make(Rejected(4, 1 + i * 0.0001), 1, kClassic));
  session.trading.push_back(session.lane.Configure(ClassicProfile(), "other#1"));
  for (int i = 0; i < 500; ++i)
    session.trading.push_back(session.lane.Make(Rejected(3, 1 + i * 0.0001), 1, StrategyInstanceIdOf("other#1")));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  CHECK(report.setups.size() + report.near_misses.size() + report.listed.size() == report::kListedSignalsMax);
  CHECK(report.listed_left_out == 2 + 3002 - report::kListedSignalsMax);
  uint64_t others = 0;
  for (const report::NearMiss& miss : report.listed) others += miss.instance == StrategyInstanceIdOf("other#1");
  CHECK(others == 500 - report::kNearMissesMax);  // all of them: the profile with more has what is left
}

TEST_CASE("report: a near miss says how it would have ended, a preview that it is one", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:51");
  Signal preview = Rejected(7, 2.9);
  preview.preview = true;
  preview.entry = Usd(10.00);
  preview.stop = Usd(9.96);
  preview.target = Usd(10.08);
  const Event signal = session.lane.Make(preview, 1, kClassic);
  session.trading.push_back(signal);
  session.lane.At("09:30:53");
  session.trading.push_back(session.lane.Make(Rejected(6.5, 2.6), 1, kClassic));  // while the first was open
  session.lane.At("09:30:58");
  OutcomeLabelled outcome{.intent = signal.header.id(), .label = OutcomeLabel::kStop};
  outcome.near_miss = true;
  outcome.side = Side::kBid;
  outcome.entered = NewYork("09:30:52");
  outcome.exited = session.lane.now();
  outcome.r_multiple = -1.25;
  session.trading.push_back(session.lane.Make(outcome, 1, kClassic, Producer::kJournal));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.near_misses.front().would_have);
  CHECK(report.near_misses.front().would_have->body.label == OutcomeLabel::kStop);
  CHECK_FALSE(report.near_misses[1].would_have);
  REQUIRE(report.near_misses[1].measured_instead);
  CHECK(report.near_misses[1].measured_instead->signal_id == signal.header.id());
  CHECK_FALSE(report.near_misses[2].measured_instead);  // before it
  const report::InstanceRecord& record = report.instances.front();
  CHECK(record.rejected == 4);
  const Json json = Json::parse(ToJson(report));
  CHECK(json["near_misses"][0]["preview"] == true);
  CHECK(json["near_misses"][0]["stop"] == "9.96");
  CHECK(json["near_misses"][0]["would_have"]["label"] == "STOP");
  CHECK(json["near_misses"][1]["would_have"].is_null());
  CHECK(json["near_misses"][1]["measured_instead"]["would_have"]["label"] == "STOP");
}

TEST_CASE("report: the account of a profile, and each of its warnings once", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:55");
  AccountSnapshot account;
  account.equity = Money::FromE8(40'182'50000000);
  account.day_profit = Money::FromE8(182'50000000);
  account.stage = "shadow";
  account.warnings = {"equity above the ceiling"};
  session.trading.push_back(session.lane.Make(account, 0, kClassic, Producer::kRisk));
  session.trading.push_back(session.lane.Make(account, 0, kClassic, Producer::kRisk));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.instances.size() == 1);
  const report::InstanceRecord& record = report.instances[0];
  CHECK(record.account.size() == 2);
  CHECK(record.warnings.size() == 1);
  const Json json = Json::parse(ToJson(report));
  CHECK(json["instances"][0]["account"]["stage"] == "shadow");
  CHECK(json["instances"][0]["account"]["equity"] == "40182.50");
}

TEST_CASE("FX-05: the heat map outlines levels that stood as walls for a second, on both sides", "[report]") {
  report::WindowRecorder recorder(1, MarketBuilder::kStart, MarketBuilder::kStart + std::chrono::seconds(10),
                                  MarketBuilder::kStart);
  recorder.MarkWalls({.kind = FeatureKind::kBidWallAge, .levels = 3, .threshold = 3, .minimum = 1000});
  book::BookState book;
  const auto set = [&](int milliseconds, Side side, double price, double size) {
    const Time time = MarketBuilder::kStart + std::chrono::milliseconds(milliseconds);
    recorder.AdvanceTo(time, book);
    MarketEvent event;
    event.kind = MarketEventKind::kLevel;
    event.side = side;
    event.price = Px(price);
    event.quantity = Qty(size);
    event.event_time = time;
    event.flags = MarketEventFlags::kEndOfEvent;
    book.Apply(event);
    recorder.OnQuote(time, book);
  };
  for (int level = 0; level < 5; ++level) {
    set(0, Side::kBid, 10 - level * 0.01, 400);
    set(0, Side::kAsk, 10.01 + level * 0.01, 400);
  }
  set(1000, Side::kBid, 9.99, 1200);  // three times the median: a wall from column 4 on
  set(2000, Side::kAsk, 10.02, 2000);
  set(2500, Side::kAsk, 10.02, 400);   // half a second: none
  set(3000, Side::kBid, 9.99, 1000);   // stands: more than 80% of 1200
  set(5000, Side::kBid, 9.99, 900);    // does not
  set(6000, Side::kAsk, 10.05, 9000);  // the fifth level: too far
  set(6000, Side::kAsk, 10.01, 1199);  // just too small
  set(6500, Side::kAsk, 10.01, 400);
  set(7000, Side::kAsk, 10.03, 1500);  // to the end
  const report::MarketWindow window = recorder.Finish(MarketBuilder::kStart + std::chrono::seconds(9), book);
  REQUIRE(window.walls.size() == 2);
  CHECK(window.walls[0].side == Side::kBid);
  CHECK(window.walls[0].price == Px(9.99));
  CHECK(window.walls[0].from == 4);
  CHECK(window.walls[0].to == 20);
  CHECK(window.walls[0].size_e8 == Quantity::Units(1200).e8());
  CHECK(window.walls[1].side == Side::kAsk);
  CHECK(window.walls[1].from == 28);
  CHECK(window.walls[1].to == window.columns);
}

TEST_CASE("report: planted episodes stand in the windows of their symbol and time", "[report]") {
  const TemporaryFolder folder;
  const std::filesystem::path path = OneAlert().Write(folder.path() / "s");
  const auto episode = [](InstrumentId instrument, std::string_view from, std::string_view to) {
    return truth::PlantedEpisode{.kind = truth::EpisodeKind::kFlashBidWall,
                                 .instrument = instrument,
                                 .symbol = "ACME",
                                 .start = NewYork(from),
                                 .end = NewYork(to),
                                 .side = Side::kBid,
                                 .price = Usd(9.98),
                                 .parameters = {}};
  };
  REQUIRE(truth::WriteTruth((path / "truth.jsonl").string(),
                            {episode(1, "09:30:10", "09:30:11"), episode(2, "09:30:10", "09:30:11"),
                             episode(1, "09:50:00", "09:50:01")})
              .ok());
  const Json json = Json::parse(ToJson(Collected(path)));
  const Json& planted = json["alerts"][0]["market"]["planted"];
  REQUIRE(planted.size() == 1);
  CHECK(planted[0]["kind"] == "flash_bid_wall");
  CHECK(planted[0]["from"] == 40'000);
  CHECK(planted[0]["price"] == 9.98);
}

}  // namespace
}  // namespace spillway::test
