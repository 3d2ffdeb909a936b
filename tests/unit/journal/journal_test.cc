#include "services/journal/journal.h"

#include <random>
#include <set>

#include "tests/support/market_builder.h"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::JournalProcessor;

Event Decision(const Event& intent, bool approved) {
  RiskDecision decision;
  decision.intent = intent.header.id();
  decision.approved = approved;
  if (!approved) decision.rule = RefusalRule::kScheduleMonitor;
  decision.quantity = Quantity::Units(100);
  decision.risk = Money::FromE8(12'00000000);
  Event event;
  event.header = intent.header;
  event.header.producer = Producer::kRisk;
  event.header.cause = {.market = {}, .event = intent.header.id(), .ordinal = 0};
  event.body = decision;
  return event;
}

// The whole quote of a symbol in one row.
void Row(MarketBuilder& market, InstrumentId instrument, double ms, double bid, double ask) {
  market.At(ms).Instrument(instrument).Clear().Bid(bid, 500).Ask(ask, 500).Row();
}

class JournalDay {
 public:
  JournalDay() : market(NewYork("10:00")) {
    lane.At("09:25");
    Send(lane.Define(1, "SYM1"));
    Send(lane.Configure(ClassicProfile()));
    Send(lane.Session());
    Send(lane.Feed(FeedState::kUp));
  }
  std::vector<Event> Send(const Event& event) {
    CollectingSink sink;
    processor.Process(event, sink);
    return sink.events;
  }
  // An approved intent at 10:00:00.010, then the tick behind its window.
  Event Approved(std::string_view clock = "10:00:00.010") {
    lane.At(clock);
    signal = lane.Accepted({});
    Send(signal);
    const Event intent = lane.Intent({}, signal.header.id());
    Send(intent);
    Send(Decision(intent, true));
    return intent;
  }

  MarketBuilder market;
  TradingLane lane;
  JournalProcessor processor;
  Event signal;
};

TEST_CASE("journal: an approved intent is labelled when its market resolved, told at the tick behind it", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 10, 19.97, 20.00);
  Row(day.market, 1, 20, 19.97, 20.00);
  Row(day.market, 1, 50, 20.24, 20.27);
  CHECK(day.Send(day.market.Batch()).empty());
  const Event intent = day.Approved();
  const std::vector<Event> out = day.Send(day.lane.At("10:00:00.100").Tick());
  REQUIRE(out.size() == 1);
  const auto& outcome = std::get<OutcomeLabelled>(out[0].body);
  CHECK(outcome.label == OutcomeLabel::kTarget);
  CHECK(outcome.entered == NewYork("10:00:00.020"));
  CHECK(outcome.intent == intent.header.id());
  CHECK(out[0].header.producer == Producer::kJournal);
  CHECK(out[0].header.event_time == NewYork("10:00:00.050"));
  CHECK(out[0].header.cause.event == intent.header.id());
  CHECK(out[0].header.correlation == intent.header.correlation_id());
  // 100 shares * 0.24 - 2 * 0.35 (the order minimum binds at 0.0035 a share).
  CHECK(outcome.profit_net.ToString() == "23.30");
}

TEST_CASE("journal: a refused intent is not told", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 20, 19.97, 20.00);
  Row(day.market, 1, 50, 20.24, 20.27);
  day.Send(day.market.Batch());
  day.lane.At("10:00:00.010");
  const Event intent = day.lane.Intent({});
  day.Send(intent);
  CHECK(day.Send(day.lane.At("10:00:00.100").Tick()).empty());
  CHECK(day.Send(Decision(intent, false)).empty());
}

TEST_CASE("journal: a cancellation of the same window counts before quotes behind it", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 20, 19.98, 20.01);
  Row(day.market, 1, 50, 19.97, 20.00);  // would enter, but the window's cancellation was at 30 ms
  day.Send(day.market.Batch());
  day.Approved();
  day.lane.At("10:00:00.030");
  day.Send(day.lane.Cancel(day.signal));
  const std::vector<Event> out = day.Send(day.lane.At("10:00:00.100").Tick());
  REQUIRE(out.size() == 1);
  CHECK(std::get<OutcomeLabelled>(out[0].body).label == OutcomeLabel::kCancelled);
}

TEST_CASE("journal: at the second end of every feed what is open is closed at its last quote", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 20, 19.97, 20.00);
  day.Send(day.market.Batch());
  day.lane.At("10:00:00.060");
  const Event ended = day.lane.Feed(FeedState::kEnded);
  CHECK(day.Send(ended).empty());  // the market lane's
  day.Approved();
  const std::vector<Event> out = day.Send(ended);  // passed on behind the intent
  REQUIRE(out.size() == 1);
  const auto& outcome = std::get<OutcomeLabelled>(out[0].body);
  CHECK(outcome.label == OutcomeLabel::kTime);
  CHECK(outcome.exit_price == Usd(19.97));
  CHECK(outcome.exited == NewYork("10:00:00.060"));
}

