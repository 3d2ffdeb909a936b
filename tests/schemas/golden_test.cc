// Golden bytes: what each released message looked like when it was released (golden/v1/<Message>.<revision>.txt), and
// that this build reads it, field by field, as schema classes and as event structs, and writes the same again.
//
// A message that gets a field gets another revision: set the field in tests/support/every_event.h, add a line to
// Revisions() that clears it, and run this with SPILLWAY_WRITE_GOLDEN=1. That writes the files that are missing and
// never one that is there.
#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/events/body_types.h"
#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "libs/runtime/checkpoint.h"
#include "spillway/v1/account.pb.h"
#include "spillway/v1/checkpoint.pb.h"
#include "spillway/v1/event.pb.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"
#include "tests/catch.h"
#include "tests/schemas/distinct_message.h"
#include "tests/schemas/golden_file.h"
#include "tests/schemas/schema.h"
#include "tests/support/every_event.h"

namespace spillway::schemas {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What a revision after the first added to a body: `clear` gives the event as the revision before it had it.
struct Revision {
  std::string_view message;
  int revision;
  void (*clear)(EventBody& body);
};
const std::vector<Revision>& Revisions() {
  static const std::vector<Revision> revisions = {
      {"AlertReceipt", 2,
       [](EventBody& body) {
         auto& receipt = std::get<AlertReceipt>(body);
         receipt = {.alert = receipt.alert,
                    .channel = receipt.channel,
                    .state = ReceiptState::kSuppressed,
                    .detail = receipt.detail};
       }},
      {"InstrumentDefinition", 2,
       [](EventBody& body) {
         auto& definition = std::get<InstrumentDefinition>(body);
         definition.exchange.clear();
         definition.lists.clear();
       }},
      {"FeedCapabilities", 2,
       [](EventBody& body) {
         auto& feed = std::get<FeedCapabilities>(body);
         feed.lines = feed.depth_books = feed.tick_streams = feed.messages_per_second = std::nullopt;
         feed.book_by_position = feed.venue_vwap = false;
       }},
      {"FeatureSetDefined", 2,
       [](EventBody& body) {
         auto& features = std::get<FeatureSetDefined>(body);
         features.specs.resize(static_cast<size_t>(FeatureKind::kMid));
         for (FeatureSpec& spec : features.specs) spec.mirrored = spec.venue = false;
       }},
      {"FeatureSetDefined", 3,
       [](EventBody& body) {
         std::get<FeatureSetDefined>(body).specs.resize(static_cast<size_t>(FeatureKind::kAskCancelled));
       }},
      {"FeatureSnapshot", 2,
       [](EventBody& body) {
         auto& snapshot = std::get<FeatureSnapshot>(body);
         std::erase_if(snapshot.values, [](const FeatureValue& v) { return v.not_ready == NotReady::kNoWall; });
         snapshot.top_only = false;
       }},
      {"Signal", 2,
       [](EventBody& body) {
         auto& signal = std::get<Signal>(body);
         signal.preview = false;
         signal.entry = signal.stop = signal.target = Price();
         signal.expires = Time();
       }},
      {"SignalCancelled", 2, [](EventBody& body) { std::get<SignalCancelled>(body).condition.clear(); }},
      {"RiskDecision", 2,
       [](EventBody& body) {
         auto& decision = std::get<RiskDecision>(body);
         decision.detail.clear();
         decision.stage.clear();
         decision.record = {};
         decision.risk_percent = 0;
         decision.warnings.clear();
       }},
      {"TradeIntent", 2,
       [](EventBody& body) {
         auto& intent = std::get<TradeIntent>(body);
         intent.minute_volume.reset();
         intent.parent = {};
       }},
      {"RiskDecision", 3,
       [](EventBody& body) {
         auto& decision = std::get<RiskDecision>(body);
         decision.caps.clear();
         decision.stop.reset();
       }},
      {"Alert", 2,
       [](EventBody& body) {
         auto& alert = std::get<Alert>(body);
         alert.record = {};
         alert.stage.clear();
         alert.route = Route::kNone;
         alert.risk_percent = 0;
         alert.warnings.clear();
       }},
      {"OutcomeLabelled", 2,
       [](EventBody& body) {
         auto& outcome = std::get<OutcomeLabelled>(body);
         outcome.near_miss = false;
         outcome.side = Side::kNone;
         outcome.profit_gross = Money();
       }},
  };
  return revisions;
}
int LatestRevision(std::string_view message) {
  int latest = 1;
  for (const Revision& revision : Revisions()) {
    if (revision.message == message) latest = std::max(latest, revision.revision);
  }
  return latest;
}

// The golden bytes of a body are a group of one event.
bool IsBody(const Descriptor& type) {
  const auto* bodies = v1::Event::descriptor()->FindOneofByName("body");
  for (int i = 0; i < bodies->field_count(); ++i) {
    if (bodies->field(i)->message_type() == &type) return true;
  }
  return false;
}

std::filesystem::path GoldenPath(std::string_view message, int revision) {
  return SchemasFolder() / "golden" / "v1" / (std::string(message) + "." + std::to_string(revision) + ".txt");
}

const Schema& Released() {
  static const absl::StatusOr<Schema> released = ReleasedSchema();
  INFO(released.status().ToString());
  REQUIRE(released.ok());
  return *released;
}

// The golden file, written from `bytes` first if it is missing and we are asked to write. nullopt, with a note: it is
// missing, and the message is not released.
std::optional<GoldenFile> Golden(const Descriptor& type, int revision, std::string_view bytes) {
  const std::filesystem::path path = GoldenPath(type.name(), revision);
  if (!std::filesystem::exists(path)) {
    if (WritingGolden()) {
      std::unique_ptr<Message> message(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
      v1::EventGroup group;
      Message& written = IsBody(type) ? static_cast<Message&>(group) : *message;
      REQUIRE(written.ParseFromString(std::string(bytes)));
      const std::string title = type.full_name() + ", revision " + std::to_string(revision);
      REQUIRE(WriteGolden(path, title, bytes, written).ok());
    } else if (revision == 1 && !Released().fields.contains({type.full_name(), type.field(0)->number()})) {
      std::fprintf(stderr, "NOTE: not yet released, without golden bytes: %s\n", type.full_name().c_str());
      return std::nullopt;
    }
  }
  absl::StatusOr<GoldenFile> golden = ReadGolden(path);
  INFO(golden.status().ToString() << "; SPILLWAY_WRITE_GOLDEN=1 writes it");
  REQUIRE(golden.ok());
  return *golden;
}

// The generated class reads the bytes as the text says, knows every field of them, and writes the same bytes.
void CheckMessage(const GoldenFile& golden, Message& message) {
  REQUIRE(message.ParseFromString(golden.bytes));
  std::unique_ptr<Message> expected(message.New());
  REQUIRE(google::protobuf::TextFormat::ParseFromString(golden.text, expected.get()));
  google::protobuf::util::MessageDifferencer differencer;
  std::string differences;
  differencer.ReportDifferencesToString(&differences);
  const bool equal = differencer.Compare(*expected, message);
  INFO(differences);
  CHECK(equal);  // unknown fields are differences too
  CHECK(message.SerializeAsString() == golden.bytes);
}

// The released fields of `required`, and of all messages in it, that are nowhere set in `messages`.
std::string Unset(const Descriptor& required, const std::vector<const Message*>& messages) {
  std::set<const FieldDescriptor*> set;
  for (const Message* message : messages) CollectSetFields(*message, set);
  std::string unset;
  for (const FieldDescriptor* field : FieldsOf(required)) {
    if (set.contains(field) || !Released().fields.contains({field->containing_type()->full_name(), field->number()}))
      continue;
    unset += field->full_name() + "\n";
  }
  return unset;
}

struct DecodedGroup {
  GroupHeader header;
  std::vector<Event> events;
  std::vector<std::vector<MarketEvent>> market_events;  // a batch is a view of the decoder's memory
};
void Decode(std::string_view bytes, DecodedGroup& out) {
  GroupDecoder decoder;
  out.market_events.reserve(64);
  const absl::Status status = decoder.Decode(bytes, out.header, [&](const Event& event) {
    out.events.push_back(event);
    if (auto* batch = std::get_if<MarketBatch>(&out.events.back().body)) {
      REQUIRE(out.market_events.size() < out.market_events.capacity());
      batch->events = out.market_events.emplace_back(batch->events.begin(), batch->events.end());
    }
  });
  INFO(status.ToString());
  REQUIRE(status.ok());
  REQUIRE(decoder.unknown_bodies() == 0);
}

std::string Encode(const GroupHeader& header, const std::vector<Event>& events) {
  GroupEncoder encoder;
  encoder.Begin(header);
  for (const Event& event : events) encoder.Add(event);
  return std::string(encoder.bytes());
}

constexpr GroupHeader kHeader{.producer = Producer::kScoring, .lane_epoch = 4, .producer_sequence = 42};

void CheckGroup(const Descriptor& type, int revision, const std::vector<Event>& expected) {
  CAPTURE(type.name(), revision);
  v1::EventGroup group;
  const std::optional<GoldenFile> found = Golden(type, revision, Encode(kHeader, expected));
  if (!found) return;
  const GoldenFile& golden = *found;
  CheckMessage(golden, group);
  DecodedGroup decoded;
  Decode(golden.bytes, decoded);
  CHECK(decoded.header.producer == kHeader.producer);
  CHECK(decoded.header.lane_epoch == kHeader.lane_epoch);
  CHECK(decoded.header.producer_sequence == kHeader.producer_sequence);
  REQUIRE(decoded.events.size() == expected.size());
  const NameTable names;
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(ToText(decoded.events[i], names), ToText(expected[i], names));
    CHECK((decoded.events[i] == expected[i]));
  }
  CHECK(Encode(decoded.header, decoded.events) == golden.bytes);
}

const FieldDescriptor* BodyFieldOf(const EventBody& body) {
  const std::string bytes = Encode(kHeader, {{test::EveryHeader(Producer::kScoring), body}});
  const absl::StatusOr<GroupView> opened = GroupView::Open(bytes);
  REQUIRE(opened.ok());
  GroupView view = *opened;
  std::string_view encoded, payload;
  REQUIRE(view.Next(encoded, payload));
  return v1::Event::descriptor()->FindFieldByNumber(static_cast<int>(BodyField(payload)));
}

// A group with all that headers can say: a cause on the market, a cause that is an event, an event passed on.
std::vector<Event> HeaderEvents() {
  Event market{test::EveryHeader(Producer::kScoring), ClockTick{.source = TickSource::kHost}};
  Event passed_on{test::EveryHeader(Producer::kIngest), ProcessorVersion{.build = "0.1.0+abc"}};
  passed_on.header.cause = {.market = {}, .event = test::EveryId(17), .ordinal = 4};
  Event bare;
  bare.header.producer = Producer::kScoring;
  bare.header.event_time = bare.header.ingest_time = test::EveryTime(1);
  bare.body = TradeBust{.trade_id = 1};
  return {market, passed_on, bare};
}

// A state of a number and a text, as a checkpoint of today carries it.
class GoldenProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kRisk; }
  uint32_t state_version() const override { return 3; }
  void Process(const Event&, runtime::EventSink&) override {}
  void Save(runtime::StateWriter& state) const override { state(count_, note_); }
  absl::Status Restore(runtime::StateReader& state) override {
    state(count_, note_);
    return absl::OkStatus();
  }
  void Set(uint64_t count, std::string note) {
    count_ = count;
    note_ = std::move(note);
  }
  uint64_t count() const { return count_; }
  const std::string& note() const { return note_; }

 private:
  uint64_t count_ = 0;
  std::string note_;
};

}  // namespace

