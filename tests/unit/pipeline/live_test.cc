// The services' shells over lanes that several producers write, in one thread and a seeded order: what happens when
// they die at any moment, when appends fail or their answers are lost, and when there are two of a kind.
#include <random>
#include <set>

#include "libs/base/build_info.h"
#include "libs/events/text.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/chain.h"
#include "libs/runtime/lane_shell.h"
#include "libs/runtime/producer_events.h"
#include "libs/runtime/replay.h"
#include "tests/support/sessions.h"
#include "tests/support/shared_log.h"
#include "tools/spillway/pipeline_run.h"

using namespace spillway;

namespace {

const std::vector<std::pair<Producer, runtime::ReplayPlan>> kPlans = {
    {Producer::kMetrics, {{"market.0"}, "features.0", true}},
    {Producer::kUniverse, {{"features.0"}, "market.0", true}},
    {Producer::kScoring, {{"features.0"}, "trading", true}},
    {Producer::kRisk, {{"trading"}, "trading", true}},
    {Producer::kNotifier, {{"trading"}, "trading", true}},
    {Producer::kJournal, {{"market.0", "trading"}, "trading", true}}};

// One process: its shell, which dies and is started again with whatever checkpoint is on its disk.
class Service {
 public:
  Service(test::SharedLanes& lanes, Producer producer, runtime::ReplayPlan plan)
      : log_(lanes, producer), producer_(producer), plan_(std::move(plan)) {
    Start();
  }

  void Start() {
    shell_ = std::make_unique<runtime::LaneShell>(
        [this] { return cli::MakeProcessor(producer_); }, log_,
        runtime::LaneShellOptions{.inputs = plan_.inputs, .output = plan_.output, .build = "a build"});
    std::string note;
    const absl::Status status = shell_->Start(checkpoint_, note);
    INFO(ProducerName(producer_) << ": " << status.ToString());
    REQUIRE(status.ok());
    CHECK(note == "");
  }
  // False: nothing to read, or the append failed.
  bool Step() {
    const absl::StatusOr<bool> stepped = shell_->Step(Duration::zero());
    INFO(ProducerName(producer_) << ": " << stepped.status().ToString());
    REQUIRE((stepped.ok() || absl::IsUnavailable(stepped.status())));
    return stepped.ok() && *stepped;
  }
  void SaveCheckpoint() {
    if (shell_->at_rest()) checkpoint_ = shell_->Checkpoint();
  }
  runtime::LaneShell& shell() { return *shell_; }

 private:
  test::SharedLog log_;
  const Producer producer_;
  const runtime::ReplayPlan plan_;
  std::unique_ptr<runtime::LaneShell> shell_;
  std::optional<std::string> checkpoint_;
};

std::vector<cli::StrategyInstance> Instances() {
  v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  v1::UniverseRules& universe = *profile.mutable_universe();
  universe.set_price_min_e9(2'000'000'000);
  for (const auto unknown :
       {v1::UNIVERSE_UNKNOWN_FLOAT, v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME, v1::UNIVERSE_UNKNOWN_SECURITY_TYPE}) {
    universe.add_allow_unknown(unknown);
  }
  profile.mutable_rubric()->set_threshold(3);
  return {{"eager@1#1", profile, false}, {"shadow@1#1", profile, true}};
}

struct Faults {
  double kill = 0, checkpoint = 0, append = 0;
  bool replicas = false;
};

// Plays the market through the services until all have said everything.
void Play(log::EventLog& market, test::SharedLanes& lanes, const Faults& faults, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto chance = [&](double probability) { return std::uniform_real_distribution<>(0, 1)(random) < probability; };
  test::SharedLog gateway_log(lanes, Producer::kGateway), ingest_log(lanes, Producer::kIngest);
  auto gateway = gateway_log.OpenWriter("market.0").value();
  auto ingest = ingest_log.OpenWriter("market.0").value();
  auto reader = market.OpenReader("market.0").value();

  log::LaneMessage message;
  REQUIRE(reader->Next(message).value());
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kGateway, .producer_sequence = 1});
  for (const Event& event : cli::ConfigurationEvents(message.time, Instances())) encoder.Add(event);
  REQUIRE(gateway->Append(message.time, encoder.bytes(), 0, {}).ok());

  std::vector<std::unique_ptr<Service>> services;
  for (const auto& [producer, plan] : kPlans) {
    const bool twice = faults.replicas && (producer == Producer::kMetrics || producer == Producer::kScoring ||
                                           producer == Producer::kRisk);
    for (int i = 0; i < (twice ? 2 : 1); ++i) services.push_back(std::make_unique<Service>(lanes, producer, plan));
  }
  bool more = true;
  for (size_t quiet = 0; more || quiet < services.size();) {
    if (more && chance(0.2)) {
      REQUIRE(ingest->Append(message.time, message.bytes, message.rows, {}).ok());
      more = reader->Next(message).value();
    }
    Service& service = *services[more ? random() % services.size() : quiet % services.size()];
    if (chance(faults.append)) {
      lanes.faults.push_back(chance(0.5) ? test::SharedLanes::Fault::kNotStored
                                         : test::SharedLanes::Fault::kAnswerLost);
    }
    const bool stepped = service.Step();
    lanes.faults.clear();
    quiet = stepped || more ? 0 : quiet + 1;
    if (chance(faults.checkpoint)) service.SaveCheckpoint();
    if (more && chance(faults.kill)) service.Start();
  }
}

