// The engine against a fake Discord and a fake webhook, over real sockets.
#include "services/notifier/delivery.h"

#include <map>
#include <random>

#include "tests/integration/delivery/stage.h"

namespace spillway::notifier {
namespace {

bool Marked(const Json& message) {
  return message["json"]["content"].get<std::string>().find("possibly repeated") != std::string::npos;
}

}  // namespace

TEST_CASE(
    "S0-7.1, S1-A7.1: delivery: an alert arrives once, over TLS, with its picture, and its receipts are on the lane",
    "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  discord.url = fake.url(true);
  discord.tls_ca_file = fake.ca();
  ChannelConfig hook = Hook(fake);
  hook.url = fake.hook(true);
  hook.tls_ca_file = fake.ca();
  hook.secrets = {"the new one", "fake-secret"};  // while keys are changed
  Sender sender(lane, {discord, hook});
  const Event alert = lane.Tell();
  REQUIRE(sender.Settles());

  CHECK(lane.States("discord") == "attempted delivered");
  CHECK(lane.States("hook") == "attempted delivered");
  const Json messages = fake.Messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["picture_bytes"] == 16);
  const Json embed = messages[0]["json"]["embeds"][0];
  CHECK(embed["title"] == "ACME LONG \\@ 20.00");
  CHECK(embed["image"]["url"] == "attachment://alert.png");
  CHECK(embed["footer"]["text"].get<std::string>().find(ToString(alert.header.correlation_id())) == 0);
  CHECK(messages[0]["json"]["allowed_mentions"]["parse"].empty());
  const AlertReceipt delivered = lane.Receipts().back();
  CHECK(delivered.message_id == messages[0]["id"]);
  CHECK(delivered.delivery == DeliveryId(alert.header.id(), "discord"));
  CHECK(delivered.latency > Duration());
  CHECK(delivered.attempt == 1);
  const Json hooks = fake.Messages("hook");
  REQUIRE(hooks.size() == 1);
  CHECK(hooks[0]["json"]["symbol"] == "ACME");
  CHECK(hooks[0]["event_type"] == "alert");
  CHECK(sender.metrics.Text().find("spillway_notifier_deliveries_total{channel=\"discord\",state=\"delivered\"} 1") !=
        std::string::npos);
  CHECK(sender.engine().StatusJson() ==
        R"({"channels":[{"name":"discord","queue":0,"disabled":false},{"name":"hook","queue":0,"disabled":false}]})");
}

TEST_CASE("delivery: a server nobody vouches for is not told anything", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  discord.url = fake.url(true);  // without its authority
  Sender sender(lane, {discord});
  lane.Tell(std::chrono::seconds(1));
  REQUIRE(sender.Settles());
  CHECK(fake.Messages().empty());
  CHECK(lane.Receipts().back().state == ReceiptState::kFailed);
  CHECK(lane.Receipts().back().detail == "expired");
}

TEST_CASE("delivery: what was surely not accepted is tried again, unmarked", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"status", 429}, {"retry_after", 0.2}},
             {{"status", 500}},
             {{"status", 502}, {"html", true}},
             {{"status", 429}, {"retry_after", 0.01}, {"retry_after_header", 0.3}}});
  Sender sender(lane, {Discord(fake)});
  lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(lane.States() ==
        "attempted not_accepted attempted not_accepted attempted not_accepted attempted not_accepted attempted "
        "delivered");
  CHECK(lane.Receipts().back().latency >= milliseconds(500));  // both waits, the longer of header and body each
  const Json messages = fake.Messages();
  REQUIRE(messages.size() == 1);
  CHECK_FALSE(Marked(messages[0]));
}

TEST_CASE("delivery: where nobody listens the alert waits, and arrives once somebody does", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.process().Stop();
  Sender sender(lane, {Discord(fake)});
  lane.Tell();
  REQUIRE(sender.Until([&] { return lane.Receipts().size() >= 4; }));
  CHECK(lane.States().starts_with("attempted not_accepted attempted not_accepted"));
  fake.Start();
  REQUIRE(sender.Settles());
  REQUIRE(fake.Messages().size() == 1);
  CHECK_FALSE(Marked(fake.Messages()[0]));
}

