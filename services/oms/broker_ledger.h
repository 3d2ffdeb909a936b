// What the trading lane says of the work at the broker: which commands are still to be done, which were begun, and
// whose order an id is. Folding the lane gives the same ledger in every process, so that whoever takes over the lease
// knows what a former holder began.
//
// Reads   InstrumentDefinition, ConfigurationVersion (risk), OrderCommand, OrderEvent, BrokerReport, BrokerSnapshot,
//         KillSwitchChanged, AdminCommand (kill).
// Emits   nothing.
//
// A command is open
//   place, replace   until the broker said something of each of its orders (not found: of one that was sent), or oms
//   has
//                    seen the order's end. `sent`: a kSent is on the lane, it may have arrived: it is never sent
//                    again, only asked for. `canceled`: a cancel of one of its orders, or (where it adds risk) a kill
//                    followed it on the lane; that is kept when the cancel itself is forgotten: what was not sent by
//                    then never is.
//   cancel, query    until the broker answered, or for kRepeatedFor of lane time: oms asks again by itself
//   snapshot         until the next snapshot, or as long
// Its time is the lane's; an AdminCommand brings that of another machine and does not move it.
// Bounds: the latest kOrdersMax orders are known by id, kCommandsMax commands are open; the oldest go first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/events/persist_fields.h"
#include "libs/runtime/processor.h"
#include "services/oms/broker.h"

namespace spillway::oms {

// Whose order it is: what a report of it is about.
struct OrderContext {
  EventId command;  // that placed it
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId correlation;
  template <class Archive>
  void Persist(Archive& a) {
    a(command, instrument, instance, correlation);
  }
};

// Whether it has an order that may make a position larger.
bool AddsRisk(const OrderCommand& command);

struct OpenCommand {
  EventHeader header;
  OrderCommand command;
  bool sent = false;
  bool canceled = false;
  std::vector<OrderId> unanswered;  // of a place or a replace
  template <class Archive>
  void Persist(Archive& a) {
    a(header, sent, canceled, unanswered, command.kind, command.intent, command.order, command.expires, command.since,
      command.reason);
    uint64_t tickets = command.tickets.size();
    a(tickets);
    if (tickets > kTicketsMax) tickets = 0;  // a damaged state: what follows does not read
    command.tickets.resize(tickets);
    for (OrderTicket& t : command.tickets) {
      a(t.order, t.role, t.side, t.type, t.time_in_force, t.quantity, t.limit, t.stop, t.trail, t.reduce_only,
        t.extended_hours);
    }
  }
  static constexpr uint64_t kTicketsMax = 64;
};

// What the risk profile in force says of the account.
struct ProfileAccount {
  bool known = false;   // false: none is in force
  std::string profile;  // its name
  std::string id;       // empty: any paper account
  bool live = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(known, profile, id, live);
  }
};

class BrokerLedger final : public runtime::Processor {
 public:
  static constexpr size_t kOrdersMax = 16'384;
  static constexpr size_t kCommandsMax = 4'096;
  static constexpr Duration kRepeatedFor = std::chrono::seconds(15);

  Producer producer() const override { return Producer::kBroker; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  Time now() const { return now_; }
  // By a number that rises with every command.
  const std::map<uint64_t, OpenCommand>& commands() const { return commands_; }
  uint64_t next_number() const { return next_; }
  const OrderContext* Find(const OrderId& order) const;
  const std::map<OrderId, OrderContext>& orders() const { return orders_; }
  const std::map<InstrumentId, BrokerSymbol>& symbols() const { return symbols_; }
  const ProfileAccount& profile_account() const { return profile_account_; }
  bool kill_active() const { return kill_active_; }
  size_t unknown_orders() const { return unknown_.size(); }
  // Changes with commands, symbols, the profile and the kill switch; not part of the state.
  uint64_t revision() const { return revision_; }
  uint64_t symbols_revision() const { return symbols_revision_; }

 private:
  void OnCommand(const EventHeader& header, const OrderCommand& command);
  void OnReport(const BrokerReport& report);
  void OnOrderEvent(const OrderEvent& order);
  void OnKill(bool active);
  void OnRiskProfile(const ConfigurationVersion& version);
  void MarkCanceled(const OrderId& order);
  void Know(const OrderId& order, const OrderContext& context);
  void Answered(const OrderId& order, bool not_found);
  void ForgetOld();

  template <class Archive>
  void Persist(Archive& a);

  Time now_;
  Time swept_;
  uint64_t next_ = 1;
  std::map<uint64_t, OpenCommand> commands_;
  std::map<OrderId, OrderContext> orders_;
  std::deque<OrderId> order_of_orders_;
  std::map<InstrumentId, BrokerSymbol> symbols_;
  ProfileAccount profile_account_;
  bool kill_active_ = false;
  std::set<OrderId> unknown_;  // orders in state UNKNOWN
  uint64_t revision_ = 1, symbols_revision_ = 1;
};

}  // namespace spillway::oms
