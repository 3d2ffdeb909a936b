// Heads the outputs of metrics: each names the input it follows from, and what it is of that input. Neither a batch nor
// a lane enters, nor what else the input made metrics say: re-cutting batches changes no id, and what one strategy
// instance sees has the same ids whether or not others run.
#pragma once

#include <algorithm>
#include <vector>

#include "libs/runtime/processor.h"

namespace spillway::metrics {

// What an output is of its cause. A detector's has its DetectorKind and whether it became active added.
enum class OutputKind : uint32_t {
  kFeatureSet = 1,
  kFeedStatus = 2,
  kUniverseRefresh = 3,
  kUniverseAtOnce = 4,
  kBoundarySnapshot = 5,
  kTriggeredSnapshot = 6,
  kBoundaryBehindGap = 7,
  kBoundaryBehindTick = 8,  // a row's own, where the tick before it (which names the row too) has told one
  kTick = 9,                // not 0: what ingest itself says behind the row is numbered from there
  kDetector = 64,
};

OutputKind DetectorOutput(const DetectorFired& fired);

class Output {
 public:
  // What follows is caused by this market event, or by this other event.
  void SetCause(const SourcePosition& market, Time ingest_time) {
    if (market != market_ || event_) {
      market_ = market;
      event_ = EventId();
      said_.clear();
      ticked_ = false;
    }
    ingest_time_ = ingest_time;
  }
  void SetCause(const EventHeader& header) {
    const EventId id = header.id();
    if (id != event_) {
      market_ = SourcePosition();
      event_ = id;
      said_.clear();
      ticked_ = false;
    }
    ingest_time_ = header.ingest_time;
  }

  // Fills in the header and emits.
  void Emit(Event& event, OutputKind kind, Time time, InstrumentId instrument, runtime::EventSink& out) {
    if (kind == OutputKind::kTick) ticked_ = true;
    if (kind == OutputKind::kBoundarySnapshot && ticked_) kind = OutputKind::kBoundaryBehindTick;
    event.header.producer = kind == OutputKind::kTick ? Producer::kIngest : Producer::kMetrics;
    event.header.event_time = time;
    event.header.ingest_time = ingest_time_;
    event.header.instrument = instrument;
    event.header.cause.market = market_;
    event.header.cause.event = event_;
    event.header.cause.ordinal = Ordinal(kind, instrument);
    out.Emit(event);
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(market_.feed, market_.epoch, market_.position, event_.high, event_.low, ingest_time_, said_, ticked_);
  }

 private:
  static constexpr uint32_t kInstrumentBits = 20;
  static constexpr uint32_t kRepeatBits = 3;

  // A row whose feed ends several events within it can say the same kind of thing of a symbol more than once.
  uint32_t Ordinal(OutputKind kind, InstrumentId instrument) {
    const uint32_t name = static_cast<uint32_t>(kind) << kInstrumentBits | instrument;
    const bool once = kind == OutputKind::kBoundarySnapshot || kind == OutputKind::kBoundaryBehindGap ||
                      kind == OutputKind::kBoundaryBehindTick || kind == OutputKind::kUniverseRefresh;
    if (once) return name << kRepeatBits;
    const auto repeats = static_cast<uint32_t>(std::ranges::count(said_, name));
    said_.push_back(name);
    return (name << kRepeatBits) + repeats;
  }

  SourcePosition market_;
  EventId event_;
  Time ingest_time_;
  std::vector<uint32_t> said_;  // of this cause, where a kind can come again
  bool ticked_ = false;         // its tick was told
};

}  // namespace spillway::metrics
