// Each planted episode has the property that defines it, measured from the events alone.
#include <algorithm>
#include <array>

#include "tests/catch.h"
#include "tests/unit/sim/market_record.h"

using namespace spillway;
using namespace spillway::test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using truth::EpisodeKind;
using truth::PlantedEpisode;

namespace {

const MarketRecord& Planted() {
  static const MarketRecord record = Simulate(R"(
trading_day: 2025-05-06
pre_market: 1m
session: 120m
seed: 3
groups: [{count: 3, activity_min: 35, activity_max: 70, spread_ticks_min: 1.3, spread_ticks_max: 2.6}]
episodes:
  dislocation: {count: 5}
  flash_bid_wall: {count: 6}
  ask_replenishment: {count: 6}
  spread_blow_out: {count: 6}
  tape_stall: {count: 6}
  halt: {count: 2}
  news: {count: 4}
  feed_lag: {count: 4}
  absorption: {count: 6}
)");
  return record;
}

std::vector<PlantedEpisode> Episodes(EpisodeKind kind) {
  std::vector<PlantedEpisode> found;
  for (const PlantedEpisode& episode : Planted().truth) {
    if (episode.kind == kind) found.push_back(episode);
  }
  return found;
}

// One row and the book after it.
struct Moment {
  std::span<const MarketEvent> row;
  const RebuiltBook& book;
  Time time() const { return row[0].event_time; }
};

// Walks through the episode's symbol once, from `lead` before the episode to `tail` after it.
void Walk(const PlantedEpisode& episode, Duration lead, Duration tail,
          const std::function<void(const Moment&)>& visit) {
  Replay(Planted().symbols.at(episode.instrument), [&](std::span<const MarketEvent> row, const RebuiltBook& book) {
    if (row[0].event_time < episode.start - lead || row[0].event_time > episode.end + tail) return;
    visit({row, book});
  });
}

const MarketEvent* TradeOf(std::span<const MarketEvent> row) {
  return row[0].kind == MarketEventKind::kTrade ? &row[0] : nullptr;
}

// Time-weighted median of what was sampled by (value, seconds).
double Median(std::vector<std::pair<double, double>> weighted) {
  std::sort(weighted.begin(), weighted.end());
  double all = 0;
  for (const auto& [value, weight] : weighted) all += weight;
  double below = 0;
  for (const auto& [value, weight] : weighted) {
    below += weight;
    if (below * 2 >= all) return value;
  }
  return 0;
}

struct DislocationSeen {
  double ratio_over = 0;         // seconds with a ratio of at least 3
  double spread_small = 0;       // part of the time with a spread of at most 0.03
  double all_at_once = 0;        // seconds with both and more shares at the best bid than at the best ask
  double bought = 0, sold = 0;   // shares
  double volume_3s_max = 0;      // in the absorption
  double mean_3s_volume = 0;     // of the five minutes before
  double below_vwap_before = 0;  // part of the 5 s before the absorption that the last price was below VWAP
  bool reached_vwap = false;
  int64_t best_bid_max = 0, best_bid_min = INT64_MAX;  // afterwards
};

DislocationSeen Measure(const PlantedEpisode& episode) {
  DislocationSeen seen;
  const Time absorption =
      episode.start + milliseconds(static_cast<int64_t>(*Parameter(episode, "absorption_start_s") * 1000));
  const Time absorption_end =
      episode.start + milliseconds(static_cast<int64_t>(*Parameter(episode, "absorption_end_s") * 1000));
  const Time follow_end =
      episode.start + milliseconds(static_cast<int64_t>(*Parameter(episode, "follow_end_s") * 1000));
  double volume = 0, notional = 0, price = 0, inside = 0, before = 0, below = 0;
  std::vector<std::pair<Time, double>> prints;
  std::optional<Time> last;
  double ratio = 0, spread = 0;
  bool bid_over_ask = false;
  const Time open = *ParseTime("2025-05-06T13:30:00Z");
  Replay(Planted().symbols.at(episode.instrument), [&](std::span<const MarketEvent> row, const RebuiltBook& book) {
    const Time now = row[0].event_time;
    if (now < open || now > follow_end) return;
    const double held = last ? Seconds(now - *last) : 0;
    if (last && *last >= episode.start && now <= episode.end) {
      inside += held;
      if (ratio >= 3 && spread <= 0.03 + 1e-9 && bid_over_ask) seen.all_at_once += held;
      if (ratio >= 3) seen.ratio_over += held;
      if (spread <= 0.03 + 1e-9) seen.spread_small += held;
    }
    const double vwap = volume > 0 ? notional / volume : 0;
    if (now >= absorption - seconds(5) && now < absorption) {
      before += held;
      if (price < vwap) below += held;
    }
    if (const MarketEvent* trade = TradeOf(row)) {
      const double shares = static_cast<double>(Shares(*trade));
      price = trade->price.ToDouble();
      volume += shares;
      notional += shares * price;
      if (now >= absorption && now <= absorption_end) {
        if (price >= notional / volume) seen.reached_vwap = true;
        (trade->side == Side::kBid ? seen.bought : seen.sold) += trade->side == Side::kNone ? 0 : shares;
      }
      prints.emplace_back(now, shares);
    }
    if (now > episode.end) {
      seen.best_bid_max = std::max(seen.best_bid_max, book.best_bid());
      seen.best_bid_min = std::min(seen.best_bid_min, book.best_bid());
    }
    last = now;
    ratio = book.Ratio();
    spread = static_cast<double>(book.spread()) * 1e-9;
    bid_over_ask = book.bids.begin()->second > book.asks.begin()->second;
  });
  seen.spread_small /= inside;
  seen.below_vwap_before = below / before;
  for (size_t i = 0; i < prints.size(); ++i) {
    const Time now = prints[i].first;
    if (now >= absorption - minutes(5) && now < absorption) seen.mean_3s_volume += prints[i].second / 100;
    if (now < absorption || now > absorption_end) continue;
    double recent = 0;
    for (size_t k = i + 1; k-- > 0 && prints[k].first > now - seconds(3);) recent += prints[k].second;
    seen.volume_3s_max = std::max(seen.volume_3s_max, recent);
  }
  return seen;
}

}  // namespace

