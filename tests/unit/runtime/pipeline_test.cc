// The order of the lanes, with the smallest processors: each answers one kind of event.
#include "libs/events/text.h"
#include "libs/log/memory_log.h"
#include "libs/runtime/embedded_pipeline.h"
#include "libs/runtime/replay.h"
#include "services/ingest/market_recorder.h"
#include "tests/catch.h"
#include "tests/support/echo_processor.h"

using namespace spillway;

namespace {

template <class Body>
bool Is(const Event& event) {
  return std::holds_alternative<Body>(event.body);
}

using Bodies = std::vector<EventBody>;

bool OpensWindow(const Event& event) {
  const auto* batch = std::get_if<MarketBatch>(&event.body);
  return batch == nullptr ? Is<ClockTick>(event) : batch->events.front().kind == MarketEventKind::kTick;
}

// metrics: the tick of a part that opens a window, and a headline a part; universe: a change for every tenth headline;
// scoring: ticks passed on, an intent a headline; risk: a decision an intent; notifier: an alert a decision; journal:
// an outcome for every decision and every part.
std::unique_ptr<runtime::Processor> Make(Producer producer) {
  const auto make = [&](test::EchoProcessor::Wants wants, test::EchoProcessor::Make body) {
    return std::make_unique<test::EchoProcessor>(producer, wants, body);
  };
  switch (producer) {
    case Producer::kMetrics:
      return make([](const Event&) { return true; },
                  [](const Event& e, uint64_t n) {
                    Bodies bodies;
                    if (OpensWindow(e)) bodies.push_back(ClockTick{});
                    if (Is<MarketBatch>(e))
                      bodies.push_back(NewsHeadline{.source = "part", .headline = std::to_string(n)});
                    return bodies;
                  });
    case Producer::kUniverse:
      return make(
          [](const Event& e) { return Is<NewsHeadline>(e) && std::get<NewsHeadline>(e.body).headline.back() == '7'; },
          [](const Event&, uint64_t n) { return Bodies{UniverseChanged{.cause = std::to_string(n)}}; });
    case Producer::kScoring:
      return make(
          [](const Event& e) { return Is<NewsHeadline>(e) || Is<ClockTick>(e); },
          [](const Event& e, uint64_t) { return Is<ClockTick>(e) ? Bodies{ClockTick{}} : Bodies{TradeIntent{}}; });
    case Producer::kRisk:
      return make(Is<TradeIntent>,
                  [](const Event& e, uint64_t) { return Bodies{RiskDecision{.intent = e.header.id()}}; });
    case Producer::kNotifier:
      return make(Is<RiskDecision>, [](const Event& e, uint64_t) { return Bodies{Alert{.intent = e.header.id()}}; });
    default:
      return make([](const Event& e) { return Is<RiskDecision>(e) || Is<MarketBatch>(e); },
                  [](const Event&, uint64_t n) { return Bodies{OutcomeLabelled{.score = static_cast<double>(n)}}; });
  }
}

runtime::PipelineProcessors Processors() {
  return {Make(Producer::kMetrics), Make(Producer::kUniverse), Make(Producer::kScoring),
          Make(Producer::kRisk),    Make(Producer::kNotifier), Make(Producer::kJournal)};
}

std::vector<MarketEvent> Row(uint64_t position, int64_t time_ms) {
  std::vector<MarketEvent> row(2);
  for (MarketEvent& event : row) {
    event.event_time = event.ingest_time = TimeFromNanos(1'746'192'600'000'000'000 + time_ms * 1'000'000);
    event.position = position;
    event.instrument = 1;
    event.kind = MarketEventKind::kLevel;
    event.price = Price::FromNanos(9'000'000'000);
    event.quantity = Quantity::Units(static_cast<int64_t>(position));
  }
  row[0].flags = MarketEventFlags::kRowStart;
  row[1].flags = MarketEventFlags::kEndOfEvent;
  return row;
}

void Record(log::MemoryLog& log, size_t batch_events_max) {
  auto writer = log.OpenWriter("market.0").value();
  runtime::Lane lane(writer.get());
  ingest::MarketRecorder recorder(&lane, {.batch_events_max = batch_events_max});
  InstrumentDefinition definition;
  definition.id = 1;
  definition.symbol = "ACME";
  REQUIRE(recorder.OnEvent({{.event_time = Row(1, 0)[0].event_time}, definition}).ok());
  for (uint64_t position = 1; position <= 100; ++position) {
    REQUIRE(recorder.OnRow(Row(position, static_cast<int64_t>(position * position % 37 + position * 40))).ok());
    if (position == 49) {
      REQUIRE(recorder
                  .OnEvent({{.event_time = Row(1, 2021)[0].event_time, .instrument = 1},
                            HaltChanged{TradingStatus::kHalted, "T1"}})
                  .ok());
    }
  }
  REQUIRE(recorder.Finish().ok());
  REQUIRE(writer->Close().ok());
}

// Runs the pipeline over `in` and records into `out`.
void RunInto(log::EventLog& in, log::EventLog& out) {
  auto market = out.OpenWriter("market.0").value();
  auto features = out.OpenWriter("features.0").value();
  auto trading = out.OpenWriter("trading").value();
  runtime::EmbeddedPipeline pipeline(Processors(), {market.get(), features.get(), trading.get()});
  auto reader = in.OpenReader("market.0").value();
  log::LaneMessage message;
  while (reader->Next(message).value()) REQUIRE(pipeline.OnMarketMessage(message).ok());
  REQUIRE(pipeline.Finish().ok());
  CHECK(pipeline.market_rows() == 100);
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());
}

std::string Lane(log::EventLog& log, const std::string& name) {
  auto reader = log.OpenReader(name).value();
  NameTable names;
  GroupDecoder decoder;
  GroupHeader header;
  std::string text;
  log::LaneMessage message;
  while (reader->Next(message).value()) {
    const absl::Status status = decoder.Decode(message.bytes, header, [&](const Event& event) {
      names.Learn(event);
      if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
        for (const MarketEvent& e : batch->events) text += ToText(e, names) + "\n";
      } else {
        text += ToText(event, names) + " " + ToString(event.header.id()) + "\n";
      }
    });
    REQUIRE(status.ok());
  }
  return text;
}

}  // namespace

