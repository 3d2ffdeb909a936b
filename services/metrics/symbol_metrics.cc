#include "services/metrics/symbol_metrics.h"

#include <cmath>
#include <utility>

namespace spillway::metrics {
void SymbolMetrics::OnDefinition(const InstrumentDefinition& definition) {
  exchange_day_ = definition.asset_class == AssetClass::kEquity || definition.asset_class == AssetClass::kOption;
  tick_ = definition.tick;
  tick_bands_ = definition.tick_bands;
  lot_ = definition.lot;
  volume_profile_ = definition.average_volume;
  volume_start_ = VolumeStart(volume_profile_, session_);
}

void SymbolMetrics::OnSession(const SessionState& state) {
  if (!session_.Apply(state)) return;
  volume_start_ = VolumeStart(volume_profile_, session_);
  StartSession();
}

void SymbolMetrics::StartSession() {
  vwap_.Reset();
  venue_vwap_.Reset();
  day_volume_ = Quantity();
  for (VwapReclaim& reclaim : reclaims_) reclaim.OnSessionStart();
}

void SymbolMetrics::RollUtcDay(Time now) {
  const int64_t day = ToNanos(FloorTo(now, std::chrono::hours(24)));
  if (day == utc_day_) return;
  utc_day_ = day;
  StartSession();
}

void SymbolMetrics::Start(const FeatureSet& set, Time now) {
  started_ = true;
  sampled_ = ToNanos(now) / kGrid.count();
  Configure(set, now);
}

void SymbolMetrics::SetCarried(const Carried& carried, const FeatureSet& set, Time now) {
  feed_carried_ = carried;
  if (!started_) return NoteCarried(set);
  const std::vector<NotReady> before = not_carried_;
  NoteCarried(set);
  // What was not carried was not watched.
  FeatureSet watched = set;
  std::erase_if(watched.slots, [&](const FeatureSlot& slot) {
    return slot.position < before.size() && before[slot.position] != NotReady::kReady &&
           not_carried_[slot.position] == NotReady::kReady;
  });
  if (watched.slots.size() == set.slots.size()) return;
  Build(watched, now);
  Build(set, now);
}

void SymbolMetrics::NoteCarried(const FeatureSet& set) {
  const bool asked = subscribed_ && subscribed_->feed == feed;
  carried_ = asked ? subscribed_->Of(feed_carried_) : feed_carried_;
  not_carried_.resize(set.slots.size());
  for (const FeatureSlot& slot : set.slots) not_carried_[slot.position] = CarriedReason(slot.spec);
}

void SymbolMetrics::Configure(const FeatureSet& set, Time now) {
  NoteCarried(set);
  Build(set, now);
}

void SymbolMetrics::Build(const FeatureSet& set, Time now) {
  const auto with_top = [&]<class F>(std::type_identity<F>) {
    return [&](const FeatureSpec& spec) { return F(spec, now, top_); };
  };
  const auto with_time = [&]<class F>(std::type_identity<F>) {
    return [&](const FeatureSpec& spec) { return F(spec, now); };
  };
  const auto plain = []<class F>(std::type_identity<F>) { return [](const FeatureSpec& spec) { return F(spec); }; };
  const auto rebuild = [&]<class F>(std::vector<F>& features, FeatureKind kind, const auto& how) {
    features = Rebuilt(features, set, kind, Side::kNone, how(std::type_identity<F>()));
  };
  rebuild(spread_changes_, FeatureKind::kSpreadChange, with_top);
  rebuild(spreads_below_, FeatureKind::kSpreadBelowFor, with_top);
  rebuild(velocities_, FeatureKind::kTapeVelocity, with_time);
  rebuild(volumes_, FeatureKind::kTradedVolume, with_time);
  rebuild(accelerations_, FeatureKind::kTapeAcceleration, with_time);
  rebuild(reclaims_, FeatureKind::kVwapReclaim, with_time);
  rebuild(flows_, FeatureKind::kOrderFlowImbalance, with_time);
  rebuild(collapses_, FeatureKind::kLiquidityCollapse, plain);
  rebuild(stalls_, FeatureKind::kTapeStall, plain);
  for (const Side side : {Side::kBid, Side::kAsk}) {
    const size_t i = SideIndex(side);
    std::vector<Replenishment>& flows = replenishments_[i];
    flows = Rebuilt(flows, set, FeatureKind::kAskReplenishment, side, with_time(std::type_identity<Replenishment>()));
    reloads_[i] =
        Rebuilt(reloads_[i], set, FeatureKind::kAskReplenishment, side, plain(std::type_identity<ReloadDetector>()));
    flash_walls_[i] =
        Rebuilt(flash_walls_[i], set, FeatureKind::kFakeWall, side, plain(std::type_identity<FlashWallDetector>()));
    const auto walls_of = [&](FeatureKind kind) {
      return Rebuilt(walls_[i], set, kind, side, plain(std::type_identity<Walls>()));
    };
    std::vector<Walls> walls = walls_of(FeatureKind::kBidWallAge);
    const std::vector<Walls> fakes = walls_of(FeatureKind::kFakeWall);
    const std::vector<Walls> depletions = walls_of(FeatureKind::kAskWallDepletion);
    wall_ages_[i] = static_cast<uint32_t>(walls.size());
    fake_walls_[i] = static_cast<uint32_t>(fakes.size());
    walls.insert(walls.end(), fakes.begin(), fakes.end());
    walls.insert(walls.end(), depletions.begin(), depletions.end());
    walls_[i] = std::move(walls);
    taking_[i] =
        Rebuilt(taking_[i], set, FeatureKind::kBuyVelocity, side, with_time(std::type_identity<TapeVelocity>()));
    side_flows_[i].Build(set, now);
  }
}

void SymbolMetrics::TakeSamples(int64_t grid) {
  if (!started_ || grid < sampled_) return;
  const auto times = static_cast<uint64_t>(grid - sampled_);
  const Time boundary = TimeFromNanos(grid * kGrid.count());
  sampled_ = grid;
  minute_spreads_.Push(top_.valid() ? top_.spread() : SampleWindow<kMinuteSamples>::kNone, times);
  for (LiquidityCollapse& collapse : collapses_) collapse.Sample(boundary, DeepTop(), book_.levels(), times);
  for (ReloadDetector& reload : reloads_[0]) reload.Sample(top_.bid_size, times);
  for (ReloadDetector& reload : reloads_[1]) reload.Sample(top_.ask_size, times);
  for (FlashWallDetector& flash : flash_walls_[0]) flash.Sample(book_.levels().bids(), times);
  for (FlashWallDetector& flash : flash_walls_[1]) flash.Sample(book_.levels().asks(), times);
  side_flows_[0].Sample(top_.bid, top_.bid_size, times);
  side_flows_[1].Sample(top_.ask, top_.ask_size, times);
}

Side SymbolMetrics::TakenBy(const MarketEvent& trade) const {
  if (trade.side != Side::kNone) return Opposite(trade.side);
  const int64_t price = trade.price.nanos();
  if (top_.ask != 0 && price >= top_.ask) return Side::kAsk;
  return top_.bid != 0 && price <= top_.bid ? Side::kBid : Side::kNone;
}

void SymbolMetrics::OnPrint(const MarketEvent& event) {
  for (const Side side : {Side::kBid, Side::kAsk}) {
    if (event.side == side) continue;  // it took the other one
    side_flows_[SideIndex(side)].OnPrint(event.event_time, event.price, event.quantity);
  }
  for (size_t side = 0; side < walls_.size(); ++side) {
    for (Walls& walls : walls_[side]) walls.OnPrint(event.event_time, event.price, event.quantity);
    for (FlashWallDetector& flash : flash_walls_[side]) flash.OnPrint(event.event_time, event.price, event.quantity);
    for (ReloadDetector& reload : reloads_[side]) {
      reload.OnPrint(event.event_time, event.price, event.quantity, event.side, side == 0 ? top_.bid : top_.ask);
    }
    for (Replenishment& flow : replenishments_[side]) {
      flow.OnPrint(event.event_time, event.price, event.quantity, event.side, side == 0 ? top_.bid : top_.ask);
    }
  }
}

void SymbolMetrics::OnVenueVwap(const MarketEvent& event) {
  venue_vwap_.Reset();
  if (event.price.nanos() > 0) venue_vwap_.Add(event.price, Quantity::Units(1));
}

void SymbolMetrics::OnTrade(const MarketEvent& event) {
  const bool visible = (event.flags & MarketEventFlags::kHidden) == 0;
  const Side taken = TakenBy(event);
  if (!carried_.causes && visible) OnPrint(event);
  if (visible && taken != Side::kNone) side_flows_[SideIndex(taken)].OnTaken(event.event_time);
  if (event.reference == 0 && !event.eligible()) return;
  const Time now = event.event_time;
  TradeLog::Trade trade{.time = now,
                        .id = event.reference,
                        .price = event.price,
                        .quantity = event.quantity,
                        .eligible = event.eligible(),
                        .in_session = event.eligible() && InSession(now),
                        .in_volume = event.eligible() && volume_start_ && now >= *volume_start_,
                        .busted = false};
  if (continuous()) RollUtcDay(now);
  if (trade.id != 0) trade_log_.Add(trade);
  if (!trade.eligible) return;
  last_price_ = trade.price;
  last_trade_time_ = now;
  if (trade.in_volume) day_volume_ += trade.quantity;
  if (trade.in_session) {
    session_trades_ = true;
    vwap_.Add(trade.price, trade.quantity);
    for (VwapReclaim& reclaim : reclaims_) reclaim.OnTrade(now, trade.quantity, trade.id);
  }
  quotes_moved_ = false;
  for (TapeVelocity& velocity : velocities_) velocity.OnTrade(now, trade.id);
  for (TapeAcceleration& acceleration : accelerations_) acceleration.OnTrade(now, trade.id);
  for (TradedVolume& volume : volumes_) volume.OnTrade(now, trade.quantity);
  if (taken != Side::kNone) {
    for (TapeVelocity& velocity : taking_[SideIndex(taken)]) velocity.OnTrade(now, trade.id);
  }
  for (TapeStallDetector& stall : stalls_) stall.OnTrade(now);
  printed_ = true;
}

void SymbolMetrics::OnBust(Time now, uint64_t trade_id) {
  TradeLog::Trade* trade = trade_log_.Find(trade_id);
  if (trade != nullptr) CorrectTrade(now, *trade, trade->price, Quantity(), true);
}

void SymbolMetrics::OnCorrection(Time now, uint64_t trade_id, Price price, Quantity quantity) {
  TradeLog::Trade* trade = trade_log_.Find(trade_id);
  if (trade != nullptr) CorrectTrade(now, *trade, price, quantity, false);
}

void SymbolMetrics::CorrectTrade(Time now, TradeLog::Trade& trade, Price price, Quantity quantity, bool bust) {
  const TradeLog::Trade old = trade;
  trade.price = price;
  trade.quantity = bust ? old.quantity : quantity;
  trade.busted = bust;
  if (!old.eligible) return;
  dirty = live = true;
  if (old.in_volume) day_volume_ += quantity - old.quantity;
  for (TradedVolume& volume : volumes_) volume.OnCorrection(now, old.time, (quantity - old.quantity).e8());
  if (bust) {
    for (TapeVelocity& velocity : velocities_) velocity.OnBust(old.id);
    for (TapeAcceleration& acceleration : accelerations_) acceleration.OnBust(old.id);
    for (std::vector<TapeVelocity>& side : taking_) {
      for (TapeVelocity& velocity : side) velocity.OnBust(old.id);
    }
  }
  const TradeLog::Trade* last = trade_log_.Last();
  const bool was_last = last_trade_time_ == old.time && last_price_ == old.price;
  if (was_last) last_price_ = last != nullptr ? std::optional<Price>(last->price) : std::nullopt;
  if (!old.in_session) return;
  vwap_.Remove(old.price, old.quantity);
  if (!bust) vwap_.Add(price, quantity);
  for (VwapReclaim& reclaim : reclaims_) {
    reclaim.OnCorrection(now, old.id, (quantity - old.quantity).e8(), last_price_, LineOf(reclaim.spec()));
  }
}

void SymbolMetrics::OnTopChanged(Time now, const TopOfBook& top) {
  for (OrderFlowImbalance& flow : flows_) flow.OnTop(now, top_, top);
  quotes_moved_ |= top.bid != top_.bid || top.ask != top_.ask;
  if (!top.valid() || top.top_only) {
    valid_since_.reset();
  } else if (!valid_since_) {
    valid_since_ = now;
  }
  top_ = top;
  side_flows_[0].OnBest(top.bid);
  side_flows_[1].OnBest(top.ask);
  for (SpreadChange& change : spread_changes_) change.OnTop(now, top_);
  for (SpreadBelow& below : spreads_below_) below.OnTop(now, top_);
  extremes.See(top_);
}

std::optional<Price> SymbolMetrics::BestOf(Side side) const {
  const bool empty = (top_.condition & (side == Side::kAsk ? BookCondition::kAskEmpty : BookCondition::kBidEmpty)) != 0;
  if (empty) return std::nullopt;
  return Price::FromNanos(side == Side::kAsk ? top_.ask : top_.bid);
}

double SymbolMetrics::Score(const StrategyTrigger& trigger, const FeatureSet& set, Time now) {
  double score = trigger.base;
  for (uint32_t order = 0; order < trigger.rules.size(); ++order) {
    const auto rule = std::ranges::find(trigger.rules, order, &TriggerRule::order);
    const FeatureValue value = Value(set.slots[rule->slot], now);
    if (value.ready()) score += PointsFor(value.value, *rule);
  }
  return std::round(score * 1e9) / 1e9;
}

SideContext SymbolMetrics::ContextOf(Side side) const {
  const bool ask = side == Side::kAsk;
  return {.best_size = ask ? top_.ask_size : top_.bid_size,
          .book = ReasonOf(top_.condition),
          .side_empty = ask ? NotReady::kAskSideEmpty : NotReady::kBidSideEmpty,
          .tick = TickAt(tick_, tick_bands_, Price::FromNanos(ask ? top_.ask : top_.bid)).nanos(),
          .lot = lot_.e8()};
}

FeatureValue SymbolMetrics::VwapValue(const FeatureSlot& slot, Time now) {
  const SessionVwap& line = LineOf(slot.spec);
  if (!InSession(now)) return Unready(NotReady::kNoSession);
  if (line.empty()) return Unready(NotReady::kNoTrades);
  if (slot.spec.kind == FeatureKind::kVwap) return Ready(line.value());
  if (slot.spec.kind == FeatureKind::kVwapReclaim) return reclaims_[slot.index].Value(now);
  if (!last_price_) return Unready(NotReady::kNoTrades);
  return Ready(std::abs(last_price_->ToDouble() - line.value()));
}

NotReady SymbolMetrics::CarriedReason(const FeatureSpec& spec) const {
  if (!carried_.line || (spec.venue && !carried_.venue_vwap)) return NotReady::kNotCarried;
  switch (spec.kind) {
    case FeatureKind::kTapeVelocity:
    case FeatureKind::kVwap:
    case FeatureKind::kVwapReclaim:
    case FeatureKind::kTapeStall:
    case FeatureKind::kTapeAcceleration:
    case FeatureKind::kBuyVelocity:
    case FeatureKind::kTapeFreeze:
    case FeatureKind::kVwapDistance:
    case FeatureKind::kTradedVolume:
      return carried_.trades ? NotReady::kReady : NotReady::kNotCarried;
    case FeatureKind::kAskReplenishment:
      return carried_.trades || carried_.causes ? NotReady::kReady : NotReady::kNotCarried;
    case FeatureKind::kAskAbsorption:
    case FeatureKind::kAskRefillWithoutPrint:
    case FeatureKind::kBidCancelBurst:
      if (!carried_.trades) return NotReady::kNotCarried;  // they count prints
      break;
    case FeatureKind::kAskPassiveAbsorption:
    case FeatureKind::kAskRefills:
    case FeatureKind::kBidSpoofScore:
    case FeatureKind::kAskExecuted:
    case FeatureKind::kAskCancelled:
    case FeatureKind::kBidCancelRate:
    case FeatureKind::kAskWallDepletion:
      // What was executed is known from causes or from prints.
      if (!carried_.trades && !carried_.causes) return NotReady::kNotCarried;
      break;
    default:
      break;
  }
  const bool of_levels = spec.kind != FeatureKind::kAskAbsorption && spec.kind != FeatureKind::kAskPassiveAbsorption;
  const uint32_t levels = of_levels ? std::max(spec.levels, 1U) : 1;
  return levels <= carried_.book_levels ? NotReady::kReady : NotReady::kNotCarried;
}

FeatureValue SymbolMetrics::BookValue(const FeatureSpec& spec) const {
  if (!top_.valid()) return Unready(ReasonOf(top_.condition));
  const int64_t bid_size = spec.mirrored ? top_.ask_size : top_.bid_size;
  const int64_t ask_size = spec.mirrored ? top_.bid_size : top_.ask_size;
  switch (spec.kind) {
    case FeatureKind::kSpread:
      return Ready(PriceUnits(top_.spread()));
    case FeatureKind::kBidAskRatio: {
      const auto bids = static_cast<double>(book_.levels().bids().Depth(spec.levels).e8());
      const auto asks = static_cast<double>(book_.levels().asks().Depth(spec.levels).e8());
      return Ready(spec.mirrored ? asks / bids : bids / asks);
    }
    case FeatureKind::kBidSizeOverAsk:
      return Ready(SizeUnits(bid_size - ask_size));
    case FeatureKind::kDepthBid:
      return Ready(SizeUnits(book_.levels().bids().Depth(spec.levels).e8()));
    case FeatureKind::kDepthAsk:
      return Ready(SizeUnits(book_.levels().asks().Depth(spec.levels).e8()));
    case FeatureKind::kQueueImbalance:
      return Ready(static_cast<double>(bid_size - ask_size) / static_cast<double>(bid_size + ask_size));
    case FeatureKind::kMicroprice: {
      const Int128 sum = static_cast<Int128>(top_.bid) * top_.ask_size + static_cast<Int128>(top_.ask) * top_.bid_size;
      return Ready(static_cast<double>(sum) / static_cast<double>(top_.bid_size + top_.ask_size) / 1e9);
    }
    case FeatureKind::kMid:
      return Ready(static_cast<double>(top_.bid + top_.ask) / 2e9);
    default:
      return Unready(NotReady::kNotCarried);  // a kind that this build does not compute
  }
}

bool SymbolMetrics::Settled(const FeatureSet& set, Time now) {
  if (book_.MayAge()) return false;
  for (const FeatureSlot& slot : set.slots) {
    bool settled = true;
    switch (slot.spec.kind) {
      case FeatureKind::kSpreadChange:
        settled = spread_changes_[slot.index].Settled(now);
        break;
      case FeatureKind::kSpreadBelowFor:
        settled = spreads_below_[slot.index].Settled();
        break;
      case FeatureKind::kTapeVelocity:
        settled = velocities_[slot.index].Settled(now);
        break;
      case FeatureKind::kTradedVolume:
        settled = volumes_[slot.index].Settled(now);
        break;
      case FeatureKind::kVwapReclaim:
        settled = reclaims_[slot.index].Settled(now);
        break;
      case FeatureKind::kBidWallAge:
      case FeatureKind::kFakeWall:
      case FeatureKind::kAskWallDepletion:
        settled = WallsOf(slot).Settled(now);
        if (slot.spec.kind == FeatureKind::kFakeWall) settled = settled && FlashWallOf(slot).Settled(now);
        break;
      case FeatureKind::kAskReplenishment:
        settled = ReplenishmentOf(slot).Settled(now) && ReloadOf(slot).Settled(now);
        break;
      case FeatureKind::kLiquidityCollapse:
        settled = collapses_[slot.index].Settled(now);
        break;
      case FeatureKind::kTapeStall:
        settled = !last_price_;
        break;
      case FeatureKind::kOrderFlowImbalance:
        settled = flows_[slot.index].Settled(now);
        break;
      case FeatureKind::kTapeAcceleration:
        settled = accelerations_[slot.index].Settled(now);
        break;
      case FeatureKind::kBuyVelocity:
        settled = taking_[SideIndex(SideOf(slot.spec))][slot.index].Settled(now);
        break;
      case FeatureKind::kTapeFreeze:
        settled = !last_price_ || !quotes_moved_;
        break;
      case FeatureKind::kBookValidFor:
        settled = !valid_since_;
        break;
      default:
        if (IsOfFlow(slot.spec.kind)) settled = FlowsOf(slot).Settled(slot, now);
        break;
    }
    if (!settled) return false;
  }
  return true;
}

void SymbolMetrics::FillUniverseInputs(Time now, UniverseInputs& inputs) const {
  inputs.price = last_price_;
  if (!inputs.price && top_.two_sided()) inputs.price = Price::FromNanos((top_.bid + top_.ask) / 2);
  const bool before_open = session_.known() && now < *session_.open();
  const std::optional<int64_t> median = minute_spreads_.MedianDoubled();
  inputs.spread_median.reset();
  if (median && !before_open) {
    inputs.spread_median = Price::FromNanos(*median / 2);
  } else if (top_.valid()) {
    inputs.spread_median = Price::FromNanos(top_.spread());
  }
  const RelativeVolume relative = RelativeVolumeAt(now, day_volume_, volume_profile_, session_);
  inputs.relative_volume = relative.value;
  inputs.relative_volume_reason = relative.reason;
  inputs.trading_status = trading_status_;
}

DetectorFired SymbolMetrics::DetectorReading(const FeatureSlot& slot, size_t which, Time now) {
  DetectorFired fired;
  switch (slot.spec.kind) {
    case FeatureKind::kFakeWall: {
      const FlashWallDetector& flash = FlashWallOf(slot);
      fired.detector = DetectorKind::kFakeWall;
      fired.side = SideOf(slot.spec);
      fired.price = flash.price();
      fired.seen = flash.multiple();
      fired.limit = FlashWallDetector::kMultiple;
      break;
    }
    case FeatureKind::kAskReplenishment:
      fired.side = SideOf(slot.spec);
      fired.detector = fired.side == Side::kAsk ? DetectorKind::kAskReplenishment : DetectorKind::kBidReplenishment;
      fired.price = ReloadOf(slot).price();
      fired.seen = ReloadOf(slot).reloaded_part();
      fired.limit = ReloadDetector::kReloadedPart;
      break;
    case FeatureKind::kLiquidityCollapse: {
      const LiquidityCollapse& collapse = collapses_[slot.index];
      const LiquidityCollapse::Reading reading = which == 0 ? collapse.reading() : collapse.blow_out_reading();
      fired.detector = which == 0 ? DetectorKind::kLiquidityCollapse : DetectorKind::kSpreadBlowOut;
      fired.side = reading.side;
      fired.seen = reading.seen;
      fired.limit = reading.limit;
      break;
    }
    case FeatureKind::kAskPassiveAbsorption:
      fired.detector = DetectorKind::kAbsorption;
      fired.side = SideOf(slot.spec);
      fired.price = BestOf(fired.side);
      fired.seen = Value(slot, now).value;
      fired.limit = PassiveAbsorption::kActive;
      break;
    case FeatureKind::kAskRefills: {
      const int64_t key = FlowsOf(slot).refills(slot).most_key();
      fired.detector = DetectorKind::kIceberg;
      fired.side = SideOf(slot.spec);
      fired.price = Price::FromNanos(fired.side == Side::kAsk ? -key : key);
      fired.seen = Value(slot, now).value;
      fired.limit = static_cast<double>(Refills::kActive);
      break;
    }
    default:
      fired.detector = DetectorKind::kTapeStall;
      fired.seen = stalls_[slot.index].seconds(now);
      fired.limit = Seconds(TapeStallDetector::kSilence);
      break;
  }
  return fired;
}

}  // namespace spillway::metrics
