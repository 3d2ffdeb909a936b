// The broker of a simulated day: what is true. It keeps orders, executions and an account of its own, fills against the
// quotes it is shown, and says what it did. It never errs, unless it is told to; what gets lost, repeated or late is
// the wire's doing (broker_wire.h). Orders rest without a queue; the first quote that reaches them fills as much as it
// shows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/random.h"
#include "libs/events/event.h"

namespace spillway::simulation {

struct TrueOrder {
  std::string client_order_id, broker_order_id;
  InstrumentId instrument = 0;
  OrderTicket ticket;
  Quantity quantity, filled;  // an order that cancels another one shrinks as the other fills
  OrderState state = OrderState::kAccepted;
  std::string peer;    // of an OCO pair
  bool erred = false;  // it filled after the broker had called it canceled
  bool held = false;   // its symbol was halted when it came
  bool triggered = false;
  bool live() const { return !IsFinal(state); }
  Quantity leaves() const { return live() ? quantity - filled : Quantity(); }
};

struct BrokerFaults {
  double reject = 0;             // of an order
  double fill_after_cancel = 0;  // it says canceled and fills nevertheless
  double part = 0.3;             // a quote fills only a part
};

class BrokerModel {
 public:
  using Execution = BrokerSnapshot::Execution;

  BrokerModel(Random random, BrokerFaults faults, Money cash) : random_(random), faults_(faults), cash_(cash) {}

  void Define(const InstrumentDefinition& definition) { definitions_[definition.id] = definition; }
  void Quoted(InstrumentId instrument, const Quote& quote);
  void Halted(InstrumentId instrument, bool halted);
  void At(Time now) { now_ = now; }
  // From here on it does everything right, and other people have no orders here any more.
  void Heal();

  // What it answers is left in Said().
  void Place(InstrumentId instrument, const std::vector<OrderTicket>& tickets);
  void Cancel(const OrderId& order);
  void Replace(const OrderId& order, const OrderTicket& ticket);
  void Query(const OrderId& order);
  BrokerSnapshot Snapshot(std::optional<Time> since) const;
  // Somebody else's doing: a trade at the quote, an order that rests.
  void TradeByHand(InstrumentId instrument, Side side, Quantity quantity, Price price);
  void OrderByHand(InstrumentId instrument, Side side, Quantity quantity, Price limit);

  struct Answer {
    InstrumentId instrument = 0;
    BrokerReport report;
  };
  std::vector<Answer> Said() { return std::exchange(said_, {}); }

  // ---- the truth
  const std::map<std::string, TrueOrder>& orders() const { return orders_; }
  const TrueOrder* Find(const OrderId& order) const;
  const std::vector<Execution>& executions() const { return executions_; }
  const std::map<InstrumentId, Quantity>& positions() const { return positions_; }
  const InstrumentDefinition& definition(InstrumentId instrument) const { return definitions_.at(instrument); }
  const std::map<InstrumentId, Quote>& quotes() const { return quotes_; }
  Money cash() const { return cash_; }
  bool erred() const { return erred_; }
  const std::set<std::string>& repeated() const { return repeated_; }  // orders that were sent to it twice

 private:
  BrokerReport Report(BrokerReportKind kind, const TrueOrder& order) const;
  void Say(const TrueOrder& order, BrokerReport report) { said_.push_back({order.instrument, std::move(report)}); }
  void Accept(TrueOrder& order);
  void Work(TrueOrder& order);
  void Fill(TrueOrder& order, Price price, Quantity quantity);
  void End(TrueOrder& order, OrderState state, BrokerReportKind kind, std::string reason);
  void Shrink(const std::string& peer, Quantity quantity);
  void Execute(const TrueOrder& order, Price price, Quantity quantity);

  Random random_;
  BrokerFaults faults_;
  Time now_;
  Money cash_;
  std::map<InstrumentId, InstrumentDefinition> definitions_;
  std::map<InstrumentId, Quote> quotes_;
  std::map<InstrumentId, Quantity> shown_ask_, shown_bid_;  // what is left of the quote
  std::set<InstrumentId> halted_;
  std::map<std::string, TrueOrder> orders_;
  std::vector<std::string> live_;  // in the order of their coming
  std::vector<Execution> executions_;
  std::map<InstrumentId, Quantity> positions_;
  std::vector<Answer> said_;
  std::set<std::string> repeated_;
  uint64_t next_number_ = 1;
  bool erred_ = false;
};

}  // namespace spillway::simulation
