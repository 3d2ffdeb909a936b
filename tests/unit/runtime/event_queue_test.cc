#include "libs/runtime/event_queue.h"

#include "tests/catch.h"

using namespace spillway;

TEST_CASE("event queue: hands out in order; what is pushed meanwhile waits for the next drain", "[runtime]") {
  runtime::EventQueue queue;
  for (int i = 0; i < 5; ++i) {
    Event event;
    event.header.cause.ordinal = static_cast<uint32_t>(i);
    if (i % 2 == 0) {
      event.body = NewsHeadline{.source = "wire", .headline = "headline " + std::to_string(i)};
    } else {
      event.body = ClockTick{};
    }
    queue.Push(event);
  }
  std::vector<uint32_t> seen;
  queue.Drain([&](const Event& event) {
    seen.push_back(event.header.cause.ordinal);
    if (seen.size() == 1) queue.Push({{.producer = Producer::kRisk}, TradeBust{.trade_id = 9}});
  });
  CHECK(seen == std::vector<uint32_t>{0, 1, 2, 3, 4});
  CHECK(queue.size() == 1);
  queue.Drain([&](const Event& event) { CHECK(std::get<TradeBust>(event.body).trade_id == 9); });
  CHECK(queue.empty());
}
