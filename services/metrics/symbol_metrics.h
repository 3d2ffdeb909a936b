// Everything that metrics knows of one symbol: its book, its tape and the state of every feature of the set.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "libs/book/book_state.h"
#include "services/metrics/collapse.h"
#include "services/metrics/feature_set.h"
#include "services/metrics/flash_wall.h"
#include "services/metrics/order_flow.h"
#include "services/metrics/reload.h"
#include "services/metrics/replenishment.h"
#include "services/metrics/sample_window.h"
#include "services/metrics/session.h"
#include "services/metrics/side_flows.h"
#include "services/metrics/spread_history.h"
#include "services/metrics/tape.h"
#include "services/metrics/tape_stall.h"
#include "services/metrics/universe_inputs.h"
#include "services/metrics/vwap.h"
#include "services/metrics/walls.h"

namespace spillway::metrics {

// What a symbol's feed can carry; a feed that did not say is taken to carry everything but causes and a VWAP of its
// own.
struct Carried {
  bool line = true;  // anything at all
  bool causes = false;
  bool trades = true;
  bool venue_vwap = false;
  uint32_t book_levels = UINT32_MAX;

  static Carried Of(const FeedCapabilities& capabilities) {
    const bool deep = capabilities.book_full_depth || capabilities.orders;
    return {.line = true,
            .causes = capabilities.change_causes,
            .trades = capabilities.trades,
            .venue_vwap = capabilities.venue_vwap,
            .book_levels = deep ? UINT32_MAX : capabilities.book_levels};
  }
  template <class Archive>
  void Persist(Archive& a) {
    a(line, causes, trades, venue_vwap, book_levels);
  }
};

// What is asked of a feed for a symbol (SubscriptionChanged); a symbol that no subscription named has all its feed has.
struct Subscribed {
  uint32_t feed = 0;
  bool line = true;
  bool depth = true;

  Carried Of(Carried carried) const {
    carried.line &= line;
    if (!depth) carried.book_levels = std::min(carried.book_levels, 1U);
    return carried;
  }
  template <class Archive>
  void Persist(Archive& a) {
    a(feed, line, depth);
  }
};

// Lowest and highest best quotes since the symbol's last boundary snapshot, 1e-9; no quote on a side: low > high.
struct QuoteExtremes {
  int64_t bid_low = INT64_MAX, bid_high = INT64_MIN, ask_low = INT64_MAX, ask_high = INT64_MIN;
  void See(const TopOfBook& top) {
    if ((top.condition & BookCondition::kBidEmpty) == 0) {
      bid_low = std::min(bid_low, top.bid);
      bid_high = std::max(bid_high, top.bid);
    }
    if ((top.condition & BookCondition::kAskEmpty) == 0) {
      ask_low = std::min(ask_low, top.ask);
      ask_high = std::max(ask_high, top.ask);
    }
  }
  template <class Archive>
  void Persist(Archive& a) {
    a(bid_low, bid_high, ask_low, ask_high);
  }
};

// The last boundary snapshot's content: an equal one is not sent again.
struct SentSnapshot {
  uint32_t feature_set = UINT32_MAX;
  TopOfBook top;
  std::optional<Price> last_price;
  std::vector<FeatureValue> values;
  template <class Archive>
  void Persist(Archive& a) {
    a(feature_set, top, last_price);
    uint64_t count = values.size();
    a(count);
    if constexpr (Archive::kReading) values.resize(std::min<uint64_t>(count, 1 << 16));
    for (FeatureValue& value : values) a(value.value, value.not_ready);
  }
};

class SymbolMetrics {
 public:
  static constexpr Duration kGrid = std::chrono::milliseconds(250);
  static constexpr size_t kMinuteSamples = 240;

  SymbolMetrics() = default;

