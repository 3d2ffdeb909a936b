// The whole product in one process: the same processors as the distributed services, over any EventLog.
//
//   market.0 --> metrics --> features.0 --> scoring --> trading <--> risk, oms, notifier
//      ^                        |                          |
//      +------- universe <------+                          +--> journal, simulated venue (merged with market.0)
//
// One step is one tick window of the market lane, or the part of it that one message holds. Within a step metrics,
// scoring and universe stream; what risk, oms, venue, notifier and journal emit follows as groups of its own, in that
// order, until nobody has anything to add. So every lane has one order, the same in every run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"
#include "libs/runtime/event_queue.h"
#include "libs/runtime/lane_filter.h"
#include "libs/runtime/lane_output.h"
#include "libs/runtime/processor.h"

namespace spillway::runtime {

struct PipelineProcessors {
  std::unique_ptr<Processor> metrics;
  std::unique_ptr<Processor> universe;  // nullptr: its decisions are on the market lane already
  std::unique_ptr<Processor> scoring;
  std::unique_ptr<Processor> risk;
  std::unique_ptr<Processor> notifier;
  std::unique_ptr<Processor> journal;
  std::unique_ptr<Processor> oms = nullptr;    // nullptr: nothing becomes an order
  std::unique_ptr<Processor> venue = nullptr;  // nullptr: nobody works orders
};

// Where each lane is written; nullptr: it is not recorded. They outlive the pipeline.
struct PipelineWriters {
  log::LaneWriter* market = nullptr;
  log::LaneWriter* features = nullptr;
  log::LaneWriter* trading = nullptr;
};

class EmbeddedPipeline {
 public:
  using Observer = std::function<void(const Event&)>;

  EmbeddedPipeline(PipelineProcessors processors, PipelineWriters writers);
  ~EmbeddedPipeline();

  // Called for every event that reaches the trading lane (side effects: channels) or the features lane.
  void ObserveTrading(Observer observer) { trading_observer_ = std::move(observer); }
  void ObserveFeatures(Observer observer) { features_observer_ = std::move(observer); }

  // An event of the gateway's on the market lane (configuration versions).
  absl::Status Configure(const Event& event);
  // One message of the recorded market lane. With a universe of its own the pipeline takes ingest's alone; without one
  // it takes them as they were recorded, whoever wrote them. What cannot be read is left out and counted.
  absl::Status OnMarketMessage(const log::LaneMessage& message);
  // The end of the lane: the last window is closed.
  absl::Status Finish();

  uint64_t bad_messages() const { return bad_messages_; }
  uint64_t market_events() const { return market_events_; }
  uint64_t market_rows() const { return market_rows_; }

 private:
  struct TradingReader;
  class FeaturesSink;
  class ScoringSink;
  class QueueSink;

  absl::Status StepBatch(const EventHeader& header, const MarketBatch& batch);
  absl::Status Step(const Event& market_event);
  absl::Status DrainReaders();
  absl::Status CloseJournalWindow();
  absl::Status DeliverUniverse();
  void ToTradingReaders(const Event& event);
  LaneOutput& MarketOutput(Producer producer);

  PipelineProcessors processors_;
  std::vector<std::unique_ptr<TradingReader>>
      trading_readers_;  // risk, oms, venue, notifier, journal: the order of their groups
  TradingReader* journal_ = nullptr;
  TradingReader* venue_ = nullptr;
  EventQueue journal_window_;  // the trading events of the open tick window
  EventQueue universe_queue_;

  GroupDecoder decoder_;
  LaneFilter filter_;
  Lane market_lane_, features_lane_, trading_lane_;
  LaneOutput ingest_out_, gateway_out_, universe_out_;
  LaneOutput features_out_;
  LaneOutput scoring_out_;
  Observer trading_observer_, features_observer_;

  // Of the batch being stepped: events already on the recorded lane, because an output had to be written in between.
  size_t batch_written_ = 0;
  uint64_t rows_uncommitted_ = 0;
  uint64_t market_events_ = 0;
  uint64_t market_rows_ = 0;
  uint64_t bad_messages_ = 0;
};

}  // namespace spillway::runtime
