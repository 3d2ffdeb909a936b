#include "services/universe/universe_processor.h"

#include <random>

#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::universe {
namespace {

using test::BytesOf;
using test::FeaturesLane;
using test::Play;
using test::Px;

const std::string kClassic = "ofi-classic@1#1";
constexpr double kMinute = 60'000;

InstrumentDefinition Stock(InstrumentId id) {
  InstrumentDefinition definition;
  definition.id = id;
  definition.symbol = "S" + std::to_string(id);
  definition.security_type = SecurityType::kCommon;
  definition.float_shares = Quantity::Units(100'000'000);
  definition.average_volume.sessions = 20;
  return definition;
}

UniverseInputs Good(const std::string& cause, bool last) {
  return {.price = Px(20),
          .spread_median = Px(0.02),
          .relative_volume = 3,
          .relative_volume_reason = {},
          .trading_status = TradingStatus::kTrading,
          .cause = cause,
          .last_of_refresh = last};
}
UniverseInputs Priced(double price, const std::string& cause, bool last) {
  UniverseInputs inputs = Good(cause, last);
  inputs.price = Px(price);
  return inputs;
}

std::vector<UniverseChanged> Changes(const std::vector<Event>& events) {
  UniverseProcessor processor;
  return Play(processor, events).Bodies<UniverseChanged>();
}

FeaturesLane TwoStocks() {
  FeaturesLane lane;
  lane.At(0).Define(Stock(1)).Define(Stock(2)).Start(kClassic, test::Classic());
  return lane;
}

}  // namespace

TEST_CASE("universe: the first decision is full, takes effect two ticks later and says what it follows from",
          "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("first_quote", false)).Inputs(2, Priced(9.29, "first_quote", true));
  UniverseProcessor processor;
  const auto sink = Play(processor, lane.events());
  REQUIRE(sink.events.size() == 1);
  const Event& event = sink.events.front();
  const Event& cause = lane.events().back();
  CHECK(event.header.producer == Producer::kUniverse);
  CHECK(event.header.event_time == lane.now());
  CHECK(event.header.instance == StrategyInstanceIdOf(kClassic));
  CHECK(event.header.cause.event == cause.header.id());
  CHECK(event.header.correlation == cause.header.correlation_id());
  const auto& universe = std::get<UniverseChanged>(event.body);
  CHECK(universe.full);
  CHECK(universe.cause == "first_quote");
  CHECK(universe.effective_time == lane.now() + std::chrono::milliseconds(200));
  CHECK(universe.members == std::vector<UniverseMember>{{1, true, {}}, {2, false, {{"price_min", "9.29", "10.00"}}}});
}

TEST_CASE("S0-1.1: universe: nothing is decided before a set of inputs is complete", "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("refresh", false));
  CHECK(Changes(lane.events()).empty());
}

TEST_CASE("S0-1.8: universe: later decisions list only whose membership or reasons changed", "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("refresh", false)).Inputs(2, Priced(9.29, "refresh", true));
  lane.At(5 * kMinute).Inputs(1, Good("refresh", false)).Inputs(2, Priced(9.31, "refresh", true));  // same rule
  lane.At(10 * kMinute).Inputs(1, Good("refresh", false)).Inputs(2, Priced(81, "refresh", true));   // another
  lane.At(15 * kMinute).Inputs(1, Good("refresh", false)).Inputs(2, Good("refresh", true));
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 3);
  CHECK_FALSE(changes[1].full);
  CHECK(changes[1].members == std::vector<UniverseMember>{{2, false, {{"price_max", "81.00", "80.00"}}}});
  CHECK(changes[2].members == std::vector<UniverseMember>{{2, true, {}}});
}

