#include "services/scoring/scoring_processor.h"

#include <functional>

#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BytesOf;
using test::Classic;
using test::CollectingSink;
using test::FeaturesLane;
using test::Play;
using test::Px;
using test::Seen;

const std::string kName = "ofi-classic@1#1";

// Symbol 1 in the universe of one classic instance.
FeaturesLane Ready() {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic()).Include(kName, {1});
  return lane;
}

CollectingSink PlayNew(const FeaturesLane& lane) {
  ScoringProcessor processor;
  return Play(processor, lane.events());
}
std::vector<Signal> Signals(const FeaturesLane& lane) {
  return PlayNew(lane).Bodies<Signal>();
}
std::vector<TradeIntent> Intents(const FeaturesLane& lane) {
  return PlayNew(lane).Bodies<TradeIntent>();
}

std::vector<std::string> FailedGates(const Signal& signal) {
  std::vector<std::string> failed;
  for (const RuleResult& rule : signal.rules) {
    if (rule.gate && !rule.passed) failed.push_back(rule.rule);
  }
  return failed;
}

const Event* FirstOf(const CollectingSink& sink, size_t body_index) {
  for (const Event& event : sink.events) {
    if (event.body.index() == body_index) return &event;
  }
  return nullptr;
}
template <class Body>
const Event& First(const CollectingSink& sink) {
  const Event* found = FirstOf(sink, EventBody(Body{}).index());
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("scoring: an accepted evaluation is a Signal with all its rules, then the TradeIntent of EX-05",
          "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(250).Snapshot(1, Seen{});
  const CollectingSink sink = PlayNew(lane);
  const Event& snapshot = lane.events().back();
  const Event& signal_event = First<Signal>(sink);
  const Event& intent_event = First<TradeIntent>(sink);
  CHECK(&intent_event == &signal_event + 1);

  const EventHeader& header = signal_event.header;
  CHECK(header.producer == Producer::kScoring);
  CHECK(header.event_time == lane.now());
  CHECK(header.ingest_time == snapshot.header.ingest_time);
  CHECK(header.instrument == 1);
  CHECK(header.instance == StrategyInstanceIdOf(kName));
  CHECK(header.cause.event == snapshot.header.id());
  CHECK(header.cause.ordinal == 0);
  CHECK(header.correlation == snapshot.header.correlation_id());
  const auto& signal = std::get<Signal>(signal_event.body);
  CHECK(signal.accepted);
  CHECK(signal.score == 10);
  CHECK(signal.threshold == 7.5);
  CHECK(signal.inputs == std::vector<EventId>{snapshot.header.id(), snapshot.header.cause.id()});
  CHECK(signal.quote == std::get<FeatureSnapshot>(snapshot.body).quote);
  CHECK(signal.rules.size() == 6 + 2 + 4);  // the profile's rules and gates, and the gates that all have
  CHECK(FailedGates(signal).empty());

  CHECK(intent_event.header.cause.event == header.id());
  CHECK(intent_event.header.correlation == header.correlation);
  CHECK(intent_event.header.instance == header.instance);
  const auto& intent = std::get<TradeIntent>(intent_event.body);
  CHECK(intent.signal == header.id());
  CHECK(intent.side == Side::kBid);
  CHECK(intent.entry == Px(20.00));
  CHECK(intent.stop == Px(19.88));
  CHECK(intent.target == Px(20.24));
  CHECK(intent.spread == Px(0.03));
  CHECK(intent.expires == lane.now() + seconds(60));
  CHECK(intent.score == 10);
  CHECK(intent.threshold == 7.5);
  CHECK_FALSE(intent.quantity_max.has_value());
  CHECK_FALSE(intent.shadow);
}

TEST_CASE("scoring: a shadow instance says so in its intents", "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic(), InstanceMode::kShadow).Include(kName, {1});
  lane.At(250).Snapshot(1, Seen{});
  REQUIRE(Intents(lane).size() == 1);
  CHECK(Intents(lane)[0].shadow);
}

TEST_CASE("scoring: an instance evaluates at boundaries and at its own triggers only", "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(100).Snapshot(1, {.boundary = false});
  lane.At(110).Snapshot(1, {.boundary = false, .triggered = {"other@1#1"}});
  CHECK(Signals(lane).empty());
  lane.At(120).Snapshot(1, {.boundary = false, .triggered = {"other@1#1", kName}});
  CHECK(Signals(lane).size() == 1);
}

TEST_CASE("scoring: EX-02 scores 7, which is a near miss and no intent; below the near miss there is silence",
          "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(250).Snapshot(1, {.ratio = 2.99});
  REQUIRE(Signals(lane).size() == 1);
  CHECK_FALSE(Signals(lane)[0].accepted);
  CHECK(Signals(lane)[0].score == 7);
  CHECK(Intents(lane).empty());
  lane.At(500).Snapshot(1, {.bid_size = 400, .ratio = 2.99});  // 6: threshold - 1.5
  CHECK(Signals(lane).size() == 2);
  lane.At(750).Snapshot(1, {.ratio = 2.99, .tape = 4});  // 5
  CHECK(Signals(lane).size() == 2);
}

TEST_CASE("scoring: a signal re-arms below the threshold and after ten seconds, both", "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(250).Snapshot(1, Seen{});
  lane.At(20'000).Snapshot(1, Seen{});  // never below the threshold
  CHECK(Intents(lane).size() == 1);
  lane.At(20'250).Snapshot(1, {.ratio = 1, .tape = 1});
  lane.At(20'500).Snapshot(1, Seen{});
  CHECK(Intents(lane).size() == 2);
  lane.At(20'750).Snapshot(1, {.ratio = 1, .tape = 1});
  lane.At(30'499).Snapshot(1, Seen{});  // 1 ms too early
  CHECK(Intents(lane).size() == 2);
  lane.At(30'500).Snapshot(1, Seen{});
  CHECK(Intents(lane).size() == 3);
}

TEST_CASE("scoring: a failing gate does not re-arm, it rejects", "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(250).Snapshot(1, Seen{});
  lane.At(500).Snapshot(1, {.fake_wall = 1});
  lane.At(20'000).Snapshot(1, Seen{});
  const auto signals = Signals(lane);
  REQUIRE(signals.size() == 2);
  CHECK(FailedGates(signals[1]) == std::vector<std::string>{"S0-4.1"});
}

TEST_CASE("scoring: IR-5 the same rejection of the same symbol is told once in ten seconds, the rest is counted",
          "[scoring]") {
  FeaturesLane lane = Ready();
  lane.Define(2).Include(kName, {1, 2});
  lane.At(250).Snapshot(1, {.ratio = 2.99});
  lane.At(500).Snapshot(1, {.ratio = 2.5}).Snapshot(2, {.ratio = 2.5});  // another symbol is told
  lane.At(750).Snapshot(1, {.bid_size = 600, .ratio = 2.99});
  lane.At(1000).Snapshot(1, {.bid_size = 400, .ratio = 2.99});  // other rules fail: told
  lane.At(1250).Snapshot(1, {.ratio = 2.99});
  lane.At(10'249).Snapshot(1, {.ratio = 2.99});
  ScoringProcessor processor;
  CHECK(Play(processor, lane.events()).Bodies<Signal>().size() == 3);
  CHECK(processor.rejections_suppressed() == 4);
  lane.At(10'250).Snapshot(1, {.ratio = 2.99});
  CHECK(Signals(lane).size() == 4);
}

TEST_CASE("scoring: a symbol outside the universe is rejected with every exclusion's rule", "[scoring]") {
  FeaturesLane lane = Ready();
  lane.Universe(kName, {.effective_time = lane.now(),
                        .full = false,
                        .cause = "refresh",
                        .members = {{1, false, {{"price_min", "9.29", "10.00"}, {"float_unknown", "unknown", "1"}}}}});
  lane.At(250).Snapshot(1, Seen{});
  REQUIRE(Signals(lane).size() == 1);
  CHECK_FALSE(Signals(lane)[0].accepted);
  CHECK(FailedGates(Signals(lane)[0]) == std::vector<std::string>{"universe:price_min", "universe:float_unknown"});
}

TEST_CASE("scoring: a symbol that no universe listed is out, and so is one that a full universe no longer lists",
          "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic());
  lane.At(250).Snapshot(1, Seen{});
  REQUIRE(Signals(lane).size() == 1);
  CHECK(FailedGates(Signals(lane)[0]) == std::vector<std::string>{"universe:not_listed"});

  FeaturesLane dropped = Ready();
  dropped.Include(kName, {2});
  dropped.At(250).Snapshot(1, Seen{});
  CHECK(FailedGates(Signals(dropped).at(0)) == std::vector<std::string>{"universe:not_listed"});
}

TEST_CASE("scoring: a universe acts from its effective time on, in event time", "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic());
  lane.At(50).Universe(
      kName,
      {.effective_time = lane.now() + milliseconds(200), .full = true, .cause = "refresh", .members = {{1, true, {}}}});
  lane.At(249).Snapshot(1, Seen{});
  CHECK(Intents(lane).empty());
  lane.At(250).Snapshot(1, Seen{});
  CHECK(Intents(lane).size() == 1);
}

TEST_CASE("scoring: an invalid book, a halt and a suspended feed reject whatever the score", "[scoring]") {
  const auto gates_after = [](const std::function<void(FeaturesLane&)>& happens, const Seen& seen) {
    FeaturesLane lane = Ready();
    happens(lane);
    lane.At(250).Snapshot(1, seen);
    const auto signals = Signals(lane);
    REQUIRE(signals.size() == 1);
    CHECK(signals[0].accepted == FailedGates(signals[0]).empty());
    return FailedGates(signals[0]);
  };
  using Names = std::vector<std::string>;
  for (const uint8_t bit : {BookCondition::kBidEmpty, BookCondition::kCrossed, BookCondition::kLocked,
                            BookCondition::kGap, BookCondition::kStale}) {
    CHECK(gates_after([](FeaturesLane&) {}, {.book = bit}) == Names{"book_valid"});
  }
  for (const TradingStatus status : {TradingStatus::kHalted, TradingStatus::kPaused, TradingStatus::kQuotationOnly}) {
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Halt(1, status); }, {}) == Names{"not_halted"});
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Halt(0, status); }, {}) == Names{"not_halted"});
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Halt(2, status); }, {}).empty());
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Halt(1, status).Halt(1, TradingStatus::kTrading); }, {}).empty());
  }
  for (const FeedState state : {FeedState::kLagging, FeedState::kStale, FeedState::kDown}) {
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Feed(state); }, {}) == Names{"feed_up"});
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Feed(state, 1); }, {}) == Names{"feed_up"});
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Feed(state, 2); }, {}).empty());
    CHECK(gates_after([&](FeaturesLane& lane) { lane.Feed(state).Feed(FeedState::kUp); }, {}).empty());
  }
  CHECK(gates_after([](FeaturesLane& lane) { lane.Halt(1, TradingStatus::kHalted).Feed(FeedState::kDown); },
                    {.book = BookCondition::kLocked}) == Names{"book_valid", "not_halted", "feed_up"});
}

