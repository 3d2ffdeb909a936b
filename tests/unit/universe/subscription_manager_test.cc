#include "services/universe/subscription_manager.h"

#include <random>

#include "libs/profile/profile_loader.h"
#include "services/universe/universe_processor.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::universe {
namespace {

using test::BytesOf;
using test::FeaturesLane;
using test::Play;
using test::Px;
using test::Qty;

constexpr Duration kBoundary = std::chrono::milliseconds(250);
constexpr Duration kSecond = std::chrono::seconds(1);
constexpr int32_t kDay = 20250502;

// A feed's symbols whose prices move as often as they are told to, stepped through boundary by boundary.
class Feed {
 public:
  Feed(uint32_t symbols, const SubscriptionLimits& limits) {
    manager.SetLimits(limits);
    for (InstrumentId id = 1; id <= symbols; ++id) {
      manager.Define(id);
      all.insert(id);
      busy[id] = 0.1;
    }
    manager.SetWanted(all);
  }

  void Snapshot(InstrumentId id) {
    const double price = 10 + 0.01 * static_cast<double>(++moves[id] % 7);
    FeatureSnapshot snapshot;
    snapshot.boundary = true;
    snapshot.book = book[id];
    snapshot.quote = {Px(price), Px(price + 0.02), Qty(100), Qty(200)};
    snapshot.bid_low = snapshot.bid_high = snapshot.quote.bid;
    snapshot.ask_low = snapshot.ask_high = snapshot.quote.ask;
    snapshot.last_price = snapshot.quote.ask;
    manager.OnSnapshot(id, snapshot, now);
    changed_at[id] = now;
  }
  // A second of boundaries, then what the manager changes.
  std::vector<Subscription> Second() {
    for (int i = 0; i < 4; ++i) {
      now += kBoundary;
      for (const InstrumentId id : all) {
        if (std::uniform_real_distribution<>(0, 1)(random) < busy[id]) Snapshot(id);
      }
    }
    REQUIRE(manager.StepDue(now));
    return manager.Step(now, kDay);
  }
  std::vector<Subscription> Seconds(int count) {
    std::vector<Subscription> changes;
    for (int i = 0; i < count; ++i) {
      const auto more = Second();
      changes.insert(changes.end(), more.begin(), more.end());
    }
    return changes;
  }
  std::set<InstrumentId> Depth() const {
    std::set<InstrumentId> held;
    for (const InstrumentId id : all) {
      if (manager.StateOf(id)->depth) held.insert(id);
    }
    return held;
  }

  SubscriptionManager manager;
  Time now = test::MarketBuilder::kStart;
  std::set<InstrumentId> all;
  std::map<InstrumentId, double> busy;  // share of the boundaries at which something moved
  std::map<InstrumentId, uint8_t> book;
  std::map<InstrumentId, uint64_t> moves;
  std::map<InstrumentId, Time> changed_at;
  std::mt19937 random{1};
};

const Subscription* Of(const std::vector<Subscription>& changes, InstrumentId id) {
  const Subscription* last = nullptr;
  for (const Subscription& change : changes) {
    if (change.instrument == id) last = &change;
  }
  return last;
}

SubscriptionLimits Limits(std::optional<uint32_t> lines, std::optional<uint32_t> depth,
                          std::optional<uint32_t> ticks = std::nullopt) {
  return {.lines = lines, .depth_books = depth, .tick_streams = ticks, .messages_per_second = std::nullopt};
}

}  // namespace

TEST_CASE("subscriptions: IR-10 the first word names all symbols; lines go to the best relative volumes",
          "[universe]") {
  Feed feed(6, Limits(4, 2));
  for (const InstrumentId id : feed.all) feed.manager.SetRelativeVolume(id, 2.0 + 0.1 * static_cast<double>(id));
  feed.manager.SetWanted({1, 2, 3, 4, 5});
  const auto changes = feed.Second();
  REQUIRE(changes.size() == 6);
  for (const InstrumentId id : {2, 3, 4, 5}) CHECK(changes[id - 1].line);
  CHECK_FALSE(changes[0].line);
  CHECK_FALSE(changes[5].line);
  CHECK(changes[5].reason == "not in a universe");
  CHECK(feed.manager.Step(feed.now + kSecond, kDay).size() <= 2);  // nothing is said twice
}

