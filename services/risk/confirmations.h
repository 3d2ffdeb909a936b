// Cards that wait for a person's word (C-19): approved intents of route CONFIRM. A card waits until the earlier of the
// blueprint's expiry and confirm_within; unanswered, nothing is traded. Confirmed, the intent is judged once more, as
// things are then (risk.h); never for more than the card said.
//
// At most kCardsMax are remembered, answered ones for as long as there is room, so that a second answer is known as
// one.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/risk/limits.h"

namespace spillway::risk {

enum class CardState : uint8_t { kWaiting, kConfirmed, kRejected, kExpired, kCancelled };
std::string_view CardStateName(CardState state);  // "confirmed"

struct Card {
  EventHeader header;  // of the intent
  TradeIntent intent;
  Quantity quantity;  // approved
  Price mid;          // when it was approved
  Time until;
  CardState state = CardState::kWaiting;
  template <class Archive>
  void Persist(Archive& a) {
    a(header, intent, quantity, mid, until, state);
  }
};

struct PriceMoved {
  double seen = 0;  // percent of the stop distance
  double limit = 0;
  std::string_view direction;  // "from the entry": it costs more now, "towards the stop"
};
// Whether the mid moved by more than `limit` of the card's stop distance since the card. Both ways are against us: away
// from the entry the trade costs more than was shown, towards the stop less is left of it. Exactly the limit is not
// more.
std::optional<PriceMoved> MovedSince(const Card& card, Price mid, Millionths limit);

class Confirmations {
 public:
  static constexpr size_t kCardsMax = 1024;

  // Returns the card that had to make room unanswered, if one had to.
  std::optional<Card> Remember(Card card);
  const Card* Find(const EventId& intent) const;  // nullptr: unknown, or forgotten
  void Settle(const EventId& intent, CardState state);
  // Cards that are over at `now`, oldest first; they are expired from here on.
  std::vector<Card> TakeExpired(Time now);
  // The signal was cancelled: its cards are over.
  std::vector<Card> TakeCancelled(StrategyInstanceId instance, const EventId& signal);
  size_t waiting() const { return waiting_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(cards_, order_, waiting_);
  }

 private:
  template <class Over>
  std::vector<Card> Take(CardState state, const Over& over);

  std::map<EventId, Card> cards_;
  std::deque<EventId> order_;  // oldest first
  uint64_t waiting_ = 0;
};

}  // namespace spillway::risk