TEST_CASE("pipeline: every lane has one order, however the market lane was cut into messages", "[runtime]") {
  std::string market, trading;
  for (const size_t batch_events_max : {2, 6, 14, 1000}) {
    INFO("batches of " << batch_events_max);
    log::MemoryLog in, out;
    Record(in, batch_events_max);
    RunInto(in, out);
    if (market.empty()) market = Lane(in, "market.0");
    // Nothing of the source's lane is lost or changed; universe changes stand between its rows.
    std::string without_universe;
    std::istringstream lines(Lane(out, "market.0"));
    int universe_changes = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find(" universe ") != std::string::npos) {
        ++universe_changes;
      } else {
        without_universe += line + "\n";
      }
    }
    CHECK((without_universe == market));
    CHECK(universe_changes > 3);
    CHECK((Lane(in, "market.0") == market));
  }
}

TEST_CASE("pipeline: replay proves each processor, and names the first event that differs", "[runtime]") {
  log::MemoryLog in, out;
  Record(in, 14);
  RunInto(in, out);
  const std::vector<std::pair<Producer, runtime::ReplayPlan>> plans = {
      {Producer::kMetrics, {{"market.0"}, "features.0"}}, {Producer::kUniverse, {{"features.0"}, "market.0"}},
      {Producer::kScoring, {{"features.0"}, "trading"}},  {Producer::kRisk, {{"trading"}, "trading"}},
      {Producer::kNotifier, {{"trading"}, "trading"}},    {Producer::kJournal, {{"market.0", "trading"}, "trading"}}};
  for (const auto& [producer, plan] : plans) {
    INFO(ProducerName(producer));
    auto processor = Make(producer);
    const auto replay = runtime::ReplayProcessor(*processor, out, plan);
    REQUIRE(replay.ok());
    CHECK_FALSE(replay->divergence.has_value());
    CHECK(replay->outputs > 3);
  }
  // A processor with another history says something else from its first counted output on.
  auto journal = Make(Producer::kJournal);
  struct Drop final : runtime::EventSink {
    void Emit(const Event&) override {}
  } drop;
  journal->Process({{}, RiskDecision{}}, drop);
  const auto replay = runtime::ReplayProcessor(*journal, out, plans.back().second);
  REQUIRE(replay.ok());
  REQUIRE(replay->divergence.has_value());
  CHECK(replay->divergence->output == 1);
  CHECK(replay->divergence->recorded.has_value());
  CHECK(replay->divergence->regenerated.has_value());
}

TEST_CASE("pipeline: an input given twice changes nothing", "[runtime]") {
  log::MemoryLog in, once, twice;
  Record(in, 6);
  RunInto(in, once);
  auto market = twice.OpenWriter("market.0").value();
  auto features = twice.OpenWriter("features.0").value();
  auto trading = twice.OpenWriter("trading").value();
  runtime::EmbeddedPipeline pipeline(Processors(), {market.get(), features.get(), trading.get()});
  auto reader = in.OpenReader("market.0").value();
  log::LaneMessage message;
  while (reader->Next(message).value()) {
    REQUIRE(pipeline.OnMarketMessage(message).ok());
    REQUIRE(pipeline.OnMarketMessage(message).ok());
  }
  REQUIRE(pipeline.Finish().ok());
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());
  for (const char* lane : {"market.0", "features.0", "trading"}) CHECK(Lane(twice, lane) == Lane(once, lane));
}