TEST_CASE("delivery: after a lost answer it is sent again with a mark", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  discord.timeout = milliseconds(1000);
  SECTION("the connection ended without an answer") {
    fake.Next({{{"accept_then_drop", true}}});
  }
  SECTION("the answer did not come in time") {
    fake.Next({{{"accept", true}, {"hang", true}}});
  }
  Sender sender(lane, {discord});
  lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(lane.States() == "attempted attempted(repeated) delivered(repeated)");
  const Json messages = fake.Messages();
  REQUIRE(messages.size() == 2);
  CHECK_FALSE(Marked(messages[0]));
  CHECK(Marked(messages[1]));
}

TEST_CASE("delivery: a channel that never answers gets a bounded number of repeats", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"accept_then_drop", true}, {"count", 50}}});
  Sender sender(lane, {Discord(fake)});
  lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(fake.Messages().size() == 1 + DeliveryEngine::kResendsMax);
  CHECK(lane.Receipts().back().state == ReceiptState::kAnswerLost);
}

TEST_CASE("delivery: with on_unknown hold a lost answer ends it as UNKNOWN", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  discord.hold_on_unknown = true;
  fake.Next({{{"accept_then_drop", true}}});
  Sender sender(lane, {discord});
  lane.Tell();
  REQUIRE(sender.Settles());
  sender.Linger();
  CHECK(lane.States() == "attempted unknown");
  CHECK(fake.Messages().size() == 1);
}

TEST_CASE("delivery: a webhook that knows ids has everything once", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"accept_then_drop", true}, {"count", 2}}, {{"status", 503}}});
  Sender sender(lane, {Hook(fake)});
  const Event alert = lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(lane.States("hook") == "attempted attempted attempted not_accepted attempted delivered");
  Json hooks = fake.Messages("hook");
  REQUIRE(hooks.size() == 1);
  CHECK(hooks[0]["copies"] == 3);
  lane.Update(alert, AlertUpdateKind::kCancelled);
  REQUIRE(sender.Settles());
  hooks = fake.Messages("hook");
  REQUIRE(hooks.size() == 2);
  CHECK(hooks[1]["event_type"] == "alert.cancelled");
  CHECK(hooks[1]["json"]["status"]["state"] == "cancelled");
  CHECK(hooks[1]["event_id"] != hooks[0]["event_id"]);
  CHECK(fake.Stats()["bad_signatures"] == 0);
}

TEST_CASE("delivery: another process goes on where one ended, and edits the same message", "[delivery]") {
  FakeServer fake;
  Lane lane;
  Event alert;
  {
    Sender sender(lane, {Discord(fake)});
    alert = lane.Tell();
    REQUIRE(sender.Settles());
  }
  Sender sender(lane, {Discord(fake)});
  lane.Update(alert, AlertUpdateKind::kCancelled);
  REQUIRE(sender.Settles());
  lane.Outcome(alert);
  REQUIRE(sender.Settles());
  const Json messages = fake.Messages();
  REQUIRE(messages.size() == 1);
  REQUIRE(messages[0]["edits"].size() == 2);
  CHECK(messages[0]["edits"][0]["json"]["content"].get<std::string>().starts_with("CANCELLED"));
  CHECK(messages[0]["edits"][1]["json"]["content"].get<std::string>().starts_with("TARGET net \\+90.00") == false);
  CHECK(messages[0]["edits"][1]["json"]["content"].get<std::string>().starts_with("TARGET net +90.00"));
  CHECK(lane.States() == "attempted delivered delivered(update) delivered(update)");
  CHECK(sender.ledger().entries().empty());
}

