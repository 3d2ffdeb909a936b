#include "services/risk/risk.h"

#include <algorithm>
#include <utility>

#include "libs/calendar/date.h"
#include "libs/events/trading_lane.h"
#include "services/risk/account_limits.h"
#include "services/risk/account_rules.h"
#include "services/risk/account_state.h"

namespace spillway::risk {
namespace {

std::string_view CauseName(PauseCause cause) {
  switch (cause) {
    case PauseCause::kAlertsPerHour:
      return "alerts_per_hour";
    case PauseCause::kHalt:
      return "halt";
    case PauseCause::kNews:
      return "news";
    case PauseCause::kPriceMove:
      return "price_move";
    case PauseCause::kLosses:
      return "losses";
    case PauseCause::kDayLoss:
      return "day_loss";
    case PauseCause::kDayDrawdown:
      return "day_drawdown";
  }
  return "unknown";
}

PauseScope ScopeOf(const PauseKey& key) {
  if (!OfMarket(key.cause)) return PauseScope::kInstance;
  return key.instrument == 0 ? PauseScope::kGlobal : PauseScope::kSymbol;
}

// What one event causes for one instance is numbered: pauses of market facts from 0, those of the account and its
// snapshots in ranges of their own. A trade's snapshots follow from its intent, whose decision is 0.
constexpr uint32_t kEnteredOrdinal = 1;
constexpr uint32_t kClosedOrdinal = 2;
constexpr uint32_t kToCloseOrdinal = 3;
constexpr uint32_t kAccountPauseOrdinal = 1000;  // + PauseCause
constexpr uint32_t kUnansweredOrdinal = 3;       // of an intent that waited for a person
constexpr uint32_t kDayOrdinal = 2000;
constexpr uint32_t kStageOrdinal = 2001;
constexpr uint32_t kCarriedOrdinal = 2002;
// Of instance 0: the account at the broker.
constexpr uint32_t kBrokerAccountOrdinal = 3000;

Route RouteOf(const Instance& instance, const TradeIntent& intent) {
  if (instance.mode == InstanceMode::kShadow || intent.shadow) return Route::kAlert;
  return intent.parent ? Route::kAuto : instance.limits.route;  // C-19: a person confirmed the parent
}

// Of these the caps tell more than one number.
bool OfSize(RefusalRule rule) {
  return rule == RefusalRule::kSizeZero || rule == RefusalRule::kSettledCash ||
         (rule >= RefusalRule::kPositionNotional && rule <= RefusalRule::kBuyingPower);
}

// The last trade's price, else the mid of a valid book.
std::optional<Price> PriceOf(const MarketContext::Row& row) {
  if (row.last_price && *row.last_price > Price()) return row.last_price;
  if (row.book != 0) return std::nullopt;
  return Price::FromNanos((row.quote.bid.nanos() + row.quote.ask.nanos()) / 2);
}

}  // namespace

// Tells what became of one instance's pauses because of one event. Numbers what the event causes for the instance.
class RiskProcessor::Announcer {
 public:
  Announcer(const EventHeader& cause, StrategyInstanceId instance, Time now, uint32_t first_ordinal,
            runtime::EventSink& out)
      : cause_(cause), instance_(instance), now_(now), next_ordinal_(first_ordinal), out_(out) {}

  void Paused(const PauseKey& key, Pause& pause) const {
    Event event = Make(key, {.paused = true, .scope = ScopeOf(key), .cause = {}, .until = pause.until});
    event.header.correlation = cause_.correlation_id();
    event.header.cause.event = cause_.id();
    event.header.cause.ordinal = next_ordinal_++;
    pause.announced = event.header.id();
    pause.correlation = event.header.correlation;
    out_.Emit(event);
  }

  // Of the account: such a pause has a number of its own, whatever else the event causes.
  void AccountPaused(const PauseKey& key, Pause& pause) const {
    next_ordinal_ = kAccountPauseOrdinal + static_cast<uint32_t>(key.cause);
    Paused(key, pause);
  }

  // The cause has ended, the pause has an end in sight. Follows from the pause, as does its end.
  void Ending(const PauseKey& key, Pause& pause) const {
    Event event = Make(key, {.paused = true, .scope = ScopeOf(key), .cause = {}, .until = pause.until});
    event.header.correlation = pause.correlation;
    event.header.cause.event = pause.announced;
    event.header.cause.ordinal = 1;
    pause.announced = event.header.id();
    out_.Emit(event);
  }

  // Follows from the pause that it ends, whatever event showed that its time is over.
  void Resumed(const PauseKey& key, const Pause& pause) const {
    Event event = Make(key, {.paused = false, .scope = ScopeOf(key), .cause = {}, .until = std::nullopt});
    event.header.correlation = pause.correlation;
    event.header.cause.event = pause.announced;
    out_.Emit(event);
  }

 private:
  Event Make(const PauseKey& key, TradingState state) const {
    state.cause = CauseName(key.cause);
    Event event;
    event.header.producer = Producer::kRisk;
    event.header.event_time = now_;
    event.header.ingest_time = cause_.ingest_time;
    event.header.instrument = key.instrument;
    event.header.instance = instance_;
    event.body = std::move(state);
    return event;
  }