TEST_CASE("subscriptions: IR-10 a score 15 higher takes a deep book after a dwell of 2 minutes, not before",
          "[universe]") {
  Feed feed(4, Limits(100, 1));
  feed.busy = {{1, 0.3}, {2, 0.0}, {3, 0.0}, {4, 0.0}};
  feed.Seconds(5);
  REQUIRE(feed.Depth() == std::set<InstrumentId>{1});
  const Time taken = feed.now;
  feed.busy[2] = 1.0;
  while (feed.Depth().contains(1)) {
    feed.Second();
    REQUIRE(feed.now - taken < std::chrono::minutes(3));
  }
  CHECK(feed.Depth() == std::set<InstrumentId>{2});
  CHECK(feed.now - taken >= SubscriptionManager::kDwell - 5 * kSecond);
  CHECK(feed.now - taken <= SubscriptionManager::kDwell + kSecond);
  // 14 more is not enough, whatever the time.
  feed.manager.SetRelativeVolume(1, 1 + 4 * 14.0 / 30);
  feed.busy[1] = 1.0;
  feed.Seconds(300);
  CHECK(feed.Depth() == std::set<InstrumentId>{2});
  feed.manager.SetRelativeVolume(1, 1 + 4 * 16.0 / 30);
  const auto changes = feed.Seconds(3);
  CHECK(feed.Depth() == std::set<InstrumentId>{1});
  CHECK(Of(changes, 1)->reason.starts_with("score "));
  CHECK(Of(changes, 2)->reason.find(" under ") != std::string::npos);
}

TEST_CASE("subscriptions: IR-10 who is silent for 30 s loses its deep book and cannot get it back for 60 s",
          "[universe]") {
  Feed feed(2, Limits(100, 1));
  feed.busy = {{1, 1.0}, {2, 0.0}};
  feed.Seconds(3);
  feed.busy[1] = 0;
  auto changes = feed.Seconds(29);
  CHECK(feed.Depth() == std::set<InstrumentId>{1});
  changes = feed.Seconds(2);
  CHECK(feed.Depth().empty());
  CHECK(Of(changes, 1)->reason == "idle 30s");
  CHECK(Of(changes, 1)->line);  // so that its coming back is seen
  feed.busy[1] = 1.0;
  feed.Seconds(57);
  CHECK(feed.Depth().empty());
  feed.Seconds(4);
  CHECK(feed.Depth() == std::set<InstrumentId>{1});
}

TEST_CASE("subscriptions: IR-10 a deep book that cannot be used goes after 10 s; half a book is asked for twice more",
          "[universe]") {
  Feed feed(1, Limits(100, 1));
  feed.busy[1] = 1.0;
  feed.Seconds(3);
  feed.book[1] = BookCondition::kBidEmpty | BookCondition::kAskEmpty;
  auto changes = feed.Seconds(9);
  CHECK(feed.Depth().size() == 1);
  changes = feed.Seconds(2);
  CHECK(feed.Depth().empty());
  CHECK(Of(changes, 1)->reason == "no depth 10s");

  Feed half(1, Limits(100, 1));
  half.busy[1] = 1.0;
  half.Seconds(3);
  half.book[1] = BookCondition::kAskEmpty;
  changes = half.Seconds(11);
  CHECK(Of(changes, 1)->depth);
  CHECK(Of(changes, 1)->reason == "retry 1 of 2: partial book");
  changes = half.Seconds(10);
  CHECK(Of(changes, 1)->reason == "retry 2 of 2: partial book");
  changes = half.Seconds(11);
  CHECK(Of(changes, 1)->reason == "no depth 10s");
  CHECK(half.Depth().empty());
}

