// Writes the features lane by hand: what metrics would say, without metrics. Times are milliseconds after 09:30 in New
// York of 2025-05-02; every event follows from a market event of its own.
//
//   FeaturesLane lane;
//   lane.At(0).Define(1).Start("ofi-classic@1#1", classic).Include("ofi-classic@1#1", {1});
//   lane.At(250).Snapshot(1, {.tape = 4});
//   processor.Process(lane.events()...);
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libs/events/codec.h"
#include "libs/events/event.h"
#include "libs/profile/declared_features.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/processor.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/market_builder.h"

namespace spillway::test {

// What a snapshot shows of a symbol. As it stands it is EX-01: the classic rubric gives it 10 points.
struct Seen {
  double bid = 19.97;
  double ask = 20.00;
  double bid_size = 500;
  double ask_size = 400;
  double ratio = 3.0;
  double tape = 5;
  double reclaim = 1;
  double wall_age = 2;
  double fake_wall = 0;
  double replenishment = 0;
  double collapse = 0;
  double depth_bid = 1200;
  uint8_t book = 0;
  std::set<FeatureKind> not_ready = {};
  bool boundary = true;
  bool moved = true;  // the quotes moved since the last boundary; else an equal snapshot shows nothing new
  std::vector<std::string> triggered = {};  // names of instances
  // Features by name, before what stands above: {"sell_velocity", 3}. A mirrored one that is not here is 0.
  std::map<std::string, double> named = {};
  std::set<std::string> not_carried = {};  // by name

  FeatureValue ReadingOf(const FeatureSpec& spec) const {
    const std::string name(ToString(FeatureName{spec.kind, spec.mirrored}));
    if (not_carried.contains(name)) return {0, NotReady::kNotCarried};
    if (const auto found = named.find(name); found != named.end()) return {found->second, NotReady::kReady};
    if (not_ready.contains(spec.kind)) return {0, NotReady::kWarmUp};
    return {spec.mirrored ? 0 : ValueOf(spec.kind), NotReady::kReady};
  }
  double ValueOf(FeatureKind kind) const {
    switch (kind) {
      case FeatureKind::kSpread:
        return (Px(ask) - Px(bid)).ToDouble();
      case FeatureKind::kBidAskRatio:
        return ratio;
      case FeatureKind::kTapeVelocity:
        return tape;
      case FeatureKind::kVwapReclaim:
        return reclaim;
      case FeatureKind::kBidSizeOverAsk:
        return bid_size - ask_size;
      case FeatureKind::kBidWallAge:
        return wall_age;
      case FeatureKind::kFakeWall:
        return fake_wall;
      case FeatureKind::kAskReplenishment:
        return replenishment;
      case FeatureKind::kLiquidityCollapse:
        return collapse;
      case FeatureKind::kDepthBid:
        return depth_bid;
      default:
        return 0;
    }
  }
};

class FeaturesLane {
 public:
  FeaturesLane& At(double milliseconds) {
    now_ = MarketBuilder::kStart + Duration(std::llround(milliseconds * 1e6));
    return *this;
  }
  Time now() const { return now_; }

  FeaturesLane& Define(InstrumentId id, Price tick = Px(0.01)) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = "S" + std::to_string(id);
    definition.tick = tick;
    return Define(definition);
  }
  FeaturesLane& Define(const InstrumentDefinition& definition) {
    return Add(Producer::kIngest, definition.id, 0, definition);
  }

  // A version of the profile takes effect for the instance; metrics defines the features of all profiles so far.
  FeaturesLane& Start(const std::string& instance, const v1::Profile& profile,
                      InstanceMode mode = InstanceMode::kActive, Duration effective_after = Duration(0)) {
    Configure(instance, profile::SerializeDeterministic(profile), mode, effective_after);
    for (const FeatureSpec& spec : profile::DeclaredFeatures(profile)) specs_.insert(spec);
    FeatureSetDefined features{.version = ++feature_set_, .specs = {specs_.begin(), specs_.end()}};
    return Add(Producer::kMetrics, 0, 0, features);
  }
  FeaturesLane& Configure(const std::string& instance, const std::string& document, InstanceMode mode,
                          Duration effective_after = Duration(0)) {
    ConfigurationVersion version{
        .name = instance, .mode = mode, .effective_time = now_ + effective_after, .document = document};
    return Add(Producer::kGateway, 0, StrategyInstanceIdOf(instance), version);
  }

  // Effective at once, unless said otherwise.
  FeaturesLane& Include(const std::string& instance, const std::vector<InstrumentId>& instruments) {
    UniverseChanged universe{.effective_time = now_, .full = true, .cause = "refresh", .members = {}};
    for (const InstrumentId id : instruments) universe.members.push_back({id, true, {}});
    return Universe(instance, universe);
  }
  FeaturesLane& Universe(const std::string& instance, const UniverseChanged& universe) {
    return Add(Producer::kUniverse, 0, StrategyInstanceIdOf(instance), universe);
  }