TEST_CASE("episodes: all that the scenario asks for are in the truth, apart from one another", "[sim]") {
  for (const auto& [kind, count] :
       {std::pair{EpisodeKind::kDislocation, 15u}, std::pair{EpisodeKind::kFlashBidWall, 18u},
        std::pair{EpisodeKind::kAskReplenishment, 18u}, std::pair{EpisodeKind::kHalt, 6u},
        std::pair{EpisodeKind::kSpreadBlowOut, 18u}, std::pair{EpisodeKind::kTapeStall, 18u},
        std::pair{EpisodeKind::kNews, 12u}, std::pair{EpisodeKind::kFeedLag, 4u},
        std::pair{EpisodeKind::kAbsorption, 18u}}) {
    INFO(truth::EpisodeKindName(kind));
    CHECK(Episodes(kind).size() == count);
  }
  std::map<InstrumentId, Time> last_end;
  size_t close = 0;
  for (const PlantedEpisode& episode : Planted().truth) {
    REQUIRE(episode.start < episode.end);
    if (episode.instrument == 0) continue;
    if (last_end.contains(episode.instrument)) close += episode.start - last_end[episode.instrument] < seconds(50);
    last_end[episode.instrument] = episode.end;
  }
  CHECK(close == 0);
}

TEST_CASE("episodes: a flash wall is big, among the top three, and cancelled within half a second unexecuted",
          "[sim]") {
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kFlashBidWall)) {
    int64_t size = 0, left = 0, executed = 0, cancelled = 0, previous = 0;
    Walk(episode, Duration(0), Duration(0), [&](const Moment& moment) {
      const int64_t price = episode.price->nanos();
      const auto level = moment.book.bids.find(price);
      const int64_t now = level == moment.book.bids.end() ? 0 : level->second;
      if (size == 0) {  // the row that shows it
        if (now <= 5000) return;
        size = now;
        CHECK(moment.row[0].cause == Cause::kAdd);
        CHECK(moment.book.BidRank(price) < 3);
        CHECK(static_cast<double>(size) >= 3.0 * static_cast<double>(moment.book.MedianBidSize()));
      } else if (const MarketEvent* trade = TradeOf(moment.row); trade != nullptr && trade->price == *episode.price) {
        executed += previous - now;
      } else if (moment.row[0].cause == Cause::kCancel) {
        cancelled += std::max<int64_t>(0, previous - now);
      }
      previous = left = now;
    });
    INFO(ToJsonLine(episode));
    CHECK(size > 5000);
    CHECK(executed == 0);
    CHECK(static_cast<double>(cancelled) >= 0.8 * static_cast<double>(size));
    CHECK(static_cast<double>(left) <= 0.2 * static_cast<double>(size));
    CHECK(episode.end - episode.start >= milliseconds(200));
    CHECK(episode.end - episode.start <= milliseconds(450));
  }
}