  // ------------------------------------------------------------ inputs
  void OnDefinition(const InstrumentDefinition& definition);
  void OnSession(const SessionState& state);
  void OnBust(Time now, uint64_t trade_id);
  void OnCorrection(Time now, uint64_t trade_id, Price price, Quantity quantity);
  void OnGap() { book_.OnGap(), changed_ = kBids | kAsks; }
  void SetStale(bool stale) { book_.SetStale(stale), changed_ = kBids | kAsks; }
  // What the feed carries, and what of it is asked for. Features that come into it begin to watch at `now`.
  void SetCarried(const Carried& carried, const FeatureSet& set, Time now);
  void SetSubscribed(const Subscribed& subscribed) { subscribed_ = subscribed; }
  void SetTradingStatus(TradingStatus status) { trading_status_ = status; }

  // Before the first event.
  void Start(const FeatureSet& set, Time now);
  // The features of the set from `now` on; those that existed before keep their state.
  void Configure(const FeatureSet& set, Time now);
  // Takes the samples of the grid times up to `grid` (in kGrid since the epoch), which passed without an event of ours.
  void CatchUp(int64_t grid) {
    if (grid != sampled_) TakeSamples(grid);
  }
  // An event of the symbol, which has started. EndOfRow follows after the row's last event.
  void Apply(const MarketEvent& event);
  void EndOfRow(Time now);
  // What the passing of time alone decides.
  void Advance(Time now) {
    if (book_.AdvanceTo(now)) {
      changed_ = kBids | kAsks;
      EndOfRow(now);
    }
    for (SideFlows& flows : side_flows_) flows.Advance(now);
    for (std::vector<Walls>& side : walls_) {
      for (Walls& walls : side) walls.Advance(now);
    }
    for (std::vector<FlashWallDetector>& side : flash_walls_) {
      for (FlashWallDetector& flash : side) flash.Advance(now);
    }
  }

  // ------------------------------------------------------------ readings
  bool started() const { return started_; }
  const TopOfBook& top() const { return top_; }
  const book::BookState& book() const { return book_; }
  std::optional<Price> last_price() const { return last_price_; }
  bool InSession(Time now) const { return continuous() || session_.Contains(now); }
  FeatureValue Value(const FeatureSlot& slot, Time now);
  // The score of the trigger's rules reaches the threshold.
  bool Above(const StrategyTrigger& trigger, const FeatureSet& set, Time now);
  // The sum of the points in the profile's order, to nine decimals, as scoring has it.
  double Score(const StrategyTrigger& trigger, const FeatureSet& set, Time now);
  // No value of the set can change without an event of the symbol.
  bool Settled(const FeatureSet& set, Time now);
  // Fills all but cause and last_of_refresh.
  void FillUniverseInputs(Time now, UniverseInputs& inputs) const;

  bool DetectorActive(const FeatureSlot& slot, size_t which, Time now);
  // The feature itself says what its detector is named for; an instance that declares it is shown that at once.
  bool FeatureHolds(const FeatureSlot& slot, Time now);
  DetectorFired DetectorReading(const FeatureSlot& slot, size_t which, Time now);

  template <class Archive>
  void Persist(Archive& a);

  // ------------------------------------------------------------ kept for the processor
  uint32_t feed = 0;
  bool dirty = false;  // events since the last boundary
  bool live = false;   // dirty, or values still move with time
  bool first_quote_sent = false;
  int64_t detectors_seen = INT64_MIN;  // the stretch of time in which its detectors were looked at last
  QuoteExtremes extremes;
  SentSnapshot sent;
  std::vector<uint8_t> above;     // of each trigger, at its last evaluation
  std::vector<uint8_t> reported;  // of each slot: bits of active detectors

 private:
  static constexpr uint8_t kBids = 1;
  static constexpr uint8_t kAsks = 2;

