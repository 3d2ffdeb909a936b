// A fake venue as a process of its own, and the trading lane in memory with a broker shell on it.
#pragma once

#include <atomic>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/net/http_client.h"
#include "nlohmann/json.hpp"
#include "services/oms/adapters/venue/venue_broker.h"
#include "services/oms/broker_shell.h"
#include "tests/catch.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::oms {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline std::string Binary(const std::string& name) {
  const char* directory = std::getenv("SPILLWAY_BIN");
  REQUIRE(directory != nullptr);
  return std::string(directory) + "/" + name;
}

class VenueProcess {
 public:
  explicit VenueProcess(std::vector<std::string> more = {}) : port_(test::FreePort()), control_port_(test::FreePort()) {
    std::vector<std::string> argv = {Binary("spillway-fake-venue"),
                                     "--port",
                                     std::to_string(port_),
                                     "--control-port",
                                     std::to_string(control_port_),
                                     "--port-file",
                                     folder_ / "ports",
                                     "--tls-dir",
                                     folder_ / "tls",
                                     "--store",
                                     folder_ / "books"};
    argv.insert(argv.end(), more.begin(), more.end());
    process_ = std::make_unique<test::ServerProcess>(
        test::ProcessOptions{.argv = argv, .env = {}, .cwd = {}, .log_file = folder_ / "log"});
    WaitUntilUp();
  }
  void Start() {
    std::filesystem::remove(folder_ / "ports");
    process_->Start();
    WaitUntilUp();
  }
  test::ServerProcess& process() { return *process_; }

  VenueBrokerOptions Options() const {
    VenueBrokerOptions options;
    options.address = address();
    options.account = "PA-1";
    options.key = "fake-key";
    options.secret = "fake-secret";
    options.tls_ca_file = ca();
    options.request_timeout = seconds(2);
    options.heartbeat = milliseconds(500);
    return options;
  }
  std::string address() const { return "localhost:" + std::to_string(port_); }
  std::string ca() const { return folder_.path() / "tls" / "ca.pem"; }

  void Behave(const Json& behaviour) { Call("PUT", "/fake/behaviour", behaviour); }
  void Next(const Json& behaviours) { Behave({{"next", behaviours}}); }
  void Quote(const std::string& symbol, const std::string& bid, const std::string& ask) {
    Call("PUT", "/fake/quote", {{"symbol", symbol}, {"bid", bid}, {"ask", ask}});
  }
  Json Post(const std::string& path, const Json& body) { return Call("POST", path, body); }
  Json Get(const std::string& path) { return Call("GET", path, nullptr); }
  Json Orders() { return Get("/fake/orders"); }
  // The order of that client_order_id; null: it never came.
  Json Order(const OrderId& id) {
    for (const Json& order : Orders()) {
      if (order["client_order_id"] == ClientOrderId(id)) return order;
    }
    return nullptr;
  }

 private:
  void WaitUntilUp() {
    REQUIRE(test::Eventually([&] { return std::filesystem::exists(folder_ / "ports"); }));
  }
  Json Call(const std::string& method, const std::string& path, const Json& body) {
    net::HttpClient client({});
    net::HttpRequest request{.method = method,
                             .url = "http://127.0.0.1:" + std::to_string(control_port_) + path,
                             .headers = {},
                             .body = body.is_null() ? "" : body.dump(),
                             .parts = {}};
    request.headers.emplace_back("Content-Type", "application/json");
    const net::HttpResult result = client.Send(request);
    INFO(path << ": " << result.error << result.body);
    REQUIRE(result.status == 200);
    return Json::parse(result.body);
  }

  test::TemporaryFolder folder_;
  uint16_t port_, control_port_;
  std::unique_ptr<test::ServerProcess> process_;
};

inline const Time kOpen = TimeFromNanos(1'746'192'605'000'000'000);
inline const InstrumentId kAcme = 1;

inline OrderTicket Limit(const OrderId& order, Side side, int64_t units, const char* price) {
  OrderTicket ticket;
  ticket.order = order;
  ticket.role = OrderRole::kEntry;
  ticket.side = side;
  ticket.type = OrderType::kLimit;
  ticket.quantity = Quantity::Units(units);
  ticket.limit = *Price::Parse(price);
  return ticket;
}

// The trading lane: it outlives shells. What oms writes is written by the test.
class Lane {
 public:
  Lane() {
    InstrumentDefinition definition;
    definition.id = kAcme;
    definition.symbol = "ACME";
    Write(Producer::kScoring, definition);
  }
  absl::Status Append(std::span<const Event> events) {
    const std::lock_guard lock(mutex_);
    if (refuses) return absl::UnavailableError("the test's lane is away");
    events_.insert(events_.end(), events.begin(), events.end());
    return absl::OkStatus();
  }
  std::vector<Event> From(size_t first) const {
    const std::lock_guard lock(mutex_);
    return {events_.begin() + static_cast<ptrdiff_t>(std::min(first, events_.size())), events_.end()};
  }
  size_t size() const {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }

