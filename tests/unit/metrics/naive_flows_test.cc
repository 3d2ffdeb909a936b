// The features of a side's flow against the same formulas computed from the whole history, over generated markets.
#include <map>

#include "tests/support/market_generator.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kGrid = milliseconds(250);

// Everything that happened to one side of one symbol's book; each formula looks through all of it. Prices are keys, as
// in metrics: higher is better.
class NaiveSide {
 public:
  explicit NaiveSide(Side side) : side_(side) {}

  void Apply(const MarketEvent& event) {
    if (event.kind == MarketEventKind::kTrade && event.side == Opposite(side_)) prints_.push_back(event.event_time);
    if (event.kind == MarketEventKind::kLevel && event.side == side_) ApplyLevel(event);
    if (!event.end_of_event()) return;
    best_ = levels_.rbegin()->first;
    rows_.push_back({event.event_time, best_, levels_.rbegin()->second});
  }

  double Sum(Cause cause, Time now, Duration window, size_t levels) const {
    double sum = 0;
    for (const Flow& flow : flows_) {
      if (flow.time > now - window && flow.rank < levels && flow.cause == cause) sum += flow.size;
    }
    return sum;
  }
  size_t Count(Cause cause, Time now, Duration window, size_t levels) const {  // kUnknown: any
    size_t count = 0;
    for (const Flow& flow : flows_) {
      count += flow.time > now - window && flow.rank < levels && (cause == Cause::kUnknown || flow.cause == cause);
    }
    return count;
  }
  size_t Prints(Time now, Duration window) const {
    size_t count = 0;
    for (const Time time : prints_) count += time > now - window;
    return count;
  }
  double Absorption(Time now) const {
    double executed = 0;
    double cancelled = 0;
    for (const Flow& flow : flows_) {
      if (flow.time <= now - seconds(3)) continue;
      if (flow.cause == Cause::kExecute) executed += flow.size;
      if (flow.cause == Cause::kCancel && flow.at_best) cancelled += flow.size;
    }
    if (Prints(now, seconds(3)) < 2 || executed < 100) return 0;
    return executed / (executed + cancelled);
  }
  bool CancelBurst(Time now) const {
    bool burst = Prints(now, seconds(3)) == 0;
    for (const Duration window : {seconds(1), seconds(3)}) {
      const size_t cancels = Count(Cause::kCancel, now, window, 5);
      burst &= cancels > 0 && cancels >= 2 * Count(Cause::kAdd, now, window, 5) &&
               Sum(Cause::kCancel, now, window, 5) >= Sum(Cause::kAdd, now, window, 5);
    }
    return burst;
  }
  bool RefillWithoutPrint(Time now) const {
    size_t count = 0;
    double sum = 0;
    for (const Flow& flow : flows_) {
      if (flow.time <= now - seconds(3) || flow.cause != Cause::kAdd || !flow.at_best) continue;
      ++count;
      sum += flow.size;
    }
    return count >= 3 && sum >= 1000 && Prints(now, seconds(3)) == 0;
  }
  size_t Refills(Time now) const {
    std::map<int64_t, size_t> refills;
    std::map<int64_t, Time> fills;
    for (const Flow& flow : flows_) {
      if (flow.cause == Cause::kExecute) fills[flow.key] = flow.time;
      if (flow.cause != Cause::kAdd || !flow.at_best || !fills.contains(flow.key)) continue;
      if (fills[flow.key] < flow.time - seconds(1)) continue;
      fills.erase(flow.key);
      if (flow.time > now - seconds(10)) ++refills[flow.key];
    }
    size_t most = 0;
    for (const auto& [key, count] : refills) most = std::max(most, count);
    return most;
  }
  // Of the sizes cancelled at a price what goes beyond the size at the first change of the window.
  double Spoof(Time now) const {
    std::map<int64_t, std::pair<double, double>> levels;  // stood, cancelled
    double left = 0;
    for (const Flow& flow : flows_) {
      if (flow.time <= now - seconds(3) || flow.rank >= 5) continue;
      auto& [stood, cancelled] = levels.try_emplace(flow.key, flow.before, 0).first->second;
      if (flow.cause == Cause::kCancel) cancelled += flow.size;
      if (flow.cause != Cause::kAdd) left += flow.size;
    }
    double flashed = 0;
    for (const auto& [key, level] : levels) flashed += std::max(0.0, level.second - level.first);
    return left > 0 ? flashed / left : 0;
  }
  double Support(Time now) const {
    double sum = 0;
    for (Time at = now - seconds(10) + kGrid; at <= now; at += kGrid) sum += Before(at).size;
    return rows_.back().size / (sum / 40);
  }
  double PassiveAbsorption(Time now) const {
    const Row start = Before(now - seconds(10));
    int64_t low = start.key;
    int64_t high = start.key;
    double executed = 0;
    for (const Row& row : rows_) {
      if (row.time < now - seconds(10)) continue;
      low = std::min(low, row.key);
      high = std::max(high, row.key);
    }
    for (const Flow& flow : flows_) {
      if (flow.time > now - seconds(10) && flow.cause == Cause::kExecute) executed += flow.size;
    }
    return high - low > 10'000'000 ? 0 : executed / start.size;
  }
  // Sizes cancelled at prices whose changes went on beyond the levels looked at, or out of sight, in the window: the
  // score says of them what it can, not this formula.
  bool SpoofIsPlain(Time now) const {
    for (const auto& [time, key] : unplain_) {
      if (time > now - seconds(6)) return false;
    }
    return true;
  }