  const EventHeader& cause_;
  StrategyInstanceId instance_;
  Time now_;
  mutable uint32_t next_ordinal_;
  runtime::EventSink& out_;
};

void RiskProcessor::Process(const Event& event, runtime::EventSink& out) {
  const Producer producer = event.header.producer;
  if (!InScoringOrder(producer) && producer != Producer::kOms && producer != Producer::kBroker) return;
  // A person's command moves no clock: its time is that of another machine.
  if (const auto* command = std::get_if<AdminCommand>(&event.body)) return OnCommand(event, *command, out);
  AccountWatch::Teller say(event.header, out);
  watch_.Advance(event.header.event_time, ProfileInForce(), say);
  if (InScoringOrder(producer)) {
    OnScoringOrder(event, out);
  } else {
    OnTrading(event, out);
  }
  if (broker_.TakeRebased()) watch_.Rebase();
  WatchAccount(event, say);
}

void RiskProcessor::OnScoringOrder(const Event& event, runtime::EventSink& out) {
  Advance(event.header, out);
  for (const Card& card : confirmations_.TakeExpired(now_)) TellOver(card, event.header.ingest_time, out);
  std::visit(
      Overloaded{
          [&](const TradeIntent& intent) { OnIntent(event, intent, out); },
          [&](const MarketContext& context) { OnContext(event, context, out); },
          [&](const HaltChanged& halt) { OnHalt(event, halt, out); }, [&](const NewsHeadline&) { OnNews(event, out); },
          [&](const ClockTick&) { OnTick(event, out); },
          [&](const SignalCancelled& cancelled) {
            OnCancelled(event, cancelled);
            for (const Card& card : confirmations_.TakeCancelled(event.header.instance, cancelled.signal)) {
              TellOver(card, event.header.ingest_time, out);
            }
          },
          [&](const FeedStatus& feed) { OnFeed(event, feed, out); },
          [&](const SessionState& session) {
            session_ = session;
            for (auto& [id, instance] : instances_) EnterDay(id, instance, event.header, out);
            BeginBrokerDay();
          },
          [&](const InstrumentDefinition& definition) {
            terms_[definition.id] = definition.terms;
            listings_[definition.id] = {.symbol = definition.symbol, .ticks = {definition.tick, definition.tick_bands}};
            broker_.Define(definition.id, definition.terms, definition.sector);
          },
          [&](const ConfigurationVersion& version) {
            pending_.push_back({event.header, version});
            const bool of_account = version.kind == ConfigurationKind::kRisk;
            if (event.header.instance == 0 && !of_account) {
              pending_.back().header.instance = StrategyInstanceIdOf(version.name);
            }
            ConfigureDue(pending_.back().header, out);
          },
          [](const auto&) {},  // not ours
      },
      event.body);
}

// ---- intents

Case RiskProcessor::CaseOf(const Event& event, const TradeIntent& intent) const {
  const auto find = [](const auto& map, auto key) -> decltype(&map.begin()->second) {
    const auto it = map.find(key);
    return it == map.end() ? nullptr : &it->second;
  };
  Case c{.intent = intent, .instrument = event.header.instrument, .now = event.header.event_time};
  c.id = event.header.id();
  c.instance = find(instances_, event.header.instance);
  if (c.instance != nullptr) c.now = c.instance->now;
  c.terms = find(terms_, event.header.instrument);
  c.mark = find(marks_, event.header.instrument);
  for (const auto& [source, state] : feeds_) {
    if (source.instrument != 0 && source.instrument != event.header.instrument) continue;
    ++c.feeds.known;
    if (state != FeedState::kUp) ++c.feeds.not_up;
  }
  if (c.instance != nullptr) c.trading_day = DayOf(*c.instance);
  c.midnight = NewYorkMidnight(session_);
  c.minute = NewYorkMinute(session_, c.now);
  c.close_minute = CloseMinute(session_);
  c.account_profile = ProfileInForce();
  c.watch = &watch_;
  c.order = c.instance != nullptr && RouteOf(*c.instance, intent) != Route::kAlert;
  if (c.order) AddAccount(c);
  return c;
}

// What the account's rules ask of an intent that would become an order.
void RiskProcessor::AddAccount(Case& c) const {
  c.order = true;
  c.account_now = std::max(now_, c.now);
  c.broker = &broker_;
  c.history = &history_;
  const auto listing = listings_.find(c.instrument);
  c.listing = listing == listings_.end() ? nullptr : &listing->second;
  c.session = session_ ? &*session_ : nullptr;
  if (c.account_profile != nullptr) c.drawdown = watch_.drawdowns().Factors(c.account_profile->drawdowns);
  c.exposure = broker_.ExposureBefore(c.instrument);
}

void RiskProcessor::OnIntent(const Event& event, const TradeIntent& intent, runtime::EventSink& out) {
  const Case c = CaseOf(event, intent);
  Apply(event, c, Decide(c), out);
}

RiskDecision RiskProcessor::Decide(const Case& c) const {
  RiskDecision decision;
  decision.intent = c.id;
  if (c.instance != nullptr) {
    const StageLimits* stage = StageOf(*c.instance);
    decision.stage = stage == nullptr ? "" : stage->name;
    decision.record = c.account().record();
  }
  if (const std::optional<Refusal> refusal = FirstRefusal(c)) {
    decision.rule = refusal->rule;
    decision.seen = refusal->seen;
    decision.limit = refusal->limit;
    decision.unit = refusal->unit;
    decision.detail = refusal->detail;
    if (refusal->rule == RefusalRule::kSizeZero) decision.binding_cap = c.size().binding_cap;
    if (OfSize(refusal->rule)) decision.caps = c.size().Caps();
    return decision;
  }
  const Size& size = c.size();
  decision.approved = true;
  decision.quantity = size.quantity;
  decision.binding_cap = size.binding_cap;
  decision.risk = size.risk;
  decision.route = RouteOf(*c.instance, c.intent);
  decision.caps = size.Caps();
  if (const Price stop = StopInForce(c); stop != c.intent.stop) decision.stop = stop;
  decision.low_confidence = c.low_confidence();
  decision.risk_percent = 100 * size.risk.ToDouble() / SizingEquity(*c.instance).ToDouble();
  decision.warnings = AccountWarnings(*c.instance);
  if (c.order && c.account_profile != nullptr) {
    for (std::string& warning : watch_.drawdowns().Warnings(c.account_profile->drawdowns)) {
      decision.warnings.push_back(std::move(warning));
    }
  }
  return decision;
}

// Counts what was decided before it is emitted: the next intent must see it.
void RiskProcessor::Apply(const Event& event, const Case& c, RiskDecision made, runtime::EventSink& out) {
  Event answer;
  answer.header = event.header;
  answer.header.producer = Producer::kRisk;
  answer.header.correlation = event.header.correlation_id();
  answer.header.cause = {.market = {}, .event = made.intent, .ordinal = 0};
  const RiskDecision& decision = answer.body.emplace<RiskDecision>(std::move(made));
  out.Emit(answer);

  const auto found = instances_.find(event.header.instance);
  if (found == instances_.end()) return;
  Instance& instance = found->second;
  while (!instance.alerts.empty() && instance.now - instance.alerts.front() >= kRateWindow) instance.alerts.pop_front();
  if (decision.approved) {
    if (!c.confirmed) {  // else its card counted
      instance.last_alert[event.header.instrument] = instance.now;
      instance.alerts.push_back(instance.now);
      CountAlert(c, instance);
    }
    if (decision.route == Route::kAuto) {
      broker_.Reserve(decision.intent,
                      {.instance = event.header.instance,
                       .instrument = event.header.instrument,
                       .side = c.intent.side,
                       .quantity = decision.quantity,
                       .entry = c.worst_entry()},
                      c.account_now);
    }
    if (decision.route == Route::kConfirm) {
      Remember(event, c, decision, out);
    } else {
      Take(event, c, decision, instance);
    }
  } else if (decision.rule == RefusalRule::kAlertsPerHour && !instance.limits.throttle.throttle_on_exceed) {
    const PauseKey key{PauseCause::kAlertsPerHour, 0};
    if (instance.pauses.contains(key)) return;
    // It ends when so many have left that one more fits: the oldest, unless the cap was lowered meanwhile.
    const size_t leave = instance.alerts.size() - *instance.limits.throttle.alerts_per_hour;
    Begin(instance, key, instance.alerts[leave] + kRateWindow,
          Announcer(event.header, event.header.instance, instance.now, 1, out));
  }
}

void RiskProcessor::CountAlert(const Case& c, Instance& instance) const {
  const std::optional<uint32_t> window = c.window().index;
  if (instance.today.trading_day != c.trading_day) {
    instance.today = {};
    instance.today.trading_day = c.trading_day;
  }
  ++instance.today.alerts;
  ++instance.today.by_symbol[c.instrument];
  if (window) ++instance.today.by_window[*window];
  instance.KeepSignal({c.intent.signal, c.intent.expires});
}

// The account may enter it.
void RiskProcessor::Take(const Event& event, const Case& c, const RiskDecision& decision, Instance& instance) const {
  const TradeIntent& intent = c.intent;
  PaperTrade trade;
  trade.header = event.header;
  trade.signal = intent.signal;
  trade.side = intent.side;
  trade.entry = intent.entry;
  trade.stop = decision.stop.value_or(intent.stop);
  trade.target = intent.target;
  trade.quantity = decision.quantity;
  trade.risk = decision.risk;
  trade.cost = costs::RoundTripCost(instance.limits.trade.costs, decision.quantity);
  trade.contract = *c.terms;
  trade.taken = instance.now;
  trade.deadline = intent.expires;
  trade.time_stop = instance.limits.trade.time_stop;
  trade.window = c.window().index;
  trade.by_broker = decision.route == Route::kAuto;
  trade.approved = decision.quantity;
  trade.approved_risk = decision.risk;
  const bool closes = !instance.limits.schedule.always_open && session_ && session_->regular_close;
  if (closes && *session_->regular_close > instance.now) {
    trade.close = session_->regular_close;
    trade.deadline = std::min(trade.deadline, *trade.close);
  }
  instance.account.Take(std::move(trade));
}

// ---- time

// Events of one instance move that instance's clock alone.
void RiskProcessor::Advance(const EventHeader& header, runtime::EventSink& out) {
  if (header.instance == 0) {
    now_ = std::max(now_, header.event_time);
    for (auto& [id, instance] : instances_) Move(id, instance, now_, header, out);
  } else if (const auto it = instances_.find(header.instance); it != instances_.end()) {
    Move(it->first, it->second, header.event_time, header, out);
  }
  ConfigureDue(header, out);
}

void RiskProcessor::Move(StrategyInstanceId id, Instance& instance, Time now, const EventHeader& cause,
                         runtime::EventSink& out) {
  instance.now = std::max(instance.now, now);
  EndPauses(id, instance, out);
  if (instance.limits.schedule.always_open) EnterDay(id, instance, cause, out);
  if (instance.account.idle()) return;
  bool closed = false;
  while (const std::optional<AccountChange> change = instance.account.CloseDue(instance.now)) {
    Tell(instance, *change, cause, Announcer(cause, id, instance.now, 0, out), out);
    closed = true;
  }
  if (closed) JudgeDay(id, instance, cause, out);
}

void RiskProcessor::EndPauses(StrategyInstanceId id, Instance& instance, runtime::EventSink& out) {
  static const EventHeader kTimeAlone;
  const Announcer say(kTimeAlone, id, instance.now, 0, out);
  for (auto it = instance.pauses.begin(); it != instance.pauses.end();) {
    if (!it->second.until || *it->second.until > instance.now) {
      ++it;
      continue;
    }
    say.Resumed(it->first, it->second);
    it = instance.pauses.erase(it);
  }
}

void RiskProcessor::ConfigureDue(const EventHeader& header, runtime::EventSink& out) {
  const auto due = [&](const PendingConfiguration& p) {
    return (header.instance == 0 || header.instance == p.header.instance) &&
           p.version.effective_time <= header.event_time;
  };
  for (const PendingConfiguration& pending : pending_) {
    if (due(pending)) Configure(pending, std::max(now_, header.event_time), out);
  }
  std::erase_if(pending_, due);
}

// ---- configuration

void RiskProcessor::Configure(const PendingConfiguration& pending, Time now, runtime::EventSink& out) {
  const ConfigurationVersion& version = pending.version;
  const StrategyInstanceId id = pending.header.instance;
  if (version.kind == ConfigurationKind::kStage) return ConfigureStage(pending, out);
  if (version.kind == ConfigurationKind::kAccount) return ConfigureAccount(pending, out);
  if (version.kind == ConfigurationKind::kRisk) return ConfigureRisk(pending);
  if (version.kind != ConfigurationKind::kProfile) return;
  if (version.mode == InstanceMode::kRetired) {
    if (const auto it = instances_.find(id); it != instances_.end()) it->second.mode = InstanceMode::kRetired;
    return;
  }
  const absl::StatusOr<RiskLimits> limits = LimitsOf(version.document);
  if (!limits.ok()) {  // unknown from here on: its intents are refused, its counts are kept
    ++configurations_refused_;
    if (const auto it = instances_.find(id); it != instances_.end()) it->second.mode = InstanceMode::kRetired;
    return;
  }
  const auto [it, started] = instances_.try_emplace(id);
  Instance& instance = it->second;
  instance.now = std::max(instance.now, now);
  const bool same = !started && instance.limits == *limits;
  instance.mode = version.mode;
  if (same) return;

  // The scopes may have changed: pauses by halts and news are derived anew from the facts; the hour's counts stay.
  const Announcer say(pending.header, id, instance.now, 0, out);
  std::erase_if(instance.pauses, [&](const auto& entry) {
    if (!OfMarket(entry.first.cause)) return false;
    say.Resumed(entry.first, entry.second);
    return true;
  });
  const bool fresh = !instance.account.used() && !instance.account.carried();
  if (started || (fresh && instance.limits.sizing.equity != limits->sizing.equity)) {
    const std::string stage = instance.account.stage();
    instance.account.Open(limits->sizing.equity);
    if (!stage.empty()) instance.account.BeginStage(stage);
  }
  instance.limits = *limits;
  EnterDay(id, instance, pending.header, out);
  instance.moves.clear();
  instance.moving.clear();
  for (const auto& [instrument, halt] : halts_) {
    if (halt.active) ApplyHalt(instance, instrument, halt, say);
  }
  if (!AnyHalted() && instance.limits.halts.halt_global) {
    Time ended;
    for (const auto& [instrument, halt] : halts_) ended = std::max(ended, halt.time);
    const Time until = ended + instance.limits.halts.auto_resume_after;
    if (!halts_.empty() && until > instance.now) Begin(instance, {PauseCause::kHalt, 0}, until, say);
  }
  for (const auto& [instrument, news] : news_) ApplyNews(instance, instrument, news, say);
}

void RiskProcessor::ConfigureStage(const PendingConfiguration& pending, runtime::EventSink& out) {
  const auto found = instances_.find(pending.header.instance);
  const absl::StatusOr<std::string> stage = ReadStageChange(pending.version.document);
  const auto known = [&](const RiskLimits& limits) {
    return std::any_of(limits.stages.begin(), limits.stages.end(), [&](const auto& s) { return s.name == *stage; });
  };
  if (found == instances_.end() || !stage.ok() || !known(found->second.limits)) {
    ++configurations_refused_;
    return;
  }
  // In force already: its record goes on. One that was given up begins anew, which is somebody's deliberate word.
  if (SnapshotOf(found->second).stage == *stage && !found->second.account.stage_aborted()) return;
  found->second.account.BeginStage(*stage);
  TellAccount(found->first, found->second, pending.header, kStageOrdinal, out);
}

void RiskProcessor::ConfigureAccount(const PendingConfiguration& pending, runtime::EventSink& out) {
  const auto found = instances_.find(pending.header.instance);
  const absl::StatusOr<AccountSnapshot> state = ReadAccountState(pending.version.document);
  if (found == instances_.end() || !state.ok() || found->second.account.used()) {
    ++configurations_refused_;
    return;
  }
  found->second.account.Carry(*state);
  TellAccount(found->first, found->second, pending.header, kCarriedOrdinal, out);
  EnterDay(found->first, found->second, pending.header, out);
}

// What does not read puts nothing in force: no order is sent then.
void RiskProcessor::ConfigureRisk(const PendingConfiguration& pending) {
  const std::optional<AccountProfile> before = std::exchange(account_profile_, std::nullopt);
  if (pending.version.mode != InstanceMode::kRetired) {
    absl::StatusOr<AccountProfile> profile = AccountProfileOf(pending.version.document);
    if (profile.ok()) {
      account_profile_ = *std::move(profile);
    } else {
      ++configurations_refused_;
    }
  }
  profile_changed_ |= account_profile_ != before;  // of several that are due at one event
  if (!account_profile_ || !account_profile_->needs_history()) history_.Clear();
  if (!account_profile_) return;
  broker_.Configure(account_profile_->account);
  for (const auto& [instrument, mark] : marks_) {
    if (mark.book == 0) broker_.See(instrument, mark.quote);
  }
  BeginBrokerDay();
}

// ---- the account at the broker

void RiskProcessor::OnTrading(const Event& event, runtime::EventSink& out) {
  std::visit(Overloaded{
                 [&](const OrderEvent& order) {
                   broker_.Apply(event.header, order);
                   const auto instance = instances_.find(event.header.instance);
                   if (instance == instances_.end() || order.role != OrderRole::kEntry) return;
                   const bool unfilled = order.intent_open <= Quantity() && order.filled <= Quantity();
                   if (unfilled) instance->second.account.DropUnfilled(order.intent);
                 },
                 [&](const PositionSnapshot& position) {
                   broker_.Apply(event.header, position);
                   if (position.trade) OnTrade(event, *position.trade, out);
                 },
                 [&](const BrokerReport& report) { broker_.Apply(report); },
                 [&](const BrokerSnapshot& snapshot) { broker_.Apply(snapshot); }, [](const auto&) {},  // not ours
             },
             event.body);
}

void RiskProcessor::OnTrade(const Event& event, const AccountTrade& trade, runtime::EventSink& out) {
  const auto found = instances_.find(event.header.instance);
  if (found == instances_.end()) return;
  Instance& instance = found->second;
  const std::optional<AccountChange> change = instance.account.Apply(trade, instance.now);
  if (!change) return;
  Tell(instance, *change, event.header, Announcer(event.header, found->first, instance.now, 0, out), out);
  JudgeDay(found->first, instance, event.header, out);
  const bool closed = instance.pauses.contains({PauseCause::kDayDrawdown, 0});  // entered all the same
  if (closed) AskToClose(found->first, instance, event.header, CauseName(PauseCause::kDayDrawdown), out);
}

// Without a session, as of markets that never close, days are those of UTC.
int32_t RiskProcessor::AccountDay() const {
  return session_ ? session_->trading_day : calendar::DateNumber(std::chrono::floor<std::chrono::days>(now_));
}
void RiskProcessor::BeginBrokerDay() {
  if (account_profile_) broker_.BeginDay(AccountDay());
}

void RiskProcessor::WatchAccount(const Event& event, AccountWatch::Teller& say) {
  const AccountProfile* profile = ProfileInForce();
  if (std::exchange(profile_changed_, false)) watch_.SetProfile(profile, say);
  const bool may_begin_day = InScoringOrder(event.header.producer) && event.header.instance == 0;
  if (may_begin_day && AccountDay() != watched_day_) {
    watched_day_ = AccountDay();
    watch_.BeginDay(watched_day_, say);
  }
  const InstrumentId instrument = event.header.instrument;
  bool worth = false;  // the account may be worth something else now
  std::visit(Overloaded{
                 [&](const OrderEvent& order) { watch_.See(order, profile, say); },
                 [&](const BrokerReport& report) { watch_.See(report, profile, say); },
                 [&](const Reconciliation& difference) { watch_.See(difference, instrument, say); },
                 [&](const OrderIncident& incident) { watch_.See(incident, instrument, say); },
                 [&](const PositionSnapshot&) { worth = true; },
                 [&](const BrokerSnapshot&) { worth = true; },
                 [&](const MarketContext&) { worth = true; },
                 [&](const SessionState&) { worth = true; },
                 [&](const ConfigurationVersion&) { worth = true; },
                 [](const auto&) {},
             },
             event.body);
  if (!worth || profile == nullptr) return;
  if (const std::optional<Money> equity = broker_.Equity()) watch_.SeeEquity(*equity, profile, say);
}

void RiskProcessor::OnCommand(const Event& event, const AdminCommand& command, runtime::EventSink& out) {
  if (command.kind == AdminCommandKind::kConfirm || command.kind == AdminCommandKind::kReject) {
    return Answer(event, command, out);
  }
  AccountWatch::Teller say(event.header, out, true);
  watch_.Obey(command, event.header.instrument, say);
}

// ---- confirmations (C-19)

namespace {

// The intent that risk makes of a card.
Event ChildOf(const Card& card, Time now, Time ingest_time, const Causation& cause) {
  Event child;
  child.header = card.header;
  child.header.producer = Producer::kRisk;
  child.header.event_time = now;
  child.header.ingest_time = ingest_time;
  child.header.correlation = card.header.correlation_id();
  child.header.cause = cause;
  TradeIntent intent = card.intent;
  intent.parent = card.header.id();
  intent.quantity_max = std::min(intent.quantity_max.value_or(card.quantity), card.quantity);
  child.body = std::move(intent);
  return child;
}

Event RefusedChild(const Event& child, const Refusal& refusal) {
  RiskDecision decision;
  decision.intent = child.header.id();
  decision.rule = refusal.rule;
  decision.seen = refusal.seen;
  decision.limit = refusal.limit;
  decision.unit = refusal.unit;
  decision.detail = refusal.detail;
  Event answer;
  answer.header = child.header;
  answer.header.producer = Producer::kRisk;
  answer.header.cause = {.market = {}, .event = decision.intent, .ordinal = 0};
  answer.body = std::move(decision);
  return answer;
}

}  // namespace

void RiskProcessor::Remember(const Event& event, const Case& c, const RiskDecision& decision, runtime::EventSink& out) {
  Card card;
  card.header = event.header;
  card.intent = c.intent;
  card.quantity = decision.quantity;
  card.mid = c.mark->mid();
  card.until = c.intent.expires;
  if (const std::optional<Duration>& within = c.limits().confirm.within) {
    card.until = std::min(card.until, c.now + *within);
  }
  const std::optional<Card> dropped = confirmations_.Remember(std::move(card));
  if (dropped) TellOver(*dropped, event.header.ingest_time, out);
}

void RiskProcessor::TellOver(const Card& card, Time ingest_time, runtime::EventSink& out) {
  const Event child =
      ChildOf(card, now_, ingest_time, {.market = {}, .event = card.header.id(), .ordinal = kUnansweredOrdinal});
  const bool cancelled = card.state == CardState::kCancelled;
  out.Emit(child);
  out.Emit(RefusedChild(child, {RefusalRule::kConfirmExpired, 0, 1, "answers",
                                cancelled ? "the signal was cancelled" : "nobody answered"}));
}

std::optional<Refusal> RiskProcessor::WhyNot(const Card& card, const AdminCommand& command) const {
  const auto expired = [&](std::string detail) {
    return Refusal{RefusalRule::kConfirmExpired, 0, 1, "cards waiting", std::move(detail)};
  };
  if (card.state == CardState::kConfirmed) {
    return Refusal{RefusalRule::kDuplicateIntent, 2, 1, "confirmations", "confirmed before"};
  }
  if (card.state == CardState::kRejected) {
    return Refusal{RefusalRule::kConfirmRejected, 0, 1, "cards waiting", "rejected before"};
  }
  if (card.state == CardState::kCancelled) return expired("the signal was cancelled");
  const auto instance = instances_.find(card.header.instance);
  const Time now = instance == instances_.end() ? now_ : std::max(now_, instance->second.now);
  if (card.state == CardState::kExpired || card.until <= now) return expired("too late");
  if (command.kind == AdminCommandKind::kReject) {
    return Refusal{RefusalRule::kConfirmRejected, 0, 1, "confirmations", "by " + command.by};
  }
  if (instance == instances_.end()) return std::nullopt;  // the rules say so
  if (instance->second.limits.route == Route::kAlert) return expired("the profile only alerts now");
  const auto mark = marks_.find(card.header.instrument);
  if (mark == marks_.end() || mark->second.book != 0) return std::nullopt;
  const std::optional<PriceMoved> moved =
      MovedSince(card, mark->second.mid(), instance->second.limits.confirm.price_move);
  if (!moved) return std::nullopt;
  return Refusal{RefusalRule::kConfirmPriceMoved, moved->seen, moved->limit, "%", std::string(moved->direction)};
}

void RiskProcessor::Answer(const Event& event, const AdminCommand& command, runtime::EventSink& out) {
  if (IsBlank(command.by)) return watch_.Refuse();
  const Card* found = confirmations_.Find(command.intent);
  if (found == nullptr) {  // no intent to follow from: the decision is on the command itself
    Event pseudo = event;
    pseudo.header.event_time = std::max(now_, watch_.now());
    pseudo.header.correlation = event.header.correlation_id();
    return out.Emit(RefusedChild(pseudo, {RefusalRule::kConfirmUnknown, 0, 1, "cards", ToString(command.intent)}));
  }
  const Card card = *found;
  const auto instance = instances_.find(card.header.instance);
  const Time now = instance == instances_.end() ? now_ : std::max(now_, instance->second.now);
  const Event child =
      ChildOf(card, now, event.header.ingest_time, {.market = {}, .event = event.header.id(), .ordinal = 0});
  out.Emit(child);
  if (const std::optional<Refusal> refusal = WhyNot(card, command)) {
    if (refusal->rule == RefusalRule::kConfirmRejected) confirmations_.Settle(command.intent, CardState::kRejected);
    return out.Emit(RefusedChild(child, *refusal));
  }
  Case c = CaseOf(child, std::get<TradeIntent>(child.body));
  c.confirmed = true;
  RiskDecision decision = Decide(c);
  // Refused by a rule, it may be confirmed again while the card waits.
  if (decision.approved) confirmations_.Settle(command.intent, CardState::kConfirmed);
  Apply(child, c, std::move(decision), out);
}

// ---- what others ask

std::vector<InstrumentId> RiskProcessor::Quoted() const {
  std::vector<InstrumentId> ids;
  for (const auto& [id, mark] : marks_) ids.push_back(id);
  return ids;
}

std::vector<StrategyInstanceId> RiskProcessor::Instances() const {
  std::vector<StrategyInstanceId> ids;
  for (const auto& [id, instance] : instances_) {
    if (instance.mode != InstanceMode::kRetired) ids.push_back(id);
  }
  return ids;
}

const RiskLimits* RiskProcessor::LimitsOfInstance(StrategyInstanceId id) const {
  const auto found = instances_.find(id);
  return found == instances_.end() ? nullptr : &found->second.limits;
}

void RiskProcessor::TellBroker(const EventHeader& cause, runtime::EventSink& out) {
  if (!account_profile_ || !broker_.TakeChanged()) return;
  Event event;
  event.header.producer = Producer::kRisk;
  event.header.event_time = now_;
  event.header.ingest_time = cause.ingest_time;
  event.header.correlation = cause.correlation_id();
  event.header.cause = {.market = {}, .event = cause.id(), .ordinal = kBrokerAccountOrdinal};
  event.body = broker_.Snapshot();
  out.Emit(event);
}

// ---- the account

int32_t RiskProcessor::DayOf(const Instance& instance) const {
  if (!instance.limits.schedule.always_open) return session_ ? session_->trading_day : 0;
  return calendar::DateNumber(std::chrono::floor<std::chrono::days>(instance.now));
}

void RiskProcessor::EnterDay(StrategyInstanceId id, Instance& instance, const EventHeader& cause,
                             runtime::EventSink& out) {
  const int32_t day = DayOf(instance);
  if (day == 0 || day == instance.account.day()) return;
  const std::optional<AccountLimits>& limits = instance.limits.account;
  instance.account.BeginDay(day, {.settlement_days = limits ? limits->settlement_days : 1,
                                  .always_open = instance.limits.schedule.always_open});
  const Announcer say(cause, id, instance.now, 0, out);
  std::erase_if(instance.pauses, [&](const auto& entry) {
    if (!OfDay(entry.first.cause)) return false;
    say.Resumed(entry.first, entry.second);
    return true;
  });
  TellAccount(id, instance, cause, kDayOrdinal, out);
}

void RiskProcessor::OnRows(StrategyInstanceId id, Instance& instance, const Event& event, const MarketContext& context,
                           runtime::EventSink& out) {
  if (instance.account.idle()) return;
  const Announcer say(event.header, id, instance.now, 0, out);
  for (const MarketContext::Row& row : context.rows) {
    if (row.book != 0) continue;
    while (const std::optional<AccountChange> change = instance.account.See(row.instrument, row.quote, instance.now)) {
      Tell(instance, *change, event.header, say, out);
    }
  }
  JudgeDay(id, instance, event.header, out);
}

// Contexts tell what changed: a quote that only stands there fills an entry too.
void RiskProcessor::SeeStanding(StrategyInstanceId id, Instance& instance, const Event& event,
                                runtime::EventSink& out) {
  const std::set<InstrumentId> waiting = instance.account.WaitingFor();
  if (waiting.empty()) return;
  const Announcer say(event.header, id, instance.now, 0, out);
  for (const InstrumentId instrument : waiting) {
    const auto mark = marks_.find(instrument);
    if (mark == marks_.end() || mark->second.book != 0) continue;
    while (const std::optional<AccountChange> change =
               instance.account.See(instrument, mark->second.quote, instance.now)) {
      Tell(instance, *change, event.header, say, out);
    }
  }
  JudgeDay(id, instance, event.header, out);
}

void RiskProcessor::OnCancelled(const Event& event, const SignalCancelled& cancelled) {
  const auto found = instances_.find(event.header.instance);
  if (found == instances_.end()) return;
  Instance& instance = found->second;
  instance.account.Cancel(cancelled.signal);
  const auto approved = std::find_if(instance.signals.begin(), instance.signals.end(),
                                     [&](const ApprovedSignal& s) { return s.signal == cancelled.signal; });
  if (approved == instance.signals.end()) return;
  instance.signals.erase(approved);
  instance.last_cancel = instance.now;
}

// Behind the end of every feed no quote will follow: what is open ends there.
void RiskProcessor::OnFeed(const Event& event, const FeedStatus& feed, runtime::EventSink& out) {
  // A subscription that was refused says nothing of the feed: the symbol's features are not carried.
  if (event.header.instrument != 0 && feed.state == FeedState::kUnknown) return;
  // Each producer's word stands until it takes it back: that the lag is over does not end an outage.
  feeds_[{event.header.producer, feed.feed, event.header.instrument}] = feed.state;
  const bool ended = std::all_of(feeds_.begin(), feeds_.end(), [](const auto& f) {
    return f.first.producer == Producer::kMetrics || f.second == FeedState::kEnded;  // metrics speaks of lag alone
  });
  if (!ended || feed.state != FeedState::kEnded) return;
  for (auto& [id, instance] : instances_) {
    const Announcer say(event.header, id, instance.now, 0, out);
    instance.account.DropPending();
    while (const std::optional<AccountChange> change = instance.account.CloseAny(instance.now, "time")) {
      Tell(instance, *change, event.header, say, out);
    }
  }
}

void RiskProcessor::Tell(Instance& instance, const AccountChange& change, const EventHeader& cause,
                         const Announcer& say, runtime::EventSink& out) const {
  instance.account.Mark();
  const bool closed = change.state == AccountTradeState::kClosed;
  const StageLimits* stage = StageOf(instance);
  if (closed && stage != nullptr && stage->abort_win_rate) {
    const SetupRecord& record = instance.account.stage_record();
    const auto wins = static_cast<int64_t>(record.wins) * 1'000'000;
    const auto trades = static_cast<int64_t>(record.trades);
    if (record.trades >= stage->abort_after && wins < stage->abort_win_rate->value * trades) {
      instance.account.AbortStage();
    }
  }
  Event event;
  event.header = change.trade.header;
  event.header.producer = Producer::kRisk;
  event.header.event_time = instance.now;
  event.header.ingest_time = cause.ingest_time;
  event.header.correlation = change.trade.header.correlation_id();
  event.header.cause = {
      .market = {}, .event = change.trade.header.id(), .ordinal = closed ? kClosedOrdinal : kEnteredOrdinal};
  AccountSnapshot snapshot = SnapshotOf(instance);
  snapshot.trade = AccountTrade{.intent = change.trade.header.id(),
                                .state = change.state,
                                .side = change.trade.side,
                                .price = change.price,
                                .quantity = change.trade.quantity,
                                .profit_gross = change.profit_gross,
                                .profit_net = change.profit_net,
                                .r_multiple = change.r_multiple,
                                .reason = std::string(change.reason)};
  event.body = std::move(snapshot);
  out.Emit(event);
  if (closed && change.profit_net < Money()) JudgeLosses(instance, say);
}

void RiskProcessor::TellAccount(StrategyInstanceId id, const Instance& instance, const EventHeader& cause,
                                uint32_t ordinal, runtime::EventSink& out) const {
  Event event;
  event.header.producer = Producer::kRisk;
  event.header.event_time = instance.now;
  event.header.ingest_time = cause.ingest_time;
  event.header.instance = id;
  event.header.correlation = cause.correlation_id();
  event.header.cause = {.market = {}, .event = cause.id(), .ordinal = ordinal};
  event.body = SnapshotOf(instance);
  out.Emit(event);
}

// S1-B6.2: a pause that is there already is not made longer.
void RiskProcessor::JudgeLosses(Instance& instance, const Announcer& say) const {
  const std::optional<AccountLimits>& limits = instance.limits.account;
  const PauseKey key{PauseCause::kLosses, 0};
  if (!limits || !limits->losses_max || instance.pauses.contains(key)) return;
  if (instance.account.LossesWithin(limits->losses_window, instance.now) <= *limits->losses_max) return;
  Pause& pause = instance.pauses[key];
  if (limits->losses_pause) pause.until = instance.now + *limits->losses_pause;
  instance.account.DropPending();  // what was not entered yet is an entry too
  say.AccountPaused(key, pause);
}

// C-14: first no new entries, then all is closed and nothing goes on this day.
void RiskProcessor::JudgeDay(StrategyInstanceId id, Instance& instance, const EventHeader& cause,
                             runtime::EventSink& out) const {
  PaperAccount& account = instance.account;
  account.Mark();
  const Announcer say(cause, id, instance.now, 0, out);
  const std::optional<AccountLimits>& limits = instance.limits.account;
  if (!limits) return;
  const PauseKey loss{PauseCause::kDayLoss, 0};
  if (limits->day_loss_stop && account.DayProfit() < -*limits->day_loss_stop && !instance.pauses.contains(loss)) {
    say.AccountPaused(loss, instance.pauses[loss]);
    account.DropPending();
  }
  const PauseKey drawdown{PauseCause::kDayDrawdown, 0};
  const std::optional<Money> limit = DayDrawdownMax(instance);
  if (!limit || account.DayDrawdown() < *limit || instance.pauses.contains(drawdown)) return;
  say.AccountPaused(drawdown, instance.pauses[drawdown]);
  account.DropPending();
  while (const std::optional<AccountChange> change = account.CloseAny(instance.now, "flatten")) {
    Tell(instance, *change, cause, say, out);
  }
  AskToClose(id, instance, cause, CauseName(PauseCause::kDayDrawdown), out);
}

void RiskProcessor::AskToClose(StrategyInstanceId id, Instance& instance, const EventHeader& cause,
                               std::string_view reason, runtime::EventSink& out) const {
  for (const PaperTrade& trade : instance.account.TakeToClose()) {
    Event event;
    event.header = trade.header;
    event.header.producer = Producer::kRisk;
    event.header.instance = id;
    event.header.event_time = instance.now;
    event.header.ingest_time = cause.ingest_time;
    event.header.correlation = trade.header.correlation_id();
    event.header.cause = {.market = {}, .event = trade.header.id(), .ordinal = kToCloseOrdinal};
    event.body = ExitSignal{.intent = trade.header.id(), .reason = std::string(reason)};
    out.Emit(event);
  }
}

// ---- halts, news, price moves

bool RiskProcessor::AnyHalted() const {
  return std::any_of(halts_.begin(), halts_.end(), [](const auto& halt) { return halt.second.active; });
}

void RiskProcessor::OnHalt(const Event& event, const HaltChanged& halt, runtime::EventSink& out) {
  // An unknown status is not a permission to trade.
  const bool active = halt.status != TradingStatus::kTrading;
  const auto known = halts_.find(event.header.instrument);
  if (!active && known == halts_.end()) return;  // trading as before
  if (known != halts_.end() && known->second.active == active) return;
  const Fact fact{.time = now_, .active = active};
  halts_[event.header.instrument] = fact;
  for (auto& [id, instance] : instances_) {
    ApplyHalt(instance, event.header.instrument, fact, Announcer(event.header, id, instance.now, 0, out));
  }
}

void RiskProcessor::ApplyHalt(Instance& instance, InstrumentId instrument, const Fact& halt,
                              const Announcer& say) const {
  const HaltLimits& limits = instance.limits.halts;
  const PauseKey key{PauseCause::kHalt, limits.halt_global ? 0 : instrument};
  if (halt.active) {
    Begin(instance, key, std::nullopt, say);
  } else if (!limits.halt_global) {
    End(instance, key, halt.time, say);
  } else if (!AnyHalted()) {
    End(instance, key, halt.time + limits.auto_resume_after, say);
  }
}

void RiskProcessor::OnNews(const Event& event, runtime::EventSink& out) {
  const Fact fact{.time = now_};
  news_[event.header.instrument] = fact;
  for (auto& [id, instance] : instances_) {
    ApplyNews(instance, event.header.instrument, fact, Announcer(event.header, id, instance.now, 0, out));
  }
}

void RiskProcessor::ApplyNews(Instance& instance, InstrumentId instrument, const Fact& news,
                              const Announcer& say) const {
  const HaltLimits& limits = instance.limits.halts;
  const PauseKey key{PauseCause::kNews, limits.news_global ? 0 : instrument};
  const Time until = news.time + limits.auto_resume_after;
  if (until <= instance.now) return;
  const auto pause = instance.pauses.find(key);
  if (pause != instance.pauses.end() && pause->second.until >= until) return;
  Begin(instance, key, until, say);
}

void RiskProcessor::OnContext(const Event& event, const MarketContext& context, runtime::EventSink& out) {
  for (const MarketContext::Row& row : context.rows) {
    marks_[row.instrument] = {.book = row.book, .quote = row.quote, .time = event.header.event_time};
    if (!account_profile_ || row.book != 0) continue;
    broker_.See(row.instrument, row.quote);
    if (account_profile_->needs_history()) history_.See(row.instrument, row.quote, now_);
  }
  if (account_profile_) broker_.Mark();
  for (auto& [id, instance] : instances_) {
    OnRows(id, instance, event, context, out);
    if (instance.limits.halts.price_move.value <= 0) continue;
    const Announcer say(event.header, id, instance.now, 0, out);
    for (const MarketContext::Row& row : context.rows) {
      const std::optional<Price> price = PriceOf(row);
      if (!price) continue;
      instance.moves[row.instrument].Add(instance.now, *price);
      JudgeMove(instance, row.instrument, say);
    }
  }
}

// A symbol that moved and then fell silent stops moving by time alone.
void RiskProcessor::OnTick(const Event& event, runtime::EventSink& out) {
  if (account_profile_ && !session_) BeginBrokerDay();
  TellBroker(event.header, out);
  for (auto& [id, instance] : instances_) {
    SeeStanding(id, instance, event, out);
    if (instance.moving.empty()) continue;
    const Announcer say(event.header, id, instance.now, 0, out);
    const std::vector<InstrumentId> moving(instance.moving.begin(), instance.moving.end());
    for (const InstrumentId instrument : moving) JudgeMove(instance, instrument, say);
  }
}

void RiskProcessor::JudgeMove(Instance& instance, InstrumentId instrument, const Announcer& say) {
  const HaltLimits& limits = instance.limits.halts;
  const bool moved = instance.moves[instrument].MovedMore(instance.now, limits.price_move_window, limits.price_move);
  const PauseKey key{PauseCause::kPriceMove, limits.halt_global ? 0 : instrument};
  if (moved) {
    if (instance.moving.insert(instrument).second) Begin(instance, key, std::nullopt, say);
  } else if (instance.moving.erase(instrument) != 0 && (!limits.halt_global || instance.moving.empty())) {
    End(instance, key, instance.now + limits.auto_resume_after, say);
  }
}

void RiskProcessor::Begin(Instance& instance, const PauseKey& key, std::optional<Time> until,
                          const Announcer& say) const {
  const auto [it, began] = instance.pauses.try_emplace(key);
  if (!began && it->second.until == until) return;
  it->second.until = until;
  say.Paused(key, it->second);
}

void RiskProcessor::End(Instance& instance, const PauseKey& key, Time until, const Announcer& say) const {
  const auto it = instance.pauses.find(key);
  if (it == instance.pauses.end()) return;
  if (until > instance.now) {
    it->second.until = until;
    say.Ending(key, it->second);
    return;
  }
  say.Resumed(key, it->second);
  instance.pauses.erase(it);
}

// ---- checkpoints

void RiskProcessor::Save(runtime::StateWriter& state) const {
  const_cast<RiskProcessor*>(this)->Persist(state);
}

absl::Status RiskProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::risk
