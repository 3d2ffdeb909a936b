// Windowed features against the same formulas computed from the whole history, over generated markets.
#include <map>

#include "tests/support/market_generator.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

// Everything that happened to one symbol, as far as it was told; each formula looks through all of it.
class NaiveSymbol {
 public:
  void Apply(const MarketEvent& event) {
    if (first_ == Time()) first_ = event.event_time;
    if (event.kind == MarketEventKind::kTrade) {
      trades_.push_back(event);
    } else if (event.kind == MarketEventKind::kLevel) {
      ApplyLevel(event);
    }
    if (!event.end_of_event()) return;
    const Row row{event.event_time, bids_.rbegin()->first, asks_.begin()->first, bids_.rbegin()->second,
                  asks_.begin()->second};
    rows_.push_back(row);
  }

  double Velocity(Time now, Duration window) const {
    int64_t count = 0;
    for (const MarketEvent& trade : trades_) count += trade.event_time > now - window;
    return static_cast<double>(count) / (static_cast<double>(window.count()) / 1e9);
  }
  double Vwap() const {
    double notional = 0;
    double volume = 0;
    for (const MarketEvent& trade : trades_) {
      notional += trade.price.ToDouble() * trade.quantity.ToDouble();
      volume += trade.quantity.ToDouble();
    }
    return notional / volume;
  }
  double SpreadChange(Time now, Duration window) const {
    const Row* then = nullptr;
    for (const Row& row : rows_) {
      if (row.time <= now - window) then = &row;
    }
    REQUIRE(then != nullptr);
    return static_cast<double>((rows_.back().ask - rows_.back().bid) - (then->ask - then->bid)) / 1e9;
  }
  double SpreadBelow(Time now, int64_t threshold) const {
    Time since = now;
    for (size_t i = rows_.size(); i > 0 && rows_[i - 1].ask - rows_[i - 1].bid <= threshold; --i)
      since = rows_[i - 1].time;
    return static_cast<double>((now - since).count()) / 1e9;
  }
  double Flow(Time now, Duration window) const {
    int64_t sum = 0;
    for (size_t i = 1; i < rows_.size(); ++i) {
      const Row& a = rows_[i - 1];
      const Row& b = rows_[i];
      if (b.time <= now - window) continue;
      sum += (b.bid >= a.bid ? b.bid_size : 0) - (b.bid <= a.bid ? a.bid_size : 0);
      sum += (b.ask >= a.ask ? a.ask_size : 0) - (b.ask <= a.ask ? b.ask_size : 0);
    }
    return static_cast<double>(sum) / 1e8;
  }
  // {added, executed} at the best ask.
  std::pair<int64_t, int64_t> Replenished(Time now, Duration window) const {
    std::pair<int64_t, int64_t> sums;
    for (const AskFlow& flow : ask_flows_) {
      if (flow.time <= now - window) continue;
      sums.first += flow.added;
      sums.second += flow.executed;
    }
    return sums;
  }
  double Ratio(size_t levels) const {
    return Sum(bids_.rbegin(), bids_.rend(), levels) / Sum(asks_.begin(), asks_.end(), levels);
  }
  Time first() const { return first_; }

 private:
  struct Row {
    Time time;
    int64_t bid, ask, bid_size, ask_size;
  };
  struct AskFlow {
    Time time;
    int64_t added, executed;
  };
  void ApplyLevel(const MarketEvent& event) {
    auto& levels = event.side == Side::kBid ? bids_ : asks_;
    const auto found = levels.find(event.price.nanos());
    const int64_t change = event.quantity.e8() - (found == levels.end() ? 0 : found->second);
    if (event.side == Side::kAsk && !rows_.empty()) {
      const bool real = event.cause != Cause::kWindow && event.cause != Cause::kSnapshot;
      if (change > 0 && real && event.price.nanos() <= rows_.back().ask)
        ask_flows_.push_back({event.event_time, change, 0});
      if (change < 0 && event.cause == Cause::kExecute) ask_flows_.push_back({event.event_time, 0, -change});
    }
    levels[event.price.nanos()] = event.quantity.e8();
    if (event.quantity == Quantity()) levels.erase(event.price.nanos());
  }
  template <class It>
  static double Sum(It at, It end, size_t levels) {
    int64_t sum = 0;
    for (size_t i = 0; i < levels && at != end; ++i, ++at) sum += at->second;
    return static_cast<double>(sum);
  }