 private:
  struct Flow {
    Time time;
    Cause cause;
    int64_t key;
    double size, before;
    size_t rank;
    bool at_best;
  };
  struct Row {
    Time time;
    int64_t key;
    double size;
  };
  void ApplyLevel(const MarketEvent& event) {
    const int64_t key = side_ == Side::kAsk ? -event.price.nanos() : event.price.nanos();
    const double before = levels_.contains(key) ? levels_[key] : 0;
    const double after = event.quantity.ToDouble();
    levels_[key] = after;
    if (after == 0) levels_.erase(key);
    if (event.cause == Cause::kSnapshot || event.cause == Cause::kWindow || after == before) {
      unplain_.emplace_back(event.event_time, key);
      return;
    }
    const Cause left = event.cause == Cause::kExecute ? Cause::kExecute : Cause::kCancel;
    const Cause cause = after > before ? Cause::kAdd : left;
    const auto rank = static_cast<size_t>(std::distance(levels_.upper_bound(key), levels_.end()));
    if (rank >= 5) unplain_.emplace_back(event.event_time, key);
    flows_.push_back({event.event_time, cause, key, std::abs(after - before), before, rank, key >= best_});
  }
  Row Before(Time at) const {
    Row found = rows_.front();
    for (const Row& row : rows_) {
      if (row.time < at) found = row;
    }
    return found;
  }

  Side side_;
  std::map<int64_t, double> levels_;
  int64_t best_ = INT64_MAX;
  std::vector<Flow> flows_;
  std::vector<Row> rows_;
  std::vector<Time> prints_;
  std::vector<std::pair<Time, int64_t>> unplain_;
};

TEST_CASE("S0-2.1, S0-2.2, S0-2.3, IR-4, FX-07, FX-08, FX-19, FX-22: flows equal the formulas over the whole history",
          "[metrics]") {
  const std::vector<std::string> names = {
      "ask_executed",           "ask_cancelled",    "bid_add_rate",    "bid_cancel_rate", "bid_update_rate",
      "ask_absorption",         "bid_support",      "bid_spoof_score", "ask_refills",     "ask_refill_without_print",
      "ask_passive_absorption", "bid_cancel_burst", "buy_velocity"};
  std::map<std::string, size_t> compared, moved;
  for (const uint64_t seed : {21, 22, 23}) {
    MetricsPlay play(ProfileOf(names));
    const double rate = seed == 21 ? 12 : seed == 22 ? 2 : 40;
    const std::vector<MarketEvent> events =
        MarketGenerator({.seed = seed, .rows_per_second = rate, .trade_share = 0.05}).Make(1500);
    NaiveSide bids(Side::kBid);
    NaiveSide asks(Side::kAsk);
    std::vector<FeatureSpec> specs;
    for (const MarketEvent& event : events) {
      const size_t before = play.sink.events.size();
      play.processor.Process(MarketBuilder::BatchOf(std::span(&event, 1)), play.sink);
      if (specs.empty()) {
        for (const FeatureSetDefined& set : play.sink.Bodies<FeatureSetDefined>()) specs = set.specs;
      }
      for (size_t i = before; i < play.sink.events.size(); ++i) {
        const auto* snapshot = std::get_if<FeatureSnapshot>(&play.sink.events[i].body);
        if (snapshot == nullptr || !snapshot->boundary) continue;
        const Time now = play.sink.events[i].header.event_time;
        std::map<std::string, double> expected = {
            {"ask_executed", asks.Sum(Cause::kExecute, now, seconds(3), 3)},
            {"ask_cancelled", asks.Sum(Cause::kCancel, now, seconds(3), 3)},
            {"bid_add_rate", static_cast<double>(bids.Count(Cause::kAdd, now, seconds(1), 5))},
            {"bid_cancel_rate", static_cast<double>(bids.Count(Cause::kCancel, now, seconds(1), 5))},
            {"bid_update_rate", static_cast<double>(bids.Count(Cause::kUnknown, now, seconds(1), 5))},
            {"ask_absorption", asks.Absorption(now)},
            {"bid_cancel_burst", bids.CancelBurst(now) ? 1 : 0},
            {"ask_refill_without_print", asks.RefillWithoutPrint(now) ? 1 : 0},
            {"ask_refills", static_cast<double>(asks.Refills(now))},
            {"buy_velocity", static_cast<double>(asks.Prints(now, seconds(3))) / 3},
            {"bid_support", bids.Support(now)},
            {"ask_passive_absorption", asks.PassiveAbsorption(now)},
        };
        if (bids.SpoofIsPlain(now)) expected["bid_spoof_score"] = bids.Spoof(now);
        for (size_t k = 0; k < specs.size(); ++k) {
          const std::string name(FeatureKindName(specs[k].kind));
          const FeatureValue& value = snapshot->values[k];
          if (!value.ready() || !expected.contains(name)) continue;
          INFO("seed " << seed << " " << name << " at " << FormatTime(now) << " " << value.value << " expected "
                       << expected[name]);
          REQUIRE_THAT(value.value, WithinAbs(expected[name], 1e-9));
          ++compared[name];
          moved[name] += value.value != 0;
        }
      }
      if (event.instrument == 0) continue;
      bids.Apply(event);
      asks.Apply(event);
    }
  }
  for (const std::string& name : names) {
    INFO(name << ": " << compared[name] << " compared, " << moved[name] << " not 0");
    CHECK(compared[name] > (name == "bid_spoof_score" ? 20 : 300));
    CHECK(moved[name] > 0);
  }
}

}  // namespace
}  // namespace spillway::test
