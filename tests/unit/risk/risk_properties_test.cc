// What holds for every sequence of events.
#include <map>
#include <random>
#include <set>

#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {
namespace {

constexpr std::string_view kInstances[] = {"a#1", "b#1", "c#1", "d#1", "e#1"};

v1::Profile ProfileOf(size_t i) {
  v1::Profile profile = ClassicProfile();
  v1::Throttle& throttle = *profile.mutable_throttle();
  throttle.set_alerts_per_hour(static_cast<uint32_t>(1 + i));
  throttle.set_same_ticker_ns(Duration(std::chrono::minutes(1 + 2 * i)).count());
  throttle.set_halt_scope(i % 2 == 0 ? v1::HALT_SCOPE_GLOBAL : v1::HALT_SCOPE_SYMBOL);
  throttle.set_news_scope(i % 3 == 0 ? v1::HALT_SCOPE_GLOBAL : v1::HALT_SCOPE_SYMBOL);
  throttle.set_auto_resume_after_ns(Duration(std::chrono::seconds(30 * (i + 1))).count());
  if (i >= 3) throttle.set_price_move_percent(0.4 * static_cast<double>(i));
  if (i == 0) return profile;  // one without an account section
  profile.mutable_short_side()->set_enabled(i != 2);
  v1::AccountRules& account = *profile.mutable_account();
  account.set_trades_per_day(static_cast<uint32_t>(2 + i));
  account.set_losses_max(static_cast<uint32_t>(i));
  account.set_losses_window_ns(Duration(std::chrono::minutes(30)).count());
  if (i % 2 == 0) account.set_losses_pause_ns(Duration(std::chrono::minutes(10)).count());
  account.set_day_loss_stop_e8(100'00000000LL * static_cast<int64_t>(i));
  account.set_day_drawdown_max_percent(0.4 * static_cast<double>(i));
  account.set_type(i == 3 ? v1::ACCOUNT_TYPE_CASH : v1::ACCOUNT_TYPE_MARGIN);
  profile.mutable_scarcity()->set_alerts_per_symbol_day(static_cast<uint32_t>(1 + i));
  profile.mutable_scarcity()->set_after_cancel_ns(Duration(std::chrono::seconds(20)).count());
  profile.mutable_schedule()->mutable_windows(0)->set_trades_max(static_cast<uint32_t>(3 + i));
  profile.mutable_outcome()->set_time_stop_ns(Duration(std::chrono::minutes(2)).count());
  return profile;
}

// A session of random facts and intents. The same seed gives the same lane; `only` leaves out the other instances.
std::vector<Event> RandomLane(uint64_t seed, int length, std::optional<size_t> only = std::nullopt) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<int>(random() % n); };
  TradingLane lane;
  std::vector<Event> events;
  const auto configure = [&](size_t i, Event event) {
    if (!only || *only == i) events.push_back(std::move(event));
  };
  lane.At("09:20");
  for (InstrumentId id = 1; id <= 4; ++id) events.push_back(lane.Define(id, fmt::format("SYM{}", id)));
  for (size_t i = 0; i < std::size(kInstances); ++i) configure(i, lane.Configure(ProfileOf(i), kInstances[i]));
  events.push_back(lane.Session());
  events.push_back(lane.Feed(FeedState::kUp));
  for (InstrumentId id = 1; id <= 4; ++id) events.push_back(lane.Mark(id, 19.97, 20.00));
  Time now = NewYork("09:30");
  for (int i = 0; i < length; ++i) {
    now += std::chrono::milliseconds(below(25'000));
    lane.At(now);
    const auto instrument = static_cast<InstrumentId>(1 + below(4));
    const int kind = below(100);
    if (kind < 60) {
      const auto instance = static_cast<size_t>(below(5));
      const double mid = 20 + 0.01 * below(100);
      const double stop = 0.01 * (below(30) - 1);
      const bool is_short = below(4) == 0;
      configure(instance, lane.Intent({.instrument = instrument,
                                       .entry = mid,
                                       .stop = is_short ? mid + stop : mid - stop,
                                       .target = is_short ? mid - 2 * stop : mid + 2 * stop,
                                       .score = 7.5 + 0.5 * below(6),
                                       .side = is_short ? Side::kAsk : Side::kBid,
                                       .instance = kInstances[instance]},
                                      EventId{2, static_cast<uint64_t>(i) + 1}));
      if (below(2) == 0) {  // the entry can be had
        now += std::chrono::milliseconds(100);
        lane.At(now);
        events.push_back(lane.Mark(instrument, is_short ? mid : mid - 0.03, is_short ? mid + 0.03 : mid));
      }
      if (below(8) == 0) {
        const SignalCancelled cancelled{.signal = EventId{2, static_cast<uint64_t>(i) + 1}, .rule = CancelRule::kHalt};
        configure(instance, lane.Make(cancelled, instrument, StrategyInstanceIdOf(kInstances[instance])));
      }
    } else if (kind < 80) {
      const double mid = 20 + 0.01 * below(100);
      events.push_back(lane.Mark(instrument, mid, mid + 0.03, below(20) == 0 ? BookCondition::kLocked : 0));
    } else if (kind < 84) {
      events.push_back(lane.Halt(instrument, below(2) == 0 ? TradingStatus::kHalted : TradingStatus::kTrading));
    } else if (kind < 86) {
      events.push_back(lane.News(static_cast<InstrumentId>(below(5))));
    } else if (kind < 89) {
      events.push_back(lane.Feed(below(4) == 0 ? FeedState::kStale : FeedState::kUp));
    } else {
      events.push_back(lane.Tick());
    }
  }
  return events;
}

TEST_CASE("risk: exactly one decision for each intent, right behind it, and ids never repeat", "[risk][property]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    const std::vector<Event> lane = RandomLane(seed, 1500);
    risk::RiskProcessor risk;
    std::set<EventId> ids;
    size_t approved = 0;
    for (const Event& event : lane) {
      CollectingSink sink;
      risk.Process(event, sink);
      const std::vector<RiskDecision> decisions = sink.Bodies<RiskDecision>();
      REQUIRE(decisions.size() == (std::holds_alternative<TradeIntent>(event.body) ? 1U : 0U));
      if (!decisions.empty()) {
        REQUIRE(decisions[0].intent == event.header.id());
        REQUIRE(decisions[0].approved == (decisions[0].rule == RefusalRule::kNone));
        REQUIRE(decisions[0].approved == (decisions[0].quantity > Quantity()));
        approved += decisions[0].approved ? 1 : 0;
      }
      for (const Event& out : sink.events) REQUIRE(ids.insert(out.header.id()).second);
    }
    CHECK(approved > 0);
  }
}

TEST_CASE("risk: no instance ever exceeds its caps or its risk", "[risk][property]") {
  for (uint64_t seed = 100; seed <= 120; ++seed) {
    INFO("seed " << seed);
    const std::vector<Event> answers = Play<risk::RiskProcessor>(RandomLane(seed, 1500));
    for (size_t i = 0; i < std::size(kInstances); ++i) {
      std::vector<Time> alerts;
      std::map<InstrumentId, Time> last;
      for (const Event& event : OfInstance(answers, kInstances[i])) {
        const auto* decision = std::get_if<RiskDecision>(&event.body);
        if (decision == nullptr || !decision->approved) continue;
        const Time now = event.header.event_time;
        REQUIRE(decision->risk_percent <= 0.25);
        if (i == 0) REQUIRE(decision->risk <= Money::FromE8(100'00000000));
        if (const auto it = last.find(event.header.instrument); it != last.end()) {
          REQUIRE(now - it->second >= std::chrono::minutes(1 + 2 * i));
        }
        last[event.header.instrument] = now;
        alerts.push_back(now);
        const size_t cap = 1 + i;
        if (alerts.size() > cap) REQUIRE(now - alerts[alerts.size() - 1 - cap] >= std::chrono::hours(1));
      }
    }
  }
}

// What an account must be after each of its changes, told from its changes alone.
TEST_CASE("risk: money is conserved, and no cap on trades is ever exceeded", "[risk][property]") {
  uint64_t trades = 0, shorts = 0;
  for (uint64_t seed = 400; seed <= 415; ++seed) {
    INFO("seed " << seed);
    const std::vector<Event> answers = Play<risk::RiskProcessor>(RandomLane(seed, 1500));
    for (size_t i = 0; i < std::size(kInstances); ++i) {
      const Money start = Money::FromE8(40'000'00000000);
      Money profit;
      uint32_t open = 0, entered = 0, wins = 0, closed = 0;
      std::set<EventId> approved;
      for (const Event& event : OfInstance(answers, kInstances[i])) {
        if (const auto* decision = std::get_if<RiskDecision>(&event.body)) {
          if (decision->approved) approved.insert(decision->intent);
          if (i > 0 && decision->approved) REQUIRE(entered < 2 + i);
          REQUIRE(decision->record.trades == closed);
          continue;
        }
        const auto* account = std::get_if<AccountSnapshot>(&event.body);
        if (account == nullptr || !account->trade) continue;
        const AccountTrade& trade = *account->trade;
        REQUIRE(approved.contains(trade.intent));
        REQUIRE(event.header.cause.event == trade.intent);
        if (trade.state == AccountTradeState::kEntered) {
          ++open;
          ++entered;
          shorts += trade.side == Side::kAsk ? 1 : 0;
          if (i > 0) REQUIRE(entered <= 2 + i);
        } else {
          REQUIRE(open > 0);
          --open;
          ++closed;
          wins += trade.profit_net > Money() ? 1 : 0;
          profit = profit + trade.profit_net;
          ++trades;
        }
        REQUIRE(account->trades_today == entered);
        REQUIRE(account->record.trades == closed);
        REQUIRE(account->record.wins == wins);
        REQUIRE(account->day_profit == account->equity - start);
        if (i == 3) REQUIRE(account->settled_cash >= Money());
        if (account->open_positions > 0) continue;
        REQUIRE(account->equity == start + profit);
        REQUIRE(account->cash == account->equity);
      }
    }
  }
  CHECK(trades > 100);
  CHECK(shorts > 5);
}

TEST_CASE("risk: what is said of the beginning of a lane is the beginning of what is said of all",
          "[risk][determinism]") {
  const std::vector<Event> lane = RandomLane(11, 800);
  const std::string all = Bytes(Play<risk::RiskProcessor>(lane));
  for (size_t length = 0; length < lane.size(); length += 37) {
    const std::vector<Event> prefix(lane.begin(), lane.begin() + static_cast<std::ptrdiff_t>(length));
    REQUIRE(all.starts_with(Bytes(Play<risk::RiskProcessor>(prefix))));
  }
}

TEST_CASE("risk: pauses of one cause and scope begin before they end and never overlap", "[risk][property]") {
  for (uint64_t seed = 200; seed <= 215; ++seed) {
    INFO("seed " << seed);
    std::set<std::tuple<StrategyInstanceId, InstrumentId, std::string>> open;
    size_t ended = 0;
    for (const Event& event : Play<risk::RiskProcessor>(RandomLane(seed, 1500))) {
      const auto* state = std::get_if<TradingState>(&event.body);
      if (state == nullptr) continue;
      const std::tuple key{event.header.instance, event.header.instrument, state->cause};
      if (state->paused) {
        open.insert(key);
        if (state->until) REQUIRE(*state->until > event.header.event_time);
      } else {
        REQUIRE(open.erase(key) == 1);
        ++ended;
      }
    }
    CHECK(ended > 0);
  }
}

TEST_CASE("risk: the same lane twice, and restored after every event, gives the same bytes", "[risk][determinism]") {
  const std::vector<Event> lane = RandomLane(7, 600);
  const std::string once = Bytes(Play<risk::RiskProcessor>(lane));
  CHECK(once.size() > 10'000);
  CHECK((once == Bytes(Play<risk::RiskProcessor>(lane))));
  CHECK((once == Bytes(PlayRestoring<risk::RiskProcessor>(lane))));
}

TEST_CASE("risk: an instance alone does what it does beside four others", "[risk][determinism]") {
  for (uint64_t seed = 300; seed <= 305; ++seed) {
    const std::vector<Event> together = Play<risk::RiskProcessor>(RandomLane(seed, 1200));
    for (size_t i = 0; i < std::size(kInstances); ++i) {
      INFO("seed " << seed << " instance " << kInstances[i]);
      const std::vector<Event> alone = Play<risk::RiskProcessor>(RandomLane(seed, 1200, i));
      CHECK((Bytes(alone) == Bytes(OfInstance(together, kInstances[i]))));
    }
  }
}

TEST_CASE("risk: what oms, notifier and journal write changes nothing", "[risk][determinism]") {
  const std::vector<Event> lane = RandomLane(9, 400);
  std::vector<Event> noisy;
  TradingLane others;
  for (const Event& event : lane) {
    noisy.push_back(event);
    others.At(event.header.event_time + std::chrono::minutes(30));
    noisy.push_back(others.Make(AlertUpdate{}, 1, 0, Producer::kNotifier));
    noisy.push_back(others.Make(OutcomeLabelled{}, 1, 0, Producer::kJournal));
  }
  CHECK((Bytes(Play<risk::RiskProcessor>(lane)) == Bytes(Play<risk::RiskProcessor>(noisy))));
}

TEST_CASE("risk: a truncated checkpoint is refused", "[risk]") {
  RiskDay day;
  risk::RiskProcessor risk;
  CollectingSink sink;
  for (const Event& event : day.history) risk.Process(event, sink);
  runtime::StateWriter saved;
  risk.Save(saved);
  for (size_t size = 0; size < saved.bytes().size(); size += 7) {
    runtime::StateReader reader(std::string_view(saved.bytes()).substr(0, size));
    risk::RiskProcessor restored;
    INFO(size);
    CHECK_FALSE((restored.Restore(reader).ok() && reader.Finish().ok()));
  }
}

}  // namespace
}  // namespace spillway::test
