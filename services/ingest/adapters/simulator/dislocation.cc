// A true dislocation: price sits below VWAP, asks are pulled at several levels while bids grow, aggressive buyers
// absorb what is left and lift the price through VWAP; then it follows through, or (a failed one) falls back.
#include <algorithm>
#include <cmath>

#include "services/ingest/adapters/simulator/episodes.h"

namespace spillway::simulator {
namespace {

constexpr Duration kStep = std::chrono::milliseconds(100);
constexpr double kVwapReachSpreads = 60;  // farther away than this, the episode plays around the price where it is

double Part(Time now, Time from, Duration length) {
  return std::clamp(static_cast<double>((now - from).count()) / static_cast<double>(length.count()), 0.0, 1.0);
}
double Blend(double from, double to, double part) {
  return from + (to - from) * part;
}

class Dislocation final : public Episode {
 public:
  Dislocation(uint64_t seed, bool fails)
      : Episode(truth::EpisodeKind::kDislocation, seed),
        fails_(fails),
        approach_(DrawSeconds(60, 90)),
        thinning_(DrawSeconds(20, 30)),
        absorption_(DrawSeconds(8, 12)),
        follow_(DrawSeconds(60, 120)),
        below_spreads_(random_.Uniform(2.5, 5.0)),
        follow_spreads_(fails ? random_.Uniform(-14.0, -9.0) : random_.Uniform(12.0, 16.0)),
        ask_left_(random_.Uniform(0.5, 0.6)),
        bid_grown_(random_.Uniform(2.3, 2.8)) {
    truth_.side = Side::kBid;
  }

  Duration length() const override { return approach_ + thinning_ + absorption_ + follow_ + kStep; }

  std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) override {
    if (phase_end_ == Time()) Begin(now, flow);
    while (now >= phase_end_) {
      if (!NextPhase(now, flow)) return std::nullopt;
    }
    Steer(now, flow);
    for (int i = 0; i < 3 && phase_ != Phase::kApproach; ++i) {
      flow.Settle(now, Side::kAsk, random_, row);
      flow.Settle(now, Side::kBid, random_, row);
    }
    if (phase_ == Phase::kAbsorption) StepUp(now, flow, row);
    Observe(now, flow);
    return now + kStep;
  }

 private:
  enum class Phase { kApproach, kThinning, kAbsorption, kFollow };

  void Begin(Time now, SymbolFlow& flow) {
    phase_start_ = now;
    phase_end_ = now + approach_;
    from_ = flow.fair();
    spread_ = std::clamp(std::round(flow.parameters().spread_ticks), 1.0, 3.0);
    reaches_vwap_ = std::abs(flow.vwap() - from_) <= kVwapReachSpreads * spread_ && flow.volume() > 0;
    fixed_anchor_ = from_;
  }

  // Around this the episode is played: the session VWAP, which moves a little meanwhile.
  double Anchor(const SymbolFlow& flow) const { return reaches_vwap_ ? flow.vwap() : fixed_anchor_; }

  bool NextPhase(Time now, SymbolFlow& flow) {
    phase_start_ = now;
    from_ = flow.fair();
    switch (phase_) {
      case Phase::kApproach:
        phase_ = Phase::kThinning;
        phase_end_ = now + thinning_;
        thinning_start_ = now;
        flow.bend.spread_ticks = spread_;
        flow.bend.best_ask_adds = 0.5;
        break;
      case Phase::kThinning:
        phase_ = Phase::kAbsorption;
        phase_end_ = now + absorption_;
        absorption_start_ = now;
        entry_ = flow.book().best(Side::kAsk);
        flow.bend.market_share = 3;
        flow.bend.buy_probability = 0.9;
        flow.bend.best_ask_adds = 0.15;
        flow.bend.order_max = 200 * std::max<int64_t>(1, static_cast<int64_t>(flow.parameters().depth / 1200));
        flow.bend.rate = 1.4;
        flow.Rearm(now);
        break;
      case Phase::kAbsorption:
        phase_ = Phase::kFollow;
        phase_end_ = now + follow_;
        absorption_end_ = now;
        truth_.start = first_over_.value_or(absorption_start_);
        truth_.end = now;
        truth_.price = flow.book().price(entry_);
        flow.bend.market_share = 3;
        flow.bend.buy_probability = fails_ ? 0.3 : 0.7;
        flow.bend.best_ask_adds = 1;
        break;
      case Phase::kFollow:
        Finish(now, flow);
        return false;
    }
    return true;
  }

