#include "services/ingest/adapters/simulator/order_flow.h"

#include <algorithm>
#include <cmath>

#include "libs/base/math.h"

namespace spillway::simulator {
namespace {

constexpr double kDecay = 4.0;             // of the excitation, per second
constexpr double kMarketExcitement = 3.0;  // of a marketable order, against 1 of another
constexpr double kHiddenShare = 0.03;      // of prints
constexpr double kPressureMemory = 0.85;
constexpr double kImprove = 0.6;  // of the events of a side whose best is worse than the fair value asks for
constexpr double kPull = 0.25;    // the same, whose best is better than that: for each tick
constexpr double kGapFill = 0.4;
constexpr double kLargeShare = 0.002;  // of adds
constexpr double kLargeLifeSeconds = 20;
constexpr double kDepthWander = 0.2;  // standard deviation of a side's log depth
constexpr double kDepthWanderSeconds = 60;
constexpr int kSweepLevelsMax = 4;
constexpr int64_t kCrumb = 20;  // no level is left with fewer shares by a cancel
constexpr double kPreMarketSpread = 1.3;

// Order sizes in shares for a symbol of usual depth, each equally likely: mostly round lots, some odd ones.
constexpr std::array<int16_t, 64> kSizes = [] {
  std::array<int16_t, 64> sizes{};
  constexpr std::array<std::array<int16_t, 2>, 13> kCounts = {{{100, 32},
                                                               {200, 10},
                                                               {300, 5},
                                                               {400, 2},
                                                               {500, 4},
                                                               {700, 1},
                                                               {1000, 2},
                                                               {10, 1},
                                                               {25, 2},
                                                               {40, 1},
                                                               {50, 2},
                                                               {60, 1},
                                                               {75, 1}}};
  size_t i = 0;
  for (const auto& [size, count] : kCounts) {
    for (int k = 0; k < count; ++k) sizes[i++] = size;
  }
  return sizes;
}();
static_assert(kSizes[63] == 75);

// Where events of a side happen, by index from the best: geometric, cut at the window.
constexpr std::array<uint8_t, 64> kPlaces = [] {
  std::array<uint8_t, 64> places{};
  constexpr std::array<uint8_t, 10> kCounts = {19, 13, 9, 6, 5, 4, 3, 2, 2, 1};
  size_t i = 0;
  for (uint8_t index = 0; index < kCounts.size(); ++index) {
    for (uint8_t k = 0; k < kCounts[index]; ++k) places[i++] = index;
  }
  return places;
}();
static_assert(kPlaces[63] == 9);

// Mean size of a level against the symbol's depth: thin at the best, fullest a few levels behind.
double Profile(uint32_t index) {
  constexpr std::array<double, 6> kProfile = {0.75, 0.95, 1.1, 1.15, 1.1, 1.05};
  return index < kProfile.size() ? kProfile[index] : 1.0;
}

int64_t SizeScale(double depth) {
  return std::max<int64_t>(1, std::llround(depth / 1200.0));
}
double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}
constexpr int64_t Direction(Side side) {
  return side == Side::kBid ? 1 : -1;
}  // towards better prices

}  // namespace

double MeanOrderSize(double depth) {
  double sum = 0;
  for (const int16_t size : kSizes) sum += size;
  return sum / kSizes.size() * static_cast<double>(SizeScale(depth));
}

SymbolFlow::SymbolFlow(SymbolParameters parameters, const Session& session, uint64_t seed)
    : parameters_(std::move(parameters)),
      session_(session),
      random_(seed, 1),
      delay_random_(seed, 2),
      book_(session.book_levels, parameters_.definition.tick),
      fair_(parameters_.start_tick) {}

void SymbolFlow::Start(Time now, RowWriter& row) {
  now_ = depth_time_ = excitation_time_ = last_print_ = now;
  BuildBook();
  BeginRow(now, row);
  book_.WriteSnapshot(row);
  row.End();
  Rearm(now);
}

void SymbolFlow::Rearm(Time now) {
  excitation_ = Excitation(now);
  excitation_time_ = now;
  next_ = DrawArrival(now);
}

void SymbolFlow::Suspend() {
  next_ = next_pull_ = Time::max();
  for (LargeOrder& order : large_) order.shares = 0;
}

void SymbolFlow::Resume(Time now, double fair, RowWriter& row) {
  fair_ = fair;
  now_ = now;
  excitation_ = 0;
  excitation_time_ = now;
  BuildBook();
  BeginRow(now, row);
  book_.WriteSnapshot(row);
  row.End();
  Rearm(now);
}