  // Without session events a market that is not an exchange's day is always open, by UTC days.
  bool continuous() const { return !session_.known() && !exchange_day_; }
  void TakeSamples(int64_t grid);
  void OnTrade(const MarketEvent& event);
  void OnPrint(const MarketEvent& event);
  void StartSession();
  void RollUtcDay(Time now);
  void OnTopChanged(Time now, const TopOfBook& top);
  void ReviewWalls(Time now, Side side, const book::BookSide& levels);
  void OnVenueVwap(const MarketEvent& event);
  NotReady CarriedReason(const FeatureSpec& spec) const;
  void NoteCarried(const FeatureSet& set);
  void Build(const FeatureSet& set, Time now);
  std::optional<Price> BestOf(Side side) const;
  Walls& WallsOf(const FeatureSlot& slot) {
    const size_t side = SideIndex(SideOf(slot.spec));
    const uint32_t before = slot.spec.kind == FeatureKind::kBidWallAge ? 0
                            : slot.spec.kind == FeatureKind::kFakeWall ? wall_ages_[side]
                                                                       : wall_ages_[side] + fake_walls_[side];
    return walls_[side][slot.index + before];
  }
  SideFlows& FlowsOf(const FeatureSlot& slot) { return side_flows_[SideIndex(SideOf(slot.spec))]; }
  SideContext ContextOf(Side side) const;
  FeatureValue VwapValue(const FeatureSlot& slot, Time now);
  // The side of the book that a trade took; kNone: nobody knows.
  Side TakenBy(const MarketEvent& trade) const;
  Replenishment& ReplenishmentOf(const FeatureSlot& slot) {
    return replenishments_[SideIndex(SideOf(slot.spec))][slot.index];
  }
  FlashWallDetector& FlashWallOf(const FeatureSlot& slot) {
    return flash_walls_[SideIndex(SideOf(slot.spec))][slot.index];
  }
  ReloadDetector& ReloadOf(const FeatureSlot& slot) { return reloads_[SideIndex(SideOf(slot.spec))][slot.index]; }
  // The session's VWAP that the feature is about; empty while nobody told it.
  const SessionVwap& LineOf(const FeatureSpec& spec) const { return spec.venue ? venue_vwap_ : vwap_; }
  FeatureValue BookValue(const FeatureSpec& spec) const;
  // The quotes as the deep book's: none while it cannot be used.
  TopOfBook DeepTop() const { return top_.top_only ? TopOfBook() : top_; }
  void CorrectTrade(Time now, TradeLog::Trade& trade, Price price, Quantity quantity, bool bust);

  book::BookState book_;
  TopOfBook top_;
  uint8_t changed_ = 0;  // sides that changed since the last end of an event
  bool session_trades_ = false;
  bool printed_ = false;  // an eligible trade since the last end of an event
  bool started_ = false;
  bool exchange_day_ = true;
  bool quotes_moved_ = false;  // since the last eligible trade
  Price tick_ = InstrumentDefinition().tick;
  std::vector<TickBand> tick_bands_;
  Quantity lot_ = InstrumentDefinition().lot;
  std::optional<Time> valid_since_;  // the book is valid without a break
  Carried feed_carried_;
  std::optional<Subscribed> subscribed_;
  Carried carried_;                    // of both
  std::vector<NotReady> not_carried_;  // of each slot: ready, or why it never will be
  TradingStatus trading_status_ = TradingStatus::kUnknown;
  int64_t sampled_ = 0;  // the grid time up to which samples were taken

  std::optional<Price> last_price_;
  Time last_trade_time_;
  SessionVwap vwap_;
  SessionVwap venue_vwap_;  // of one unit at the venue's figure; empty: it told none
  Session session_;
  int64_t utc_day_ = 0;
  VolumeByMinute volume_profile_;
  std::optional<Time> volume_start_;
  Quantity day_volume_;
  TradeLog trade_log_;