TEST_CASE("subscriptions: IR-10 the broker's 10092, 10167 and 200 are remembered for the day", "[universe]") {
  Feed feed(4, Limits(100, 3));
  for (auto& [id, busy] : feed.busy) busy = 1.0;
  feed.Seconds(3);
  feed.manager.OnRejected(1, "10092 Deep market data is not supported for this combination", feed.now);
  feed.manager.OnRejected(2, "10167 Displaying delayed market data", feed.now);
  feed.manager.OnRejected(3, "200 No security definition has been found", feed.now);
  feed.manager.OnRejected(4, "2104 farm OK", feed.now);
  feed.manager.OnRejected(99, "200", feed.now);  // never defined
  const auto changes = feed.Seconds(200);
  CHECK(feed.Depth() == std::set<InstrumentId>{4});
  CHECK(feed.manager.StateOf(1)->line);
  CHECK_FALSE(feed.manager.StateOf(2)->line);
  CHECK_FALSE(feed.manager.StateOf(3)->line);
  CHECK(Of(changes, 2)->reason == "rejected: 10167");
  CHECK(Of(changes, 3)->reason == "rejected: 200");
  feed.now += kSecond;
  for (const InstrumentId id : feed.all) feed.Snapshot(id);
  feed.manager.Step(feed.now, kDay + 1);  // a new day, a new try
  CHECK(feed.manager.StateOf(2)->line);
  CHECK(feed.Depth().size() == 3);
}

TEST_CASE("subscriptions: S1-B0.6 not more requests a second than the feed takes, and all in the end", "[universe]") {
  Feed feed(100, {.lines = 100, .depth_books = 3, .tick_streams = 5, .messages_per_second = 50});
  for (auto& [id, busy] : feed.busy) busy = 1.0;
  CHECK(feed.Second().size() == 100);
  const auto lines = [&] {
    return std::ranges::count_if(feed.all, [&](InstrumentId id) { return feed.manager.StateOf(id)->line; });
  };
  CHECK(lines() == 50);
  feed.Seconds(2);
  CHECK(lines() == 100);
  CHECK(feed.Depth().size() == 3);
}

TEST_CASE("subscriptions: a limit that a feed does not name is none", "[universe]") {
  Feed feed(20, Limits(10, std::nullopt));
  for (auto& [id, busy] : feed.busy) busy = 0;
  feed.Second();
  for (const InstrumentId id : feed.all) {
    const Subscription state = *feed.manager.StateOf(id);
    CHECK(state.depth == state.line);
    CHECK(state.tick_stream == state.line);
  }
}

TEST_CASE("S1-B1.8: 100 symbols go over two connections of 50 each; who stays keeps its connection", "[universe]") {
  std::vector<InstrumentId> symbols;
  for (InstrumentId id = 1; id <= 100; ++id) symbols.push_back(id);
  const auto shards = ShardOf({}, symbols, 2, 50);
  REQUIRE(shards.size() == 100);
  for (const uint32_t connection : {0U, 1U}) {
    CHECK(std::ranges::count_if(shards, [&](const auto& shard) { return shard.second == connection; }) == 50);
  }
  symbols.push_back(101);
  CHECK(ShardOf(shards, symbols, 2, 50) == shards);  // full
  std::erase_if(symbols, [](InstrumentId id) { return id == 7; });
  const auto next = ShardOf(shards, symbols, 2, 50);
  CHECK(next.at(101) == shards.at(7));
  for (const auto& [symbol, connection] : shards) {
    if (symbol != 7) CHECK(next.at(symbol) == connection);
  }
}