TEST_CASE("journal: quotes behind a gap do not count until the book was sent again", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 5, 19.90, 20.05);
  day.Send(day.market.Batch());
  day.Send(day.lane.At("10:00:00.005").Make(FeedGap{.feed = 1, .expected = 2, .seen = 4}, 1));
  day.market.At(20).Ask(20.00, 100).Row();
  day.Send(day.market.Batch());
  day.Approved();
  CHECK(day.Send(day.lane.At("10:01:00.000").Tick()).empty());
  const std::vector<Event> out = day.Send(day.lane.At("10:02:00.000").Tick());
  REQUIRE(out.size() == 1);
  CHECK(std::get<OutcomeLabelled>(out[0].body).label == OutcomeLabel::kMiss);
}

// ---- near misses

// A rejected signal with a blueprint of 20.00 -> 20.24, stop 19.88; of a short mirrored at 20.00.
Event Rejected(TradingLane& lane, IntentFields fields = {}) {
  Event event = lane.Accepted(fields);
  auto& signal = std::get<Signal>(event.body);
  signal.accepted = false;
  signal.entry = Usd(fields.entry);
  signal.stop = Usd(fields.stop);
  signal.target = Usd(fields.target);
  signal.expires = lane.now() + std::chrono::seconds(60);
  return event;
}

TEST_CASE("journal: S1-I5.3 a rejected signal is measured as it would have ended, one unit before costs", "[journal]") {
  JournalDay day;
  Row(day.market, 1, 20, 19.97, 20.00);
  Row(day.market, 1, 50, 20.24, 20.27);
  day.Send(day.market.Batch());
  day.lane.At("10:00:00.010");
  const Event rejected = Rejected(day.lane, {.score = 6.5});
  CHECK(day.Send(rejected).empty());
  const std::vector<Event> out = day.Send(day.lane.At("10:00:00.100").Tick());
  REQUIRE(out.size() == 1);
  const auto& outcome = std::get<OutcomeLabelled>(out[0].body);
  CHECK(outcome.near_miss);
  CHECK(outcome.intent == rejected.header.id());
  CHECK(outcome.label == OutcomeLabel::kTarget);
  CHECK(outcome.side == Side::kBid);
  CHECK(outcome.quantity == Quantity::Units(1));
  CHECK(outcome.profit_gross.ToString() == "0.24");
  CHECK(outcome.profit_net == outcome.profit_gross);
  CHECK_THAT(outcome.r_multiple, WithinAbs(2.0, 1e-12));
  CHECK(outcome.score == 6.5);
  CHECK(out[0].header.cause.event == rejected.header.id());
  CHECK(out[0].header.instance == rejected.header.instance);
}

TEST_CASE(
    "journal: a setup that is rejected again in the life of the first is one near miss; the other side is another",
    "[journal]") {
  JournalDay day;
  Row(day.market, 1, 20, 19.98, 20.00);
  day.Send(day.market.Batch());
  day.lane.At("10:00:00.010");
  const Event first = Rejected(day.lane);
  day.Send(first);
  day.lane.At("10:00:00.015");
  day.Send(Rejected(day.lane));
  const Event mirrored = Rejected(day.lane, {.entry = 19.98, .stop = 20.10, .target = 19.74, .side = Side::kAsk});
  day.Send(mirrored);
  day.Send(day.lane.At("10:00:00.100").Tick());
  Row(day.market, 1, 150, 19.70, 19.72);
  day.Send(day.market.Batch());
  std::vector<Event> out = day.Send(day.lane.At("10:00:00.200").Tick());
  REQUIRE(out.size() == 2);
  CHECK(std::get<OutcomeLabelled>(out[0].body).intent == first.header.id());
  CHECK(std::get<OutcomeLabelled>(out[0].body).label == OutcomeLabel::kStop);
  CHECK(std::get<OutcomeLabelled>(out[1].body).intent == mirrored.header.id());
  CHECK(std::get<OutcomeLabelled>(out[1].body).label == OutcomeLabel::kTarget);
  CHECK(std::get<OutcomeLabelled>(out[1].body).side == Side::kAsk);
  CHECK(std::get<OutcomeLabelled>(out[1].body).profit_gross.ToString() == "0.24");
  // The first could still be entered, had it not been; behind its life the next rejection is measured again.
  day.Send(Rejected(day.lane));
  day.lane.At("10:01:00.010");
  day.Send(Rejected(day.lane));
  out = day.Send(day.lane.At("10:20:00").Tick());
  REQUIRE(out.size() == 1);
  CHECK(std::get<OutcomeLabelled>(out[0].body).label != OutcomeLabel::kUnknown);
}