  FeaturesLane& Snapshot(InstrumentId instrument, const Seen& seen) {
    FeatureSnapshot snapshot;
    snapshot.feature_set = feature_set_;
    snapshot.boundary = seen.boundary;
    snapshot.book = seen.book;
    for (const std::string& name : seen.triggered) snapshot.triggered.push_back(StrategyInstanceIdOf(name));
    snapshot.quote = {Px(seen.bid), Px(seen.ask), Qty(seen.bid_size), Qty(seen.ask_size)};
    snapshot.bid_low = snapshot.bid_high = snapshot.quote.bid;
    if (seen.moved) snapshot.bid_low = snapshot.bid_low - Px(0.01);
    snapshot.ask_low = snapshot.ask_high = snapshot.quote.ask;
    snapshot.last_price = snapshot.quote.ask;
    for (const FeatureSpec& spec : specs_) snapshot.values.push_back(seen.ReadingOf(spec));
    return Add(Producer::kMetrics, instrument, 0, snapshot);
  }
  FeaturesLane& Inputs(InstrumentId instrument, const UniverseInputs& inputs) {
    return Add(Producer::kMetrics, instrument, 0, inputs);
  }
  FeaturesLane& Tick() { return Add(Producer::kIngest, 0, 0, ClockTick{}); }
  FeaturesLane& Halt(InstrumentId instrument, TradingStatus status) {
    return Add(Producer::kIngest, instrument, 0, HaltChanged{status, "T1"});
  }
  FeaturesLane& Feed(FeedState state, InstrumentId instrument = 0) {
    return Add(Producer::kIngest, instrument, 0, FeedStatus{.feed = 1, .state = state, .lag = {}, .reason = "test"});
  }
  FeaturesLane& Add(Producer producer, InstrumentId instrument, StrategyInstanceId instance, EventBody body) {
    const bool market = producer == Producer::kIngest || instrument != 0;
    const SourcePosition position{.feed = market ? 1U : 2U, .epoch = 1, .position = ++(market ? market_ : other_)};
    Event event;
    event.header = {.producer = producer,
                    .event_time = now_,
                    .ingest_time = now_ + std::chrono::milliseconds(1),
                    .instrument = instrument,
                    .instance = instance,
                    .correlation = {},
                    .cause = {.market = position, .event = {}, .ordinal = 0}};
    event.body = std::move(body);
    events_.push_back(std::move(event));
    return *this;
  }

  // A market event that is not on this lane.
  FeaturesLane& Skip() {
    ++market_;
    return *this;
  }

  const std::vector<Event>& events() const { return events_; }

 private:
  Time now_ = MarketBuilder::kStart;
  uint64_t market_ = 0;
  uint64_t other_ = 0;
  uint32_t feature_set_ = 0;
  std::set<FeatureSpec> specs_;
  std::vector<Event> events_;
};

inline CollectingSink Play(runtime::Processor& processor, const std::vector<Event>& events) {
  CollectingSink sink;
  for (const Event& event : events) processor.Process(event, sink);
  return sink;
}

// The canonical bytes of one event, and of several one by one: what "the same events" means.
inline std::string BytesOf(const Event& event) {
  GroupEncoder encoder;
  encoder.Begin({.producer = event.header.producer});
  encoder.Add(event);
  return std::string(encoder.bytes());
}
inline std::vector<std::string> BytesOf(const std::vector<Event>& events) {
  std::vector<std::string> bytes;
  for (const Event& event : events) bytes.push_back(BytesOf(event));
  return bytes;
}

// What processor type P emits for the events if it is saved and restored into a new one before each of them.
template <class P>
std::vector<Event> PlayRestoringAlways(const std::vector<Event>& events) {
  CollectingSink sink;
  std::string saved;
  {
    runtime::StateWriter state;
    P().Save(state);
    saved = state.Take();
  }
  for (const Event& event : events) {
    P processor;
    runtime::StateReader reader(saved);
    if (!processor.Restore(reader).ok() || !reader.Finish().ok()) return {};
    processor.Process(event, sink);
    runtime::StateWriter state;
    processor.Save(state);
    saved = state.Take();
  }
  return sink.events;
}

inline v1::Profile Shipped(const std::string& name) {
  absl::StatusOr<v1::Profile> profile = profile::LoadProfile(name);
  if (!profile.ok()) throw std::runtime_error(profile.status().ToString());
  return *std::move(profile);
}
inline v1::Profile Classic() {
  return Shipped("ofi-classic@1");
}

}  // namespace spillway::test
