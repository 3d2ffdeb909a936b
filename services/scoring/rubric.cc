#include "services/scoring/rubric.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

constexpr double kNearMissBelow = 1.5;  // points below the threshold
constexpr Duration kRearm = std::chrono::seconds(10);
constexpr Duration kRejectionInterval = std::chrono::seconds(10);

// Points are decimals, and so is their sum: 0.7 + 0.1 comes to a threshold of 0.8.
double Rounded(double score) {
  return std::round(score * 1e9) / 1e9;
}

absl::Status Unknown(const std::string& id, std::string_view what, const std::string& seen) {
  return absl::InvalidArgumentError(fmt::format("rule {}: {} \"{}\" is not known to this build", id, what, seen));
}

// Fills what a score rule and a gate have in common.
template <class From, class Rule>
absl::Status ReadCondition(const v1::Profile& profile, const From& from, Side side, Rule& rule) {
  const std::optional<FeatureSpec> spec = profile::SpecOf(profile, from, side);
  if (!spec) return Unknown(from.id(), "feature", from.feature());
  const std::optional<Comparison> comparison = ParseComparison(from.op());
  if (!comparison) return Unknown(from.id(), "comparison", from.op());
  rule.id = from.id();
  rule.feature = FeatureSlot(*spec);
  rule.comparison = *comparison;
  rule.limit = profile::LimitOf(from, side);
  return absl::OkStatus();
}

template <class Rule>
RuleResult ResultOf(const Rule& rule, const Evaluation::Outcome& outcome) {
  RuleResult result;
  result.rule = rule.id;
  result.feature = rule.feature.text();
  result.passed = outcome.passed;
  if (outcome.value.ready()) {
    result.value = outcome.value.value;
  } else {
    result.not_ready = NotReadyName(outcome.value.not_ready);
  }
  result.comparison = rule.comparison;
  result.limit = rule.limit;
  result.points = outcome.points;
  return result;
}

}  // namespace

void Evaluation::NoteFailing(size_t index, std::optional<uint32_t>& first) {
  failing |= uint64_t{1} << std::min(index, Rubric::kFailingBits - 1);
  if (!first) first = static_cast<uint32_t>(index);
}

absl::StatusOr<Rubric> Rubric::Of(const v1::Profile& profile, Side side) {
  const v1::Rubric& from = profile.rubric();
  Rubric rubric;
  rubric.graded_ = from.mode() == v1::SCORING_MODE_GRADED;
  rubric.base_ = from.base();
  if (from.has_score_min()) rubric.score_min_ = from.score_min();
  if (from.has_score_max()) rubric.score_max_ = from.score_max();
  rubric.threshold_ = from.threshold();
  rubric.near_miss_ = from.has_near_miss() ? from.near_miss() : from.threshold() - kNearMissBelow;
  rubric.rearm_ = from.has_rearm_ns() ? Duration(from.rearm_ns()) : kRearm;
  rubric.rejection_interval_ =
      from.has_rejection_interval_ns() ? Duration(from.rejection_interval_ns()) : kRejectionInterval;
  rubric.evaluation_interval_ = Duration(from.evaluation_interval_ns());
  for (const v1::ScoreRule& rule : from.rules()) {
    ScoreRule& added = rubric.rules_.emplace_back();
    if (absl::Status read = ReadCondition(profile, rule, side, added); !read.ok()) return read;
    added.points = profile::PointsOf(rule);
    if (rule.has_start()) added.start = rule.start();
  }
  for (const v1::Gate& gate : profile.gates()) {
    GateRule& added = rubric.gates_.emplace_back();
    if (absl::Status read = ReadCondition(profile, gate, side, added); !read.ok()) return read;
    added.pass_not_ready = gate.pass_not_ready();
  }
  return rubric;
}

void Rubric::Resolve(std::span<const FeatureSpec> defined) {
  for (ScoreRule& rule : rules_) rule.feature.Resolve(defined);
  for (GateRule& gate : gates_) gate.feature.Resolve(defined);
}

double PointsFor(const ScoreRule& rule, double value, bool graded) {
  if (!graded || !rule.start || *rule.start == rule.limit) {
    return Compare(value, rule.comparison, rule.limit) ? rule.points : 0;
  }
  const double fraction = (value - *rule.start) / (rule.limit - *rule.start);
  return rule.points * std::clamp(fraction, 0.0, 1.0);
}

void Rubric::Evaluate(std::span<const FeatureValue> values, Evaluation& evaluation) const {
  EvaluateRules(values, evaluation);
  EvaluateGates(values, evaluation);
}

void Rubric::EvaluateRules(std::span<const FeatureValue> values, Evaluation& evaluation) const {
  evaluation.score = base_;
  evaluation.failing = 0;
  evaluation.first_rule.reset();
  evaluation.outcomes.resize(size());
  for (size_t i = 0; i < rules_.size(); ++i) {
    const ScoreRule& rule = rules_[i];
    Evaluation::Outcome outcome{.value = rule.feature.Read(values)};
    if (outcome.value.ready()) {
      outcome.passed = Compare(outcome.value.value, rule.comparison, rule.limit);
      outcome.points = PointsFor(rule, outcome.value.value, graded_);
    }
    evaluation.score += outcome.points;
    evaluation.outcomes[i] = outcome;
    if (outcome.points < std::max(rule.points, 0.0)) evaluation.NoteFailing(i, evaluation.first_rule);
  }
  evaluation.score = Rounded(evaluation.score);
  if (score_min_) evaluation.score = std::max(evaluation.score, *score_min_);
  if (score_max_) evaluation.score = std::min(evaluation.score, *score_max_);
}

void Rubric::EvaluateGates(std::span<const FeatureValue> values, Evaluation& evaluation) const {
  evaluation.gates_pass = true;
  evaluation.first_gate.reset();
  for (size_t i = rules_.size(); i < size(); ++i) {
    const GateRule& gate = gates_[i - rules_.size()];
    Evaluation::Outcome outcome{.value = gate.feature.Read(values)};
    outcome.passed = outcome.value.ready() ? Compare(outcome.value.value, gate.comparison, gate.limit)
                                           : gate.pass_not_ready && outcome.value.not_ready != NotReady::kNotCarried;
    evaluation.gates_pass &= outcome.passed;
    evaluation.outcomes[i] = outcome;
    if (!outcome.passed) evaluation.NoteFailing(i, evaluation.first_gate);
  }
}

void Rubric::Explain(const Evaluation& evaluation, std::vector<RuleResult>& results) const {
  auto outcome = evaluation.outcomes.begin();
  for (const ScoreRule& rule : rules_) {
    results.push_back(ResultOf(rule, *outcome++));
    results.back().points_max = rule.points;
  }
  for (const GateRule& gate : gates_) {
    results.push_back(ResultOf(gate, *outcome++));
    results.back().gate = true;
  }
}

}  // namespace spillway::scoring
