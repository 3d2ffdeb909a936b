// Which features are computed, and for whom: the union of what the strategy instances declare, and each instance's
// rubric as the trigger of snapshots at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway::metrics {

// One feature of the set. Features that keep state of their own have it in a symbol's list for their kind (and side,
// for those of one side of the book), at `index`.
struct FeatureSlot {
  FeatureSpec spec;
  uint32_t index = 0;
  uint32_t position = 0;  // in the set
};

// One detector of the set. A slot of liquidity_collapse has two: collapse (0) and spread blow-out (1).
struct DetectorSlot {
  uint32_t slot = 0;
  uint8_t which = 0;
};

struct FeatureSet {
  uint32_t version = 0;            // 0: nothing was declared yet
  std::vector<FeatureSlot> slots;  // in FeatureSpec order; the values of a snapshot stand in this order
  std::vector<DetectorSlot> detectors;
};

// True for features whose state changes are events of their own (DetectorFired).
bool HasDetector(FeatureKind kind);

// What one rule of a rubric adds to the sum while it is satisfied; a graded one adds its part from `start` to `limit`.
struct TriggerRule {
  uint32_t slot = 0;
  uint32_t order = 0;  // among the profile's rules
  Comparison comparison = Comparison::kIsTrue;
  bool graded = false;
  double limit = 0;
  double points = 0;
  double start = 0;
  // The most and the least that the rules from this one on can add: the sum is decided early, dear rules stand last.
  double rest_max = 0;
  double rest_min = 0;
  friend bool operator==(const TriggerRule&, const TriggerRule&) = default;
};

// The rubric of one instance for one side of the market.
struct StrategyTrigger {
  StrategyInstanceId id = 0;
  Side side = Side::kBid;  // kAsk: of the short setup
  double threshold = 0;    // infinite where the cut of the score decides alone
  double base = 0;
  std::vector<TriggerRule> rules;
  std::vector<uint32_t> detectors;  // slots whose detector triggers the instance
  uint32_t same_as = 0;             // the first trigger of the list with the same rubric: one evaluation serves both
};

// The instances in force. A profile that does not parse is counted and changes nothing.
class StrategyInstances {
 public:
  // The profile of `id` is now `document` (v1::Profile). True if anything changed.
  bool Set(StrategyInstanceId id, const std::string& document);
  bool Retire(StrategyInstanceId id);

  // The union of declared features; the indexes of stateful features count up within their kind.
  FeatureSet Union(uint32_t version) const;
  // In order of ids, of each the long side first.
  std::vector<StrategyTrigger> Triggers(const FeatureSet& set) const;
  // The smallest refresh of the universe that a profile asks for; 5 minutes without any.
  Duration UniverseRefresh() const;
  uint64_t refused() const { return refused_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(documents_, refused_);
  }

 private:
  std::map<StrategyInstanceId, std::string> documents_;
  uint64_t refused_ = 0;
};

}  // namespace spillway::metrics
