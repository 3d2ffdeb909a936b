// What docs/determinism.md promises, for every processor, on the whole chain.
#include <map>
#include <random>
#include <set>

#include "libs/events/text.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/replay.h"
#include "spillway/v1/event.pb.h"
#include "tests/support/sessions.h"
#include "tools/spillway/pipeline_run.h"

using namespace spillway;

namespace {

const std::vector<std::pair<Producer, runtime::ReplayPlan>> kPlans = {
    {Producer::kMetrics, {{"market.0"}, "features.0"}}, {Producer::kUniverse, {{"features.0"}, "market.0"}},
    {Producer::kScoring, {{"features.0"}, "trading"}},  {Producer::kRisk, {{"trading"}, "trading"}},
    {Producer::kNotifier, {{"trading"}, "trading"}},    {Producer::kJournal, {{"market.0", "trading"}, "trading"}}};

// The shipped profile, opened to what SOUN is, so that it gives signals.
cli::StrategyInstance Instance(const std::string& name, bool shadow, uint32_t levels = 5, double threshold = 7.5) {
  v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  v1::UniverseRules& universe = *profile.mutable_universe();
  universe.set_price_min_e9(2'000'000'000);
  for (const auto unknown :
       {v1::UNIVERSE_UNKNOWN_FLOAT, v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME, v1::UNIVERSE_UNKNOWN_SECURITY_TYPE}) {
    universe.add_allow_unknown(unknown);
  }
  profile.mutable_features()->set_ratio_levels(levels);
  profile.mutable_rubric()->set_threshold(threshold);
  return {name, profile, shadow};
}

void RunInto(log::EventLog& in, log::EventLog& out, const std::vector<cli::StrategyInstance>& instances) {
  auto market = out.OpenWriter("market.0").value();
  auto features = out.OpenWriter("features.0").value();
  auto trading = out.OpenWriter("trading").value();
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {market.get(), features.get(), trading.get()});
  auto reader = in.OpenReader("market.0").value();
  REQUIRE(cli::RunPipeline(pipeline, *reader, instances, {}, [](uint64_t) {}).ok());
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());
}

void ForEach(log::EventLog& log, const std::string& lane, const std::function<void(const Event&)>& take) {
  auto reader = log.OpenReader(lane).value();
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  while (reader->Next(message).value()) REQUIRE(decoder.Decode(message.bytes, header, take).ok());
}

// Every event of a lane as text with its id; market batches event by event, so that their cuts do not show.
std::vector<std::string> Lines(log::EventLog& log, const std::string& lane) {
  std::vector<std::string> lines;
  NameTable names;
  ForEach(log, lane, [&](const Event& event) {
    names.Learn(event);
    if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
      for (const MarketEvent& e : batch->events) lines.push_back(ToText(e, names));
    } else {
      lines.push_back(ToText(event, names) + " " + ToString(event.header.id()));
    }
  });
  return lines;
}

// What one instance said, whoever else spoke.
std::vector<std::string> LinesOf(log::EventLog& log, const std::string& instance) {
  std::vector<std::string> lines;
  NameTable names;
  ForEach(log, "trading", [&](const Event& event) {
    names.Learn(event);
    if (event.header.instance != StrategyInstanceIdOf(instance)) return;
    if (std::holds_alternative<ConfigurationVersion>(event.body)) return;
    lines.push_back(ToText(event, names) + " " + ToString(event.header.id()) + " " +
                    ToString(event.header.correlation_id()));
  });
  return lines;
}