  // One entry a slot of the kind, in slot order.
  std::vector<SpreadChange> spread_changes_;
  std::vector<SpreadBelow> spreads_below_;
  std::vector<TapeVelocity> velocities_;
  std::vector<TapeAcceleration> accelerations_;
  std::vector<TradedVolume> volumes_;
  std::vector<VwapReclaim> reclaims_;
  std::vector<LiquidityCollapse> collapses_;
  std::vector<TapeStallDetector> stalls_;
  std::vector<OrderFlowImbalance> flows_;
  // Of one side: the bids', then the asks'.
  std::array<std::vector<Walls>, 2> walls_;  // wall ages, then fake walls, then depletions
  std::array<std::vector<Replenishment>, 2> replenishments_;
  std::array<std::vector<FlashWallDetector>, 2> flash_walls_;  // one for each fake wall
  std::array<std::vector<ReloadDetector>, 2> reloads_;         // one for each replenishment
  std::array<uint32_t, 2> wall_ages_{};                        // how many of walls_ are for ages
  std::array<uint32_t, 2> fake_walls_{};                       // how many after them are for fakes
  std::array<std::vector<TapeVelocity>, 2> taking_;            // of the trades that took the side
  std::array<SideFlows, 2> side_flows_ = {SideFlows(Side::kBid), SideFlows(Side::kAsk)};

