#include "services/metrics/metrics_processor.h"

#include <algorithm>

namespace spillway::metrics {
namespace {

// The highest instrument id that is taken at its word; ids are dense, so a higher one is damage.
constexpr InstrumentId kInstrumentMax = 1'000'000;

// Detectors of a symbol are looked at behind the first row of each such stretch of event time, and at boundaries:
// nobody acts faster, and looking behind every row of a burst costs more than all features.
constexpr Duration kDetectorGrid = std::chrono::milliseconds(50);

}  // namespace

MetricsProcessor::MetricsProcessor() {
  snapshot_event_.body = FeatureSnapshot();
  detector_event_.body = DetectorFired();
  tick_event_.body = ClockTick();
  inputs_event_.body = UniverseInputs();
  status_event_.body = FeedStatus();
}
MetricsProcessor::~MetricsProcessor() = default;

void MetricsProcessor::Process(const Event& event, runtime::EventSink& out) {
  if (const MarketBatch* batch = std::get_if<MarketBatch>(&event.body)) {
    OnBatch(*batch, out);
  } else if (!std::holds_alternative<ProcessorVersion>(event.body)) {
    OnOther(event, out);
  }
}

void MetricsProcessor::OnBatch(const MarketBatch& batch, runtime::EventSink& out) {
  Feed& feed = FeedOf(batch.feed);
  for (const MarketEvent& event : batch.events) {
    const Time now = event.event_time;
    if (now >= next_due_ || event.kind == MarketEventKind::kTick) {
      output_.SetCause({batch.feed, batch.epoch, event.position}, event.ingest_time);
      Advance(now, out);
      if (event.kind == MarketEventKind::kTick) {
        OnTick(event, out);
        continue;
      }
    }
    if (now > now_) now_ = now;
    if (event.instrument == 0 || event.instrument > kInstrumentMax) {
      ++events_without_instrument_;
      continue;
    }
    SymbolMetrics& symbol = SymbolOf(event.instrument);
    if (symbol.feed != batch.feed || !symbol.started()) {
      symbol.feed = batch.feed;
      symbol.SetCarried(feed.carried, set_, now);
      if (feed.stale) symbol.SetStale(true);
      if (!symbol.started()) symbol.Start(set_, now);
    }
    if (feed.receive_times && event.row_start()) feed.lag.OnEvent(now, event.ingest_time);
    symbol.CatchUp(grid_);
    symbol.Apply(event);
    if (event.end_of_event()) {
      output_.SetCause({batch.feed, batch.epoch, event.position}, event.ingest_time);
      OnRowEnd(symbol, event.instrument, now, out);
    }
  }
}

void MetricsProcessor::OnRowEnd(SymbolMetrics& symbol, InstrumentId instrument, Time now, runtime::EventSink& out) {
  symbol.EndOfRow(now);
  symbol.dirty = symbol.live = true;
  triggered_.clear();
  if (!set_.detectors.empty()) {
    symbol.Advance(now);
    const int64_t cell = ToNanos(now) / kDetectorGrid.count();
    if (cell != symbol.detectors_seen) EmitDetectors(symbol, instrument, now, out);
    symbol.detectors_seen = cell;
  }
  Trigger(symbol, now);
  if (!triggered_.empty()) EmitTriggeredSnapshot(symbol, instrument, now, OutputKind::kTriggeredSnapshot, out);
  if (!symbol.first_quote_sent && symbol.top().two_sided()) {
    symbol.first_quote_sent = true;
    EmitUniverseInputs(symbol, instrument, now, "first_quote", true, out);
  }
}

void MetricsProcessor::OnTick(const MarketEvent& tick, runtime::EventSink& out) {
  output_.Emit(tick_event_, OutputKind::kTick, tick.event_time, 0, out);
  RunFeedLag(tick.event_time, out);
}

void MetricsProcessor::OnOther(const Event& event, runtime::EventSink& out) {
  const EventHeader& header = event.header;
  output_.SetCause(header);
  // These happen in the market, so lane time reaches them first; definitions and configuration carry times of their
  // own.
  const bool timed = !std::holds_alternative<InstrumentDefinition>(event.body) &&
                     !std::holds_alternative<FeedCapabilities>(event.body) &&
                     !std::holds_alternative<UniverseChanged>(event.body) &&
                     !std::holds_alternative<SubscriptionChanged>(event.body) &&
                     !std::holds_alternative<ConfigurationVersion>(event.body);
  if (timed && next_boundary_ != Time()) Advance(header.event_time, out);
  out.Emit(event);
  std::visit(
      Overloaded{
          [&](const InstrumentDefinition& definition) {
            if (definition.id == 0 || definition.id > kInstrumentMax) return;
            SymbolOf(definition.id).OnDefinition(definition);
          },
          [&](const FeedCapabilities& capabilities) { OnCapabilities(capabilities); },
          [&](const SessionState& state) { OnSession(header, state); },
          [&](const FeedStatus& status) { OnFeedStatus(header, status, out); },
          [&](const FeedGap& gap) { OnFeedGap(header, gap, out); },
          [&](const HaltChanged& halt) { OnHalt(header, halt, out); },
          [&](const TradeBust&) { OnTradeFix(event, out); }, [&](const TradeCorrection&) { OnTradeFix(event, out); },
          [&](const ConfigurationVersion& version) {
            pending_.Add(header, version);
            TakeDueConfigurations(std::max(now_, header.event_time), out);
          },
          [&](const SubscriptionChanged& changed) {
            for (const Subscription& subscription : changed.subscriptions) {
              if (subscription.instrument == 0 || subscription.instrument > kInstrumentMax) continue;
              subscriptions_.push_back({.instrument = subscription.instrument,
                                        .effective_time = changed.effective_time,
                                        .subscribed = {changed.feed, subscription.line, subscription.depth}});
            }
            TakeDueSubscriptions(std::max(now_, header.event_time));
            FindNextDue();
          },
          [&](const ClockTick&) { RunFeedLag(header.event_time, out); },
          [](const auto&) {},  // passed on, no matter of ours
      },
      event.body);
}

void MetricsProcessor::OnHalt(const EventHeader& header, const HaltChanged& halt, runtime::EventSink& out) {
  InstrumentId last = header.instrument;
  for (InstrumentId id = 1; header.instrument == 0 && id < symbols_.size(); ++id) {
    if (symbols_[id]) last = id;
  }
  if (last == 0 || last > kInstrumentMax) return;
  for (InstrumentId id = header.instrument == 0 ? 1 : last; id <= last; ++id) {
    if (header.instrument == 0 && !symbols_[id]) continue;
    SymbolMetrics& symbol = SymbolOf(id);
    symbol.SetTradingStatus(halt.status);
    EmitUniverseInputs(symbol, id, header.event_time, "halt", id == last, out);
  }
}

void MetricsProcessor::OnFeedStatus(const EventHeader& header, const FeedStatus& status, runtime::EventSink& out) {
  if (status.state == FeedState::kLagging || status.state == FeedState::kUnknown) return;
  const bool stale = status.state != FeedState::kUp;
  if (header.instrument == 0) FeedOf(status.feed).stale = stale;
  for (InstrumentId id = 1; id < symbols_.size(); ++id) {
    if (!symbols_[id] || !symbols_[id]->started()) continue;
    if (header.instrument != 0 ? id != header.instrument : symbols_[id]->feed != status.feed) continue;
    symbols_[id]->CatchUp(grid_);
    symbols_[id]->SetStale(stale);
    OnRowEnd(*symbols_[id], id, header.event_time, out);
  }
}

void MetricsProcessor::OnFeedGap(const EventHeader& header, const FeedGap& gap, runtime::EventSink& out) {
  for (InstrumentId id = 1; id < symbols_.size(); ++id) {
    if (!symbols_[id] || !symbols_[id]->started()) continue;
    if (header.instrument != 0 ? id != header.instrument : symbols_[id]->feed != gap.feed) continue;
    symbols_[id]->CatchUp(grid_);
    symbols_[id]->OnGap();
    OnRowEnd(*symbols_[id], id, header.event_time, out);
  }
}

void MetricsProcessor::OnCapabilities(const FeedCapabilities& capabilities) {
  Feed& feed = FeedOf(capabilities.feed);
  feed.carried = Carried::Of(capabilities);
  feed.receive_times = capabilities.receive_times;
  for (const auto& symbol : symbols_) {
    if (symbol && symbol->feed == capabilities.feed) symbol->SetCarried(feed.carried, set_, now_);
  }
}

void MetricsProcessor::OnSession(const EventHeader& header, const SessionState& state) {
  if (header.instrument != 0) {
    if (header.instrument <= kInstrumentMax) SymbolOf(header.instrument).OnSession(state);
    return;
  }
  session_.assign(1, state);
  for (const auto& symbol : symbols_) {
    if (symbol) symbol->OnSession(state);
  }
}

void MetricsProcessor::OnTradeFix(const Event& event, runtime::EventSink& out) {
  const InstrumentId id = event.header.instrument;
  if (id == 0 || id >= symbols_.size() || !symbols_[id] || !symbols_[id]->started()) return;
  SymbolMetrics& symbol = *symbols_[id];
  symbol.CatchUp(grid_);
  const Time now = event.header.event_time;
  if (const TradeBust* bust = std::get_if<TradeBust>(&event.body)) {
    symbol.OnBust(now, bust->trade_id);
  } else if (const TradeCorrection* correction = std::get_if<TradeCorrection>(&event.body)) {
    symbol.OnCorrection(now, correction->trade_id, correction->price, correction->quantity);
  }
  OnRowEnd(symbol, id, now, out);
}

void MetricsProcessor::TakeDueSubscriptions(Time now) {
  for (size_t i = 0; i < subscriptions_.size();) {
    if (subscriptions_[i].effective_time > now) {
      ++i;
      continue;
    }
    const PendingSubscription due = subscriptions_[i];
    subscriptions_.erase(subscriptions_.begin() + static_cast<std::ptrdiff_t>(i));
    SymbolMetrics& symbol = SymbolOf(due.instrument);
    symbol.CatchUp(grid_);
    symbol.SetSubscribed(due.subscribed);
    if (symbol.started()) symbol.SetCarried(FeedOf(symbol.feed).carried, set_, now);
    symbol.live = symbol.live || symbol.started();
  }
}

void MetricsProcessor::TakeDueConfigurations(Time now, runtime::EventSink& out) {
  bool changed = false;
  pending_.TakeDue(now, [&](const profile::PendingConfiguration& version) {
    changed |= version.mode == InstanceMode::kRetired ? instances_.Retire(version.instance)
                                                      : instances_.Set(version.instance, version.document);
  });
  if (changed) Reconfigure(now, out);
}

void MetricsProcessor::Reconfigure(Time now, runtime::EventSink& out) {
  const FeatureSet old_set = set_;
  const std::vector<StrategyTrigger> old_triggers = triggers_;
  FeatureSet next = instances_.Union(set_.version + 1);
  const bool same = std::ranges::equal(next.slots, set_.slots, {}, &FeatureSlot::spec, &FeatureSlot::spec);
  if (!same || set_.version == 0) set_ = std::move(next);
  triggers_ = instances_.Triggers(set_);
  refresh_ = instances_.UniverseRefresh();
  if (next_boundary_ != Time()) next_refresh_ = FloorTo(now_, refresh_) + refresh_;

  for (const auto& symbol : symbols_) {
    if (!symbol || !symbol->started()) continue;
    symbol->CatchUp(grid_);
    symbol->Configure(set_, now);
    symbol->live = true;
    std::vector<uint8_t> above(triggers_.size());
    for (size_t i = 0; i < triggers_.size(); ++i) {
      for (size_t j = 0; j < old_triggers.size() && j < symbol->above.size(); ++j) {
        const bool same_trigger = old_triggers[j].id == triggers_[i].id && old_triggers[j].side == triggers_[i].side;
        if (same_trigger) above[i] = symbol->above[j];
      }
    }
    symbol->above = std::move(above);
    std::vector<uint8_t> reported(set_.slots.size());
    for (size_t i = 0; i < set_.slots.size(); ++i) {
      for (size_t j = 0; j < old_set.slots.size() && j < symbol->reported.size(); ++j) {
        if (old_set.slots[j].spec == set_.slots[i].spec) reported[i] = symbol->reported[j];
      }
    }
    symbol->reported = std::move(reported);
  }
  if (set_.version == old_set.version) return;
  Event event;
  FeatureSetDefined defined{.version = set_.version, .specs = {}};
  for (const FeatureSlot& slot : set_.slots) defined.specs.push_back(slot.spec);
  event.body = std::move(defined);
  output_.Emit(event, OutputKind::kFeatureSet, now, 0, out);
}

// Behind a gap two boundaries are due: the one after the last event shows it, the last one shows what time did since.
void MetricsProcessor::AdvanceTo(Time now, runtime::EventSink& out) {
  const bool first = next_boundary_ == Time();
  const Time last_boundary = FloorTo(now, SymbolMetrics::kGrid);
  if (!first && now >= next_boundary_) {
    grid_ = GridOf(next_boundary_);
    EmitBoundary(next_boundary_, OutputKind::kBoundarySnapshot, out);
  }
  if (first || now >= next_boundary_) grid_ = GridOf(now);
  if (!first && now >= next_refresh_) EmitUniverseRefresh(FloorTo(now, refresh_), out);
  if (!first && last_boundary > next_boundary_) EmitBoundary(last_boundary, OutputKind::kBoundaryBehindGap, out);
  now_ = std::max(now_, now);
  next_boundary_ = FloorTo(now, SymbolMetrics::kGrid) + SymbolMetrics::kGrid;
  next_refresh_ = FloorTo(now, refresh_) + refresh_;
  TakeDueConfigurations(now, out);
  TakeDueSubscriptions(now);
  FindNextDue();
}

void MetricsProcessor::FindNextDue() {
  if (next_boundary_ == Time()) return;  // the first event is always due
  next_due_ = std::min({next_boundary_, next_refresh_, pending_.NextDue()});
  for (const PendingSubscription& waiting : subscriptions_) next_due_ = std::min(next_due_, waiting.effective_time);
}

void MetricsProcessor::RunFeedLag(Time now, runtime::EventSink& out) {
  for (auto& [number, feed] : feeds_) {
    if (!feed.receive_times || !feed.lag.Evaluate(now)) continue;
    auto& status = std::get<FeedStatus>(status_event_.body);
    status.feed = number;
    status.state = feed.lag.lagging() ? FeedState::kLagging : FeedState::kUp;
    status.lag = feed.lag.percentile();
    status.reason = "lag_p95";
    output_.Emit(status_event_, OutputKind::kFeedStatus, now, 0, out);
    detector_event_.body = DetectorFired{.detector = DetectorKind::kFeedLag,
                                         .active = feed.lag.lagging(),
                                         .side = Side::kNone,
                                         .price = std::nullopt,
                                         .seen = Seconds(feed.lag.percentile()),
                                         .limit = Seconds(feed.lag.lagging() ? FeedLag::kLagMax : FeedLag::kRecovered)};
    output_.Emit(detector_event_, DetectorOutput(std::get<DetectorFired>(detector_event_.body)), now, 0, out);
  }
}

SymbolMetrics& MetricsProcessor::SymbolOf(InstrumentId instrument) {
  if (instrument >= symbols_.size()) symbols_.resize(instrument + 1);
  std::unique_ptr<SymbolMetrics>& symbol = symbols_[instrument];
  if (!symbol) {
    symbol = std::make_unique<SymbolMetrics>();
    if (!session_.empty()) symbol->OnSession(session_.front());
  }
  return *symbol;
}

MetricsProcessor::Feed& MetricsProcessor::FeedOf(uint32_t feed) {
  return feeds_[feed];
}

template <class Archive>
void MetricsProcessor::PersistAll(Archive& a) {
  a(instances_, pending_, subscriptions_, set_.version, feeds_, now_, grid_, next_boundary_, next_refresh_, next_due_,
    refresh_);
  a(events_without_instrument_, output_);
  uint64_t sessions = session_.size();
  a(sessions);
  if constexpr (Archive::kReading) session_.assign(std::min<uint64_t>(sessions, 1), SessionState());
  for (SessionState& session : session_)
    a(session.trading_day, session.phase, session.regular_open, session.regular_close);
  uint64_t size = symbols_.size();
  a(size);
  if constexpr (Archive::kReading) {
    symbols_.clear();
    symbols_.resize(std::min<uint64_t>(size, kInstrumentMax + 1));
  }
  for (std::unique_ptr<SymbolMetrics>& symbol : symbols_) {
    bool present = symbol != nullptr;
    a(present);
    if (!present) continue;
    if constexpr (Archive::kReading) symbol = std::make_unique<SymbolMetrics>();
    a(*symbol);
  }
}

void MetricsProcessor::Save(runtime::StateWriter& state) const {
  const_cast<MetricsProcessor*>(this)->PersistAll(state);  // only reads when given a writer
}

absl::Status MetricsProcessor::Restore(runtime::StateReader& state) {
  PersistAll(state);
  // The set is made again from the instances' documents: it is theirs.
  set_ = instances_.Union(set_.version);
  triggers_ = instances_.Triggers(set_);
  return state.failed() ? absl::DataLossError("metrics: the saved state ends early or is damaged") : absl::OkStatus();
}

}  // namespace spillway::metrics
