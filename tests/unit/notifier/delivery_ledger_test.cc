#include "services/notifier/delivery_ledger.h"

#include <random>
#include <set>

#include "tests/catch.h"
#include "tests/support/trading_lane.h"

namespace spillway::notifier {
namespace {

class Ledger final : public DeliveryLedger {
 public:
  Ledger() : DeliveryLedger({"discord", "hook"}) {}
};

class AlertLane : public test::TradingLane {
 public:
  Event Told(bool shadow = false) {
    Alert alert;
    alert.intent = EventId{7, ++intents_};
    alert.entry = test::Usd(20);
    alert.triggered = now();
    alert.expires = now() + std::chrono::seconds(60);
    alert.shadow = shadow;
    return Make(alert, 1, StrategyInstanceIdOf("classic#1"), Producer::kNotifier);
  }
  Event Update(const Event& alert, AlertUpdateKind kind) {
    return Make(AlertUpdate{.alert = alert.header.id(), .kind = kind, .reason = "why"}, 1, alert.header.instance,
                Producer::kNotifier);
  }
  Event Outcome(const Event& alert) {
    OutcomeLabelled outcome;
    outcome.intent = std::get<Alert>(alert.body).intent;
    outcome.label = OutcomeLabel::kTarget;
    return Make(outcome, 1, alert.header.instance, Producer::kJournal);
  }
  Event Receipt(const Event& alert, ReceiptState state, uint32_t attempt = 1, bool repeated = false,
                std::string channel = "discord", AlertUpdateKind update = AlertUpdateKind::kUnknown) {
    AlertReceipt receipt{.alert = alert.header.id(), .channel = std::move(channel), .state = state, .detail = "d"};
    receipt.attempt = attempt;
    receipt.update = update;
    receipt.possibly_repeated = repeated;
    if (state == ReceiptState::kDelivered) receipt.message_id = "m1";
    return ReceiptEvent(alert.header, now(), receipt);
  }

