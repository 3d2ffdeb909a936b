#include "services/journal/report/session_report.h"

#include <map>

#include "libs/base/random.h"
#include "services/journal/report/market_pass.h"
#include "services/journal/report/market_window.h"
#include "tests/unit/report/session_fixture.h"

namespace spillway::test {
namespace {

using report::HeatRow;
using report::MarketWindow;
using report::SessionReport;

// The size that a row shows in a column, as a reader of the report decodes it.
int64_t SizeAt(const MarketWindow& window, Price price, uint32_t column) {
  int64_t size = 0;
  for (const HeatRow& row : window.rows) {
    if (row.price != price) continue;
    for (const HeatRow::Change& change : row.changes) {
      if (change.column <= column) size = change.size_e8;
    }
  }
  return size;
}

TEST_CASE("report: an alert comes with its decision, outcome and story; a refusal with its rule", "[report]") {
  const TemporaryFolder folder;
  const SessionReport report = Collected(OneAlert().Write(folder.path() / "one"));
  REQUIRE(report.setups.size() == 2);
  const report::Setup& alert = report.setups[0];
  REQUIRE(alert.approved());
  CHECK(alert.triggered == NewYork("09:30:30"));
  CHECK(alert.alert->body.quantity == Quantity::Units(2500));
  CHECK(alert.intent->target == Usd(10.08));
  CHECK(alert.outcome->body.label == OutcomeLabel::kTarget);
  CHECK(alert.outcome->body.profit_net.ToString() == "182.50");
  CHECK_FALSE(alert.cancelled);
  const report::Setup& refused = report.setups[1];
  CHECK_FALSE(refused.approved());
  CHECK(refused.decision->body.rule == RefusalRule::kSameTickerCooldown);
  REQUIRE(report.refusals.size() == 1);
  CHECK(report.refusals[0].count == 1);
  CHECK(report.names.Symbol(1) == "ACME");
  CHECK(report::Summarize(report)[0] == "There was 1 alert: 1 TARGET.");
  CHECK(report::Summarize(report)[1] == "Risk refused 1 signal: 1 SAME_TICKER_COOLDOWN.");
}

TEST_CASE("report: near misses stand best first, with what failed and by how much", "[report]") {
  const TemporaryFolder folder;
  const SessionReport report = Collected(OneAlert().Write(folder.path() / "one"));
  REQUIRE(report.near_misses.size() == 2);
  CHECK(report.near_misses[0].signal.score == 6);
  CHECK(report.near_misses[1].signal.score == 5);
  const RuleResult& ratio = report.near_misses[0].signal.rules[1];
  CHECK(report::Failed(ratio));
  CHECK_THAT(*report::Shortfall(ratio), WithinAbs(0.6, 1e-12));
  CHECK_THAT(report.near_misses[0].distance, WithinAbs(0.2, 1e-12));
  REQUIRE(report.rejections.size() == 1);
  CHECK(report.rejections[0].failed == std::vector<std::string>{"S0-3.2 bid_ask_ratio(levels=10)"});
  CHECK(report.rejections[0].count == 2);
  CHECK(report.rejections[0].best_score == 6);
  CHECK(report.rejected == 2);
}

TEST_CASE("report: of equal scores the one whose value was nearer is the nearer miss; a value not ready is far",
          "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  TradingLane& lane = session.lane;
  lane.At("09:31");
  for (const std::optional<double> ratio : std::vector<std::optional<double>>{2.9, std::nullopt, 2.0})
    session.trading.push_back(lane.Make(Rejected(6, ratio), 1, StrategyInstanceIdOf("classic#1")));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  std::vector<std::optional<double>> order;
  for (const report::NearMiss& miss : report.near_misses) order.push_back(miss.signal.rules[1].value);
  CHECK(order == std::vector<std::optional<double>>{2.9, 2.4, 2.0, std::nullopt, 2.0});
}

TEST_CASE("report: the list of near misses keeps the best and stays bounded", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  TradingLane& lane = session.lane;
  lane.At("09:31");
  for (int i = 0; i < 200; ++i)
    session.trading.push_back(lane.Make(Rejected(6, 2.0 + i * 0.004), 1, StrategyInstanceIdOf("classic#1")));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.near_misses.size() == report::kNearMissesMax);
  CHECK_THAT(*report.near_misses.front().signal.rules[1].value, WithinAbs(2.0 + 199 * 0.004, 1e-12));
  CHECK(report.rejected == 202);
  size_t windows = 0;
  for (const report::NearMiss& miss : report.near_misses) windows += miss.market ? 1 : 0;
  CHECK(windows == report::kWindowedNearMissesMax);
}

TEST_CASE("report: the market around a trigger is the book at the end of every 250 ms, quotes and trades", "[report]") {
  const TemporaryFolder folder;
  const SessionReport report = Collected(OneAlert().Write(folder.path() / "one"));
  REQUIRE(report.setups[0].market);
  const MarketWindow& window = *report.setups[0].market;
  CHECK(window.from == NewYork("09:29:30"));
  CHECK(window.trigger == NewYork("09:30:30"));
  CHECK(window.to == NewYork("09:31:00.100"));  // the end of the data
  CHECK(window.columns == 361);
  const auto column = [&](std::string_view clock) {
    return static_cast<uint32_t>((NewYork(clock) - window.from) / MarketWindow::kColumn);
  };
  CHECK(SizeAt(window, Usd(9.99), column("09:29:59")) == 0);
  CHECK(SizeAt(window, Usd(9.99), column("09:30:00")) == Quantity::Units(500).e8());
  CHECK(SizeAt(window, Usd(10.00), column("09:30:20")) == -Quantity::Units(300).e8());
  CHECK(SizeAt(window, Usd(9.98), column("09:30:20")) == Quantity::Units(120).e8());
  CHECK(SizeAt(window, Usd(9.98), column("09:30:19.75")) == Quantity::Units(119).e8());
  CHECK(window.trades.size() == 60);
  CHECK(window.trades[1].aggressor == Side::kBid);
  REQUIRE(window.quotes.size() == 2);  // nothing, then one that never changed
  CHECK_FALSE(window.quotes[0].bid);
  CHECK(window.quotes[1].ask == Usd(10.00));
}

// A plain replay, book by map: what the report's run-length form must decode to.
TEST_CASE("report: the heat map of random books decodes to a replay of the lane", "[report]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    book::BookState book;
    report::WindowRecorder recorder(1, MarketBuilder::kStart, MarketBuilder::kStart + std::chrono::seconds(20),
                                    MarketBuilder::kStart + std::chrono::seconds(10));
    std::map<uint32_t, std::map<Price, int64_t>> expected;
    std::map<Price, int64_t> now;
    Time time = MarketBuilder::kStart;
    uint32_t column = 0;
    while (time < MarketBuilder::kStart + std::chrono::seconds(25)) {
      time += std::chrono::milliseconds(random.Below(400));
      for (; column < 80 && MarketBuilder::kStart + (column + 1) * MarketWindow::kColumn <= time; ++column)
        expected[column] = now;
      recorder.AdvanceTo(time, book);
      const bool bid = random.Below(2) == 0;
      MarketEvent event;
      event.kind = MarketEventKind::kLevel;
      event.side = bid ? Side::kBid : Side::kAsk;
      event.price = Price::FromNanos(
          (bid ? 100 - static_cast<int64_t>(random.Below(8)) : 101 + static_cast<int64_t>(random.Below(8))) *
          10'000'000);
      event.quantity = Quantity::Units(static_cast<int64_t>(random.Below(4)) * 100);
      event.event_time = time;
      event.flags = MarketEventFlags::kEndOfEvent;
      book.Apply(event);
      now[event.price] = (bid ? 1 : -1) * event.quantity.e8();
    }
    const MarketWindow window = recorder.Finish(time, book);
    REQUIRE(window.columns == 81);
    for (const auto& [at, sizes] : expected) {
      for (const auto& [price, size] : sizes) REQUIRE(SizeAt(window, price, at) == size);
    }
  }
}

