// A session directory written by hand: what a run would have recorded, event by event. Times are New York wall-clock on
// 2025-05-02.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/events/codec.h"
#include "libs/log/new_session.h"
#include "services/journal/report/session_report.h"
#include "tests/support/market_builder.h"
#include "tests/support/profiles.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {

namespace report = journal::report;

// Lanes as lists of events; each becomes a message of its own.
struct HandMadeSession {
  std::vector<Event> market, features, trading;
  MarketBuilder feed;  // at 09:30 + milliseconds; Flush() puts what it has on the market lane
  TradingLane lane;

  HandMadeSession& Flush() {
    // A batch is a view of its builder's events, so it is encoded at once.
    const Event batch = feed.Batch();
    if (!std::get<MarketBatch>(batch.body).events.empty()) batches_.emplace_back(market.size(), Encoded(batch));
    market.push_back(Event{});
    times_.push_back(batch.header.event_time);
    return *this;
  }

  std::filesystem::path Write(const std::filesystem::path& path) {
    auto session = log::NewSession::Create(path);
    REQUIRE(session.ok());
    WriteMarket((*session)->log());
    WriteLane((*session)->log(), "features.0", features);
    WriteLane((*session)->log(), "trading", trading);
    REQUIRE((*session)->Commit().ok());
    return path;
  }

  static std::string Encoded(const Event& event) {
    GroupEncoder encoder;
    encoder.Begin({.producer = event.header.producer});
    encoder.Add(event);
    return std::string(encoder.bytes());
  }

 private:
  static void WriteLane(log::EventLog& log, const std::string& name, const std::vector<Event>& events) {
    auto writer = log.OpenWriter(name);
    REQUIRE(writer.ok());
    for (const Event& event : events) REQUIRE((*writer)->Append(event.header.event_time, Encoded(event)).ok());
    REQUIRE((*writer)->Close().ok());
  }
  void WriteMarket(log::EventLog& log) {
    auto writer = log.OpenWriter("market.0");
    REQUIRE(writer.ok());
    auto batch = batches_.begin();
    Time last;
    for (size_t i = 0; i < market.size(); ++i) {
      const bool is_batch = batch != batches_.end() && batch->first == i;
      if (!is_batch && std::holds_alternative<std::monostate>(market[i].body)) continue;
      const Time time = is_batch ? times_[static_cast<size_t>(batch - batches_.begin())] : market[i].header.event_time;
      last = std::max(last, time);
      REQUIRE((*writer)->Append(last, is_batch ? batch->second : Encoded(market[i])).ok());
      if (is_batch) ++batch;
    }
    REQUIRE((*writer)->Close().ok());
  }

  std::vector<std::pair<size_t, std::string>> batches_;  // place in `market`, bytes
  std::vector<Time> times_;
};

inline RuleResult Rule(std::string id, std::string feature, std::optional<double> value, Comparison comparison,
                       double limit, double points, double points_max) {
  const bool passed = value && Compare(*value, comparison, limit);
  return {.rule = std::move(id),
          .feature = std::move(feature),
          .gate = points_max == 0,
          .passed = passed,
          .value = value,
          .not_ready = value ? "" : "warm_up",
          .comparison = comparison,
          .limit = limit,
          .points = points,
          .points_max = points_max};
}

inline Signal Rejected(double score, std::optional<double> ratio) {
  return {.side = Side::kBid,
          .accepted = false,
          .score = score,
          .threshold = 7.5,
          .rules = {Rule("S0-3.1", "spread", 0.01, Comparison::kLessEqual, 0.03, 2, 2),
                    Rule("S0-3.2", "bid_ask_ratio(levels=10)", ratio, Comparison::kGreaterEqual, 3, 0, 3)},
          .inputs = {},
          .quote = {Usd(9.99), Usd(10.00), Quantity::Units(500), Quantity::Units(300)}};
}

inline report::SessionReport Collected(const std::filesystem::path& session) {
  absl::StatusOr<report::SessionReport> report = report::CollectSessionReport(session);
  INFO(report.status().ToString());
  REQUIRE(report.ok());
  return *std::move(report);
}

