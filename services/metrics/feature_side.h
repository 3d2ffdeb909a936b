// Which side of the book a feature looks at.
#pragma once

#include "libs/events/features.h"
#include "libs/events/market_event.h"

namespace spillway::metrics {

// The side that the feature's name says, the other one where it is mirrored; kNone for a feature of both or of neither.
constexpr Side SideOf(const FeatureSpec& spec) {
  Side side = Side::kNone;
  switch (spec.kind) {
    case FeatureKind::kBidWallAge:
    case FeatureKind::kFakeWall:
    case FeatureKind::kBidSpoofScore:
    case FeatureKind::kBidCancelBurst:
    case FeatureKind::kBidAddRate:
    case FeatureKind::kBidCancelRate:
    case FeatureKind::kBidUpdateRate:
    case FeatureKind::kBidSupport:
      side = Side::kBid;
      break;
    case FeatureKind::kAskReplenishment:
    case FeatureKind::kAskAbsorption:
    case FeatureKind::kAskWallDepletion:
    case FeatureKind::kAskRefills:
    case FeatureKind::kAskRefillWithoutPrint:
    case FeatureKind::kAskPassiveAbsorption:
    case FeatureKind::kBuyVelocity:
    case FeatureKind::kAskExecuted:
    case FeatureKind::kAskCancelled:
      side = Side::kAsk;
      break;
    default:
      break;
  }
  return spec.mirrored ? Opposite(side) : side;
}

// Which of a pair of lists, bids' and asks', belongs to a side.
constexpr size_t SideIndex(Side side) {
  return side == Side::kAsk ? 1 : 0;
}

}  // namespace spillway::metrics
