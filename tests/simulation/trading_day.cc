#include "tests/simulation/trading_day.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "services/oms/oms.h"
#include "services/risk/risk.h"
#include "tests/simulation/broker_model.h"
#include "tests/simulation/broker_wire.h"
#include "tests/simulation/day_setup.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/lane_record.h"

namespace spillway::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr InstrumentId kSymbols = 4;

// Which faults a day has: each is off in some days, so that they are seen alone too.
struct DayFaults {
  BrokerFaults broker;
  WireFaults wire;
  double crash = 0;       // at a group
  double repeat = 0;      // the bus delivers a group again
  double disconnect = 0;  // at a step
  double lag = 0;         // a reader falls behind
  double by_hand = 0, kill = 0, halt = 0, gap = 0;
};
DayFaults FaultsOf(Random& random) {
  const auto sometimes = [&](double most) { return random.Chance(0.5) ? random.Uniform(0, most) : 0.0; };
  DayFaults faults;
  faults.broker.reject = sometimes(0.08);
  faults.broker.fill_after_cancel = random.Chance(0.1) ? 0.3 : 0;
  faults.broker.part = random.Uniform(0, 0.8);
  faults.wire.lose_command = sometimes(0.05);
  faults.wire.lose_answer = sometimes(0.08);
  faults.wire.repeat_answer = sometimes(0.15);
  faults.wire.delay_answer = sometimes(0.15);
  faults.wire.silence = sometimes(0.05);
  faults.wire.rate_limit = sometimes(0.02);
  faults.wire.reorder = random.Chance(0.5);
  faults.crash = random.Chance(0.6) ? random.Uniform(0, 0.002) : 0;
  faults.repeat = sometimes(0.02);
  faults.disconnect = random.Chance(0.4) ? random.Uniform(0, 0.008) : 0;
  faults.lag = sometimes(0.3);
  faults.by_hand = random.Chance(0.4) ? random.Uniform(0, 0.01) : 0;
  faults.kill = random.Chance(0.4) ? random.Uniform(0, 0.004) : 0;
  faults.halt = random.Chance(0.4) ? random.Uniform(0, 0.005) : 0;
  faults.gap = random.Chance(0.5) ? random.Uniform(0, 0.005) : 0;
  return faults;
}

class TradingDay {
 public:
  explicit TradingDay(const DayOptions& options)
      : options_(options),
        random_(options.seed, 0),
        faults_(FaultsOf(random_)),
        setup_(SetupOf(random_)),
        broker_(Random(options.seed, 1), faults_.broker, setup_.cash),
        wire_(Random(options.seed, 2), faults_.wire, broker_, lane_),
        risk_(options.make_risk, lane_),
        oms_(options.make_oms, lane_),
        invariants_(lane_, broker_, wire_, setup_.caps) {}

  DayResult Run() {
    Morning();
    while (lane_.all().size() < options_.events_min && Good()) Step(true);
    Evening();
    if (Good()) invariants_.AtEnd();
    return Result();
  }
  const LaneRecord& lane() const { return lane_; }

 private:
  bool Good() const { return !invariants_.violation().has_value(); }

  // ---- the lane
  Event Make(EventBody body, InstrumentId instrument = 0, StrategyInstanceId instance = 0,
             Producer producer = Producer::kScoring) {
    Event event;
    event.header.producer = producer;
    event.header.event_time = event.header.ingest_time = now_;
    event.header.instrument = instrument;
    event.header.instance = instance;
    event.header.cause.market = {.feed = 1, .epoch = 1, .position = ++position_};
    event.body = std::move(body);
    return event;
  }
  void Append(Producer producer, std::vector<Event> events) {
    lane_.Append(producer, std::move(events));
    Check();
  }
  void Append(EventBody body, InstrumentId instrument = 0, StrategyInstanceId instance = 0) {
    Append(Producer::kScoring, {Make(std::move(body), instrument, instance)});
  }
  void Check() {
    for (; checked_ < lane_.group_count() && Good(); ++checked_) {
      invariants_.After(lane_.group(checked_), risk_.cursor(), oms_.cursor());
    }
  }

