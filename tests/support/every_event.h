// One event of every kind, every field set to a value of its own: so that no field can be lost or swapped unseen.
// The golden bytes of released messages decode to these (tests/schemas): a field that is added here is cleared again
// for the revisions that did not have it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/events/event.h"

namespace spillway::test {

inline const Time kEveryTime = ParseTime("2025-05-02T13:30:00.250Z").value();
inline constexpr EventId kEveryId{0x0123456789abcdef, 0xfedcba9876543210};

inline Time EveryTime(int64_t nanos) {
  return kEveryTime + Duration(nanos);
}
inline Price EveryPrice(int64_t nanos) {
  return Price::FromNanos(9'265'000'000 + nanos);
}
inline Quantity EveryQuantity(int64_t e8) {
  return Quantity::FromE8(120'000'000'000 + e8);
}
inline EventId EveryId(uint64_t low) {
  return {kEveryId.high, low};
}

inline EventHeader EveryHeader(Producer producer) {
  EventHeader header;
  header.producer = producer;
  header.event_time = kEveryTime;
  header.ingest_time = kEveryTime - Duration(1'270'000'000);
  header.instrument = 7;
  header.instance = StrategyInstanceIdOf("ofi-classic@1#1");
  header.correlation = kEveryId;
  header.cause = {.market = {1, 2, 345}, .event = {}, .ordinal = 3};
  return header;
}

inline Quote EveryQuote() {
  return {
      .bid = EveryPrice(0), .ask = EveryPrice(10'000'000), .bid_size = EveryQuantity(1), .ask_size = EveryQuantity(2)};
}

inline std::vector<RuleResult> EveryRules() {
  return {{.rule = "S0-3.2",
           .feature = "bid_ask_ratio(levels=10)",
           .gate = false,
           .passed = true,
           .value = 3.25,
           .not_ready = "",
           .comparison = Comparison::kGreaterEqual,
           .limit = 3,
           .points = 2.5,
           .points_max = 4},
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
}

inline AccountTrade EveryAccountTrade() {
  return {.intent = EveryId(1),
          .state = AccountTradeState::kClosed,
          .side = Side::kAsk,
          .price = EveryPrice(1),
          .quantity = EveryQuantity(2),
          .profit_gross = Money::FromE8(3),
          .profit_net = Money::FromE8(-4),
          .r_multiple = -1.5,
          .reason = "stop"};
}

inline InstrumentDefinition EveryInstrumentDefinition() {
  InstrumentDefinition definition;
  definition.id = 7;
  definition.symbol = "ACME";
  definition.venue = "XNAS";
  definition.asset_class = AssetClass::kOption;
  definition.currency = "EUR";
  definition.tick = Price::FromNanos(100'000);
  definition.tick_bands = {{.from_price = Price::FromNanos(1'000'000'000), .tick = Price::FromNanos(10'000'000)},
                           {.from_price = Price::FromNanos(3'000'000'000), .tick = Price::FromNanos(50'000'000)}};
  definition.lot = Quantity::Units(40);
  definition.terms = {.multiplier = Quantity::Units(50), .inverse = true};
  definition.security_type = SecurityType::kAdr;
  definition.float_shares = Quantity::Units(120'000'000);
  definition.sector = "Tools";
  definition.underlying = "ACMEX";
  definition.expiry = EveryTime(1);
  definition.strike = EveryPrice(2);
  definition.right = OptionRight::kPut;
  definition.average_volume = {.sessions = 20, .first_minute = 570, .cumulative = {EveryQuantity(3), EveryQuantity(4)}};
  definition.effective_from = EveryTime(5);
  definition.effective_to = EveryTime(6);
  definition.exchange = "NASDAQ";
  definition.lists = {"XBI", "IBB"};
  return definition;
}

// A batch in which every kind, side, cause, flag and column is in use: rows of two instruments, a skipped position, a
// price off the cent, ingest times before and after the event times, and clock ticks between rows.
inline std::vector<MarketEvent> EveryMarketEvent() {
  std::vector<MarketEvent> events;
  const auto row = [&](Time time, Duration delay, uint64_t position, InstrumentId instrument) {
    MarketEvent event;
    event.event_time = time;
    event.ingest_time = time + delay;
    event.position = position;
    if (!events.empty() && FloorTo(time, kTickPeriod) > events.back().event_time) {
      event.kind = MarketEventKind::kTick;
      event.event_time = FloorTo(time, kTickPeriod);
      events.push_back(event);
      event.event_time = time;
    }
    event.instrument = instrument;
    event.flags = MarketEventFlags::kRowStart;
    return event;
  };
  const auto add = [&](MarketEvent& event, MarketEventKind kind, Side side, Cause cause, Price price, Quantity quantity,
                       uint8_t flags) {
    event.kind = kind;
    event.side = side;
    event.cause = cause;
    event.price = price;
    event.quantity = quantity;
    event.flags = static_cast<uint8_t>((event.flags & MarketEventFlags::kRowStart) | flags);
    events.push_back(event);
    event.flags = 0;
  };
  using Kind = MarketEventKind;
  using Flags = MarketEventFlags;
  const auto cents = [](int64_t count) { return Price::FromNanos(count * 10'000'000); };
  const auto shares = [](int64_t count) { return Quantity::Units(count); };

  MarketEvent event = row(EveryTime(0), Duration(1'500), 100, 7);
  add(event, Kind::kClear, Side::kNone, Cause::kSnapshot, {}, {}, 0);
  add(event, Kind::kLevel, Side::kBid, Cause::kAdd, cents(926), shares(300), 0);
  add(event, Kind::kLevel, Side::kAsk, Cause::kCancel, cents(927), shares(200), 0);
  add(event, Kind::kLevel, Side::kAsk, Cause::kWindow, cents(930), {}, Flags::kEndOfEvent);
  event = row(EveryTime(20'000'000), Duration(-2'500), 101, 8);
  add(event, Kind::kTop, Side::kBid, Cause::kReplace, Price::FromNanos(9'265'500'000), Quantity::FromE8(150'000'000),
      0);
  add(event, Kind::kNone, Side::kNone, Cause::kUnknown, {}, {}, Flags::kEndOfEvent);
  event = row(EveryTime(90'000'000), Duration(-2'500), 105, 7);
  event.reference = 0x8000000000000001;
  event.conditions = 0xC0000021;
  event.venue = 0xFFFE;
  add(event, Kind::kTrade, Side::kBid, Cause::kExecute, cents(927), shares(100), Flags::kEligible | Flags::kEndOfEvent);
  add(event, Kind::kTrade, Side::kAsk, Cause::kUnknown, cents(926), shares(30), Flags::kHidden | Flags::kUpdatesVolume);
  add(event, Kind::kTrade, Side::kNone, Cause::kUnknown, cents(925), shares(3),
      Flags::kOddLot | Flags::kUpdatesHighLow);
  add(event, Kind::kTrade, Side::kNone, Cause::kUnknown, cents(928), shares(9), Flags::kCross | Flags::kUpdatesLast);
  event = row(EveryTime(310'000'000), Duration(7'000), 106, 8);
  event.reference = 4'711;
  add(event, Kind::kOrderAdd, Side::kBid, Cause::kAdd, cents(920), shares(500), 0);
  add(event, Kind::kOrderModify, Side::kBid, Cause::kReplace, cents(921), shares(400), 0);
  add(event, Kind::kOrderFill, Side::kBid, Cause::kExecute, cents(921), shares(100), 0);
  add(event, Kind::kOrderCancel, Side::kBid, Cause::kExecute, cents(921), shares(100), Flags::kEndOfEvent);
  event = row(EveryTime(310'000'000), Duration(7'000), 107, 8);
  event.level = 1;
  add(event, Kind::kLevelInsert, Side::kAsk, Cause::kUnknown, cents(940), shares(10), 0);
  event.level = 2;
  add(event, Kind::kLevelUpdate, Side::kAsk, Cause::kUnknown, cents(941), shares(11), 0);
  event.level = 255;
  add(event, Kind::kLevelDelete, Side::kAsk, Cause::kUnknown, {}, {}, Flags::kEndOfEvent);
  return events;
}
inline MarketBatch EveryMarketBatch() {
  static const std::vector<MarketEvent> events = EveryMarketEvent();
  return {.feed = 3, .epoch = 2, .previous_row_time = EveryTime(-1'000), .events = events};
}

inline std::vector<EventBody> EveryMarketLaneBody() {
  return {
      EveryInstrumentDefinition(),
      EveryMarketBatch(),
      FeedCapabilities{.feed = 1,
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
                       .news = true,
                       .lines = 100,
                       .depth_books = 3,
                       .tick_streams = 5,
                       .messages_per_second = 50,
                       .book_by_position = true,
                       .venue_vwap = true},
      SessionState{.trading_day = 20250502,
                   .phase = SessionPhase::kAfterHours,
                   .regular_open = EveryTime(1),
                   .regular_close = EveryTime(2)},
      FeedStatus{.feed = 1, .state = FeedState::kLagging, .lag = Duration(-600'000'000), .reason = "p95"},
      HaltChanged{.status = TradingStatus::kPaused, .reason = "LUDP"},
      NewsHeadline{.source = "wire", .headline = "ACME says"},
      TradeBust{.trade_id = 0xFFFFFFFFFFFFFFF9},
      TradeCorrection{.trade_id = 9, .price = EveryPrice(1), .quantity = EveryQuantity(2)},
      FeedGap{.feed = 1, .expected = 5, .seen = 8},
      UniverseChanged{
          .effective_time = EveryTime(1),
          .full = true,
          .cause = "refresh",
          .members = {{.instrument = 6, .included = true, .exclusions = {}},
                      {.instrument = 7,
                       .included = false,
                       .exclusions = {{"price_min", "9.265", "10.00"}, {"float_unknown", "unknown", "known"}}}}},
      ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                           .name = "ofi-classic@1#1",
                           .mode = InstanceMode::kShadow,
                           .effective_time = EveryTime(1),
                           .document = std::string("\x0a\x01\x00x", 4)},
      ClockTick{.source = TickSource::kHost},
      ProcessorVersion{.build = "0.1.0+abc"},
      SubscriptionChanged{
          .feed = 1,
          .effective_time = EveryTime(1),
          .subscriptions = {{.instrument = 7, .line = true, .depth = true, .tick_stream = true, .reason = "score"}}},
  };
}

inline std::vector<EventBody> EveryFeaturesLaneBody() {
  FeatureSetDefined features{.version = 2, .specs = {}};
  for (uint8_t kind = 1; kind <= static_cast<uint8_t>(kLastFeatureKind); ++kind) {
    features.specs.push_back({.kind = static_cast<FeatureKind>(kind),
                              .levels = 10u + kind,
                              .window = Duration(1'000 + kind),
                              .threshold = 1.5 + kind,
                              .hold = Duration(2'000 + kind),
                              .surge = 2.25 + kind,
                              .below_for = Duration(3'000 + kind),
                              .minimum = 6.125 + kind,
                              .mirrored = true,
                              .venue = true});
  }
  FeatureSnapshot snapshot{.feature_set = 2,
                           .boundary = true,
                           .book = BookCondition::kLocked | BookCondition::kStale,
                           .top_only = true,
                           .triggered = {5, 0xFFFFFFFFFFFFFFF6},
                           .quote = EveryQuote(),
                           .bid_low = EveryPrice(-5),
                           .bid_high = EveryPrice(6),
                           .ask_low = EveryPrice(10'000'000 - 7),
                           .ask_high = EveryPrice(10'000'000 + 8),
                           .last_price = EveryPrice(9),
                           .values = {{.value = 1.25}}};
  for (uint8_t reason = 1; reason <= static_cast<uint8_t>(NotReady::kNoWall); ++reason)
    snapshot.values.push_back({.value = -0.5 * reason, .not_ready = static_cast<NotReady>(reason)});
  return {
      features,
      snapshot,
      UniverseInputs{.price = EveryPrice(1),
                     .spread_median = Price::FromNanos(30'000'000),
                     .relative_volume = 2.5,
                     .relative_volume_reason = "r",
                     .trading_status = TradingStatus::kTrading,
                     .cause = "refresh",
                     .last_of_refresh = true},
      DetectorFired{.detector = DetectorKind::kBidReplenishment,
                    .active = true,
                    .side = Side::kAsk,
                    .price = EveryPrice(1),
                    .seen = 1.5,
                    .limit = 2.5},
  };
}

inline Alert EveryAlert() {
  return {.intent = EveryId(1),
          .signal = EveryId(2),
          .side = Side::kAsk,
          .entry = EveryPrice(1),
          .stop = EveryPrice(2),
          .target = EveryPrice(3),
          .spread = EveryPrice(4),
          .quantity = EveryQuantity(5),
          .binding_cap = SizeCap::kLiquidity,
          .risk = Money::FromE8(6),
          .reward_net = Money::FromE8(-7),
          .reward_to_risk_net = 1.9,
          .score = 8,
          .threshold = 7.5,
          .rules = EveryRules(),
          .triggered = EveryTime(8),
          .expires = EveryTime(9),
          .low_confidence = true,
          .shadow = true,
          .record = {.trades = 10, .wins = 6, .sum_r = 2.5},
          .stage = "shadow",
          .route = Route::kConfirm,
          .risk_percent = 0.25,
          .warnings = {"ceiling"}};
}

inline std::vector<EventBody> EveryTradingLaneBody() {
  return {
      MarketContext{.rows = {{.instrument = 7, .book = 1, .quote = EveryQuote(), .last_price = EveryPrice(3)},
                             {.instrument = 8, .book = 0, .quote = EveryQuote(), .last_price = {}}}},
      Signal{.side = Side::kAsk,
             .accepted = true,
             .score = 8,
             .threshold = 7.5,
             .rules = EveryRules(),
             .inputs = {EveryId(1), EveryId(2)},
             .quote = EveryQuote(),
             .preview = true,
             .entry = EveryPrice(3),
             .stop = EveryPrice(4),
             .target = EveryPrice(5),
             .expires = EveryTime(6)},
      SignalCancelled{
          .signal = EveryId(1), .rule = CancelRule::kTapeSlowdown, .seen = 1.5, .limit = 2.5, .condition = "S1-I2.1"},
      TradeIntent{.signal = EveryId(1),
                  .side = Side::kAsk,
                  .entry = EveryPrice(1),
                  .stop = EveryPrice(2),
                  .target = EveryPrice(3),
                  .spread = EveryPrice(4),
                  .quantity_max = EveryQuantity(5),
                  .expires = EveryTime(6),
                  .score = 8,
                  .threshold = 7.5,
                  .shadow = true,
                  .minute_volume = EveryQuantity(7),
                  .parent = EveryId(8)},
      RiskDecision{
          .intent = EveryId(1),
          .approved = true,
          .rule = RefusalRule::kAlertsPerWindow,
          .seen = 1.5,
          .limit = 2.5,
          .unit = "alerts",
          .quantity = EveryQuantity(2),
          .binding_cap = SizeCap::kShares,
          .risk = Money::FromE8(3),
          .route = Route::kConfirm,
          .low_confidence = true,
          .detail = "S1-B10.1",
          .stage = "micro",
          .record = {.trades = 30, .wins = 18, .sum_r = -0.5},
          .risk_percent = 0.25,
          .warnings = {"ceiling"},
          .caps =
              {{.cap = SizeCap::kShares, .quantity = EveryQuantity(3), .used = 4.5, .limit = 5.5, .unit = "shares"}},
          .stop = EveryPrice(6)},
      TradingState{.paused = true, .scope = PauseScope::kGlobal, .cause = "news", .until = EveryTime(1)},
      EveryAlert(),
      AlertUpdate{.alert = EveryId(1), .kind = AlertUpdateKind::kExpired, .reason = "r"},
      AlertReceipt{.alert = EveryId(1),
                   .channel = "terminal",
                   .state = ReceiptState::kSuppressed,
                   .detail = "d",
                   .delivery = "e",
                   .update = AlertUpdateKind::kCancelled,
                   .attempt = 2,
                   .message_id = "m",
                   .latency = Duration(7),
                   .possibly_repeated = true},
      OutcomeLabelled{.intent = EveryId(1),
                      .label = OutcomeLabel::kStop,
                      .entered = EveryTime(1),
                      .exited = EveryTime(2),
                      .entry_price = EveryPrice(3),
                      .exit_price = EveryPrice(4),
                      .quantity = EveryQuantity(5),
                      .profit_net = Money::FromE8(-6),
                      .r_multiple = -1.25,
                      .return_net_percent = 0.5,
                      .mae = Price::FromNanos(7),
                      .mfe = Price::FromNanos(8),
                      .score = 8.5,
                      .shadow = true,
                      .near_miss = true,
                      .side = Side::kAsk,
                      .profit_gross = Money::FromE8(-5)},
      AccountSnapshot{.kind = AccountKind::kBroker,
                      .trading_day = 20250502,
                      .equity = Money::FromE8(1),
                      .cash = Money::FromE8(2),
                      .settled_cash = Money::FromE8(3),
                      .day_profit = Money::FromE8(-4),
                      .day_drawdown = Money::FromE8(5),
                      .week_profit = Money::FromE8(6),
                      .month_drawdown = Money::FromE8(7),
                      .open_positions = 8,
                      .trades_today = 9,
                      .risk_percent = 0.25,
                      .stage = "full",
                      .warnings = {"ceiling"},
                      .trade = EveryAccountTrade(),
                      .record = {.trades = 3, .wins = 2, .sum_r = 1.25},
                      .unsettled = {{Money::FromE8(11), 20250505}},
                      .month_peak = Money::FromE8(12),
                      .day_trades = {20250501, 20250502},
                      .stage_record = {.trades = 2, .wins = 1, .sum_r = 0.5},
                      .stage_aborted = true},
      RejectionSummary{.from = EveryTime(1),
                       .rows = {{.instrument = 7, .rule = "S0-3.2", .count = 4, .best_score = 7}}},
      ExitSignal{.intent = EveryId(1), .reason = "reason 2"},
      OrderCommand{.kind = OrderCommandKind::kQuery,
                   .intent = EveryId(4),
                   .order = EveryId(5),
                   .tickets = {OrderTicket{.order = EveryId(6),
                                           .role = OrderRole::kExit,
                                           .side = Side::kAsk,
                                           .type = OrderType::kStopLimit,
                                           .time_in_force = TimeInForce::kFok,
                                           .quantity = EveryQuantity(11),
                                           .limit = EveryPrice(12),
                                           .stop = EveryPrice(13),
                                           .trail = EveryPrice(14),
                                           .reduce_only = true,
                                           .extended_hours = true}},
                   .expires = EveryTime(17),
                   .since = EveryTime(18),
                   .reason = "reason 19"},
      OrderEvent{.order = EveryId(20),
                 .intent = EveryId(21),
                 .role = OrderRole::kFlatten,
                 .previous = OrderState::kPendingReplace,
                 .state = OrderState::kUnknown,
                 .trigger = OrderTrigger::kNotFound,
                 .side = Side::kAsk,
                 .type = OrderType::kStopLimit,
                 .time_in_force = TimeInForce::kFok,
                 .quantity = EveryQuantity(29),
                 .filled = EveryQuantity(30),
                 .filled_notional = Money::FromE8(3150),
                 .fees = Money::FromE8(3250),
                 .limit = EveryPrice(33),
                 .stop = EveryPrice(34),
                 .execution_id = "execution_id 35",
                 .last_price = EveryPrice(36),
                 .last_quantity = EveryQuantity(37),
                 .last_fee = Money::FromE8(3850),
                 .maker = true,
                 .broker_time = EveryTime(40),
                 .latency = Duration(4100),
                 .slippage_decision_bps = 42.25,
                 .slippage_arrival_bps = 43.25,
                 .intent_open = EveryQuantity(44),
                 .parent = EveryId(45),
                 .attempt = 46,
                 .reason = "reason 47",
                 .rule = "rule 48",
                 .broker_order_id = "broker_order_id 49"},
      BrokerReport{.kind = BrokerReportKind::kClock,
                   .client_order_id = "client_order_id 51",
                   .broker_order_id = "broker_order_id 52",
                   .replaces = "replaces 53",
                   .execution_id = "execution_id 54",
                   .side = Side::kAsk,
                   .price = EveryPrice(56),
                   .quantity = EveryQuantity(57),
                   .cumulative = EveryQuantity(58),
                   .leaves = EveryQuantity(59),
                   .fee = Money::FromE8(6050),
                   .maker = true,
                   .state = OrderState::kUnknown,
                   .broker_time = EveryTime(63),
                   .latency = Duration(6400),
                   .clock_skew = Duration(6500),
                   .code = "code 66",
                   .reason = "reason 67"},
      PositionSnapshot{.kind = AccountKind::kBroker,
                       .quantity = EveryQuantity(69),
                       .cost = Money::FromE8(7050),
                       .realized_gross = Money::FromE8(7150),
                       .fees = Money::FromE8(7250),
                       .cash_flow = Money::FromE8(7350),
                       .trade = EveryAccountTrade(),
                       .account_quantity = EveryQuantity(74),
                       .account_cash_flow = Money::FromE8(7550),
                       .stop = EveryPrice(76),
                       .protected_quantity = EveryQuantity(77)},
      AdminCommand{.kind = AdminCommandKind::kResume,
                   .intent = EveryId(79),
                   .flatten = true,
                   .account = "account 81",
                   .by = "by 82",
                   .reason = "reason 83"},
      Reconciliation{.kind = DifferenceKind::kCash,
                     .repair = Repair::kShown,
                     .resolved = true,
                     .order = EveryId(87),
                     .client_order_id = "client_order_id 88",
                     .execution_id = "execution_id 89",
                     .symbol = "symbol 90",
                     .ours = EveryQuantity(91),
                     .brokers = EveryQuantity(92),
                     .price = EveryPrice(93),
                     .differences = 94,
                     .unresolved = 95,
                     .detail = "detail 96"},
      BrokerSnapshot{.broker = "broker 97",
                     .account = "account 98",
                     .live = true,
                     .as_of = EveryTime(100),
                     .cash = Money::FromE8(10150),
                     .equity = Money::FromE8(10250),
                     .buying_power = Money::FromE8(10350),
                     .settled_cash = Money::FromE8(10450),
                     .executions_since = EveryTime(105),
                     .orders = {BrokerSnapshot::Order{.client_order_id = "client_order_id 106",
                                                      .broker_order_id = "broker_order_id 107",
                                                      .instrument = 108,
                                                      .symbol = "symbol 109",
                                                      .side = Side::kAsk,
                                                      .type = OrderType::kStopLimit,
                                                      .quantity = EveryQuantity(112),
                                                      .filled = EveryQuantity(113),
                                                      .limit = EveryPrice(114),
                                                      .stop = EveryPrice(115),
                                                      .state = OrderState::kUnknown}},
                     .positions = {BrokerSnapshot::Position{.instrument = 117,
                                                            .symbol = "symbol 118",
                                                            .quantity = EveryQuantity(119),
                                                            .average_price = EveryPrice(120)}},
                     .executions = {BrokerSnapshot::Execution{.execution_id = "execution_id 121",
                                                              .client_order_id = "client_order_id 122",
                                                              .broker_order_id = "broker_order_id 123",
                                                              .instrument = 124,
                                                              .symbol = "symbol 125",
                                                              .side = Side::kAsk,
                                                              .price = EveryPrice(127),
                                                              .quantity = EveryQuantity(128),
                                                              .fee = Money::FromE8(12950),
                                                              .time = EveryTime(130)}}},
      KillSwitchChanged{.active = true,
                        .flatten = true,
                        .cause = "cause 133",
                        .seen = 134.25,
                        .limit = 135.25,
                        .unit = "unit 136",
                        .by = "by 137",
                        .reason = "reason 138"},
      FlattenProgress{
          .stage = FlattenStage::kDone,
          .cause = "cause 140",
          .orders_open = 141,
          .positions = {FlattenProgress::Row{.instrument = 142, .quantity = EveryQuantity(143), .halted = true}},
          .cancels_only = true},
      OrderIncident{.kind = IncidentKind::kRepeatedDiffers,
                    .order = EveryId(147),
                    .client_order_id = "client_order_id 148",
                    .state = OrderState::kPendingReplace,
                    .trigger = OrderTrigger::kRefused,
                    .execution_id = "execution_id 151",
                    .detail = "detail 152",
                    .pauses = true},
  };
}

// One body of every kind, in the order of the lanes.
inline std::vector<EventBody> EveryBody() {
  std::vector<EventBody> bodies;
  for (auto* lane : {&EveryMarketLaneBody, &EveryFeaturesLaneBody, &EveryTradingLaneBody}) {
    for (EventBody& body : (*lane)()) bodies.push_back(std::move(body));
  }
  return bodies;
}

}  // namespace spillway::test