// One symbol, one minute of quotes and trades from 09:30, an alert at 09:30:30 that met its target at 09:30:50, a
// refused signal at 09:30:40, two near misses.
inline HandMadeSession OneAlert(const std::string& symbol = "ACME",
                                const std::string& headline = "something happened") {
  HandMadeSession session;
  TradingLane& lane = session.lane;
  lane.At("09:30");
  FeedCapabilities capabilities{.feed = 1, .name = "by hand", .book_levels = 10};
  capabilities.aggressor_side = true;
  for (Event event : {lane.Define(1, symbol), lane.Make(capabilities), lane.Session()}) {
    event.header.producer = Producer::kIngest;
    session.market.push_back(event);
  }
  session.trading = session.market;
  session.trading.push_back(lane.Configure(ClassicProfile(), "classic#1"));
  session.trading.push_back(lane.Make(
      UniverseChanged{.effective_time = lane.now(), .full = true, .cause = "refresh", .members = {{1, true, {}}}}, 0,
      StrategyInstanceIdOf("classic#1"), Producer::kUniverse));

  MarketBuilder& feed = session.feed;
  feed.At(0).Bid(9.99, 500).Ask(10.00, 300).Row();
  for (int second = 1; second <= 60; ++second) {
    feed.At(second * 1000).Bid(9.98, 100 + second).Row();
    feed.At(second * 1000 + 100)
        .Trade(second % 2 == 0 ? 10.00 : 9.99, 100, second % 2 == 0 ? Side::kBid : Side::kAsk)
        .Row();
  }
  session.Flush();

  lane.At("09:30:20");
  session.trading.push_back(lane.Make(Rejected(5, 2.0), 1, StrategyInstanceIdOf("classic#1")));
  lane.At("09:30:25");
  session.trading.push_back(lane.Make(Rejected(6, 2.4), 1, StrategyInstanceIdOf("classic#1")));
  session.trading.push_back(lane.News(1));
  std::get<NewsHeadline>(session.trading.back().body).headline = headline;

  lane.At("09:30:30");
  const Event signal = lane.Accepted({.entry = 10.00, .stop = 9.96, .target = 10.08});
  const Event intent = lane.Intent({.entry = 10.00, .stop = 9.96, .target = 10.08, .score = 8}, signal.header.id());
  RiskDecision decision{.intent = intent.header.id(), .approved = true};
  decision.quantity = Quantity::Units(2500);
  decision.risk = Money::FromE8(100'00000000);
  decision.route = Route::kAlert;
  const auto from = [&](EventBody body, Producer producer) {
    Event event = lane.Make(std::move(body), 1, intent.header.instance, producer);
    event.header.correlation = intent.header.correlation_id();
    return event;
  };
  session.trading.push_back(signal);
  session.trading.push_back(intent);
  session.trading.push_back(from(decision, Producer::kRisk));
  Alert alert{.intent = intent.header.id(), .signal = signal.header.id(), .side = Side::kBid};
  alert.quantity = decision.quantity;
  alert.risk = decision.risk;
  session.trading.push_back(from(alert, Producer::kNotifier));

  lane.At("09:30:40");
  const Event second_signal = lane.Accepted({.entry = 10.00});
  const Event second_intent = lane.Intent({.entry = 10.00}, second_signal.header.id());
  session.trading.push_back(second_signal);
  session.trading.push_back(second_intent);
  RiskDecision refusal{
      .intent = second_intent.header.id(), .approved = false, .rule = RefusalRule::kSameTickerCooldown};
  refusal.seen = 10;
  refusal.limit = 600;
  refusal.unit = "s";
  session.trading.push_back(from(refusal, Producer::kRisk));

  lane.At("09:30:50");
  OutcomeLabelled outcome{.intent = intent.header.id(), .label = OutcomeLabel::kTarget};
  outcome.entered = NewYork("09:30:30.100");
  outcome.exited = lane.now();
  outcome.entry_price = Usd(10.00);
  outcome.exit_price = Usd(10.08);
  outcome.quantity = decision.quantity;
  outcome.profit_net = Money::FromE8(182'50000000);
  outcome.r_multiple = 1.825;
  session.trading.push_back(from(outcome, Producer::kJournal));
  return session;
}

}  // namespace spillway::test