TEST_CASE("universe: C-08 an instance refreshes at its own interval on a finer grid of inputs", "[universe]") {
  v1::Profile slow = test::Classic();
  slow.mutable_universe()->set_refresh_ns(Duration(std::chrono::minutes(10)).count());
  FeaturesLane lane;
  lane.At(0).Define(Stock(1)).Start("slow@1#1", slow);
  lane.At(100).Inputs(1, Good("first_quote", true));
  lane.At(5 * kMinute).Inputs(1, Priced(9, "refresh", true));  // not yet
  lane.At(10 * kMinute).Inputs(1, Priced(8, "refresh", true));
  lane.At(15 * kMinute).Inputs(1, Good("refresh", true));  // not yet
  lane.At(20 * kMinute).Inputs(1, Good("refresh", true));
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].members.front().exclusions == std::vector<Exclusion>{{"price_min", "8.00", "10.00"}});
  CHECK(changes[2].members.front().included);
  CHECK(changes[2].effective_time == lane.now() + UniverseProcessor::kEffectiveAfter);
}

TEST_CASE("universe: S0-1.6 a halt takes a symbol out at once; new inputs bring it back", "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("refresh", false)).Inputs(2, Priced(9, "refresh", true));
  lane.At(1000).Halt(1, TradingStatus::kPaused).Halt(2, TradingStatus::kHalted).Halt(1, TradingStatus::kHalted);
  lane.At(2000).Halt(1, TradingStatus::kTrading);
  const auto before = Changes(lane.events());
  REQUIRE(before.size() ==
          3);  // the second status of symbol 1 changes no reason, and resuming alone brings nothing back
  CHECK(before[1].cause == "halt");
  CHECK(before[1].members == std::vector<UniverseMember>{{1, false, {{"halted", "paused", "trading"}}}});
  CHECK(before[2].members ==
        std::vector<UniverseMember>{{2, false, {{"price_min", "9.00", "10.00"}, {"halted", "halted", "trading"}}}});

  lane.At(2100).Inputs(1, Good("halt", true));
  const auto after = Changes(lane.events());
  REQUIRE(after.size() == 4);
  CHECK(after[3].members == std::vector<UniverseMember>{{1, true, {}}});
}

TEST_CASE("universe: inputs that say halted keep a symbol out", "[universe]") {
  FeaturesLane lane = TwoStocks();
  UniverseInputs halted = Good("refresh", true);
  halted.trading_status = TradingStatus::kHalted;
  lane.At(300).Inputs(1, halted);
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].members == std::vector<UniverseMember>{{1, false, {{"halted", "halted", "trading"}}}});
}

TEST_CASE("universe: a market-wide halt takes every symbol out", "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("refresh", false)).Inputs(2, Good("refresh", true));
  lane.At(1000).Halt(0, TradingStatus::kHalted);
  lane.At(1100).Inputs(1, Good("halt", true));  // still halted
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].members.size() == 2);
}

TEST_CASE("universe: a new version starts anew, a retired instance is silent, a damaged document is counted",
          "[universe]") {
  FeaturesLane lane = TwoStocks();
  lane.At(300).Inputs(1, Good("refresh", true));
  lane.At(900).Start(kClassic, test::Classic());  // the same again: nothing begins
  v1::Profile next = test::Classic();
  next.set_version(2);
  lane.At(1000).Start(kClassic, next);
  lane.At(5 * kMinute).Inputs(1, Good("refresh", true));
  CHECK(Changes(lane.events()).size() == 2);
  CHECK(Changes(lane.events()).back().full);

  lane.At(6 * kMinute)
      .Configure(kClassic, "", InstanceMode::kRetired)
      .Configure("x@1#1", "\xff", InstanceMode::kActive);
  lane.At(10 * kMinute).Inputs(1, Priced(9, "refresh", true));
  UniverseProcessor processor;
  CHECK(Play(processor, lane.events()).events.size() == 2);
  CHECK(processor.configurations_refused() == 1);
}

TEST_CASE("universe: a version acts from its effective time on", "[universe]") {
  FeaturesLane lane;
  lane.At(0).Define(Stock(1)).Start(kClassic, test::Classic(), InstanceMode::kActive, std::chrono::milliseconds(500));
  lane.At(499).Inputs(1, Good("refresh", true));
  CHECK(Changes(lane.events()).empty());
  lane.At(500).Inputs(1, Good("refresh", true));
  CHECK(Changes(lane.events()).size() == 1);
}

