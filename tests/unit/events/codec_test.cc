#include "libs/events/codec.h"

#include <deque>

#include "libs/events/text.h"
#include "spillway/v1/event.pb.h"
#include "tests/catch.h"
#include "tests/support/every_event.h"

using namespace spillway;

namespace {

const Time kTime = test::kEveryTime;
const EventId kId = test::kEveryId;

// One event of every kind, every field set.
std::vector<Event> AllEvents() {
  std::vector<Event> events;
  for (EventBody& body : test::EveryBody()) events.push_back({test::EveryHeader(Producer::kScoring), std::move(body)});
  return events;
}

std::string Encode(const std::vector<Event>& events) {
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 42});
  for (const Event& event : events) encoder.Add(event);
  return std::string(encoder.bytes());
}

}  // namespace

TEST_CASE("codec: every event comes back as it was, header and body", "[events]") {
  const std::vector<Event> events = AllEvents();
  CHECK(events.size() == std::variant_size_v<EventBody> - 1);  // all but monostate
  const std::string bytes = Encode(events);
  GroupDecoder decoder;
  GroupHeader header;
  std::vector<Event> decoded;
  std::deque<std::vector<MarketEvent>> market_events;  // a batch is a view of the decoder's memory
  const auto keep = [&](const Event& event) {
    decoded.push_back(event);
    if (auto* batch = std::get_if<MarketBatch>(&decoded.back().body))
      batch->events = market_events.emplace_back(batch->events.begin(), batch->events.end());
  };
  REQUIRE(decoder.Decode(bytes, header, keep).ok());
  CHECK(header.producer == Producer::kScoring);
  CHECK(header.producer_sequence == 42);
  REQUIRE(decoded.size() == events.size());
  CHECK(Encode(decoded) == bytes);
  NameTable names;
  for (size_t i = 0; i < events.size(); ++i) {
    CAPTURE(ToText(events[i], names));
    CHECK(ToText(decoded[i], names) == ToText(events[i], names));
    CHECK((decoded[i] == events[i]));
  }
}

TEST_CASE("codec: what it writes is the schema's EventGroup, field by field", "[events]") {
  const std::vector<Event> events = AllEvents();
  v1::EventGroup group;
  REQUIRE(group.ParseFromString(Encode(events)));
  CHECK(group.schema_version() == kEventSchemaVersion);
  REQUIRE(group.events_size() == static_cast<int>(events.size()));
  for (const v1::Event& event : group.events()) {
    CHECK(event.event_time_ns() == ToNanos(kTime));
    CHECK(event.ingest_delay_ns() == -1'270'000'000);
    CHECK(event.instrument_id() == 7);
    CHECK(event.cause_position() == 345);
    CHECK(event.ordinal() == 3);
    CHECK(event.correlation_high() == kId.high);
    CHECK(event.body_case() != v1::Event::BODY_NOT_SET);
    // Nothing is written that the schema does not know.
    CHECK(event.GetReflection()->GetUnknownFields(event).empty());
  }
  // And what the schema's own class writes is read alike.
  GroupDecoder decoder;
  GroupHeader header;
  GroupEncoder again;
  again.Begin({.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 42});
  REQUIRE(decoder.Decode(group.SerializeAsString(), header, [&](const Event& event) { again.Add(event); }).ok());
  CHECK(again.bytes() == Encode(events));
}

TEST_CASE("codec: a header is written as the schema's class writes it, whatever is set in it", "[events]") {
  std::vector<Event> events(4, {{}, ClockTick{}});
  events[0].header.producer = events[1].header.producer = Producer::kScoring;
  events[1].header.event_time = Time::min();
  events[1].header.ingest_time = events[1].header.event_time + Duration::max();
  events[1].header.instrument = UINT32_MAX;
  events[1].header.correlation.low = UINT64_MAX;
  events[2].header.producer = Producer::kBroker;
  events[2].header.ingest_time = events[2].header.event_time - Duration(1);
  events[2].header.cause.market = {.feed = 128, .epoch = 127, .position = UINT64_MAX};
  events[3].header = test::EveryHeader(Producer::kOms);
  events[3].header.cause.ordinal = UINT32_MAX;
  const std::string bytes = Encode(events);
  v1::EventGroup group;
  REQUIRE(group.ParseFromString(bytes));
  CHECK(group.SerializeAsString() == bytes);
  std::vector<Event> decoded;
  GroupDecoder decoder;
  GroupHeader header;
  REQUIRE(decoder.Decode(bytes, header, [&](const Event& event) { decoded.push_back(event); }).ok());
  CHECK(decoded == events);
}

TEST_CASE("codec: an event passed on keeps its own producer", "[events]") {
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kMetrics, .producer_sequence = 1});
  encoder.Add({test::EveryHeader(Producer::kIngest), HaltChanged{.status = TradingStatus::kHalted, .reason = "T1"}});
  GroupDecoder decoder;
  GroupHeader header;
  REQUIRE(decoder
              .Decode(encoder.bytes(), header,
                      [](const Event& event) { CHECK(event.header.producer == Producer::kIngest); })
              .ok());
  CHECK(header.producer == Producer::kMetrics);
}

TEST_CASE("codec: a truncated or foreign group is refused with its reason", "[events]") {
  const std::string bytes = Encode(AllEvents());
  GroupDecoder decoder;
  GroupHeader header;
  for (size_t size = 8; size < bytes.size(); size += 7) {
    size_t taken = 0;
    const absl::Status status =
        decoder.Decode(std::string_view(bytes).substr(0, size), header, [&](const Event&) { ++taken; });
    // Cut between two events a group is just shorter; anywhere else it is damage.
    if (status.ok()) CHECK(taken < AllEvents().size());
  }
  v1::EventGroup newer;
  newer.set_schema_version(99);
  const absl::Status status = decoder.Decode(newer.SerializeAsString(), header, [](const Event&) {});
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(status.message()).find("99") != std::string::npos);
}
