// What metrics emits, when, and in which order.
#include "libs/events/text.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Time After(double ms) {
  return MarketBuilder::kStart + Duration(static_cast<int64_t>(ms * 1e6));
}

std::vector<Event> Snapshots(MetricsPlay& play) {
  play.Flush();
  std::vector<Event> snapshots;
  for (const Event& event : play.sink.events) {
    if (std::holds_alternative<FeatureSnapshot>(event.body)) snapshots.push_back(event);
  }
  return snapshots;
}
const FeatureSnapshot& BodyOf(const Event& event) {
  return std::get<FeatureSnapshot>(event.body);
}

std::vector<std::string> Names(const CollectingSink& sink) {
  std::vector<std::string> names;
  for (const Event& event : sink.events) names.emplace_back(BodyName(event.body));
  return names;
}

TEST_CASE("what is no batch passes unchanged in its place, a version of a processor does not", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  const size_t before = play.sink.events.size();
  Event news;
  news.header = {.producer = Producer::kIngest,
                 .event_time = After(5),
                 .ingest_time = After(6),
                 .instrument = 3,
                 .instance = 0,
                 .correlation = {1, 2},
                 .cause = {.market = {1, 2, 3}, .event = {}, .ordinal = 4}};
  news.body = NewsHeadline{.source = "wire", .headline = "text"};
  play.Give(news);
  Event version;
  version.body = ProcessorVersion{"build"};
  play.Give(version);
  REQUIRE(play.sink.events.size() == before + 1);
  const Event& passed = play.sink.events.back();
  CHECK(passed.header.id() == news.header.id());
  CHECK(passed.header.correlation == news.header.correlation);
  CHECK(passed.header.event_time == news.header.event_time);
  CHECK(std::get<NewsHeadline>(passed.body).headline == "text");
}

TEST_CASE("each clock tick of a batch becomes a tick of ingest, caused by the row behind it", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(50).Bid(10, 1).Ask(10.01, 1).Row();
  play.At(320).Bid(10, 2).Row();
  play.Flush();
  std::vector<Event> ticks;
  for (const Event& event : play.sink.events) {
    if (std::holds_alternative<ClockTick>(event.body)) ticks.push_back(event);
  }
  REQUIRE(ticks.size() == 1);
  CHECK(ticks[0].header.producer == Producer::kIngest);
  CHECK(ticks[0].header.event_time == After(300));
  CHECK(ticks[0].header.cause.market == SourcePosition{1, 1, 2});
}

TEST_CASE("a boundary's snapshot comes before the first event at or after it, and without that event", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(100).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(250).Ask(10.04, 1).Row();
  const auto snapshots = Snapshots(play);
  REQUIRE(snapshots.size() == 1);
  const EventHeader& header = snapshots[0].header;
  CHECK(header.producer == Producer::kMetrics);
  CHECK(header.event_time == After(250));
  CHECK(header.instrument == 1);
  CHECK(header.cause.market == SourcePosition{1, 1, 2});
  CHECK(BodyOf(snapshots[0]).boundary);
  CHECK(BodyOf(snapshots[0]).quote == Quote{Px(10), Px(10.05), Qty(1), Qty(1)});
  CHECK(BodyOf(snapshots[0]).values == std::vector<FeatureValue>{{0.05, NotReady::kReady}});
}

TEST_CASE(
    "of boundaries that passed without an event the first shows the last event, and none is sent if nothing changed",
    "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(100).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(1300).Row();
  play.At(2600).Row();
  play.At(2800).Bid(10, 1).Row();  // the same size again
  play.At(3100).Row();
  const auto snapshots = Snapshots(play);
  REQUIRE(snapshots.size() == 1);
  CHECK(snapshots[0].header.event_time == After(250));
}

TEST_CASE("behind a gap the first boundary shows the last event, the last one what time did since", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity"}));
  play.At(0).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(3000).Bid(10, 2).Row();
  play.At(3100).Trade(10, 1).Row();
  play.At(9999).Row();
  const auto snapshots = Snapshots(play);
  REQUIRE(snapshots.size() >= 2);
  const Event& before = snapshots[snapshots.size() - 2];
  const Event& after = snapshots.back();
  CHECK(before.header.event_time == After(3250));
  CHECK(BodyOf(before).values[0].value > 0);
  CHECK(after.header.event_time == After(9750));
  CHECK(BodyOf(after).values[0].value == 0);
  CHECK(before.header.id() != after.header.id());
}