TEST_CASE("golden: every body that an event can have is read, field by field, and written as it was", "[schemas]") {
  std::set<const FieldDescriptor*> covered;
  for (const EventBody& latest : test::EveryBody()) {
    const FieldDescriptor* field = BodyFieldOf(latest);
    REQUIRE(field != nullptr);
    covered.insert(field);
    const std::string& name = field->message_type()->name();
    EventBody body = latest;
    for (int revision = LatestRevision(name); revision >= 1; --revision) {
      CheckGroup(*field->message_type(), revision, {{test::EveryHeader(Producer::kScoring), body}});
      for (const Revision& added : Revisions()) {
        if (added.message == name && added.revision == revision) added.clear(body);
      }
    }
  }
  const auto* bodies = v1::Event::descriptor()->FindOneofByName("body");
  for (int i = 0; i < bodies->field_count(); ++i) {
    CAPTURE(bodies->field(i)->full_name());
    CHECK(covered.contains(bodies->field(i)));
  }
}

TEST_CASE("golden: no field of a message is left unset in its latest golden bytes", "[schemas]") {
  for (const EventBody& body : test::EveryBody()) {
    const Descriptor& type = *BodyFieldOf(body)->message_type();
    const absl::StatusOr<GoldenFile> golden = ReadGolden(GoldenPath(type.name(), LatestRevision(type.name())));
    if (!golden.ok()) continue;  // not released, else the test above fails
    v1::EventGroup group;
    REQUIRE(group.ParseFromString(golden->bytes));
    CHECK(Unset(type, {&group}) == "");
  }
}

