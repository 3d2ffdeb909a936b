// Which features a profile needs, with the profile's parameters. Metrics computes the union over all profiles; scoring
// looks its own up again by the same specification. So the two agree by construction.
#pragma once

#include <optional>
#include <vector>

#include "libs/events/features.h"
#include "libs/events/market_event.h"

namespace spillway::v1 {
class Profile;
class ScoreRule;
}  // namespace spillway::v1

namespace spillway::profile {

// `kind` with the parameters that this profile gives it; a parameter that is absent has its catalogue default.
FeatureSpec SpecFor(const v1::Profile& profile, FeatureKind kind);
FeatureSpec SpecFor(const v1::Profile& profile, FeatureName name);

// The feature of a rule, gate or cancel condition, with the rule's own window and levels where it has them; `side` is
// the setup's: kAsk is the short one, which looks at the mirror image. nullopt: no feature has that name.
template <class Rule>
std::optional<FeatureSpec> SpecOf(const v1::Profile& profile, const Rule& rule, Side side = Side::kBid) {
  std::optional<FeatureName> name = ParseFeatureName(rule.feature());
  if (!name) return std::nullopt;
  FeatureSpec spec = SpecFor(profile, side == Side::kAsk ? Mirrored(*name) : *name);
  if (rule.has_window_ns()) spec.window = Duration(rule.window_ns());
  if (rule.has_levels()) spec.levels = rule.levels();
  return spec;
}
// The limit of a rule on a side: the short side's own where it has one.
template <class Rule>
double LimitOf(const Rule& rule, Side side) {
  return side == Side::kAsk && rule.has_short_limit() ? rule.short_limit() : rule.limit();
}

// What a rule adds to the score while it holds: its points, or less its penalty.
double PointsOf(const v1::ScoreRule& rule);

// kBid, and kAsk where the profile trades the short side too (IR-1).
std::vector<Side> SidesOf(const v1::Profile& profile);

// Its approved intents are sent to a broker, some or all of them.
bool BecomesOrders(const v1::Profile& profile);

// Every feature that the rubric, the gates and the cancel rules use on the profile's sides, and the traded volume where
// intents become orders (FX-73), each once, in FeatureSpec order.
std::vector<FeatureSpec> DeclaredFeatures(const v1::Profile& profile);

}  // namespace spillway::profile