TEST_CASE("subscriptions: IR-10 properties over generated markets", "[universe]") {
  const uint32_t seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  const SubscriptionLimits limits{.lines = 20, .depth_books = 3, .tick_streams = 2, .messages_per_second = 30};
  Feed feed(30, limits);
  feed.random.seed(seed);
  std::mt19937 random(seed * 77 + 1);
  const auto draw = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  std::map<InstrumentId, Subscription> held;
  std::map<InstrumentId, Time> depth_since, cooled_until;
  std::set<InstrumentId> refused, halted;
  uint32_t rotations = 0;
  for (int second = 0; second < 1500; ++second) {
    CAPTURE(second);
    if (draw(5) == 0) feed.busy[1 + draw(30)] = 0.1 * draw(11);
    if (draw(60) == 0) feed.busy[1 + draw(30)] = 0;
    if (draw(40) == 0) feed.manager.SetRelativeVolume(1 + draw(30), 1 + 0.5 * draw(10));
    if (draw(90) == 0) {
      const InstrumentId id = 1 + draw(30);
      feed.book[id] = feed.book[id] != 0 ? 0 : BookCondition::kAskEmpty;
    }
    if (draw(120) == 0) {
      const InstrumentId id = 1 + draw(30);
      const bool now_halted = halted.erase(id) == 0;
      if (now_halted) halted.insert(id);
      feed.manager.SetHalted(id, now_halted);
    }
    if (draw(300) == 0) {
      const InstrumentId id = 1 + draw(30);
      refused.insert(id);
      feed.manager.OnRejected(id, "10092", feed.now);
    }
    if (draw(200) == 0) {  // a refresh changes the universes
      std::set<InstrumentId> wanted;
      for (InstrumentId id = 1; id <= 30; ++id) {
        if (draw(4) != 0) wanted.insert(id);
      }
      feed.manager.SetWanted(wanted);
    }
    if (draw(100) == 0) {  // saved and restored
      runtime::StateWriter writer;
      writer(feed.manager);
      runtime::StateReader reader(writer.bytes());
      SubscriptionManager restored;
      reader(restored);
      REQUIRE_FALSE(reader.failed());
      feed.manager = restored;
    }

    uint32_t requests = 0;
    for (const Subscription& change : feed.Second()) {
      const Subscription before = held[change.instrument];
      const InstrumentId id = change.instrument;
      requests +=
          (before.line != change.line) + (before.depth != change.depth) + (before.tick_stream != change.tick_stream);
      CHECK((change.line || (!change.depth && !change.tick_stream)));
      CHECK_FALSE(change.reason.empty());
      if (change.depth && !before.depth) {
        depth_since[id] = feed.now;
        CHECK_FALSE(halted.contains(id));
        CHECK_FALSE(refused.contains(id));
        CHECK(feed.now >= cooled_until[id]);
      }
      if (before.depth && !change.depth) {
        const bool idle = change.reason.starts_with("idle") || change.reason.starts_with("no depth");
        if (idle && feed.now - feed.changed_at[id] >= SubscriptionManager::kIdle) {
          CHECK(change.reason.starts_with("idle"));
        }
        const bool rotated = change.reason.starts_with("score");
        if (rotated) CHECK(feed.now - depth_since[id] >= SubscriptionManager::kDwell);
        rotations += rotated ? 1 : 0;
        if (idle) cooled_until[id] = feed.now + SubscriptionManager::kDeadCooldown;
      }
      held[id] = change;
    }
    CHECK(requests <= *limits.messages_per_second);

    uint32_t lines = 0, depth = 0, ticks = 0;
    double best_waiting = -1, weakest = 101;
    for (const auto& [id, state] : held) {
      lines += state.line;
      depth += state.depth;
      ticks += state.tick_stream;
      const double score = feed.manager.ScoreOf(id, feed.now);
      const bool alive = feed.changed_at.contains(id) && feed.now - feed.changed_at[id] < SubscriptionManager::kIdle;
      if (state.depth) {
        if (feed.now - depth_since[id] >= SubscriptionManager::kDwell) weakest = std::min(weakest, score);
      } else if (state.line && alive && !halted.contains(id) && !refused.contains(id) && feed.now >= cooled_until[id]) {
        best_waiting = std::max(best_waiting, score);
      }
    }
    CHECK(lines <= *limits.lines);
    CHECK(depth <= *limits.depth_books);
    CHECK(ticks <= *limits.tick_streams);
    // A much better symbol has a deep book within the dwell of the weakest and a step.
    if (requests + 2 <= *limits.messages_per_second) {
      CHECK(best_waiting < weakest + SubscriptionManager::kScoreDifference);
      if (depth < *limits.depth_books) CHECK(best_waiting < 0);
    }
  }
  CHECK(rotations > 3);
}

