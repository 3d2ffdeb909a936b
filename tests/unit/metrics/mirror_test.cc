// IR-1: what a long setup sees in a market, a short one sees in its mirror image.
#include <map>
#include <random>

#include "tests/support/market_generator.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

// Prices count from the other end, bids are asks, who bought sold.
std::vector<MarketEvent> MirrorImage(std::vector<MarketEvent> events) {
  constexpr int64_t kSum = 40'000'000'000;
  for (MarketEvent& event : events) {
    event.side = Opposite(event.side);
    const bool priced = event.kind == MarketEventKind::kLevel || event.kind == MarketEventKind::kTrade;
    if (priced) event.price = Price::FromNanos(kSum - event.price.nanos());
  }
  return events;
}

// Features that are prices have no mirror image.
bool IsPrice(FeatureKind kind) {
  return kind == FeatureKind::kMid || kind == FeatureKind::kMicroprice || kind == FeatureKind::kVwap;
}

v1::Profile EveryFeatureBothWays() {
  std::vector<std::string> names;
  for (uint8_t number = 1; number <= static_cast<uint8_t>(kLastFeatureKind); ++number) {
    const FeatureName name{static_cast<FeatureKind>(number), false};
    if (IsPrice(name.kind)) continue;
    names.emplace_back(ToString(name));
    if (Mirrored(name) != name && Mirrored(name).mirrored) names.emplace_back(ToString(Mirrored(name)));
  }
  v1::Profile profile = ProfileOf(names);
  profile.mutable_features()->set_spread_below_e9(20'000'000);
  profile.mutable_features()->set_reclaim_surge(0);
  profile.mutable_features()->set_reclaim_below_for_ns(500'000'000);
  profile.mutable_features()->set_fake_wall_within_ns(2'000'000'000);
  return profile;
}

using Values = std::map<std::string, FeatureValue>;

// The boundaries' values by feature; of the mirror image by what each is there.
std::vector<std::pair<Time, Values>> Seen(const std::vector<MarketEvent>& events, bool causes, bool mirror_image) {
  MetricsPlay play(EveryFeatureBothWays(), causes);
  const std::span<const MarketEvent> all(events);
  for (size_t i = 0; i < all.size(); i += 100) {
    play.processor.Process(MarketBuilder::BatchOf(all.subspan(i, std::min<size_t>(100, all.size() - i))), play.sink);
  }
  std::vector<std::pair<Time, Values>> seen;
  std::vector<FeatureSpec> specs;
  for (const Event& event : play.sink.events) {
    if (const auto* set = std::get_if<FeatureSetDefined>(&event.body)) specs = set->specs;
    const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
    if (snapshot == nullptr || !snapshot->boundary) continue;
    Values values;
    for (size_t i = 0; i < specs.size(); ++i) {
      const FeatureName name{specs[i].kind, specs[i].mirrored};
      values[std::string(ToString(mirror_image ? Mirrored(name) : name))] = snapshot->values[i];
    }
    seen.emplace_back(event.header.event_time, values);
  }
  return seen;
}

TEST_CASE("IR-1: each feature of a market is the mirrored feature of the market's mirror image", "[metrics]") {
  for (const uint64_t seed : {1, 2, 3}) {
    for (const bool causes : {true, false}) {
      INFO("seed " << seed << (causes ? " with causes" : " without causes"));
      const std::vector<MarketEvent> events =
          MarketGenerator({.seed = seed, .rows_per_second = seed == 1 ? 200.0 : 30.0, .trade_share = 0.15}).Make(4000);
      const auto straight = Seen(events, causes, false);
      const auto mirrored = Seen(MirrorImage(events), causes, true);
      REQUIRE(straight.size() == mirrored.size());
      std::map<std::string, size_t> moved;  // how often a feature was something else than 0
      for (size_t i = 0; i < straight.size(); ++i) {
        REQUIRE(straight[i].first == mirrored[i].first);
        for (const auto& [name, value] : straight[i].second) {
          const FeatureValue& other = mirrored[i].second.at(name);
          INFO(name << " at " << FormatTime(straight[i].first) << ": " << value.value << ", mirrored " << other.value);
          REQUIRE(value.not_ready == other.not_ready);
          REQUIRE_THAT(value.value, WithinAbs(other.value, 1e-9));
          moved[name] += value.ready() && value.value != 0;
        }
      }
      CHECK(straight.size() > 50);
      for (const char* name : {"bid_ask_ratio", "ask_bid_ratio", "vwap_reclaim", "vwap_loss", "ask_wall_age",
                               "ask_replenishment", "bid_replenishment", "order_flow_imbalance_short"}) {
        INFO(name);
        CHECK((moved[name] > 0 || seed == 1));
      }
    }
  }
}

}  // namespace
}  // namespace spillway::test
