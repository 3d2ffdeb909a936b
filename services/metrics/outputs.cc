// What metrics says: snapshots, detectors, inputs of the universe.
#include <algorithm>

#include "services/metrics/metrics_processor.h"

namespace spillway::metrics {
namespace {

constexpr uint8_t kFeatureHolds = 0x80;  // in SymbolMetrics::reported, beside the bits of the detectors

void SetBit(uint8_t& bits, unsigned bit, bool on) {
  bits = static_cast<uint8_t>(on ? bits | bit : bits & ~bit);
}

}  // namespace

OutputKind DetectorOutput(const DetectorFired& fired) {
  return static_cast<OutputKind>(static_cast<uint32_t>(OutputKind::kDetector) +
                                 2 * static_cast<uint32_t>(fired.detector) + (fired.active ? 1 : 0));
}

void MetricsProcessor::EmitBoundary(Time boundary, OutputKind kind, runtime::EventSink& out) {
  for (InstrumentId id = 1; id < symbols_.size(); ++id) {
    SymbolMetrics* symbol = symbols_[id].get();
    if (symbol == nullptr || !symbol->live || !symbol->started()) continue;
    symbol->CatchUp(grid_);
    symbol->Advance(boundary);
    // What the boundary shows to everybody triggers nobody.
    if (symbol->above.size() != triggers_.size()) symbol->above.resize(triggers_.size());
    for (size_t i = 0; i < triggers_.size(); ++i) symbol->above[i] = symbol->Above(triggers_[i], set_, boundary);
    // What time alone decides is told here too. No snapshot at once for it: the boundary's own says it to everybody.
    if (!set_.detectors.empty()) {
      triggered_.clear();
      EmitDetectors(*symbol, id, boundary, out);
    }
    EmitBoundarySnapshot(*symbol, id, boundary, kind, out);
    symbol->dirty = false;
    symbol->live = !symbol->Settled(set_, boundary);
  }
}

// A boundary that shows nothing new since the last one is silent.
void MetricsProcessor::EmitBoundarySnapshot(SymbolMetrics& symbol, InstrumentId instrument, Time boundary,
                                            OutputKind kind, runtime::EventSink& out) {
  auto& snapshot = std::get<FeatureSnapshot>(snapshot_event_.body);
  FillSnapshot(symbol, boundary, snapshot);
  if (!Changed(symbol, snapshot)) return;
  snapshot.boundary = true;
  snapshot.triggered.clear();
  output_.Emit(snapshot_event_, kind, boundary, instrument, out);
  symbol.extremes = QuoteExtremes();
  symbol.extremes.See(symbol.top());
}

// At once, for the instances in triggered_. The boundaries go on as if it had not been: nobody else sees a difference.
void MetricsProcessor::EmitTriggeredSnapshot(SymbolMetrics& symbol, InstrumentId instrument, Time now, OutputKind kind,
                                             runtime::EventSink& out) {
  auto& snapshot = std::get<FeatureSnapshot>(snapshot_event_.body);
  FillSnapshot(symbol, now, snapshot);
  snapshot.boundary = false;
  std::ranges::sort(triggered_);
  snapshot.triggered = triggered_;
  output_.Emit(snapshot_event_, kind, now, instrument, out);
}

void MetricsProcessor::FillSnapshot(SymbolMetrics& symbol, Time time, FeatureSnapshot& snapshot) {
  const TopOfBook& top = symbol.top();
  snapshot.feature_set = set_.version;
  snapshot.book = top.condition;
  snapshot.top_only = top.top_only;
  snapshot.quote = {.bid = Price::FromNanos(top.bid),
                    .ask = Price::FromNanos(top.ask),
                    .bid_size = Quantity::FromE8(top.bid_size),
                    .ask_size = Quantity::FromE8(top.ask_size)};
  const QuoteExtremes& extremes = symbol.extremes;
  const bool bids = extremes.bid_low <= extremes.bid_high;
  const bool asks = extremes.ask_low <= extremes.ask_high;
  snapshot.bid_low = bids ? Price::FromNanos(extremes.bid_low) : snapshot.quote.bid;
  snapshot.bid_high = bids ? Price::FromNanos(extremes.bid_high) : snapshot.quote.bid;
  snapshot.ask_low = asks ? Price::FromNanos(extremes.ask_low) : snapshot.quote.ask;
  snapshot.ask_high = asks ? Price::FromNanos(extremes.ask_high) : snapshot.quote.ask;
  snapshot.last_price = symbol.last_price();
  snapshot.values.resize(set_.slots.size());
  for (size_t i = 0; i < set_.slots.size(); ++i) snapshot.values[i] = symbol.Value(set_.slots[i], time);
}

// True if it differs from the symbol's last boundary snapshot, or the quotes moved and came back since. Of what only
// grows with time each full second counts.
bool MetricsProcessor::Changed(SymbolMetrics& symbol, const FeatureSnapshot& snapshot) {
  SentSnapshot& sent = symbol.sent;
  const TopOfBook& top = symbol.top();
  bool changed = snapshot.bid_low != snapshot.bid_high || snapshot.ask_low != snapshot.ask_high ||
                 sent.feature_set != set_.version || sent.top != top || sent.last_price != snapshot.last_price;
  for (size_t i = 0; i < set_.slots.size() && !changed; ++i) {
    changed = IsNews(set_.slots[i].spec.kind, sent.values[i], snapshot.values[i]);
  }
  if (!changed) return false;
  sent.feature_set = set_.version;
  sent.top = top;
  sent.last_price = snapshot.last_price;
  sent.values = snapshot.values;
  return true;
}

void MetricsProcessor::EmitDetectors(SymbolMetrics& symbol, InstrumentId instrument, Time now,
                                     runtime::EventSink& out) {
  if (symbol.reported.size() != set_.slots.size()) symbol.reported.resize(set_.slots.size());
  for (const DetectorSlot& detector : set_.detectors) {
    const FeatureSlot& slot = set_.slots[detector.slot];
    uint8_t& reported = symbol.reported[detector.slot];
    const uint8_t before = reported;
    SetBit(reported, 1U << detector.which, symbol.DetectorActive(slot, detector.which, now));
    const bool fires = reported != before;
    if (detector.which == 0) SetBit(reported, kFeatureHolds, symbol.FeatureHolds(slot, now));
    if (reported == before) continue;
    if (fires) {
      auto& fired = std::get<DetectorFired>(detector_event_.body);
      fired = symbol.DetectorReading(slot, detector.which, now);
      fired.active = (reported & (1U << detector.which)) != 0;
      output_.Emit(detector_event_, DetectorOutput(fired), now, instrument, out);
    }
    for (const StrategyTrigger& trigger : triggers_) {
      if (std::ranges::find(trigger.detectors, detector.slot) == trigger.detectors.end()) continue;
      if (std::ranges::find(triggered_, trigger.id) == triggered_.end()) triggered_.push_back(trigger.id);
    }
  }
}

void MetricsProcessor::Trigger(SymbolMetrics& symbol, Time now) {
  if (symbol.above.size() != triggers_.size()) symbol.above.resize(triggers_.size());
  for (size_t i = 0; i < triggers_.size(); ++i) {
    const uint32_t same = triggers_[i].same_as;
    const bool above = same < i ? symbol.above[same] != 0 : symbol.Above(triggers_[i], set_, now);
    if (above && symbol.above[i] == 0 && std::ranges::find(triggered_, triggers_[i].id) == triggered_.end()) {
      triggered_.push_back(triggers_[i].id);
    }
    symbol.above[i] = above ? 1 : 0;
  }
}

void MetricsProcessor::EmitUniverseRefresh(Time time, runtime::EventSink& out) {
  InstrumentId last = 0;
  for (InstrumentId id = 1; id < symbols_.size(); ++id) {
    if (symbols_[id]) last = id;
  }
  for (InstrumentId id = 1; id <= last; ++id) {
    if (!symbols_[id]) continue;
    symbols_[id]->CatchUp(grid_);
    EmitUniverseInputs(*symbols_[id], id, time, "refresh", id == last, out);
  }
}

void MetricsProcessor::EmitUniverseInputs(const SymbolMetrics& symbol, InstrumentId instrument, Time time,
                                          const char* cause, bool last, runtime::EventSink& out) {
  auto& inputs = std::get<UniverseInputs>(inputs_event_.body);
  symbol.FillUniverseInputs(time, inputs);
  const bool refresh = cause == std::string_view("refresh");
  inputs.cause = cause;
  inputs.last_of_refresh = last;
  output_.Emit(inputs_event_, refresh ? OutputKind::kUniverseRefresh : OutputKind::kUniverseAtOnce, time, instrument,
               out);
}

}  // namespace spillway::metrics