void SymbolFlow::BuildBook() {
  BookLevel bid{ReferenceTick(Side::kBid), 0}, ask{ReferenceTick(Side::kAsk), 0};
  if (bid.tick >= ask.tick) ask.tick = bid.tick + 1;
  bid.size = static_cast<int64_t>(TargetSize(Side::kBid, 0)) + 1;
  ask.size = static_cast<int64_t>(TargetSize(Side::kAsk, 0)) + 1;
  book_.Build(bid, ask, *this);
}

void SymbolFlow::Arrive(Time now, RowWriter& row) {
  if (next_pull_ < next_) {
    Advance(now);
    PullLarge(now, row);
    return;
  }
  Advance(now);
  excitation_ = next_excitation_;
  excitation_time_ = now;
  const double quantum = parameters_.clustering * kDecay / (1.0 + kMarketShare * (kMarketExcitement - 1.0));
  const double market_share = std::min(kMarketShare * bend.market_share, 0.8);
  if (random_.Chance(market_share)) {
    excitation_ += quantum * kMarketExcitement;
    MarketOrder(now, row);
  } else {
    excitation_ += quantum;
    BookEvent(now, row);
  }
  next_ = DrawArrival(now);
}

double SymbolFlow::Excitation(Time now) const {
  return excitation_ * Exp(-kDecay * Seconds(now - excitation_time_));
}

Time SymbolFlow::DrawArrival(Time now) {
  const double base =
      parameters_.activity * (1.0 - parameters_.clustering) * bend.rate * session_.shape.At(now - session_.open);
  double excitation = excitation_;
  double waited = 0;
  while (true) {
    const double bound = base + excitation;
    const double step = random_.Exponential() / bound;
    waited += step;
    excitation *= Exp(-kDecay * step);
    if (random_.Uniform() * bound <= base + excitation) break;
  }
  next_excitation_ = excitation;
  return now + Duration(1 + static_cast<int64_t>(waited * 1e9));
}

void SymbolFlow::Advance(Time now) {
  const double seconds = Seconds(now - now_);
  now_ = now;
  const double shape = session_.shape.At(now - session_.open);
  // A uniform step of variance 1 is as good as a normal one: many make up any stretch that matters.
  const double step = 3.4641016151377544 * (random_.Uniform() - 0.5);
  fair_ += bend.drift * seconds + parameters_.volatility * bend.volatility * std::sqrt(seconds * shape) * step;
  fair_ = std::max(fair_, 2.0 * session_.book_levels);
  if (now - depth_time_ >= std::chrono::seconds(1)) {
    const double elapsed = std::min(Seconds(now - depth_time_) / kDepthWanderSeconds, 1.0);
    depth_time_ = now;
    const double noise = kDepthWander * std::sqrt(2.0 * elapsed);
    log_depth_bid_ += -log_depth_bid_ * elapsed + noise * random_.Normal();
    log_depth_ask_ += -log_depth_ask_ * elapsed + noise * random_.Normal();
    depth_bid_ = Exp(log_depth_bid_);
    depth_ask_ = Exp(log_depth_ask_);
  }
}

// A level that comes up new is smaller than it will be, by several orders at once.
int64_t SymbolFlow::NewLevelSize(Side side, uint32_t index) {
  return std::max<int64_t>(100, std::llround(TargetSize(side, index) * random_.Uniform(0.3, 0.9) / 100.0) * 100);
}

int64_t SymbolFlow::OrderSize() {
  return kSizes[random_.Next() >> 58] * SizeScale(parameters_.depth);
}

double SymbolFlow::TargetSize(Side side, uint32_t index) const {
  const double factor = side == Side::kBid ? depth_bid_ * bend.depth_bid : depth_ask_ * bend.depth_ask;
  return parameters_.depth * Profile(index) * factor;
}

// Where the side's best price would be if it followed the fair value at once; never through the other side's best.
int64_t SymbolFlow::ReferenceTick(Side side) const {
  double spread = bend.spread_ticks > 0 ? bend.spread_ticks : parameters_.spread_ticks;
  if (now_ < session_.open) spread *= kPreMarketSpread;
  const double half = 0.5 * (spread - 1.0);
  return side == Side::kBid ? static_cast<int64_t>(std::floor(fair_ - half))
                            : static_cast<int64_t>(std::ceil(fair_ + half));
}

BookLevel SymbolFlow::Behind(Side side, const BookLevel& worst) {
  const double gaps = parameters_.spread_ticks > 3 ? 0.3 : 0.03;
  const int64_t distance = 1 + (random_.Chance(gaps) ? random_.Between(1, 2) : 0);
  const double size = TargetSize(side, session_.book_levels - 1) * random_.Uniform(0.5, 1.5);
  return {worst.tick - Direction(side) * distance, std::max<int64_t>(100, std::llround(size / 100.0) * 100)};
}