// Returns how many events were compared with the embedded run's.
uint64_t CheckContract(test::SharedLanes& lanes) {
  test::SharedLog log(lanes, Producer::kNone);
  std::map<std::pair<std::string, Producer>, uint64_t> last;
  GroupDecoder decoder;
  for (const auto& [name, messages] : lanes.lanes) {
    std::set<std::pair<Producer, EventId>> ids;
    for (const test::SharedLanes::Message& message : messages) {
      const auto group = GroupView::Open(message.bytes);
      REQUIRE(group.ok());
      REQUIRE(group->header().producer == message.producer);
      REQUIRE(group->header().producer_sequence == ++last[std::make_pair(name, message.producer)]);
      GroupHeader header;
      REQUIRE(decoder
                  .Decode(message.bytes, header,
                          [&](const Event& event) {
                            if (std::holds_alternative<MarketBatch>(event.body)) return;
                            CHECK(ids.emplace(header.producer, event.header.id()).second);
                          })
                  .ok());
    }
  }
  for (const auto& [producer, plan] : kPlans) {
    INFO(ProducerName(producer));
    const auto processor = cli::MakeProcessor(producer);
    const auto replay = runtime::ReplayProcessor(*processor, log, plan);
    REQUIRE(replay.ok());
    CHECK_FALSE(replay->divergence.has_value());
    if (producer != Producer::kJournal) CHECK(replay->unrecorded == 0);
  }

  log::MemoryLog computed;
  auto market = computed.OpenWriter("market.0").value();
  auto features = computed.OpenWriter("features.0").value();
  auto trading = computed.OpenWriter("trading").value();
  runtime::PipelineProcessors processors = cli::MakeProcessors();
  processors.universe.reset();
  runtime::EmbeddedPipeline pipeline(std::move(processors), {market.get(), features.get(), trading.get()});
  auto reader = log.OpenReader("market.0").value();
  REQUIRE(cli::RunRecorded(pipeline, *reader, [](uint64_t) {}).ok());
  const auto chain = runtime::CompareChain(log, computed);
  REQUIRE(chain.ok());
  uint64_t outputs = 0;
  CHECK(chain->left_out == "");
  for (const runtime::ProcessorReplay& one : chain->processors) {
    INFO(ProducerName(one.producer));
    CHECK_FALSE(one.divergence.has_value());
    outputs += one.outputs;
    if (one.producer != Producer::kJournal) CHECK(one.unrecorded == 0);
  }
  return outputs;
}

// The market in small messages, as a live feed has them.
void RecordLive(log::EventLog& log, uint64_t rows, uint64_t seed, size_t batch_events_max = 7) {
  ingest::SimulatorOptions options;
  options.symbols = 3;
  options.seed = seed;
  auto source = ingest::OpenSimulator(options).value();
  test::Record(*source, log, rows, batch_events_max);
}

}  // namespace

TEST_CASE("live: services on lanes keep the contract, in any order", "[pipeline]") {
  log::MemoryLog market;
  RecordLive(market, 200'000, 7, 100);
  test::SharedLanes lanes;
  Play(market, lanes, {}, 1);
  CheckContract(lanes);
  test::SharedLog log(lanes, Producer::kNone);
  runtime::ProducerEvents outcomes(Producer::kJournal, log.OpenReader("trading").value());
  std::string_view encoded, payload;
  CHECK(outcomes.Next(encoded, payload).value());
}

TEST_CASE("live: killed at any moment, with old checkpoints or none, nothing is lost or doubled", "[pipeline]") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    log::MemoryLog market;
    RecordLive(market, 4000, seed);
    test::SharedLanes lanes;
    Play(market, lanes, {.kill = 0.004, .checkpoint = seed == 1 ? 0 : 0.01, .append = 0.01}, seed);
    CHECK(CheckContract(lanes) > 1000);
  }
}

TEST_CASE("live: two replicas of metrics, scoring and risk write once", "[pipeline]") {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    log::MemoryLog market;
    RecordLive(market, 4000, seed);
    test::SharedLanes lanes;
    Play(market, lanes, {.kill = 0.002, .checkpoint = 0.01, .append = 0.01, .replicas = true}, seed);
    CHECK(CheckContract(lanes) > 1000);
  }
}

TEST_CASE("live: what cannot be read is set aside, and replay leaves out the same", "[pipeline]") {
  log::MemoryLog market, spoiled;
  RecordLive(market, 2000, 3);
  auto writer = spoiled.OpenWriter("market.0").value();
  auto reader = market.OpenReader("market.0").value();
  log::LaneMessage message;
  std::string cut;
  for (int n = 0; reader->Next(message).value(); ++n) {
    REQUIRE(writer->Append(message.time, message.bytes, message.rows).ok());
    // Nobody's: no group, a group of another schema, a group cut short.
    if (n == 20) REQUIRE(writer->Append(message.time, "garbage", 0).ok());
    if (n == 30) REQUIRE(writer->Append(message.time, std::string("\x08\x63\x10\x01", 4), 0).ok());
  }
  REQUIRE(writer->Close().ok());
  test::SharedLanes lanes;
  Play(spoiled, lanes, {.kill = 0.002, .checkpoint = 0.01}, 5);
  size_t unread = 0;
  for (const test::SharedLanes::Message& m : lanes.lanes["market.0"]) unread += GroupView::Open(m.bytes).ok() ? 0 : 1;
  CHECK(unread == 2);
  test::SharedLog log(lanes, Producer::kNone);
  for (const auto& [producer, plan] : kPlans) {
    INFO(ProducerName(producer));
    const auto processor = cli::MakeProcessor(producer);
    const auto replay = runtime::ReplayProcessor(*processor, log, plan);
    REQUIRE(replay.ok());
    CHECK_FALSE(replay->divergence.has_value());
    CHECK(replay->bad_messages == (plan.inputs.front() == "market.0" ? 2 : 0));
  }
}
