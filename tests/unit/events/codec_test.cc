#include "libs/events/codec.h"

#include "libs/events/text.h"
#include "spillway/v1/event.pb.h"
#include "tests/catch.h"

using namespace spillway;

namespace {

const Time kTime = ParseTime("2025-05-02T13:30:00.250Z").value();
const EventId kId{0x0123456789abcdef, 0xfedcba9876543210};

EventHeader Header(Producer producer) {
  EventHeader header;
  header.producer = producer;
  header.event_time = kTime;
  header.ingest_time = kTime - Duration(1'270'000'000);
  header.instrument = 7;
  header.instance = StrategyInstanceIdOf("ofi-classic@1#1");
  header.correlation = kId;
  header.cause = {.market = {1, 2, 345}, .event = {}, .ordinal = 3};
  return header;
}

// One event of every kind, every field set.
std::vector<Event> AllEvents() {
  const Price price = Price::Parse("9.265").value();
  const Quantity quantity = Quantity::Units(1200);
  const Quote quote{
      .bid = price, .ask = price + Price::FromNanos(10'000'000), .bid_size = quantity, .ask_size = quantity};
  const std::vector<RuleResult> rules = {{.rule = "S0-3.2",
                                          .feature = "bid_ask_ratio(levels=10)",
                                          .gate = false,
                                          .passed = true,
                                          .value = 3.25,
                                          .not_ready = "",
                                          .comparison = Comparison::kGreaterEqual,
                                          .limit = 3,
                                          .points = 3,
                                          .points_max = 3},
                                         {.rule = "S0-4.1",
                                          .feature = "fake_wall",
                                          .gate = true,
                                          .passed = false,
                                          .value = std::nullopt,
                                          .not_ready = "warm_up",
                                          .comparison = Comparison::kIsFalse,
                                          .limit = 0,
                                          .points = 0,
                                          .points_max = 0}};
  InstrumentDefinition definition;
  definition.id = 7;
  definition.symbol = "ACME";
  definition.security_type = SecurityType::kCommon;
  definition.float_shares = Quantity::Units(120'000'000);
  definition.sector = "Tools";
  definition.expiry = kTime;
  definition.strike = price;
  definition.right = "call";
  definition.average_volume = {.sessions = 20, .first_minute = 570, .cumulative = {quantity, quantity}};
  definition.effective_from = kTime;
  definition.effective_to = kTime;
  std::vector<Event> events;
  const auto add = [&](EventBody body) { events.push_back({Header(Producer::kScoring), std::move(body)}); };
  add(definition);
  add(FeedCapabilities{.feed = 1,
                       .name = "sim",
                       .book_levels = 10,
                       .book_full_depth = true,
                       .orders = true,
                       .trades = true,
                       .aggressor_side = true,
                       .change_causes = true,
                       .trade_conditions = true,
                       .receive_times = true,
                       .status = true,
                       .news = true});
  add(SessionState{
      .trading_day = 20250502, .phase = SessionPhase::kRegular, .regular_open = kTime, .regular_close = kTime});
  add(FeedStatus{.feed = 1, .state = FeedState::kLagging, .lag = Duration(600'000'000), .reason = "p95"});
  add(HaltChanged{.status = TradingStatus::kHalted, .reason = "LUDP"});
  add(NewsHeadline{.source = "wire", .headline = "ACME says"});
  add(TradeBust{.trade_id = 9});
  add(TradeCorrection{.trade_id = 9, .price = price, .quantity = quantity});
  add(FeedGap{.feed = 1, .expected = 5, .seen = 8});
  add(UniverseChanged{
      .effective_time = kTime,
      .full = true,
      .cause = "refresh",
      .members = {{.instrument = 7, .included = false, .exclusions = {{"price_min", "9.265", "10.00"}}}}});
  add(ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                           .name = "ofi-classic@1#1",
                           .mode = InstanceMode::kShadow,
                           .effective_time = kTime,
                           .document = std::string("\x0a\x01x", 3)});
  add(ClockTick{.source = TickSource::kHost});
  add(ProcessorVersion{.build = "0.1.0+abc"});
  add(FeatureSetDefined{.version = 2,
                        .specs = {{.kind = FeatureKind::kVwapReclaim,
                                   .levels = 3,
                                   .window = Duration(3),
                                   .threshold = 1.5,
                                   .hold = Duration(4),
                                   .surge = 2,
                                   .below_for = Duration(5),
                                   .minimum = 6}}});
  add(FeatureSnapshot{.feature_set = 2,
                      .boundary = true,
                      .book = BookCondition::kLocked,
                      .triggered = {5},
                      .quote = quote,
                      .bid_low = price - Price::FromNanos(5),
                      .bid_high = price,
                      .ask_low = price,
                      .ask_high = price,
                      .last_price = price,
                      .values = {{.value = 1.25}, {.value = 0, .not_ready = NotReady::kWarmUp}}});
  add(UniverseInputs{.price = price,
                     .spread_median = price,
                     .relative_volume = 2.5,
                     .relative_volume_reason = "r",
                     .trading_status = TradingStatus::kTrading,
                     .cause = "refresh",
                     .last_of_refresh = true});
  add(DetectorFired{
      .detector = DetectorKind::kFakeWall, .active = true, .side = Side::kBid, .price = price, .seen = 1, .limit = 2});
  add(MarketContext{.rows = {{.instrument = 7, .book = 1, .quote = quote, .last_price = price},
                             {.instrument = 8, .book = 0, .quote = quote, .last_price = {}}}});
  add(Signal{.side = Side::kBid,
             .accepted = true,
             .score = 8,
             .threshold = 7.5,
             .rules = rules,
             .inputs = {kId},
             .quote = quote});
  add(SignalCancelled{.signal = kId, .rule = CancelRule::kTapeSlowdown, .seen = 1, .limit = 2});
  add(TradeIntent{.signal = kId,
                  .side = Side::kBid,
                  .entry = price,
                  .stop = price,
                  .target = price,
                  .spread = price,
                  .quantity_max = quantity,
                  .expires = kTime,
                  .score = 8,
                  .threshold = 7.5,
                  .shadow = true});
  add(RiskDecision{.intent = kId,
                   .approved = true,
                   .rule = RefusalRule::kAlertsPerHour,
                   .seen = 1,
                   .limit = 2,
                   .unit = "s",
                   .quantity = quantity,
                   .binding_cap = SizeCap::kShares,
                   .risk = Money::FromE8(5),
                   .route = Route::kAlert,
                   .low_confidence = true});
  add(TradingState{.paused = true, .scope = PauseScope::kGlobal, .cause = "news", .until = kTime});
  add(Alert{.intent = kId,
            .signal = kId,
            .side = Side::kBid,
            .entry = price,
            .stop = price,
            .target = price,
            .spread = price,
            .quantity = quantity,
            .binding_cap = SizeCap::kRisk,
            .risk = Money::FromE8(5),
            .reward_net = Money::FromE8(6),
            .reward_to_risk_net = 1.9,
            .score = 8,
            .threshold = 7.5,
            .rules = rules,
            .triggered = kTime,
            .expires = kTime,
            .low_confidence = true,
            .shadow = true});
  add(AlertUpdate{.alert = kId, .kind = AlertUpdateKind::kExpired, .reason = "r"});
  add(AlertReceipt{.alert = kId, .channel = "terminal", .state = ReceiptState::kDelivered, .detail = "d"});
  add(OutcomeLabelled{.intent = kId,
                      .label = OutcomeLabel::kTarget,
                      .entered = kTime,
                      .exited = kTime,
                      .entry_price = price,
                      .exit_price = price,
                      .quantity = quantity,
                      .profit_net = Money::FromE8(-5),
                      .r_multiple = 2,
                      .return_net_percent = 0.5,
                      .mae = price,
                      .mfe = price,
                      .score = 8,
                      .shadow = true});
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
  CHECK(events.size() == std::variant_size_v<EventBody> - 2);  // all but monostate and MarketBatch
  const std::string bytes = Encode(events);
  GroupDecoder decoder;
  GroupHeader header;
  std::vector<Event> decoded;
  REQUIRE(decoder.Decode(bytes, header, [&](const Event& event) { decoded.push_back(event); }).ok());
  CHECK(header.producer == Producer::kScoring);
  CHECK(header.producer_sequence == 42);
  REQUIRE(decoded.size() == events.size());
  CHECK(Encode(decoded) == bytes);
  NameTable names;
  for (size_t i = 0; i < events.size(); ++i) {
    CHECK(ToText(decoded[i], names) == ToText(events[i], names));
    CHECK(decoded[i].header.id() == events[i].header.id());
    CHECK(decoded[i].header.ingest_time == events[i].header.ingest_time);
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
  std::vector<Event> decoded;
  REQUIRE(
      decoder.Decode(group.SerializeAsString(), header, [&](const Event& event) { decoded.push_back(event); }).ok());
  CHECK(Encode(decoded) == Encode(events));
}

TEST_CASE("codec: an event passed on keeps its own producer", "[events]") {
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kMetrics, .producer_sequence = 1});
  encoder.Add({Header(Producer::kIngest), HaltChanged{.status = TradingStatus::kHalted, .reason = "T1"}});
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