TEST_CASE("scoring: a feed without book and trades suspends nothing", "[scoring]") {
  FeaturesLane lane = Ready();
  FeedCapabilities news;
  news.feed = 1;
  news.trades = false;
  news.news = true;
  lane.Add(Producer::kIngest, 0, 0, news).Feed(FeedState::kDown);
  lane.At(250).Snapshot(1, Seen{});
  CHECK(Intents(lane).size() == 1);
}

TEST_CASE("scoring: what the trading lane needs is passed on as it is, in its place", "[scoring]") {
  FeaturesLane lane = Ready();
  SessionState session;
  session.trading_day = 20250502;
  session.phase = SessionPhase::kRegular;
  lane.Add(Producer::kIngest, 0, 0, FeedCapabilities{}).Add(Producer::kIngest, 0, 0, session);
  lane.Add(Producer::kIngest, 1, 0, NewsHeadline{"wire", "ACME beats"});
  lane.Halt(1, TradingStatus::kTrading).Feed(FeedState::kUp).Tick();
  std::vector<Event> expected;
  for (const Event& event : lane.events()) {
    if (!std::holds_alternative<FeatureSetDefined>(event.body)) expected.push_back(event);
  }
  lane.Add(Producer::kIngest, 1, 0, TradeBust{7}).Add(Producer::kIngest, 1, 0, TradeCorrection{});
  lane.Add(Producer::kIngest, 1, 0, FeedGap{}).Add(Producer::kMetrics, 1, 0, UniverseInputs{});
  lane.Add(Producer::kMetrics, 1, 0, DetectorFired{});
  CHECK(BytesOf(PlayNew(lane).events) == BytesOf(expected));
}