TEST_CASE("a symbol whose values move with time alone is sent at boundaries until they settle", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity"}));
  play.At(0).Instrument(1).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(3100).Instrument(1).Trade(10, 1).Row();
  for (int i = 13; i < 40; ++i) play.At(i * 250).Instrument(2).Bid(5, i).Row();
  std::vector<Time> times;
  for (const Event& event : Snapshots(play)) {
    if (event.header.instrument == 1) times.push_back(event.header.event_time);
  }
  // The book; ready after three seconds; the print; the print left the window.
  CHECK(times == std::vector<Time>{After(250), After(3000), After(3250), After(6250)});
}

TEST_CASE("extremes are those of the quotes since the symbol's last snapshot", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(100).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(260).Bid(10.02, 1).Row();
  play.At(270).Bid(10.02, 0).Bid(9.99, 1).Bid(10, 0).Row();
  play.At(280).Ask(10.03, 1).Row();
  play.At(290).Bid(10, 1).Ask(10.03, 0).Row();
  play.At(510).Row();
  play.At(760).Row();
  const auto snapshots = Snapshots(play);
  REQUIRE(snapshots.size() == 2);
  const FeatureSnapshot& last = BodyOf(snapshots[1]);
  CHECK(last.quote == BodyOf(snapshots[0]).quote);
  CHECK(last.bid_low == Px(9.99));
  CHECK(last.bid_high == Px(10.02));
  CHECK(last.ask_low == Px(10.03));
  CHECK(last.ask_high == Px(10.05));
}

v1::Profile Crossing() {
  v1::Profile profile;
  profile.set_name("crossing");
  profile.set_version(1);
  profile.mutable_rubric()->set_threshold(5);
  const auto rule = [&](const std::string& feature, const std::string& op, double limit, double points) {
    v1::ScoreRule& added = *profile.mutable_rubric()->add_rules();
    added.set_id(feature);
    added.set_feature(feature);
    added.set_op(op);
    added.set_limit(limit);
    added.set_points(points);
  };
  rule("spread", "<=", 0.03, 2);
  rule("bid_ask_ratio", ">=", 3, 3);
  rule("bid_size_over_ask", ">", 500, -1);
  return profile;
}

TEST_CASE("an instance is triggered at once when its points come to the threshold, once until it was below",
          "[metrics]") {
  MetricsPlay play(Crossing());
  play.At(0).Bid(10, 100).Ask(10.03, 100).Row();
  play.At(10).Bid(10, 300).Row();  // 2 + 3
  play.At(20).Bid(10, 301).Row();  // still there
  auto snapshots = Snapshots(play);
  REQUIRE(snapshots.size() == 1);
  CHECK_FALSE(BodyOf(snapshots[0]).boundary);
  CHECK(snapshots[0].header.event_time == After(10));
  CHECK(BodyOf(snapshots[0]).triggered == std::vector{StrategyInstanceIdOf("test@1#1")});
  CHECK(BodyOf(snapshots[0]).quote.bid_size == Qty(300));
  play.At(30).Bid(10, 700).Row();  // 4: a penalty
  play.At(40).Bid(10, 400).Row();
  CHECK(Snapshots(play).size() == 2);
}

TEST_CASE("rules are evaluated at the end of an event only", "[metrics]") {
  MetricsPlay play(Crossing());
  play.At(0).Bid(10, 100).Ask(10.03, 100).Row();
  play.At(10).Bid(10, 300).Bid(10, 100).Row();
  CHECK(Snapshots(play).empty());
}

TEST_CASE("the feature set is the union of the profiles in their order, told when it changes", "[metrics]") {
  MetricsPlay play(ProfileOf({"vwap", "spread"}));
  play.Give(ConfigurationOf(ProfileOf({"spread"}), "second@1#1"));
  play.Give(ConfigurationOf(ProfileOf({"mid"}), "third@1#1"));
  play.Give(ConfigurationOf(ProfileOf({"vwap"}), "test@1#1", Time(), InstanceMode::kRetired));
  const auto sets = play.sink.Bodies<FeatureSetDefined>();
  REQUIRE(sets.size() == 3);
  const auto kinds = [&](size_t i) {
    std::vector<std::string> names;
    for (const FeatureSpec& spec : sets[i].specs) names.emplace_back(FeatureKindName(spec.kind));
    return names;
  };
  CHECK(kinds(0) == std::vector<std::string>{"spread", "vwap"});
  CHECK(kinds(1) == std::vector<std::string>{"spread", "vwap", "mid"});
  CHECK(kinds(2) == std::vector<std::string>{"spread", "mid"});
  CHECK(sets[2].version == 3);
}

