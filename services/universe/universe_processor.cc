#include "services/universe/universe_processor.h"

#include <algorithm>
#include <utility>

#include "spillway/v1/profile.pb.h"

namespace spillway::universe {
namespace {

bool SameRules(const std::vector<Exclusion>& a, const std::vector<Exclusion>& b) {
  return std::ranges::equal(a, b, {}, &Exclusion::rule, &Exclusion::rule);
}

bool Trades(TradingStatus status) {
  return !HaltExclusion(status).has_value();
}

}  // namespace

void UniverseProcessor::Process(const Event& event, runtime::EventSink& out) {
  pending_.TakeDue(event.header.event_time, [&](const auto& version) { Activate(version); });
  std::visit(
      Overloaded{
          [&](const InstrumentDefinition& definition) {
            facts_[definition.id] = {definition.security_type, definition.float_shares,
                                     definition.average_volume.sessions};
          },
          [&](const ConfigurationVersion& version) {
            pending_.Add(event.header, version);
            pending_.TakeDue(event.header.event_time, [&](const auto& due) { Activate(due); });
          },
          [&](const UniverseInputs& inputs) { OnInputs(event.header, inputs, out); },
          [&](const HaltChanged& halt) { OnHalt(event.header, halt.status, out); }, [](const auto&) {},  // not ours
      },
      event.body);
}

// A new version of an instance starts anew: what the old one decided says nothing about the new rules.
void UniverseProcessor::Activate(const profile::PendingConfiguration& version) {
  instances_.erase(version.instance);
  if (version.mode == InstanceMode::kRetired) return;
  v1::Profile profile;
  if (!profile.ParseFromString(version.document)) {
    ++configurations_refused_;
    return;
  }
  Instance& instance = instances_[version.instance];
  instance.document = version.document;
  instance.rules = UniverseRulesOf(profile);
  instance.last_refresh = version.effective_time;
}

void UniverseProcessor::OnInputs(const EventHeader& header, const UniverseInputs& inputs, runtime::EventSink& out) {
  if (header.instrument != 0) {
    staged_[header.instrument] = {inputs.price, inputs.spread_median, inputs.relative_volume,
                                  inputs.relative_volume_reason};
    if (inputs.trading_status != TradingStatus::kUnknown) status_[header.instrument] = inputs.trading_status;
  }
  if (!inputs.last_of_refresh) return;
  for (auto& [id, instance] : instances_) Decide(id, instance, header, inputs.cause, out);
  staged_.clear();
}

void UniverseProcessor::Decide(StrategyInstanceId id, Instance& instance, const EventHeader& header,
                               const std::string& cause, runtime::EventSink& out) const {
  const bool refresh = cause == "refresh";
  const bool due = !refresh || FloorTo(header.event_time, instance.rules.refresh) >
                                   FloorTo(instance.last_refresh, instance.rules.refresh);
  if (refresh && due) instance.last_refresh = header.event_time;

  std::vector<InstrumentId> changed;
  for (const auto& [instrument, inputs] : staged_) {
    const auto member = instance.members.find(instrument);
    const bool decided = member != instance.members.end();
    if (decided && !due) continue;
    const auto facts = facts_.find(instrument);
    std::vector<Exclusion> exclusions =
        Exclusions(instance.rules, facts != facts_.end() ? facts->second : SymbolFacts{}, inputs, StatusOf(instrument));
    if (decided && SameRules(member->second, exclusions)) continue;
    instance.members[instrument] = std::move(exclusions);
    changed.push_back(instrument);
  }
  if (!changed.empty()) Tell(id, instance, header, cause, changed, out);
}

void UniverseProcessor::OnHalt(const EventHeader& header, TradingStatus status, runtime::EventSink& out) {
  status_[header.instrument] = status;
  const std::optional<Exclusion> halted = HaltExclusion(status);
  if (!halted) return;  // back in with new inputs only
  for (auto& [id, instance] : instances_) {
    std::vector<InstrumentId> changed;
    for (auto& [instrument, exclusions] : instance.members) {
      if (header.instrument != 0 && header.instrument != instrument) continue;
      if (!exclusions.empty() && exclusions.back().rule == halted->rule) continue;
      exclusions.push_back(*halted);
      changed.push_back(instrument);
    }
    if (!changed.empty()) Tell(id, instance, header, "halt", changed, out);
  }
}

void UniverseProcessor::Tell(StrategyInstanceId id, Instance& instance, const EventHeader& header,
                             const std::string& cause, const std::vector<InstrumentId>& changed,
                             runtime::EventSink& out) const {
  UniverseChanged universe{
      .effective_time = header.event_time + kEffectiveAfter, .full = !instance.told, .cause = cause, .members = {}};
  for (const InstrumentId instrument : changed) {  // on an instance's first: all that it knows
    const std::vector<Exclusion>& exclusions = instance.members.at(instrument);
    universe.members.push_back({instrument, exclusions.empty(), exclusions});
  }
  instance.told = true;

  Event event;
  event.header = {.producer = Producer::kUniverse,
                  .event_time = header.event_time,
                  .ingest_time = header.ingest_time,
                  .instrument = 0,
                  .instance = id,
                  .correlation = header.correlation_id(),
                  .cause = {.market = {}, .event = header.id(), .ordinal = 0}};
  event.body = std::move(universe);
  out.Emit(event);
}

TradingStatus UniverseProcessor::StatusOf(InstrumentId instrument) const {
  for (const InstrumentId who : {InstrumentId{0}, instrument}) {
    const auto found = status_.find(who);
    if (found != status_.end() && !Trades(found->second)) return found->second;
  }
  return TradingStatus::kTrading;
}

template <class Archive>
void UniverseProcessor::Instance::Persist(Archive& a) {
  a(document, last_refresh, told, members);
}

template <class Archive>
void UniverseProcessor::Persist(Archive& a) {
  a(facts_, status_, staged_, instances_, pending_, configurations_refused_);
}

void UniverseProcessor::Save(runtime::StateWriter& state) const {
  const_cast<UniverseProcessor*>(this)->Persist(state);  // a writer changes nothing
}

absl::Status UniverseProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  for (auto& [id, instance] : instances_) {
    v1::Profile profile;
    if (!profile.ParseFromString(instance.document)) {
      return absl::DataLossError("universe: the saved profile of an instance cannot be read");
    }
    instance.rules = UniverseRulesOf(profile);
  }
  return state.failed() ? absl::DataLossError("universe: the saved state ends early") : absl::OkStatus();
}

}  // namespace spillway::universe