  SampleWindow<kMinuteSamples> minute_spreads_;  // last: big and seldom touched
};

inline void SymbolMetrics::Apply(const MarketEvent& event) {
  if (event.kind == MarketEventKind::kTrade) {
    OnTrade(event);
  } else if (event.kind == MarketEventKind::kClear) {
    changed_ |= kBids | kAsks;
    for (const Side side : {Side::kBid, Side::kAsk}) {
      if (event.side == Opposite(side)) continue;
      for (Walls& walls : walls_[SideIndex(side)]) walls.OnCleared();
      side_flows_[SideIndex(side)].OnCleared();
      for (FlashWallDetector& flash : flash_walls_[SideIndex(side)]) flash.OnCleared();
    }
  } else if (event.kind == MarketEventKind::kVenueVwap) {
    OnVenueVwap(event);
  }
  if (event.kind == MarketEventKind::kTop || book_.by_position())
    changed_ |= kBids | kAsks;  // quotes beside a deep book
  book_.Apply(event, [&](const book::LevelChange& change) {
    const size_t side = SideIndex(change.side);
    const int64_t best = side == 0 ? top_.bid : top_.ask;
    const bool causes = carried_.causes;
    changed_ |= side == 0 ? kBids : kAsks;
    for (Walls& walls : walls_[side]) walls.OnLevelChange(event.event_time, change, causes);
    for (Replenishment& flow : replenishments_[side]) flow.OnLevelChange(event.event_time, change, best, causes);
    for (FlashWallDetector& flash : flash_walls_[side]) flash.OnLevelChange(event.event_time, change, causes);
    for (ReloadDetector& reload : reloads_[side]) reload.OnLevelChange(event.event_time, change, causes);
    side_flows_[side].OnChange(event.event_time, change, book_.levels().side(change.side), best, causes);
  });
}

inline void SymbolMetrics::ReviewWalls(Time now, Side side, const book::BookSide& levels) {
  for (FlashWallDetector& flash : flash_walls_[SideIndex(side)]) flash.OnRowEnd(now, levels, carried_.causes);
  std::vector<Walls>& walls = walls_[SideIndex(side)];
  Walls::Found found;
  for (size_t i = 0; i < walls.size(); ++i) {
    if (i == 0 || !walls[i].SearchesLike(walls[i - 1])) walls[i].Search(levels, found);
    walls[i].OnRowEnd(now, levels, found, carried_.causes);
  }
}

inline void SymbolMetrics::EndOfRow(Time now) {
  for (SideFlows& flows : side_flows_) flows.Advance(now);
  if (changed_ != 0) {
    const TopOfBook top = TopOfBook::Of(book_);
    if (top != top_) OnTopChanged(now, top);
    if ((changed_ & kBids) != 0) ReviewWalls(now, Side::kBid, book_.levels().bids());
    if ((changed_ & kAsks) != 0) ReviewWalls(now, Side::kAsk, book_.levels().asks());
    for (LiquidityCollapse& collapse : collapses_) collapse.OnRowEnd(now, DeepTop(), book_.levels());
    if (!printed_) {
      for (TapeStallDetector& stall : stalls_) stall.OnQuotes();
    }
    changed_ = 0;
  }
  printed_ = false;
  if (session_trades_) {
    session_trades_ = false;
    for (VwapReclaim& reclaim : reclaims_) {
      const SessionVwap& line = LineOf(reclaim.spec());
      if (!line.empty()) reclaim.OnRowEnd(now, *last_price_, line);
    }
  }
}

inline FeatureValue SymbolMetrics::Value(const FeatureSlot& slot, Time now) {
  const FeatureSpec& spec = slot.spec;
  if (const NotReady reason = not_carried_[slot.position]; reason != NotReady::kReady) return Unready(reason);
  if (top_.top_only && !NeedsNoDepth(spec.kind)) return Unready(NotReady::kBookInvalid);
  switch (spec.kind) {
    case FeatureKind::kSpreadChange:
      return spread_changes_[slot.index].Value(now, top_);
    case FeatureKind::kSpreadBelowFor:
      return spreads_below_[slot.index].Value(now, top_);
    case FeatureKind::kTapeVelocity:
      return velocities_[slot.index].Value(now);
    case FeatureKind::kTradedVolume:
      return volumes_[slot.index].Value(now);
    case FeatureKind::kVwap:
    case FeatureKind::kVwapReclaim:
    case FeatureKind::kVwapDistance:
      return VwapValue(slot, now);
    case FeatureKind::kTapeAcceleration:
      return accelerations_[slot.index].Value(now);
    case FeatureKind::kBuyVelocity:
      return taking_[SideIndex(SideOf(spec))][slot.index].Value(now);
    case FeatureKind::kTapeFreeze:
      if (!last_price_) return Unready(NotReady::kNoTrades);
      return Ready(quotes_moved_ ? Seconds(now - last_trade_time_) : 0);
    case FeatureKind::kBookValidFor:
      return valid_since_ ? Ready(Seconds(now - *valid_since_)) : Unready(ReasonOf(top_.condition));
    case FeatureKind::kAskWallDepletion: {
      if (!top_.valid()) return Unready(ReasonOf(top_.condition));
      const std::optional<double> depletion = WallsOf(slot).Depletion();
      return depletion ? Ready(*depletion) : Unready(NotReady::kNoWall);
    }
    case FeatureKind::kBidWallAge:
      return top_.valid() ? Ready(WallsOf(slot).Age(now)) : Unready(ReasonOf(top_.condition));
    case FeatureKind::kFakeWall:
      return top_.valid() ? Ready(WallsOf(slot).FakeActive(now) ? 1 : 0) : Unready(ReasonOf(top_.condition));
    case FeatureKind::kAskReplenishment:
      return ReplenishmentOf(slot).Value(now);
    case FeatureKind::kLiquidityCollapse:
      return collapses_[slot.index].Value(now, top_);
    case FeatureKind::kTapeStall:
      return last_price_ ? Ready(Seconds(now - last_trade_time_)) : Unready(NotReady::kNoTrades);
    case FeatureKind::kOrderFlowImbalance:
      return top_.valid() ? flows_[slot.index].Value(now) : Unready(ReasonOf(top_.condition));
    default:
      if (IsOfFlow(spec.kind)) {
        return FlowsOf(slot).Value(slot, now, ReadsContext(spec.kind) ? ContextOf(SideOf(spec)) : SideContext());
      }
      return BookValue(spec);
  }
}

inline bool SymbolMetrics::DetectorActive(const FeatureSlot& slot, size_t which, Time now) {
  switch (slot.spec.kind) {
    case FeatureKind::kFakeWall:
      return FlashWallOf(slot).Active(now);
    case FeatureKind::kAskReplenishment:
      return ReloadOf(slot).Active(now);
    case FeatureKind::kAskPassiveAbsorption: {
      PassiveAbsorption& passive = FlowsOf(slot).passive(slot);
      return passive.Taken(now) && passive.Active(now, ContextOf(SideOf(slot.spec)));
    }
    case FeatureKind::kAskRefills:
      return FlowsOf(slot).refills(slot).Active(now);
    case FeatureKind::kLiquidityCollapse:
      return which == 0 ? collapses_[slot.index].Active(now)
                        : collapses_[slot.index].BlowOutActive(now, InSession(now));
    case FeatureKind::kTapeStall:
      return stalls_[slot.index].Active(now, InSession(now));
    default:
      return false;
  }
}

inline bool SymbolMetrics::FeatureHolds(const FeatureSlot& slot, Time now) {
  if (slot.spec.kind == FeatureKind::kFakeWall) return WallsOf(slot).FakeActive(now);
  if (slot.spec.kind == FeatureKind::kAskReplenishment) return ReplenishmentOf(slot).Active(now);
  return false;
}

// spillway::Compare, without a call: it runs for every rule at every end of an event.
inline bool Satisfied(double value, const TriggerRule& rule) {
  switch (rule.comparison) {
    case Comparison::kLessEqual:
      return value <= rule.limit;
    case Comparison::kGreaterEqual:
      return value >= rule.limit;
    case Comparison::kIsTrue:
      return value != 0;
    default:
      return Compare(value, rule.comparison, rule.limit);
  }
}

// What a rule adds for a ready value (services/scoring/rubric.h).
inline double PointsFor(double value, const TriggerRule& rule) {
  if (!rule.graded) return Satisfied(value, rule) ? rule.points : 0;
  return rule.points * std::clamp((value - rule.start) / (rule.limit - rule.start), 0.0, 1.0);
}

inline bool SymbolMetrics::Above(const StrategyTrigger& trigger, const FeatureSet& set, Time now) {
  constexpr double kNear = 2e-9;  // nearer to the threshold the score's own arithmetic decides
  double sum = trigger.base;
  for (const TriggerRule& rule : trigger.rules) {
    if (sum + rule.rest_max + kNear < trigger.threshold) return false;
    if (sum + rule.rest_min - kNear >= trigger.threshold) return true;
    const FeatureValue value = Value(set.slots[rule.slot], now);
    if (value.ready()) sum += PointsFor(value.value, rule);
  }
  if (sum + kNear < trigger.threshold) return false;
  return sum - kNear >= trigger.threshold || Score(trigger, set, now) >= trigger.threshold;
}

template <class Archive>
void SymbolMetrics::Persist(Archive& a) {
  a(feed, dirty, live, first_quote_sent, detectors_seen, extremes, sent, above, reported);
  a(book_, top_, changed_, session_trades_, started_, exchange_day_, feed_carried_, subscribed_, carried_);
  a(not_carried_, trading_status_, sampled_);
  a(last_price_, last_trade_time_, vwap_, venue_vwap_, session_, utc_day_, volume_start_, day_volume_, trade_log_,
    minute_spreads_);
  a(volume_profile_.sessions, volume_profile_.first_minute, volume_profile_.cumulative);
  a(spread_changes_, spreads_below_, velocities_, reclaims_, collapses_, stalls_, flows_);
  a(walls_, replenishments_, wall_ages_, fake_walls_, taking_, accelerations_, volumes_, side_flows_);
  a(flash_walls_, reloads_, printed_, quotes_moved_, valid_since_, tick_, lot_);
  uint64_t bands = tick_bands_.size();
  a(bands);
  if constexpr (Archive::kReading) tick_bands_.resize(std::min<uint64_t>(bands, 1 << 10));
  for (TickBand& band : tick_bands_) a(band.from_price, band.tick);
}

}  // namespace spillway::metrics