int64_t SymbolFlow::SizeOnReturn(Side side, uint32_t index, const BookLevel& remembered) {
  if (bend.depth_bid == 1 && bend.depth_ask == 1) return remembered.size;
  const double size = TargetSize(side, index) * random_.Uniform(0.5, 1.5);
  return std::max<int64_t>(100, std::llround(size / 100.0) * 100);
}

void SymbolFlow::MarketOrder(Time now, RowWriter& row) {
  if (random_.Chance(kHiddenShare)) return HiddenPrint(now, row);
  double buy = bend.buy_probability;
  if (buy < 0) {
    const double pull = (fair_ - book_.mid()) / static_cast<double>(std::max<int64_t>(1, book_.spread()));
    buy = std::clamp(0.5 + 0.3 * pressure_ + 0.3 * std::clamp(pull, -1.0, 1.0), 0.05, 0.95);
  }
  const Side aggressor = random_.Chance(buy) ? Side::kBid : Side::kAsk;
  int64_t size = OrderSize();
  if (bend.order_max > 0) size = std::min(size, bend.order_max);
  const double sign = static_cast<double>(Direction(aggressor));
  pressure_ = kPressureMemory * pressure_ + (1 - kPressureMemory) * sign;
  fair_ += sign * 0.05;  // trades inform
  Take(now, aggressor, size, row);
}

void SymbolFlow::Take(Time now, Side aggressor, int64_t shares, RowWriter& row) {
  const Side passive = Opposite(aggressor);
  for (int level = 0; shares > 0 && level < kSweepLevelsMax; ++level) {
    const BookLevel best = book_.level(passive, 0);
    const int64_t filled = std::min(shares, best.size);
    BeginRow(now, row);
    Print(now, aggressor, book_.price(best.tick), filled, MarketEventFlags::kEligible, row);
    book_.Resize(passive, 0, best.size - filled, Cause::kExecute, *this, row);
    row.End();
    if (watched_.side == passive && watched_.tick == best.tick) watched_.executed += filled;
    shares -= filled;
  }
}

void SymbolFlow::HiddenPrint(Time now, RowWriter& row) {
  // At the midpoint, half a tick where need be; the direct feeds do not say who crossed.
  const Price sum = book_.price(book_.best(Side::kBid)) + book_.price(book_.best(Side::kAsk));
  BeginRow(now, row);
  Print(now, Side::kNone, Price::FromNanos(sum.nanos() / 2), OrderSize(),
        MarketEventFlags::kEligible | MarketEventFlags::kHidden, row);
  row.End();
}

void SymbolFlow::PrintCross(Time now, int64_t shares, RowWriter& row) {
  const int64_t tick = random_.Chance(0.5) ? book_.best(Side::kBid) : book_.best(Side::kAsk);
  BeginRow(now, row);
  Print(now, Side::kNone, book_.price(tick), shares, MarketEventFlags::kEligible | MarketEventFlags::kCross, row);
  row.End();
}

void SymbolFlow::Print(Time now, Side aggressor, Price price, int64_t shares, uint8_t flags, RowWriter& row) {
  const uint64_t id = (static_cast<uint64_t>(parameters_.definition.id) << 40) | ++trade_id_;
  const bool odd = Quantity::Units(shares) < parameters_.definition.lot;
  row.Trade(aggressor, price, Quantity::Units(shares), id, odd ? flags | MarketEventFlags::kOddLot : flags);
  last_print_ = now;
  if (now < session_.open) return;
  const double tick = static_cast<double>(price.nanos()) / static_cast<double>(parameters_.definition.tick.nanos());
  volume_ += static_cast<double>(shares);
  notional_ += tick * static_cast<double>(shares);
}

void SymbolFlow::BookEvent(Time now, RowWriter& row) {
  const Side side = random_.Chance(0.5) ? Side::kBid : Side::kAsk;
  const int64_t direction = Direction(side);
  const int64_t best = book_.best(side);
  int64_t reference = ReferenceTick(side);
  const int64_t limit = book_.best(Opposite(side)) - direction;  // may touch, not lock
  if ((reference - limit) * direction > 0) reference = limit;
  const int64_t missing = (reference - best) * direction;  // ticks by which the best is worse than it should be
  if (!Held(side)) {
    if (missing > 0 && random_.Chance(kImprove)) {
      const int64_t tick = random_.Chance(0.5) ? reference : best + direction;
      return Add(now, side, tick, NewLevelSize(side, 0), row);
    }
    if (missing < 0 && random_.Chance(std::min(0.8, kPull * static_cast<double>(-missing)))) {
      return PullBest(now, side, row);
    }
  }
  LevelEvent(now, side, row);
}