  Time first_;
  std::map<int64_t, int64_t> bids_, asks_;
  std::vector<MarketEvent> trades_;
  std::vector<Row> rows_;
  std::vector<AskFlow> ask_flows_;
};

TEST_CASE("windowed features equal the formulas over the whole history at every boundary", "[metrics]") {
  using std::chrono::seconds;
  for (const uint64_t seed : {11, 12}) {
    v1::Profile profile = ProfileOf({"spread_change", "spread_below_for", "bid_ask_ratio", "tape_velocity", "vwap",
                                     "ask_replenishment", "order_flow_imbalance"});
    profile.mutable_features()->set_spread_below_e9(10'000'000);
    profile.mutable_features()->set_ratio_levels(4);
    MetricsPlay play(profile);
    const std::vector<MarketEvent> events =
        MarketGenerator({.seed = seed, .symbols = 2, .rows_per_second = 12, .trade_share = 0.3}).Make(2500);
    std::map<InstrumentId, NaiveSymbol> naive;
    size_t compared = 0;
    for (const MarketEvent& event : events) {
      const size_t before = play.sink.events.size();
      play.processor.Process(MarketBuilder::BatchOf(std::span(&event, 1)), play.sink);
      for (size_t i = before; i < play.sink.events.size(); ++i) {
        const Event& out = play.sink.events[i];
        const auto* snapshot = std::get_if<FeatureSnapshot>(&out.body);
        if (snapshot == nullptr || !snapshot->boundary) continue;
        const NaiveSymbol& symbol = naive.at(out.header.instrument);
        const Time now = out.header.event_time;
        if (now < symbol.first() + seconds(3)) {
          CHECK(snapshot->values[3].not_ready == NotReady::kWarmUp);
          continue;
        }
        ++compared;
        REQUIRE_THAT(snapshot->values[0].value, WithinAbs(symbol.SpreadChange(now, seconds(3)), 1e-12));
        REQUIRE_THAT(snapshot->values[1].value, WithinAbs(symbol.SpreadBelow(now, 10'000'000), 1e-9));
        REQUIRE(snapshot->values[2].value == symbol.Ratio(4));
        REQUIRE_THAT(snapshot->values[3].value, WithinAbs(symbol.Velocity(now, seconds(3)), 1e-12));
        REQUIRE_THAT(snapshot->values[4].value, WithinRel(symbol.Vwap(), 1e-12));
        const auto [added, executed] = symbol.Replenished(now, seconds(3));
        REQUIRE((snapshot->values[5].not_ready == NotReady::kDivisorZero) == (executed == 0));
        if (executed > 0) {
          REQUIRE(snapshot->values[5].value == static_cast<double>(added) / static_cast<double>(executed));
        }
        REQUIRE_THAT(snapshot->values[6].value, WithinAbs(symbol.Flow(now, seconds(3)), 1e-9));
      }
      if (event.instrument != 0) naive[event.instrument].Apply(event);
    }
    CHECK(compared > 300);
  }
}

// The window's median against sorting all samples.
TEST_CASE("the median of samples equals that of a sorted copy, through growth, gaps and repeats", "[metrics]") {
  std::mt19937_64 random(5);
  metrics::SampleWindow<20> window;
  std::vector<int64_t> all;
  for (int i = 0; i < 3000; ++i) {
    const int64_t value = random() % 7 == 0 ? metrics::SampleWindow<20>::kNone : static_cast<int64_t>(random() % 12);
    const uint64_t times = random() % 5 == 0 ? random() % 30 : 1;
    window.Push(value, times);
    all.insert(all.end(), times, value);
    std::vector<int64_t> last(all.end() - static_cast<std::ptrdiff_t>(std::min<size_t>(20, all.size())), all.end());
    std::erase(last, metrics::SampleWindow<20>::kNone);
    std::sort(last.begin(), last.end());
    const auto median = window.MedianDoubled();
    REQUIRE(median.has_value() == !last.empty());
    if (!last.empty()) REQUIRE(*median == last[(last.size() - 1) / 2] + last[last.size() / 2]);
  }
}

}  // namespace
}  // namespace spillway::test
