// The best quotes as they stood at the last end of an event, and what can be said from them alone.
#pragma once

#include <cstdint>

#include "libs/book/book_state.h"
#include "libs/events/features.h"

namespace spillway::metrics {

struct TopOfBook {
  int64_t bid = 0;  // 1e-9; 0 with size 0 where the side is empty
  int64_t ask = 0;
  int64_t bid_size = 0;  // 1e-8
  int64_t ask_size = 0;
  uint8_t condition = BookCondition::kBidEmpty | BookCondition::kAskEmpty;
  bool top_only = false;  // of top-of-book quotes, because the deep book cannot be used (IR-2)

  bool valid() const { return condition == 0; }
  bool two_sided() const { return (condition & (BookCondition::kBidEmpty | BookCondition::kAskEmpty)) == 0; }
  int64_t spread() const { return ask - bid; }
  // As the other side of the market sees it: prices count downwards, what was bid is asked. Of a valid book.
  TopOfBook Mirrored() const {
    return {.bid = -ask,
            .ask = -bid,
            .bid_size = ask_size,
            .ask_size = bid_size,
            .condition = condition,
            .top_only = top_only};
  }
  friend bool operator==(const TopOfBook&, const TopOfBook&) = default;

  static TopOfBook Of(const book::BookState& state) {
    TopOfBook top;
    if (const std::optional<book::Level> bid = state.quote(Side::kBid)) {
      top.bid = bid->price.nanos();
      top.bid_size = bid->size.e8();
    }
    if (const std::optional<book::Level> ask = state.quote(Side::kAsk)) {
      top.ask = ask->price.nanos();
      top.ask_size = ask->size.e8();
    }
    top.top_only = state.top_only();
    top.condition = state.condition();
    return top;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(bid, ask, bid_size, ask_size, condition, top_only);
  }
};

// Whether a feature is of the best quotes or of the tape alone, so that it needs no deep book.
inline bool NeedsNoDepth(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kSpread:
    case FeatureKind::kSpreadChange:
    case FeatureKind::kSpreadBelowFor:
    case FeatureKind::kTapeVelocity:
    case FeatureKind::kVwap:
    case FeatureKind::kVwapReclaim:
    case FeatureKind::kBidSizeOverAsk:
    case FeatureKind::kTapeStall:
    case FeatureKind::kQueueImbalance:
    case FeatureKind::kOrderFlowImbalance:
    case FeatureKind::kMicroprice:
    case FeatureKind::kMid:
    case FeatureKind::kTapeAcceleration:
    case FeatureKind::kVwapDistance:
    case FeatureKind::kTapeFreeze:
    case FeatureKind::kBuyVelocity:
    case FeatureKind::kTradedVolume:
      return true;
    default:
      return false;
  }
}

// Why a feature of a book in this condition is not ready.
inline NotReady ReasonOf(uint8_t condition) {
  if (condition == 0) return NotReady::kReady;
  if ((condition & BookCondition::kAskEmpty) != 0) return NotReady::kAskSideEmpty;
  if ((condition & BookCondition::kBidEmpty) != 0) return NotReady::kBidSideEmpty;
  return NotReady::kBookInvalid;
}

inline FeatureValue Ready(double value) {
  return {value, NotReady::kReady};
}
inline FeatureValue Unready(NotReady reason) {
  return {0, reason};
}

// Ratios of scaled integers divide, so that 0.03 is the double nearest to 0.03.
inline double PriceUnits(int64_t nanos) {
  return static_cast<double>(nanos) / 1e9;
}
inline double SizeUnits(int64_t e8) {
  return static_cast<double>(e8) / 1e8;
}
inline double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace spillway::metrics