TEST_CASE("journal: a rejected signal that does not say what would be traded is not measured", "[journal]") {
  JournalDay day;
  day.lane.At("10:00:00.010");
  day.Send(Rejected(day.lane, {.entry = 0}));
  day.Send(Rejected(day.lane, {.stop = 20.10}));    // stop on the wrong side
  day.Send(Rejected(day.lane, {.target = 19.90}));  // target on the wrong side
  CHECK(day.Send(day.lane.At("10:05:00").Tick()).empty());
}

// ---- order

constexpr std::string_view kInstances[] = {"a#1", "b#1", "c#1"};

// A random session as the journal's merge delivers it: each window's market events, then its trading events.
struct Session {
  std::vector<MarketEvent> market;  // the batches' storage
  struct Window {
    size_t begin = 0, end = 0;   // in `market`
    std::vector<Event> trading;  // ends with the tick
  };
  std::vector<Window> windows;
  std::vector<Event> head;
  std::map<EventId, Event> decisions;  // by intent
};

Session RandomSession(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<int>(random() % n); };
  Session session;
  TradingLane lane;
  MarketBuilder market(NewYork("10:00"));
  lane.At("09:25");
  for (InstrumentId id = 1; id <= 3; ++id) session.head.push_back(lane.Define(id, fmt::format("SYM{}", id)));
  for (size_t i = 0; i < 3; ++i) {
    v1::Profile profile = ClassicProfile();
    profile.mutable_outcome()->set_time_stop_ns(Duration(std::chrono::seconds(3 + 4 * i)).count());
    session.head.push_back(
        lane.Configure(profile, kInstances[i], i == 2 ? InstanceMode::kShadow : InstanceMode::kActive));
  }
  session.head.push_back(lane.Session());
  session.head.push_back(lane.Feed(FeedState::kUp));
  double mid[4] = {0, 20, 20, 20};
  std::vector<Event> signals;
  for (int window = 0; window < 300; ++window) {
    Session::Window slice;
    slice.begin = market.events().size();
    const int start = window * 100;
    for (int i = 0, ms = start; i < 12; ++i) {
      ms += below(9);
      const auto id = static_cast<InstrumentId>(1 + below(3));
      mid[id] += 0.01 * (below(7) - 3);
      Row(market, id, ms, mid[id] - 0.02, mid[id] + (below(20) == 0 ? -0.03 : 0.02));
    }
    slice.end = market.events().size();
    for (int i = 0, ms = start; i < 2; ++i) {
      ms += below(50);
      lane.At(NewYork("10:00") + std::chrono::milliseconds(ms));
      const int kind = below(6);
      if (kind == 2) {
        const auto id = static_cast<InstrumentId>(1 + below(3));
        const bool is_short = below(3) == 0;
        slice.trading.push_back(Rejected(lane, {.instrument = id,
                                                .entry = mid[id],
                                                .stop = mid[id] + (is_short ? 0.08 : -0.08),
                                                .target = mid[id] + (is_short ? -0.12 : 0.12),
                                                .side = is_short ? Side::kAsk : Side::kBid,
                                                .instance = kInstances[below(3)]}));
      } else if (kind == 0) {
        const auto id = static_cast<InstrumentId>(1 + below(3));
        const IntentFields fields{.instrument = id,
                                  .entry = mid[id] + 0.01 * (below(5) - 2),
                                  .stop = mid[id] - 0.08,
                                  .target = mid[id] + 0.12,
                                  .instance = kInstances[below(3)]};
        signals.push_back(lane.Accepted(fields));
        const Event intent = lane.Intent(fields, signals.back().header.id());
        slice.trading.push_back(signals.back());
        slice.trading.push_back(intent);
        session.decisions[intent.header.id()] = Decision(intent, below(4) != 0);
      } else if (kind == 1 && !signals.empty()) {
        slice.trading.push_back(
            lane.Cancel(signals[signals.size() - 1 - static_cast<size_t>(below(3)) % signals.size()]));
      }
    }
    lane.At(NewYork("10:00") + std::chrono::milliseconds(start + 100));
    slice.trading.push_back(lane.Tick());
    session.windows.push_back(std::move(slice));
  }
  session.market = market.events();
  return session;
}

