// Says for every strategy instance which symbols it may trade, and why each other symbol is out.
//
// Reads   features lane: FeedCapabilities, InstrumentDefinition, ConfigurationVersion, UniverseInputs, HaltChanged,
//         NewsHeadline; for feeds with limits FeatureSnapshot, FeedStatus (a broker's rejection), ClockTick.
// Emits   UniverseChanged (to each market lane), at most one for each instance and input: the symbols whose membership
//         or failing rules changed; all that are known (`full`) on an instance's first. It takes effect two ticks
//         (200 ms) after the event that caused it, so that it acts at the same event in every run.
//         SubscriptionChanged, of feeds with limits only: what to ask of the feed (subscription_manager.h), once a
//         second where something changes, the first when the first universe is known. It takes effect as late.
//
// Decides when a set of inputs is complete (`last_of_refresh`). A "refresh" set counts for an instance once in each
// interval of its own; sets for another cause ("halt", "first_quote") and symbols it has never decided count at once.
// A halt takes a symbol out without waiting for inputs; only new inputs bring it back. A halt of instrument 0 is the
// whole market's. A headline of the symbol with a word of `exclude_headline_words` takes it out at once and for the
// rest of the day in New York. Of the symbols that pass all that, only the best ones by relative volume are in where
// the profile or the symbol's feed has a limit (universe_cut.h); whenever one is decided, all are ranked anew. What is
// said of a symbol's rules is said again when the set of failing rules changes, not when their values do.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/universe/subscription_manager.h"
#include "services/universe/universe_cut.h"
#include "services/universe/universe_rules.h"

namespace spillway::universe {

class UniverseProcessor final : public runtime::Processor {
 public:
  static constexpr Duration kEffectiveAfter = 2 * kTickPeriod;

  Producer producer() const override { return Producer::kUniverse; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Versions whose document is no profile: their instance does not run. Observed by the shell.
  uint64_t configurations_refused() const { return configurations_refused_; }

 private:
  // Why a symbol is out, by where it comes from; nothing anywhere: it is in.
  struct Member {
    std::vector<Exclusion> rules;
    std::optional<Exclusion> headline;
    int32_t headline_day = 0;
    std::vector<Exclusion> cut;
    std::optional<Exclusion> halt;
    std::optional<double> relative_volume;  // when it was last decided

    bool PassesRules() const { return rules.empty() && !headline && !halt; }
    std::vector<Exclusion> All() const;
    template <class Archive>
    void Persist(Archive& a) {
      a(rules, headline, headline_day, cut, halt, relative_volume);
    }
  };
  struct Instance {
    std::string document;
    UniverseRules rules;                     // of `document`
    Time last_refresh;                       // its start at first
    bool told = false;                       // its first, full UniverseChanged was emitted
    std::map<InstrumentId, Member> members;  // all symbols decided
    std::set<InstrumentId> inherited;        // of the version before; in force until this one has decided

    std::set<InstrumentId> Included() const;

    template <class Archive>
    void Persist(Archive& a);
  };
  // For instances that start later in the day.
  struct DayHeadlines {
    static constexpr size_t kKept = 100;   // more of one day count for the instances that run
    static constexpr size_t kBytes = 500;  // of each
    int32_t day = 0;
    std::vector<std::string> headlines;

    template <class Archive>
    void Persist(Archive& a) {
      a(day, headlines);
    }
  };

  void Activate(const profile::PendingConfiguration& version);
  void OnInputs(const EventHeader& header, const UniverseInputs& inputs, runtime::EventSink& out);
  void OnHalt(const EventHeader& header, TradingStatus status, runtime::EventSink& out);
  void OnHeadline(const EventHeader& header, const NewsHeadline& news, runtime::EventSink& out);
  void Decide(StrategyInstanceId id, Instance& instance, const EventHeader& header, const std::string& cause,
              runtime::EventSink& out);
  Member Decided(const Instance& instance, InstrumentId instrument, const SymbolInputs& inputs, int32_t day) const;
  std::optional<Exclusion> HeadlineOf(const Instance& instance, InstrumentId instrument, int32_t day) const;
  std::map<InstrumentId, std::vector<Exclusion>> CutOf(const Instance& instance) const;
  void Tell(StrategyInstanceId id, Instance& instance, const EventHeader& header, const std::string& cause,
            const std::vector<InstrumentId>& changed, runtime::EventSink& out);
  void OnCapabilities(const FeedCapabilities& feed);
  void OnDefinition(const EventHeader& header, const InstrumentDefinition& definition);
  void OnFeedStatus(const EventHeader& header, const FeedStatus& status);
  SubscriptionManager* SubscriptionsOf(InstrumentId instrument);  // nullptr: its feed has no limits
  void Subscribe(const EventHeader& header, runtime::EventSink& out);
  std::set<InstrumentId> Union() const;
  TradingStatus StatusOf(InstrumentId instrument) const;
  template <class Archive>
  void Persist(Archive& a);

  std::map<uint32_t, uint32_t> feed_lines_;  // of the feeds with a limit
  std::map<InstrumentId, uint32_t> feed_of_;
  std::map<InstrumentId, SymbolFacts> facts_;
  std::map<uint32_t, bool> news_;  // which feeds carry news, of those that said
  std::map<InstrumentId, DayHeadlines> headlines_;
  std::map<InstrumentId, TradingStatus> status_;  // 0: the whole market
  std::map<InstrumentId, SymbolInputs> staged_;   // the set that is not complete yet
  std::map<StrategyInstanceId, Instance> instances_;
  profile::PendingConfigurations pending_;
  std::map<uint32_t, SubscriptionManager> subscriptions_;  // by feed
  bool universes_changed_ = false;                         // since the managers were told
  uint64_t configurations_refused_ = 0;
};

}  // namespace spillway::universe
