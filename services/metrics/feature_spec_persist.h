// Features keep their specification in their saved state: a restored one is known by it.
#pragma once

#include "libs/events/features.h"

namespace spillway::metrics {

template <class Archive>
void PersistSpec(Archive& a, FeatureSpec& spec) {
  a(spec.kind, spec.levels, spec.window, spec.threshold, spec.hold, spec.surge, spec.below_for, spec.minimum,
    spec.mirrored, spec.venue);
}

}  // namespace spillway::metrics