TEST_CASE("S1-B9.1, S1-B1.9, S1-A1.1, S1-A1.4: the universe is refreshed every 5 minutes, at 09:25 too", "[universe]") {
  // Confirmed by every refresh, it is published with a time to live (adapters/redis_active_set.h).
  for (const char* name : {"small-account@1", "ofi-ram@1"}) {
    FeaturesLane lane;
    InstrumentDefinition stock = Stock(1);
    stock.float_shares = Quantity::Units(20'000'000);
    stock.sector = "technology";
    stock.exchange = "NYSE";
    UniverseInputs busy = Good("refresh", true);
    busy.price = Px(12);
    UniverseInputs quiet = busy;
    quiet.relative_volume = 1;
    lane.At(-20 * kMinute).Define(stock).Start(std::string(name) + "#1", profile::LoadProfile(name).value());
    lane.At(-6 * kMinute).Inputs(1, quiet);
    lane.At(-5 * kMinute).Inputs(1, busy);  // 09:25: busy before the open
    lane.At(0).Inputs(1, busy);
    lane.At(5 * kMinute).Inputs(1, quiet);
    const auto changes = Changes(lane.events());
    REQUIRE(changes.size() == 3);
    CHECK(changes[0].members.front().exclusions.front().rule == "relative_volume_min");
    CHECK(changes[1].members == std::vector<UniverseMember>{{1, true, {}}});
    CHECK(changes[1].effective_time ==
          test::MarketBuilder::kStart - std::chrono::minutes(5) + UniverseProcessor::kEffectiveAfter);
    CHECK_FALSE(changes[2].members.front().included);
  }
}

TEST_CASE("S1-B10.3: where no feed carries news the rule on headlines never passes, unless that is allowed",
          "[universe]") {
  for (const auto& [news, allowed, included] :
       {std::tuple{false, false, false}, std::tuple{false, true, true}, std::tuple{true, false, true}}) {
    CAPTURE(news, allowed);
    v1::Profile profile = test::Classic();
    profile.mutable_universe()->add_exclude_headline_words("FDA");
    if (allowed) profile.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_HEADLINES);
    FeaturesLane lane;
    FeedCapabilities feed;
    feed.feed = 1;
    feed.news = news;
    lane.At(0).Add(Producer::kIngest, 0, 0, feed);
    lane.Define(Stock(1)).Start("a@1#1", profile);
    lane.At(300).Inputs(1, Good("refresh", true));
    const auto changes = Changes(lane.events());
    REQUIRE(changes.size() == 1);
    REQUIRE(changes[0].members.size() == 1);
    CHECK(changes[0].members[0].included == included);
    if (included) continue;
    CHECK(changes[0].members[0].exclusions ==
          std::vector<Exclusion>{{"headlines_not_carried", "not carried by this feed", "FDA"}});
  }
}

TEST_CASE("S1-B10.3: a headline with the word takes a symbol out at once and for the rest of the day", "[universe]") {
  v1::Profile profile = test::Classic();
  profile.mutable_universe()->add_exclude_headline_words("FDA");
  FeaturesLane lane;
  const auto news = [&](InstrumentId id, const std::string& text) {
    lane.Add(Producer::kIngest, id, 0, NewsHeadline{"wire", text});
  };
  lane.At(0)
      .Define(Stock(1))
      .Define(Stock(2))
      .Define(Stock(3))
      .Start("a@1#1", profile)
      .Start(kClassic, test::Classic());
  lane.At(100);
  news(3, "S3: FDA letter");  // before it was ever decided
  lane.At(300).Inputs(1, Good("refresh", false)).Inputs(2, Good("refresh", false)).Inputs(3, Good("refresh", true));
  lane.At(1000);
  news(1, "FDA approves S1");
  news(1, "More on the FDA's approval");  // it is out already
  news(2, "S2 opens a plant");
  news(0, "FDA closed today");  // no symbol's
  lane.At(5 * kMinute)
      .Inputs(1, Good("refresh", false))
      .Inputs(2, Good("refresh", false))
      .Inputs(3, Good("refresh", true));
  UniverseProcessor processor;
  auto sink = Play(processor, lane.events());
  std::vector<UniverseChanged> mine;
  for (const Event& event : sink.events) {
    if (event.header.instance == StrategyInstanceIdOf("a@1#1")) mine.push_back(std::get<UniverseChanged>(event.body));
  }
  REQUIRE(mine.size() == 2);
  CHECK(mine[0].members[2] == UniverseMember{3, false, {{"headline_word", "S3: FDA letter", "FDA"}}});
  CHECK(mine[1].cause == "headline");
  CHECK(mine[1].members == std::vector<UniverseMember>{{1, false, {{"headline_word", "FDA approves S1", "FDA"}}}});
  CHECK(sink.events.size() == 3);  // the other profile says its first word and sees no headlines

  // An instance that starts later in the day knows of it.
  lane.At(6 * kMinute).Start("late@1#1", profile);
  lane.At(10 * kMinute).Inputs(1, Good("refresh", true));
  CHECK_FALSE(Changes(lane.events()).back().members.front().included);
  // The next day it is forgotten.
  lane.At(24 * 60 * kMinute).Inputs(1, Good("refresh", true));
  CHECK(Changes(lane.events()).back().members.front().included);
  CHECK(BytesOf(test::PlayRestoringAlways<UniverseProcessor>(lane.events())) ==
        BytesOf(Play(*std::make_unique<UniverseProcessor>(), lane.events()).events));
}

