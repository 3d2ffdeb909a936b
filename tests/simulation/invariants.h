// What must hold after every event of a simulated day, whatever went wrong. Compared with the broker's truth, which the
// processors cannot see.
//
//   ids           no event's id is given twice; each intent gets one decision
//   sent once     no order reaches the broker twice; what may yet be bought or sold to enter one intent's trade, or has
//                 been, is never more than was approved: a chase is sent only when the order before it is over
//   reserved      what may still be filled of an intent, or was filled unseen, is in intent_open: risk keeps it
//   reserved exposure      at no approval is a symbol's exposure, the gross exposure or the count of positions above
//   its limit positions     a position is the sum of its executions, each counted once money         what a position
//   has cost is the sum of its executions and fees, to the last unit kill          while the kill switch is on nothing
//   is sent that adds risk; when oms says that it is done, nothing of
//                 the kind works at the broker
// and at the day's end, when the broker has answered everything again:
//   final         every order is final, works at the broker too, or is UNKNOWN and reserved
//   protected     stops, or exits, work for what is held: for all of it, and stops for no more
//   reconciled    positions and cash are the broker's, other people's trades included
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/broker_model.h"
#include "tests/simulation/broker_wire.h"
#include "tests/simulation/lane_record.h"

namespace spillway::simulation {

struct ExposureCaps {
  Money position;  // of one symbol
  Money gross;
  uint32_t positions = 0;
};

class Invariants {
 public:
  struct Violation {
    std::string invariant;
    std::string text;
  };

  Invariants(const LaneRecord& lane, const BrokerModel& broker, const BrokerWire& wire, ExposureCaps caps)
      : lane_(&lane), broker_(&broker), wire_(&wire), caps_(caps), cash_(broker.cash()) {}

  // Behind each group that was appended. `read_by_risk`, `read_by_oms`: how many groups each had read by then.
  void After(const LaneRecord::Group& group, size_t read_by_risk, size_t read_by_oms);
  void AtEnd();
  void Fail(std::string invariant, std::string text);

  const std::optional<Violation>& violation() const { return violation_; }
  size_t executions() const { return applied_.size(); }
  size_t orders() const { return orders_.size(); }
  size_t approvals() const { return approved_.size(); }

 private:
  struct Approved {
    InstrumentId instrument = 0;
    Side side = Side::kBid;
    Price entry;
    Quantity quantity;
  };
  struct Order {
    EventId intent;
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    OrderRole role = OrderRole::kUnknown;
    Quantity quantity;
    OrderState state = OrderState::kNone;
    Quantity filled;
  };
  using Holding = std::pair<StrategyInstanceId, InstrumentId>;
  struct Sums {
    Quantity position;
    Money cash_flow;
  };

  void OnDecision(const Event& event, const RiskDecision& decision, size_t read_by_risk);
  void OnCommand(const Event& event, const OrderCommand& command);
  void OnOrder(const Event& event, const OrderEvent& order);
  void Apply(const std::string& execution_id);
  void CheckReserved(const EventId& intent);
  void CheckExposure(const Approved& latest);
  void CheckHoldings();
  void CheckNoEntryWorks(const std::string& when);
  void CheckProtection();
  void LearnExecutions();
  void ReadKills(size_t read_by_oms);
  Quantity MayStillFill(const EventId& intent) const;  // at the broker or on its way there
  Quantity UnseenFills(const EventId& intent) const;   // filled there, not applied here
  const Order* OrderOf(const std::string& client_order_id) const;

  const LaneRecord* lane_;
  const BrokerModel* broker_;
  const BrokerWire* wire_;
  ExposureCaps caps_;
  Money cash_;
  std::optional<Violation> violation_;

  std::set<EventId> ids_, intents_, decided_;
  std::map<EventId, TradeIntent> known_intents_;
  std::map<EventId, Approved> approved_;
  std::map<EventId, Quantity> open_;  // intent_open, as last said
  std::map<EventId, std::vector<OrderId>> entries_;
  std::map<OrderId, Order> orders_;
  std::map<std::string, size_t> executions_;  // id -> place in the broker's list
  size_t executions_learned_ = 0;
  std::set<std::string> applied_;
  std::map<EventId, Quantity> filled_, applied_entry_;  // of an intent's entries: truth, and as oms knows
  std::map<InstrumentId, Quantity> ours_;               // truth: what our orders traded
  std::map<Holding, Sums> sums_;
  std::map<Holding, PositionSnapshot> said_;
  std::set<Holding> touched_;
  std::map<InstrumentId, Quote> marks_;
  size_t marks_read_ = 0, kills_read_ = 0;
  bool killed_ = false;
  bool by_hand_ = false;  // somebody else traded
};

}  // namespace spillway::simulation
