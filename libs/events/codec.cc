#include "libs/events/codec.h"

#include <array>
#include <cstring>
#include <tuple>

#include "fmt/format.h"
#include "libs/base/check.h"
#include "libs/events/body_codec.h"
#include "libs/events/body_types.h"
#include "libs/events/market_batch_codec.h"
#include "libs/events/wire.h"

namespace spillway {
namespace {

constexpr uint32_t kGroupEventsField = 5;

// The header's fields as protobuf writes them, zeros left out: every event has one, a message object costs more.
class HeaderBytes {
 public:
  HeaderBytes(const EventHeader& in, Producer group_producer) {
    Fixed(1, static_cast<uint64_t>(ToNanos(in.event_time)));
    const int64_t delay = (in.ingest_time - in.event_time).count();
    Varint(2, static_cast<uint64_t>(delay) << 1 ^ static_cast<uint64_t>(delay >> 63));  // ZigZag
    Varint(3, in.instrument);
    Fixed(4, in.instance);
    Fixed(5, in.correlation.high);
    Fixed(6, in.correlation.low);
    Varint(7, in.cause.market.feed);
    Varint(8, in.cause.market.epoch);
    Varint(9, in.cause.market.position);
    Fixed(10, in.cause.event.high);
    Fixed(11, in.cause.event.low);
    Varint(12, in.cause.ordinal);
    if (in.producer != group_producer) Varint(13, static_cast<uint64_t>(in.producer));
  }
  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  void Fixed(uint32_t field, uint64_t value) {
    if (value == 0) return;
    bytes_[size_++] = static_cast<char>(wire::Tag(field, wire::kFixed64));  // fields below 16: one byte
    std::memcpy(bytes_.data() + size_, &value, 8);                          // little-endian, as x86-64
    size_ += 8;
  }
  void Varint(uint32_t field, uint64_t value) {
    if (value == 0) return;
    bytes_[size_++] = static_cast<char>(wire::Tag(field, wire::kVarint));
    for (; value >= 0x80; value >>= 7) bytes_[size_++] = static_cast<char>(value | 0x80);
    bytes_[size_++] = static_cast<char>(value);
  }

  std::array<char, 13 * 11> bytes_;
  size_t size_ = 0;
};

// Field numbers of v1::Event; a test compares with the generated class.
void SetHeaderField(const wire::Field& field, EventHeader& header, int64_t& ingest_delay) {
  switch (field.number) {
    case 1:
      header.event_time = TimeFromNanos(static_cast<int64_t>(field.value));
      break;
    case 2:
      ingest_delay = wire::ZigZag(field.value);
      break;
    case 3:
      header.instrument = static_cast<InstrumentId>(field.value);
      break;
    case 4:
      header.instance = field.value;
      break;
    case 5:
      header.correlation.high = field.value;
      break;
    case 6:
      header.correlation.low = field.value;
      break;
    case 7:
      header.cause.market.feed = static_cast<uint32_t>(field.value);
      break;
    case 8:
      header.cause.market.epoch = static_cast<uint32_t>(field.value);
      break;
    case 9:
      header.cause.market.position = field.value;
      break;
    case 10:
      header.cause.event.high = field.value;
      break;
    case 11:
      header.cause.event.low = field.value;
      break;
    case 12:
      header.cause.ordinal = static_cast<uint32_t>(field.value);
      break;
    case 13:
      header.producer = static_cast<Producer>(field.value);
      break;
    default:
      break;  // a newer schema's
  }
}

}  // namespace

struct GroupEncoder::Messages {
  v1::EventGroup group;
  v1::MarketBatch market_batch;
  MarketBatchEncoder market_batch_encoder;
#define SPILLWAY_MEMBER(Struct, accessor) v1::Struct Struct##_;
  SPILLWAY_EVENT_BODIES(SPILLWAY_MEMBER)
#undef SPILLWAY_MEMBER
  Producer producer = Producer::kNone;