TEST_CASE("episodes: an iceberg shows more again than was executed, in every three seconds", "[sim]") {
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kAskReplenishment)) {
    std::vector<std::array<double, 2>> windows(static_cast<size_t>((episode.end - episode.start) / seconds(3)) + 1);
    int64_t previous = 0;
    Walk(episode, seconds(1), Duration(0), [&](const Moment& moment) {
      const auto level = moment.book.asks.find(episode.price->nanos());
      const int64_t now = level == moment.book.asks.end() ? 0 : level->second;
      const double change = static_cast<double>(now - std::exchange(previous, now));
      if (moment.time() < episode.start) return;
      auto& [added, executed] = windows.at(static_cast<size_t>((moment.time() - episode.start) / seconds(3)));
      if (change > 0) added += change;
      if (change < 0 && TradeOf(moment.row) != nullptr) executed -= change;
    });
    windows.pop_back();  // the last is cut short
    INFO(ToJsonLine(episode));
    REQUIRE(windows.size() >= 2);
    for (const auto& [added, executed] : windows) {
      CHECK(executed > 0);
      CHECK(added > executed);
    }
  }
}

TEST_CASE("FX-22, S1-B8.2: in a planted absorption three times what was shown is executed and the price holds",
          "[sim]") {
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kAbsorption)) {
    double executed = 0;
    double away = 0;
    Time last = episode.start;
    Walk(episode, Duration(0), Duration(0), [&](const Moment& moment) {
      if (moment.book.best_ask() != episode.price->nanos()) away += Seconds(moment.time() - last);
      last = moment.time();
      const MarketEvent* trade = TradeOf(moment.row);
      if (trade != nullptr && trade->price == *episode.price) executed += static_cast<double>(Shares(*trade));
    });
    INFO(ToJsonLine(episode));
    CHECK(executed >= 3 * *Parameter(episode, "displayed"));
    CHECK(*Parameter(episode, "added") <= 1.1 * executed);  // an iceberg shows more than was taken
    CHECK(away <= 0.1 * Seconds(episode.end - episode.start));
  }
}

TEST_CASE("episodes: a blown-out spread is more than twice its 30 s median as long as it lasts", "[sim]") {
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kSpreadBlowOut)) {
    std::vector<std::pair<double, double>> before;
    std::optional<std::pair<Time, double>> last;
    double smallest = 1e9;
    Walk(episode, seconds(30), Duration(-1), [&](const Moment& moment) {
      const double spread = static_cast<double>(moment.book.spread());
      if (last && last->first < episode.start) before.emplace_back(last->second, Seconds(moment.time() - last->first));
      last = {moment.time(), spread};
      if (moment.time() > episode.start) smallest = std::min(smallest, spread);
    });
    INFO(ToJsonLine(episode));
    CHECK(smallest > 2 * Median(before));
    CHECK(episode.end - episode.start >= seconds(1));
    CHECK(episode.end - episode.start <= seconds(5));
  }
}

TEST_CASE("episodes: in a tape stall nothing prints for more than three seconds while quotes move", "[sim]") {
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kTapeStall)) {
    int prints = 0, rows = 0, prints_before = 0;
    Walk(episode, seconds(30), Duration(-1), [&](const Moment& moment) {
      if (moment.time() <= episode.start) {
        prints_before += TradeOf(moment.row) != nullptr;
      } else {
        prints += TradeOf(moment.row) != nullptr;
        ++rows;
      }
    });
    INFO(ToJsonLine(episode));
    CHECK(prints == 0);
    CHECK(rows > 20);
    CHECK(prints_before > 30);
    CHECK(episode.end - episode.start > seconds(3));
    CHECK(episode.end - episode.start < seconds(14));
  }
}

