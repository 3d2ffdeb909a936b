// One strategy instance: its profile, and all state that depends on it. What an instance emits never depends on which
// others run: it sees its own triggers and the boundary snapshots that show something new of its own features (others'
// features make boundaries too), and numbers its outputs by itself.
//
// Every evaluation gives a score and says which gates fail: the profile's own, and beside them `universe` (one result
// for each exclusion: "universe:price_min"), `book_valid`, `not_halted` and `feed_up` (FX-15). Of the evaluations
//   accepted  score >= threshold, all gates pass, and the symbol is re-armed: its score was below the threshold at an
//             evaluation since the last accepted one, and `rearm` has passed. Emits Signal, then its TradeIntent.
//   rejected  score >= near_miss, and score < threshold or a gate fails. Emits Signal, once in `rejection_interval` for
//             the same symbol and the same failing rules; the others are counted.
//   the rest  emit nothing.
#pragma once

#include <algorithm>
#include <memory>
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
#include "services/scoring/market_state.h"
#include "services/scoring/rubric.h"
#include "services/scoring/signal_monitor.h"

namespace spillway::scoring {

class StrategyInstance {
 public:
  // InvalidArgument if the document is no profile that this build can score.
  static absl::StatusOr<StrategyInstance> Start(StrategyInstanceId id, bool shadow, std::string document);

  void Resolve(std::span<const FeatureSpec> defined);
  void OnUniverse(const UniverseChanged& universe);
  // `values` are those of the features resolved last; empty if the snapshot was made of others.
  void OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot, std::span<const FeatureValue> values,
                  const MarketState& market, const TickTable& ticks, runtime::EventSink& out);
  void OnTick(const EventHeader& header, const MarketState& market, runtime::EventSink& out);
  // A halt or a feed's status changed.
  void OnStatus(const EventHeader& header, const MarketState& market, runtime::EventSink& out);

  bool shadow() const { return shadow_; }
  const std::string& document() const { return document_; }
  uint64_t rejections_suppressed() const { return rejections_suppressed_; }

  // All state but what Start() makes of its arguments and Resolve() of the features.
  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_, universes_, monitor_, rejections_suppressed_);
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
  // What the last boundary snapshot that was news showed of this instance's features.
  struct Shown {
    bool any = false;
    uint8_t book = 0;
    Quote quote;
    std::optional<Price> last_price;
    std::vector<FeatureValue> values;
    template <class Archive>
    void Persist(Archive& a) {
      a(any, book, quote.bid, quote.ask, quote.bid_size, quote.ask_size, last_price);
      uint64_t count = values.size();
      a(count);
      if constexpr (Archive::kReading) values.resize(std::min<uint64_t>(count, 1 << 16));
      for (FeatureValue& value : values) a(value.value, value.not_ready);
    }
  };
  struct Symbol {
    Shown shown;
    Membership membership;
    bool armed = true;
    std::optional<Time> accepted;       // the last accepted signal's trigger
    std::vector<Rejection> rejections;  // reported within the interval
    template <class Archive>
    void Persist(Archive& a) {
      a(shown, membership, armed, accepted, rejections);
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
    bool pass() const { return universe && book_valid && not_halted && feed_up; }
  };
  struct Occasion;  // one evaluation: what it looks at and where its outputs go
  class Outputs;

  StrategyInstance(StrategyInstanceId id, bool shadow, std::string document, const v1::Profile& profile, Rubric rubric);

  Symbol& SymbolOf(InstrumentId instrument);
  bool ShowsNews(InstrumentId instrument, const FeatureSnapshot& snapshot, std::span<const FeatureValue> values);
  void ApplyUniverses(Time now);
  void Evaluate(const Occasion& occasion, Outputs& out);
  void Accept(const Occasion& occasion, Symbol& symbol, Outputs& out);
  void Reject(const Occasion& occasion, Symbol& symbol, const FailingSet& failing, Outputs& out);
  bool Rearmed(const Symbol& symbol, Time now) const;
  CommonGates GatesOf(const Occasion& occasion, const Symbol& symbol) const;
  Signal SignalOf(const Occasion& occasion, const Symbol& symbol, bool accepted) const;
  void ExplainGates(const Occasion& occasion, const Symbol& symbol, std::vector<RuleResult>& results) const;
  static void Cancel(std::span<const Cancellation> cancelled, Outputs& out);

  StrategyInstanceId id_ = 0;
  bool shadow_ = false;
  std::string document_;
  Rubric rubric_;
  std::vector<FeatureSlot> features_;  // all that the profile declares
  Blueprint blueprint_;
  SignalMonitor monitor_;
  std::vector<Symbol> symbols_;             // by instrument
  std::vector<PendingUniverse> universes_;  // not effective yet, oldest first
  uint64_t rejections_suppressed_ = 0;
  Evaluation evaluation_;  // of the snapshot at hand; kept for its memory
};

}  // namespace spillway::scoring