TEST_CASE("scoring: one MarketContext stands before each tick, with the symbols whose quote changed", "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Define(2).Define(3);
  const auto contexts = [&] { return PlayNew(lane).Bodies<MarketContext>(); };
  lane.At(100).Tick();
  CHECK(contexts().empty());

  lane.At(150).Snapshot(3, {.bid = 5}).Snapshot(1, {.bid = 6});
  lane.At(200).Tick();
  REQUIRE(contexts().size() == 1);
  REQUIRE(contexts()[0].rows.size() == 2);
  CHECK(contexts()[0].rows[0].instrument == 1);
  CHECK(contexts()[0].rows[0].quote.bid == Px(6));
  CHECK(contexts()[0].rows[0].last_price == Px(20));
  CHECK(contexts()[0].rows[1].instrument == 3);
  const CollectingSink sink = PlayNew(lane);
  const Event& context = First<MarketContext>(sink);
  CHECK(std::holds_alternative<ClockTick>((&context + 1)->body));
  CHECK(context.header.event_time == lane.now());
  CHECK(context.header.cause.event == lane.events().back().header.id());

  lane.At(300).Tick();  // nothing moved
  lane.At(350).Snapshot(1, {.bid = 7}).Snapshot(1, {.bid = 6});
  lane.At(400).Tick();  // it moved and came back
  CHECK(contexts().size() == 1);
  lane.At(450).Snapshot(1, {.bid = 6, .book = BookCondition::kStale});
  lane.At(500).Tick();
  REQUIRE(contexts().size() == 2);
  CHECK(contexts()[1].rows.size() == 1);
  CHECK(contexts()[1].rows[0].book == BookCondition::kStale);
}

