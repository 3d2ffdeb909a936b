#include "libs/runtime/embedded_pipeline.h"

#include <utility>

#include "libs/base/check.h"

namespace spillway::runtime {

// One processor that reads the trading lane and writes to it.
struct EmbeddedPipeline::TradingReader {
  TradingReader(std::unique_ptr<Processor>* owner, Lane* lane)
      : processor(owner->get()), out(processor->producer(), lane) {}

  Processor* processor;
  EventQueue queue;  // what it emitted and nobody has seen yet
  LaneOutput out;
};

class EmbeddedPipeline::QueueSink final : public EventSink {
 public:
  explicit QueueSink(EventQueue& queue) : queue_(queue) {}
  void Emit(const Event& event) override { queue_.Push(event); }

 private:
  EventQueue& queue_;
};

class EmbeddedPipeline::ScoringSink final : public EventSink {
 public:
  explicit ScoringSink(EmbeddedPipeline& pipeline) : pipeline_(pipeline) {}
  void Emit(const Event& event) override {
    pipeline_.scoring_out_.Add(event);
    pipeline_.ToTradingReaders(event);
  }

 private:
  EmbeddedPipeline& pipeline_;
};

// Metrics' outputs go on to scoring and universe while metrics is still at work: both see the lane's order.
class EmbeddedPipeline::FeaturesSink final : public EventSink {
 public:
  explicit FeaturesSink(EmbeddedPipeline& pipeline) : pipeline_(pipeline) {}
  void Emit(const Event& event) override {
    pipeline_.features_out_.Add(event);
    if (pipeline_.features_observer_) pipeline_.features_observer_(event);
    ScoringSink scoring(pipeline_);
    pipeline_.processors_.scoring->Process(event, scoring);
    if (pipeline_.processors_.universe == nullptr || event.header.producer == Producer::kUniverse) return;  // own echo
    QueueSink universe(pipeline_.universe_queue_);
    pipeline_.processors_.universe->Process(event, universe);
  }