TEST_CASE("report: profiles stand in the order in which they were configured", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  const std::vector<std::string> names = {"b#1", "a#1", "d#1", "c#1"};
  session.lane.At("09:30:55");
  for (const std::string& name : names) session.trading.push_back(session.lane.Configure(ClassicProfile(), name));
  for (const char* name : {"a#1", "c#1", "d#1", "b#1"})
    session.trading.push_back(session.lane.Make(Rejected(6, 2.0), 1, StrategyInstanceIdOf(name)));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  std::vector<std::string> order;
  for (const report::NearMiss& miss : report.near_misses) order.push_back(report.names.Instance(miss.instance));
  CHECK(order == std::vector<std::string>{"classic#1", "classic#1", "b#1", "a#1", "d#1", "c#1"});
}

TEST_CASE("report: trades of one column, price and side stand together; what exceeds the bound is counted",
          "[report]") {
  report::WindowRecorder recorder(1, MarketBuilder::kStart, MarketBuilder::kStart + std::chrono::minutes(10),
                                  MarketBuilder::kStart);
  const auto trade = [&](int milliseconds, double price, double size, Side side) {
    MarketEvent event;
    event.kind = MarketEventKind::kTrade;
    event.event_time = MarketBuilder::kStart + std::chrono::milliseconds(milliseconds);
    event.price = Px(price);
    event.quantity = Qty(size);
    event.side = side;
    recorder.OnTrade(event);
  };
  trade(0, 10, 100, Side::kBid);
  trade(100, 10, 200, Side::kAsk);
  trade(249, 10, 50, Side::kBid);
  trade(250, 10, 7, Side::kBid);
  for (int i = 0; i < 10'000; ++i) trade(1000, 20 + i * 0.01, 1, Side::kNone);
  const MarketWindow window = recorder.Finish(MarketBuilder::kStart + std::chrono::seconds(2), book::BookState());
  REQUIRE(window.trades.size() == MarketWindow::kTradesMax);
  CHECK(window.trades[0].quantity == Quantity::Units(150));
  CHECK(window.trades[0].count == 2);
  CHECK(window.trades[1].aggressor == Side::kAsk);
  CHECK(window.trades[2].quantity == Quantity::Units(7));
  CHECK(window.trades_left_out == 10'003 - MarketWindow::kTradesMax);
}

TEST_CASE("report: of a book with very many prices those near the trigger's quote are kept", "[report]") {
  report::WindowRecorder recorder(1, MarketBuilder::kStart, MarketBuilder::kStart + std::chrono::minutes(5),
                                  MarketBuilder::kStart + std::chrono::seconds(200));
  book::BookState book;
  Time time = MarketBuilder::kStart;
  for (int i = 0; i < 400; ++i) {
    time = MarketBuilder::kStart + i * std::chrono::milliseconds(500);
    recorder.AdvanceTo(time, book);
    for (const auto& [side, price] : {std::pair(Side::kBid, 10 + i * 0.01), std::pair(Side::kAsk, 10.01 + i * 0.01)}) {
      MarketEvent event;
      event.kind = MarketEventKind::kTop;
      event.side = side;
      event.price = Px(price);
      event.quantity = Quantity::Units(100);
      event.event_time = time;
      event.flags = MarketEventFlags::kEndOfEvent;
      book.Apply(event);
    }
    recorder.OnQuote(time, book);
  }
  const MarketWindow window = recorder.Finish(time + std::chrono::seconds(1), book);
  CHECK(window.rows.size() == MarketWindow::kHeatRowsMax);
  CHECK(window.rows_left_out == 401 - MarketWindow::kHeatRowsMax);
  CHECK(window.rows.back().price == Px(14.00));
}

TEST_CASE("report: universe, exclusions with what was seen last, and time as a member", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  const auto universe = [&](std::string_view clock, bool included, std::vector<Exclusion> exclusions) {
    session.lane.At(clock);
    session.trading.push_back(session.lane.Make(UniverseChanged{.effective_time = NewYork(clock),
                                                                .full = true,
                                                                .cause = "refresh",
                                                                .members = {{1, included, std::move(exclusions)}}},
                                                0, StrategyInstanceIdOf("classic#1"), Producer::kUniverse));
  };
  universe("09:30:52", false, {{"price_min", "9.90", "10.00"}, {"float_unknown", "unknown", ""}});
  universe("09:30:55", false, {{"price_min", "9.80", "10.00"}});
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.universe.size() == 1);
  const report::UniverseEntry& entry = report.universe[0];
  CHECK_FALSE(entry.included);
  CHECK(entry.included_for == std::chrono::seconds(52));
  REQUIRE(entry.exclusions.size() == 2);
  CHECK(entry.exclusions[0].rule == "price_min");
  CHECK(entry.exclusions[0].seen == "9.80");
  CHECK(entry.exclusions[0].times == 2);
  CHECK(entry.excluded_by == std::vector<std::string>{"price_min"});
}

TEST_CASE("report: without alert it says why, with the nearest miss", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  std::erase_if(session.trading, [](const Event& event) {
    const auto* signal = std::get_if<Signal>(&event.body);
    return (signal != nullptr && signal->accepted) || std::holds_alternative<TradeIntent>(event.body) ||
           std::holds_alternative<RiskDecision>(event.body);
  });
  const std::vector<std::string> sentences = report::Summarize(Collected(session.Write(folder.path() / "s")));
  CHECK(sentences[0] == "There was no alert.");
  CHECK(sentences[1] ==
        "classic#1: the best of 2 rejected signals scored 6 of the 7.5 that an alert needs, ACME at 09:30:25.000 New "
        "York; what failed: S0-3.2 (bid_ask_ratio(levels=10)).");
}

TEST_CASE("report: how often each rule held is counted over the boundary snapshots", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:05");
  const FeatureSpec ratio{.kind = FeatureKind::kBidAskRatio, .levels = 10};
  session.features.push_back(session.lane.Make(FeatureSetDefined{.version = 1, .specs = {ratio}}));
  const auto snapshot = [&](FeatureValue value, bool boundary) {
    FeatureSnapshot body;
    body.boundary = boundary;
    body.values = {value};
    session.features.push_back(session.lane.Make(body, 1, 0, Producer::kMetrics));
  };
  snapshot({2.5, NotReady::kReady}, true);
  snapshot({3.0, NotReady::kReady}, true);
  snapshot({9.0, NotReady::kReady}, false);  // a trigger, no boundary
  snapshot({0, NotReady::kAskSideEmpty}, true);
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  const auto rule = std::find_if(report.rules.begin(), report.rules.end(),
                                 [](const report::RuleStatistics& one) { return one.rule == "S0-3.2"; });
  REQUIRE(rule != report.rules.end());
  CHECK(rule->snapshots == 3);
  CHECK(rule->ready == 2);
  CHECK(rule->held == 1);
  CHECK(rule->best == 3.0);
  CHECK(rule->not_ready.at(NotReady::kAskSideEmpty) == 1);
}

TEST_CASE("report: detectors stand in the windows of their symbol, those of the whole feed in all", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  const auto fire = [&](std::string_view clock, InstrumentId instrument) {
    session.lane.At(clock);
    session.features.push_back(session.lane.Make(DetectorFired{.detector = DetectorKind::kFakeWall, .active = true},
                                                 instrument, 0, Producer::kMetrics));
  };
  fire("09:30:10", 1);
  fire("09:30:11", 2);
  fire("09:30:12", 0);
  fire("09:45:00", 1);  // after the window
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  REQUIRE(report.setups[0].market->marks.size() == 2);
  CHECK(report.setups[0].market->marks[0].time == NewYork("09:30:10"));
}

TEST_CASE("report: sums of a symbol, and its price line", "[report]") {
  const TemporaryFolder folder;
  const SessionReport report = Collected(OneAlert().Write(folder.path() / "one"));
  REQUIRE(report.symbols.size() == 1);
  const report::SymbolFacts& symbol = report.symbols[0];
  CHECK(symbol.rows == 121);
  CHECK(symbol.trades == 60);
  CHECK(symbol.volume == Quantity::Units(6000));
  CHECK_THAT(*symbol.Vwap(), WithinAbs(9.995, 1e-12));
  CHECK(symbol.low == Usd(9.99));
  CHECK(symbol.high == Usd(10.00));
  CHECK(report.rows == 121);
  REQUIRE(symbol.line);
  CHECK(symbol.line->points.size() == 60);
  CHECK(symbol.line->points.back().last == Usd(10.00));
  CHECK_THAT(*symbol.line->points.back().vwap, WithinAbs(9.995, 1e-12));
  REQUIRE(symbol.line->minutes.size() == 2);
  CHECK(symbol.line->minutes[0].second == Quantity::Units(5900));
}

TEST_CASE("report: crossed and locked books are counted, a halt is timed", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.feed.At(61'000).Ask(9.99, 100).Row();   // locked
  session.feed.At(61'500).Bid(10.00, 100).Row();  // crossed
  session.feed.At(62'000).Ask(9.99, 0).Bid(10.00, 0).Row();
  session.Flush();
  session.lane.At("09:30:52");
  session.trading.push_back(session.lane.Halt(1, TradingStatus::kHalted));
  session.lane.At("09:30:54");
  session.trading.push_back(session.lane.Halt(1, TradingStatus::kTrading));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  CHECK(report.symbols[0].locked == 1);
  CHECK(report.symbols[0].crossed == 1);
  CHECK(report.symbols[0].halted == std::chrono::seconds(2));
  CHECK(report.notices.size() == 3);  // the headline, the halt, its end
}

TEST_CASE("report: quantiles of delays are right to an eighth", "[report]") {
  Random random(7);
  report::DelayHistogram histogram;
  std::vector<int64_t> delays;
  for (int i = 0; i < 5000; ++i) {
    const auto delay = static_cast<int64_t>(random.Below(uint64_t{1} << (1 + random.Below(40))));
    delays.push_back(delay);
    histogram.Add(Duration(delay));
  }
  std::sort(delays.begin(), delays.end());
  for (const double fraction : {0.01, 0.25, 0.5, 0.9, 0.99}) {
    const auto exact = static_cast<double>(delays[static_cast<size_t>(fraction * 5000) - 1]);
    const auto seen = static_cast<double>(histogram.Quantile(fraction)->count());
    INFO(fraction << " exact " << exact << " seen " << seen);
    CHECK(seen >= exact);
    CHECK(seen <= exact * 1.125 + 1);
  }
  CHECK(histogram.max()->count() == delays.back());
  CHECK_FALSE(report::DelayHistogram().Quantile(0.5));
}

TEST_CASE("report: a session without decisions, and a folder that is none, are refused with the way out", "[report]") {
  const TemporaryFolder folder;
  CHECK(report::CollectSessionReport(folder.path() / "none").status().code() == absl::StatusCode::kNotFound);
  auto session = log::NewSession::Create(folder.path() / "market");
  REQUIRE(session.ok());
  auto writer = (*session)->log().OpenWriter("market.0");
  REQUIRE((*writer)->Close().ok());
  REQUIRE((*session)->Commit().ok());
  const absl::Status status = report::CollectSessionReport(folder.path() / "market").status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(status.message()).find("spillway run") != std::string::npos);
}

}  // namespace
}  // namespace spillway::test
