// A feature that a profile uses: its specification, and where its value stands in the snapshots in force.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "libs/events/features.h"

namespace spillway::scoring {

class FeatureSlot {
 public:
  FeatureSlot() = default;
  explicit FeatureSlot(const FeatureSpec& spec) : spec_(spec), text_(ToString(spec)) {}

  // Looks the specification up in the features that metrics computes now.
  void Resolve(std::span<const FeatureSpec> defined);
  // A feature that metrics does not compute (yet) is warming up.
  FeatureValue Read(std::span<const FeatureValue> values) const {
    if (index_ < values.size()) return values[index_];
    return {.value = 0, .not_ready = NotReady::kWarmUp};
  }
  FeatureKind kind() const { return spec_.kind; }
  const std::string& text() const { return text_; }  // "bid_ask_ratio(levels=10)"

 private:
  static constexpr size_t kAbsent = SIZE_MAX;
  FeatureSpec spec_;
  std::string text_;
  size_t index_ = kAbsent;
};

}  // namespace spillway::scoring