TEST_CASE("scoring: a retired instance is silent, a new version keeps nothing, a damaged one stops and is counted",
          "[scoring]") {
  FeaturesLane retired = Ready();
  retired.At(100).Configure(kName, "", InstanceMode::kRetired);
  retired.At(250).Snapshot(1, Seen{}).Tick();
  CHECK(Signals(retired).empty());

  FeaturesLane replaced = Ready();
  replaced.At(250).Snapshot(1, Seen{});
  v1::Profile stricter = Classic();
  stricter.mutable_rubric()->set_threshold(9.5);
  replaced.At(400).Start(kName, stricter).Include(kName, {1});
  replaced.At(500).Snapshot(1, Seen{.book = BookCondition::kLocked}).Tick();  // would cancel the old signal
  replaced.At(750).Snapshot(1, Seen{});                                       // armed again
  CHECK(PlayNew(replaced).Bodies<SignalCancelled>().empty());
  REQUIRE(Intents(replaced).size() == 2);
  CHECK(Intents(replaced)[1].threshold == 9.5);

  FeaturesLane damaged = Ready();
  damaged.At(100).Configure(kName, "\xff", InstanceMode::kActive);
  damaged.At(250).Snapshot(1, Seen{});
  ScoringProcessor processor;
  CHECK(Play(processor, damaged.events()).Bodies<Signal>().empty());
  CHECK(processor.configurations_refused() == 1);
}

TEST_CASE("scoring: a version acts from its effective time on", "[scoring]") {
  FeaturesLane lane = Ready();
  v1::Profile lenient = Classic();
  lenient.mutable_rubric()->set_threshold(7);
  lane.At(100).Start(kName, lenient, InstanceMode::kActive, milliseconds(400));
  lane.At(250).Snapshot(1, {.ratio = 2.99});  // 7 of 7.5
  lane.At(500).Snapshot(1, {.ratio = 2.99});  // 7 of 7, but not listed in the new version's universe
  const auto signals = Signals(lane);
  REQUIRE(signals.size() == 2);
  CHECK(signals[0].threshold == 7.5);
  CHECK(signals[1].threshold == 7);
}

TEST_CASE("scoring: snapshots of undefined symbols are dropped and counted, those of another feature set not read",
          "[scoring]") {
  FeaturesLane lane = Ready();
  lane.At(250).Snapshot(9, Seen{});
  ScoringProcessor processor;
  CHECK(Play(processor, lane.events()).Bodies<Signal>().empty());
  CHECK(processor.snapshots_dropped() == 1);

  FeaturesLane stale = Ready();
  stale.At(250).Snapshot(1, Seen{});
  std::vector<Event> events = stale.events();
  std::get<FeatureSnapshot>(events.back().body).feature_set = 99;
  ScoringProcessor other;
  CHECK(Play(other, events).Bodies<Signal>().empty());
}

TEST_CASE("scoring: the tick of the instrument rounds its prices", "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1, Px(0.05)).Start(kName, Classic()).Include(kName, {1});
  lane.At(250).Snapshot(1, Seen{});
  REQUIRE(Intents(lane).size() == 1);
  CHECK(Intents(lane)[0].stop == Px(19.85));
  CHECK(Intents(lane)[0].target == Px(20.25));
}

TEST_CASE("scoring: a boundary that shows nothing new of an instance's features is passed over", "[scoring]") {
  // Near misses would be reported again ten seconds later; the boundaries in between are another instance's.
  FeaturesLane news = Ready(), others = Ready();
  for (FeaturesLane* lane : {&news, &others}) {
    lane->At(250).Snapshot(1, {.ratio = 2, .moved = false});
    const size_t at_first = Signals(*lane).size();
    REQUIRE(at_first == 1);
  }
  news.At(20'250).Snapshot(1, {.ratio = 2, .moved = true});
  others.At(20'250).Snapshot(1, {.ratio = 2, .moved = false});
  CHECK(Signals(news).size() == 2);
  CHECK(Signals(others).size() == 1);
}

}  // namespace spillway::scoring
