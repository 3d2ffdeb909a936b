// The book of one instrument as any feed reports it: levels by price or position, top of book, or single orders; and
// whether it may be used for decisions.
//
// A book is by position (IR-2) from its first change by position on, until it ends; feeds that number their rows send
// no other kind. Of such a book
// - ten rows a side are kept: an insert pushes the last one out of sight, a change of a deeper row is counted and
// dropped;
// - an insert at the best whose price is 0.10 or more from it means that the feed begins the side anew: what was there
// is
//   dropped, and counted;
// - a row of price or size 0 stays a row, because the rows behind it keep their numbers;
// - it is valid only while both sides have rows, the best ones have price and size, are not crossed, locked or more
// than
//   0.20 apart, and something changed in the last 2,000 ms of event time;
// - top-of-book quotes (kTop) stand beside it. While it is not valid they are the quotes, if both sides have one: the
//   condition is theirs, and top_only() says that nothing is known of the depth.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "libs/book/order_book_l3.h"
#include "libs/events/event.h"

namespace spillway::book {

// Facts of the feed, kept and counted.
struct BookFacts {
  uint64_t crossed = 0;  // events after which the book was crossed, at end_of_event
  uint64_t locked = 0;
  uint64_t gaps = 0;
  uint64_t unknown_positions = 0;  // position-based changes beyond the levels we have
  uint64_t resets = 0;             // sides by position that began anew without a word
  friend bool operator==(const BookFacts&, const BookFacts&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(crossed, locked, gaps, unknown_positions, resets);
  }
};

class BookState {
 public:
  // IR-2, of books by position.
  static constexpr size_t kPositionRows = 10;
  static constexpr Price kResetJump = Price::FromNanos(100'000'000);
  static constexpr Price kSpreadMax = Price::FromNanos(200'000'000);
  static constexpr Duration kStaleAfter = std::chrono::milliseconds(2000);

  const OrderBook& levels() const { return book_.levels(); }
  const OrderBookL3& orders() const { return book_; }
  const BookFacts& facts() const { return facts_; }

  // BookCondition bits; 0: the quotes may be used for decisions.
  uint8_t condition() const { return top_only() ? TopCondition() : DeepCondition(); }
  bool by_position() const { return by_position_; }
  bool top_only() const { return by_position_ && has_tops() && DeepCondition() != 0; }
  // The best level that condition() is about.
  std::optional<Level> quote(Side side) const {
    return top_only() ? std::optional<Level>(side == Side::kAsk ? top_ask_ : top_bid_) : levels().side(side).best();
  }

  // Time has passed without an event of the book: true if its condition is another one now.
  bool AdvanceTo(Time now) {
    if (!by_position_) return false;
    const bool old = now - changed_at_ > kStaleAfter;
    return std::exchange(old_, old) != old;
  }
  // Its condition may change by time alone.
  bool MayAge() const { return by_position_ && !old_; }

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
    if (by_position_) AdvanceTo(event.event_time);
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
    a(by_position_, old_, changed_at_, top_bid_.price, top_bid_.size, top_ask_.price, top_ask_.size);
  }

 private:
  uint8_t DeepCondition() const {
    const BookSide& bids = levels().bids();
    const BookSide& asks = levels().asks();
    uint8_t bits = 0;
    if (bids.empty()) bits |= BookCondition::kBidEmpty;
    if (asks.empty()) bits |= BookCondition::kAskEmpty;
    if (bits == 0) bits |= Between(bids.price_at(0), asks.price_at(0));
    if (gap_) bits |= BookCondition::kGap;
    if (stale_) bits |= BookCondition::kStale;
    return by_position_ ? bits | PositionCondition() : bits;
  }
  uint8_t TopCondition() const {
    return Between(top_bid_.price, top_ask_.price) | (stale_ ? BookCondition::kStale : uint8_t{0});
  }
  uint8_t PositionCondition() const {
    const BookSide& bids = levels().bids();
    const BookSide& asks = levels().asks();
    uint8_t bits = old_ ? BookCondition::kStale : uint8_t{0};
    const auto zero = [](const BookSide& side) {
      return !side.empty() && (side.price_at(0) <= Price() || side.size_at(0) <= Quantity());
    };
    if (zero(bids) || zero(asks)) return bits | BookCondition::kZero;
    if (!bids.empty() && !asks.empty() && asks.price_at(0) - bids.price_at(0) > kSpreadMax)
      bits |= BookCondition::kWide;
    return bits;
  }
  static uint8_t Between(Price bid, Price ask) {
    return bid > ask ? BookCondition::kCrossed : bid == ask ? BookCondition::kLocked : uint8_t{0};
  }
  bool has_tops() const { return top_bid_.size > Quantity() && top_ask_.size > Quantity(); }

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
    if (by_position_) {
      (event.side == Side::kAsk ? top_ask_ : top_bid_) = Level{event.price, std::max(event.quantity, Quantity()), 0};
      return;
    }
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