  // ---- the readers: each at its own pace
  void ReadOne(ProcessorHost& host, Producer producer) {
    std::optional<std::vector<Event>> said = host.Read();
    if (host.differs()) {
      invariants_.Fail("crash",
                       fmt::format("{} said something else when it read the lane again", ProducerName(producer)));
    }
    const bool crashes = options_.crashes && healthy_ == false && random_.Chance(faults_.crash);
    if (said && !(crashes && random_.Chance(0.5))) Append(producer, std::move(*said));
    if (crashes) {
      ++crashes_;
      if (!host.Crash(random_)) {
        invariants_.Fail("crash", fmt::format("{} does not restore its checkpoint", ProducerName(producer)));
      }
      if (producer == Producer::kOms) wire_.Disconnect(false);  // the adapter dies with it
    } else if (random_.Chance(0.004)) {
      host.Checkpoint();
    } else if (random_.Chance(faults_.repeat)) {
      host.Repeat();
    }
  }
  // Until all have read everything, or one is left behind for a while.
  void Pump() {
    for (size_t turns = 0; Good(); ++turns) {
      Check();
      const bool risk = risk_.behind(), oms = oms_.behind(), wire = wire_.behind();
      if (!risk && !oms && !wire) return;
      if (turns > 2'000) {
        invariants_.Fail("quiet", "risk and oms answer each other without end");
        return;
      }
      const uint64_t turn = random_.Below(3);
      if (turn == 0 && risk && !Lags(risk_.backlog())) ReadOne(risk_, Producer::kRisk);
      if (turn == 1 && oms && !Lags(oms_.backlog())) ReadOne(oms_, Producer::kOms);
      if (turn == 2 && wire) {
        wire_.Read(now_);
        Check();
      }
      if (!healthy_ && random_.Chance(faults_.lag * 0.1)) return;
    }
  }
  bool Lags(size_t backlog) { return !healthy_ && backlog < 30 && random_.Chance(faults_.lag); }

