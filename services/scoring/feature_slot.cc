#include "services/scoring/feature_slot.h"

#include <algorithm>

namespace spillway::scoring {

void FeatureSlot::Resolve(std::span<const FeatureSpec> defined) {
  const auto found = std::ranges::find(defined, spec_);
  index_ = found == defined.end() ? kAbsent : static_cast<size_t>(found - defined.begin());
}

}  // namespace spillway::scoring
