// One strategy instance: its profile, and all state that depends on it. What an instance emits never depends on which
// others run: it sees its own triggers and the boundary snapshots that show something new of its own features (others'
// features make boundaries too), and numbers its outputs by itself.
//
// A symbol is evaluated on each side that the profile trades, long first (IR-1); all state and every rule below is the
// side's own. Every evaluation gives a score and says which gates fail: the profile's own, and beside them `universe`
// (one result for each exclusion: "universe:price_min"), `book_valid`, `not_halted` and `feed_up` (FX-15). Of the
// evaluations
//   accepted  score >= threshold, all gates pass, and the symbol is re-armed: its score was below the threshold at an
//             evaluation since the last accepted one, and `rearm` has passed. Emits Signal, then its TradeIntent.
//   preview   not accepted, and score >= preview.threshold (IR-9). Emits Signal as far as PreviewLimit lets it; in
//   place of
//             the rejected one.
//   rejected  score >= near_miss, and score < threshold or a gate fails. Emits Signal, once in `rejection_interval` for
//             the same symbol and the same failing rules.
//   the rest  emit nothing.
// Rejections and previews that are left out are counted and summed up at the first tick after each minute (IR-5).
//
// With a ranking window (IR-8) what would be accepted waits as a candidate. At the first tick, or snapshot the instance
// looks at, after the window's end all candidates are judged again on what was seen of them last: the best
// `ranking_keep` are accepted with the quote of then, the others rejected by the gate "ranking" and not armed until
// they have been below the threshold; a candidate that no longer holds is rejected for what it fails.
//
// With an evaluation interval (IR-6) a symbol is evaluated at most once in it. A trigger inside the interval is left to
// the next boundary, which shows what came of it; a boundary inside it waits for the interval's end, and is evaluated
// at the first tick after it, or with the next snapshot.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/scoring/blueprint.h"
#include "services/scoring/feature_slot.h"
#include "services/scoring/look.h"
#include "services/scoring/market_state.h"
#include "services/scoring/preview_limit.h"
#include "services/scoring/ranking_window.h"
#include "services/scoring/rubric.h"
#include "services/scoring/signal_monitor.h"
#include "services/scoring/suppressed_rejections.h"

namespace spillway::scoring {

class StrategyInstance {
 public:
  // InvalidArgument if the document is no profile that this build can score.
  static absl::StatusOr<StrategyInstance> Start(StrategyInstanceId id, bool shadow, std::string document);

  // The features that metrics computes now: where the profile's own stand among them.
  void Resolve(std::span<const FeatureSpec> defined);
  void OnUniverse(const UniverseChanged& universe);
  // `values` are those of the features resolved last; empty if the snapshot was made of others. The instrument is
  // defined.
  void OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot, std::span<const FeatureValue> values,
                  const MarketState& market, runtime::EventSink& out);
  void OnTick(const EventHeader& header, const MarketState& market, runtime::EventSink& out);
  // A halt or a feed's status changed.
  void OnStatus(const EventHeader& header, const MarketState& market, runtime::EventSink& out);

  bool shadow() const { return shadow_; }
  const std::string& document() const { return document_; }
  uint64_t rejections_suppressed() const { return rejections_suppressed_; }