  // ---- the day
  void Morning() {
    now_ = setup_.begin;
    for (InstrumentId id = 1; id <= kSymbols; ++id) {
      const InstrumentDefinition definition = DefinitionOf(id);
      broker_.Define(definition);
      Append(definition, id);
      mids_[id] = 1'000 + static_cast<int64_t>(random_.Below(4'000));
    }
    for (const Event& configuration : setup_.configurations) {
      Event event = Make(configuration.body, 0, configuration.header.instance);
      Append(Producer::kScoring, {event});
    }
    Append(setup_.session);
    Append(FeedStatus{.feed = 1, .state = FeedState::kUp, .lag = {}, .reason = ""});
    Market(true);
    wire_.Connect(now_);
    Check();
    Settle();
  }
  // What is on its way arrives.
  void Settle() {
    for (int i = 0; i < 4; ++i) {
      Pump();
      now_ += milliseconds(100);
      wire_.Deliver(now_);
      Check();
    }
    Pump();
  }

  void Market(bool all) {
    MarketContext context;
    for (InstrumentId id = 1; id <= kSymbols; ++id) {
      if (!all && random_.Chance(0.3)) continue;
      int64_t& mid = mids_[id];
      if (!halted_[id]) mid += random_.Between(-mid / 700 - 1, mid / 700 + 1);
      if (!halted_[id] && !healthy_ && random_.Chance(faults_.gap)) mid += random_.Between(-mid / 20, mid / 20);
      mid = std::max<int64_t>(mid, 300);
      const Price tick = Price::FromNanos(10'000'000);
      const int64_t half = random_.Between(1, 2);
      MarketContext::Row row;
      row.instrument = id;
      row.quote = {tick * (mid - half), tick * (mid + half), Quantity::Units(random_.Between(100, 4'000)),
                   Quantity::Units(random_.Between(100, 4'000))};
      row.last_price = tick * mid;
      context.rows.push_back(row);
    }
    if (!context.rows.empty()) Append(context);
    for (const MarketContext::Row& row : context.rows) broker_.Quoted(row.instrument, row.quote);
  }

  void Step(bool trading) {
    now_ += milliseconds(trading ? random_.Between(150, 1'500) : 1'000);
    broker_.At(now_);
    Market(false);
    Append(ClockTick{});
    if (trading) Script();
    wire_.Deliver(now_);
    Check();
    Pump();
    // Answers of the same second.
    if (wire_.Deliver(now_ + milliseconds(100))) {
      Check();
      Pump();
    }
  }

  void Script() {
    if (random_.Chance(0.12)) Intend();
    People();
    if (random_.Chance(faults_.by_hand)) ByHand();
    if (random_.Chance(faults_.halt)) ToggleHalt();
    if (random_.Chance(faults_.disconnect)) wire_.Disconnect(true);
    if (!wire_.connected() && random_.Chance(0.2)) wire_.Connect(now_);
    Check();
  }
  void Intend() {
    const InstrumentId id = static_cast<InstrumentId>(1 + random_.Below(kSymbols));
    const auto& instance = setup_.instances[random_.Below(setup_.instances.size())];
    const bool buys = random_.Chance(0.75);
    const int64_t sign = buys ? 1 : -1;
    const Price tick = Price::FromNanos(10'000'000);
    const int64_t entry = mids_[id] + sign * random_.Between(-6, 4);
    const int64_t stop = std::max<int64_t>(3, mids_[id] * random_.Between(2, 12) / 1'000);
    TradeIntent intent;
    intent.signal = {7, position_ + 1};
    intent.side = buys ? Side::kBid : Side::kAsk;
    intent.entry = tick * entry;
    intent.stop = tick * (entry - sign * stop);
    intent.target = tick * (entry + sign * stop * 2);
    intent.spread = tick * 2;
    if (random_.Chance(0.3)) intent.quantity_max = Quantity::Units(random_.Between(1, 600));
    intent.minute_volume = Quantity::Units(random_.Between(2'000, 40'000));
    intent.expires = now_ + seconds(random_.Between(2, 90));
    intent.score = 9;
    intent.threshold = 7.5;
    Event event = Make(intent, id, instance);
    event.header.correlation = event.header.cause.id();
    intents_.push_back(event);
    Append(Producer::kScoring, {event});
  }

  void Command(AdminCommand command, InstrumentId instrument = 0) {
    command.by = "somebody";
    command.reason = "simulation";
    Append(Producer::kGateway, {Make(std::move(command), instrument, 0, Producer::kGateway)});
  }
  void People() {
    if (random_.Chance(0.06) && !intents_.empty()) {
      const Event& intent = intents_[intents_.size() - 1 - random_.Below(std::min<size_t>(intents_.size(), 4))];
      AdminCommand command;
      command.kind = random_.Chance(0.85) ? AdminCommandKind::kConfirm : AdminCommandKind::kReject;
      command.intent = intent.header.id();
      Command(command, intent.header.instrument);
    }
    if (random_.Chance(faults_.kill)) {
      AdminCommand command;
      command.kind = AdminCommandKind::kKill;
      command.flatten = random_.Chance(0.4);
      Command(command);
    }
    if (random_.Chance(faults_.kill)) {
      AdminCommand command;
      command.kind = AdminCommandKind::kFlatten;
      Command(command, static_cast<InstrumentId>(random_.Below(kSymbols + 1)));
    }
    if (random_.Chance(0.03)) {  // whatever stopped it, somebody lets it go on
      AdminCommand command;
      command.kind = AdminCommandKind::kEnable;
      Command(command);
    }
    if (random_.Chance(0.03)) {
      AdminCommand command;
      command.kind = AdminCommandKind::kResume;
      Command(command, static_cast<InstrumentId>(1 + random_.Below(kSymbols)));
    }
  }
  void ByHand() {
    ++by_hand_;
    const auto id = static_cast<InstrumentId>(1 + random_.Below(kSymbols));
    const Side side = random_.Chance(0.5) ? Side::kBid : Side::kAsk;
    const Price price = Price::FromNanos(mids_[id] * 10'000'000 + random_.Between(0, 9'999) * 1'000);
    const Quantity quantity =
        Quantity::FromE8(random_.Between(1, 300) * (random_.Chance(0.5) ? Quantity::kUnit : 7'654'321));
    if (random_.Chance(0.6)) {
      broker_.TradeByHand(id, side, quantity, price);
    } else {
      broker_.OrderByHand(
          id, side, quantity,
          side == Side::kBid ? price - Price::FromNanos(50'000'000) : price + Price::FromNanos(50'000'000));
    }
  }
  void ToggleHalt() {
    const auto id = static_cast<InstrumentId>(1 + random_.Below(kSymbols));
    Halt(id, !halted_[id]);
  }
  void Halt(InstrumentId id, bool halted) {
    halted_[id] = halted;
    broker_.Halted(id, halted);
    HaltChanged halt;
    halt.status = halted ? TradingStatus::kHalted : TradingStatus::kTrading;
    halt.reason = "LUDP";
    Append(halt, id);
  }

  // The broker is well, everybody is up, nobody wants anything new: all must come to its end.
  void Evening() {
    healthy_ = true;
    broker_.Heal();
    wire_.Heal();
    for (InstrumentId id = 1; id <= kSymbols && Good(); ++id) {
      if (halted_[id]) Halt(id, false);
    }
    if (Good() && !wire_.connected()) wire_.Connect(now_);
    Check();
    for (int i = 0; i < setup_.evening_seconds && Good(); ++i) Step(false);
    for (int i = 0; i < 20 && Good(); ++i) Settle();
  }

  DayResult Result() {
    DayResult result;
    result.events = lane_.all().size();
    result.orders = invariants_.orders();
    result.executions = invariants_.executions();
    result.approvals = invariants_.approvals();
    result.crashes = crashes_;
    result.by_hand = by_hand_;
    for (const Event& event : lane_.all()) {
      if (const auto* kill = std::get_if<KillSwitchChanged>(&event.body)) result.kills += kill->active;
      if (std::holds_alternative<OrderIncident>(event.body)) ++result.incidents;
      if (const auto* order = std::get_if<OrderEvent>(&event.body)) {
        result.unknowns += order->state == OrderState::kUnknown && order->previous != order->state;
        result.chases += order->role == OrderRole::kEntry && order->parent && order->trigger == OrderTrigger::kPlaced;
      }
      if (const auto* decision = std::get_if<RiskDecision>(&event.body)) result.refused += !decision->approved;
    }
    if (Good()) return result;
    result.invariant = invariants_.violation()->invariant;
    result.text = invariants_.violation()->text;
    NameTable names;
    for (const Event& event : lane_.all()) names.Learn(event);
    const size_t first = lane_.all().size() - std::min<size_t>(40, lane_.all().size());
    for (size_t i = first; i < lane_.all().size(); ++i) result.last_events.push_back(ToText(lane_.all()[i], names));
    return result;
  }

  DayOptions options_;
  Random random_;
  DayFaults faults_;
  DaySetup setup_;
  LaneRecord lane_;
  BrokerModel broker_;
  BrokerWire wire_;
  ProcessorHost risk_, oms_;
  Invariants invariants_;
  Time now_;
  uint64_t position_ = 0;
  size_t checked_ = 0;
  std::map<InstrumentId, int64_t> mids_;  // in cents
  std::map<InstrumentId, bool> halted_;
  std::vector<Event> intents_;
  bool healthy_ = false;
  size_t crashes_ = 0, by_hand_ = 0;
};

}  // namespace

DayOptions Options(uint64_t seed) {
  DayOptions options;
  options.seed = seed;
  options.make_risk = [] { return std::make_unique<risk::RiskProcessor>(); };
  options.make_oms = [] { return std::make_unique<oms::OmsProcessor>(); };
  return options;
}

DayResult Run(const DayOptions& options) {
  return TradingDay(options).Run();
}

std::string Story(uint64_t seed, const DayResult& result) {
  std::string text = fmt::format("day {}: '{}' does not hold: {}\nalone: SPILLWAY_SIMULATION_SEED={} simulation_test\n",
                                 seed, result.invariant, result.text, seed);
  for (const std::string& line : result.last_events) text += "  " + line + "\n";
  return text;
}

std::vector<std::string> Transcript(const DayOptions& options) {
  TradingDay day(options);
  day.Run();
  NameTable names;
  std::vector<std::string> lines;
  for (const Event& event : day.lane().all()) {
    names.Learn(event);
    lines.push_back(fmt::format("{} {}", ProducerName(event.header.producer), ToText(event, names)));
  }
  return lines;
}

}  // namespace spillway::simulation
