#include "services/journal/execution_quality.h"

#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::ExecutionFigures;
using journal::ExecutionQuality;

struct Lane {
  ExecutionQuality quality;
  void Step(std::string_view clock, OrderEvent event) {
    EventHeader header;
    header.event_time = NewYork(clock);
    quality.Add(header, event);
  }
};

OrderEvent Entry(uint64_t order, uint64_t intent, OrderState state, OrderTrigger trigger) {
  OrderEvent event;
  event.order = {1, order};
  event.intent = {2, intent};
  event.role = OrderRole::kEntry;
  event.state = state;
  event.trigger = trigger;
  event.quantity = Quantity::Units(100);
  return event;
}
OrderEvent Fill(uint64_t order, uint64_t intent, int64_t units, int64_t open, double bps) {
  OrderEvent event = Entry(order, intent, open == 0 ? OrderState::kFilled : OrderState::kPartial, OrderTrigger::kFill);
  event.execution_id = "e" + std::to_string(order) + "-" + std::to_string(open);
  event.last_quantity = Quantity::Units(units);
  event.last_fee = Money::FromE8(50'000'000);
  event.slippage_decision_bps = bps;
  event.slippage_arrival_bps = bps / 2;
  event.intent_open = Quantity::Units(open);
  return event;
}

TEST_CASE("S3-C2.2: slippage, fill rate, time to fill and cancel rate of orders", "[journal]") {
  Lane lane;
  // Filled in two parts after 2 s.
  OrderEvent placed = Entry(1, 1, OrderState::kNew, OrderTrigger::kPlaced);
  placed.intent_open = Quantity::Units(100);
  lane.Step("10:00:00", placed);
  lane.Step("10:00:02", Fill(1, 1, 40, 60, 2));
  lane.Step("10:00:03", Fill(1, 1, 60, 0, 4));
  // Chased: the first order is cancelled, its chase fills after 8 s. One entry, filled.
  OrderEvent chased = Entry(2, 2, OrderState::kNew, OrderTrigger::kPlaced);
  chased.intent_open = Quantity::Units(100);
  lane.Step("10:01:00", chased);
  chased.state = OrderState::kCanceled;
  lane.Step("10:01:05", chased);
  lane.Step("10:01:08", Fill(3, 2, 100, 0, 6));
  // Abandoned without a fill; it was in doubt meanwhile.
  OrderEvent abandoned = Entry(4, 3, OrderState::kUnknown, OrderTrigger::kNoAnswer);
  abandoned.intent_open = Quantity::Units(100);
  lane.Step("10:02:00", abandoned);
  abandoned.state = OrderState::kRejected;
  abandoned.intent_open = Quantity();
  lane.Step("10:02:30", abandoned);
  // Refused by ourselves: no order.
  lane.Step("10:03:00", Entry(5, 4, OrderState::kRejected, OrderTrigger::kRefused));

  PositionSnapshot closed;
  closed.trade = AccountTrade{.intent = {2, 1},
                              .state = AccountTradeState::kClosed,
                              .side = Side::kBid,
                              .price = {},
                              .quantity = Quantity::Units(100),
                              .profit_gross = Money::FromE8(2'000'000'000),
                              .profit_net = Money::FromE8(1'900'000'000),
                              .r_multiple = 1,
                              .reason = "target"};
  lane.quality.Add(closed);

  const ExecutionFigures figures = lane.quality.Figures();
  CHECK(figures.orders == 4);
  CHECK(figures.executions == 3);
  CHECK(figures.rejected == 1);
  CHECK(figures.in_doubt == 1);
  CHECK(figures.fill_rate.successes == 2);
  CHECK(figures.fill_rate.trials == 3);
  CHECK(figures.cancel_rate.successes == 1);
  CHECK(figures.cancel_rate.trials == 4);
  CHECK_THAT(*figures.time_to_fill.mean, WithinAbs(5, 1e-9));
  CHECK_THAT(*figures.slippage_decision_bps.mean, WithinAbs(4, 1e-9));
  CHECK_THAT(*figures.slippage_arrival_bps.mean, WithinAbs(2, 1e-9));
  CHECK(figures.fees.ToString() == "1.50");
  CHECK(figures.wins.successes == 1);
  CHECK(figures.profit_net.ToString() == "19.00");
}

}  // namespace
}  // namespace spillway::test
