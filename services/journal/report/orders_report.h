// The part of a session's report that is about orders: what became of each intent that was traded, the account at the
// broker, and what interrupted. Collected by orders_pass.h, written by orders_json.h; docs/report.md says where each
// number comes from. Every list has a bound; what a bound left out is counted, and sums are over everything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/events/event.h"

namespace spillway::journal::report {

inline constexpr size_t kTradesMax = 500;         // intents shown with their orders, by when they were ordered
inline constexpr size_t kTradeOrdersMax = 40;     // of one
inline constexpr size_t kTradeStepsMax = 150;     // of one: what its orders and its position went through
inline constexpr size_t kOrderStepsMax = 15'000;  // of all
inline constexpr size_t kOrderNoticesMax = 100;   // of each kind
inline constexpr size_t kSettingsMax = 50;
inline constexpr size_t kBrokerPointsMax = 1000;

enum class TradeEnd : uint8_t {
  kWaiting,   // ordered, nothing filled yet
  kOpen,      // held at the end of the session
  kClosed,    // flat again
  kUnfilled,  // its orders ended without a fill
  kRefused,   // oms never sent it
};

// Of an order the last event is kept beside when it began: what it was and how it ended.
struct OrderStory {
  Time placed, last_time;
  Quantity quantity;  // as it was placed: of a pair one shrinks as the other fills
  OrderEvent last;
};
// One of the two.
struct TradeStep {
  Time time;
  std::optional<OrderEvent> order;
  std::optional<PositionSnapshot> position;
};

// One intent that became orders, and everything that followed from it.
struct TradeStory {
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId intent, correlation;  // no intent: orders that nobody's intent asked for
  std::optional<TradeIntent> plan;
  struct Decided {
    Time time;
    EventId id;
    RiskDecision decision;
  };
  std::optional<Decided> decided;
  struct Confirmed {
    Time time;
    std::string by;
  };
  std::optional<Confirmed> confirmed;  // by a person
  TradeEnd end = TradeEnd::kWaiting;
  std::optional<AccountTrade> entered, closed;  // as last told
  std::optional<Time> entered_at, closed_at;
  Money fees;  // of its fills
  // Mean over its fills by quantity, in bps of the price that was wanted when it was decided; more is worse.
  std::optional<double> slippage_bps;
  std::vector<OrderStory> orders;
  std::vector<TradeStep> steps;
  uint64_t orders_left_out = 0, steps_left_out = 0;
};

// Kill switch, liquidation, incidents, differences, commands, the connection.
struct OrderNotice {
  Time time;
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  std::string kind;  // "kill_switch", "flatten", "incident", "difference", "command", "broker"
  bool grave = false;
  std::string text;
};

// What the account traded under: a risk profile, a simulated venue.
struct TradingSettings {
  Time effective;
  std::string kind;  // "risk", "venue"
  std::string name;
  std::string yaml;  // empty: the document does not parse
};

struct BrokerPoint {
  Time time;
  Money equity, day_profit;
  Money day_drawdown;  // the deepest, where several snapshots became one point
};

struct OrdersReport {
  std::vector<TradeStory> trades;  // by when they were ordered
  // Over all, shown or not.
  uint64_t intents = 0, closed = 0, wins = 0, open = 0, waiting = 0, unfilled = 0, refused = 0;
  uint64_t orders = 0, fills = 0;
  Money profit_net, profit_gross, fees;
  uint64_t trades_left_out = 0, closed_left_out = 0;
  Money profit_net_left_out;

  std::vector<BrokerPoint> account;
  uint64_t account_snapshots = 0;
  std::optional<AccountSnapshot> account_last;
  std::optional<Time> account_last_time;

  std::vector<TradingSettings> settings;  // every version, in order

  std::vector<OrderNotice> notices;
  uint64_t notices_left_out = 0;

  uint64_t comparisons = 0, differences = 0;  // of the broker's books with ours
  uint64_t unresolved = 0;                    // at the last one
};

}  // namespace spillway::journal::report
