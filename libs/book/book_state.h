// The book of one instrument as any feed reports it: levels by price or position, top of book, or single orders; and
// whether it may be used for decisions.
#pragma once

#include <cstdint>

#include "libs/book/order_book_l3.h"
#include "libs/events/event.h"

namespace spillway::book {

// Facts of the feed, kept and counted.
struct BookFacts {
  uint64_t crossed = 0;  // events after which the book was crossed, at end_of_event
  uint64_t locked = 0;
  uint64_t gaps = 0;
  uint64_t unknown_positions = 0;  // position-based changes beyond the levels we have
  friend bool operator==(const BookFacts&, const BookFacts&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(crossed, locked, gaps, unknown_positions);
  }
};

class BookState {
 public:
  const OrderBook& levels() const { return book_.levels(); }
  const OrderBookL3& orders() const { return book_; }
  const BookFacts& facts() const { return facts_; }

  // BookCondition bits; 0: the book may be used for decisions.
  uint8_t condition() const {
    const BookSide& bids = levels().bids();
    const BookSide& asks = levels().asks();
    uint8_t bits = 0;
    if (bids.empty()) bits |= BookCondition::kBidEmpty;
    if (asks.empty()) bits |= BookCondition::kAskEmpty;
    if (bits == 0) {
      const Price bid = bids.price_at(0);
      const Price ask = asks.price_at(0);
      if (bid > ask) bits |= BookCondition::kCrossed;
      if (bid == ask) bits |= BookCondition::kLocked;
    }
    if (gap_) bits |= BookCondition::kGap;
    if (stale_) bits |= BookCondition::kStale;
    return bits;
  }

  // Sequence numbers are missing. Lasts until both sides have been sent again: cleared, in a snapshot or as tops.
  void OnGap() {
    gap_ = true;
    resent_ = 0;
    ++facts_.gaps;
  }
  void SetStale(bool stale) { stale_ = stale; }

  // Applies an event of this instrument; trades and empty rows change nothing.
  // on_change(LevelChange) is called for every level that changes, after the change; clearing a side is no level
  // change.
  template <class OnChange>
  void Apply(const MarketEvent& event, OnChange&& on_change) {
    switch (event.kind) {
      case MarketEventKind::kLevel: {
        const Quantity before = book_.levels().Set(event.side, event.price, event.quantity);
        on_change(LevelChange{event.side, event.cause, event.price, before, std::max(event.quantity, Quantity())});
        break;
      }
      case MarketEventKind::kTop:
        ApplyTop(event, on_change);
        break;
      case MarketEventKind::kClear:
        book_.Clear(event.side);
        break;
      case MarketEventKind::kOrderAdd:
        book_.Add(event.reference, {event.side, event.price, event.quantity}, WithCause(event, on_change));
        break;
      case MarketEventKind::kOrderCancel:
        book_.Cancel(event.reference, event.quantity, WithCause(event, on_change));
        break;
      case MarketEventKind::kOrderModify:
        book_.Modify(event.reference, {event.side, event.price, event.quantity}, WithCause(event, on_change));
        break;
      case MarketEventKind::kOrderFill:
        filled_reference_ = event.reference;
        break;
      case MarketEventKind::kLevelInsert:
      case MarketEventKind::kLevelUpdate:
      case MarketEventKind::kLevelDelete:
        ApplyPosition(event, on_change);
        break;
      case MarketEventKind::kNone:
      case MarketEventKind::kTick:
      case MarketEventKind::kTrade:
      case MarketEventKind::kVenueVwap:
        break;
    }
    if (gap_) NoteResent(event);
    if (event.end_of_event()) NoteFacts();
  }
  void Apply(const MarketEvent& event) {
    Apply(event, [](const LevelChange&) {});
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(book_, facts_, gap_, stale_, resent_, filled_reference_);
  }

