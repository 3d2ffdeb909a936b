// The background of the simulated market: determinism, valid books, and the stylised facts that docs/simulator.md
// claims.
#include <algorithm>
#include <cmath>

#include "tests/catch.h"
#include "tests/unit/sim/market_record.h"

using namespace spillway;
using namespace spillway::test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// Three quiet symbols of different kinds, no episodes.
const std::string kBackground = R"(
trading_day: 2025-05-05
pre_market: 2m
session: 20m
groups:
  - {prefix: A, count: 2, activity_min: 60, activity_max: 60, spread_ticks_min: 1.5, spread_ticks_max: 2.5}
  - {prefix: W, count: 1, activity_min: 20, activity_max: 20, spread_ticks_min: 5, spread_ticks_max: 5}
episodes: {first_after: 1m}
)";
const Time kOpen = *ParseTime("2025-05-05T13:30:00Z");

const MarketRecord& Background() {
  static const MarketRecord record = Simulate(kBackground);
  return record;
}

// Without the position, which counts the rows of all symbols.
std::vector<MarketEvent> WithoutPositions(std::vector<MarketEvent> events) {
  for (MarketEvent& event : events) event.position = 0;
  return events;
}

bool Same(const std::vector<MarketEvent>& a, const std::vector<MarketEvent>& b) {
  return a == b;
}

}  // namespace

TEST_CASE("simulator: the same options give the same events, another seed does not", "[sim]") {
  const std::string yaml = "session: 12m\nepisodes: {dislocation: {count: 1}, flash_bid_wall: {count: 1}}\n";
  const MarketRecord a = Simulate(yaml), b = Simulate(yaml);
  ingest::SimulatorOptions options;
  options.seed = 2;
  const MarketRecord c = Simulate(yaml, options);
  CHECK(a.rows.size() > 100'000);
  CHECK(Same(a.rows, b.rows));
  CHECK(a.truth == b.truth);
  CHECK_FALSE(Same(a.rows, c.rows));
  CHECK(a.truth != c.truth);
}

TEST_CASE("simulator: a further symbol leaves the others as they were", "[sim]") {
  const std::string yaml = "session: 15m\nepisodes: {dislocation: {count: 1}, feed_lag: {count: 1}}\n";
  ingest::SimulatorOptions options;
  options.symbols = 2;
  const MarketRecord two = Simulate(yaml, options);
  options.symbols = 5;
  const MarketRecord five = Simulate(yaml, options);
  REQUIRE(five.symbols.size() == 5);
  for (const auto& [instrument, events] : two.symbols) {
    INFO("instrument " << instrument);
    CHECK(Same(WithoutPositions(events), WithoutPositions(five.symbols.at(instrument))));
  }
  for (const truth::PlantedEpisode& episode : two.truth) {
    CHECK(std::find(five.truth.begin(), five.truth.end(), episode) != five.truth.end());
  }
}

TEST_CASE("simulator: the book has ten levels a side after every row, never crossed, locked or empty", "[sim]") {
  for (const auto& [instrument, events] : Background().symbols) {
    size_t wrong = 0;
    Replay(events, [&](auto, const RebuiltBook& book) {
      bool good = book.bids.size() == 10 && book.asks.size() == 10 && book.best_bid() < book.best_ask();
      for (const auto& [price, size] : book.bids) good = good && size > 0 && price % 10'000'000 == 0;
      for (const auto& [price, size] : book.asks) good = good && size > 0 && price % 10'000'000 == 0;
      wrong += !good;
    });
    INFO("instrument " << instrument);
    CHECK(wrong == 0);
  }
}

TEST_CASE("simulator: the number of visible levels is the scenario's", "[sim]") {
  for (const size_t levels : {size_t{3}, size_t{20}}) {
    const MarketRecord record = Simulate("book_levels: " + std::to_string(levels) +
                                         "\nsession: 3m\ngroups: [{count: 1}]\nepisodes: {gap: 1s}\n");
    size_t wrong = 0;
    Replay(record.rows, [&](auto, const RebuiltBook& book) {
      wrong += book.bids.size() != levels || book.asks.size() != levels || book.best_bid() >= book.best_ask();
    });
    CHECK(wrong == 0);
    CHECK(record.EventsOf<FeedCapabilities>().size() == 1);
    CHECK(std::get<FeedCapabilities>(record.EventsOf<FeedCapabilities>()[0].body).book_levels == levels);
  }
}

TEST_CASE("simulator: rows are numbered from 1, share time and position, and times never go back", "[sim]") {
  const std::vector<MarketEvent>& rows = Background().rows;
  uint64_t position = 0;
  Time last;
  size_t wrong = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].row_start()) {
      wrong += rows[i].position != ++position || rows[i].event_time < last || (i > 0 && !rows[i - 1].end_of_event());
      last = rows[i].event_time;
    } else {
      wrong +=
          rows[i].position != position || rows[i].event_time != last || rows[i].instrument != rows[i - 1].instrument;
    }
    const Duration delay = rows[i].ingest_time - rows[i].event_time;
    wrong += delay < std::chrono::microseconds(100) || delay > std::chrono::milliseconds(10);
  }
  CHECK(rows.back().end_of_event());
  CHECK(wrong == 0);
}

