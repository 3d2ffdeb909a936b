// From intent to order command: risk decides, oms commands, all encoded to the trading lane in the embedded pipeline.
// What stands around them (metrics, scoring, journal) only hands over. The broker answers all commands of a tick at the
// next one, so that its answers are timed apart:
//
//   trading_intent_to_order  intent, decision, order, command
//   trading_order_cycle      the same, the answer, and what risk and oms make of it
#include <chrono>
#include <memory>

#include "fmt/format.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/embedded_pipeline.h"
#include "services/oms/oms.h"
#include "services/risk/risk.h"
#include "spillway/v1/risk.pb.h"
#include "tests/bench/bench.h"

namespace spillway::bench {
namespace {

constexpr uint32_t kSymbols = 200;
constexpr uint32_t kIntentsATick = 50;
constexpr uint32_t kBatches = 400;
constexpr char kInstance[] = "bench@1#1";

struct Stateless : runtime::Processor {
  explicit Stateless(Producer producer) : producer_(producer) {}
  Producer producer() const override { return producer_; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event&, runtime::EventSink&) override {}
  void Save(runtime::StateWriter&) const override {}
  absl::Status Restore(runtime::StateReader&) override { return absl::OkStatus(); }

 private:
  Producer producer_;
};
struct HandsOver final : Stateless {
  using Stateless::Stateless;
  void Process(const Event& event, runtime::EventSink& out) override { out.Emit(event); }
};
// Behind every other tick, so many intents; behind the others, nothing: the broker answers.
struct Intends final : Stateless {
  Intends() : Stateless(Producer::kScoring) {}
  void Process(const Event& event, runtime::EventSink& out) override {
    out.Emit(event);
    if (!std::holds_alternative<ClockTick>(event.body) || ticks_++ % 2 != 0) return;
    Event output;
    output.header.producer = Producer::kScoring;
    output.header.event_time = output.header.ingest_time = event.header.event_time;
    output.header.instance = StrategyInstanceIdOf(kInstance);
    TradeIntent intent;
    intent.entry = Price::FromNanos(20'000'000'000);
    intent.stop = Price::FromNanos(19'880'000'000);
    intent.target = Price::FromNanos(20'240'000'000);
    intent.spread = Price::FromNanos(10'000'000);
    intent.expires = event.header.event_time + std::chrono::seconds(60);
    intent.score = 9;
    intent.threshold = 7.5;
    intent.minute_volume = Quantity::Units(10'000'000);
    for (uint32_t i = 0; i < kIntentsATick; ++i) {
      output.header.instrument = 1 + next_ % kSymbols;
      output.header.cause.market = {.feed = 1, .epoch = 1, .position = ++next_};
      output.header.correlation = output.header.cause.id();
      intent.signal = output.header.correlation;
      output.body = intent;
      out.Emit(output);
    }
  }

 private:
  uint64_t next_ = 0, ticks_ = 0;
};
// A broker that is there, and takes no order: so the account is the same for every batch.
struct Answers final : Stateless {
  Answers() : Stateless(Producer::kBroker) {}
  void Process(const Event& event, runtime::EventSink& out) override {
    Event output;
    output.header.producer = Producer::kBroker;
    output.header.event_time = event.header.event_time;
    output.header.cause = {.market = {}, .event = event.header.id(), .ordinal = 0};
    const auto* command = std::get_if<OrderCommand>(&event.body);
    if (command != nullptr && command->kind == OrderCommandKind::kSnapshot) {
      BrokerSnapshot snapshot;
      snapshot.account = "bench";
      snapshot.as_of = event.header.event_time;
      snapshot.cash = snapshot.equity = snapshot.buying_power = Money::FromE8(100'000'00000000);
      output.body = snapshot;
      out.Emit(output);
    } else if (command != nullptr && command->kind == OrderCommandKind::kPlace) {
      output.header = event.header;
      output.header.producer = Producer::kBroker;
      output.header.cause = {.market = {}, .event = event.header.id(), .ordinal = 0};
      output.body = BrokerReport{.kind = BrokerReportKind::kNotSent,
                                 .client_order_id = ClientOrderId(command->tickets.front().order),
                                 .broker_time = event.header.event_time};
      held_.push_back(output);
    } else if (std::holds_alternative<ClockTick>(event.body)) {
      for (Event& answer : held_) {
        answer.header.event_time = event.header.event_time;
        out.Emit(answer);
      }
      held_.clear();
    } else if (std::holds_alternative<SessionState>(event.body) && !connected_) {
      connected_ = true;
      output.body = BrokerReport{.kind = BrokerReportKind::kConnected, .broker_time = event.header.event_time};
      out.Emit(output);
    }
  }

 private:
  bool connected_ = false;
  std::vector<Event> held_;  // until the next tick
};

// The lane's bytes are counted and dropped.
struct Dropping final : log::LaneWriter {
  absl::StatusOr<uint64_t> Append(Time, std::string_view bytes, uint64_t, std::string_view) override {
    size += bytes.size();
    return ++sequence;
  }
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
  uint64_t sequence = 0, size = 0;
};

v1::Profile StrategyProfile() {
  v1::Profile profile;
  profile.set_name("bench");
  profile.set_version(1);
  profile.set_execution_mode(v1::EXECUTION_MODE_AUTO);
  profile.mutable_sizing()->set_equity_e8(100'000'00000000);
  profile.mutable_sizing()->set_risk_percent(0.01);
  v1::Window& window = *profile.mutable_schedule()->add_windows();
  window.set_start("00:00");
  window.set_end("24:00");
  window.set_mode(v1::WINDOW_MODE_FULL);
  return profile;
}
// Every limit is looked at, none binds for long.
v1::RiskProfile AccountProfile() {
  v1::RiskProfile profile;
  profile.set_name("bench");
  profile.set_version(1);
  profile.mutable_account()->set_id("bench");
  profile.mutable_account()->set_equity_e8(100'000'00000000);
  profile.mutable_orders()->set_orders_per_minute(1'000'000'000);
  v1::ExposureLimits& exposure = *profile.mutable_exposure();
  exposure.set_position_percent(1e7);
  exposure.set_gross_percent(1e7);
  exposure.set_net_percent(1e7);
  exposure.set_sector_percent(1e7);
  exposure.set_positions(kSymbols);
  exposure.set_buying_power(false);
  return profile;
}

std::vector<Event> Opening(Time time) {
  std::vector<Event> events;
  const auto add = [&](EventBody body, InstrumentId instrument = 0, StrategyInstanceId instance = 0) {
    Event& event = events.emplace_back();
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.header.instrument = instrument;
    event.header.instance = instance;
    event.header.cause.market = {.feed = 2, .epoch = 1, .position = events.size()};
    event.body = std::move(body);
  };
  MarketContext context;
  for (InstrumentId id = 1; id <= kSymbols; ++id) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = fmt::format("SYM{}", id);
    definition.sector = fmt::format("sector {}", id % 11);
    add(definition, id);
    context.rows.push_back({.instrument = id,
                            .book = 0,
                            .quote = {Price::FromNanos(19'990'000'000), Price::FromNanos(20'010'000'000),
                                      Quantity::Units(5'000), Quantity::Units(5'000)},
                            .last_price = std::nullopt});
  }
  add(ConfigurationVersion{.kind = ConfigurationKind::kRisk,
                           .name = "bench@1",
                           .mode = InstanceMode::kActive,
                           .effective_time = Time(),
                           .document = AccountProfile().SerializeAsString()});
  add(ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                           .name = kInstance,
                           .mode = InstanceMode::kActive,
                           .effective_time = Time(),
                           .document = profile::SerializeDeterministic(StrategyProfile())},
      0, StrategyInstanceIdOf(kInstance));
  add(FeedStatus{.feed = 1, .state = FeedState::kUp, .lag = {}, .reason = ""});
  add(SessionState{.trading_day = 20250502,
                   .phase = SessionPhase::kRegular,
                   .regular_open = time - std::chrono::minutes(60),
                   .regular_close = time + std::chrono::minutes(300)});
  add(context);
  return events;
}

struct Counts {
  uint64_t approved = 0, commands = 0;
};
enum class Timed { kToCommand, kCycle };
Counts PlayIntents(const std::vector<Event>& opening, Timed timed) {
  auto setting_up = std::make_optional<Untimed>();
  Dropping trading;
  runtime::PipelineProcessors processors;
  processors.metrics = std::make_unique<HandsOver>(Producer::kMetrics);
  processors.scoring = std::make_unique<Intends>();
  processors.risk = std::make_unique<risk::RiskProcessor>();
  processors.oms = std::make_unique<oms::OmsProcessor>();
  processors.venue = std::make_unique<Answers>();
  processors.journal = std::make_unique<Stateless>(Producer::kJournal);
  auto pipeline =
      std::make_unique<runtime::EmbeddedPipeline>(std::move(processors), runtime::PipelineWriters{.trading = &trading});
  Counts counts;
  pipeline->ObserveTrading([&](const Event& event) {
    if (const auto* decision = std::get_if<RiskDecision>(&event.body)) counts.approved += decision->approved;
    if (const auto* command = std::get_if<OrderCommand>(&event.body)) {
      counts.commands += command->kind == OrderCommandKind::kPlace;
    }
  });
  for (const Event& event : opening) {
    if (!pipeline->Configure(event).ok()) return counts;
  }
  Event tick = opening.back();
  tick.body = ClockTick{};
  const auto step = [&] {
    tick.header.event_time += kTickPeriod / 20;  // 50 intents in 10 ms
    ++tick.header.cause.market.position;
    return pipeline->Configure(tick).ok();
  };
  setting_up.reset();
  for (uint32_t i = 0; i < kBatches; ++i) {
    if (!step()) return counts;
    std::optional<Untimed> answering;
    if (timed == Timed::kToCommand) answering.emplace();
    if (!step()) return counts;
  }
  Keep(trading.size);
  const Untimed tearing_down;
  pipeline.reset();
  return counts;
}

std::optional<Prepared> PrepareIntents(Timed timed) {
  const auto opening = std::make_shared<std::vector<Event>>(Opening(ParseTime("2025-05-02T14:30:00Z").value()));
  const Counts counts = PlayIntents(*opening, timed);
  constexpr uint64_t kIntents = uint64_t{kBatches} * kIntentsATick;
  if (counts.commands < kIntents * 99 / 100) {
    std::fprintf(stderr, "of %llu intents %llu approved, %llu ordered\n", static_cast<unsigned long long>(kIntents),
                 static_cast<unsigned long long>(counts.approved), static_cast<unsigned long long>(counts.commands));
  }
  return Prepared{.items = kIntents, .run = [opening, timed] { Keep(PlayIntents(*opening, timed).commands); }};
}

const Registration kToCommand({.name = "trading_intent_to_order", .unit = "intent", .prepare = [] {
                                 return PrepareIntents(Timed::kToCommand);
                               }});
const Registration kCycle({.name = "trading_order_cycle", .unit = "intent", .prepare = [] {
                             return PrepareIntents(Timed::kCycle);
                           }});

}  // namespace
}  // namespace spillway::bench