 private:
  // Orders' level changes carry the event's cause. The cancel that follows a fill of the same order is the execution.
  template <class OnChange>
  auto WithCause(const MarketEvent& event, OnChange& on_change) {
    Cause cause = event.cause;
    if (event.kind == MarketEventKind::kOrderCancel) {
      if (filled_reference_ != 0 && filled_reference_ == event.reference) cause = Cause::kExecute;
      if (cause == Cause::kUnknown) cause = Cause::kCancel;
      filled_reference_ = 0;
    } else if (cause == Cause::kUnknown) {
      cause = event.kind == MarketEventKind::kOrderAdd ? Cause::kAdd : Cause::kReplace;
    }
    return [cause, &on_change](LevelChange change) {
      change.cause = cause;
      on_change(change);
    };
  }

  template <class OnChange>
  void ApplyTop(const MarketEvent& event, OnChange& on_change) {
    OrderBook& levels = book_.levels();
    const std::optional<Level> old = levels.side(event.side).best();
    levels.SetTop(event.side, event.price, event.quantity);
    const Quantity after = std::max(event.quantity, Quantity());
    if (old && old->price == event.price) {
      on_change(LevelChange{event.side, event.cause, event.price, old->size, after});
      return;
    }
    // The old top went out of sight; what happened to it is not known.
    if (old) on_change(LevelChange{event.side, Cause::kWindow, old->price, old->size, Quantity()});
    if (after > Quantity()) on_change(LevelChange{event.side, event.cause, event.price, Quantity(), after});
  }

  template <class OnChange>
  void ApplyPosition(const MarketEvent& event, OnChange& on_change) {
    OrderBook& levels = book_.levels();
    const std::optional<Level> old = levels.LevelByRank(event.side, event.level);
    const bool removes = event.kind == MarketEventKind::kLevelDelete || event.quantity <= Quantity();
    bool known = true;
    if (removes) {
      known = event.kind == MarketEventKind::kLevelInsert || levels.DeleteAt(event.side, event.level);
    } else if (event.kind == MarketEventKind::kLevelInsert) {
      known = levels.InsertAt(event.side, event.level, event.price, event.quantity);
    } else {
      known = levels.UpdateAt(event.side, event.level, event.price, event.quantity);
    }
    if (!known) ++facts_.unknown_positions;

    const bool replaces = event.kind != MarketEventKind::kLevelInsert && old.has_value();
    if (!removes && replaces && old->price == event.price) {
      on_change(LevelChange{event.side, event.cause, event.price, old->size, event.quantity});
      return;
    }
    if (replaces) on_change(LevelChange{event.side, event.cause, old->price, old->size, Quantity()});
    if (!removes) on_change(LevelChange{event.side, event.cause, event.price, Quantity(), event.quantity});
  }

  void NoteResent(const MarketEvent& event) {
    const bool whole_side = event.kind == MarketEventKind::kClear || event.kind == MarketEventKind::kTop ||
                            (event.cause == Cause::kSnapshot && event.kind != MarketEventKind::kTrade);
    if (whole_side) {
      if (event.side != Side::kAsk) resent_ |= 1;
      if (event.side != Side::kBid) resent_ |= 2;
    }
    if (resent_ == 3 && event.end_of_event()) gap_ = false;
  }
  void NoteFacts() {
    const BookSide& bids = levels().bids();
    const BookSide& asks = levels().asks();
    if (bids.empty() || asks.empty()) return;
    const int64_t spread = asks.price_at(0).nanos() - bids.price_at(0).nanos();
    facts_.crossed += spread < 0;
    facts_.locked += spread == 0;
  }

  OrderBookL3 book_;
  BookFacts facts_;
  bool gap_ = false;
  bool stale_ = false;
  uint8_t resent_ = 0;             // sides sent again since the gap: 1 bids, 2 asks
  uint64_t filled_reference_ = 0;  // the order of the last fill that no cancel followed yet
};

}  // namespace spillway::book