TEST_CASE("delivery: who takes over an attempt without an answer repeats it with a mark, or holds", "[delivery]") {
  FakeServer fake;
  Lane lane;
  const Event alert = lane.Tell();
  AlertReceipt attempted{
      .alert = alert.header.id(), .channel = "discord", .state = ReceiptState::kAttempted, .detail = ""};
  attempted.attempt = 1;
  REQUIRE(lane.Append(ReceiptEvent(alert.header, alert.header.event_time, attempted)).ok());
  ChannelConfig discord = Discord(fake);
  SECTION("resend") {
    Sender sender(lane, {discord});
    REQUIRE(sender.Settles());
    CHECK(lane.States() == "attempted attempted(repeated) delivered(repeated)");
    REQUIRE(fake.Messages().size() == 1);
    CHECK(Marked(fake.Messages()[0]));
    CHECK(lane.Receipts().back().attempt == 2);
  }
  SECTION("hold") {
    discord.hold_on_unknown = true;
    Sender sender(lane, {discord});
    REQUIRE(sender.Settles());
    CHECK(lane.States() == "attempted unknown");
    CHECK(fake.Messages().empty());
  }
  SECTION("an attempt that is known to be refused is no doubt") {
    attempted.state = ReceiptState::kNotAccepted;
    REQUIRE(lane.Append(ReceiptEvent(alert.header, alert.header.event_time, attempted)).ok());
    Sender sender(lane, {discord});
    REQUIRE(sender.Settles());
    CHECK(lane.States() == "attempted not_accepted attempted delivered");
  }
}

TEST_CASE("delivery: a fake that dies after accepting, and comes back", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"die", true}}});
  Sender sender(lane, {Discord(fake)});
  lane.Tell();
  REQUIRE(sender.Until([&] { return lane.Receipts().size() >= 2; }));
  REQUIRE(fake.process().Wait(milliseconds(5000)).has_value());
  fake.Start();
  REQUIRE(sender.Settles());
  const Json messages = fake.Messages();  // from its store
  REQUIRE(messages.size() == 2);
  CHECK_FALSE(Marked(messages[0]));
  CHECK(Marked(messages[1]));
}

TEST_CASE("delivery: a channel that is gone is disabled, and says so in receipts and series", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  std::string detail;
  SECTION("unknown webhook") {
    discord.url.replace(discord.url.find("1001"), 4, "1002");
    detail = "HTTP 404 code 10015 Unknown Webhook";
  }
  SECTION("wrong token") {
    discord.url += "x";
    detail = "HTTP 401 code 50027 Invalid Webhook Token";
  }
  Sender sender(lane, {discord});
  lane.Tell();
  REQUIRE(sender.Settles());
  lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(lane.States() == "attempted failed failed");
  CHECK(lane.Receipts()[1].detail == detail);
  CHECK(lane.Receipts()[2].detail == "channel disabled: " + detail);
  CHECK(fake.Stats()["requests"] == 1);
  CHECK(sender.metrics.Text().find("spillway_notifier_channel_disabled{channel=\"discord\"} 1") != std::string::npos);
}

TEST_CASE("delivery: what cannot be delivered before the alert expires is given up", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"status", 500}, {"count", 1000}}});
  Sender sender(lane, {Discord(fake)});
  lane.Tell(std::chrono::seconds(1));
  REQUIRE(sender.Settles());
  CHECK(lane.Receipts().back().state == ReceiptState::kFailed);
  CHECK(lane.Receipts().back().detail == "expired");
  CHECK(fake.Messages().empty());
}

TEST_CASE("delivery: an alert that expired while nobody was there is not sent late", "[delivery]") {
  FakeServer fake;
  Lane lane;
  lane.Tell(std::chrono::seconds(60));
  DeliveryLedger ledger({"discord"});
  test::CollectingSink sink;
  for (const Event& event : lane.From(0)) ledger.Process(event, sink);
  DeliveryOptions options;
  options.append = [&](const Event& event) { return lane.Append(event); };
  options.may_act = [] { return true; };
  service::Metrics metrics;
  DeliveryEngine engine({Discord(fake)}, options, metrics);
  engine.Sync(ledger, std::chrono::minutes(5));
  REQUIRE(test::Eventually([&] { return !lane.Receipts().empty(); }));
  CHECK(lane.States() == "failed");
  CHECK(fake.Stats()["requests"] == 0);
}

