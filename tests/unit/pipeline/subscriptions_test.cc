// IR-10 on the whole chain: a feed of 100 symbols that carries three deep books.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "libs/profile/profile_loader.h"
#include "tests/support/sessions.h"
#include "tests/support/temporary_folder.h"
#include "tools/spillway/pipeline_run.h"

using namespace spillway;

namespace {

// Symbols 51 to 53 are busy, the others trade once in a while.
constexpr char kScenario[] =
    "pre_market: 60s\n"
    "session: 9m\n"
    "episodes: {}\n"
    "feed: {lines: 100, depth_books: 3, tick_streams: 5, messages_per_second: 50}\n"
    "groups:\n"
    "  - {prefix: COLD, count: 50, activity_min: 0.5, activity_max: 2, relative_volume_min: 2.5, relative_volume_max: "
    "4}\n"
    "  - {prefix: HOT, count: 3, activity_min: 60, activity_max: 80, relative_volume_min: 2.5, relative_volume_max: "
    "4}\n"
    "  - {prefix: COLD, count: 47, activity_min: 0.5, activity_max: 2, relative_volume_min: 2.5, relative_volume_max: "
    "4}\n";
const std::set<InstrumentId> kBusy = {51, 52, 53};

}  // namespace

TEST_CASE(
    "chain: IR-10, C-07 of 100 symbols those with activity get the feed's three deep books; the others say "
    "that it "
    "does not carry theirs",
    "[pipeline]") {
  test::TemporaryFolder folder;
  ingest::SimulatorOptions options;
  options.scenario_file = (folder.path() / "scenario.yaml").string();
  std::ofstream(options.scenario_file) << kScenario;
  log::MemoryLog in, out;
  test::Record(*ingest::OpenSimulator(options).value(), in, UINT64_MAX);

  v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  profile.mutable_universe()->clear_relative_volume_min();
  auto market = out.OpenWriter("market.0").value();
  auto features = out.OpenWriter("features.0").value();
  auto trading = out.OpenWriter("trading").value();
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {market.get(), features.get(), trading.get()});
  auto reader = in.OpenReader("market.0").value();
  REQUIRE(cli::RunPipeline(pipeline, *reader, {{"classic@1#1", profile, false}}, {}, [](uint64_t) {}).ok());
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());

  std::map<InstrumentId, Subscription> state;
  std::map<InstrumentId, int> not_carried, ready;
  Time settled = Time::max();  // once every busy symbol has its book
  uint32_t changes = 0, slot = UINT32_MAX;
  auto lane = out.OpenReader("features.0").value();
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  while (lane->Next(message).value()) {
    REQUIRE(decoder
                .Decode(message.bytes, header,
                        [&](const Event& event) {
                          if (const auto* defined = std::get_if<FeatureSetDefined>(&event.body)) {
                            for (slot = 0; defined->specs[slot].kind != FeatureKind::kBidAskRatio;) ++slot;
                          }
                          if (const auto* changed = std::get_if<SubscriptionChanged>(&event.body)) {
                            ++changes;
                            std::set<InstrumentId> depth;
                            uint32_t lines = 0, ticks = 0;
                            for (const Subscription& s : changed->subscriptions) state[s.instrument] = s;
                            for (const auto& [id, s] : state) {
                              if (s.depth) depth.insert(id);
                              lines += s.line;
                              ticks += s.tick_stream;
                            }
                            CHECK(depth.size() <= 3);
                            CHECK(lines <= 100);
                            CHECK(ticks <= 5);
                            if (settled != Time::max()) CHECK(depth == kBusy);
                            if (depth == kBusy && settled == Time::max()) settled = changed->effective_time;
                          }
                          const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
                          if (snapshot == nullptr || event.header.event_time <= settled) return;
                          const FeatureValue& ratio = snapshot->values[slot];
                          const InstrumentId id = event.header.instrument;
                          not_carried[id] += ratio.not_ready == NotReady::kNotCarried;
                          ready[id] += ratio.ready();
                        })
                .ok());
  }
  CHECK(changes >= 1);
  REQUIRE(settled != Time::max());
  for (const InstrumentId id : kBusy) {
    CHECK(ready[id] > 100);
    CHECK(not_carried[id] == 0);
  }
  for (const auto& [id, count] : ready) {
    if (!kBusy.contains(id)) CHECK(count == 0);
  }
  CHECK(not_carried[1] > 0);
}