// Saves and restores into a fresh processor before the inputs it was told.
class Restoring final : public runtime::Processor {
 public:
  Restoring(Producer producer, std::set<uint64_t> points) : producer_(producer), points_(std::move(points)) {
    processor_ = cli::MakeProcessor(producer_);
  }
  Producer producer() const override { return producer_; }
  uint32_t state_version() const override { return processor_->state_version(); }
  void Process(const Event& event, runtime::EventSink& out) override {
    if (points_.empty() || points_.contains(inputs_)) {
      runtime::StateWriter writer;
      processor_->Save(writer);
      processor_ = cli::MakeProcessor(producer_);
      runtime::StateReader reader(writer.bytes());
      REQUIRE(processor_->Restore(reader).ok());
      REQUIRE(reader.Finish().ok());
      ++restored_;
    }
    ++inputs_;
    processor_->Process(event, out);
  }
  void Save(runtime::StateWriter& state) const override { processor_->Save(state); }
  absl::Status Restore(runtime::StateReader& state) override { return processor_->Restore(state); }
  uint64_t inputs() const { return inputs_; }
  uint64_t restored() const { return restored_; }

 private:
  Producer producer_;
  std::set<uint64_t> points_;  // empty: before every input
  std::unique_ptr<runtime::Processor> processor_;
  uint64_t inputs_ = 0, restored_ = 0;
};

std::string TextOf(const std::optional<std::string>& bytes) {
  v1::Event e;
  return bytes && e.ParseFromString(*bytes) ? e.ShortDebugString() : "nothing";
}
void CheckRestored(log::EventLog& out, uint64_t seeded_points, uint64_t seed) {
  for (const auto& [producer, plan] : kPlans) {
    INFO(ProducerName(producer));
    std::set<uint64_t> points;
    if (seeded_points > 0) {
      Restoring count(producer, {UINT64_MAX});
      REQUIRE(runtime::ReplayProcessor(count, out, plan).ok());
      std::mt19937_64 random(seed);
      while (points.size() < std::min(seeded_points, count.inputs())) points.insert(random() % count.inputs());
    }
    Restoring processor(producer, points);
    const auto replay = runtime::ReplayProcessor(processor, out, plan);
    REQUIRE(replay.ok());
    if (replay->divergence)
      UNSCOPED_INFO(TextOf(replay->divergence->recorded) << " / " << TextOf(replay->divergence->regenerated));
    CHECK_FALSE(replay->divergence.has_value());
    CHECK(processor.restored() >= std::min<uint64_t>(seeded_points, 100));
  }
}

}  // namespace

namespace {

// Where the universe's decision stands within its tick window depends on how the window was cut into messages; when it
// acts does not: it carries its effective time. So it is compared apart.
std::vector<std::string> TakeUniverse(std::vector<std::string>& lines) {
  const auto is_universe = [](const std::string& line) { return line.find(" universe ") != std::string::npos; };
  std::vector<std::string> universe;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(universe), is_universe);
  std::erase_if(lines, is_universe);
  return universe;
}

}  // namespace