 private:
  uint64_t intents_ = 0;
};

void Fold(DeliveryLedger& ledger, const std::vector<Event>& events) {
  test::CollectingSink sink;
  for (const Event& event : events) ledger.Process(event, sink);
  CHECK(sink.events.empty());
}

Delivery OfDiscord(const DeliveryLedger& ledger, const Event& alert) {
  const LedgerEntry* entry = ledger.Find(alert.header.id());
  REQUIRE(entry != nullptr);
  return entry->deliveries.at(0);
}

}  // namespace

TEST_CASE("S3-D1.1, S4-R10.4.2: kill switch, orders in doubt and broken connections are told to every channel",
          "[delivery]") {
  AlertLane lane;
  Ledger ledger;
  KillSwitchChanged kill;
  kill.active = kill.flatten = true;
  kill.cause = "day_loss";
  kill.seen = 3.1;
  kill.limit = 3;
  kill.unit = "%";
  const Event killed = lane.Make(kill, 0, 0, Producer::kRisk);
  OrderEvent order;
  order.previous = OrderState::kSubmitted;
  order.state = OrderState::kUnknown;
  order.role = OrderRole::kEntry;
  const Event in_doubt = lane.Make(order, 1, StrategyInstanceIdOf("classic#1"), Producer::kOms);
  Fold(ledger, {lane.Define(1, "ACME"), killed, killed, in_doubt});
  REQUIRE(ledger.entries().size() == 2);
  const LedgerEntry* told = ledger.Find(killed.header.id());
  REQUIRE(told != nullptr);
  CHECK(told->deliveries.size() == 2);
  CHECK(told->card.notice->severity == NoticeSeverity::kCritical);
  CHECK(told->card.notice->title == "KILL SWITCH: day_loss, closing all positions");
  CHECK_THAT(told->card.notice->text, Catch::Contains("spillway admin enable"));
  CHECK(ledger.Find(in_doubt.header.id())->card.notice->title == "ACME entry order in doubt");

  // The same again within a minute says nothing new; a notice that every channel has is over.
  lane.At(lane.now() + std::chrono::seconds(5));
  Fold(ledger, {lane.Make(order, 1, 0, Producer::kOms)});
  CHECK(ledger.entries().size() == 2);
  Fold(ledger, {lane.Receipt(killed, ReceiptState::kAttempted), lane.Receipt(killed, ReceiptState::kDelivered),
                lane.Receipt(killed, ReceiptState::kDelivered, 1, false, "hook")});
  CHECK(ledger.Find(killed.header.id()) == nullptr);
}

TEST_CASE("ledger: an alert is one delivery a channel, a shadow alert none", "[delivery]") {
  AlertLane lane;
  Ledger ledger;
  const Event alert = lane.Told();
  Fold(ledger, {lane.Define(1, "ACME"), lane.Told(true), alert, alert});
  REQUIRE(ledger.entries().size() == 1);
  const LedgerEntry& entry = ledger.entries().begin()->second;
  CHECK(entry.card.symbol == "ACME");
  REQUIRE(entry.deliveries.size() == 2);
  CHECK(entry.deliveries[0].id == DeliveryId(alert.header.id(), "discord"));
  CHECK(entry.deliveries[0].id.size() == 32);
  CHECK(entry.deliveries[0].id != entry.deliveries[1].id);
  CHECK(Open(entry.card, entry.deliveries[0]));
}

TEST_CASE("ledger: receipts say whether an attempt is in doubt, refused, delivered or over", "[delivery]") {
  AlertLane lane;
  Ledger ledger;
  const Event alert = lane.Told();
  Fold(ledger, {alert});
  CHECK(OfDiscord(ledger, alert).state == MessageState::kDue);
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kAttempted)});
  CHECK(OfDiscord(ledger, alert).state == MessageState::kInDoubt);
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kNotAccepted)});
  CHECK(OfDiscord(ledger, alert).state == MessageState::kDue);
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kAttempted, 2)});
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kNotAccepted, 1)});  // late, of the first
  CHECK(OfDiscord(ledger, alert).state == MessageState::kInDoubt);
  CHECK(OfDiscord(ledger, alert).attempts == 2);
  SECTION("delivered") {
    Fold(ledger, {lane.Receipt(alert, ReceiptState::kDelivered, 2)});
    CHECK(OfDiscord(ledger, alert).state == MessageState::kDelivered);
    CHECK(OfDiscord(ledger, alert).message_id == "m1");
    Fold(ledger, {lane.Receipt(alert, ReceiptState::kFailed, 1)});  // a killed holder's last words change nothing
    CHECK(OfDiscord(ledger, alert).state == MessageState::kDelivered);
  }
  SECTION("unknown, and later delivered after all") {
    Fold(ledger, {lane.Receipt(alert, ReceiptState::kAnswerLost, 2)});
    CHECK(OfDiscord(ledger, alert).state == MessageState::kUnknown);
    CHECK_FALSE(Open(ledger.entries().begin()->second.card, OfDiscord(ledger, alert)));
    Fold(ledger, {lane.Receipt(alert, ReceiptState::kDelivered, 2)});
    CHECK(OfDiscord(ledger, alert).state == MessageState::kDelivered);
  }
  SECTION("another producer's receipt is not ours") {
    Event suppressed = lane.Receipt(alert, ReceiptState::kSuppressed, 2);
    suppressed.header.producer = Producer::kNotifier;
    Fold(ledger, {suppressed});
    CHECK(OfDiscord(ledger, alert).state == MessageState::kInDoubt);
  }
}

TEST_CASE("ledger: what became of an alert is an edit, the latest counts, an outcome is the last word", "[delivery]") {
  AlertLane lane;
  Ledger ledger;
  const Event alert = lane.Told();
  Fold(ledger, {alert, lane.Receipt(alert, ReceiptState::kDelivered),
                lane.Receipt(alert, ReceiptState::kFailed, 1, false, "hook")});
  const auto& card = [&]() -> const AlertCard& { return ledger.Find(alert.header.id())->card; };
  CHECK_FALSE(Open(card(), OfDiscord(ledger, alert)));
  Fold(ledger, {lane.Update(alert, AlertUpdateKind::kExpired)});
  CHECK(Open(card(), OfDiscord(ledger, alert)));
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kDelivered, 1, false, "discord", AlertUpdateKind::kExpired)});
  CHECK_FALSE(Open(card(), OfDiscord(ledger, alert)));
  Fold(ledger, {lane.Outcome(alert), lane.Update(alert, AlertUpdateKind::kCancelled)});
  CHECK(card().news.kind == AlertUpdateKind::kOutcome);
  CHECK(Open(card(), OfDiscord(ledger, alert)));
  Fold(ledger, {lane.Receipt(alert, ReceiptState::kDelivered, 1, false, "discord", AlertUpdateKind::kOutcome)});
  CHECK(ledger.entries().empty());  // nothing more can come
}