 private:
  EmbeddedPipeline& pipeline_;
};

EmbeddedPipeline::EmbeddedPipeline(PipelineProcessors processors, PipelineWriters writers)
    : processors_(std::move(processors)),
      market_lane_(writers.market),
      features_lane_(writers.features),
      trading_lane_(writers.trading),
      ingest_out_(Producer::kIngest, &market_lane_),
      gateway_out_(Producer::kGateway, &market_lane_),
      universe_out_(Producer::kUniverse, &market_lane_),
      features_out_(Producer::kMetrics, &features_lane_),
      scoring_out_(Producer::kScoring, &trading_lane_) {
  for (std::unique_ptr<Processor>* owner :
       {&processors_.risk, &processors_.oms, &processors_.venue, &processors_.notifier, &processors_.journal}) {
    if (*owner == nullptr) continue;
    trading_readers_.push_back(std::make_unique<TradingReader>(owner, &trading_lane_));
    if (owner == &processors_.venue) venue_ = trading_readers_.back().get();
  }
  journal_ = trading_readers_.back().get();
}

EmbeddedPipeline::~EmbeddedPipeline() = default;

absl::Status EmbeddedPipeline::Configure(const Event& event) {
  gateway_out_.Add(event);
  if (absl::Status status = gateway_out_.Commit(); !status.ok()) return status;
  return Step(event);
}

LaneOutput& EmbeddedPipeline::MarketOutput(Producer producer) {
  switch (producer) {
    case Producer::kGateway:
      return gateway_out_;
    case Producer::kUniverse:
      return universe_out_;
    default:
      return ingest_out_;
  }
}

absl::Status EmbeddedPipeline::OnMarketMessage(const log::LaneMessage& message) {
  absl::StatusOr<GroupView> group = GroupView::Open(message.bytes);
  if (!group.ok()) {
    ++bad_messages_;
    return absl::OkStatus();
  }
  static const std::string kMarketLane = "market.0";
  if (!filter_.Accept(kMarketLane, group->header())) return absl::OkStatus();
  LaneOutput& out = MarketOutput(group->header().producer);

  absl::Status status;
  std::string_view encoded, payload;
  while (status.ok() && group->Next(encoded, payload)) {
    const auto on_event = [&](const Event& event) {
      const auto* batch = std::get_if<MarketBatch>(&event.body);
      if (batch == nullptr) {
        out.AddEncoded(event.header.event_time, encoded);
        status = Step(event);
        if (status.ok()) status = DeliverUniverse();
        return;
      }
      const MarketBatch fresh = filter_.Trim(*batch);
      const bool whole = fresh.events.size() == batch->events.size();
      if (!fresh.events.empty()) status = StepBatch(event.header, fresh);
      if (!status.ok()) return;
      if (whole && batch_written_ == 0) {
        out.AddEncoded(event.header.event_time, encoded);
      } else if (batch_written_ < fresh.events.size()) {
        MarketBatch rest = fresh;
        rest.events = fresh.events.subspan(batch_written_);
        if (batch_written_ > 0) rest.previous_row_time = fresh.events[batch_written_ - 1].event_time;
        out.Add({event.header, rest});
      }
    };
    if (!decoder_.DecodeEvent(payload, group->header().producer, on_event).ok()) {
      ++bad_messages_;
      break;
    }
  }
  if (!status.ok()) return status;
  const uint64_t rows = std::exchange(rows_uncommitted_, 0);
  return out.Commit(rows);
}

// A batch goes through in parts, cut before each clock tick: what a window makes the services emit stands behind that
// window, not behind the batch.
absl::Status EmbeddedPipeline::StepBatch(const EventHeader& header, const MarketBatch& batch) {
  batch_written_ = 0;
  Event part{header, MarketBatch{}};
  auto& slice = std::get<MarketBatch>(part.body);
  slice = batch;
  size_t begin = 0;
  while (begin < batch.events.size()) {
    size_t end = begin + 1;
    while (end < batch.events.size() && batch.events[end].kind != MarketEventKind::kTick) ++end;
    slice.events = batch.events.subspan(begin, end - begin);
    slice.previous_row_time = begin == 0 ? batch.previous_row_time : batch.events[begin - 1].event_time;
    part.header.event_time = slice.events.front().event_time;
    part.header.ingest_time = slice.events.front().ingest_time;
    part.header.cause.market = {batch.feed, batch.epoch, slice.events.front().position};
    for (const MarketEvent& event : slice.events) rows_uncommitted_ += event.row_start() ? 1 : 0;
    if (absl::Status status = Step(part); !status.ok()) return status;
    if (!universe_queue_.empty()) {
      MarketBatch written = batch;
      written.events = batch.events.subspan(batch_written_, end - batch_written_);
      if (batch_written_ > 0) written.previous_row_time = batch.events[batch_written_ - 1].event_time;
      EventHeader written_header = header;
      written_header.event_time = written.events.front().event_time;
      ingest_out_.Add({written_header, written});
      batch_written_ = end;
      if (absl::Status status = DeliverUniverse(); !status.ok()) return status;
    }
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status EmbeddedPipeline::Step(const Event& market_event) {
  const auto* batch = std::get_if<MarketBatch>(&market_event.body);
  const bool opens_window = batch != nullptr ? batch->events.front().kind == MarketEventKind::kTick
                                             : std::holds_alternative<ClockTick>(market_event.body);
  if (opens_window) {
    if (absl::Status status = CloseJournalWindow(); !status.ok()) return status;
  }
  if (batch != nullptr) {
    market_events_ += batch->events.size();
    for (const MarketEvent& event : batch->events) market_rows_ += event.row_start() ? 1 : 0;
  }
  // A tick that stands on the market lane by itself follows, in the journal's merge, what scoring says of the time
  // before it, which is not said yet. The same tick comes with the trading window, at that place.
  if (!std::holds_alternative<ClockTick>(market_event.body)) {
    QueueSink journal(journal_->queue);
    journal_->processor->Process(market_event, journal);
    if (venue_ != nullptr) {  // it acts at ticks, so that it needs no window of its own
      QueueSink venue(venue_->queue);
      venue_->processor->Process(market_event, venue);
    }
  }
  FeaturesSink features(*this);
  processors_.metrics->Process(market_event, features);
  if (absl::Status status = features_out_.Commit(); !status.ok()) return status;
  if (absl::Status status = scoring_out_.Commit(); !status.ok()) return status;
  return DrainReaders();
}

void EmbeddedPipeline::ToTradingReaders(const Event& event) {
  if (trading_observer_) trading_observer_(event);
  for (const std::unique_ptr<TradingReader>& reader : trading_readers_) {
    if (event.header.producer == reader->processor->producer()) continue;  // its own echo
    if (reader.get() == journal_) {
      journal_window_.Push(event);
    } else {
      QueueSink queue(reader->queue);
      reader->processor->Process(event, queue);
    }
  }
}

absl::Status EmbeddedPipeline::DrainReaders() {
  bool any = true;
  while (any) {
    any = false;
    for (const std::unique_ptr<TradingReader>& reader : trading_readers_) {
      if (reader->queue.empty()) continue;
      any = true;
      reader->queue.Drain([&](const Event& event) {
        reader->out.Add(event);
        ToTradingReaders(event);
      });
      if (absl::Status status = reader->out.Commit(); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// The journal reads the market's tick window first, then trading's: its merge of two lanes (docs/determinism.md).
absl::Status EmbeddedPipeline::CloseJournalWindow() {
  QueueSink queue(journal_->queue);
  journal_window_.Drain([&](const Event& event) { journal_->processor->Process(event, queue); });
  return DrainReaders();
}

// What the universe decided goes onto the market lane behind the part that made it decide.
absl::Status EmbeddedPipeline::DeliverUniverse() {
  while (!universe_queue_.empty()) {
    const uint64_t rows = std::exchange(rows_uncommitted_, 0);
    if (absl::Status status = ingest_out_.Commit(rows); !status.ok()) return status;
    absl::Status status;
    std::vector<Event> decided;
    universe_queue_.Drain([&](const Event& event) {
      universe_out_.Add(event);
      decided.push_back(event);
    });
    status = universe_out_.Commit();
    for (const Event& event : decided) {
      if (status.ok()) status = Step(event);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EmbeddedPipeline::Finish() {
  if (absl::Status status = CloseJournalWindow(); !status.ok()) return status;
  // What the journal said last is for the others; what they answer is for the journal: until nobody has more to say.
  while (!journal_window_.empty()) {
    if (absl::Status status = CloseJournalWindow(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace spillway::runtime