void SymbolFlow::PullBest(Time now, Side side, RowWriter& row) {
  const int64_t size = book_.level(side, 0).size;
  int64_t cut = std::max(OrderSize(), size / 2);
  if (size - cut < kCrumb) cut = size;
  Cancel(now, side, 0, cut, row);
}

void SymbolFlow::LevelEvent(Time now, Side side, RowWriter& row) {
  uint32_t index = kPlaces[random_.Next() >> 58];
  if (index >= book_.visible()) index = book_.visible() - 1;
  // A window of more than ten levels: some of the last level's events happen behind it.
  if (index == 9 && book_.visible() > 10) index += static_cast<uint32_t>(random_.Below(book_.visible() - 10));
  const BookLevel level = book_.level(side, index);
  const int64_t direction = Direction(side);
  if (index + 1 < book_.visible()) {
    const int64_t behind = level.tick - direction;
    if ((behind - book_.level(side, index + 1).tick) * direction > 0 && random_.Chance(kGapFill)) {
      return Add(now, side, behind, NewLevelSize(side, index + 1), row);
    }
  }
  const double target = TargetSize(side, index);
  const double size_now = static_cast<double>(level.size);
  double adds = target * target / (target * target + size_now * size_now);
  if (index == 0 && side == Side::kAsk) adds *= bend.best_ask_adds;
  int64_t size = OrderSize();
  if (random_.Chance(adds)) {
    if (random_.Chance(kLargeShare)) {
      size = std::llround(target * random_.Uniform(2.0, 5.0) / 100.0) * 100 + 100;
      PlaceLarge(now, side, level.tick, size);
    }
    return Add(now, side, level.tick, size, row);
  }
  if (level.size - size < kCrumb) size = level.size;
  if (index == 0 && Held(side) && size == level.size) return;
  Cancel(now, side, index, size, row);
}

void SymbolFlow::Add(Time now, Side side, int64_t tick, int64_t shares, RowWriter& row) {
  BeginRow(now, row);
  const uint32_t index = book_.Find(side, tick);
  if (index < book_.visible()) {
    book_.Resize(side, index, book_.level(side, index).size + shares, Cause::kAdd, *this, row);
  } else {
    book_.Insert(side, {tick, shares}, Cause::kAdd, row);
  }
  row.End();
}

void SymbolFlow::Cancel(Time now, Side side, uint32_t index, int64_t shares, RowWriter& row) {
  BeginRow(now, row);
  const int64_t size = book_.level(side, index).size;
  book_.Resize(side, index, size - std::min(size, shares), Cause::kCancel, *this, row);
  row.End();
}

void SymbolFlow::Settle(Time now, Side side, Random& random, RowWriter& row) {
  const uint32_t first = side == Side::kAsk ? 1 : 0;
  const uint32_t index = first + static_cast<uint32_t>(random.Below(book_.visible() - first));
  const int64_t size = book_.level(side, index).size;
  const int64_t target = std::max<int64_t>(100, std::llround(TargetSize(side, index) * random.Uniform(0.85, 1.15)));
  if (size * 4 > target * 5) return Cancel(now, side, index, size - target, row);
  if (size * 4 < target * 3) return Add(now, side, book_.level(side, index).tick, target - size, row);
}

void SymbolFlow::PlaceLarge(Time now, Side side, int64_t tick, int64_t shares) {
  for (LargeOrder& order : large_) {
    if (order.shares != 0) continue;
    const double life = kLargeLifeSeconds * random_.Exponential();
    order = {now + Duration(static_cast<int64_t>(life * 1e9)), side, tick, shares};
    break;  // all slots taken: it stays until it is worn down
  }
  ScheduleNextPull();
}

void SymbolFlow::ScheduleNextPull() {
  next_pull_ = Time::max();
  for (const LargeOrder& order : large_) {
    if (order.shares != 0) next_pull_ = std::min(next_pull_, order.pull);
  }
}

void SymbolFlow::PullLarge(Time now, RowWriter& row) {
  for (LargeOrder& order : large_) {
    if (order.shares == 0 || order.pull > now) continue;
    const uint32_t index = book_.Find(order.side, order.tick);
    if (index == 0 && Held(order.side)) {
      order.pull = now + std::chrono::seconds(1);
      continue;
    }
    if (index < book_.visible()) Cancel(now, order.side, index, order.shares, row);
    order.shares = 0;
  }
  ScheduleNextPull();
}

void SymbolFlow::BeginRow(Time now, RowWriter& row) {
  const Time arrival = now + session_.delay.Draw(now, lag_window_, delay_random_);
  last_ingest_ = std::max(last_ingest_, arrival);  // one connection: messages do not overtake
  row.Begin(parameters_.definition.id, now, last_ingest_);
}

}  // namespace spillway::simulator