TEST_CASE("simulator: a row is one change, one execution or one print, with what the window brings", "[sim]") {
  size_t wrong = 0, adds = 0, cancels = 0, executions = 0, prints = 0, all = 0;
  for (const auto& [instrument, events] : Background().symbols) {
    RebuiltBook before;
    Replay(events, [&](std::span<const MarketEvent> row, const RebuiltBook& after) {
      const RebuiltBook old = std::exchange(before, after);
      if (row[0].kind == MarketEventKind::kClear) return;
      ++all;
      size_t at = 0;
      if (row[0].kind == MarketEventKind::kTrade) {
        at = 1;
        if (row.size() == 1) {
          ++prints;
          wrong += row[0].side != Side::kNone;
          return;
        }
      }
      const MarketEvent& change = row[at];
      const auto size_before = [&]() -> int64_t {
        if (change.side == Side::kBid)
          return old.bids.contains(change.price.nanos()) ? old.bids.at(change.price.nanos()) : 0;
        return old.asks.contains(change.price.nanos()) ? old.asks.at(change.price.nanos()) : 0;
      }();
      const int64_t delta = Shares(change) - size_before;
      if (change.cause == Cause::kAdd) {
        ++adds;
        wrong += delta <= 0;
      } else if (change.cause == Cause::kCancel) {
        ++cancels;
        wrong += delta >= 0;
      } else {
        ++executions;
        wrong += change.cause != Cause::kExecute || at != 1 || -delta != Shares(row[0]) ||
                 row[0].price != change.price || row[0].side != Opposite(change.side);
      }
      for (size_t i = at + 1; i < row.size(); ++i)
        wrong += row[i].cause != Cause::kWindow || row[i].side != change.side;
      wrong += row.size() > at + 2;
    });
  }
  CHECK(wrong == 0);
  const double total = static_cast<double>(all);
  CHECK_THAT(static_cast<double>(adds) / total, WithinAbs(0.46, 0.05));
  CHECK_THAT(static_cast<double>(cancels) / total, WithinAbs(0.44, 0.05));
  CHECK_THAT(static_cast<double>(executions) / total, WithinAbs(0.10, 0.03));
  CHECK(prints > 10);
}

TEST_CASE("simulator: arrivals are clustered, far beyond a Poisson process", "[sim]") {
  for (const auto& [instrument, events] : Background().symbols) {
    std::vector<double> counts(10 * 60);  // a second each, from the 10th minute on, where the shape is flat enough
    for (const MarketEvent& event : events) {
      const double second = Seconds(event.event_time - kOpen) - 600;
      if (event.row_start() && second >= 0) ++counts.at(static_cast<size_t>(second));
    }
    double mean = 0, variance = 0;
    for (const double count : counts) mean += count / static_cast<double>(counts.size());
    for (const double count : counts) variance += (count - mean) * (count - mean) / static_cast<double>(counts.size());
    INFO("instrument " << instrument << " mean " << mean << " variance " << variance);
    CHECK(variance / mean > 1.4);
  }
}

TEST_CASE("simulator: a day's volume has the shape of a U, and matches the volume by minute it is announced with",
          "[sim]") {
  const MarketRecord record = Simulate(R"(
session: 390m
pre_market: 1m
groups: [{count: 2, activity_min: 25, activity_max: 25, relative_volume_min: 3, relative_volume_max: 3}]
episodes: {first_after: 1m}
)");
  for (const auto& [instrument, events] : record.symbols) {
    std::array<double, 13> half_hours{};
    double volume = 0;
    for (const MarketEvent& event : events) {
      if (event.kind != MarketEventKind::kTrade || event.event_time < kOpen) continue;
      volume += static_cast<double>(Shares(event));
      if ((event.flags & MarketEventFlags::kCross) != 0) continue;
      half_hours.at(static_cast<size_t>((event.event_time - kOpen) / minutes(30))) +=
          static_cast<double>(Shares(event));
    }
    const double midday = (half_hours[5] + half_hours[6] + half_hours[7]) / 3;
    CHECK(half_hours[0] > 2.0 * midday);
    CHECK(half_hours[12] > 1.3 * midday);
    CHECK(half_hours[12] < half_hours[0]);
    const InstrumentDefinition definition =
        std::get<InstrumentDefinition>(record.EventsOf<InstrumentDefinition>().at(instrument - 1).body);
    const VolumeByMinute& reference = definition.average_volume;
    CHECK(reference.sessions >= 10);
    CHECK(reference.first_minute == 570);
    REQUIRE(reference.cumulative.size() == 390);
    CHECK(std::is_sorted(reference.cumulative.begin(), reference.cumulative.end()));
    CHECK_THAT(volume / reference.cumulative.back().ToDouble(), WithinRel(3.0, 0.1));
  }
}

