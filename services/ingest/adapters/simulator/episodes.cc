#include "services/ingest/adapters/simulator/episodes.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace spillway::simulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using truth::EpisodeKind;

double ToSeconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}
int64_t RoundLots(double shares) {
  return std::max<int64_t>(100, std::llround(shares / 100) * 100);
}

int64_t MedianBidSize(const SimulatedBook& book) {
  std::vector<int64_t> sizes;
  for (uint32_t i = 0; i < book.visible(); ++i) sizes.push_back(book.level(Side::kBid, i).size);
  std::sort(sizes.begin(), sizes.end());
  const size_t half = sizes.size() / 2;
  return sizes.size() % 2 == 1 ? sizes[half] : (sizes[half - 1] + sizes[half]) / 2;
}

// A bid wall among the best three levels that is pulled within half a second, with next to nothing executed at it.
class FlashBidWall final : public Episode {
 public:
  explicit FlashBidWall(uint64_t seed)
      : Episode(EpisodeKind::kFlashBidWall, seed),
        life_(milliseconds(random_.Between(200, 450))),
        index_(static_cast<uint32_t>(random_.Below(3))),
        multiple_(random_.Uniform(3.5, 8.0)),
        left_(random_.Uniform(0.0, 0.12)) {
    truth_.side = Side::kBid;
  }
  Duration length() const override { return life_ + seconds(1); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (wall_tick_ == 0) {
      Build(now, flow, row);
      return now + life_;
    }
    Pull(now, flow, row);
    return std::nullopt;
  }

 private:
  void Build(Time now, SymbolFlow& flow, RowWriter& row) {
    const SimulatedBook& book = flow.book();
    const BookLevel level = book.level(Side::kBid, index_);
    const int64_t median = MedianBidSize(book);
    const int64_t added =
        std::max(RoundLots(multiple_ * static_cast<double>(median)), RoundLots(5100 + 300 * multiple_));
    wall_tick_ = level.tick;
    flow.Watch(Side::kBid, wall_tick_);
    flow.Add(now, Side::kBid, wall_tick_, added, row);
    // Nobody hits the bid while the wall stands, and it keeps its place in the book.
    flow.bend.buy_probability = 1;
    flow.bend.hold_bid = true;
    truth_.start = now;
    truth_.price = book.price(wall_tick_);
    wall_size_ = added + level.size;
    Note("size", static_cast<double>(wall_size_));
    Note("median_bid_size", static_cast<double>(median));
  }

  void Pull(Time now, SymbolFlow& flow, RowWriter& row) {
    const uint32_t index = flow.book().Find(Side::kBid, wall_tick_);
    int64_t removed = 0;
    if (index < flow.book().visible()) {
      const int64_t size = flow.book().level(Side::kBid, index).size;
      int64_t rest = static_cast<int64_t>(left_ * static_cast<double>(wall_size_));
      if (rest < 20) rest = 0;
      removed = std::max<int64_t>(0, size - rest);
      if (removed > 0) flow.Cancel(now, Side::kBid, index, removed, row);
    }
    flow.bend = {};
    truth_.end = now;
    Note("removed", static_cast<double>(removed));
    Note("executed", static_cast<double>(flow.watched_executed()));
    Note("life_s", ToSeconds(now - truth_.start));
  }

  const Duration life_;
  const uint32_t index_;
  const double multiple_, left_;
  int64_t wall_tick_ = 0;
  int64_t wall_size_ = 0;
};

// An iceberg at the best ask: what is executed there is shown again, and more, within a fraction of a second.
class AskReplenishment final : public Episode {
 public:
  explicit AskReplenishment(uint64_t seed)
      : Episode(EpisodeKind::kAskReplenishment, seed), lasts_(DrawSeconds(8, 15)), excess_(random_.Uniform(1.2, 2.0)) {
    truth_.side = Side::kAsk;
  }
  Duration length() const override { return lasts_ + seconds(2); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (tick_ == 0) Begin(now, flow);
    if (now >= end_) return Finish(now, flow);
    const double half = 0.5 * (flow.parameters().spread_ticks - 1);
    flow.bend.drift = (static_cast<double>(tick_) - half - 0.4 - flow.fair()) / 0.3;
    if (now - last_refill_ > seconds(1) && flow.watched_executed() == seen_) {  // the price must be fought over
      const BookLevel& best = flow.book().level(Side::kAsk, 0);
      if (best.tick == tick_) flow.Take(now, Side::kBid, std::min<int64_t>(best.size, 300), row);
    }
    Refill(now, flow, row);
    return now + milliseconds(random_.Between(20, 90));
  }