TEST_CASE("S0-N.3, S1-AN.3: chain: the same lane twice gives the same lanes, however it was cut into batches",
          "[pipeline]") {
  std::map<std::string, std::vector<std::string>> first, first_universe;
  for (const size_t batch_events_max : {8192, 1, 777}) {
    log::MemoryLog in, out;
    if (!test::RecordSoun(in, 40'000, batch_events_max)) return;
    RunInto(in, out, {Instance("soun@1#1", false)});
    for (const char* lane : {"market.0", "features.0", "trading"}) {
      std::vector<std::string> lines = Lines(out, lane);
      CHECK(lines.size() > 1000);
      const std::vector<std::string> universe = TakeUniverse(lines);
      CHECK_FALSE(universe.empty());
      if (first[lane].empty()) first[lane] = lines, first_universe[lane] = universe;
      INFO(lane << " in batches of " << batch_events_max);
      CHECK((lines == first[lane]));
      CHECK(universe == first_universe[lane]);
    }
  }
}

TEST_CASE("chain: each processor gives its recorded outputs again, restored at 200 seeded points of SOUN",
          "[pipeline]") {
  log::MemoryLog in, out;
  if (!test::RecordSoun(in)) return;
  RunInto(in, out, {Instance("soun@1#1", false)});
  for (const auto& [producer, plan] : kPlans) {
    INFO(ProducerName(producer));
    const auto processor = cli::MakeProcessor(producer);
    const auto replay = runtime::ReplayProcessor(*processor, out, plan);
    REQUIRE(replay.ok());
    CHECK_FALSE(replay->divergence.has_value());
    CHECK(replay->outputs > 0);
  }
  CheckRestored(out, 200, 20250502);
}

TEST_CASE("chain: restored after every event of a short session", "[pipeline]") {
  log::MemoryLog in, out;
  test::RecordSimulated(in, 1500, 3);
  RunInto(in, out, {Instance("soun@1#1", false), Instance("eager@1#1", true, 3, 1)});
  CheckRestored(out, 0, 0);
}

TEST_CASE("chain: an instance alone does the same as beside four others, to the id", "[pipeline]") {
  log::MemoryLog in, alone, beside;
  if (!test::RecordSoun(in)) return;
  // A low threshold, so that it has much to say.
  RunInto(in, alone, {Instance("soun@1#1", false, 5, 5)});
  v1::Profile classic = profile::LoadProfile("ofi-classic@1").value();
  classic.mutable_features()->set_tape_window_ns(1'000'000'000);
  RunInto(in, beside,
          {{"classic@1#1", classic, false},
           Instance("soun@1#1", false, 5, 5),
           Instance("wide@1#1", true, 10, 4),
           Instance("narrow@1#1", true, 1, 3),
           Instance("eager@1#1", true, 3, 1)});
  const std::vector<std::string> expected = LinesOf(alone, "soun@1#1");
  CHECK(expected.size() > 100);
  const std::vector<std::string> seen = LinesOf(beside, "soun@1#1");
  for (size_t i = 0; i < std::min(expected.size(), seen.size()); ++i) {
    INFO("line " << i);
    REQUIRE(seen[i] == expected[i]);
  }
  CHECK(seen.size() == expected.size());
  for (const char* other : {"wide@1#1", "narrow@1#1", "eager@1#1"}) CHECK(LinesOf(beside, other).size() > 100);
}

namespace {

// Every mechanism that waits, leaves out or looks at both sides, on thresholds that let much through.
std::vector<cli::StrategyInstance> Mechanisms() {
  std::vector<cli::StrategyInstance> instances;
  const auto add = [&](const std::string& name, uint32_t levels, double threshold) -> v1::Profile& {
    instances.push_back(Instance(name, !instances.empty(), levels, threshold));
    instances.back().profile.mutable_cancel()->set_tape_same_side(true);
    return instances.back().profile;
  };
  v1::Profile& ranking = add("ranking@1#1", 5, 3);
  ranking.mutable_short_side()->set_enabled(true);
  ranking.mutable_scarcity()->set_ranking_window_ns(2'000'000'000);
  v1::Profile& interval = add("interval@1#1", 3, 4);
  interval.mutable_rubric()->set_evaluation_interval_ns(400'000'000);
  interval.mutable_rubric()->set_mode(v1::SCORING_MODE_GRADED);
  interval.mutable_rubric()->mutable_rules(1)->set_start(0.5);
  v1::Profile& preview = add("preview@1#1", 10, 6);
  preview.mutable_preview()->set_threshold(3);
  preview.mutable_short_side()->set_enabled(true);
  v1::Profile& conditions = add("conditions@1#1", 4, 4);
  v1::CancelCondition& stall = *conditions.mutable_cancel()->add_when();
  stall.set_id("stall");
  stall.set_feature("tape_stall");
  stall.set_op(">=");
  stall.set_limit(2);
  v1::Profile& observed = add("observed@1#1", 4, 50);
  const v1::UniverseRules universe = observed.universe();
  observed = profile::LoadProfile("ram-observed@1").value();
  *observed.mutable_universe() = universe;
  return instances;
}

}  // namespace

TEST_CASE("chain: rankings, previews, intervals and short sides are the same alone as beside four others",
          "[pipeline]") {
  log::MemoryLog in, beside;
  if (!test::RecordSoun(in, 60'000, 8192)) return;
  const std::vector<cli::StrategyInstance> instances = Mechanisms();
  RunInto(in, beside, instances);
  for (const cli::StrategyInstance& instance : instances) {
    INFO(instance.name);
    log::MemoryLog alone;
    RunInto(in, alone, {instance});
    const std::vector<std::string> expected = LinesOf(alone, instance.name);
    CHECK(expected.size() > 10);
    CHECK((LinesOf(beside, instance.name) == expected));
  }
  CheckRestored(beside, 50, 4);
}

TEST_CASE("chain: every message given twice changes nothing", "[pipeline]") {
  log::MemoryLog in, doubled, once, twice;
  if (!test::RecordSoun(in, 20'000, 500)) return;
  auto writer = doubled.OpenWriter("market.0").value();
  auto reader = in.OpenReader("market.0").value();
  log::LaneMessage message;
  while (reader->Next(message).value()) {
    for (int i = 0; i < 2; ++i) REQUIRE(writer->Append(message.time, message.bytes, message.rows).ok());
  }
  REQUIRE(writer->Close().ok());
  RunInto(in, once, {Instance("soun@1#1", false)});
  RunInto(doubled, twice, {Instance("soun@1#1", false)});
  for (const char* lane : {"market.0", "features.0", "trading"}) CHECK((Lines(twice, lane) == Lines(once, lane)));
}

// A shipped profile over a market that its universe would leave out, recorded near misses and all.
namespace {

cli::StrategyInstance Shipped(const std::string& name, bool shadow) {
  v1::Profile profile = profile::LoadProfile(name).value();
  profile.mutable_universe()->Clear();
  profile.mutable_rubric()->set_near_miss(profile.rubric().threshold() / 2);
  return {name + "#1", profile, shadow};
}
const std::vector<std::string> kShipped = {"ofi-classic@1",   "ofi-ram@1",      "ofi-quant@1",
                                           "small-account@1", "ram-observed@1", "paper-default@1"};

}  // namespace

TEST_CASE("chain: each shipped profile does the same alone as beside all others, to the id", "[pipeline]") {
  log::MemoryLog in, together;
  test::RecordSimulated(in, 60'000, 4);
  std::vector<cli::StrategyInstance> all;
  for (const std::string& name : kShipped) all.push_back(Shipped(name, !all.empty()));
  RunInto(in, together, all);
  for (const std::string& name : kShipped) {
    INFO(name);
    log::MemoryLog alone;
    RunInto(in, alone, {Shipped(name, name != kShipped.front())});
    const std::vector<std::string> expected = LinesOf(alone, name + "#1");
    const std::vector<std::string> seen = LinesOf(together, name + "#1");
    CHECK(expected.size() > 3);
    for (size_t i = 0; i < std::min(expected.size(), seen.size()); ++i) {
      INFO("line " << i);
      REQUIRE(seen[i] == expected[i]);
    }
    CHECK(seen.size() == expected.size());
  }
  for (const auto& [producer, plan] : kPlans) {
    INFO(ProducerName(producer));
    const auto processor = cli::MakeProcessor(producer);
    const auto replay = runtime::ReplayProcessor(*processor, together, plan);
    REQUIRE(replay.ok());
    CHECK_FALSE(replay->divergence.has_value());
  }
  CheckRestored(together, 120, 20251121);
}

TEST_CASE("S0-N.5, S1-AN.5: 500 symbols at once, each with its snapshots and its place in every universe",
          "[pipeline]") {
  log::MemoryLog in, out;
  test::RecordSimulated(in, 60'000, 500);
  RunInto(in, out, {Shipped("ofi-classic@1", false), Shipped("small-account@1", true)});
  std::set<InstrumentId> snapshots;
  std::map<StrategyInstanceId, std::set<InstrumentId>> members;
  ForEach(out, "features.0", [&](const Event& event) {
    if (std::holds_alternative<FeatureSnapshot>(event.body)) snapshots.insert(event.header.instrument);
    if (const auto* universe = std::get_if<UniverseChanged>(&event.body)) {
      for (const UniverseMember& member : universe->members) members[event.header.instance].insert(member.instrument);
    }
  });
  CHECK(snapshots.size() == 500);
  CHECK(members.size() == 2);
  for (const auto& [instance, instruments] : members) CHECK(instruments.size() == 500);
}