TEST_CASE("episodes: a halt is announced, nothing happens in it, and trading resumes with a cross", "[sim]") {
  const std::vector<Event> changes = Planted().EventsOf<HaltChanged>();
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kHalt)) {
    INFO(ToJsonLine(episode));
    int inside = 0, crosses = 0;
    Walk(episode, Duration(0), Duration(0), [&](const Moment& moment) {
      inside += moment.time() > episode.start && moment.time() < episode.end;
      const MarketEvent* trade = TradeOf(moment.row);
      crosses += trade != nullptr && (trade->flags & MarketEventFlags::kCross) != 0;
    });
    CHECK(inside == 0);
    CHECK(crosses == 1);
    for (const auto& [time, status] :
         {std::pair{episode.start, TradingStatus::kHalted}, std::pair{episode.end, TradingStatus::kTrading}}) {
      CHECK(std::count_if(changes.begin(), changes.end(), [&](const Event& event) {
              return event.header.event_time == time && event.header.instrument == episode.instrument &&
                     std::get<HaltChanged>(event.body).status == status;
            }) == 1);
    }
  }
  CHECK(changes.size() == 2 * Episodes(EpisodeKind::kHalt).size());
}

TEST_CASE("episodes: news is a headline, and a faster market after it", "[sim]") {
  const std::vector<Event> headlines = Planted().EventsOf<NewsHeadline>();
  CHECK(headlines.size() == Episodes(EpisodeKind::kNews).size());
  double before = 0, after = 0;
  for (const PlantedEpisode& episode : Episodes(EpisodeKind::kNews)) {
    CHECK(std::count_if(headlines.begin(), headlines.end(), [&](const Event& event) {
            return event.header.event_time == episode.start && event.header.instrument == episode.instrument;
          }) == 1);
    Walk(episode, seconds(20), Duration(0), [&](const Moment& moment) {
      before += moment.time() < episode.start;
      after += moment.time() >= episode.start && moment.time() < episode.start + seconds(20);
    });
  }
  CHECK(after > 1.5 * before);
}

TEST_CASE("episodes: feed lag delays the receipt of every symbol, and only then", "[sim]") {
  const std::vector<PlantedEpisode> lags = Episodes(EpisodeKind::kFeedLag);
  size_t inside = 0, wrong = 0;
  for (const MarketEvent& event : Planted().rows) {
    const Duration delay = event.ingest_time - event.event_time;
    const PlantedEpisode* lag = nullptr;
    for (const PlantedEpisode& episode : lags) {
      if (event.event_time >= episode.start && event.event_time < episode.end + seconds(2)) lag = &episode;
    }
    if (lag == nullptr) {
      wrong += delay > milliseconds(10);
    } else if (event.event_time >= lag->start + milliseconds(300) && event.event_time <= lag->end - milliseconds(300)) {
      ++inside;
      wrong += delay < milliseconds(600) || delay > milliseconds(1510);
    }
  }
  CHECK(inside > 1000);
  CHECK(wrong == 0);
}

TEST_CASE("episodes: a dislocation thins the ask, is bought through VWAP, and is followed or not as planted", "[sim]") {
  int surges = 0, reclaims = 0, reclaims_planted = 0, followed = 0, failed = 0;
  const std::vector<PlantedEpisode> all = Episodes(EpisodeKind::kDislocation);
  for (const PlantedEpisode& episode : all) {
    const DislocationSeen seen = Measure(episode);
    INFO(ToJsonLine(episode));
    CHECK(seen.ratio_over >= 2);
    CHECK(seen.spread_small >= 0.7);
    CHECK(seen.all_at_once >= 1);
    CHECK(seen.bought > 3 * seen.sold);
    surges += seen.volume_3s_max >= 2 * seen.mean_3s_volume;
    if (*Parameter(episode, "reclaims_vwap") == 1) {
      ++reclaims_planted;
      reclaims += seen.below_vwap_before > 0.9 && seen.reached_vwap;
    }
    const double ten_spreads = 10 * std::max(1.0, *Parameter(episode, "spread_ticks")) * 10'000'000;
    if (*Parameter(episode, "follows") == 1) {
      ++followed;
      CHECK(static_cast<double>(seen.best_bid_max - episode.price->nanos()) >= ten_spreads);
    } else {
      ++failed;
      CHECK(static_cast<double>(episode.price->nanos() - seen.best_bid_min) >= 0.6 * ten_spreads);
    }
  }
  CHECK(followed > 5);
  CHECK(failed > 0);
  CHECK(surges * 10 >= 8 * static_cast<int>(all.size()));
  CHECK(reclaims * 10 >= 8 * reclaims_planted);
  CHECK(reclaims_planted > 8);
}
