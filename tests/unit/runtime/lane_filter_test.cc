#include "libs/runtime/lane_filter.h"

#include "libs/runtime/persist.h"
#include "tests/catch.h"

using namespace spillway;

namespace {

std::vector<MarketEvent> Rows(uint64_t first, uint64_t count) {
  std::vector<MarketEvent> events;
  for (uint64_t position = first; position < first + count; ++position) {
    for (int i = 0; i < 2; ++i) {
      MarketEvent event;
      event.position = position;
      event.event_time = TimeFromNanos(static_cast<int64_t>(position) * 1000);
      event.kind = MarketEventKind::kLevel;
      if (i == 0) event.flags = MarketEventFlags::kRowStart;
      events.push_back(event);
    }
  }
  return events;
}

}  // namespace

TEST_CASE("lane filter: a group counts once for its lane and producer", "[runtime]") {
  runtime::LaneFilter filter;
  CHECK(filter.Accept("trading", {Producer::kRisk, 1, 1}));
  CHECK_FALSE(filter.Accept("trading", {Producer::kRisk, 1, 1}));
  CHECK(filter.Accept("trading", {Producer::kScoring, 1, 1}));
  CHECK(filter.Accept("market.0", {Producer::kRisk, 1, 1}));
  CHECK(filter.Accept("trading", {Producer::kRisk, 1, 3}));
  CHECK(filter.sequence_gaps() == 1);
  CHECK_FALSE(filter.Accept("trading", {Producer::kRisk, 1, 2}));
  CHECK(filter.groups_dropped() == 2);
}

TEST_CASE("lane filter: rows already seen are cut off the front, whole rows only", "[runtime]") {
  runtime::LaneFilter filter;
  const auto first = Rows(1, 5);
  CHECK(filter.Trim({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = first}).events.size() == 10);
  const auto overlap = Rows(4, 4);
  const MarketBatch rest =
      filter.Trim({.feed = 1, .epoch = 1, .previous_row_time = TimeFromNanos(3000), .events = overlap});
  REQUIRE(rest.events.size() == 4);
  CHECK(rest.events.front().position == 6);
  CHECK(rest.previous_row_time == TimeFromNanos(5000));
  CHECK(filter.rows_dropped() == 2);
  CHECK(filter.Trim({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = first}).events.empty());
  // Another epoch starts its positions again; an older one is history.
  CHECK(filter.Trim({.feed = 1, .epoch = 2, .previous_row_time = {}, .events = first}).events.size() == 10);
  CHECK(filter.Trim({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = overlap}).events.empty());
  CHECK(filter.Trim({.feed = 2, .epoch = 1, .previous_row_time = {}, .events = overlap}).events.size() == 8);
}

TEST_CASE("lane filter: it is part of a checkpoint", "[runtime]") {
  runtime::LaneFilter filter;
  filter.Accept("trading", {Producer::kRisk, 1, 7});
  const auto rows = Rows(1, 5);
  filter.Trim({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = rows});
  runtime::StateWriter writer;
  writer(filter);
  runtime::LaneFilter restored;
  runtime::StateReader reader(writer.bytes());
  reader(restored);
  REQUIRE(reader.Finish().ok());
  CHECK_FALSE(restored.Accept("trading", {Producer::kRisk, 1, 7}));
  CHECK(restored.Accept("trading", {Producer::kRisk, 1, 8}));
  CHECK(restored.Trim({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = rows}).events.empty());
}