  // What stood there before the first change by position came from top-of-book quotes.
  template <class OnChange>
  void BeginPositions(OnChange& on_change) {
    by_position_ = true;
    top_bid_ = levels().best_bid().value_or(Level());
    top_ask_ = levels().best_ask().value_or(Level());
    DropSide(Side::kBid, on_change);
    DropSide(Side::kAsk, on_change);
  }
  // The side's levels go out of sight.
  template <class OnChange>
  void DropSide(Side side, OnChange& on_change) {
    while (!levels().side(side).empty()) DropLast(side, on_change);
  }
  template <class OnChange>
  void DropLast(Side side, OnChange& on_change) {
    const size_t rank = levels().side(side).size() - 1;
    const Level last = levels().side(side).at(rank);
    book_.levels().DeleteAt(side, rank);
    on_change(LevelChange{side, Cause::kWindow, last.price, last.size, Quantity()});
  }

  template <class OnChange>
  void ApplyPosition(const MarketEvent& event, OnChange& on_change) {
    if (!by_position_) BeginPositions(on_change);
    changed_at_ = event.event_time;
    old_ = false;
    if (event.level >= kPositionRows) {
      ++facts_.unknown_positions;
      return;
    }
    OrderBook& levels = book_.levels();
    const bool inserts = event.kind == MarketEventKind::kLevelInsert;
    if (inserts && event.level == 0 && Jumps(event)) {
      ++facts_.resets;
      DropSide(event.side, on_change);
    }
    const std::optional<Level> old = inserts ? std::nullopt : levels.LevelByRank(event.side, event.level);
    const bool removes = event.kind == MarketEventKind::kLevelDelete;
    const Quantity size = std::max(event.quantity, Quantity());
    bool known = true;
    if (removes) {
      known = levels.DeleteAt(event.side, event.level);
    } else if (inserts) {
      known = levels.InsertAt(event.side, event.level, event.price, size);
    } else {
      known = levels.UpdateAt(event.side, event.level, event.price, size);
    }
    if (!known) ++facts_.unknown_positions;

    if (!removes && old && old->price == event.price) {
      on_change(LevelChange{event.side, event.cause, event.price, old->size, size});
    } else {
      if (old) on_change(LevelChange{event.side, event.cause, old->price, old->size, Quantity()});
      if (!removes) on_change(LevelChange{event.side, event.cause, event.price, Quantity(), size});
    }
    if (levels.side(event.side).size() > kPositionRows) DropLast(event.side, on_change);
  }
  bool Jumps(const MarketEvent& event) const {
    const std::optional<Level> best = levels().side(event.side).best();
    if (!best) return false;
    const int64_t jump = (event.price - best->price).nanos();
    return jump >= kResetJump.nanos() || -jump >= kResetJump.nanos();
  }

  void NoteResent(const MarketEvent& event) {
    const bool top = event.kind == MarketEventKind::kTop && !by_position_;
    const bool whole_side = event.kind == MarketEventKind::kClear || top ||
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

  // Books by position.
  bool by_position_ = false;
  bool old_ = false;  // nothing changed for kStaleAfter
  Time changed_at_;
  Level top_bid_, top_ask_;  // of the top-of-book quotes; size 0: none
};

}  // namespace spillway::book