 private:
  void Begin(Time now, SymbolFlow& flow) {
    tick_ = flow.book().best(Side::kAsk);
    end_ = now + lasts_;
    last_refill_ = now;
    truth_.start = now;
    truth_.price = flow.book().price(tick_);
    flow.Watch(Side::kAsk, tick_);
    flow.bend.buy_probability = 0.8;
    flow.bend.market_share = 2;
    flow.bend.hold_ask = true;
  }

  void Refill(Time now, SymbolFlow& flow, RowWriter& row) {
    const int64_t executed = flow.watched_executed() - seen_;
    if (executed == 0 || flow.book().best(Side::kBid) >= tick_) return;
    const int64_t added = RoundLots(static_cast<double>(executed) * excess_ + 50);
    flow.Add(now, Side::kAsk, tick_, added, row);
    seen_ += executed;
    added_ += added;
    ++refills_;
    last_refill_ = now;
    truth_.end = now;
  }

  std::optional<Time> Finish(Time now, SymbolFlow& flow) {
    if (refills_ == 0) truth_.end = now;
    flow.bend = {};
    Note("executed", static_cast<double>(seen_));
    Note("added", static_cast<double>(added_));
    Note("refills", refills_);
    return std::nullopt;
  }

  const Duration lasts_;
  const double excess_;
  int64_t tick_ = 0;
  Time end_, last_refill_;
  int64_t seen_ = 0;
  int64_t added_ = 0;
  int refills_ = 0;
};

// Buyers take several times what the best ask shows, and its price holds: sellers top it up when half of it is gone, by
// less than was taken (an iceberg shows more). Then in most cases the price breaks up.
class Absorption final : public Episode {
 public:
  explicit Absorption(uint64_t seed)
      : Episode(EpisodeKind::kAbsorption, seed),
        lasts_(DrawSeconds(6, 9)),
        after_(DrawSeconds(5, 10)),
        multiple_(random_.Uniform(4.0, 7.0)),
        returned_(random_.Uniform(0.75, 0.95)),
        breaks_(random_.Chance(0.7)),
        move_spreads_(random_.Uniform(3.0, 6.0)) {
    truth_.side = Side::kAsk;
  }
  Duration length() const override { return lasts_ + after_ + seconds(2); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (tick_ == 0) Begin(now, flow, row);
    if (absorbed_at_ != Time()) return Finish(now, flow);
    if (now >= truth_.start + lasts_) return Release(now, flow);
    const double half = 0.5 * (flow.parameters().spread_ticks - 1);
    flow.bend.drift = (static_cast<double>(tick_) - half - 0.4 - flow.fair()) / 0.3;
    TopUp(now, flow, row);
    KeepPace(now, flow, row);
    return now + milliseconds(random_.Between(20, 60));
  }

