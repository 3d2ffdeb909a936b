// Discord's and the webhook's adapters: what is sent, and what answers mean. Against sockets:
// tests/integration/delivery.
#include "services/notifier/channel_adapter.h"

#include <fstream>

#include "nlohmann/json.hpp"
#include "services/notifier/adapters/card_text.h"
#include "services/notifier/adapters/discord.h"
#include "services/notifier/adapters/webhook.h"
#include "spillway/v1/service.pb.h"
#include "tests/catch.h"
#include "tests/fakes/discord/fake_discord.h"
#include "tests/support/temporary_folder.h"

namespace spillway::notifier {
namespace {

using nlohmann::json;

AlertCard Card() {
  AlertCard card;
  card.symbol = "ACME";
  card.currency = "USD";
  card.instance = "ofi-classic@1#1";
  card.header.cause.market = {1, 1, 7};
  card.alert.entry = Price::FromNanos(20'000'000'000);
  card.alert.stop = Price::FromNanos(19'880'000'000);
  card.alert.target = Price::FromNanos(20'240'000'000);
  card.alert.triggered = TimeFromNanos(1'746'192'605'250'000'000);
  card.alert.expires = card.alert.triggered + std::chrono::seconds(60);
  card.alert.score = 8;
  card.alert.threshold = 7.5;
  card.alert.rules.push_back({.rule = "S0-3.1",
                              .feature = "spread",
                              .passed = true,
                              .value = 0.02,
                              .not_ready = "",
                              .comparison = Comparison::kLessEqual,
                              .limit = 0.03,
                              .points = 2,
                              .points_max = 2});
  return card;
}

net::HttpResult Answered(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::HttpResult result;
  result.outcome = net::HttpOutcome::kAnswered;
  result.status = status;
  result.body = std::move(body);
  result.headers = std::move(headers);
  return result;
}

std::string Field(const json& embed, const std::string& name) {
  for (const json& field : embed["fields"]) {
    if (field["name"].get<std::string>().starts_with(name)) return field["value"];
  }
  return "";
}

}  // namespace

TEST_CASE(
    "S0-0.2, S0-7.1, S0-7.2, S1-A7.1, S1-A7.2: discord: the embed says the plan, every rule, the profile and where the "
    "alert comes from",
    "[delivery]") {
  AlertCard card = Card();
  card.alert.low_confidence = true;
  const json message = json::parse(DiscordMessage(card, false, true));
  const json& embed = message["embeds"][0];
  CHECK(Field(embed, "Entry") == "20.00");
  CHECK(Field(embed, "Stop") == "19.88 (-0.12)");
  CHECK(Field(embed, "Target") == "20.24 (+0.24)");
  CHECK(Field(embed, "Score 8/2 (needs 7.5)") == "```diff\n+ S0-3.1  spread  0.02 <= 0.03  2/2\n```");
  CHECK(Field(embed, "Profile") == "ofi-classic\\@1\\#1");
  CHECK(Field(embed, "Expires") == "09:31:05.250 New York");
  CHECK(embed["description"] == "**LOW CONFIDENCE**\n");
  CHECK(embed["timestamp"] == "2025-05-02T13:30:05.250Z");
  CHECK(embed["image"]["url"] == "attachment://alert.png");
  CHECK(embed["footer"]["text"].get<std::string>().starts_with(ToString(card.header.correlation_id())));
}

TEST_CASE("S1-B5.5, S1-B7.1, S1-B8.4: Discord and webhooks say risk, net, record, stage, button and warnings",
          "[delivery]") {
  AlertCard card = Card();
  card.alert.side = Side::kAsk;
  card.alert.risk = Money::FromE8(45'00000000);
  card.alert.risk_percent = 0.1125;
  card.alert.reward_net = Money::FromE8(86'50000000);
  card.alert.stage = "micro";
  card.alert.quantity = Quantity::Units(300);
  card.alert.binding_cap = SizeCap::kStage;
  card.alert.route = Route::kConfirm;
  card.alert.record = {.trades = 112, .wins = 65, .sum_r = 23.52};
  card.alert.warnings = {"a warning"};

  const json message = json::parse(DiscordMessage(card, false, false));
  const json& embed = message["embeds"][0];
  CHECK(Field(embed, "Risk / reward net").find("45.00 (0.1125%) / 86.50") == 0);
  const std::string until = "needs your confirmation until 09:31:05: spillway admin confirm 000000000000";
  CHECK(embed["description"] ==
        "**" + until + "**\nstage micro, lots of 300\n" + "This setup: 58%, n=112, +0.21 R\n**Warning:** a warning\n");
  CHECK(embed["title"].get<std::string>().find(" SHORT ") != std::string::npos);
  CHECK(message["content"].get<std::string>().find(until) != std::string::npos);
  CHECK(fake::FormErrors(fake::Json::parse(message.dump())).dump() == "{}");

  const json hook = json::parse(WebhookMessage(card, AlertUpdateKind::kUnknown));
  CHECK(hook["side"] == "short");
  CHECK(hook["risk"] == "45.00");
  CHECK(hook["risk_percent"] == 0.1125);
  CHECK(hook["reward_net"] == "86.50");
  CHECK(hook["stage"] == "micro");
  CHECK(hook["quantity_cap"] == "stage");
  CHECK(hook["route"] == "confirm");
  CHECK(hook["confirm_until"] == hook["expires"]);
  CHECK(hook["record"]["text"] == "This setup: 58%, n=112, +0.21 R");
  CHECK(hook["record"]["trades"] == 112);
  CHECK(hook["warnings"] == json{"a warning"});

  card.alert.record.trades = 29;
  card.alert.route = Route::kAlert;
  CHECK(DiscordMessage(card, false, false).find("This setup") == std::string::npos);
  const json early = json::parse(WebhookMessage(card, AlertUpdateKind::kUnknown));
  CHECK(early["record"].is_null());
  CHECK(early["confirm_until"].is_null());
}

TEST_CASE("S3-D1.1: a notice is a message of its own in Discord and the webhook", "[delivery]") {
  AlertCard card = Card();
  card.notice = Notice{NoticeSeverity::kCritical, "kill_switch", "KILL SWITCH: *manual*", "by @everyone"};
  const json message = json::parse(DiscordMessage(card, false, false));
  CHECK(message["content"] == "**KILL SWITCH\\: \\*manual\\***");
  CHECK(message["embeds"][0]["description"] == "by \\@everyone");
  const json hook = json::parse(WebhookMessage(card, AlertUpdateKind::kUnknown));
  CHECK(hook["schema"] == "spillway.notice.v1");
  CHECK(hook["severity"] == "critical");
  CHECK(hook["symbol"] == nullptr);
}

TEST_CASE("discord: whatever the names and however many rules, the limits are kept and nobody is mentioned",
          "[delivery]") {
  AlertCard card = Card();
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += "\xF0\x9F\x94\xA5";  // one code point each
  SECTION("long and wide names") {
    card.symbol = wide;
    card.instance = wide;
    card.news = {.kind = AlertUpdateKind::kCancelled, .reason = wide, .time = card.alert.triggered, .outcome = {}};
    for (int i = 0; i < 500; ++i) card.alert.rules.push_back(card.alert.rules[0]);
    for (RuleResult& rule : card.alert.rules) rule.feature = wide;
  }
  SECTION("no UTF-8, Markdown and mentions") {
    card.symbol = "A\xFF\xC3(@everyone) **b** `c` <@1>";
    card.instance = "\xED\xA0\x80";
    card.alert.rules[0].rule = "```";
  }
  SECTION("no rules, no names") {
    card.symbol = card.instance = card.currency = "";
    card.alert.rules.clear();
  }
  const json message = json::parse(DiscordMessage(card, true, false));
  CHECK(fake::FormErrors(fake::Json::parse(message.dump())).dump() == "{}");
  CHECK(message["allowed_mentions"] == json{{"parse", json::array()}});
  CHECK(message["embeds"][0]["description"].get<std::string>().find("possibly repeated") != std::string::npos);
  for (const json& field : message["embeds"][0]["fields"]) {
    const std::string value = field["value"];
    if (value.starts_with("```")) CHECK(value.find("```", 3) == value.size() - 3);  // no way out of the block
  }
}

TEST_CASE("discord: the fake refuses what Discord refuses", "[delivery]") {
  using fake::FormErrors;
  CHECK(FormErrors({{"content", std::string(2000, 'a')}}).empty());
  CHECK_FALSE(FormErrors({{"content", std::string(2001, 'a')}}).empty());
  const auto embed = [](fake::Json fields) { return fake::Json{{"embeds", fake::Json::array({std::move(fields)})}}; };
  CHECK(FormErrors(embed({{"title", std::string(256, 'a')}})).empty());
  CHECK_FALSE(FormErrors(embed({{"title", std::string(257, 'a')}})).empty());
  CHECK_FALSE(
      FormErrors(embed({{"description", std::string(4096, 'a')}, {"footer", {{"text", std::string(2000, 'a')}}}}))
          .empty());
  fake::Json fields = fake::Json::array();
  for (int i = 0; i < 25; ++i) fields.push_back({{"name", "n"}, {"value", "v"}});
  CHECK(FormErrors(embed({{"fields", fields}})).empty());
  fields.push_back({{"name", "n"}, {"value", "v"}});
  CHECK_FALSE(FormErrors(embed({{"fields", fields}})).empty());
  CHECK_FALSE(FormErrors(embed({{"fields", fake::Json::array({{{"name", " "}, {"value", "v"}}})}})).empty());
}

TEST_CASE("discord: what an answer means", "[delivery]") {
  const DiscordAdapter discord({});
  const auto judge = [&](const net::HttpResult& result) { return discord.Judge(result); };
  CHECK(judge(Answered(200, R"({"id":"5"})")).verdict == Verdict::kAccepted);
  CHECK(judge(Answered(200, R"({"id":"5"})")).message_id == "5");
  CHECK(judge(Answered(204, "")).verdict == Verdict::kAccepted);
  CHECK(judge(Answered(200, "<html>")).verdict == Verdict::kAnswerLost);
  CHECK(judge(Answered(500, "")).verdict == Verdict::kNotAccepted);
  CHECK(judge(Answered(400, R"({"code":50035,"message":"Invalid Form Body"})")).verdict == Verdict::kRefused);
  CHECK(judge(Answered(400, R"({"code":50035,"message":"Invalid Form Body"})")).detail ==
        "HTTP 400 code 50035 Invalid Form Body");
  CHECK(judge(Answered(404, R"({"code":10015})")).verdict == Verdict::kChannelRefused);
  CHECK(judge(Answered(404, R"({"code":10008})")).verdict == Verdict::kRefused);
  CHECK(judge(Answered(401, R"({"code":50027})")).verdict == Verdict::kChannelRefused);
  CHECK(judge(Answered(403, "<html>banned</html>")).verdict == Verdict::kRateLimited);
  CHECK(judge(Answered(403, "<html>banned</html>")).wait == DiscordAdapter::kBanPause);
  CHECK(judge(Answered(302, "")).verdict == Verdict::kRefused);

  const Judgement limited = judge(Answered(429, R"({"retry_after":1.5,"global":true})", {{"retry-after", "1"}}));
  CHECK(limited.verdict == Verdict::kRateLimited);
  CHECK(limited.wait == std::chrono::milliseconds(1500));
  CHECK(limited.global);
  CHECK(judge(Answered(429, R"({"retry_after":0.5})", {{"retry-after", "2"}})).wait == std::chrono::seconds(2));
  CHECK(judge(Answered(429, R"({"retry_after":1e300})")).wait == std::chrono::hours(1));
  CHECK(judge(Answered(429, R"({"retry_after":"soon"})", {{"retry-after", "-3"}})).wait == Duration());
  CHECK(judge(Answered(200, R"({"id":"5"})", {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset-after", "0.25"}}))
            .wait == std::chrono::milliseconds(250));
  net::HttpResult lost;
  lost.outcome = net::HttpOutcome::kAnswerLost;
  CHECK(judge(lost).verdict == Verdict::kAnswerLost);
  lost.outcome = net::HttpOutcome::kNotSent;
  CHECK(judge(lost).verdict == Verdict::kNotAccepted);
}

TEST_CASE("discord: requests keep the URL's own query and edit by message id", "[delivery]") {
  ChannelConfig config;
  config.url = "https://discord.test/api/webhooks/1/t?thread_id=9";
  const DiscordAdapter discord(config);
  const AlertCard card = Card();
  const std::string id = "d";
  const auto task = [&](AlertUpdateKind update, std::string_view picture) {
    return DeliveryTask{card, id, update, false, "77", picture, TimeFromNanos(0)};
  };
  const net::HttpRequest post = discord.Request(task(AlertUpdateKind::kUnknown, "png"));
  CHECK(post.method == "POST");
  CHECK(post.url == "https://discord.test/api/webhooks/1/t?wait=true&thread_id=9");
  REQUIRE(post.parts.size() == 2);
  CHECK(post.parts[1].name == "files[0]");
  CHECK(post.parts[1].file_name == "alert.png");
  const net::HttpRequest edit = discord.Request(task(AlertUpdateKind::kExpired, ""));
  CHECK(edit.method == "PATCH");
  CHECK(edit.url == "https://discord.test/api/webhooks/1/t/messages/77?thread_id=9");
  CHECK(discord.Request(task(AlertUpdateKind::kUnknown, "")).parts.empty());
}

TEST_CASE("webhook: the signature is HMAC-SHA256 over timestamp and body, by every key", "[delivery]") {
  // Computed with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
  const std::string one = "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
  CHECK(WebhookSignature({"secret"}, "1700000000", R"({"a":1})") == one);
  CHECK(WebhookSignature({"other", "secret"}, "1700000000", R"({"a":1})").ends_with("," + one));
}

TEST_CASE("webhook: ids are UUIDs, the same for every attempt, and another for each update", "[delivery]") {
  CHECK(Uuid("00112233445566778899aabbccddeeff") == "00112233-4455-8677-8899-aabbccddeeff");
  CHECK(Uuid("0011223344556677f899aabbccddeeff") == "00112233-4455-8677-b899-aabbccddeeff");
  ChannelConfig config;
  config.name = "hook";
  config.secrets = {"s"};
  const WebhookAdapter hook(config);
  AlertCard card = Card();
  const std::string id = DeliveryId(card.header.id(), "hook");
  const auto header = [&](AlertUpdateKind update, int64_t now, const std::string& name) {
    const net::HttpRequest request = hook.Request({card, id, update, true, "", "", TimeFromNanos(now)});
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  CHECK(header(AlertUpdateKind::kUnknown, 1, "X-Event-Id") ==
        header(AlertUpdateKind::kUnknown, 9'000'000'000, "X-Event-Id"));
  CHECK(header(AlertUpdateKind::kUnknown, 1, "X-Event-Id") != header(AlertUpdateKind::kOutcome, 1, "X-Event-Id"));
  CHECK(header(AlertUpdateKind::kOutcome, 9'000'000'000, "X-Timestamp") == "9");
  CHECK(header(AlertUpdateKind::kOutcome, 9'000'000'000, "X-Event-Type") == "alert.outcome");
  const json body = json::parse(WebhookMessage(card, AlertUpdateKind::kUnknown));
  CHECK(body["entry"] == "20.00");
  CHECK(body["status"]["state"] == "open");
  CHECK(body["rules"][0]["limit"] == 0.03);
  card.alert.rules[0].value.reset();
  card.symbol = "\xFF";
  CHECK(json::parse(WebhookMessage(card, AlertUpdateKind::kUnknown))["rules"][0]["value"].is_null());
}

TEST_CASE("webhook: what an answer means", "[delivery]") {
  const WebhookAdapter hook({});
  for (const int status : {200, 201, 202, 204}) CHECK(hook.Judge(Answered(status, "")).verdict == Verdict::kAccepted);
  for (const int status : {408, 425, 500, 502, 503}) {
    CHECK(hook.Judge(Answered(status, "")).verdict == Verdict::kNotAccepted);
  }
  for (const int status : {301, 307, 400, 401, 404, 410}) {
    CHECK(hook.Judge(Answered(status, "")).verdict == Verdict::kRefused);
  }
  CHECK(hook.Judge(Answered(429, "", {{"retry-after", "7"}})).wait == std::chrono::seconds(7));
  CHECK(hook.Judge(Answered(429, "")).wait == std::chrono::seconds(1));
}

TEST_CASE("channels: settings are refused by name and key, and no secret is in the text", "[delivery]") {
  const test::TemporaryFolder folder;
  const auto file = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  };
  v1::ChannelSettings settings;
  settings.set_name("desk");
  settings.set_kind(v1::ChannelSettings::KIND_WEBHOOK);
  const auto message = [&] { return std::string(ReadChannel(settings).status().message()); };
  CHECK(message() == "channels: desk: url_file is missing: the file that holds the URL");
  settings.set_url_file("/no/such/file");
  CHECK(message() == "channels: desk: url_file: cannot read '/no/such/file'");
  settings.set_url_file(file("url", "ftp://very-secret"));
  CHECK(message().find("is no http:// or https:// URL") != std::string::npos);
  CHECK(message().find("very-secret") == std::string::npos);
  settings.set_url_file(file("url", "https://example.test/very-secret\n"));
  CHECK(message() == "channels: desk: secret_file is missing: a webhook's messages are signed");
  settings.set_secret_file(file("secret", ""));
  CHECK(message().find("is empty") != std::string::npos);
  settings.set_secret_file(file("secret", "key\n"));
  settings.set_previous_secret_file(file("old", "old key"));
  const absl::StatusOr<ChannelConfig> config = ReadChannel(settings);
  REQUIRE(config.ok());
  CHECK(config->url == "https://example.test/very-secret");
  CHECK(config->secrets == std::vector<std::string>{"key", "old key"});
  CHECK_FALSE(config->allow_private_address);
  CHECK(config->messages_per_minute_max == 30);
  CHECK_FALSE(ReadChannels({settings, settings}).ok());
}

TEST_CASE("net: which addresses are public", "[delivery]") {
  for (const char* address : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"}) {
    INFO(address);
    CHECK(net::IsPublicAddress(address));
  }
  for (const char* address : {"127.0.0.1",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fd00::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "ff02::1",
                              "localhost",
                              ""}) {
    INFO(address);
    CHECK_FALSE(net::IsPublicAddress(address));
  }
}

TEST_CASE("text: UTF-8 is made valid, and cut between characters", "[delivery]") {
  CHECK(ValidUtf8("a\xC3\xA9\xFFz") == "a\xC3\xA9?z");
  CHECK(ValidUtf8("\xC0\x80\xE0\x80\x80\xF5") == "??????");
  CHECK(ValidUtf8("\xE2\x82") == "??");
  CHECK(CutCodePoints("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4) == "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
  CHECK(CutCodePoints("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3) == "\xC3\xA9..");
}

}  // namespace spillway::notifier
