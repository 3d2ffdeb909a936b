// Plays hand-made markets through metrics and reads its snapshots by feature.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/profile/declared_features.h"
#include "libs/profile/profile_loader.h"
#include "services/metrics/metrics_processor.h"
#include "tests/catch.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/market_builder.h"

namespace spillway::test {

// A rubric of one rule for each feature; `threshold` 100 is never reached by points of 1.
inline v1::Profile ProfileOf(const std::vector<std::string>& features, double threshold = 100) {
  v1::Profile profile;
  profile.set_name("test");
  profile.set_version(1);
  profile.mutable_rubric()->set_threshold(threshold);
  for (const std::string& feature : features) {
    v1::ScoreRule& rule = *profile.mutable_rubric()->add_rules();
    rule.set_id("R-" + feature);
    rule.set_feature(feature);
    rule.set_op(">");
    rule.set_limit(0);
    rule.set_points(1);
  }
  return profile;
}

inline Event ConfigurationOf(const v1::Profile& profile, const std::string& name, Time effective = Time(),
                             InstanceMode mode = InstanceMode::kActive) {
  Event event;
  event.header.producer = Producer::kGateway;
  event.header.event_time = MarketBuilder::kStart;
  event.header.instance = StrategyInstanceIdOf(name);
  event.body = ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                                    .name = name,
                                    .mode = mode,
                                    .effective_time = effective,
                                    .document = profile::SerializeDeterministic(profile)};
  return event;
}

inline Event SessionOf(Time open, Duration length = std::chrono::minutes(390)) {
  Event event;
  event.header.producer = Producer::kIngest;
  event.header.event_time = open;
  event.body = SessionState{
      .trading_day = 20250502, .phase = SessionPhase::kRegular, .regular_open = open, .regular_close = open + length};
  return event;
}

inline Event CapabilitiesOf(bool causes, uint32_t levels = 10) {
  Event event;
  event.header.producer = Producer::kIngest;
  FeedCapabilities capabilities;
  capabilities.feed = 1;
  capabilities.name = "by hand";
  capabilities.book_levels = levels;
  capabilities.change_causes = causes;
  event.body = capabilities;
  return event;
}

class MetricsPlay {
 public:
  explicit MetricsPlay(const v1::Profile& profile, bool causes = true) {
    Give(CapabilitiesOf(causes));
    Give(SessionOf(MarketBuilder::kStart));
    Give(ConfigurationOf(profile, "test@1#1"));
  }

  MarketBuilder& At(double milliseconds) { return feed.At(milliseconds); }
  void Give(Event event) {
    if (feed.events().size() > 0) Flush();
    processor.Process(event, sink);
  }
  void Flush() { processor.Process(feed.Batch(), sink); }

  // Plays on to the 250 ms boundary at `milliseconds` (an empty row brings it), and reads the last snapshot.
  const FeatureSnapshot& SnapshotAt(double milliseconds) {
    feed.At(milliseconds).Row();
    Flush();
    return LastSnapshot();
  }
  const FeatureSnapshot& LastSnapshot() {
    Flush();
    const FeatureSnapshot* last = nullptr;
    for (const Event& event : sink.events) {
      if (const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body)) last = snapshot;
      if (const auto* set = std::get_if<FeatureSetDefined>(&event.body)) specs = set->specs;
    }
    REQUIRE(last != nullptr);
    return *last;
  }
  FeatureValue ValueAt(double milliseconds, const std::string& feature) {
    const FeatureSnapshot& snapshot = SnapshotAt(milliseconds);
    for (size_t i = 0; i < specs.size(); ++i) {
      if (ToString(FeatureName{specs[i].kind, specs[i].mirrored}) == feature) return snapshot.values.at(i);
    }
    FAIL("no feature " + feature);
    return {};
  }
  std::vector<DetectorFired> Fired() {
    Flush();
    return sink.Bodies<DetectorFired>();
  }

  metrics::MetricsProcessor processor;
  CollectingSink sink;
  MarketBuilder feed;
  std::vector<FeatureSpec> specs;
};

}  // namespace spillway::test