  // Clears the message of that body, fills it and hands it with its field number to `take`.
  template <class Take>
  void WithBody(const EventBody& body, Take take) {
    std::visit(Overloaded{[&](const std::monostate&) { SPILLWAY_CHECK(false && "an event without a body"); },
                          [&](const MarketBatch& batch) {
                            market_batch_encoder.Encode(batch, market_batch);
                            take(market_batch, kMarketBatchField);
                          },
#define SPILLWAY_VISIT(Struct, accessor)                         \
  [&](const Struct& in) {                                        \
    Struct##_.Clear();                                           \
    body_codec::ToProto(in, Struct##_);                          \
    take(Struct##_, uint32_t{v1::Event::accessor##FieldNumber}); \
  },
                          SPILLWAY_EVENT_BODIES(SPILLWAY_VISIT)
#undef SPILLWAY_VISIT
               },
               body);
  }
};

GroupEncoder::GroupEncoder() : messages_(std::make_unique<Messages>()) {}
GroupEncoder::~GroupEncoder() = default;

void GroupEncoder::Begin(const GroupHeader& header) {
  bytes_.clear();
  event_count_ = 0;
  messages_->producer = header.producer;
  v1::EventGroup& group = messages_->group;
  group.Clear();
  group.set_schema_version(kEventSchemaVersion);
  group.set_producer(static_cast<v1::Producer>(header.producer));
  group.set_lane_epoch(header.lane_epoch);
  group.set_producer_sequence(header.producer_sequence);
  group.AppendToString(&bytes_);
}

void GroupEncoder::Add(const Event& event) {
  ++event_count_;
  const HeaderBytes made(event.header, messages_->producer);
  const std::string_view header = made.bytes();
  messages_->WithBody(event.body, [&](const google::protobuf::MessageLite& body, uint32_t number) {
    const size_t body_size = body.ByteSizeLong();
    const uint32_t tag = wire::Tag(number, wire::kBytes);
    const size_t event_size = header.size() + wire::VarintSize(tag) + wire::VarintSize(body_size) + body_size;
    wire::AppendVarint(wire::Tag(kGroupEventsField, wire::kBytes), bytes_);
    wire::AppendVarint(event_size, bytes_);
    bytes_.append(header);
    wire::AppendVarint(tag, bytes_);
    wire::AppendVarint(body_size, bytes_);
    const size_t offset = bytes_.size();
    bytes_.resize(offset + body_size);
    body.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(bytes_.data() + offset));
  });
}

void GroupEncoder::AddEncoded(std::string_view events) {
  ++event_count_;
  bytes_.append(events);
}

struct GroupDecoder::Messages {
  v1::MarketBatch market_batch;
  MarketBatchDecoder market_batch_decoder;
  std::vector<MarketEvent> market_events;
#define SPILLWAY_MEMBER(Struct, accessor) \
  v1::Struct Struct##_;                   \
  Event Struct##Event = {{}, EventBody(std::in_place_type<Struct>)};
  SPILLWAY_EVENT_BODIES(SPILLWAY_MEMBER)
#undef SPILLWAY_MEMBER
};

GroupDecoder::GroupDecoder() : messages_(std::make_unique<Messages>()) {}
GroupDecoder::~GroupDecoder() = default;

absl::Status GroupDecoder::DecodeEvent(std::string_view payload, Producer group_producer,
                                       absl::FunctionRef<void(const Event&)> take) {
  EventHeader header;
  header.producer = group_producer;
  int64_t ingest_delay = 0;
  wire::Field body;
  wire::Reader reader(payload);
  for (wire::Field field; reader.Next(field);) {
    if (field.number >= 20 && field.type == wire::kBytes) {
      if (body.number != 0) {
        return absl::DataLossError(fmt::format("an event with two bodies, {} and {}", body.number, field.number));
      }
      body = field;
    } else {
      SetHeaderField(field, header, ingest_delay);
    }
  }
  if (!reader.ok()) return absl::DataLossError("an event does not parse");
  header.ingest_time = header.event_time + Duration(ingest_delay);

  Messages& m = *messages_;
  const auto damaged = [&] {
    return absl::DataLossError(fmt::format("the event body {} does not parse", body.number));
  };
  const auto parse = [&](google::protobuf::MessageLite& message) {
    return message.ParseFromArray(body.bytes.data(), static_cast<int>(body.bytes.size()));
  };
  switch (body.number) {
    case kMarketBatchField: {
      if (!parse(m.market_batch)) return damaged();
      m.market_events.clear();
      if (absl::Status status = m.market_batch_decoder.Decode(m.market_batch, m.market_events); !status.ok())
        return status;
      Event event{header, MarketBatch{.feed = m.market_batch.feed(),
                                      .epoch = m.market_batch.epoch(),
                                      .previous_row_time = TimeFromNanos(m.market_batch.previous_row_time_ns()),
                                      .events = m.market_events}};
      take(event);
      return absl::OkStatus();
    }
#define SPILLWAY_CASE(Struct, accessor)                                                                     \
  case v1::Event::accessor##FieldNumber: {                                                                  \
    if (!parse(m.Struct##_) || !body_codec::FromProto(m.Struct##_, std::get<Struct>(m.Struct##Event.body))) \
      return damaged();                                                                                     \
    m.Struct##Event.header = header;                                                                        \
    take(m.Struct##Event);                                                                                  \
    return absl::OkStatus();                                                                                \
  }
      SPILLWAY_EVENT_BODIES(SPILLWAY_CASE)
#undef SPILLWAY_CASE
    default:
      ++unknown_bodies_;
      return absl::OkStatus();
  }
}

absl::Status GroupDecoder::Decode(std::string_view bytes, GroupHeader& header,
                                  absl::FunctionRef<void(const Event&)> take) {
  absl::StatusOr<GroupView> group = GroupView::Open(bytes);
  if (!group.ok()) return group.status();
  header = group->header();
  std::string_view encoded, payload;
  while (group->Next(encoded, payload)) {
    if (absl::Status status = DecodeEvent(payload, header.producer, take); !status.ok()) return status;
  }
  if (!group->ok()) return absl::DataLossError("an event group does not parse");
  return absl::OkStatus();
}

absl::StatusOr<GroupView> GroupView::Open(std::string_view bytes) {
  GroupView view;
  view.header_ = {.producer = Producer::kNone, .lane_epoch = 0, .producer_sequence = 0};
  uint64_t schema_version = 0;
  wire::Reader reader(bytes);
  const char* events = bytes.data();
  for (wire::Field field; reader.Next(field); events = reader.position()) {
    if (field.number == kGroupEventsField) break;  // the header's fields come first
    switch (field.number) {
      case 1:
        schema_version = field.value;
        break;
      case 2:
        view.header_.producer = static_cast<Producer>(field.value);
        break;
      case 3:
        view.header_.lane_epoch = static_cast<uint32_t>(field.value);
        break;
      case 4:
        view.header_.producer_sequence = field.value;
        break;
      default:
        break;
    }
  }
  if (!reader.ok()) return absl::DataLossError("an event group does not parse");
  if (schema_version != kEventSchemaVersion) {
    return absl::FailedPreconditionError(fmt::format("event group of schema version {}: this build reads version {}",
                                                     schema_version, kEventSchemaVersion));
  }
  view.events_ = bytes.substr(static_cast<size_t>(events - bytes.data()));
  view.rest_ = view.events_;
  return view;
}

uint32_t BodyField(std::string_view payload) {
  wire::Reader reader(payload);
  for (wire::Field field; reader.Next(field);) {
    if (field.number >= 20 && field.type == wire::kBytes) return field.number;
  }
  return 0;
}

bool GroupView::Next(std::string_view& encoded, std::string_view& payload) {
  wire::Reader reader(rest_);
  wire::Field field;
  while (reader.Next(field)) {
    const auto size = static_cast<size_t>(reader.position() - rest_.data());
    encoded = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (field.number == kGroupEventsField && field.type == wire::kBytes) {
      payload = field.bytes;
      return true;
    }
    reader = wire::Reader(rest_);
  }
  ok_ = reader.ok();
  return false;
}

}  // namespace spillway