 private:
  void Begin(Time now, SymbolFlow& flow, RowWriter& row) {
    tick_ = flow.book().best(Side::kAsk);
    const int64_t least = RoundLots(0.6 * flow.parameters().depth);
    if (shown(flow) < least) flow.Add(now, Side::kAsk, tick_, least, row);
    displayed_ = shown(flow);
    truth_.start = now;
    truth_.price = flow.book().price(tick_);
    flow.Watch(Side::kAsk, tick_);
    flow.bend.buy_probability = 0.85;
    flow.bend.order_max = 200;  // nobody sweeps the level
    flow.bend.hold_ask = flow.bend.hold_bid = true;
  }
  int64_t shown(const SymbolFlow& flow) const {
    const uint32_t index = flow.book().Find(Side::kAsk, tick_);
    return index < flow.book().visible() ? flow.book().level(Side::kAsk, index).size : 0;
  }
  void TopUp(Time now, SymbolFlow& flow, RowWriter& row) {
    const int64_t left = shown(flow);
    if (2 * left >= displayed_ || flow.book().best(Side::kBid) >= tick_) return;
    const auto due = static_cast<int64_t>(returned_ * static_cast<double>(flow.watched_executed())) - added_;
    const int64_t added = (left == 0 ? std::max(due, displayed_ / 2) : due) / 100 * 100;
    if (added < 100) return;
    flow.Add(now, Side::kAsk, tick_, added, row);
    added_ += added;
  }
  // What should have been taken by now and was not.
  void KeepPace(Time now, SymbolFlow& flow, RowWriter& row) {
    const double part = std::min(1.0, ToSeconds(now - truth_.start) / (0.85 * ToSeconds(lasts_)));
    const auto due = static_cast<int64_t>(part * multiple_ * static_cast<double>(displayed_)) - flow.watched_executed();
    if (due <= 0 || flow.book().best(Side::kAsk) != tick_) return;
    const int64_t size = std::min(due, shown(flow) / 2);
    if (size >= 100) flow.Take(now, Side::kBid, size / 100 * 100, row);
  }
  std::optional<Time> Release(Time now, SymbolFlow& flow) {
    absorbed_at_ = truth_.end = now;
    executed_ = flow.watched_executed();
    flow.bend = {};
    if (breaks_) {
      flow.bend.buy_probability = 0.75;
      flow.bend.drift = move_spreads_ * flow.parameters().spread_ticks / ToSeconds(after_);
    }
    return now + after_;
  }
  std::optional<Time> Finish(Time, SymbolFlow& flow) {
    flow.bend = {};
    Note("displayed", static_cast<double>(displayed_));
    Note("executed", static_cast<double>(executed_));
    Note("added", static_cast<double>(added_));
    Note("breaks_up", breaks_ ? 1 : 0);
    Note("up_ticks", static_cast<double>(flow.book().best(Side::kAsk) - tick_));
    return std::nullopt;
  }

  const Duration lasts_, after_;
  const double multiple_, returned_;
  const bool breaks_;
  const double move_spreads_;
  int64_t tick_ = 0;
  int64_t displayed_ = 0, executed_ = 0, added_ = 0;
  Time absorbed_at_;
};

// Both sides are pulled until the spread is more than twice its 30 s median, for 1 to 5 s.
class SpreadBlowOut final : public Episode {
 public:
  explicit SpreadBlowOut(uint64_t seed)
      : Episode(EpisodeKind::kSpreadBlowOut, seed), lasts_(DrawSeconds(1, 5)), extra_ticks_(random_.Between(1, 3)) {
    spreads_.reserve(kSamples + 1);
  }
  Duration length() const override { return kSamples * kSamplePeriod + lasts_ + seconds(2); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (spreads_.size() < kSamples) {  // the median before, sampled
      spreads_.push_back(flow.book().spread());
      return now + kSamplePeriod;
    }
    if (end_ == Time()) {
      Widen(now, flow, row);
      return end_;
    }
    Note("spread_end_ticks", static_cast<double>(flow.book().spread()));
    flow.bend = {};
    flow.bend.rate = 1;
    truth_.end = now;
    return std::nullopt;
  }

 private:
  static constexpr size_t kSamples = 60;
  static constexpr Duration kSamplePeriod = milliseconds(500);

  void Widen(Time now, SymbolFlow& flow, RowWriter& row) {
    std::sort(spreads_.begin(), spreads_.end());
    const int64_t median = spreads_[kSamples / 2];
    const int64_t wide = 2 * median + extra_ticks_;
    for (int i = 0; flow.book().spread() < wide; ++i) {
      const Side side = i % 2 == 0 ? Side::kAsk : Side::kBid;
      flow.Cancel(now, side, 0, flow.book().level(side, 0).size, row);
    }
    flow.bend.spread_ticks = static_cast<double>(wide);
    flow.bend.hold_bid = flow.bend.hold_ask = true;
    flow.bend.market_share = 0.5;
    truth_.start = now;
    end_ = now + lasts_;
    Note("median_ticks", static_cast<double>(median));
    Note("spread_ticks", static_cast<double>(flow.book().spread()));
  }

  const Duration lasts_;
  const int64_t extra_ticks_;
  std::vector<int64_t> spreads_;
  Time end_;
};

