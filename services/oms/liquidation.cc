#include "services/oms/liquidation.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "libs/base/int128.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::oms {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kCrossMax = kMillion / 2;  // however often it was widened

int64_t Times(int64_t value, int64_t millionths) {
  return static_cast<int64_t>(static_cast<Int128>(value) * millionths / kMillion);
}

// On the tick, rounded so that it crosses no less than it should.
Price Crossing(const TickTable& ticks, Side side, const Quote& quote, int64_t cross) {
  const Price touch = side == Side::kBid ? quote.ask : quote.bid;
  const Price by = Price::FromNanos(Times(touch.nanos(), std::min(cross, kCrossMax)));
  if (side == Side::kBid) return ticks.Ceil(touch + by);
  const Price limit = ticks.Floor(touch - by);
  return std::max(limit, ticks.At(limit));
}

Quantity SliceOf(const LiquidationTerms& terms, const LiquidationLeg& leg, Quantity most) {
  if (!terms.slice) return most;
  const Quantity touch = leg.side == Side::kBid ? leg.quote->ask_size : leg.quote->bid_size;
  const int64_t part = Times(touch.e8(), *terms.slice);
  const Quantity whole = Quantity::FromE8(part - part % Quantity::kUnit);
  return std::min(most, std::max({whole, leg.lot, Quantity::Units(1)}));
}

}  // namespace

LiquidationTerms LiquidationTermsOf(const v1::Liquidation& liquidation) {
  LiquidationTerms terms;
  if (liquidation.has_cancel_wait_ns()) terms.cancel_wait = Duration(liquidation.cancel_wait_ns());
  if (liquidation.has_cross_bps()) terms.cross = std::llround(std::min(liquidation.cross_bps(), 5000.0) * 100);
  if (liquidation.has_slice_fraction()) {
    terms.slice = std::max<int64_t>(1, std::llround(std::min(liquidation.slice_fraction(), 1000.0) * kMillion));
  }
  if (liquidation.has_widen_every_ns()) terms.widen_every = Duration(liquidation.widen_every_ns());
  if (liquidation.has_market_after_ns()) terms.market_after = Duration(liquidation.market_after_ns());
  return terms;
}

LiquidationStep NextStep(const LiquidationTerms& terms, LiquidationPlan& plan, const LiquidationLeg& leg, Time now) {
  if (leg.open <= Quantity()) return {};
  if (leg.halted) {
    plan.limits_since.reset();
    plan.placed.reset();
    plan.stage = FlattenStage::kQueued;
    return {};
  }
  if (!plan.limits_since) {
    const Time until = plan.since + terms.cancel_wait;
    if (leg.cancels_open && now < until) {
      plan.stage = FlattenStage::kCanceling;
      return {.wake = until};
    }
    plan.limits_since = now;
  }

  const Time begin = *plan.limits_since;
  const int64_t widened = (now - begin) / terms.widen_every;
  const bool at_market = leg.market_orders && now >= begin + terms.market_after;
  plan.stage = at_market ? FlattenStage::kMarket : FlattenStage::kLimits;
  Time wake = begin + terms.widen_every * (widened + 1);
  if (!at_market && leg.market_orders) wake = std::min(wake, begin + terms.market_after);

  const bool placed_now =
      plan.placed && *plan.placed >= begin + terms.widen_every * widened && plan.placed_market == at_market;
  if (leg.working) {
    if (leg.working_limit && !placed_now) return {.action = LiquidationStep::Action::kCancelWorking, .wake = wake};
    return {.wake = wake};
  }
  if (placed_now && leg.open >= plan.open_then) return {.wake = wake};  // it closed nothing
  const Quantity most = leg.open - leg.may_fill;
  if (most <= Quantity() || (!at_market && !leg.quote)) return {.wake = wake};

  plan.placed = now;
  plan.placed_market = at_market;
  plan.open_then = leg.open;
  if (at_market) return {.action = LiquidationStep::Action::kPlace, .quantity = most, .wake = wake};
  return {.action = LiquidationStep::Action::kPlace,
          .quantity = SliceOf(terms, leg, most),
          .limit = Crossing(*leg.ticks, leg.side, *leg.quote, terms.cross * (widened + 1)),
          .wake = wake};
}

// ---- scopes

void Flattening::Start(const FlattenScope& scope, std::string_view cause) {
  const auto same = [&](const FlattenState& state) { return state.scope == scope; };
  if (std::any_of(scopes_.begin(), scopes_.end(), same)) return;
  FlattenState& state = scopes_.emplace_back();
  state.scope = scope;
  state.told.cause = cause;
}

bool Flattening::Covers(InstrumentId instrument, StrategyInstanceId instance) const {
  return std::any_of(scopes_.begin(), scopes_.end(),
                     [&](const FlattenState& state) { return state.scope.Covers(instrument, instance); });
}

FlattenProgress Flattening::ProgressOf(const FlattenState& state, const std::vector<Row>& rows) {
  FlattenProgress progress;
  progress.cause = state.told.cause;
  std::map<InstrumentId, FlattenProgress::Row> held;
  bool working = false;
  bool canceling = false, limits = false, market = false;
  for (const Row& row : rows) {
    if (!state.scope.Covers(row.instrument, row.instance)) continue;
    working = working || row.orders_working;
    progress.orders_open += row.orders_open;
    if (row.held == Quantity()) continue;
    FlattenProgress::Row& of = held[row.instrument];
    of.instrument = row.instrument;
    of.quantity += row.held;
    of.halted = of.halted || row.halted;
    canceling = canceling || row.stage == FlattenStage::kCanceling;
    limits = limits || row.stage == FlattenStage::kLimits;
    market = market || row.stage == FlattenStage::kMarket;
  }
  for (const auto& [instrument, row] : held) progress.positions.push_back(row);
  progress.stage = held.empty() ? (working ? FlattenStage::kCanceling : FlattenStage::kDone)
                   : canceling  ? FlattenStage::kCanceling
                   : limits     ? FlattenStage::kLimits
                   : market     ? FlattenStage::kMarket
                                : FlattenStage::kQueued;
  return progress;
}

std::vector<Flattening::Progress> Flattening::Tell(const std::vector<Row>& rows) {
  std::vector<Progress> told;
  const auto halted = [](const FlattenProgress& progress) {
    std::vector<InstrumentId> instruments;
    for (const FlattenProgress::Row& row : progress.positions) {
      if (row.halted) instruments.push_back(row.instrument);
    }
    return instruments;
  };
  for (FlattenState& state : scopes_) {
    FlattenProgress progress = ProgressOf(state, rows);
    if (progress.stage == state.told.stage && halted(progress) == halted(state.told)) continue;
    state.told = progress;
    told.push_back({state.scope, std::move(progress)});
  }
  std::erase_if(scopes_, [](const FlattenState& state) { return state.told.stage == FlattenStage::kDone; });
  return told;
}

}  // namespace spillway::oms
