// Which features a profile needs, with the profile's parameters. Metrics computes the union over all profiles; scoring
// looks its own up again by the same specification. So the two agree by construction.
#pragma once

#include <vector>

#include "libs/events/features.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::profile {

// `kind` with the parameters that this profile gives it; a parameter that is absent has its catalogue default.
FeatureSpec SpecFor(const v1::Profile& profile, FeatureKind kind);

// Every feature that the rubric, the gates and the cancel rules use, each once, in FeatureSpec order.
std::vector<FeatureSpec> DeclaredFeatures(const v1::Profile& profile);

}  // namespace spillway::profile
