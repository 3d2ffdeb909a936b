// A rubric as data: a profile's score rules and gates, evaluated over the values of one snapshot. Pure.
//
// Boolean mode: a rule that holds gives its points, else none. Graded mode (C-02): the points grow linearly from none
// at `start` to all at `limit`; a rule without `start` stays all or nothing. A rule whose feature is not ready gives
// none. A penalty is taken off as points are given. The score is `base` and the points in their order, to nine
// decimals, cut to [score_min, score_max].
//
// A profile that trades the short side has a second rubric for it (IR-1): the same rules over the mirrored features,
// with `short_limit` where a rule has one. What the feed cannot carry passes no gate, also one that passes what is not
// ready.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "services/scoring/feature_slot.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

struct ScoreRule {
  std::string id;
  FeatureSlot feature;
  Comparison comparison = Comparison::kIsTrue;
  double limit = 0;             // full points from here
  double points = 0;            // negative: a penalty
  std::optional<double> start;  // graded: no points up to here
};

struct GateRule {  // what it says must hold, or the signal is rejected whatever its score
  std::string id;
  FeatureSlot feature;
  Comparison comparison = Comparison::kIsTrue;
  double limit = 0;
  bool pass_not_ready = false;
};

// What one evaluation found. Kept by the caller and used again, so that an evaluation allocates nothing.
struct Evaluation {
  struct Outcome {
    FeatureValue value;
    bool passed = false;
    double points = 0;
  };
  double score = 0;
  bool gates_pass = true;
  // One bit each rule that gave less than it can, then each gate that did not pass; a rule without points fails
  // nothing. The kFailingBits-th and all after it share the last bit.
  uint64_t failing = 0;
  std::optional<uint32_t> first_rule;  // of those that gave less than they can: its index in `outcomes`
  std::optional<uint32_t> first_gate;  // of those that did not pass, likewise
  std::vector<Outcome> outcomes;       // the rules', then the gates'

  void NoteFailing(size_t index, std::optional<uint32_t>& first);
};

class Rubric {
 public:
  static constexpr size_t kFailingBits = 60;

  // InvalidArgument names a rule whose feature or comparison this build does not know.
  static absl::StatusOr<Rubric> Of(const v1::Profile& profile, Side side = Side::kBid);

  void Resolve(std::span<const FeatureSpec> defined);
  void Evaluate(std::span<const FeatureValue> values, Evaluation& evaluation) const;
  // The same in two steps: most evaluations are far below anything that asks for the gates. First the score and the
  // rules' outcomes; then, of the same values, the gates'.
  void EvaluateRules(std::span<const FeatureValue> values, Evaluation& evaluation) const;
  void EvaluateGates(std::span<const FeatureValue> values, Evaluation& evaluation) const;
  // Appends every rule and gate with what was seen.
  void Explain(const Evaluation& evaluation, std::vector<RuleResult>& results) const;

  // The name of the rule, then gate, whose outcome stands at `index`.
  const std::string& id(size_t index) const {
    return index < rules_.size() ? rules_[index].id : gates_[index - rules_.size()].id;
  }
  size_t size() const { return rules_.size() + gates_.size(); }

  double threshold() const { return threshold_; }
  double near_miss() const { return near_miss_; }  // reported as rejected from here on
  Duration rearm() const { return rearm_; }
  Duration rejection_interval() const { return rejection_interval_; }
  Duration evaluation_interval() const { return evaluation_interval_; }  // IR-6; 0: at each trigger too

 private:
  bool graded_ = false;
  double base_ = 0;
  std::optional<double> score_min_;
  std::optional<double> score_max_;
  double threshold_ = 0;
  double near_miss_ = 0;
  Duration rearm_{0};
  Duration rejection_interval_{0};
  Duration evaluation_interval_{0};
  std::vector<ScoreRule> rules_;
  std::vector<GateRule> gates_;
};

// The points of one rule for a ready value. `graded` as above.
double PointsFor(const ScoreRule& rule, double value, bool graded);

}  // namespace spillway::scoring
