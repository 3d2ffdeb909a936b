#include "services/risk/confirmations.h"

#include "tests/unit/risk/account_scenario.h"

namespace spillway::test {
namespace {

using namespace spillway::risk;

Card CardOf(uint64_t number, Time until, double entry = 20.00, double stop = 19.88) {
  Card card;
  card.header.producer = Producer::kScoring;
  card.header.instance = 7;
  card.header.cause.event = EventId{3, number};
  card.intent.signal = EventId{4, number};
  card.intent.side = stop < entry ? Side::kBid : Side::kAsk;
  card.intent.entry = Usd(entry);
  card.intent.stop = Usd(stop);
  card.mid = Usd(entry - 0.015);
  card.until = until;
  return card;
}

TEST_CASE("C-19: a card waits until its time, then it is expired", "[risk][confirm]") {
  const Time at = NewYork("10:00");
  Confirmations cards;
  cards.Remember(CardOf(1, at + std::chrono::seconds(60)));
  cards.Remember(CardOf(2, at + std::chrono::seconds(30)));
  CHECK(cards.waiting() == 2);
  CHECK(cards.TakeExpired(at + std::chrono::milliseconds(29'999)).empty());
  REQUIRE(cards.TakeExpired(at + std::chrono::seconds(30)).size() == 1);
  CHECK(cards.TakeExpired(at + std::chrono::seconds(30)).empty());
  CHECK(cards.Find(CardOf(2, at).header.id())->state == CardState::kExpired);
  CHECK(cards.Find(CardOf(1, at).header.id())->state == CardState::kWaiting);
  CHECK(cards.Find(CardOf(3, at).header.id()) == nullptr);
}

TEST_CASE("C-19: an answer stands, a second one is known as one", "[risk][confirm]") {
  const Time at = NewYork("10:00");
  Confirmations cards;
  const Card card = CardOf(1, at);
  cards.Remember(card);
  cards.Settle(card.header.id(), CardState::kConfirmed);
  cards.Settle(card.header.id(), CardState::kRejected);
  CHECK(cards.Find(card.header.id())->state == CardState::kConfirmed);
  CHECK(cards.waiting() == 0);
  CHECK(cards.TakeCancelled(7, card.intent.signal).empty());
}

TEST_CASE("C-19: cards are bounded; the oldest answered one makes room first", "[risk][confirm]") {
  const Time at = NewYork("10:00");
  Confirmations cards;
  for (uint64_t i = 1; i <= Confirmations::kCardsMax; ++i) CHECK_FALSE(cards.Remember(CardOf(i, at)));
  cards.Settle(CardOf(5, at).header.id(), CardState::kRejected);
  CHECK_FALSE(cards.Remember(CardOf(2000, at)));
  CHECK(cards.Find(CardOf(5, at).header.id()) == nullptr);
  const std::optional<Card> dropped = cards.Remember(CardOf(2001, at));
  REQUIRE(dropped);
  CHECK(dropped->header.id() == CardOf(1, at).header.id());
  CHECK(cards.waiting() == Confirmations::kCardsMax);
}

TEST_CASE("C-19: a price that moved more than half the stop distance, either way, for longs and shorts",
          "[risk][confirm]") {
  const Millionths half = MillionthsOf(0.5);
  const Card buy = CardOf(1, Time());
  CHECK_FALSE(MovedSince(buy, Usd(20.045), half));
  CHECK_FALSE(MovedSince(buy, Usd(19.925), half));
  const std::optional<PriceMoved> dearer = MovedSince(buy, Usd(20.057), half);
  REQUIRE(dearer);
  CHECK(dearer->direction == "from the entry");
  CHECK_THAT(dearer->seen, WithinAbs(60, 1e-9));
  CHECK(dearer->limit == 50);
  CHECK(MovedSince(buy, Usd(19.913), half)->direction == "towards the stop");
  const Card sell = CardOf(1, Time(), 20.00, 20.12);
  CHECK(MovedSince(sell, Usd(20.057), half)->direction == "towards the stop");
  CHECK(MovedSince(sell, Usd(19.913), half)->direction == "from the entry");
}

}  // namespace
}  // namespace spillway::test
