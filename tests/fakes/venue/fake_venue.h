// A venue that keeps an account: takes orders, matches them against quotes, reports, and misbehaves on request. The
// protocol is docs/venue-protocol.md. No sockets here: venue_server.h brings the lines, main.cc the control requests.
//
// Matching: an order trades at the opposite quote, at most its size, which stays consumed until the next quote (size 0
// stands for any); what is left of it rests. Stops trigger at the quote. Each execution is in the account at once,
// whatever is reported of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "libs/base/money.h"
#include "nlohmann/json.hpp"

namespace spillway::fake {

using Json = nlohmann::ordered_json;

struct VenueOptions {
  std::string account = "PA-1";
  std::string key = "fake-key";
  std::string secret = "fake-secret";
  bool live = false;
  Money cash = Money::FromE8(100'000LL * 100'000'000);
  Money fee_per_unit;                // of each execution
  uint32_t requests_per_second = 0;  // 0: no limit
  std::string store;                 // a file that keeps the books over restarts; "": none
};

struct VenueQuote {
  std::optional<Price> bid, ask;
  Quantity bid_size, ask_size;  // 0: any
};

// What the server is to do with a message, in order.
struct VenueAction {
  enum class Kind { kSend, kSendRaw, kClose, kHalfOpen, kRestart };
  Kind kind = Kind::kSend;
  Json message;                // kSend; the server numbers it
  std::string raw;             // kSendRaw: a line as it is
  int64_t delay_ms = 0;        // kSend: later; kRestart: for how long nobody answers
  bool skip_sequence = false;  // kSend: as if one had been lost before it
};

class FakeVenue {
 public:
  using Act = std::function<void(const VenueAction&)>;

  explicit FakeVenue(VenueOptions options);

  // Whoever has the session; from any thread, never called back into this.
  void OnAction(Act act);
  // The answer to a hello: a welcome, or a refusal, which is the connection's last message.
  Json Hello(const Json& hello);
  // One request of the session.
  void Handle(const Json& request);
  void Quote(const std::string& symbol, const VenueQuote& quote);

  // "GET /fake/orders" and so on: see main.cc. Status and body.
  std::pair<int, Json> Control(const std::string& method, const std::string& path, const std::string& body);

 private:
  struct Order {
    std::string id, broker_id, symbol, side, type, time_in_force, state;
    Quantity quantity, filled;
    std::optional<Price> limit, stop, trail;
    std::string oco;  // the other one's id
    bool foreign = false, silent = false, triggered = false;
    int copies = 1;  // how often it was asked for
    int64_t received_ns = 0, received_steady_ns = 0;
    Quantity leaves() const { return quantity - filled; }
    bool open() const { return state == "accepted" || state == "partial"; }
    bool buys() const { return side == "buy"; }
  };
  struct Execution {
    std::string id, order, broker_order, symbol, side;
    Price price;
    Quantity quantity;
    Money fee;
    int64_t time_ns = 0;
    bool erased = false;  // no snapshot shows it
  };
  struct Position {
    Quantity quantity;
    Price average;
  };

  void Place(const Json& request, const std::optional<Json>& behaviour);
  std::string RejectReason(const Order& order, const std::optional<Json>& behaviour) const;
  void Cancel(const Json& request);
  void Replace(const Json& request);
  void Query(const Json& request);
  void Snapshot(const Json& request);
  bool OverLimit(const Json& request, const std::optional<Json>& behaviour);

  void Match(Order& order);
  bool Triggered(Order& order, const VenueQuote& quote) const;
  void Fill(Order& order, Quantity quantity, Price price, bool maker);
  void Book(const Execution& execution);
  void End(Order& order, const std::string& state, const std::string& reason, const Json& answer_to = nullptr);
  void EndPartner(const Order& order);

  Json Report(const std::string& event, const Order& order) const;
  Json SnapshotMessage(int64_t since) const;
  Money Equity() const;
  // Sends it, as the behaviours have it.
  void Say(Json message, const Order* order = nullptr);
  void Send(const Json& message, const Json& behaviour);
  std::optional<Json> TakeBehaviour(const std::string& on);
  std::optional<Json> DrawBehaviour(const std::string& on, bool request);

  Json ControlOrders() const;
  Json ControlTrade(const Json& body, bool order);
  Json ControlFill(const Json& body);
  void Behave(const Json& body);
  void Store() const;
  void Load();

  const VenueOptions options_;
  mutable std::mutex mutex_;
  Act act_ = [](const VenueAction&) {};
  std::map<std::string, Order> orders_;
  std::vector<std::string> sequence_;  // of orders, as they came
  std::vector<Execution> executions_;
  std::map<std::string, Position> positions_;
  std::map<std::string, VenueQuote> quotes_;
  Money cash_;
  uint64_t next_id_ = 1;
  std::deque<Json> next_;  // behaviours
  Json rate_ = Json::object();
  std::mt19937_64 random_{1};
  std::vector<Json> held_;  // sent behind the next message
  std::deque<int64_t> requests_ns_;
  uint64_t said_ = 0;  // messages, those too that nobody got
  uint64_t requests_ = 0, hellos_ = 0, duplicates_ = 0, rate_limited_ = 0;
  std::map<std::string, uint64_t> by_type_;
};

}  // namespace spillway::fake