TEST_CASE(
    "S1-B1.10, S1-B0.6, C-07: a universe is cut to the profile's and the feed's number of symbols, the best relative "
    "volumes first, and says so",
    "[universe]") {
  const auto session = [](uint32_t symbols, std::optional<uint32_t> symbols_max, std::optional<uint32_t> lines) {
    v1::Profile profile = test::Classic();
    if (symbols_max) profile.mutable_universe()->set_symbols_max(*symbols_max);
    FeaturesLane lane;
    FeedCapabilities feed{.feed = 1, .name = "limited"};
    feed.lines = lines;
    lane.At(0).Add(Producer::kIngest, 0, 0, feed);
    for (InstrumentId id = 1; id <= symbols; ++id) lane.Define(Stock(id));
    lane.Start(kClassic, profile).At(300);
    for (InstrumentId id = 1; id <= symbols; ++id) {
      UniverseInputs inputs = Good("refresh", id == symbols);
      inputs.relative_volume = 2.0 + 0.01 * static_cast<double>(id);  // the last one ranks first
      lane.Inputs(id, inputs);
    }
    return lane;
  };
  {
    // The limit of small-account@1 and the lines of a broker's feed.
    REQUIRE(profile::LoadProfile("small-account@1").value().universe().symbols_max() == 150);
    const auto changes = Changes(session(160, 150, std::nullopt).events());
    REQUIRE(changes.size() == 1);
    CHECK(std::ranges::count(changes[0].members, true, &UniverseMember::included) == 150);
    CHECK(changes[0].members[9] == UniverseMember{10, false, {{"symbols_max", "rank 151", "150"}}});
    CHECK(changes[0].members[10].included);
  }
  {
    const auto changes = Changes(session(160, 150, 100).events());
    CHECK(std::ranges::count(changes[0].members, true, &UniverseMember::included) == 100);
    CHECK(changes[0].members[59] == UniverseMember{60, false, {{"feed_lines", "rank 101", "100"}}});
    CHECK(changes[0].members[0] ==
          UniverseMember{1, false, {{"symbols_max", "rank 160", "150"}, {"feed_lines", "rank 160", "100"}}});
  }
  // A feed that names no limit carries 500 at once.
  const auto wide = Changes(session(500, std::nullopt, std::nullopt).events());
  CHECK(std::ranges::count(wide[0].members, true, &UniverseMember::included) == 500);

  // A symbol whose volume rises takes the place of the last one; a halt gives its place away with the next inputs.
  FeaturesLane lane = session(4, std::nullopt, 2);  // 3 and 4 are in
  UniverseInputs busy = Good("refresh", true);
  busy.relative_volume = 9;
  lane.At(5 * kMinute).Inputs(1, busy);
  lane.At(6 * kMinute).Halt(4, TradingStatus::kHalted);
  lane.At(7 * kMinute).Inputs(4, Good("halt", true));
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 4);
  CHECK(changes[1].members == std::vector<UniverseMember>{{1, true, {}}, {3, false, {{"feed_lines", "rank 3", "2"}}}});
  CHECK(changes[2].members.size() == 1);
  CHECK(BytesOf(test::PlayRestoringAlways<UniverseProcessor>(lane.events())) ==
        BytesOf(Play(*std::make_unique<UniverseProcessor>(), lane.events()).events));
}