TEST_CASE("ledger: what is over is forgotten after a day, and never more than a bound is kept", "[delivery]") {
  AlertLane lane;
  Ledger ledger;
  const Event alert = lane.Told();
  Fold(ledger, {alert});
  lane.At(lane.now() + DeliveryLedger::kForgottenAfter - std::chrono::minutes(2));
  Fold(ledger, {lane.Tick()});
  CHECK(ledger.entries().size() == 1);
  lane.At(lane.now() + std::chrono::minutes(5));
  Fold(ledger, {lane.Tick()});
  CHECK(ledger.entries().empty());
  CHECK(ledger.forgotten_open() == 1);
  std::vector<Event> many;
  for (size_t i = 0; i < DeliveryLedger::kAlertsMax + 10; ++i) many.push_back(lane.Told());
  Fold(ledger, many);
  CHECK(ledger.entries().size() == DeliveryLedger::kAlertsMax);
  CHECK(ledger.forgotten_open() == 11);
}

TEST_CASE("ledger: receipts of one alert have different ids", "[delivery]") {
  AlertLane lane;
  const Event alert = lane.Told();
  std::set<EventId> ids;
  size_t count = 0;
  for (const char* channel : {"discord", "hook"}) {
    for (uint32_t attempt = 1; attempt < 20; ++attempt) {
      for (const ReceiptState state :
           {ReceiptState::kAttempted, ReceiptState::kDelivered, ReceiptState::kNotAccepted}) {
        for (const AlertUpdateKind kind : {AlertUpdateKind::kUnknown, AlertUpdateKind::kOutcome}) {
          ids.insert(lane.Receipt(alert, state, attempt, false, channel, kind).header.id());
          ++count;
        }
      }
    }
  }
  CHECK(ids.size() == count);
}

// A sender that dies at any moment, and those that take over, each from the lane alone: what a channel has got is at
// most one message without the mark "possibly repeated".
TEST_CASE("ledger: whatever is cut short, no second message goes out unmarked", "[delivery]") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    AlertLane lane;
    const Event alert = lane.Told();
    std::vector<Event> written = {alert};
    int unmarked = 0;
    for (int life = 0; life < 6; ++life) {
      Ledger ledger;
      Fold(ledger, written);
      const Delivery known = OfDiscord(ledger, alert);
      if (!Open(ledger.Find(alert.header.id())->card, known)) break;
      const bool repeated = known.possibly_repeated || known.state == MessageState::kInDoubt;
      if (random() % 5 == 0) continue;  // dies before it wrote
      written.push_back(lane.Receipt(alert, ReceiptState::kAttempted, known.attempts + 1, repeated));
      if (random() % 5 == 0) continue;  // dies before it sent
      const bool accepted = random() % 2 == 0;
      unmarked += accepted && !repeated ? 1 : 0;
      if (random() % 3 == 0) continue;  // dies before it wrote what came of it
      written.push_back(lane.Receipt(alert, accepted ? ReceiptState::kDelivered : ReceiptState::kNotAccepted,
                                     known.attempts + 1, repeated));
    }
    CHECK(unmarked <= 1);
  }
}

TEST_CASE("ledger: saved and restored after every event it is the same", "[delivery]") {
  AlertLane lane;
  std::vector<Event> events = {lane.Define(1, "ACME")};
  for (int i = 0; i < 5; ++i) {
    const Event alert = lane.Told();
    events.push_back(alert);
    events.push_back(lane.Receipt(alert, ReceiptState::kAttempted));
    if (i % 2 == 0) events.push_back(lane.Receipt(alert, ReceiptState::kDelivered));
    if (i == 2) events.push_back(lane.Update(alert, AlertUpdateKind::kCancelled));
    if (i == 4) events.push_back(lane.Outcome(alert));
  }
  CHECK(test::PlayRestoring<Ledger>(events).empty());
}

}  // namespace spillway::notifier