TEST_CASE("delivery: our own limit holds, and alerts go before edits", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig discord = Discord(fake);
  discord.messages_per_minute_max = 3;
  Sender sender(lane, {discord});
  const Event first = lane.Tell();
  REQUIRE(sender.Settles());
  sender.acting = false;
  lane.Update(first, AlertUpdateKind::kExpired);
  for (int i = 0; i < 4; ++i) lane.Tell();
  sender.Pump();
  sender.acting = true;
  REQUIRE(sender.Until([&] { return fake.Messages().size() == 3; }));
  sender.Linger();
  const Json messages = fake.Messages();
  CHECK(messages.size() == 3);
  CHECK(messages[0]["edits"].empty());
  CHECK(sender.metrics.Text().find("spillway_notifier_rate_limited_total{channel=\"discord\"} 1") != std::string::npos);
  CHECK(sender.metrics.Text().find("spillway_notifier_queue{channel=\"discord\"} 3") != std::string::npos);
}

TEST_CASE("delivery: the channel's bucket is waited for before it is overrun", "[delivery]") {
  FakeServer fake({"--bucket", "3", "--bucket-ms", "400"});
  Lane lane;
  Sender sender(lane, {Discord(fake)});
  for (int i = 0; i < 8; ++i) lane.Tell();
  REQUIRE(sender.Settles());
  CHECK(fake.Messages().size() == 8);
  CHECK(fake.Stats()["bucket_full"] == 0);
}

TEST_CASE("delivery: a global limit pauses all of Discord, not a webhook", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig second = Discord(fake);
  second.name = "discord-2";
  Sender sender(lane, {Discord(fake), second, Hook(fake)});
  sender.acting = false;
  fake.Next({{{"target", "discord"}, {"status", 429}, {"retry_after", 3600.0}, {"global", true}}});
  lane.Tell();
  sender.acting = true;
  REQUIRE(sender.Until([&] {
    return lane.States("hook") == "attempted delivered" &&
           (lane.States("discord") + " " + lane.States("discord-2")).find("not_accepted") != std::string::npos;
  }));
  lane.Tell();
  REQUIRE(sender.Until([&] { return fake.Messages("hook").size() == 2; }));
  sender.Linger();
  CHECK(fake.Messages().size() <= 1);  // what was on its way already
}

TEST_CASE("delivery: nothing is sent without the lease, or what cannot be written down before", "[delivery]") {
  FakeServer fake;
  Lane lane;
  Sender sender(lane, {Discord(fake), Hook(fake)}, /*acts=*/false);
  lane.Tell();
  sender.Linger();
  CHECK(lane.Receipts().empty());
  lane.refuses = true;
  sender.acting = true;
  sender.Linger();
  CHECK(fake.Stats()["requests"] == 0);
  lane.refuses = false;
  REQUIRE(sender.Settles());
  CHECK(fake.Messages().size() == 1);
  CHECK_FALSE(Marked(fake.Messages()[0]));  // the attempts that could not be written were not made
  CHECK(fake.Messages("hook").size() == 1);
}

TEST_CASE("delivery: receipts that cannot be written are written later; the message is not repeated", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"delay_ms", 1000}}});
  Sender sender(lane, {Discord(fake)});
  lane.Tell();
  REQUIRE(sender.Until([&] { return lane.States() == "attempted"; }));
  lane.refuses = true;
  REQUIRE(sender.Until([&] { return fake.Messages().size() == 1; }));
  sender.Linger(milliseconds(1300));
  lane.refuses = false;
  REQUIRE(sender.Settles());
  CHECK(lane.States() == "attempted delivered");
  CHECK(fake.Messages().size() == 1);
}

TEST_CASE("delivery: what became of an alert before it was sent goes with it", "[delivery]") {
  FakeServer fake;
  Lane lane;
  Sender sender(lane, {Discord(fake)}, /*acts=*/false);
  const Event alert = lane.Tell();
  lane.Update(alert, AlertUpdateKind::kCancelled);
  sender.Pump();
  sender.acting = true;
  REQUIRE(sender.Settles());
  const Json messages = fake.Messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["json"]["content"].get<std::string>().starts_with("CANCELLED"));
  CHECK(messages[0]["edits"].empty());
  CHECK(lane.States() == "attempted delivered delivered(update)");
}