TEST_CASE("S1-I4.1: a symbol that a scanner names during the session is decided with its first quote", "[universe]") {
  FeaturesLane lane;
  lane.At(0).Define(Stock(1)).Start("ofi-quant@1#1", profile::LoadProfile("ofi-quant@1").value());
  lane.At(300).Inputs(1, Priced(12, "refresh", true));
  lane.At(2 * kMinute).Define(Stock(2)).Inputs(2, Priced(15, "first_quote", true));
  const auto changes = Changes(lane.events());
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].cause == "first_quote");
  CHECK(changes[1].members == std::vector<UniverseMember>{{2, true, {}}});
}

TEST_CASE("universe: an unknown relative volume that may be unknown ranks last", "[universe]") {
  const CutLimits limits{.symbols_max = 2, .feed_lines = {}};
  const auto cut = Cut({{1, 1, std::nullopt}, {2, 1, 2.5}, {3, 1, std::nullopt}}, limits);
  REQUIRE(cut.size() == 1);
  CHECK(cut.begin()->first == 3);
}

TEST_CASE("universe: the same lane gives the same bytes, alone or beside others, restored after any event",
          "[universe][determinism]") {
  const uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  const auto session = [&](const std::vector<std::string>& instances) {
    std::mt19937 random(seed);  // the same draws whichever instances run
    const auto draw = [&](uint32_t below) { return static_cast<int>(random() % below); };
    FeaturesLane lane;
    lane.At(0);
    for (InstrumentId id = 1; id <= 5; ++id) lane.Define(Stock(id));
    for (const std::string& name : instances) {
      v1::Profile profile = test::Classic();
      const int index = name.back() - '0';
      profile.mutable_universe()->set_price_min_e9((9 + index) * 1'000'000'000LL);
      profile.mutable_universe()->set_refresh_ns(Duration(std::chrono::minutes(5 * (1 + index % 3))).count());
      lane.Start(name, profile);
    }
    lane.At(100);
    for (InstrumentId id = 1; id <= 5; ++id) lane.Inputs(id, Good("first_quote", id == 5));
    for (int step = 1; step <= 40; ++step) {
      lane.At(step * 5 * kMinute);
      for (InstrumentId id = 1; id <= 5; ++id) {
        lane.Inputs(id, Priced(8 + 0.5 * draw(16), "refresh", id == 5));
      }
      const auto symbol = static_cast<InstrumentId>(1 + draw(5));
      lane.Halt(symbol, draw(2) == 0 ? TradingStatus::kHalted : TradingStatus::kTrading);
      if (draw(3) == 0) lane.Inputs(symbol, Priced(8 + 0.5 * draw(16), "halt", true));
    }
    return lane.events();
  };
  const std::vector<std::string> names = {"a@1#0", "b@1#1", "c@1#2", "d@1#3", "e@1#4"};
  const std::vector<Event> events = session(names);
  UniverseProcessor once;
  const std::vector<Event> all = Play(once, events).events;
  UniverseProcessor twice;
  CHECK(BytesOf(Play(twice, events).events) == BytesOf(all));
  CHECK(BytesOf(test::PlayRestoringAlways<UniverseProcessor>(events)) == BytesOf(all));

  const auto of = [](const std::vector<Event>& from, const std::string& name) {
    std::vector<Event> list;
    for (const Event& event : from) {
      if (event.header.instance == StrategyInstanceIdOf(name)) list.push_back(event);
    }
    return list;
  };
  for (const std::string& name : names) {
    UniverseProcessor alone;
    const std::vector<Event> solo = of(Play(alone, session({name})).events, name);
    CHECK(solo.size() > 10);
    CHECK(BytesOf(solo) == BytesOf(of(all, name)));
  }
}

}  // namespace spillway::universe
