// The events by which intents become orders and orders become positions: what oms commands, what the broker says, what
// became of each order, and what people command. Part of event.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/money.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"
#include "libs/events/market_event.h"

namespace spillway {

// An order by where it comes from: digest(intent, role, attempt). Brokers know it by its text, the client_order_id.
using OrderId = EventId;
std::string ClientOrderId(const OrderId& order);  // "sw-" and 32 hexadecimal digits
// nullopt: the order is not ours.
std::optional<OrderId> ParseClientOrderId(std::string_view text);

enum class OrderRole : uint8_t { kUnknown, kEntry, kStop, kTarget, kExit, kFlatten };
std::string_view OrderRoleName(OrderRole role);  // "entry"
enum class OrderType : uint8_t { kUnknown, kMarket, kLimit, kStop, kStopLimit, kTrailingStop };
std::string_view OrderTypeName(OrderType type);  // "stop_limit"
enum class TimeInForce : uint8_t { kUnknown, kDay, kGtc, kIoc, kFok };
std::string_view TimeInForceName(TimeInForce time_in_force);  // "day"

// S3-B2.1 and C-27. kUnknown: nobody knows; its risk stays reserved until the broker says (FX-77).
enum class OrderState : uint8_t {
  kNone,
  kNew,        // on the log, not known to have been sent
  kSubmitted,  // sent
  kAccepted,   // working
  kPartial,    // working, a part is filled
  kFilled,     // final, as the next four
  kCanceled,
  kRejected,
  kExpired,
  kReplaced,        // another order took its place
  kPendingCancel,   // working, a cancel was sent
  kPendingReplace,  // working, a replacement was sent
  kUnknown,
};
std::string_view OrderStateName(OrderState state);  // "PENDING_CANCEL"
constexpr bool IsFinal(OrderState state) {
  return state >= OrderState::kFilled && state <= OrderState::kReplaced;
}

// What moves an order from one state to the next.
enum class OrderTrigger : uint8_t {
  kNone,
  kPlaced,  // its command was written
  kSent,
  kAccepted,
  kPartialFill,
  kFill,
  kCancelRequested,
  kCanceled,
  kCancelRejected,
  kReplaceRequested,
  kReplaced,
  kReplaceRejected,
  kRejected,
  kExpired,
  kNoAnswer,  // FX-77
  kNotFound,  // the broker was asked and does not know it
  kRefused,   // by oms: it was never sent
};
std::string_view OrderTriggerName(OrderTrigger trigger);  // "partial_fill"

struct OrderTicket {
  OrderId order;
  OrderRole role = OrderRole::kUnknown;
  Side side = Side::kNone;  // kBid buys
  OrderType type = OrderType::kUnknown;
  TimeInForce time_in_force = TimeInForce::kDay;
  Quantity quantity;
  std::optional<Price> limit;
  std::optional<Price> stop;   // stop, stop limit
  std::optional<Price> trail;  // trailing stop: distance
  bool reduce_only = false;
  bool extended_hours = false;
  friend bool operator==(const OrderTicket&, const OrderTicket&) = default;
};

enum class OrderCommandKind : uint8_t { kUnknown, kPlace, kCancel, kReplace, kQuery, kSnapshot };
std::string_view OrderCommandKindName(OrderCommandKind kind);
// What the broker is asked to do; on the log before it is sent.
//   place     one ticket, or two that cancel each other (OCO: as one fills, the other shrinks by as much)
//   cancel    `order`
//   replace   `order` by the one ticket: other prices for what is left of it. The broker's answer says how much that is
//   query     what became of `order`
//   snapshot  everything: open orders, positions, executions since `since`, the account
struct OrderCommand {
  OrderCommandKind kind = OrderCommandKind::kUnknown;
  EventId intent;
  OrderId order;
  std::vector<OrderTicket> tickets;
  std::optional<Time> expires;  // lane time from which on a place is not sent any more
  std::optional<Time> since;
  std::string reason;  // "chase 1 of 3", "kill_switch"
  friend bool operator==(const OrderCommand&, const OrderCommand&) = default;
};

enum class BrokerReportKind : uint8_t {
  kUnknown,
  kSent,     // about to be written to the socket: whoever finds nothing later knows that it may have arrived
  kNotSent,  // it surely did not arrive: refused by the adapter (expired, not connected)
  kAccepted,
  kRejected,
  kFill,
  kCanceled,
  kExpired,
  kReplaced,  // client_order_id took the place of `replaces`; `leaves` is its quantity
  kCancelRejected,
  kReplaceRejected,  // of client_order_id, the replacement; `replaces` goes on
  kStatus,           // answer to a query: `state`, `cumulative`
  kNotFound,         // answer to a query
  kFee,              // of execution_id, later than its fill
  kBust,             // execution_id did not happen
  kConnected,        // the session is up
  kDisconnected,
  kRateLimited,
  kMalformed,  // a message that does not read; `reason` has its beginning
  kClock,      // only clock_skew
};
std::string_view BrokerReportKindName(BrokerReportKind kind);  // "cancel_rejected"

// What the broker said, as it said it: may be late, repeated, out of order or wrong. header.instrument where it is
// about one. header.event_time is the lane's time when it arrived.
struct BrokerReport {
  BrokerReportKind kind = BrokerReportKind::kUnknown;
  std::string client_order_id;  // empty, or not ours: see ParseClientOrderId
  std::string broker_order_id;
  std::string replaces;      // kReplaced, kReplaceRejected: the client_order_id of the order before
  std::string execution_id;  // kFill, kFee, kBust: the broker's, never used twice
  Side side = Side::kNone;
  Price price;                         // of this execution
  Quantity quantity;                   // of this execution
  std::optional<Quantity> cumulative;  // filled so far, by the broker's count
  std::optional<Quantity> leaves;      // still open
  Money fee;                           // of this execution
  bool maker = false;
  OrderState state = OrderState::kNone;  // kStatus
  Time broker_time;                      // when it happened, by the broker's clock
  std::optional<Duration> latency;       // from sending to this answer, by a steady clock
  std::optional<Duration> clock_skew;    // broker's clock less ours
  std::string code;                      // the broker's
  std::string reason;
  friend bool operator==(const BrokerReport&, const BrokerReport&) = default;
};

// One answer to a snapshot command, as of one moment.
struct BrokerSnapshot {
  struct Order {
    std::string client_order_id, broker_order_id;
    InstrumentId instrument = 0;  // 0: not one we know
    std::string symbol;
    Side side = Side::kNone;
    OrderType type = OrderType::kUnknown;
    Quantity quantity, filled;
    std::optional<Price> limit, stop;
    OrderState state = OrderState::kNone;
    friend bool operator==(const Order&, const Order&) = default;
  };
  struct Position {
    InstrumentId instrument = 0;
    std::string symbol;
    Quantity quantity;  // negative: short
    Price average_price;
    friend bool operator==(const Position&, const Position&) = default;
  };
  struct Execution {
    std::string execution_id, client_order_id, broker_order_id;
    InstrumentId instrument = 0;
    std::string symbol;
    Side side = Side::kNone;
    Price price;
    Quantity quantity;
    Money fee;
    Time time;
    friend bool operator==(const Execution&, const Execution&) = default;
  };
  std::string broker;   // "simulated", "venue"
  std::string account;  // its id
  bool live = false;    // real money
  Time as_of;
  Money cash;
  Money equity;
  Money buying_power;
  std::optional<Money> settled_cash;
  std::optional<Time> executions_since;  // those are complete from here on
  std::vector<Order> orders;             // open ones
  std::vector<Position> positions;       // all that are not 0
  std::vector<Execution> executions;
  friend bool operator==(const BrokerSnapshot&, const BrokerSnapshot&) = default;
};

// One step of an order's life. header: instrument and instance of the intent, correlation of its story.
struct OrderEvent {
  OrderId order;
  EventId intent;
  OrderRole role = OrderRole::kUnknown;
  OrderState previous = OrderState::kNone;
  OrderState state = OrderState::kNone;
  OrderTrigger trigger = OrderTrigger::kNone;
  Side side = Side::kNone;
  OrderType type = OrderType::kUnknown;
  TimeInForce time_in_force = TimeInForce::kUnknown;
  Quantity quantity;
  Quantity filled;        // in all
  Money filled_notional;  // in all
  Money fees;             // in all
  std::optional<Price> limit, stop;
  // Of this step, if it is a fill:
  std::string execution_id;
  Price last_price;
  Quantity last_quantity;
  Money last_fee;
  bool maker = false;
  Time broker_time;
  std::optional<Duration> latency;  // of the broker's answer
  // Signed so that more is worse; in bps of the price that was wanted: at the decision, and the mid on arrival
  // (S3-C2.2).
  std::optional<double> slippage_decision_bps;
  std::optional<double> slippage_arrival_bps;
  // What may yet be bought or sold to enter this intent's trade: risk keeps it reserved.
  Quantity intent_open;
  OrderId parent;        // the order that this one replaces or chases
  uint32_t attempt = 0;  // chases and replacements so far
  std::string reason;    // the broker's words, or oms's
  std::string rule;      // oms's own refusals: "KILL_SWITCH"
  std::string broker_order_id;
  friend bool operator==(const OrderEvent&, const OrderEvent&) = default;
};

enum class IncidentKind : uint8_t {
  kUnknown,
  kIllegalTransition,  // a report that the order's state does not allow
  kFillAfterFinal,
  kOverfill,
  kUnknownOrder,  // ours by its id, but not in our books
  kBust,
  kPositionReversed,
  kRepeatedDiffers,  // the same execution id with other figures
};
std::string_view IncidentKindName(IncidentKind kind);  // "overfill"
// The broker contradicted itself or us: trading in the symbol pauses until a person resumes it.
struct OrderIncident {
  IncidentKind kind = IncidentKind::kUnknown;
  OrderId order;
  std::string client_order_id;
  OrderState state = OrderState::kNone;        // the order's
  OrderTrigger trigger = OrderTrigger::kNone;  // what was said
  std::string execution_id;
  std::string detail;
  bool pauses = true;
  friend bool operator==(const OrderIncident&, const OrderIncident&) = default;
};

enum class AdminCommandKind : uint8_t {
  kUnknown,
  kConfirm,  // `intent`
  kReject,   // `intent`
  kKill,     // cancel everything that adds risk, refuse more; `flatten`: and close all
  kEnable,   // after a kill
  kArm,      // a live account: `account` must be its id
  kDisarm,
  kFlatten,  // header.instrument and header.instance, 0: all
  kResume,   // a symbol that an incident or a difference paused
};
std::string_view AdminCommandKindName(AdminCommandKind kind);  // "confirm"
// What a person commands. Its id is drawn by who writes it: it is input from outside.
struct AdminCommand {
  AdminCommandKind kind = AdminCommandKind::kUnknown;
  EventId intent;
  bool flatten = false;
  std::string account;
  std::string by;
  std::string reason;
  friend bool operator==(const AdminCommand&, const AdminCommand&) = default;
};

// By risk. Active: nothing that adds risk is sent, all that works of it is cancelled; it stays until a person enables.
struct KillSwitchChanged {
  bool active = false;
  bool flatten = false;
  std::string cause;  // "manual", "rate_limited", "disconnects", "rejects", "day_loss", ...
  double seen = 0;
  double limit = 0;
  std::string unit;
  std::string by;
  std::string reason;
  friend bool operator==(const KillSwitchChanged&, const KillSwitchChanged&) = default;
};

enum class FlattenStage : uint8_t { kUnknown, kCanceling, kLimits, kMarket, kDone, kQueued };
std::string_view FlattenStageName(FlattenStage stage);  // "canceling"
// How far a kill or a staged liquidation is (FX-81). header.instrument, header.instance: its scope, 0: all.
struct FlattenProgress {
  struct Row {
    InstrumentId instrument = 0;
    Quantity quantity;    // still held, signed
    bool halted = false;  // queued until the halt ends
    friend bool operator==(const Row&, const Row&) = default;
  };
  FlattenStage stage = FlattenStage::kUnknown;
  std::string cause;         // "kill_switch", "admin", "drawdown"
  uint32_t orders_open = 0;  // cancels that nobody acknowledged yet
  std::vector<Row> positions;
  bool cancels_only = false;  // a kill without flatten
  friend bool operator==(const FlattenProgress&, const FlattenProgress&) = default;
};

enum class DifferenceKind : uint8_t {
  kNone,  // a comparison is complete: `differences` of it
  kMissingFill,
  kMissingOrder,  // ours, working, and the broker does not have it
  kUnknownOrder,  // ours by its id, and not in our books
  kForeignOrder,  // somebody else's; never touched
  kQuantityDrift,
  kManualTrade,
  kOrderState,  // ours is final, the broker's works, or the other way about
  kCash,
};
std::string_view DifferenceKindName(DifferenceKind kind);  // "missing_fill"
enum class Repair : uint8_t { kNone, kApplied, kAsked, kCanceled, kAdopted, kShown, kPaused };
std::string_view RepairName(Repair repair);  // "applied"
// A difference between the broker's books and ours, and what was done about it (S3-B2.3).
struct Reconciliation {
  DifferenceKind kind = DifferenceKind::kNone;
  Repair repair = Repair::kNone;
  bool resolved = false;
  OrderId order;
  std::string client_order_id;
  std::string execution_id;
  std::string symbol;
  Quantity ours, brokers;
  Price price;
  uint32_t differences = 0;  // kNone: found by this comparison, foreign orders not counted
  uint32_t unresolved = 0;   // kNone: of these and earlier ones
  std::string detail;
  friend bool operator==(const Reconciliation&, const Reconciliation&) = default;
};

// A strategy wants out of what it holds of header.instrument; ignored when flat.
struct ExitSignal {
  EventId intent;  // none: all of the instance's
  std::string reason;
  friend bool operator==(const ExitSignal&, const ExitSignal&) = default;
};

}  // namespace spillway
