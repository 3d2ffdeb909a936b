// The active universe of every strategy instance, folded from what the universe reads and writes: which symbols are in,
// since when, and when that was last confirmed. Pure; the shell publishes what changed (adapters/redis_active_set.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/event.h"
#include "libs/profile/pending_configurations.h"
#include "libs/runtime/persist.h"

namespace spillway::universe {

struct ActiveSet {
  std::string instance;              // "ofi-classic@1#1"
  bool ended = false;                // the instance was retired: there is no set any more
  std::vector<std::string> symbols;  // in order
  Time effective_time;               // since when these symbols; event time
  Time refreshed_at;                 // when they were last confirmed; event time
  Duration refresh{0};               // the profile's period of that
  uint64_t sequence = 0;             // counts the changes of this instance's set
  friend bool operator==(const ActiveSet&, const ActiveSet&) = default;
};

// 32 hexadecimal digits over the symbols.
std::string DigestOf(const ActiveSet& set);

class ActiveSets {
 public:
  // Takes InstrumentDefinition, ConfigurationVersion, UniverseChanged, and of UniverseInputs the end of a refresh,
  // which confirms all sets. A change and a version take effect with the first event at or behind their effective time.
  void Observe(const Event& event);

  // The sets that changed, were confirmed or ended since the last call; all of them after Restore.
  std::vector<ActiveSet> TakeChanged();
  std::vector<ActiveSet> All() const;

  void Save(runtime::StateWriter& state) const;
  absl::Status Restore(runtime::StateReader& state);

 private:
  struct Instance {
    std::string name;
    Duration refresh{0};
    std::set<InstrumentId> members;
    Time effective_time, refreshed_at;
    uint64_t sequence = 0;
    bool decided = false;  // a first UniverseChanged came

    template <class Archive>
    void Persist(Archive& a) {
      a(name, refresh, members, effective_time, refreshed_at, sequence, decided);
    }
  };
  struct Change {
    StrategyInstanceId instance = 0;
    Time decided_at, effective_time;
    bool full = false;
    std::vector<std::pair<InstrumentId, bool>> members;  // included or not

    template <class Archive>
    void Persist(Archive& a) {
      a(instance, decided_at, effective_time, full, members);
    }
  };

  void AdvanceTo(Time time);
  void Activate(const profile::PendingConfiguration& version);
  void Apply(const Change& change);
  ActiveSet SetOf(const Instance& instance) const;
  template <class Archive>
  void Persist(Archive& a);

  Time now_;
  std::map<InstrumentId, std::string> symbols_;
  std::map<StrategyInstanceId, Instance> instances_;
  profile::PendingConfigurations pending_;
  std::vector<Change> changes_;  // decided, not in effect: a few ticks' worth
  std::set<StrategyInstanceId> changed_;
  std::vector<std::string> ended_;
};

}  // namespace spillway::universe
