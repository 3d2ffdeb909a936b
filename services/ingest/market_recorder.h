// From a source to the market lane: batches, clock ticks and session states. The same for an import, the simulator and
// a live feed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/runtime/lane_output.h"
#include "services/ingest/source.h"

namespace spillway::ingest {

struct RecorderOptions {
  // A batch is closed when it holds this many events. Big batches compress better; a live feed closes by time as well.
  size_t batch_events_max = 8192;
};

// Writes, in lane order: what the source reports, batches of its rows, a SessionState at every change of the exchange's
// session (equities), and a ClockTick before a non-row event that is the first past a 100 ms boundary (rows imply
// theirs).
class MarketRecorder final : public MarketSink {
 public:
  // The lane outlives the recorder.
  explicit MarketRecorder(runtime::Lane* lane, RecorderOptions options = {});

  absl::Status OnEvent(const Event& event) override;
  absl::Status OnRow(std::span<const MarketEvent> row) override;
  // Writes what is still held back. Called once, at the end.
  absl::Status Finish();

  uint64_t rows() const { return rows_; }
  uint64_t events() const { return events_; }
  const std::vector<InstrumentDefinition>& instruments() const { return instruments_; }

 private:
  absl::Status Write(Event event);
  absl::Status WriteBatch();
  absl::Status AdvanceSession(Time time);
  absl::Status TickBefore(Time time);

  runtime::LaneOutput out_;
  RecorderOptions options_;
  std::vector<MarketEvent> batch_;
  std::vector<InstrumentDefinition> instruments_;
  uint32_t feed_ = 1;
  uint32_t epoch_ = 1;
  Time lane_time_;       // of the last row or event written or held; the epoch: none yet
  Time batch_previous_;  // lane_time_ before the open batch
  uint64_t last_position_ = 0;
  uint32_t ordinal_ = 0;  // of the next non-row event since last_position_
  uint64_t rows_ = 0, batch_rows_ = 0, events_ = 0;
  bool has_equities_ = false;
  Time session_until_ = Time::min();  // the phase in force ends here
};

}  // namespace spillway::ingest
