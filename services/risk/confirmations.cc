#include "services/risk/confirmations.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/base/int128.h"

namespace spillway::risk {

std::string_view CardStateName(CardState state) {
  switch (state) {
    case CardState::kWaiting:
      return "waiting";
    case CardState::kConfirmed:
      return "confirmed";
    case CardState::kRejected:
      return "rejected";
    case CardState::kExpired:
      return "expired";
    case CardState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::optional<PriceMoved> MovedSince(const Card& card, Price mid, Millionths limit) {
  const int64_t distance = std::abs(card.intent.entry.nanos() - card.intent.stop.nanos());
  const int64_t moved = mid.nanos() - card.mid.nanos();
  if (static_cast<Int128>(std::abs(moved)) * 1'000'000 <= static_cast<Int128>(distance) * limit.value) {
    return std::nullopt;
  }
  const bool towards_stop = (moved < 0) == (card.intent.side == Side::kBid);
  return PriceMoved{.seen = 100 * static_cast<double>(std::abs(moved)) / static_cast<double>(distance),
                    .limit = static_cast<double>(limit.value) / 10'000,
                    .direction = towards_stop ? "towards the stop" : "from the entry"};
}

std::optional<Card> Confirmations::Remember(Card card) {
  std::optional<Card> dropped;
  if (order_.size() == kCardsMax) {
    const auto settled = [&](const EventId& id) { return cards_.at(id).state != CardState::kWaiting; };
    auto oldest = std::find_if(order_.begin(), order_.end(), settled);
    if (oldest == order_.end()) {
      oldest = order_.begin();
      dropped = cards_.at(*oldest);
      --waiting_;
    }
    cards_.erase(*oldest);
    order_.erase(oldest);
  }
  const EventId id = card.header.id();
  if (!cards_.emplace(id, std::move(card)).second) return dropped;
  order_.push_back(id);
  ++waiting_;
  return dropped;
}

const Card* Confirmations::Find(const EventId& intent) const {
  const auto found = cards_.find(intent);
  return found == cards_.end() ? nullptr : &found->second;
}

void Confirmations::Settle(const EventId& intent, CardState state) {
  const auto found = cards_.find(intent);
  if (found == cards_.end() || found->second.state != CardState::kWaiting) return;
  found->second.state = state;
  --waiting_;
}

template <class Over>
std::vector<Card> Confirmations::Take(CardState state, const Over& over) {
  std::vector<Card> taken;
  if (waiting_ == 0) return taken;
  for (const EventId& id : order_) {
    Card& card = cards_.at(id);
    if (card.state != CardState::kWaiting || !over(card)) continue;
    card.state = state;
    --waiting_;
    taken.push_back(card);
  }
  return taken;
}

std::vector<Card> Confirmations::TakeExpired(Time now) {
  return Take(CardState::kExpired, [&](const Card& card) { return card.until <= now; });
}

std::vector<Card> Confirmations::TakeCancelled(StrategyInstanceId instance, const EventId& signal) {
  return Take(CardState::kCancelled,
              [&](const Card& card) { return card.header.instance == instance && card.intent.signal == signal; });
}

}  // namespace spillway::risk