// Decisions come `delay(i)` windows or more behind their intents; batches are cut after `cut()` events.
template <class Delay, class Cut>
std::vector<Event> Merge(const Session& session, Delay&& delay, Cut&& cut) {
  std::vector<Event> lane = session.head;
  std::deque<std::pair<size_t, Event>> waiting;
  const std::span<const MarketEvent> market(session.market);
  for (size_t w = 0; w < session.windows.size(); ++w) {
    const Session::Window& window = session.windows[w];
    for (size_t at = window.begin; at < window.end;) {
      const size_t size = std::min<size_t>(1 + cut(), window.end - at);
      lane.push_back(MarketBuilder::BatchOf(market.subspan(at, size)));
      at += size;
    }
    for (const Event& event : window.trading) {
      lane.push_back(event);
      if (const auto it = session.decisions.find(event.header.id()); it != session.decisions.end()) {
        waiting.emplace_back(w + delay(), it->second);
      }
      while (!waiting.empty() && waiting.front().first <= w) {
        lane.push_back(waiting.front().second);
        waiting.pop_front();
      }
    }
  }
  for (const auto& [when, decision] : waiting) lane.push_back(decision);
  TradingLane end;
  end.At(NewYork("10:00") + std::chrono::milliseconds(100 * session.windows.size()));
  const Event ended = end.Feed(FeedState::kEnded);
  lane.push_back(ended);
  lane.push_back(ended);
  return lane;
}

constexpr auto kPrompt = [] { return size_t{0}; };
constexpr auto kWhole = [] { return size_t{1000}; };

TEST_CASE("journal: late decisions and batches cut anywhere change nothing", "[journal][determinism]") {
  std::map<OutcomeLabel, int> labels;
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    INFO("seed " << seed);
    const Session session = RandomSession(seed);
    const std::vector<Event> prompt = Play<JournalProcessor>(Merge(session, kPrompt, kWhole));
    for (const Event& event : prompt) ++labels[std::get<OutcomeLabelled>(event.body).label];
    std::mt19937_64 random(seed);
    for (const size_t longest : {2, 20, 500}) {
      const std::vector<Event> late = Play<JournalProcessor>(Merge(
          session, [&] { return static_cast<size_t>(random() % longest); }, [&] { return random() % 5; }));
      REQUIRE((Bytes(prompt) == Bytes(late)));
    }
  }
  for (const OutcomeLabel label : {OutcomeLabel::kTarget, OutcomeLabel::kStop, OutcomeLabel::kTime, OutcomeLabel::kMiss,
                                   OutcomeLabel::kCancelled}) {
    INFO(OutcomeLabelName(label));
    CHECK(labels[label] > 0);
  }
}

TEST_CASE("journal: exactly one outcome for each approved intent, in the order of time", "[journal][property]") {
  for (uint64_t seed = 30; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const Session session = RandomSession(seed);
    std::set<EventId> expected, seen, ids;
    for (const auto& [intent, decision] : session.decisions) {
      if (std::get<RiskDecision>(decision.body).approved) expected.insert(intent);
    }
    uint64_t near_misses = 0;
    Time last;
    for (const Event& event : Play<JournalProcessor>(Merge(session, kPrompt, kWhole))) {
      const auto& outcome = std::get<OutcomeLabelled>(event.body);
      near_misses += outcome.near_miss ? 1 : 0;
      if (!outcome.near_miss) REQUIRE(seen.insert(outcome.intent).second);
      REQUIRE(ids.insert(event.header.id()).second);
      REQUIRE(event.header.event_time >= last);
      last = event.header.event_time;
    }
    CHECK(seen == expected);
    CHECK(near_misses > 0);
  }
}

TEST_CASE("journal: the same lanes twice, and restored after every event, give the same bytes",
          "[journal][determinism]") {
  std::mt19937_64 random(3);
  const Session session = RandomSession(50);
  const std::vector<Event> lane = Merge(
      session, [&] { return static_cast<size_t>(random() % 30); }, [&] { return random() % 7; });
  const std::string once = Bytes(Play<JournalProcessor>(lane));
  CHECK(once.size() > 1'000);
  CHECK((once == Bytes(Play<JournalProcessor>(lane))));
  CHECK((once == Bytes(PlayRestoring<JournalProcessor>(lane))));
}

TEST_CASE("journal: an instance alone is measured as beside the others", "[journal][determinism]") {
  const Session session = RandomSession(60);
  const std::vector<Event> lane = Merge(session, kPrompt, kWhole);
  const std::vector<Event> together = Play<JournalProcessor>(lane);
  for (const std::string_view name : kInstances) {
    INFO(name);
    std::vector<Event> alone;
    for (const Event& event : lane) {
      if (event.header.instance == 0 || event.header.instance == StrategyInstanceIdOf(name)) alone.push_back(event);
    }
    CHECK((Bytes(Play<JournalProcessor>(alone)) == Bytes(OfInstance(together, name))));
  }
}

}  // namespace
}  // namespace spillway::test
