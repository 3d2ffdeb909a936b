// The book alone, and the book with all order-flow metrics and detectors of ofi-classic@1, alone and beside four
// others.
#include <memory>

#include "libs/book/book_state.h"
#include "libs/profile/profile_loader.h"
#include "services/ingest/source.h"
#include "services/metrics/metrics_processor.h"
#include "tests/bench/bench.h"
#include "tests/support/market_generator.h"
#include "tests/support/recorded_data.h"

namespace spillway::bench {
namespace {

class CountingSink final : public runtime::EventSink {
 public:
  void Emit(const Event& event) override {
    ++count_;
    Keep(event);
  }
  uint64_t count() const { return count_; }

 private:
  uint64_t count_ = 0;
};

std::optional<Event> Configured(const std::string& name) {
  const auto profile = profile::LoadProfile(name);
  if (!profile.ok()) {
    std::fprintf(stderr, "SKIPPED: metrics: %s\n", std::string(profile.status().message()).c_str());
    return std::nullopt;
  }
  Event event;
  event.header.producer = Producer::kGateway;
  event.header.instance = StrategyInstanceIdOf(name + "#1");
  event.header.event_time = test::MarketBuilder::kStart;
  event.body = ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                                    .name = name + "#1",
                                    .mode = InstanceMode::kActive,
                                    .effective_time = Time(),
                                    .document = profile::SerializeDeterministic(*profile)};
  return event;
}

// One profile, or five that ask for different things.
std::vector<Event> Configurations(bool five) {
  std::vector<std::string> names = {"ofi-classic@1"};
  if (five) names.insert(names.end(), {"ofi-ram@1", "ofi-quant@1", "small-account@1", "ram-observed@1"});
  std::vector<Event> events;
  for (const std::string& name : names) {
    if (std::optional<Event> event = Configured(name)) events.push_back(*event);
  }
  if (events.size() < names.size()) events.clear();
  return events;
}

Event SessionOpen() {
  Event event;
  event.header.event_time = test::MarketBuilder::kStart;
  event.body = SessionState{.trading_day = 20250502,
                            .phase = SessionPhase::kRegular,
                            .regular_open = test::MarketBuilder::kStart,
                            .regular_close = test::MarketBuilder::kStart + std::chrono::minutes(390)};
  return event;
}
Event Capabilities() {
  Event event;
  event.body = FeedCapabilities{.feed = 1,
                                .name = "made up",
                                .book_levels = 10,
                                .aggressor_side = true,
                                .change_causes = true,
                                .receive_times = true};
  return event;
}

std::optional<Prepared> BookReplay(uint32_t symbols) {
  auto events = std::make_shared<std::vector<MarketEvent>>(
      test::MarketGenerator({.symbols = symbols}).Make(symbols > 1 ? 2'000'000 : 1'000'000));
  std::erase_if(*events, [](const MarketEvent& event) { return event.kind == MarketEventKind::kTick; });
  return Prepared{.items = events->size(), .run = [events, symbols] {
                    std::vector<book::BookState> books(symbols + 1);
                    int64_t sum = 0;
                    for (const MarketEvent& event : *events) {
                      book::BookState& state = books[event.instrument];
                      state.Apply(event);
                      const auto bid = state.levels().best_bid();
                      const auto ask = state.levels().best_ask();
                      if (bid && ask) sum += bid->price.nanos() + ask->size.e8();
                    }
                    Keep(sum);
                  }};
}

std::optional<Prepared> AllMetrics(uint32_t symbols, double rows_per_second, bool five = false) {
  const std::vector<Event> configurations = Configurations(five);
  if (configurations.empty()) return std::nullopt;
  auto events = std::make_shared<std::vector<MarketEvent>>(
      test::MarketGenerator({.symbols = symbols, .rows_per_second = rows_per_second}).Make(1'000'000));
  uint64_t rows = 0;
  for (const MarketEvent& event : *events) rows += event.end_of_event();
  return Prepared{.items = rows, .run = [events, configurations] {
                    metrics::MetricsProcessor processor;
                    CountingSink sink;
                    processor.Process(Capabilities(), sink);
                    processor.Process(SessionOpen(), sink);
                    for (const Event& event : configurations) processor.Process(event, sink);
                    const std::span<const MarketEvent> all(*events);
                    for (size_t i = 0; i < all.size(); i += 500) {
                      processor.Process(
                          test::MarketBuilder::BatchOf(all.subspan(i, std::min<size_t>(500, all.size() - i))), sink);
                    }
                    Keep(sink.count());
                  }};
}

// Rows of a recorded session, clock ticks put in as a recorder does.
class RowsSink final : public ingest::MarketSink {
 public:
  absl::Status OnEvent(const Event& event) override {
    announced.push_back(event);
    return absl::OkStatus();
  }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    const Time time = row.front().event_time;
    if (last_ != Time() && FloorTo(time, kTickPeriod) > last_) {
      MarketEvent tick = row.front();
      tick.kind = MarketEventKind::kTick;
      tick.flags = 0;
      tick.event_time = FloorTo(time, kTickPeriod);
      tick.instrument = 0;
      events.push_back(tick);
    }
    last_ = time;
    ++rows;
    events.insert(events.end(), row.begin(), row.end());
    return absl::OkStatus();
  }
  std::vector<Event> announced;
  std::vector<MarketEvent> events;
  uint64_t rows = 0;