TEST_CASE("delivery: a channel that hangs delays no other", "[delivery]") {
  FakeServer fake;
  Lane lane;
  fake.Next({{{"target", "discord"}, {"hang", true}}});
  Sender sender(lane, {Discord(fake), Hook(fake)});
  for (int i = 0; i < 5; ++i) lane.Tell();
  REQUIRE(sender.Until([&] { return fake.Messages("hook").size() == 5; }));
  CHECK(fake.Messages().empty());
  sender.engine().Stop(milliseconds(0));  // the request in flight is broken off; its attempt stays in doubt
  CHECK(lane.States() == "attempted");
}

TEST_CASE("delivery: a webhook's redirects and private addresses are not followed", "[delivery]") {
  FakeServer fake;
  Lane lane;
  ChannelConfig hook = Hook(fake);
  SECTION("redirect") {
    fake.Next({{{"status", 302}, {"location", fake.hook()}}});
    Sender sender(lane, {hook});
    lane.Tell();
    REQUIRE(sender.Settles());
    CHECK(lane.Receipts("hook").back().detail == "HTTP 302 (redirects are not followed)");
  }
  SECTION("private address") {
    hook.allow_private_address = false;
    Sender sender(lane, {hook});
    lane.Tell();
    REQUIRE(sender.Until([&] { return lane.Receipts("hook").size() >= 2; }));
    CHECK(lane.Receipts("hook")[1].detail == "its address is not public (allow_private_address permits it)");
  }
  CHECK(fake.Messages("hook").empty());
}

// Random answers, lost ones, restarts of the fake's other side: every alert arrives, at most once without the mark, and
// the receipts tell the same story.
TEST_CASE("S0-7.4, S1-A7.4: delivery: under random faults and restarts no alert is lost and none is doubled unmarked",
          "[delivery]") {
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  FakeServer fake({"--bucket", "0"});
  Lane lane;
  fake.Behave(
      {{"rate",
        {{"status_500", 0.15}, {"status_429", 0.0}, {"accept_then_drop", 0.15}, {"drop", 0.1}, {"seed", seed}}}});
  std::mt19937_64 random(seed);
  std::vector<Event> alerts;
  for (int life = 0; life < 6; ++life) {
    Sender sender(lane, {Discord(fake), Hook(fake)});
    for (int i = 0; i < 5; ++i) alerts.push_back(lane.Tell());
    for (const Event& alert : alerts) {
      if (random() % 4 == 0) lane.Update(alert, AlertUpdateKind::kExpired);
    }
    const size_t receipts = lane.Receipts().size() + random() % 12;
    REQUIRE(sender.Until([&] { return lane.Receipts().size() >= receipts || sender.engine().idle(); }));
    sender.engine().Stop(milliseconds(random() % 2));  // broken off wherever it is
  }
  Sender sender(lane, {Discord(fake), Hook(fake)});
  REQUIRE(sender.Settles());

  const Json discord = fake.Messages("discord"), hook = fake.Messages("hook");
  std::map<std::string, int> unmarked, all;
  for (const Json& message : discord) {
    const std::string id = message["json"]["embeds"][0]["footer"]["text"].get<std::string>().substr(0, 32);
    ++all[id];
    unmarked[id] += Marked(message) ? 0 : 1;
  }
  for (const Event& alert : alerts) {
    const std::string id = ToString(alert.header.correlation_id());
    const LedgerEntry* entry = sender.ledger().Find(alert.header.id());
    REQUIRE(entry != nullptr);
    CAPTURE(id);
    const Delivery& delivery = entry->deliveries[0];
    CHECK(unmarked[id] <= 1);
    CHECK((delivery.state == MessageState::kDelivered || delivery.possibly_repeated));
    CHECK(all[id] >= (delivery.state == MessageState::kDelivered ? 1 : 0));
    if (all[id] > 1) CHECK(delivery.possibly_repeated);
    CHECK(entry->deliveries[1].state == MessageState::kDelivered);
  }
  std::map<std::string, int> of_hook;  // the alerts; the updates have ids of their own
  for (const Json& message : hook) of_hook[message["event_id"]] += 1;
  for (const auto& [id, count] : of_hook) CHECK(count == 1);
}

}  // namespace spillway::notifier
