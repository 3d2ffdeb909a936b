// spillway-oms as processes over a real nats-server, with the fake venue; scoring, risk and the clock are the test's.
#pragma once

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "services/oms/trade.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"
#include "tests/integration/oms/stage.h"
#include "tests/support/nats_server.h"
#include "tests/support/trading_lane.h"

namespace spillway::oms {

// The trading lane on a nats-server of its own. Its time goes on by itself, `speed` times as fast as ours.
class LiveLane {
 public:
  explicit LiveLane(int speed = 5) : speed_(speed) {
    auto connection = jetstream::Connection::Connect({.url = server_.url(), .name = "test"});
    REQUIRE(connection.ok());
    connection_ = *connection;
    const jetstream::RetentionOptions retention{.bytes_max = uint64_t{256} << 20};
    REQUIRE(jetstream::EnsureLanes(*connection_, {"market.0", "features.0", "trading"}, retention).ok());
    REQUIRE(jetstream::EnsureDeadLetters(*connection_, retention).ok());
    REQUIRE(jetstream::EnsureBuckets(*connection_).ok());
    for (const Producer producer : {Producer::kScoring, Producer::kRisk}) {
      jetstream::JetStreamLog log(connection_, producer);
      auto writer = log.OpenWriter("trading");
      REQUIRE(writer.ok());
      writers_[producer] = std::make_unique<runtime::EventAppender>(producer, *std::move(writer));
    }
    log_ = std::make_unique<jetstream::JetStreamLog>(connection_, Producer::kNone);
    reader_ = *log_->OpenReader("trading");
    lane_.At("10:00");
    Append(lane_.Define(1, "ACME"));
    v1::Profile profile;
    profile.mutable_outcome()->set_time_stop_ns(6LL * 3600 * 1'000'000'000);
    Append(lane_.Configure(profile));
    v1::RiskProfile risk;
    risk.set_name("paper");
    risk.set_version(1);
    risk.mutable_account()->set_id("PA-1");
    risk.mutable_care()->set_reconcile_every_ns(5'000'000'000);
    ConfigurationVersion version;
    version.kind = ConfigurationKind::kRisk;
    version.name = "paper@1";
    version.document = profile::SerializeDeterministic(risk);
    Append(lane_.Make(version));
    Append(lane_.Session());
    clock_ = std::thread([this] { KeepTime(); });
  }
  ~LiveLane() {
    stopping_ = true;
    clock_.join();
  }

  const test::NatsServer& server() const { return server_; }
  test::NatsServer& server() { return server_; }

  // Approved for AUTO: 100 at 10.00, stop 9.88, target 10.24.
  EventId Approve(int64_t quantity = 100, Side side = Side::kBid) {
    const std::lock_guard lock(mutex_);
    const bool buys = side == Side::kBid;
    const Event intent =
        lane_.Intent({.entry = 10.00, .stop = buys ? 9.88 : 10.12, .target = buys ? 10.24 : 9.76, .side = side});
    AppendLocked(intent);
    RiskDecision decision;
    decision.intent = intent.header.id();
    decision.approved = true;
    decision.quantity = Quantity::Units(quantity);
    decision.risk = Money::FromE8(quantity * 12'000'000);
    decision.route = Route::kAuto;
    AppendLocked(lane_.Make(decision, 1, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
    return intent.header.id();
  }
  void Mark(double bid, double ask) {
    const std::lock_guard lock(mutex_);
    AppendLocked(lane_.Mark(1, bid, ask));
  }

  // All events of the lane so far.
  const std::vector<Event>& Events() {
    log::LaneMessage message;
    GroupHeader header;
    while (true) {
      const absl::StatusOr<bool> more = reader_->NextWithin(message, milliseconds(10));
      if (!more.ok() || !*more) return events_;
      (void)decoder_.Decode(message.bytes, header, [&](const Event& event) { events_.push_back(event); });
    }
  }
  template <class Body>
  std::vector<Body> All() {
    std::vector<Body> found;
    for (const Event& event : Events()) {
      if (const auto* body = std::get_if<Body>(&event.body)) found.push_back(*body);
    }
    return found;
  }
  OrderState StateOf(const OrderId& order) {
    OrderState state = OrderState::kNone;
    for (const OrderEvent& event : All<OrderEvent>()) {
      if (event.order == order) state = event.state;
    }
    return state;
  }
  // "sent accepted fill", of one order.
  std::string Story(const OrderId& order) {
    std::string text;
    for (const BrokerReport& report : All<BrokerReport>()) {
      if (report.client_order_id != ClientOrderId(order)) continue;
      text += (text.empty() ? "" : " ") + std::string(BrokerReportKindName(report.kind));
    }
    return text;
  }
  size_t Reports(BrokerReportKind kind) {
    size_t count = 0;
    for (const BrokerReport& report : All<BrokerReport>()) count += report.kind == kind ? 1 : 0;
    return count;
  }
  // What oms holds of ACME, by its own books.
  Quantity Held() {
    Quantity held;
    for (const PositionSnapshot& position : All<PositionSnapshot>()) held = position.account_quantity;
    return held;
  }
  // Ids that two events of oms or the broker share.
  size_t RepeatedIds() {
    std::set<EventId> ids;
    size_t repeated = 0;
    for (const Event& event : Events()) {
      if (event.header.producer != Producer::kOms && event.header.producer != Producer::kBroker) continue;
      repeated += ids.insert(event.header.id()).second ? 0 : 1;
    }
    return repeated;
  }

 private:
  void Append(const Event& event) {
    const std::lock_guard lock(mutex_);
    AppendLocked(event);
  }
  void AppendLocked(const Event& event) {
    absl::Status status;
    for (int attempt = 0; attempt < 10; ++attempt) {
      status = writers_.at(event.header.producer)->Append({&event, 1});
      if (status.ok()) return;
    }
    std::fprintf(stderr, "the test cannot append: %s\n", std::string(status.message()).c_str());
  }
  void KeepTime() {
    while (!stopping_) {
      std::this_thread::sleep_for(milliseconds(100));
      const std::lock_guard lock(mutex_);
      lane_.At(lane_.now() + speed_ * milliseconds(100));
      AppendLocked(lane_.Tick());
    }
  }

  const int speed_;
  test::NatsServer server_;
  std::shared_ptr<jetstream::Connection> connection_;
  std::unique_ptr<jetstream::JetStreamLog> log_;
  std::unique_ptr<log::LaneReader> reader_;
  GroupDecoder decoder_;
  std::vector<Event> events_;
  std::mutex mutex_;
  test::TradingLane lane_;
  std::map<Producer, std::unique_ptr<runtime::EventAppender>> writers_;
  std::atomic<bool> stopping_{false};
  std::thread clock_;
};

struct OmsOptions {
  std::string instance = "a";
  std::string account = "PA-1";
  std::string secret = "fake-secret";
  std::string more;  // lines under broker
  std::string checkpoint_period = "500ms";
};

class OmsService {
 public:
  OmsService(const LiveLane& lane, const VenueProcess& venue, const OmsOptions& options = {}) {
    std::ofstream(folder_ / "key") << "fake-key\n";
    std::ofstream(folder_ / "secret") << options.secret << "\n";
    for (const char* name : {"key", "secret"}) {
      std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_read);
    }
    std::ofstream(folder_ / "oms.yaml") << fmt::format(R"(service:
  service: oms
  instance: {0}
  nats: {{urls: ['{1}'], publish_timeout: 2s}}
  http: {{port: 0}}
  checkpoint: {{directory: {2}/checkpoints, period: {7}}}
  port_file: {2}/ports.json
broker:
  kind: venue
  address: {3}
  account: {4}
  key_file: {2}/key
  secret_file: {2}/secret
  tls_ca_file: {5}
  requests_per_second: 200
{6})",
                                                       options.instance, lane.server().url(), folder_.path().string(),
                                                       venue.address(), options.account, venue.ca(), options.more,
                                                       options.checkpoint_period);
    process_ = std::make_unique<test::ServerProcess>(
        test::ProcessOptions{.argv = {Binary("spillway-oms"), "--config", folder_ / "oms.yaml"},
                             .env = {},
                             .cwd = {},
                             .log_file = folder_ / "log"});
  }
  test::ServerProcess& process() { return *process_; }
  std::string Metrics() const {
    const Json ports = Json::parse(std::ifstream(folder_ / "ports.json"), nullptr, false);
    if (ports.is_discarded()) return "";
    net::HttpClient client({});
    net::HttpRequest request{.method = "GET",
                             .url = fmt::format("http://127.0.0.1:{}/metrics", ports["http"].get<int>()),
                             .headers = {},
                             .body = "",
                             .parts = {}};
    return client.Send(request).body;
  }

 private:
  test::TemporaryFolder folder_;
  std::unique_ptr<test::ServerProcess> process_;
};

inline OrderId Entry(const EventId& intent, uint32_t attempt = 0) {
  return OrderIdOf(intent, OrderRole::kEntry, attempt);
}

}  // namespace spillway::oms