TEST_CASE(
    "universe: IR-10 a feed with limits is told what to carry, two ticks ahead, once the universe is known; C-07 one "
    "without limits is not",
    "[universe]") {
  const auto lane = [](std::optional<uint32_t> depth) {
    FeaturesLane events;
    FeedCapabilities feed{.feed = 1, .name = "limited"};
    feed.depth_books = depth;
    events.At(0).Add(Producer::kIngest, 0, 0, feed);
    for (InstrumentId id = 1; id <= 3; ++id) {
      InstrumentDefinition stock;
      stock.id = id;
      stock.symbol = "S" + std::to_string(id);
      stock.security_type = SecurityType::kCommon;
      stock.float_shares = Quantity::Units(100'000'000);
      stock.average_volume.sessions = 20;
      events.Define(stock);
    }
    events.Start("ofi-classic@1#1", test::Classic()).At(100).Tick();
    for (int i = 1; i <= 40; ++i) {
      events.At(1000 + 250 * i);
      if (i % 4 == 0) events.Tick();
      for (InstrumentId id = 1; id <= 3; ++id) {
        if (i == 10) {
          events.Inputs(id, {.price = Px(20),
                             .spread_median = Px(0.02),
                             .relative_volume = 3,
                             .relative_volume_reason = {},
                             .trading_status = TradingStatus::kTrading,
                             .cause = "refresh",
                             .last_of_refresh = id == 3});
        }
        if (id == 2 || i % 5 == 0) events.Snapshot(id, {.bid = 19.97 + 0.01 * (i % 2)});
      }
    }
    events.Add(Producer::kIngest, 2, 0,
               FeedStatus{.feed = 1, .state = FeedState::kUnknown, .lag = {}, .reason = "10092"});
    events.At(12'000).Tick();
    // A new version of the instance: what was asked for stays.
    events.Start("ofi-classic@1#1", test::Classic()).At(14'000).Tick();
    return events;
  };
  UniverseProcessor processor;
  const auto sink = Play(processor, lane(1).events());
  const auto changes = sink.Bodies<SubscriptionChanged>();
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].subscriptions.size() == 3);
  CHECK(changes[0].subscriptions[1] == Subscription{2, true, true, true, "universe"});
  CHECK_FALSE(changes[0].subscriptions[0].depth);
  REQUIRE(changes[1].subscriptions.size() == 2);
  CHECK(changes[1].subscriptions[1] == Subscription{2, true, false, true, "ineligible: 10092"});
  CHECK(changes[1].subscriptions[0].depth);
  for (const Event& event : sink.events) {
    if (const auto* changed = std::get_if<SubscriptionChanged>(&event.body)) {
      CHECK(changed->effective_time == event.header.event_time + UniverseProcessor::kEffectiveAfter);
      CHECK(event.header.producer == Producer::kUniverse);
    }
  }
  CHECK(BytesOf(test::PlayRestoringAlways<UniverseProcessor>(lane(1).events())) == BytesOf(sink.events));
  UniverseProcessor unlimited;
  CHECK(Play(unlimited, lane(std::nullopt).events()).Bodies<SubscriptionChanged>().empty());
}

}  // namespace spillway::universe
