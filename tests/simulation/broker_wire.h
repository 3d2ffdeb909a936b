// Between the lane and the broker: oms's adapter, and a connection that loses, repeats, delays and reorders.
// As the adapter promises: what is about to be sent is said on the lane before it is sent (kSent), and it is sent once
// at most; an order past its time, or without a connection, is not sent (kNotSent). Commands keep their order, as on
// one connection; answers need not.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/random.h"
#include "tests/simulation/broker_model.h"
#include "tests/simulation/lane_record.h"

namespace spillway::simulation {

struct WireFaults {
  double lose_command = 0;
  double lose_answer = 0;
  double repeat_answer = 0;
  double delay_answer = 0;  // by seconds
  double silence = 0;       // an order of which nothing is said, unless it is asked for
  double rate_limit = 0;
  bool reorder = false;
};

class BrokerWire {
 public:
  BrokerWire(Random random, WireFaults faults, BrokerModel& broker, LaneRecord& lane)
      : random_(random), faults_(faults), broker_(&broker), lane_(&lane) {}

  bool behind() const { return cursor_ < lane_->group_count(); }
  bool connected() const { return connected_; }
  // Reads one group of the lane and sends the commands in it.
  void Read(Time now);
  // What is due in either direction arrives. True: the lane has grown.
  bool Deliver(Time now);
  bool quiet() const { return commands_.empty() && answers_.empty(); }

  void Connect(Time now);
  // What is under way is lost. `told`: the lane hears of it.
  void Disconnect(bool told);
  void Heal() { faults_ = {}, silent_.clear(); }

  // May the place command of this order still arrive?
  bool UnderWay(const OrderId& order) const {
    const auto fate = dead_.find(order);
    return fate == dead_.end() && broker_->Find(order) == nullptr;
  }

 private:
  using Answer = std::variant<BrokerReport, BrokerSnapshot>;
  struct Meta {
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    EventId correlation;
    EventId command;
    Time sent;
  };
  struct Command {
    Time arrives;
    Event event;
  };
  struct Late {
    Time arrives;
    uint64_t number = 0;
    InstrumentId instrument = 0;
    Answer answer;
  };

  void Send(const Event& event, Time now);
  void Work(const Event& event);
  void Queue(InstrumentId instrument, Answer answer, Time now);
  void Append(InstrumentId instrument, Answer answer);
  void Bury(const OrderCommand& command);

  Random random_;
  WireFaults faults_;
  BrokerModel* broker_;
  LaneRecord* lane_;
  size_t cursor_ = 0;
  bool connected_ = false;
  std::deque<Command> commands_;
  std::vector<Late> answers_;
  std::map<std::string, Meta> metas_;
  std::map<OrderId, bool> dead_;
  std::map<std::string, bool> silent_;
  Time last_command_;
  Time last_answer_;
  uint64_t next_number_ = 1;
};

}  // namespace spillway::simulation
