// A fake Discord, a lane in memory and an engine between them, for one test.
#pragma once

#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "services/notifier/delivery.h"
#include "tests/catch.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::notifier {

using Json = nlohmann::json;
using std::chrono::milliseconds;

class FakeServer {
 public:
  explicit FakeServer(std::vector<std::string> more = {}) : port_(test::FreePort()) {
    std::vector<std::string> argv = {Binary(),         "--port",    std::to_string(port_),  "--port-file",
                                     PortFile(),       "--tls-dir", folder_.path() / "tls", "--store",
                                     folder_ / "store"};
    argv.insert(argv.end(), more.begin(), more.end());
    process_ = std::make_unique<test::ServerProcess>(
        test::ProcessOptions{.argv = argv, .env = {}, .cwd = {}, .log_file = folder_ / "log"});
    WaitUntilUp();
  }

  void Start() {
    std::filesystem::remove(PortFile());
    process_->Start();
    WaitUntilUp();
  }
  test::ServerProcess& process() { return *process_; }

  std::string url(bool tls = false) const { return Base(tls) + "/api/v10/webhooks/1001/fake-token"; }
  std::string hook(bool tls = false) const { return Base(tls) + "/hook"; }
  std::string ca() const { return folder_.path() / "tls" / "ca.pem"; }

  void Behave(const Json& behaviour) { Call("PUT", "/fake/behaviour", behaviour.dump()); }
  void Next(const Json& behaviours) { Behave({{"next", behaviours}}); }
  Json Messages(const std::string& target = "discord") {
    Json chosen = Json::array();
    const Json all = Json::parse(Call("GET", "/fake/messages", ""));
    for (const Json& message : all["messages"]) {
      if (message["target"] == target) chosen.push_back(message);
    }
    return chosen;
  }
  Json Stats() { return Json::parse(Call("GET", "/fake/stats", "")); }
  std::string Get(const std::string& path) { return Call("GET", path, ""); }

 private:
  static std::string Binary() {
    const char* directory = std::getenv("SPILLWAY_BIN");
    REQUIRE(directory != nullptr);
    return std::string(directory) + "/spillway-fake-discord";
  }
  std::string PortFile() const { return folder_ / "port"; }
  std::string Base(bool tls) const {
    return tls ? "https://localhost:" + std::to_string(tls_port_) : "http://127.0.0.1:" + std::to_string(port_);
  }
  void WaitUntilUp() {
    REQUIRE(test::Eventually([&] { return std::filesystem::exists(PortFile()); }));
    tls_port_ = Json::parse(std::ifstream(PortFile()))["https"];
  }
  std::string Call(const std::string& method, const std::string& path, const std::string& body) {
    net::HttpClient client({});
    net::HttpRequest request{.method = method, .url = Base(false) + path, .headers = {}, .body = body, .parts = {}};
    request.headers.emplace_back("Content-Type", "application/json");
    const net::HttpResult result = client.Send(request);
    INFO(result.error);
    REQUIRE(result.status == 200);
    return result.body;
  }

  test::TemporaryFolder folder_;
  uint16_t port_;
  uint16_t tls_port_ = 0;
  std::unique_ptr<test::ServerProcess> process_;
};

// The trading lane, as far as delivery is concerned: it outlives engines.
class Lane {
 public:
  absl::Status Append(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (refuses) return absl::UnavailableError("the test's lane is away");
    events_.push_back(event);
    return absl::OkStatus();
  }
  std::vector<Event> From(size_t first) const {
    const std::lock_guard lock(mutex_);
    return {events_.begin() + static_cast<ptrdiff_t>(std::min(first, events_.size())), events_.end()};
  }
  std::vector<AlertReceipt> Receipts(const std::string& channel = "discord") const {
    std::vector<AlertReceipt> receipts;
    for (const Event& event : From(0)) {
      const auto* receipt = std::get_if<AlertReceipt>(&event.body);
      if (receipt != nullptr && receipt->channel == channel) receipts.push_back(*receipt);
    }
    return receipts;
  }
  // "attempted not_accepted attempted delivered"
  std::string States(const std::string& channel = "discord") const {
    std::string text;
    for (const AlertReceipt& receipt : Receipts(channel)) {
      text += (text.empty() ? "" : " ") + std::string(ReceiptStateName(receipt.state));
      if (receipt.update != AlertUpdateKind::kUnknown) text += "(update)";
      if (receipt.possibly_repeated) text += "(repeated)";
    }
    return text;
  }

