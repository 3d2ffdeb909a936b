// IR-2 on the whole chain: a market whose books come by position has the quotes of the same market by price.
#include <fstream>
#include <map>

#include "libs/profile/profile_loader.h"
#include "tests/support/sessions.h"
#include "tests/support/temporary_folder.h"
#include "tools/spillway/pipeline_run.h"

using namespace spillway;

namespace {

struct Shown {
  Time time;
  Quote quote;
  friend bool operator==(const Shown&, const Shown&) = default;
};
struct Session {
  std::map<InstrumentId, std::vector<Shown>> quotes;  // at boundaries, where they changed
  uint64_t ratios = 0, without_depth = 0, wrong = 0;
};

Session RunMarket(const std::string& feed) {
  test::TemporaryFolder folder;
  ingest::SimulatorOptions options;
  options.scenario_file = (folder.path() / "scenario.yaml").string();
  // One symbol in play; one so quiet that its deep book grows old; one wider than 0.20.
  std::ofstream(options.scenario_file) << "pre_market: 10s\nsession: 8m\n"
                                          "episodes: {}\n"
                                          "groups:\n"
                                          "  - {count: 1}\n"
                                          "  - {count: 1, activity_min: 0.2, activity_max: 0.3}\n"
                                          "  - {count: 1, spread_ticks_min: 25, spread_ticks_max: 30}\n"
                                       << feed;
  log::MemoryLog in, out;
  test::Record(*ingest::OpenSimulator(options).value(), in, UINT64_MAX);
  auto market = out.OpenWriter("market.0").value();
  auto features = out.OpenWriter("features.0").value();
  auto trading = out.OpenWriter("trading").value();
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {market.get(), features.get(), trading.get()});
  auto reader = in.OpenReader("market.0").value();
  const v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  REQUIRE(cli::RunPipeline(pipeline, *reader, {{"classic@1#1", profile, false}}, {}, [](uint64_t) {}).ok());
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());

  Session session;
  size_t ratio = 0;
  auto lane = out.OpenReader("features.0").value();
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  const auto take = [&](const Event& event) {
    if (const auto* defined = std::get_if<FeatureSetDefined>(&event.body)) {
      for (ratio = 0; defined->specs[ratio].kind != FeatureKind::kBidAskRatio;) ++ratio;
    }
    const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
    if (snapshot == nullptr || !snapshot->boundary) return;
    std::vector<Shown>& quotes = session.quotes[event.header.instrument];
    if (quotes.empty() || quotes.back().quote != snapshot->quote) {
      quotes.push_back({event.header.event_time, snapshot->quote});
    }
    session.ratios += snapshot->values[ratio].ready();
    session.without_depth += snapshot->top_only;
    session.wrong += snapshot->book != 0 || (snapshot->top_only && snapshot->values[ratio].ready());
  };
  while (lane->Next(message).value()) REQUIRE(decoder.Decode(message.bytes, header, take).ok());
  return session;
}

}  // namespace

TEST_CASE(
    "chain: IR-2, S1-B2.1 a market by position has the quotes of the same market by price; features of depth are not "
    "ready "
    "while "
    "only the top of book can be used",
    "[pipeline]") {
  const Session by_price = RunMarket("");
  const Session by_position = RunMarket("feed: {by_position: true}\n");
  REQUIRE(by_price.quotes.size() == 3);
  for (const auto& [instrument, quotes] : by_price.quotes) {
    INFO("instrument " << instrument);
    CHECK(quotes.size() > 20);
    CHECK((by_position.quotes.at(instrument) == quotes));
  }
  CHECK(by_price.without_depth == 0);
  CHECK(by_position.without_depth > 1000);
  CHECK(by_position.ratios > 1000);
  CHECK(by_price.wrong == 0);
  CHECK(by_position.wrong == 0);
}
