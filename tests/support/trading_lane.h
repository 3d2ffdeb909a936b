// Writes the trading lane by hand, and reads what a processor answered as bytes and as text. Times are New York
// wall-clock on 2025-05-02 (UTC-4).
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/persist.h"
#include "libs/runtime/processor.h"
#include "tests/catch.h"
#include "tests/support/collecting_sink.h"

namespace spillway {

// For comparing outputs byte by byte.
template <class Archive>
void PersistFields(Archive& a, TradingState& v) {
  a(v.paused, v.scope, v.cause, v.until);
}
template <class Archive>
void PersistFields(Archive& a, AccountSnapshot& v) {
  a(v.kind, v.trading_day, v.equity, v.cash, v.settled_cash, v.day_profit, v.day_drawdown, v.week_profit,
    v.month_drawdown, v.open_positions, v.trades_today, v.risk_percent, v.stage, v.warnings, v.trade, v.record,
    v.unsettled, v.month_peak, v.day_trades, v.stage_record, v.stage_aborted);
}
template <class Archive>
void PersistFields(Archive& a, AlertUpdate& v) {
  a(v.alert, v.kind, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, AlertReceipt& v) {
  a(v.alert, v.channel, v.state, v.detail, v.delivery, v.update, v.attempt, v.message_id, v.latency,
    v.possibly_repeated);
}

namespace test {

// "09:30", "10:09:59.999" in New York on 2025-05-02.
inline Time NewYork(std::string_view clock) {
  std::string text(clock);
  if (text.size() == 5) text += ":00";
  const absl::StatusOr<Time> time = ParseTime("2025-05-02T" + text + "Z");
  INFO(clock);
  REQUIRE(time.ok());
  return *time + std::chrono::hours(4);
}
inline std::string Clock(Time time) {
  return FormatTimeOfDay(time - std::chrono::hours(4), 3);
}

inline Price Usd(double price) {
  return Price::FromNanos(std::llround(price * 1e9));
}

struct IntentFields {
  InstrumentId instrument = 1;
  double entry = 20.00;
  double stop = 19.88;
  double target = 20.24;
  double score = 10;
  Side side = Side::kBid;
  std::optional<int64_t> quantity_max = std::nullopt;
  std::string_view instance = "classic#1";
  bool shadow = false;
  std::optional<int64_t> minute_volume = 100'000;
};

class TradingLane {
 public:
  TradingLane& At(std::string_view clock) { return At(NewYork(clock)); }
  TradingLane& At(Time time) {
    now_ = time;
    return *this;
  }
  Time now() const { return now_; }

  // An event that scoring passes on or makes, caused by the next market event.
  Event Make(EventBody body, InstrumentId instrument = 0, StrategyInstanceId instance = 0,
             Producer producer = Producer::kScoring) {
    Event event;
    event.header.producer = producer;
    event.header.event_time = now_;
    event.header.ingest_time = now_ + std::chrono::milliseconds(3);
    event.header.instrument = instrument;
    event.header.instance = instance;
    event.header.cause.market = {.feed = 1, .epoch = 1, .position = ++position_};
    event.body = std::move(body);
    return event;
  }

  Event Define(InstrumentId id, std::string symbol, ContractTerms terms = {}) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = std::move(symbol);
    definition.terms = terms;
    return Make(definition, id);
  }
  Event Configure(const v1::Profile& profile, std::string_view name = "classic#1",
                  InstanceMode mode = InstanceMode::kActive, Time effective = Time()) {
    ConfigurationVersion version;
    version.name = name;
    version.mode = mode;
    version.effective_time = effective;
    version.document = profile::SerializeDeterministic(profile);
    return Make(version, 0, StrategyInstanceIdOf(name));
  }
  Event Session(std::string_view open = "09:30", std::string_view close = "16:00", int32_t day = 20250502) {
    return Make(SessionState{.trading_day = day,
                             .phase = SessionPhase::kRegular,
                             .regular_open = NewYork(open),
                             .regular_close = NewYork(close)});
  }
  Event Feed(FeedState state, uint32_t feed = 1) {
    FeedStatus status;
    status.feed = feed;
    status.state = state;
    return Make(status);
  }
  Event Halt(InstrumentId instrument, TradingStatus status) {
    return Make(HaltChanged{.status = status, .reason = "LUDP"}, instrument);
  }
  Event News(InstrumentId instrument) {
    return Make(NewsHeadline{.source = "wire", .headline = "something happened"}, instrument);
  }
  Event Tick() { return Make(ClockTick{}); }
  Event Mark(InstrumentId instrument, double bid, double ask, uint8_t book = 0, int64_t bid_size = 5000,
             int64_t ask_size = 4000) {
    MarketContext context;
    context.rows.push_back({.instrument = instrument,
                            .book = book,
                            .quote = {Usd(bid), Usd(ask), Quantity::Units(bid_size), Quantity::Units(ask_size)},
                            .last_price = std::nullopt});
    return Make(context);
  }
  Event Accepted(const IntentFields& fields) {
    Signal signal;
    signal.side = fields.side;
    signal.accepted = true;
    signal.score = fields.score;
    signal.threshold = 7.5;
    signal.rules.push_back({.rule = "S0-3.1",
                            .feature = "spread",
                            .gate = false,
                            .passed = true,
                            .value = 0.03,
                            .not_ready = "",
                            .comparison = Comparison::kLessEqual,
                            .limit = 0.03,
                            .points = 2,
                            .points_max = 2});
    return Make(signal, fields.instrument, StrategyInstanceIdOf(fields.instance));
  }
  Event Intent(const IntentFields& fields, const EventId& signal = EventId{1, 1}) {
    TradeIntent intent;
    intent.signal = signal;
    intent.side = fields.side;
    intent.entry = Usd(fields.entry);
    intent.stop = Usd(fields.stop);
    intent.target = Usd(fields.target);
    intent.spread = Usd(0.03);
    if (fields.quantity_max) intent.quantity_max = Quantity::Units(*fields.quantity_max);
    intent.expires = now_ + std::chrono::seconds(60);
    intent.score = fields.score;
    intent.threshold = 7.5;
    intent.shadow = fields.shadow;
    if (fields.minute_volume) intent.minute_volume = Quantity::Units(*fields.minute_volume);
    Event event = Make(intent, fields.instrument, StrategyInstanceIdOf(fields.instance));
    event.header.correlation = event.header.cause.id();
    if (signal != EventId{1, 1}) event.header.cause = {.market = {}, .event = signal, .ordinal = 0};
    return event;
  }
  Event Cancel(const Event& signal, CancelRule rule = CancelRule::kSpreadBlowOut) {
    SignalCancelled cancelled{.signal = signal.header.id(), .rule = rule, .seen = 0.05, .limit = 0.03};
    return Make(cancelled, signal.header.instrument, signal.header.instance);
  }

 private:
  Time now_ = NewYork("09:30");
  uint64_t position_ = 0;
};

inline std::string Bytes(const std::vector<Event>& events) {
  runtime::StateWriter writer;
  for (const Event& event : events) {
    writer(event.header, static_cast<uint32_t>(event.body.index()));
    std::visit(
        [&](const auto& body) {
          using Body = std::decay_t<decltype(body)>;
          if constexpr (requires(Body & b) { PersistFields(writer, b); }) writer(body);
        },
        event.body);
  }
  return writer.Take();
}

inline std::vector<Event> OfInstance(const std::vector<Event>& events, std::string_view instance) {
  std::vector<Event> chosen;
  for (const Event& event : events) {
    if (event.header.instance == StrategyInstanceIdOf(instance)) chosen.push_back(event);
  }
  return chosen;
}

template <class Processor>
std::vector<Event> Play(const std::vector<Event>& lane) {
  Processor processor;
  CollectingSink sink;
  for (const Event& event : lane) processor.Process(event, sink);
  return sink.events;
}

// Saves and restores into a new processor after every single event.
template <class Processor>
std::vector<Event> PlayRestoring(const std::vector<Event>& lane) {
  auto processor = std::make_unique<Processor>();
  CollectingSink sink;
  for (const Event& event : lane) {
    processor->Process(event, sink);
    runtime::StateWriter saved;
    processor->Save(saved);
    auto next = std::make_unique<Processor>();
    runtime::StateReader reader(saved.bytes());
    REQUIRE(next->Restore(reader).ok());
    REQUIRE(reader.Finish().ok());
    runtime::StateWriter again;
    next->Save(again);
    REQUIRE(again.bytes() == saved.bytes());
    processor = std::move(next);
  }
  return sink.events;
}

}  // namespace test
}  // namespace spillway
