// What this build does with groups of a schema it does not know: another version is refused; what the same version
// gained (a body, a field, an enum's value) is left out, counted or kept, and never taken for something else.
#include <optional>

#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "libs/events/wire.h"
#include "spillway/v1/event.pb.h"
#include "tests/catch.h"
#include "tests/support/every_event.h"

namespace spillway {
namespace {

constexpr uint32_t kBodyOfTomorrow = 44;  // Bar, which this build does not have

std::string Encode(const std::vector<Event>& events) {
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 42});
  for (const Event& event : events) encoder.Add(event);
  return std::string(encoder.bytes());
}

Event Bust(uint64_t trade_id) {
  return {test::EveryHeader(Producer::kScoring), TradeBust{.trade_id = trade_id}};
}

void AppendBytes(uint32_t field, std::string_view bytes, std::string& out) {
  wire::AppendVarint(wire::Tag(field, wire::kBytes), out);
  wire::AppendVarint(bytes.size(), out);
  out.append(bytes);
}
// The group with one more event: these bytes.
std::string WithEvent(std::string group, std::string_view payload) {
  AppendBytes(5, payload, group);
  return group;
}
// An event of only a body.
std::string Payload(uint32_t field, std::string_view body) {
  std::string payload;
  AppendBytes(field, body, payload);
  return payload;
}

std::vector<uint64_t> Busts(std::string_view bytes, uint64_t unknown) {
  GroupDecoder decoder;
  GroupHeader header;
  std::vector<uint64_t> ids;
  const absl::Status status = decoder.Decode(
      bytes, header, [&](const Event& event) { ids.push_back(std::get<TradeBust>(event.body).trade_id); });
  INFO(status.ToString());
  CHECK(status.ok());
  CHECK(decoder.unknown_bodies() == unknown);
  return ids;
}

}  // namespace

TEST_CASE("newer schema: a group of another version is refused, whole, and says both versions", "[events]") {
  for (const uint32_t version : {0u, 2u, 99u}) {
    CAPTURE(version);
    v1::EventGroup group;
    REQUIRE(group.ParseFromString(Encode({Bust(1)})));
    group.set_schema_version(version);
    const std::string bytes = group.SerializeAsString();
    GroupDecoder decoder;
    GroupHeader header;
    const absl::Status status = decoder.Decode(bytes, header, [](const Event&) { FAIL("an event was handed out"); });
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(std::string(status.message()).find("version " + std::to_string(version) + ":") != std::string::npos);
    CHECK(std::string(status.message()).find("reads version 1") != std::string::npos);
    CHECK(GroupView::Open(bytes).status().code() == absl::StatusCode::kFailedPrecondition);
  }
}

TEST_CASE("newer schema: an event with a body this build does not know is left out and counted", "[events]") {
  std::string bytes = WithEvent(Encode({Bust(1)}), Payload(kBodyOfTomorrow, "anything"));
  bytes += Encode({Bust(2)}).substr(Encode({}).size());
  CHECK(Busts(bytes, 1) == std::vector<uint64_t>{1, 2});
  // What is only passed on keeps it, byte for byte.
  absl::StatusOr<GroupView> view = GroupView::Open(bytes);
  REQUIRE(view.ok());
  GroupEncoder copy;
  copy.Begin(view->header());
  std::vector<uint32_t> fields;
  for (std::string_view encoded, payload; view->Next(encoded, payload);) {
    fields.push_back(BodyField(payload));
    copy.AddEncoded(encoded);
  }
  CHECK(view->ok());
  CHECK(fields == std::vector<uint32_t>{27, kBodyOfTomorrow, 27});
  CHECK(copy.bytes() == bytes);
}

TEST_CASE("newer schema: an event without a body is counted like an unknown one", "[events]") {
  CHECK(Busts(WithEvent(Encode({Bust(1)}), ""), 1) == std::vector<uint64_t>{1});
}

TEST_CASE("newer schema: an event with two bodies is damage", "[events]") {
  GroupDecoder decoder;
  GroupHeader header;
  for (const uint32_t second : {27u, 33u, kBodyOfTomorrow}) {
    CAPTURE(second);
    const std::string bytes = WithEvent(Encode({}), Payload(27, "\x08\x01") + Payload(second, ""));
    const absl::Status status = decoder.Decode(bytes, header, [](const Event&) { FAIL("an event was handed out"); });
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(status.message()).find("two bodies") != std::string::npos);
  }
}

TEST_CASE("newer schema: fields this build does not know are skipped, in group, header and body", "[events]") {
  std::string body = "\x08\x07";  // trade_id = 7
  wire::AppendVarint(wire::Tag(99, wire::kVarint), body);
  wire::AppendVarint(1234, body);
  AppendBytes(100, "text", body);
  std::string payload;
  wire::AppendVarint(wire::Tag(14, wire::kFixed64), payload);
  payload += "12345678";
  AppendBytes(15, "of the header", payload);
  AppendBytes(27, body, payload);
  std::string group = WithEvent(Encode({Bust(1)}), payload);
  AppendBytes(6, "of the group", group);
  CHECK(Busts(group, 0) == std::vector<uint64_t>{1, 7});
}

TEST_CASE("newer schema: an enum's value that this build does not know keeps its number and has no name", "[events]") {
  v1::EventGroup group;
  REQUIRE(group.ParseFromString(Encode({{test::EveryHeader(Producer::kScoring), RiskDecision{}}})));
  group.mutable_events(0)->mutable_risk_decision()->set_rule(static_cast<v1::RefusalRule>(200));
  GroupDecoder decoder;
  GroupHeader header;
  GroupEncoder again;
  again.Begin({.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 42});
  const std::string bytes = group.SerializeAsString();
  REQUIRE(decoder
              .Decode(bytes, header,
                      [&](const Event& event) {
                        CHECK(static_cast<int>(std::get<RiskDecision>(event.body).rule) == 200);
                        CHECK(RefusalRuleName(std::get<RiskDecision>(event.body).rule) == "unknown");
                        CHECK_FALSE(ToText(event, NameTable()).empty());
                        again.Add(event);
                      })
              .ok());
  CHECK(again.bytes() == bytes);
}

TEST_CASE("newer schema: a field that an older build did not write is absent, whatever was decoded before",
          "[events]") {
  std::vector<Event> every;
  for (EventBody& body : test::EveryBody()) every.push_back({test::EveryHeader(Producer::kScoring), std::move(body)});
  GroupDecoder used;
  GroupHeader header;
  REQUIRE(used.Decode(Encode(every), header, [](const Event&) {}).ok());
  const auto* bodies = v1::Event::descriptor()->FindOneofByName("body");
  for (int i = 0; i < bodies->field_count(); ++i) {
    CAPTURE(bodies->field(i)->full_name());
    const std::string bytes = WithEvent(Encode({}), Payload(static_cast<uint32_t>(bodies->field(i)->number()), ""));
    const auto decode = [&](GroupDecoder& decoder, std::optional<Event>& out) {
      return decoder.Decode(bytes, header, [&](const Event& event) { out = event; });
    };
    GroupDecoder fresh;
    std::optional<Event> expected, seen;
    const absl::Status status = decode(fresh, expected);
    CHECK(decode(used, seen) == status);
    // A definition without an id and a tick is none.
    const bool refused = bodies->field(i)->message_type() == v1::InstrumentDefinition::descriptor();
    CHECK(status.ok() == !refused);
    CHECK((seen == expected));
  }
}

}  // namespace spillway
