// How orders were executed (S3-C2.2), folded from OrderEvents and PositionSnapshots.
//
//   orders        that were placed, of every role
//   fill rate     entries that were filled to their last unit, of the entries that are over; a chased entry and its
//                 chases are one
//   time to fill  from the first order of an entry to the word of its first fill, seconds of the lane
//   cancel rate   orders that ended CANCELED, of those that are over (REPLACED is no end: another order goes on)
//   slippage      bps of the price that was wanted, at the decision and the mid on arrival; more is worse
//   trades        that were closed, by the broker's fills
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "libs/events/event.h"
#include "services/journal/statistics.h"

namespace spillway::journal {

struct ExecutionFigures {
  uint64_t orders = 0;
  uint64_t rejected = 0;
  uint64_t in_doubt = 0;  // UNKNOWN at some time
  uint64_t executions = 0;
  Proportion fill_rate;
  Proportion cancel_rate;
  Estimate time_to_fill;
  std::optional<double> time_to_fill_median;
  Estimate slippage_decision_bps, slippage_arrival_bps;
  Money fees;
  Proportion wins;
  Money profit_net, profit_gross;
};

class ExecutionQuality {
 public:
  void Add(const EventHeader& header, const OrderEvent& event);
  void Add(const PositionSnapshot& position);
  bool empty() const { return orders_.empty(); }
  ExecutionFigures Figures() const;

 private:
  struct Order {
    OrderState state = OrderState::kNone;
    bool in_doubt = false;
  };
  struct Entry {
    Time placed;
    std::optional<Time> filled;
    Quantity open;      // of the intent
    Quantity quantity;  // of its first order
    Quantity taken;
  };
  std::map<OrderId, Order> orders_;
  std::map<EventId, Entry> entries_;  // by intent
  std::vector<double> decision_bps_, arrival_bps_;
  uint64_t executions_ = 0, trades_ = 0, wins_ = 0;
  Money fees_, profit_net_, profit_gross_;
};

}  // namespace spillway::journal