TEST_CASE("golden: a group's header and its events' headers", "[schemas]") {
  CheckGroup(*v1::EventGroup::descriptor(), 1, HeaderEvents());
  v1::EventGroup group;
  REQUIRE(group.ParseFromString(ReadGolden(GoldenPath("EventGroup", 1))->bytes));
  std::set<const FieldDescriptor*> set;
  CollectSetFields(group, set);
  for (const Descriptor* type : {v1::EventGroup::descriptor(), v1::Event::descriptor()}) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->containing_oneof() != nullptr) continue;
      CAPTURE(type->field(i)->full_name());
      CHECK(set.contains(type->field(i)));
    }
  }
}

TEST_CASE("golden: a checkpoint restores state, filters and positions", "[schemas]") {
  GoldenProcessor saved;
  saved.Set(7, "seven");
  runtime::ShellState shell;
  runtime::LanePosition& trading = shell.positions["trading"];
  trading.sequence = 345;
  trading.parts = 2;
  shell.next_producer_sequence = 78;
  shell.build = "0.1.0+abc";
  const GroupHeader seen{.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 9};
  const GroupHeader next{.producer = Producer::kScoring, .lane_epoch = 1, .producer_sequence = 10};
  REQUIRE(trading.filter.Accept("trading", seen));
  const MarketBatch batch = test::EveryMarketBatch();
  REQUIRE(trading.filter.Trim(batch).events.size() == batch.events.size());
  const std::string latest = runtime::SaveCheckpoint(saved, shell);
  v1::Checkpoint messages[2];
  for (int revision = 1; revision <= 2; ++revision) {
    CAPTURE(revision);
    const GoldenFile golden = *Golden(*v1::Checkpoint::descriptor(), revision, latest);
    CheckMessage(golden, messages[revision - 1]);
    GoldenProcessor restored;
    runtime::ShellState state;
    REQUIRE(runtime::RestoreCheckpoint(golden.bytes, restored, state).ok());
    CHECK(restored.count() == 7);
    CHECK(restored.note() == "seven");
    CHECK(state.next_producer_sequence == 78);
    CHECK(state.build == "0.1.0+abc");
    runtime::LanePosition& position = state.positions.at("trading");
    CHECK(position.sequence == 345);
    CHECK(position.parts == (revision == 1 ? 0 : 2));
    if (revision == 2) CHECK(runtime::SaveCheckpoint(restored, state) == golden.bytes);
    CHECK(position.filter.Trim(batch).events.empty());
    CHECK_FALSE(position.filter.Accept("trading", seen));
    CHECK(position.filter.Accept("trading", next));
  }
  CHECK(Unset(*v1::Checkpoint::descriptor(), {&messages[0], &messages[1]}) == "");
}

