// A symbol keeps the features of one kind, and of one side for those that have sides, in a list in the set's order.
#pragma once

#include <utility>
#include <vector>

#include "services/metrics/feature_set.h"
#include "services/metrics/feature_side.h"

namespace spillway::metrics {

// The list that `set` asks for; those that exist keep their state.
template <class Feature, class Make>
std::vector<Feature> Rebuilt(std::vector<Feature>& old, const FeatureSet& set, FeatureKind kind, Side side, Make make) {
  std::vector<Feature> features;
  for (const FeatureSlot& slot : set.slots) {
    if (slot.spec.kind != kind || SideOf(slot.spec) != side) continue;
    bool kept = false;
    for (Feature& feature : old) {
      if (feature.spec() != slot.spec) continue;
      features.push_back(std::move(feature));
      kept = true;
      break;
    }
    if (!kept) features.push_back(make(slot.spec));
  }
  return features;
}

}  // namespace spillway::metrics
