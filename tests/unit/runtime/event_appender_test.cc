#include "libs/runtime/event_appender.h"

#include "tests/catch.h"
#include "tests/support/shared_log.h"

using namespace spillway;

namespace {

Event Receipt(uint64_t n) {
  Event event;
  event.header.producer = Producer::kDelivery;
  event.header.event_time = event.header.ingest_time = TimeFromNanos(1'746'192'600'000'000'000);
  event.body = TradeBust{.trade_id = n};
  return event;
}

runtime::EventAppender Appender(test::SharedLanes& lanes) {
  test::SharedLog log(lanes, Producer::kDelivery);
  return runtime::EventAppender(Producer::kDelivery, log.OpenWriter("trading").value());
}

std::vector<uint64_t> Sequences(const test::SharedLanes& lanes) {
  std::vector<uint64_t> sequences;
  for (const auto& message : lanes.lanes.at("trading")) {
    sequences.push_back(GroupView::Open(message.bytes)->header().producer_sequence);
  }
  return sequences;
}

}  // namespace

TEST_CASE("event appender: goes on behind what the lane has, also of another process of its name", "[runtime]") {
  test::SharedLanes lanes;
  runtime::EventAppender first = Appender(lanes), second = Appender(lanes);
  uint64_t n = 0;
  for (runtime::EventAppender* appender : {&first, &first, &second, &first, &second, &second}) {
    const Event event = Receipt(++n);
    REQUIRE(appender->Append({&event, 1}).ok());
  }
  CHECK(Sequences(lanes) == std::vector<uint64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("event appender: what was not stored is said, and can be appended again", "[runtime]") {
  test::SharedLanes lanes;
  runtime::EventAppender appender = Appender(lanes);
  const Event event = Receipt(1);
  lanes.faults = {test::SharedLanes::Fault::kNotStored};
  CHECK(absl::IsUnavailable(appender.Append({&event, 1})));
  CHECK(lanes.lanes["trading"].empty());
  REQUIRE(appender.Append({&event, 1}).ok());
  CHECK(Sequences(lanes) == std::vector<uint64_t>{1});
}