 private:
  Time last_;
};

std::optional<Prepared> Soun(bool five) {
  const auto path = test::RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  const std::vector<Event> configurations = Configurations(five);
  if (!path || configurations.empty()) return std::nullopt;
  auto lane = std::make_shared<RowsSink>();
  ingest::SourceOptions options;
  options.files = {path->string()};
  options.symbol = "SOUN";
  auto source = ingest::FindFormat("databento-csv")->open(options);
  if (!source.ok() || !(*source)->Run(*lane, {}).ok()) return std::nullopt;
  return Prepared{.items = lane->rows, .run = [lane, configurations] {
                    metrics::MetricsProcessor processor;
                    CountingSink sink;
                    processor.Process(SessionOpen(), sink);
                    for (const Event& event : configurations) processor.Process(event, sink);
                    for (const Event& event : lane->announced) processor.Process(event, sink);
                    processor.Process(test::MarketBuilder::BatchOf(lane->events), sink);
                    Keep(sink.count());
                  }};
}

const Registration kSoun({.name = "metrics_soun", .unit = "row", .prepare = [] { return Soun(false); }});
const Registration kSounFive({.name = "metrics_soun_5_profiles", .unit = "row", .prepare = [] { return Soun(true); }});
const Registration kFive50({.name = "metrics_50_symbols_5_profiles", .unit = "row", .prepare = [] {
                              return AllMetrics(50, 1000, true);
                            }});
const Registration kBook1({.name = "book_replay_1_symbol", .prepare = [] { return BookReplay(1); }});
const Registration kBook500({.name = "book_replay_500_symbols", .prepare = [] { return BookReplay(500); }});
const Registration kMetrics1({.name = "metrics_1_symbol", .unit = "row", .prepare = [] {
                                return AllMetrics(1, 1000);
                              }});
const Registration kMetrics50({.name = "metrics_50_symbols", .unit = "row", .prepare = [] {
                                 return AllMetrics(50, 1000);
                               }});
const Registration kMetrics500({.name = "metrics_500_symbols", .unit = "row", .prepare = [] {
                                  return AllMetrics(500, 1000);
                                }});
// As quiet as SOUN: a boundary snapshot every few rows weighs more than the rows.
const Registration kMetricsQuiet({.name = "metrics_quiet_1_symbol", .unit = "row", .prepare = [] {
                                    return AllMetrics(1, 15);
                                  }});

}  // namespace
}  // namespace spillway::bench
