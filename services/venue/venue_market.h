// One instrument as the simulated venue sees it: the recorded book less what orders of ours took of it.
//
// The recorded market does not react to us. What we took of a level stays taken until the feed changes that level's
// size; then the level is what the feed says again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/money.h"
#include "libs/book/book_state.h"
#include "libs/events/persist_fields.h"
#include "libs/events/tick_table.h"

namespace spillway::venue {

// What a definition says that an order is checked against.
struct Contract {
  std::string symbol;
  TickTable ticks;
  ContractTerms terms;
  bool has_sessions = true;  // false: trades round the clock
  template <class Archive>
  void Persist(Archive& a) {
    a(symbol, ticks, terms, has_sessions);
  }
};

class VenueMarket {
 public:
  std::optional<Contract> contract;
  std::optional<uint32_t> feed;  // that its rows come from
  bool halted = false;
  bool has_book = false;        // a level or a quote was ever seen
  std::optional<Price> last;    // eligible trade
  std::vector<EventId> orders;  // working, in the order of their arrival

  // Kept from its first use on.
  book::BookState& book() { return book_ ? *book_ : book_.emplace(); }
  bool keeps_book() const { return book_.has_value(); }
  // What is known of the book may not be traded on: crossed, behind a gap, stale. Empty sides and locks are facts.
  bool broken() const {
    constexpr uint8_t kFacts = BookCondition::kBidEmpty | BookCondition::kAskEmpty | BookCondition::kLocked;
    return (state().condition() & ~kFacts) != 0;
  }
  std::optional<Price> best(Side side) const {
    const std::optional<book::Level> level = state().quote(side);
    if (!level || level->price <= Price() || level->size <= Quantity()) return std::nullopt;
    return level->price;
  }
  Quantity DisplayedAt(Side side, Price price) const {
    if (!state().top_only()) return state().levels().side(side).SizeAt(price);
    const std::optional<book::Level> level = state().quote(side);
    return level && level->price == price ? level->size : Quantity();
  }

  // What may be taken of a side, the best first, down to `limit` (none: all that is displayed) and `quantity`.
  struct Piece {
    Price price;
    Quantity quantity;
  };
  std::vector<Piece> Available(Side side, std::optional<Price> limit, Quantity quantity) const;
  void Consume(Side side, Price price, Quantity quantity) { consumed_[{side, price}] += quantity; }

  // `on_change(LevelChange)` for every level whose size changed.
  template <class OnChange>
  void Apply(const MarketEvent& event, OnChange&& on_change) {
    if (event.kind == MarketEventKind::kClear) consumed_.clear();
    book().Apply(event, [&](const book::LevelChange& change) {
      if (change.before == change.after) return;
      if (!consumed_.empty()) consumed_.erase({change.side, change.price});
      on_change(change);
    });
  }

  // Printed at a price and not yet seen to have left its level: how a fall of the level is told from a cancel where the
  // feed does not say.
  void Print(Side side, Price price, Quantity quantity) { printed_[{side, price}] += quantity; }
  Quantity TakePrinted(Side side, Price price, Quantity fall);
  void ForgetPrints() { printed_.clear(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(contract, feed, halted, has_book, last, orders, book_, consumed_, printed_);
  }

 private:
  using LevelKey = std::pair<Side, Price>;
  const book::BookState& state() const {
    static const book::BookState kNone;
    return book_ ? *book_ : kNone;
  }

  std::optional<book::BookState> book_;
  std::map<LevelKey, Quantity> consumed_;
  std::map<LevelKey, Quantity> printed_;
};

}  // namespace spillway::venue
