// The determinism contract, and no allocation in steady state.
#include <random>

#include "libs/events/codec.h"
#include "services/ingest/source.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/market_generator.h"
#include "tests/support/metrics_play.h"
#include "tests/support/recorded_data.h"

namespace spillway::test {
namespace {

// The lane's events that are no batches, each with the index of the market event it precedes.
struct Lane {
  std::vector<std::pair<size_t, Event>> single;
  std::vector<MarketEvent> events;
};

class EncodingSink final : public runtime::EventSink {
 public:
  void Emit(const Event& event) override {
    encoder_.Begin({.producer = Producer::kMetrics});
    encoder_.Add(event);
    bytes_.append(encoder_.bytes());
    ++count_;
  }
  const std::string& bytes() const { return bytes_; }
  size_t count() const { return count_; }

 private:
  GroupEncoder encoder_;
  std::string bytes_;
  size_t count_ = 0;
};

using Cut = std::function<size_t(size_t at)>;  // how many events the batch that begins here has

// Plays the lane in batches of the given sizes; `between` may replace the processor between two inputs.
std::string Played(const Lane& lane, const Cut& cut,
                   const std::function<void(size_t, std::unique_ptr<metrics::MetricsProcessor>&)>& between = {}) {
  auto processor = std::make_unique<metrics::MetricsProcessor>();
  EncodingSink sink;
  size_t single = 0;
  size_t at = 0;
  while (at < lane.events.size() || single < lane.single.size()) {
    while (single < lane.single.size() && lane.single[single].first <= at) {
      processor->Process(lane.single[single++].second, sink);
    }
    if (at == lane.events.size()) break;
    size_t end = std::min(at + cut(at), lane.events.size());
    if (single < lane.single.size()) end = std::min(end, lane.single[single].first);
    processor->Process(MarketBuilder::BatchOf(std::span(lane.events).subspan(at, end - at)), sink);
    at = end;
    if (between) between(at, processor);
  }
  CHECK(sink.count() > 50);
  return sink.bytes();
}

void SaveAndRestore(std::unique_ptr<metrics::MetricsProcessor>& processor) {
  runtime::StateWriter writer;
  processor->Save(writer);
  auto restored = std::make_unique<metrics::MetricsProcessor>();
  runtime::StateReader reader(writer.bytes());
  REQUIRE(restored->Restore(reader).ok());
  REQUIRE(reader.Finish().ok());
  runtime::StateWriter again;
  restored->Save(again);
  REQUIRE(again.bytes() == writer.bytes());
  processor = std::move(restored);
}

// Every feature, of both sides.
v1::Profile Everything() {
  std::vector<std::string> names;
  for (uint8_t number = 1; number <= static_cast<uint8_t>(kLastFeatureKind); ++number) {
    names.emplace_back(FeatureKindName(static_cast<FeatureKind>(number)));
  }
  v1::Profile profile = ProfileOf(names, 18);
  profile.mutable_short_side()->set_enabled(true);
  profile.mutable_features()->set_spread_below_e9(20'000'000);
  profile.mutable_features()->set_reclaim_surge(0);
  return profile;
}

// A made-up lane with everything that may stand between batches.
Lane MadeUp(uint64_t seed, size_t rows, bool causes) {
  Lane lane;
  lane.events =
      MarketGenerator({.seed = seed, .symbols = 3, .rows_per_second = 20, .trade_share = 0.2, .trade_ids = true})
          .Make(rows);
  std::mt19937_64 random(seed);
  const auto at = [&](double part, Event event) {
    const auto index = static_cast<size_t>(part * static_cast<double>(lane.events.size()));
    if (index < lane.events.size() && index > 0) event.header.event_time = lane.events[index - 1].event_time;
    lane.single.emplace_back(index, std::move(event));
  };
  Event capabilities = CapabilitiesOf(causes);
  std::get<FeedCapabilities>(capabilities.body).receive_times = true;
  at(0, capabilities);
  at(0, SessionOf(MarketBuilder::kStart));
  at(0, ConfigurationOf(Everything(), "all@1#1"));
  Event halt;
  halt.header.instrument = 2;
  halt.header.cause.market = {1, 1, 1'000'001};
  halt.body = HaltChanged{.status = TradingStatus::kHalted, .reason = "LUDP"};
  at(0.3, halt);
  v1::Profile second = ProfileOf({"bid_ask_ratio", "tape_velocity"}, 1);
  second.mutable_features()->set_ratio_levels(3);
  second.mutable_features()->set_tape_window_ns(1'000'000'000);
  at(0.4, ConfigurationOf(second, "second@1#1"));
  Event bust;
  bust.header.instrument = 1;
  for (size_t i = 0; i < lane.events.size() / 2; ++i) {
    if (lane.events[i].kind == MarketEventKind::kTrade && lane.events[i].instrument == 1) {
      bust.body = TradeBust{lane.events[i].reference};
    }
  }
  bust.header.cause.market = {1, 1, 1'000'002};
  at(0.5, bust);
  Event gap;
  gap.header.instrument = 3;
  gap.header.cause.market = {1, 1, 1'000'003};
  gap.body = FeedGap{.feed = 1, .expected = 1, .seen = 2};
  at(0.6, gap);
  Event asked;
  asked.body = SubscriptionChanged{.feed = 1,
                                   .effective_time = lane.events[lane.events.size() / 4].event_time,
                                   .subscriptions = {{.instrument = 2, .line = true}, {.instrument = 3}}};
  asked.header.cause.market = {1, 1, 1'000'004};
  lane.single.insert(lane.single.begin() + 3, {0, asked});
  std::get<SubscriptionChanged>(asked.body).subscriptions = {{.instrument = 2, .line = true, .depth = true}};
  std::get<SubscriptionChanged>(asked.body).effective_time = lane.events[lane.events.size() * 2 / 3].event_time;
  asked.header.cause.market = {1, 1, 1'000'005};
  at(0.65, asked);
  at(0.8, ConfigurationOf(second, "second@1#1", Time(), InstanceMode::kRetired));
  return lane;
}

// SOUN as imported, its clock ticks put in.
class LaneSink final : public ingest::MarketSink {
 public:
  explicit LaneSink(Lane& lane) : lane_(lane) {}
  absl::Status OnEvent(const Event& event) override {
    lane_.single.emplace_back(lane_.events.size(), event);
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
      lane_.events.push_back(tick);
    }
    last_ = time;
    lane_.events.insert(lane_.events.end(), row.begin(), row.end());
    return absl::OkStatus();
  }

 private:
  Lane& lane_;
  Time last_;
};

std::optional<Lane> Soun() {
  const auto path = RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  if (!path) return std::nullopt;
  Lane lane;
  Event session = SessionOf(MarketBuilder::kStart);
  lane.single.emplace_back(0, session);
  lane.single.emplace_back(0, ConfigurationOf(Everything(), "all@1#1"));
  LaneSink sink(lane);
  ingest::SourceOptions options;
  options.files = {path->string()};
  options.symbol = "SOUN";
  auto source = ingest::FindFormat("databento-csv")->open(options);
  REQUIRE(source.ok());
  REQUIRE((*source)->Run(sink, {}).ok());
  REQUIRE(lane.events.size() > 121'619);
  return lane;
}

TEST_CASE("metrics: re-cutting batches at random changes no output", "[metrics]") {
  for (const uint64_t seed : {1, 2, 3}) {
    const Lane lane = MadeUp(seed, 3000, seed != 2);
    const std::string whole = Played(lane, [](size_t) { return 500; });
    std::mt19937_64 random(seed);
    CHECK(Played(lane, [&](size_t) { return 1 + random() % 40; }) == whole);
    CHECK(Played(lane, [](size_t) { return 1; }) == whole);
  }
}

TEST_CASE("metrics: restored after every event of a short session it goes on with the same bytes", "[metrics]") {
  for (const bool causes : {true, false}) {
    const Lane lane = MadeUp(7, 400, causes);
    const std::string whole = Played(lane, [](size_t) { return 64; });
    CHECK(Played(
              lane, [](size_t) { return 1; },
              [](size_t, std::unique_ptr<metrics::MetricsProcessor>& processor) { SaveAndRestore(processor); }) ==
          whole);
  }
}

TEST_CASE("metrics: a damaged state is refused", "[metrics]") {
  const Lane lane = MadeUp(9, 300, true);
  std::string bytes;
  Played(
      lane, [](size_t) { return 64; },
      [&](size_t, std::unique_ptr<metrics::MetricsProcessor>& processor) {
        runtime::StateWriter writer;
        processor->Save(writer);
        bytes = writer.Take();
      });
  for (const size_t size : {size_t{0}, bytes.size() / 3, bytes.size() - 1}) {
    const std::string part = bytes.substr(0, size);
    metrics::MetricsProcessor processor;
    runtime::StateReader reader(part);
    CHECK_FALSE(processor.Restore(reader).ok());
  }
}

TEST_CASE("metrics: SOUN played twice, re-cut, and restored at seeded points gives the same bytes",
          "[metrics][recorded]") {
  const std::optional<Lane> lane = Soun();
  if (!lane) return;
  const std::string whole = Played(*lane, [](size_t) { return 500; });
  CHECK(Played(*lane, [](size_t) { return 500; }) == whole);
  const uint64_t seed = 20250502;
  std::mt19937_64 random(seed);
  std::vector<size_t> points;
  for (int i = 0; i < 200; ++i) points.push_back(random() % lane->events.size());
  std::sort(points.begin(), points.end());
  size_t next = 0;
  CHECK(Played(
            *lane,
            [&](size_t at) {
              while (next < points.size() && points[next] <= at) ++next;
              return next < points.size() ? points[next] - at : size_t{500};
            },
            [&](size_t, std::unique_ptr<metrics::MetricsProcessor>& processor) {
              if (next < points.size()) SaveAndRestore(processor);
            }) == whole);
}

class QuietSink final : public runtime::EventSink {
 public:
  void Emit(const Event&) override { ++count; }
  size_t count = 0;
};

TEST_CASE("metrics: no allocation per market event in steady state, snapshots and detectors included", "[metrics]") {
  for (const bool causes : {true, false}) {
    const std::vector<MarketEvent> events =
        MarketGenerator({.seed = 5, .symbols = 20, .rows_per_second = 50, .trade_share = 0.2, .trade_ids = true})
            .Make(900'000);
    metrics::MetricsProcessor processor;
    QuietSink sink;
    Event capabilities = CapabilitiesOf(causes);
    std::get<FeedCapabilities>(capabilities.body).receive_times = true;
    processor.Process(capabilities, sink);
    processor.Process(SessionOf(MarketBuilder::kStart), sink);
    processor.Process(ConfigurationOf(Everything(), "all@1#1"), sink);
    const std::span<const MarketEvent> all(events);
    const size_t warm = all.size() * 2 / 3;  // ten minutes: all windows are full
    processor.Process(MarketBuilder::BatchOf(all.first(warm)), sink);
    const Event rest = MarketBuilder::BatchOf(all.subspan(warm));
    const size_t before = allocations;
    const size_t emitted = sink.count;
    processor.Process(rest, sink);
    CHECK(allocations - before == 0);
    CHECK(sink.count - emitted > 20'000);
    CHECK(before > 0);  // the count works
  }
}

}  // namespace
}  // namespace spillway::test