TEST_CASE("a configuration acts at its effective time; state of features that stay is kept", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity"}));
  play.At(0).Bid(10, 1).Ask(10.05, 1).Row();
  play.At(3500).Trade(10, 1).Row();
  play.Give(ConfigurationOf(ProfileOf({"tape_velocity", "mid"}), "test@1#1", After(4100)));
  play.At(4090).Row();
  play.Flush();
  CHECK(play.sink.Bodies<FeatureSetDefined>().size() == 1);
  play.At(4100).Row();
  play.Flush();
  CHECK(play.sink.Bodies<FeatureSetDefined>().size() == 2);
  CHECK_THAT(play.ValueAt(4250, "tape_velocity").value, WithinAbs(1.0 / 3, 1e-12));
  CHECK(play.LastSnapshot().values.size() == 2);
}

TEST_CASE("values at boundaries do not depend on the other instances", "[metrics]") {
  const auto play_with = [](const std::vector<v1::Profile>& others) {
    MetricsPlay play(Crossing());
    int n = 0;
    for (const v1::Profile& other : others) play.Give(ConfigurationOf(other, "other" + std::to_string(n++)));
    for (int i = 0; i < 400; ++i) {
      play.At(i * 40).Bid(10 - 0.01 * (i % 3), 100 + (i * 37) % 400).Ask(10.01 + 0.01 * (i % 4), 50 + (i * 53) % 300);
      if (i % 5 == 0) play.feed.Trade(10, 10);
      play.feed.Row();
    }
    std::vector<std::pair<Time, std::vector<double>>> seen;
    std::vector<FeatureSpec> specs;
    for (const Event& event : (play.Flush(), play.sink.events)) {
      if (const auto* set = std::get_if<FeatureSetDefined>(&event.body)) specs = set->specs;
      const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
      const StrategyInstanceId own = StrategyInstanceIdOf("test@1#1");
      if (snapshot == nullptr) continue;
      if (!snapshot->boundary && std::ranges::find(snapshot->triggered, own) == snapshot->triggered.end()) continue;
      std::vector<double> values;
      for (size_t i = 0; i < specs.size(); ++i) {
        const bool ours = specs[i].kind == FeatureKind::kSpread || specs[i].kind == FeatureKind::kBidSizeOverAsk ||
                          (specs[i].kind == FeatureKind::kBidAskRatio && specs[i].levels == 10);
        if (ours) values.push_back(snapshot->values[i].value);
      }
      seen.emplace_back(event.header.event_time, values);
    }
    return seen;
  };
  v1::Profile other = ProfileOf({"bid_ask_ratio", "tape_velocity", "fake_wall", "liquidity_collapse"}, 2);
  other.mutable_features()->set_ratio_levels(2);
  const auto alone = play_with({});
  CHECK(alone.size() > 60);
  CHECK(play_with({other, ProfileOf({"spread", "mid", "ask_replenishment"}, 1)}) == alone);
}

Event DefinitionOf(InstrumentId id, uint32_t sessions) {
  InstrumentDefinition definition;
  definition.id = id;
  definition.symbol = "S" + std::to_string(id);
  definition.average_volume.sessions = sessions;
  for (int i = 1; i <= 390; ++i) definition.average_volume.cumulative.push_back(Quantity::Units(i * 100));
  Event event;
  event.header.instrument = id;
  event.body = definition;
  return event;
}

std::vector<Event> Inputs(MetricsPlay& play) {
  play.Flush();
  std::vector<Event> inputs;
  for (const Event& event : play.sink.events) {
    if (std::holds_alternative<UniverseInputs>(event.body)) inputs.push_back(event);
  }
  return inputs;
}
const UniverseInputs& InputsOf(const Event& event) {
  return std::get<UniverseInputs>(event.body);
}