  // All state but what Start() makes of its arguments and Resolve() of the features.
  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_, looks_, universes_, monitor_, ranking_, previews_, suppressed_, postponed_, rejections_suppressed_);
  }

 private:
  // Which rules failed in an evaluation, to tell repeated rejections.
  struct FailingSet {
    uint64_t rules = 0;
    uint64_t exclusions = 0;  // digest of the universe's
    friend bool operator==(const FailingSet&, const FailingSet&) = default;
  };
  struct Rejection {
    FailingSet failing;
    Time reported;
    template <class Archive>
    void Persist(Archive& a) {
      a(failing.rules, failing.exclusions, reported);
    }
  };
  struct Membership {
    bool included = false;
    std::vector<std::string> excluded_by = {"not_listed"};
    uint64_t excluded_by_digest = 1;
    template <class Archive>
    void Persist(Archive& a) {
      a(included, excluded_by, excluded_by_digest);
    }
  };
  struct SideState {
    bool armed = true;
    bool waiting = false;               // a candidate of the ranking window
    std::optional<Time> accepted;       // the last accepted signal's trigger
    std::optional<Time> previewed;      // the last preview
    std::vector<Rejection> rejections;  // reported within the interval
    template <class Archive>
    void Persist(Archive& a) {
      a(armed, waiting, accepted, previewed, rejections);
    }
  };
  struct Symbol {
    Membership membership;
    std::optional<Time> evaluated;          // kept with an evaluation interval only
    std::array<SideState, 2> sides;         // long, short
    std::optional<Quantity> minute_volume;  // FX-73, of profiles whose intents become orders
    template <class Archive>
    void Persist(Archive& a) {
      a(membership, evaluated, sides, minute_volume);
    }
  };
  struct PendingUniverse {
    Time effective_time;
    bool full = false;
    std::vector<std::pair<InstrumentId, Membership>> members;
    template <class Archive>
    void Persist(Archive& a) {
      a(effective_time, full, members);
    }
  };
  // The gates that every profile has.
  struct CommonGates {
    bool universe, book_valid, not_halted, feed_up;
    std::array<bool, 4> all() const { return {universe, book_valid, not_halted, feed_up}; }
    bool pass() const { return universe && book_valid && not_halted && feed_up; }
  };
  struct Occasion;  // one evaluation of one side: what it looks at
  class Outputs;

  StrategyInstance(StrategyInstanceId id, bool shadow, std::string document, const v1::Profile& profile,
                   std::vector<Rubric> rubrics, SignalMonitor monitor, std::span<const FeatureSpec> declared);

  Symbol& SymbolOf(InstrumentId instrument);
  bool ShowsNews(const Looks& looks, const FeatureSnapshot& snapshot) const;
  bool TooSoon(const Symbol& symbol, Time now) const;
  void Keep(const EventHeader& header, const FeatureSnapshot& snapshot, Looks& looks) const;
  void ApplyUniverses(Time now);

  void EvaluateSides(const EventHeader& cause, InstrumentId instrument, const MarketState& market, Outputs& out);
  void EvaluatePostponed(const EventHeader& cause, const MarketState& market, Outputs& out);
  void Evaluate(const Occasion& occasion, Outputs& out);
  void Accept(const Occasion& occasion, std::optional<uint32_t> rank, Outputs& out);
  void Preview(const Occasion& occasion, const CommonGates& gates, Outputs& out);
  void Reject(const Occasion& occasion, const CommonGates& gates, Outputs& out);
  void EmitRejected(const Occasion& occasion, const CommonGates& gates, Outputs& out);
  void CountSuppressed(const Occasion& occasion, const CommonGates& gates);
  void CloseRanking(const EventHeader& cause, const MarketState& market, Outputs& out);
  bool Rearmed(const SideState& side, Time now) const;

  Occasion OccasionOf(const EventHeader& cause, InstrumentId instrument, Side side, const MarketState& market);
  CommonGates GatesOf(const Occasion& occasion) const;
  FailingSet FailingOf(const Occasion& occasion, const CommonGates& gates) const;
  uint32_t FirstFailing(const CommonGates& gates) const;
  std::string_view RuleName(uint32_t index) const;
  Signal SignalOf(const Occasion& occasion, bool accepted) const;
  void ExplainGates(const Occasion& occasion, std::vector<RuleResult>& results) const;
  RuleResult RankingGate(uint32_t rank) const;
  static void Cancel(std::span<const Cancellation> cancelled, Outputs& out);

  StrategyInstanceId id_ = 0;
  bool shadow_ = false;
  std::string document_;
  std::vector<Rubric> rubrics_;        // of the sides it trades: long, short
  std::vector<FeatureSlot> features_;  // all that the profile declares
  std::optional<size_t> volume_;       // which of them is the traded volume
  Blueprint blueprint_;
  SignalMonitor monitor_;
  RankingWindow ranking_;
  PreviewLimit previews_;
  SuppressedRejections suppressed_;
  std::vector<Symbol> symbols_;             // by instrument
  std::vector<Looks> looks_;                // by instrument
  std::vector<InstrumentId> postponed_;     // whose last look waits for the evaluation interval's end, ascending
  std::vector<PendingUniverse> universes_;  // not effective yet, oldest first
  uint64_t rejections_suppressed_ = 0;
  Evaluation evaluation_;             // of the occasion at hand; kept for its memory
  std::vector<FeatureValue> values_;  // of the snapshot at hand, in the order of features_; likewise
};

}  // namespace spillway::scoring