  // From here on the alerts' side, as the notifier writes it.
  Event Tell(Duration life = std::chrono::seconds(60), const std::string& symbol = "ACME") {
    const uint64_t number = ++number_;
    InstrumentDefinition definition;
    definition.id = static_cast<InstrumentId>(number);
    definition.symbol = symbol;
    Event event;
    event.header.producer = Producer::kScoring;
    event.header.instrument = definition.id;
    event.header.event_time = TimeFromNanos(1'746'192'605'000'000'000) + std::chrono::seconds(number);
    event.header.ingest_time = event.header.event_time + milliseconds(3);
    event.header.cause.market = {.feed = 1, .epoch = 1, .position = number};
    event.body = definition;
    REQUIRE(Append(event).ok());

    Alert alert;
    alert.intent = EventId{9, number};
    alert.entry = Price::FromNanos(20'000'000'000);
    alert.stop = Price::FromNanos(19'880'000'000);
    alert.target = Price::FromNanos(20'240'000'000);
    alert.spread = Price::FromNanos(30'000'000);
    alert.quantity = Quantity::Units(400);
    alert.risk = Money::FromE8(4'800'000'000);
    alert.reward_net = Money::FromE8(9'000'000'000);
    alert.reward_to_risk_net = 1.8;
    alert.score = 8;
    alert.threshold = 7.5;
    for (int i = 1; i <= 5; ++i) {
      alert.rules.push_back({.rule = "S0-3." + std::to_string(i),
                             .feature = "bid_ask_ratio(levels=10)",
                             .passed = i % 2 == 1,
                             .value = 3.4,
                             .not_ready = "",
                             .comparison = Comparison::kGreaterEqual,
                             .limit = 3,
                             .points = i % 2 == 1 ? 2.0 : 0.0,
                             .points_max = 2});
    }
    alert.triggered = event.header.event_time;
    alert.expires = alert.triggered + life;
    event.header.producer = Producer::kNotifier;
    event.body = alert;
    REQUIRE(Append(event).ok());
    return event;
  }
  void Update(const Event& alert, AlertUpdateKind kind) {
    Event event = alert;
    event.header.cause = {.market = {}, .event = alert.header.id(), .ordinal = static_cast<uint32_t>(kind)};
    event.body =
        AlertUpdate{.alert = alert.header.id(), .kind = kind, .reason = "spread_blow_out seen=0.05 limit=0.03"};
    REQUIRE(Append(event).ok());
  }
  void Outcome(const Event& alert) {
    OutcomeLabelled outcome;
    outcome.intent = std::get<Alert>(alert.body).intent;
    outcome.label = OutcomeLabel::kTarget;
    outcome.entry_price = Price::FromNanos(20'000'000'000);
    outcome.exit_price = Price::FromNanos(20'240'000'000);
    outcome.profit_net = Money::FromE8(9'000'000'000);
    outcome.r_multiple = 1.8;
    Event event = alert;
    event.header.producer = Producer::kJournal;
    event.body = outcome;
    REQUIRE(Append(event).ok());
  }

  std::atomic<bool> refuses{false};

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  uint64_t number_ = 0;
};

// One life of the notifier's delivery: a ledger folded over the lane from its start, and an engine.
class Sender {
 public:
  Sender(Lane& lane, std::vector<ChannelConfig> channels, bool acts = true)
      : acting(acts), lane_(lane), ledger_(Names(channels)) {
    DeliveryOptions options;
    options.append = [this](const Event& event) { return lane_.Append(event); };
    options.may_act = [this] { return acting && folded_; };
    options.picture = [](const AlertCard&) { return std::string("\x89PNG the picture"); };
    options.backoff_min = milliseconds(20);
    options.backoff_max = milliseconds(100);
    engine_ = std::make_unique<DeliveryEngine>(std::move(channels), options, metrics);
    Pump();
    folded_ = true;
    engine_->Sync(ledger_);
  }

  // Folds what is new on the lane.
  void Pump() {
    test::CollectingSink sink;
    for (const Event& event : lane_.From(read_)) {
      ledger_.Process(event, sink);
      ++read_;
      engine_->Sync(ledger_);
    }
    engine_->Sync(ledger_);
  }
  bool Until(const std::function<bool()>& condition) {
    return test::Eventually([&] {
      Pump();
      return condition();
    });
  }
  bool Settles() {
    return Until([&] { return read_ == lane_.From(0).size() && engine_->idle(); });
  }
  // Folds for a while in which nothing is to happen.
  void Linger(milliseconds time = milliseconds(300)) {
    test::Eventually(
        [&] {
          Pump();
          return false;
        },
        time);
  }
  DeliveryEngine& engine() { return *engine_; }
  const DeliveryLedger& ledger() const { return ledger_; }

  service::Metrics metrics;
  std::atomic<bool> acting;

 private:
  static std::vector<std::string> Names(const std::vector<ChannelConfig>& channels) {
    std::vector<std::string> names;
    for (const ChannelConfig& channel : channels) names.push_back(channel.name);
    return names;
  }

  Lane& lane_;
  DeliveryLedger ledger_;
  size_t read_ = 0;
  std::atomic<bool> folded_{false};
  std::unique_ptr<DeliveryEngine> engine_;
};

inline ChannelConfig Discord(const FakeServer& fake) {
  ChannelConfig config;
  config.name = "discord";
  config.url = fake.url();
  config.messages_per_minute_max = 1000;
  config.timeout = std::chrono::seconds(5);
  config.allow_private_address = true;
  return config;
}

inline ChannelConfig Hook(const FakeServer& fake) {
  ChannelConfig config = Discord(fake);
  config.name = "hook";
  config.kind = ChannelKind::kWebhook;
  config.url = fake.hook();
  config.secrets = {"fake-secret"};
  return config;
}

}  // namespace spillway::notifier
