#include "services/journal/execution_quality.h"

#include <algorithm>
#include <chrono>

namespace spillway::journal {

void ExecutionQuality::Add(const EventHeader& header, const OrderEvent& event) {
  if (event.trigger == OrderTrigger::kRefused) return;  // never an order
  Order& order = orders_[event.order];
  order.state = event.state;
  order.in_doubt |= event.state == OrderState::kUnknown;
  if (event.role == OrderRole::kEntry && event.intent) {
    const auto [it, first] = entries_.try_emplace(event.intent);
    Entry& entry = it->second;
    if (first) {
      entry.placed = header.event_time;
      entry.quantity = event.quantity;
    }
    entry.open = event.intent_open;
    if (!event.execution_id.empty()) {
      entry.taken = entry.taken + event.last_quantity;
      if (!entry.filled) entry.filled = header.event_time;  // not the broker's clock, which knows no playback
    }
  }
  if (event.execution_id.empty()) return;
  ++executions_;
  fees_ = fees_ + event.last_fee;
  if (event.slippage_decision_bps) decision_bps_.push_back(*event.slippage_decision_bps);
  if (event.slippage_arrival_bps) arrival_bps_.push_back(*event.slippage_arrival_bps);
}

void ExecutionQuality::Add(const PositionSnapshot& position) {
  if (!position.trade || position.trade->state != AccountTradeState::kClosed) return;
  ++trades_;
  if (position.trade->profit_net > Money()) ++wins_;
  profit_net_ = profit_net_ + position.trade->profit_net;
  profit_gross_ = profit_gross_ + position.trade->profit_gross;
}

ExecutionFigures ExecutionQuality::Figures() const {
  ExecutionFigures figures;
  figures.orders = orders_.size();
  figures.executions = executions_;
  for (const auto& [id, order] : orders_) {
    if (order.state == OrderState::kRejected) ++figures.rejected;
    if (order.in_doubt) ++figures.in_doubt;
    if (!IsFinal(order.state) || order.state == OrderState::kReplaced) continue;
    ++figures.cancel_rate.trials;
    if (order.state == OrderState::kCanceled) ++figures.cancel_rate.successes;
  }
  std::vector<double> seconds;
  for (const auto& [intent, entry] : entries_) {
    if (entry.filled) {
      const Duration waited = std::max(*entry.filled - entry.placed, Duration::zero());
      seconds.push_back(std::chrono::duration<double>(waited).count());
    }
    if (entry.open > Quantity()) continue;
    ++figures.fill_rate.trials;
    if (entry.taken >= entry.quantity) ++figures.fill_rate.successes;
  }
  figures.time_to_fill = MeanOf(seconds);
  figures.time_to_fill_median = MedianOf(seconds);
  figures.slippage_decision_bps = MeanOf(decision_bps_);
  figures.slippage_arrival_bps = MeanOf(arrival_bps_);
  figures.fees = fees_;
  figures.wins = {.successes = wins_, .trials = trades_};
  figures.profit_net = profit_net_;
  figures.profit_gross = profit_gross_;
  return figures;
}

}  // namespace spillway::journal