TEST_CASE("universe inputs come at the first two-sided quote and for all symbols every five minutes", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.Give(DefinitionOf(1, 20));
  play.Give(DefinitionOf(2, 9));
  play.At(100).Instrument(1).Bid(10, 1).Row();
  play.At(200).Ask(10.03, 1).Row();
  play.At(300).Trade(10.02, 750).Row();
  play.At(299'000).Ask(10.03, 0).Ask(10.05, 1).Row();
  play.At(301'000).Instrument(1).Row();
  const auto inputs = Inputs(play);
  REQUIRE(inputs.size() == 3);
  CHECK(InputsOf(inputs[0]).cause == "first_quote");
  CHECK(inputs[0].header.event_time == After(200));
  CHECK(InputsOf(inputs[0]).price == Px(10.015));
  CHECK(InputsOf(inputs[0]).spread_median == Px(0.03));
  CHECK(InputsOf(inputs[0]).last_of_refresh);
  CHECK(inputs[1].header.event_time == After(300'000));
  CHECK(InputsOf(inputs[1]).cause == "refresh");
  CHECK(InputsOf(inputs[1]).price == Px(10.02));
  CHECK(InputsOf(inputs[1]).spread_median == Px(0.03));
  CHECK(InputsOf(inputs[1]).relative_volume == 1.5);  // 750 of 500 in five minutes
  CHECK_FALSE(InputsOf(inputs[1]).last_of_refresh);
  CHECK(inputs[2].header.instrument == 2);
  CHECK_FALSE(InputsOf(inputs[2]).price);
  CHECK_FALSE(InputsOf(inputs[2]).spread_median);
  CHECK_FALSE(InputsOf(inputs[2]).relative_volume);
  CHECK(InputsOf(inputs[2]).relative_volume_reason == "sessions<10");
  CHECK(InputsOf(inputs[2]).last_of_refresh);
}

TEST_CASE("FX-20: between two minutes the mean volume is on the straight line; before the open there is none",
          "[metrics]") {
  metrics::Session session;
  session.Apply(std::get<SessionState>(SessionOf(MarketBuilder::kStart).body));
  VolumeByMinute profile{
      .sessions = 10, .first_minute = 570, .cumulative = {Quantity::Units(100), Quantity::Units(300)}};
  const auto at = [&](double s) {
    return metrics::RelativeVolumeAt(After(s * 1000), Quantity::Units(100), profile, session);
  };
  CHECK(at(30).value == 2.0);
  CHECK(at(60).value == 1.0);
  CHECK(at(90).value == 0.5);
  CHECK_THAT(at(4000).value.value(), WithinAbs(1.0 / 3, 1e-12));
  CHECK(at(0).reason == "before_open");
  CHECK(metrics::RelativeVolumeAt(After(1), Quantity(), {}, session).reason == "no_volume_profile");
  CHECK(metrics::RelativeVolumeAt(After(1), Quantity(), profile, metrics::Session()).reason == "before_open");
}

TEST_CASE("a halt is passed on and followed at once by the symbol's inputs", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(100).Bid(10, 1).Ask(10.03, 1).Row();
  Event halt;
  halt.header.producer = Producer::kIngest;
  halt.header.instrument = 1;
  halt.header.event_time = After(120);
  halt.header.cause.market = {1, 1, 99};
  halt.body = HaltChanged{.status = TradingStatus::kHalted, .reason = "LUDP"};
  play.Give(halt);
  const std::vector<std::string> names = Names(play.sink);
  REQUIRE(names.size() >= 2);
  CHECK(std::holds_alternative<HaltChanged>(play.sink.events[names.size() - 2].body));
  const Event& inputs = play.sink.events.back();
  CHECK(InputsOf(inputs).cause == "halt");
  CHECK(InputsOf(inputs).trading_status == TradingStatus::kHalted);
  CHECK(InputsOf(inputs).last_of_refresh);
  CHECK(inputs.header.event_time == After(120));
  CHECK(inputs.header.cause.event == halt.header.id());
}

TEST_CASE("a gap or a stale feed invalidates the books of that feed until they are whole again", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  play.At(100).Bid(10, 1).Ask(10.03, 1).Row();
  Event gap;
  gap.header.event_time = After(150);
  gap.body = FeedGap{.feed = 1, .expected = 2, .seen = 5};
  play.Give(gap);
  CHECK(play.ValueAt(250, "spread").not_ready == NotReady::kBookInvalid);
  CHECK(play.LastSnapshot().book == BookCondition::kGap);
  play.At(300).Clear().Bid(10, 1).Ask(10.02, 1).Row();
  CHECK(play.ValueAt(500, "spread").value == 0.02);
  Event stale;
  stale.header.event_time = After(600);
  stale.body = FeedStatus{.feed = 1, .state = FeedState::kStale, .lag = std::nullopt, .reason = "silent"};
  play.Give(stale);
  CHECK(play.ValueAt(750, "spread").not_ready == NotReady::kBookInvalid);
  CHECK(play.LastSnapshot().book == BookCondition::kStale);
  std::get<FeedStatus>(stale.body).state = FeedState::kUp;
  stale.header.event_time = After(800);
  play.Give(stale);
  CHECK(play.ValueAt(1000, "spread").value == 0.02);
}

TEST_CASE("outputs of one cause are numbered, and ids never repeat", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity", "fake_wall", "spread"}, 1));
  for (int i = 0; i < 300; ++i) {
    play.At(i * 30).Instrument(1 + i % 3).Bid(10, 100 + i % 7).Ask(10.01, 100).Bid(9.99, i % 2 * 4000);
    if (i % 3 == 0) play.feed.Trade(10, 1);
    play.feed.Row();
  }
  play.Flush();
  std::set<EventId> ids;
  size_t from_market = 0;
  for (const Event& event : play.sink.events) {
    if (event.header.cause.market.position == 0) continue;
    ++from_market;
    ids.insert(event.header.id());
  }
  CHECK(from_market > 150);
  CHECK(ids.size() == from_market);
}

}  // namespace
}  // namespace spillway::test
