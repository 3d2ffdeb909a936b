#include "services/scoring/scoring_processor.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"

namespace spillway::scoring {
namespace {

constexpr uint32_t kFeaturesMax = 100'000;  // more is a damaged state

template <class Archive>
void PersistFeatures(Archive& a, FeatureSetDefined& features) {
  auto count = static_cast<uint32_t>(features.specs.size());
  a(features.version, count);
  if constexpr (Archive::kReading) features.specs.resize(std::min(count, kFeaturesMax));
  for (FeatureSpec& spec : features.specs) {
    a(spec.kind, spec.levels, spec.window, spec.threshold, spec.hold, spec.surge, spec.below_for, spec.minimum,
      spec.mirrored, spec.venue);
  }
}

}  // namespace

void ScoringProcessor::Process(const Event& event, runtime::EventSink& out) {
  const EventHeader& header = event.header;
  pending_.TakeDue(header.event_time, [&](const auto& version) { Activate(version); });
  std::visit(Overloaded{
                 [&](const FeatureSnapshot& snapshot) { OnSnapshot(header, snapshot, out); },
                 [&](const ClockTick&) { OnTick(event, out); },
                 [&](const FeatureSetDefined& features) { OnFeatureSet(features); },
                 [&](const UniverseChanged& universe) {
                   out.Emit(event);
                   OnUniverse(header, universe);
                 },
                 [&](const HaltChanged& halt) {
                   out.Emit(event);
                   market_.Apply(header.instrument, halt);
                   OnStatusChanged(header, out);
                 },
                 [&](const FeedStatus& feed) {
                   out.Emit(event);
                   market_.Apply(header.producer, header.instrument, feed);
                   OnStatusChanged(header, out);
                 },
                 [&](const FeedCapabilities& capabilities) {
                   out.Emit(event);
                   market_.Apply(capabilities);
                 },
                 [&](const InstrumentDefinition& definition) {
                   out.Emit(event);
                   market_.Apply(definition);
                 },
                 [&](const ConfigurationVersion& version) {
                   out.Emit(event);
                   OnConfiguration(event, version);
                 },
                 [&](const SessionState&) { out.Emit(event); }, [&](const NewsHeadline&) { out.Emit(event); },
                 [](const auto&) {},  // not ours
             },
             event.body);
}

void ScoringProcessor::OnConfiguration(const Event& event, const ConfigurationVersion& version) {
  pending_.Add(event.header, version);
  pending_.TakeDue(event.header.event_time, [&](const auto& due) { Activate(due); });
}

void ScoringProcessor::Activate(const profile::PendingConfiguration& version) {
  // What is repeated because another instance changed restarts nobody.
  const auto running = instances_.find(version.instance);
  const bool shadow = version.mode == InstanceMode::kShadow;
  if (running != instances_.end() && version.mode != InstanceMode::kRetired && running->second.shadow() == shadow &&
      running->second.document() == version.document) {
    return;
  }
  instances_.erase(version.instance);
  if (version.mode == InstanceMode::kRetired) return;
  absl::StatusOr<StrategyInstance> instance = StrategyInstance::Start(version.instance, shadow, version.document);
  if (!instance.ok()) {
    ++configurations_refused_;
    return;
  }
  instance->Resolve(features_.specs);
  instances_.emplace(version.instance, *std::move(instance));
}

void ScoringProcessor::OnFeatureSet(const FeatureSetDefined& features) {
  features_ = features;
  for (auto& [id, instance] : instances_) instance.Resolve(features_.specs);
}

void ScoringProcessor::OnUniverse(const EventHeader& header, const UniverseChanged& universe) {
  const auto instance = instances_.find(header.instance);
  if (instance != instances_.end()) instance->second.OnUniverse(universe);
}

void ScoringProcessor::OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot, runtime::EventSink& out) {
  if (market_.ticks(header.instrument) == nullptr) {
    ++snapshots_dropped_;
    return;
  }
  if (snapshot.boundary) rows_.See(header.instrument, snapshot);
  std::span<const FeatureValue> values;
  if (snapshot.feature_set == features_.version) values = snapshot.values;
  for (auto& [id, instance] : instances_) instance.OnSnapshot(header, snapshot, values, market_, out);
}

void ScoringProcessor::OnStatusChanged(const EventHeader& header, runtime::EventSink& out) {
  for (auto& [id, instance] : instances_) instance.OnStatus(header, market_, out);
}

void ScoringProcessor::OnTick(const Event& tick, runtime::EventSink& out) {
  if (!std::holds_alternative<MarketContext>(context_.body)) context_.body = MarketContext{};
  auto& context = std::get<MarketContext>(context_.body);
  rows_.Take(context.rows);
  if (!context.rows.empty()) {
    context_.header = {.producer = Producer::kScoring,
                       .event_time = tick.header.event_time,
                       .ingest_time = tick.header.ingest_time,
                       .instrument = 0,
                       .instance = 0,
                       .correlation = {},
                       .cause = {.market = {}, .event = tick.header.id(), .ordinal = 0}};
    out.Emit(context_);
  }
  out.Emit(tick);
  for (auto& [id, instance] : instances_) instance.OnTick(tick.header, market_, out);
}

uint64_t ScoringProcessor::rejections_suppressed() const {
  uint64_t sum = 0;
  for (const auto& [id, instance] : instances_) sum += instance.rejections_suppressed();
  return sum;
}

void ScoringProcessor::Save(runtime::StateWriter& state) const {
  PersistFeatures(state, const_cast<FeatureSetDefined&>(features_));  // a writer changes nothing
  state(market_, rows_, pending_, configurations_refused_, snapshots_dropped_, instances_.size());
  for (const auto& [id, instance] : instances_) state(id, instance.shadow(), instance.document(), instance);
}

absl::Status ScoringProcessor::Restore(runtime::StateReader& state) {
  size_t count = 0;
  PersistFeatures(state, features_);
  state(market_, rows_, pending_, configurations_refused_, snapshots_dropped_, count);
  instances_.clear();
  for (; count > 0 && !state.failed(); --count) {
    StrategyInstanceId id = 0;
    bool shadow = false;
    std::string document;
    state(id, shadow, document);
    absl::StatusOr<StrategyInstance> instance = StrategyInstance::Start(id, shadow, std::move(document));
    if (!instance.ok()) return instance.status();
    state(*instance);
    instance->Resolve(features_.specs);
    instances_.emplace(id, *std::move(instance));
  }
  if (state.failed()) return absl::DataLossError("scoring: the saved state ends early");
  return absl::OkStatus();
}

}  // namespace spillway::scoring