// No print for 4 to 12 s while quotes move.
class TapeStall final : public Episode {
 public:
  explicit TapeStall(uint64_t seed) : Episode(EpisodeKind::kTapeStall, seed), lasts_(DrawSeconds(4, 12)) {}
  Duration length() const override { return lasts_; }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter&) override {
    if (truth_.start == Time()) {
      truth_.start = flow.last_print();
      flow.bend.market_share = 0;
      return now + lasts_;
    }
    flow.bend = {};
    truth_.end = now;
    Note("quiet_s", ToSeconds(now - truth_.start));
    return std::nullopt;
  }

 private:
  const Duration lasts_;
};

Event StatusEvent(Time now, const SymbolFlow& flow, EventBody body) {
  Event event;
  event.header.event_time = event.header.ingest_time = now;
  event.header.instrument = flow.parameters().definition.id;
  event.body = std::move(body);
  return event;
}

// A volatility pause: halted, nothing in between, then a new book and a reopening cross at another price.
class Halt final : public Episode {
 public:
  Halt(uint64_t seed, Duration lasts)
      : Episode(EpisodeKind::kHalt, seed), lasts_(lasts), jump_(random_.Uniform(-0.01, 0.01)) {}
  Duration length() const override { return lasts_ + seconds(1); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (truth_.start == Time()) {
      row.Event(StatusEvent(now, flow, HaltChanged{.status = TradingStatus::kHalted, .reason = "LUDP"}));
      flow.Suspend();
      truth_.start = now;
      return now + lasts_;
    }
    row.Event(StatusEvent(now, flow, HaltChanged{.status = TradingStatus::kTrading, .reason = "LUDP"}));
    flow.Resume(now, flow.fair() * (1 + jump_), row);
    flow.PrintCross(now, RoundLots(20 * flow.parameters().depth), row);
    truth_.end = now;
    Note("jump_percent", jump_ * 100);
    return std::nullopt;
  }

 private:
  const Duration lasts_;
  const double jump_;
};

// A headline; then trading at two to three times the pace and the volatility, which wears off.
class News final : public Episode {
 public:
  explicit News(uint64_t seed)
      : Episode(EpisodeKind::kNews, seed), lasts_(DrawSeconds(45, 75)), force_(random_.Uniform(2, 3)) {}
  Duration length() const override { return lasts_ + seconds(1); }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (truth_.start == Time()) {
      const std::string& symbol = flow.parameters().definition.symbol;
      row.Event(
          StatusEvent(now, flow, NewsHeadline{.source = "simulator", .headline = symbol + " issues a statement"}));
      truth_.start = now;
    }
    const double left = 1 - ToSeconds(now - truth_.start) / ToSeconds(lasts_);
    if (left <= 0) {
      flow.bend = {};
      flow.Rearm(now);
      truth_.end = now;
      Note("force", force_);
      return std::nullopt;
    }
    flow.bend.rate = flow.bend.volatility = 1 + (force_ - 1) * left;
    flow.Rearm(now);
    return now + seconds(1);
  }

 private:
  const Duration lasts_;
  const double force_;
};

}  // namespace

std::unique_ptr<Episode> MakeEpisode(EpisodeKind kind, uint64_t seed, const Scenario& scenario) {
  switch (kind) {
    case EpisodeKind::kDislocation:
      return MakeDislocation(seed, Random(seed, 1).Chance(scenario.failed_dislocations));
    case EpisodeKind::kFlashBidWall:
      return std::make_unique<FlashBidWall>(seed);
    case EpisodeKind::kAskReplenishment:
      return std::make_unique<AskReplenishment>(seed);
    case EpisodeKind::kSpreadBlowOut:
      return std::make_unique<SpreadBlowOut>(seed);
    case EpisodeKind::kTapeStall:
      return std::make_unique<TapeStall>(seed);
    case EpisodeKind::kHalt:
      return std::make_unique<Halt>(seed, scenario.halt_length);
    case EpisodeKind::kNews:
      return std::make_unique<News>(seed);
    case EpisodeKind::kAbsorption:
      return std::make_unique<Absorption>(seed);
    case EpisodeKind::kFeedLag:
      break;
  }
  SPILLWAY_CHECK(false);
  return nullptr;
}

}  // namespace spillway::simulator