// A document with all its fields set: its released bytes read into it, revision by revision.
template <class Document>
void CheckDocument() {
  const Descriptor& type = *Document::descriptor();
  CAPTURE(type.name());
  Document document;
  FillDistinct(document);
  const std::string bytes = document.SerializeAsString();
  std::vector<std::unique_ptr<Document>> revisions;
  std::vector<const Message*> messages;
  const auto check = [&](int revision) {
    CheckMessage(*Golden(type, revision, bytes), *revisions.emplace_back(new Document));
    messages.push_back(revisions.back().get());
  };
  check(1);
  for (int revision = 2; std::filesystem::exists(GoldenPath(type.name(), revision)); ++revision) check(revision);
  if (WritingGolden() && !Unset(type, messages).empty()) check(static_cast<int>(revisions.size()) + 1);
  CHECK(Unset(type, messages) == "");
}

TEST_CASE("golden: the documents that configuration events carry", "[schemas]") {
  CheckDocument<v1::Profile>();
  CheckDocument<v1::StageChange>();
  CheckDocument<v1::AccountState>();
  CheckDocument<v1::RiskProfile>();
  CheckDocument<v1::SimulatedVenue>();
}

TEST_CASE("golden: a file that is there is never written again, and one that is damaged is refused", "[schemas]") {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "spillway_golden_test.txt";
  std::filesystem::remove(path);
  v1::ClockTick tick;
  tick.set_source(v1::TICK_SOURCE_HOST);
  REQUIRE(WriteGolden(path, "a tick", tick.SerializeAsString(), tick).ok());
  CHECK(WriteGolden(path, "a tick", "other", tick).code() == absl::StatusCode::kAlreadyExists);
  CHECK(ReadGolden(path)->bytes == tick.SerializeAsString());
  CHECK(ReadGolden(path)->text == "source: TICK_SOURCE_HOST\n");
  std::filesystem::remove(path);
  CHECK(ReadGolden(path).status().code() == absl::StatusCode::kNotFound);
  CHECK(ReadGolden(SchemasFolder() / "golden_test.cc").status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace spillway::schemas
