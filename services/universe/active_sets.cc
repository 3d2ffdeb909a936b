#include "services/universe/active_sets.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "services/universe/universe_rules.h"
#include "spillway/v1/profile.pb.h"
#include "xxhash.h"

namespace spillway::universe {

std::string DigestOf(const ActiveSet& set) {
  std::string text;
  for (const std::string& symbol : set.symbols) text += symbol + '\n';
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

void ActiveSets::Observe(const Event& event) {
  AdvanceTo(event.header.event_time);
  std::visit(
      Overloaded{
          [&](const InstrumentDefinition& definition) { symbols_[definition.id] = definition.symbol; },
          [&](const ConfigurationVersion& version) { pending_.Add(event.header, version); },
          [&](const UniverseChanged& universe) {
            Change change{event.header.instance, event.header.event_time, universe.effective_time, universe.full, {}};
            for (const UniverseMember& member : universe.members) {
              change.members.emplace_back(member.instrument, member.included);
            }
            changes_.push_back(std::move(change));
          },
          [&](const UniverseInputs& inputs) {
            if (!inputs.last_of_refresh || inputs.cause != "refresh") return;
            for (auto& [id, instance] : instances_) {
              instance.refreshed_at = event.header.event_time;
              if (instance.decided) changed_.insert(id);
            }
          },
          [](const auto&) {},  // only its time
      },
      event.body);
  AdvanceTo(event.header.event_time);  // what takes effect at once
}

void ActiveSets::AdvanceTo(Time time) {
  now_ = std::max(now_, time);
  pending_.TakeDue(now_, [&](const profile::PendingConfiguration& version) { Activate(version); });
  const auto due = std::stable_partition(changes_.begin(), changes_.end(),
                                         [&](const Change& change) { return change.effective_time <= now_; });
  for (auto change = changes_.begin(); change != due; ++change) Apply(*change);
  changes_.erase(changes_.begin(), due);
}

// A new version decides anew: until it has, what was last decided stays in force.
void ActiveSets::Activate(const profile::PendingConfiguration& version) {
  if (version.mode == InstanceMode::kRetired) {
    const auto retired = instances_.find(version.instance);
    if (retired == instances_.end()) return;
    ended_.push_back(retired->second.name);
    changed_.erase(version.instance);
    instances_.erase(retired);
    return;
  }
  Instance& instance = instances_[version.instance];
  instance.name = version.name;
  v1::Profile profile;
  if (profile.ParseFromString(version.document)) instance.refresh = UniverseRulesOf(profile).refresh;
}

void ActiveSets::Apply(const Change& change) {
  const auto found = instances_.find(change.instance);
  if (found == instances_.end()) return;  // retired since it was decided
  Instance& instance = found->second;
  if (change.full) instance.members.clear();
  for (const auto& [instrument, included] : change.members) {
    if (included) {
      instance.members.insert(instrument);
    } else {
      instance.members.erase(instrument);
    }
  }
  instance.decided = true;
  instance.effective_time = change.effective_time;
  instance.refreshed_at = std::max(instance.refreshed_at, change.decided_at);
  ++instance.sequence;
  changed_.insert(change.instance);
}

ActiveSet ActiveSets::SetOf(const Instance& instance) const {
  ActiveSet set{.instance = instance.name,
                .ended = false,
                .symbols = {},
                .effective_time = instance.effective_time,
                .refreshed_at = instance.refreshed_at,
                .refresh = instance.refresh,
                .sequence = instance.sequence};
  for (const InstrumentId member : instance.members) {
    const auto symbol = symbols_.find(member);
    set.symbols.push_back(symbol != symbols_.end() ? symbol->second : fmt::format("#{}", member));
  }
  std::sort(set.symbols.begin(), set.symbols.end());
  return set;
}

std::vector<ActiveSet> ActiveSets::TakeChanged() {
  std::vector<ActiveSet> sets;
  for (std::string& name : std::exchange(ended_, {})) sets.push_back({.instance = std::move(name), .ended = true});
  for (const StrategyInstanceId id : std::exchange(changed_, {})) sets.push_back(SetOf(instances_.at(id)));
  return sets;
}

std::vector<ActiveSet> ActiveSets::All() const {
  std::vector<ActiveSet> sets;
  for (const auto& [id, instance] : instances_) {
    if (instance.decided) sets.push_back(SetOf(instance));
  }
  return sets;
}

template <class Archive>
void ActiveSets::Persist(Archive& a) {
  a(now_, symbols_, instances_, pending_, changes_);
}

void ActiveSets::Save(runtime::StateWriter& state) const {
  const_cast<ActiveSets*>(this)->Persist(state);  // a writer changes nothing
}

absl::Status ActiveSets::Restore(runtime::StateReader& state) {
  Persist(state);
  if (state.failed()) return absl::DataLossError("active sets: the saved state ends early");
  changed_.clear();
  ended_.clear();
  for (const auto& [id, instance] : instances_) {
    if (instance.decided) changed_.insert(id);
  }
  return absl::OkStatus();
}

}  // namespace spillway::universe
