// Says for every strategy instance which symbols it may trade, and why each other symbol is out.
//
// Reads   features lane: InstrumentDefinition, ConfigurationVersion, UniverseInputs, HaltChanged.
// Emits   UniverseChanged (to each market lane), at most one for each instance and input: the symbols whose membership
//         or failing rules changed; all that are known (`full`) on an instance's first. It takes effect two ticks
//         (200 ms) after the event that caused it, so that it acts at the same event in every run.
//
// Decides when a set of inputs is complete (`last_of_refresh`). A "refresh" set counts for an instance once in each
// interval of its own; sets for another cause ("halt", "first_quote") and symbols it has never decided count at once.
// A halt takes a symbol out without waiting for inputs; only new inputs bring it back. A halt of instrument 0 is the
// whole market's. The values in an exclusion are those seen when the set of failing rules last changed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/universe/universe_rules.h"

namespace spillway::universe {

class UniverseProcessor final : public runtime::Processor {
 public:
  static constexpr Duration kEffectiveAfter = 2 * kTickPeriod;

  Producer producer() const override { return Producer::kUniverse; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Versions whose document is no profile: their instance does not run. Observed by the shell.
  uint64_t configurations_refused() const { return configurations_refused_; }

 private:
  struct Instance {
    std::string document;
    UniverseRules rules;                                     // of `document`
    Time last_refresh;                                       // its start at first
    bool told = false;                                       // its first, full UniverseChanged was emitted
    std::map<InstrumentId, std::vector<Exclusion>> members;  // all symbols decided; no exclusion: in

    template <class Archive>
    void Persist(Archive& a);
  };

  void Activate(const profile::PendingConfiguration& version);
  void OnInputs(const EventHeader& header, const UniverseInputs& inputs, runtime::EventSink& out);
  void OnHalt(const EventHeader& header, TradingStatus status, runtime::EventSink& out);
  void Decide(StrategyInstanceId id, Instance& instance, const EventHeader& header, const std::string& cause,
              runtime::EventSink& out) const;
  void Tell(StrategyInstanceId id, Instance& instance, const EventHeader& header, const std::string& cause,
            const std::vector<InstrumentId>& changed, runtime::EventSink& out) const;
  TradingStatus StatusOf(InstrumentId instrument) const;
  template <class Archive>
  void Persist(Archive& a);

  std::map<InstrumentId, SymbolFacts> facts_;
  std::map<InstrumentId, TradingStatus> status_;  // 0: the whole market
  std::map<InstrumentId, SymbolInputs> staged_;   // the set that is not complete yet
  std::map<StrategyInstanceId, Instance> instances_;
  profile::PendingConfigurations pending_;
  uint64_t configurations_refused_ = 0;
};

}  // namespace spillway::universe