TEST_CASE("simulator: spreads stay around the symbol's own", "[sim]") {
  for (const auto& [instrument, events] : Background().symbols) {
    std::map<int64_t, double> seconds_at;
    double all = 0, mean = 0;
    std::optional<std::pair<Time, int64_t>> last;
    Replay(events, [&](std::span<const MarketEvent> row, const RebuiltBook& book) {
      if (last && last->first >= kOpen) {
        const double held = Seconds(row[0].event_time - last->first);
        seconds_at[last->second] += held;
        all += held;
        mean += held * static_cast<double>(last->second);
      }
      last = {row[0].event_time, book.spread() / 10'000'000};
    });
    mean /= all;
    INFO("instrument " << instrument << " mean spread " << mean);
    if (instrument <= 2) {
      CHECK(mean > 1.2);
      CHECK(mean < 3.2);
      double four_or_less = 0;
      for (int64_t ticks = 1; ticks <= 4; ++ticks) four_or_less += seconds_at[ticks];
      CHECK(four_or_less / all > 0.98);
    } else {
      CHECK(mean > 4);
      CHECK(mean < 7);
    }
  }
}

TEST_CASE("simulator: the session begins with definitions and pre-market quotes, and opens with a cross", "[sim]") {
  const MarketRecord& record = Background();
  CHECK(record.EventsOf<InstrumentDefinition>().size() == 3);
  for (const auto& [instrument, events] : record.symbols) {
    CHECK(events.front().event_time == kOpen - minutes(2));
    CHECK(events.front().kind == MarketEventKind::kClear);
    const auto first_regular =
        std::find_if(events.begin(), events.end(), [](const MarketEvent& event) { return event.event_time >= kOpen; });
    CHECK(first_regular - events.begin() > 41);  // more than the first picture
    const auto cross = std::find_if(events.begin(), events.end(), [](const MarketEvent& event) {
      return (event.flags & MarketEventFlags::kCross) != 0;
    });
    REQUIRE(cross != events.end());
    CHECK(cross->event_time >= kOpen);
    CHECK(cross->event_time < kOpen + seconds(1));
    CHECK(cross->eligible());
  }
}

TEST_CASE("simulator: the feed says when it is up and when it has ended", "[sim]") {
  const std::vector<Event> states = Background().EventsOf<FeedStatus>();
  REQUIRE(states.size() == 2);
  CHECK(std::get<FeedStatus>(states[0].body).state == FeedState::kUp);
  CHECK(std::get<FeedStatus>(states[1].body).state == FeedState::kEnded);
  CHECK(states[1].header.event_time >= Background().rows.back().event_time);
}

TEST_CASE("simulator: nothing of the truth reaches the sink", "[sim]") {
  // The same session with and without a truth file, and episodes of every kind: only what a feed says.
  const MarketRecord record = Simulate("session: 60m\ngroups: [{count: 1}]\n");
  for (const Event& event : record.events) {
    const bool feed_says =
        std::holds_alternative<InstrumentDefinition>(event.body) ||
        std::holds_alternative<FeedCapabilities>(event.body) || std::holds_alternative<FeedStatus>(event.body) ||
        std::holds_alternative<HaltChanged>(event.body) || std::holds_alternative<NewsHeadline>(event.body);
    CHECK(feed_says);
  }
  // A planted level's row differs in nothing from one of the background: no flag, condition or reference tells it.
  for (const MarketEvent& event : record.rows) {
    const bool trade = event.kind == MarketEventKind::kTrade;
    REQUIRE((trade || event.reference == 0));
    REQUIRE((event.conditions == 0 && event.venue == 0));
  }
}

TEST_CASE("simulator: every shipped scenario is valid and its episodes fit", "[sim]") {
  for (const char* name : {"demo", "detectors", "feed_lag", "stress"}) {
    ingest::SimulatorOptions options;
    options.scenario_file = ScenarioFile(name);
    INFO(name);
    const auto source = ingest::OpenSimulator(options);
    INFO(source.status().ToString());
    CHECK(source.ok());
  }
}

TEST_CASE("simulator: what cannot be is refused with its reason", "[sim]") {
  const auto refusal = [](ingest::SimulatorOptions options) {
    return std::string(ingest::OpenSimulator(options).status().message());
  };
  ingest::SimulatorOptions many;
  many.symbols = 2001;
  CHECK(refusal(many) == "symbols: 2001 is not between 1 and 2000");
  ingest::SimulatorOptions brief;
  brief.session = minutes(7);
  const std::string text = refusal(brief);
  CHECK(text.find("need") != std::string::npos);
  CHECK(text.find("lengthen `session`") != std::string::npos);
  ingest::SimulatorOptions absent;
  absent.scenario_file = "/nowhere/scenario.yaml";
  CHECK(refusal(absent).find("/nowhere/scenario.yaml") != std::string::npos);
}