  // Sets where the fair value goes and how deep the sides are.
  void Steer(Time now, SymbolFlow& flow) {
    const double part = Part(now, phase_start_, phase_end_ - phase_start_);
    const double low = Anchor(flow) - below_spreads_ * spread_;
    double target = low, ask = 1, bid = 1;
    double own = 0;  // how much of the sides' own wandering is still felt
    switch (phase_) {
      case Phase::kApproach:
        target = Blend(from_, low, part);
        break;
      case Phase::kThinning:
        ask = Blend(1, 0.65, part);
        bid = Blend(1, 1.6, part);
        own = 1 - part;
        break;
      case Phase::kAbsorption: {
        const double up = Part(now, phase_start_, std::chrono::milliseconds(2500));
        const double grip = Part(now, phase_start_, std::chrono::milliseconds(1500));
        target = Blend(from_, Anchor(flow) + spread_ * (0.5 + 1.5 * part), up);
        ask = Blend(0.65, ask_left_, grip);
        bid = Blend(1.6, bid_grown_, grip);
        break;
      }
      case Phase::kFollow: {
        target = Blend(from_, static_cast<double>(entry_) + follow_spreads_ * spread_, std::min(1.0, part * 1.1));
        const double relax = own = Part(now, phase_start_, std::chrono::seconds(15));
        ask = Blend(ask_left_, fails_ ? 1.4 : 1.0, relax);
        bid = Blend(bid_grown_, fails_ ? 0.8 : 1.0, Part(now, phase_start_, std::chrono::seconds(45)));
        flow.bend.market_share = Blend(3, 1, std::max(0.0, part * 3 - 2));
        break;
      }
    }
    flow.bend.drift = (target - flow.fair()) / 0.4;
    flow.bend.depth_ask = ask / Blend(flow.wander(Side::kAsk), 1, own);
    flow.bend.depth_bid = bid / Blend(flow.wander(Side::kBid), 1, own);
  }

  // Buyers follow the asks that are taken, so that the spread stays small.
  void StepUp(Time now, SymbolFlow& flow, RowWriter& row) {
    const SimulatedBook& book = flow.book();
    if (static_cast<double>(book.spread()) <= spread_ + 1 || book.spread() < 2) return;
    flow.Add(now, Side::kBid, book.best(Side::kBid) + 1, book.level(Side::kBid, 0).size / 200 * 100 + 200, row);
  }

  void Observe(Time now, const SymbolFlow& flow) {
    const SimulatedBook& book = flow.book();
    if (phase_ != Phase::kApproach && now < absorption_end_ + std::chrono::seconds(15)) {
      const double ratio = static_cast<double>(book.Depth(Side::kBid, book.visible())) /
                           static_cast<double>(book.Depth(Side::kAsk, book.visible()));
      ratio_max_ = std::max(ratio_max_, ratio);
      if (ratio >= 3 && !first_over_ && phase_ != Phase::kFollow) first_over_ = now;
      if (ratio >= 3) over_ += kStep;
      if (ratio >= 3 && phase_ == Phase::kFollow) truth_.end = now;  // it lasts as long as it can be seen
    }
    if (phase_ == Phase::kFollow) {
      best_bid_max_ = std::max(best_bid_max_, book.best(Side::kBid));
      best_bid_min_ = std::min(best_bid_min_, book.best(Side::kBid));
    }
  }

  void Finish(Time now, SymbolFlow& flow) {
    flow.bend = {};
    flow.Rearm(now);
    const auto seconds = [this](Time time) { return static_cast<double>((time - truth_.start).count()) * 1e-9; };
    Note("follows", fails_ ? 0 : 1);
    Note("reclaims_vwap", reaches_vwap_ ? 1 : 0);
    Note("thinning_start_s", seconds(thinning_start_));
    Note("absorption_start_s", seconds(absorption_start_));
    Note("absorption_end_s", seconds(absorption_end_));
    Note("follow_end_s", seconds(now));
    Note("spread_ticks", spread_);
    Note("ratio_max", ratio_max_);
    Note("ratio_over_3_s", static_cast<double>(over_.count()) * 1e-9);
    Note("planned_move_spreads", follow_spreads_);
    Note("up_ticks", static_cast<double>(best_bid_max_ - entry_));
    Note("down_ticks", static_cast<double>(entry_ - best_bid_min_));
  }

  const bool fails_;
  const Duration approach_, thinning_, absorption_, follow_;
  const double below_spreads_, follow_spreads_, ask_left_, bid_grown_;

  Phase phase_ = Phase::kApproach;
  Time phase_start_, phase_end_;
  Time thinning_start_, absorption_start_;
  Time absorption_end_ = Time::max() - std::chrono::hours(1);
  double from_ = 0;  // fair value when the phase began
  double spread_ = 2;
  bool reaches_vwap_ = false;
  double fixed_anchor_ = 0;
  int64_t entry_ = 0;  // best ask when the absorption began, in ticks
  std::optional<Time> first_over_;
  Duration over_{0};
  double ratio_max_ = 0;
  int64_t best_bid_max_ = INT64_MIN;
  int64_t best_bid_min_ = INT64_MAX;
};

}  // namespace

std::unique_ptr<Episode> MakeDislocation(uint64_t seed, bool fails) {
  return std::make_unique<Dislocation>(seed, fails);
}

}  // namespace spillway::simulator