  Event Write(Producer producer, EventBody body) {
    const std::lock_guard lock(mutex_);
    Event event;
    event.header.producer = producer;
    event.header.instrument = kAcme;
    event.header.instance = 77;
    event.header.event_time = now;
    event.header.cause.market = {.feed = 1, .epoch = 1, .position = ++number_};
    event.header.correlation = EventId{5, number_};
    event.body = std::move(body);
    events_.push_back(event);
    return event;
  }
  Event Command(OrderCommand command) { return Write(Producer::kOms, std::move(command)); }
  OrderId Place(int64_t units = 100, const char* price = "10.00", std::optional<Duration> life = seconds(60)) {
    return PlaceTicket(Limit({}, Side::kBid, units, price), life);
  }
  OrderId PlaceReducing(int64_t units, const char* price) {
    OrderTicket ticket = Limit({}, Side::kAsk, units, price);
    ticket.role = OrderRole::kExit;
    ticket.reduce_only = true;
    return PlaceTicket(ticket, seconds(60));
  }
  OrderId PlaceTicket(OrderTicket ticket, std::optional<Duration> life) {
    const OrderId order{7, ++orders_};
    OrderCommand command;
    command.kind = OrderCommandKind::kPlace;
    command.order = order;
    command.intent = EventId{8, orders_};
    ticket.order = order;
    command.tickets = {ticket};
    if (life) command.expires = now + *life;
    Command(command);
    return order;
  }
  void Ask(OrderCommandKind kind, const OrderId& order = {}) {
    OrderCommand command;
    command.kind = kind;
    command.order = order;
    Command(command);
  }
  void Advance(Duration time) {
    now = now + time;
    Write(Producer::kScoring, ClockTick{});
  }

  // "sent accepted fill", of one order; empty id: of none ("connected clock").
  std::string Story(const OrderId& order = {}) const {
    std::string text;
    for (const Event& event : From(0)) {
      const auto* report = std::get_if<BrokerReport>(&event.body);
      if (report == nullptr || report->client_order_id != (order ? ClientOrderId(order) : "")) continue;
      text += (text.empty() ? "" : " ") + std::string(BrokerReportKindName(report->kind));
    }
    return text;
  }
  std::vector<Event> Reports(BrokerReportKind kind) const {
    std::vector<Event> found;
    for (const Event& event : From(0)) {
      const auto* report = std::get_if<BrokerReport>(&event.body);
      if (report != nullptr && report->kind == kind) found.push_back(event);
    }
    return found;
  }
  std::vector<BrokerSnapshot> Snapshots() const {
    std::vector<BrokerSnapshot> found;
    for (const Event& event : From(0)) {
      if (const auto* snapshot = std::get_if<BrokerSnapshot>(&event.body)) found.push_back(*snapshot);
    }
    return found;
  }
  // Of broker events; the same id is never written twice.
  bool IdsUnique() const {
    std::set<EventId> ids;
    for (const Event& event : From(0)) {
      if (event.header.producer == Producer::kBroker && !ids.insert(event.header.id()).second) return false;
    }
    return true;
  }

  std::atomic<bool> refuses{false};
  Time now = kOpen;

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  uint64_t number_ = 0, orders_ = 0;
};

// One life of oms's adapter: a ledger folded over the lane from its start, and a shell.
class Worker {
 public:
  Worker(Lane& lane, VenueBrokerOptions venue, bool acts = true, uint32_t requests_per_second = 1000)
      : acting(acts), metrics(registry), lane_(lane) {
    auto broker = MakeVenueBroker(venue);
    REQUIRE(broker.ok());
    BrokerShellOptions options;
    options.account = venue.account;
    options.live = venue.live;
    options.append = [this](std::span<const Event> events) {
      if (on_append) on_append();
      return lane_.Append(events);
    };
    options.tenure = [this] { return acting && folded_ ? tenure.load() : 0; };
    options.requests_per_second = requests_per_second;
    static std::atomic<uint64_t> salt{0};
    options.salt = ++salt;
    shell_ = std::make_unique<BrokerShell>(*std::move(broker), std::move(options), metrics);
    Pump();
    folded_ = true;
    Pump();
  }
  // Folds what is new on the lane.
  void Pump() {
    test::CollectingSink sink;
    for (const Event& event : lane_.From(read_)) {
      ledger_.Process(event, sink);
      ++read_;
      shell_->Sync(ledger_);
    }
    shell_->Sync(ledger_);
  }
  bool Until(const std::function<bool()>& condition, milliseconds timeout = seconds(10)) {
    return test::Eventually(
        [&] {
          Pump();
          return condition();
        },
        timeout);
  }
  void Linger(milliseconds time = milliseconds(300)) {
    Until([] { return false; }, time);
  }
  BrokerShell& shell() { return *shell_; }
  const BrokerLedger& ledger() const { return ledger_; }

  std::atomic<bool> acting;
  std::atomic<uint64_t> tenure{1};
  std::function<void()> on_append;
  service::Metrics registry;
  OmsMetrics metrics;

 private:
  Lane& lane_;
  BrokerLedger ledger_;
  size_t read_ = 0;
  std::atomic<bool> folded_{false};
  std::unique_ptr<BrokerShell> shell_;
};

}  // namespace spillway::oms
