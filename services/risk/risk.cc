#include "services/risk/risk.h"

#include <algorithm>
#include <utility>

#include "libs/events/trading_lane.h"

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
  }
  return "unknown";
}

PauseScope ScopeOf(const PauseKey& key) {
  if (key.cause == PauseCause::kAlertsPerHour) return PauseScope::kInstance;
  return key.instrument == 0 ? PauseScope::kGlobal : PauseScope::kSymbol;
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
  if (!InScoringOrder(event.header.producer)) return;
  Advance(event.header, out);
  std::visit(Overloaded{
                 [&](const TradeIntent& intent) { Apply(event, Decide(event, intent), out); },
                 [&](const MarketContext& context) { OnContext(event, context, out); },
                 [&](const HaltChanged& halt) { OnHalt(event, halt, out); },
                 [&](const NewsHeadline&) { OnNews(event, out); }, [&](const ClockTick&) { OnTick(event, out); },
                 [&](const FeedStatus& feed) { feeds_[feed.feed] = feed.state; },
                 [&](const SessionState& session) { session_ = session; },
                 [&](const InstrumentDefinition& definition) { terms_[definition.id] = definition.terms; },
                 [&](const ConfigurationVersion& version) {
                   if (version.kind != ConfigurationKind::kProfile) return;
                   pending_.push_back({event.header, version});
                   if (event.header.instance == 0) pending_.back().header.instance = StrategyInstanceIdOf(version.name);
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
  c.instance = find(instances_, event.header.instance);
  if (c.instance != nullptr) c.now = c.instance->now;
  c.terms = find(terms_, event.header.instrument);
  c.mark = find(marks_, event.header.instrument);
  for (const auto& [feed, state] : feeds_) {
    ++c.feeds.known;
    if (state != FeedState::kUp) ++c.feeds.not_up;
  }
  if (session_) c.trading_day = session_->trading_day;
  c.minute = NewYorkMinute(session_, c.now);
  c.close_minute = CloseMinute(session_);
  return c;
}

RiskDecision RiskProcessor::Decide(const Event& event, const TradeIntent& intent) const {
  const Case c = CaseOf(event, intent);
  RiskDecision decision;
  decision.intent = event.header.id();
  if (const std::optional<Refusal> refusal = FirstRefusal(c)) {
    decision.rule = refusal->rule;
    decision.seen = refusal->seen;
    decision.limit = refusal->limit;
    decision.unit = refusal->unit;
    if (refusal->rule == RefusalRule::kSizeZero) decision.binding_cap = ApprovedSize(c).binding_cap;
    return decision;
  }
  const Size size = ApprovedSize(c);
  decision.approved = true;
  decision.quantity = size.quantity;
  decision.binding_cap = size.binding_cap;
  decision.risk = size.risk;
  decision.route = c.instance->mode == InstanceMode::kShadow || intent.shadow ? Route::kAlert : c.limits().route;
  decision.low_confidence = c.low_confidence();
  return decision;
}

// Counts what was decided before it is emitted: the next intent must see it.
void RiskProcessor::Apply(const Event& event, const RiskDecision& decision, runtime::EventSink& out) {
  Event answer;
  answer.header = event.header;
  answer.header.producer = Producer::kRisk;
  answer.header.correlation = event.header.correlation_id();
  answer.header.cause = {.market = {}, .event = decision.intent, .ordinal = 0};
  answer.body = decision;
  out.Emit(answer);

  const auto found = instances_.find(event.header.instance);
  if (found == instances_.end()) return;
  Instance& instance = found->second;
  while (!instance.alerts.empty() && instance.now - instance.alerts.front() >= kRateWindow) instance.alerts.pop_front();
  if (decision.approved) {
    instance.last_alert[event.header.instrument] = instance.now;
    instance.alerts.push_back(instance.now);
    const WindowAt window = CaseOf(event, std::get<TradeIntent>(event.body)).window();
    const int32_t day = session_ ? session_->trading_day : 0;
    if (instance.window.trading_day != day) instance.window = {.trading_day = day, .alerts = {}};
    if (window.index) ++instance.window.alerts[*window.index];
  } else if (decision.rule == RefusalRule::kAlertsPerHour && !instance.limits.throttle.throttle_on_exceed) {
    const PauseKey key{PauseCause::kAlertsPerHour, 0};
    if (instance.pauses.contains(key)) return;
    // It ends when so many have left that one more fits: the oldest, unless the cap was lowered meanwhile.
    const size_t leave = instance.alerts.size() - *instance.limits.throttle.alerts_per_hour;
    Begin(instance, key, instance.alerts[leave] + kRateWindow,
          Announcer(event.header, event.header.instance, instance.now, 1, out));
  }
}

// ---- time

// Events of one instance move that instance's clock alone.
void RiskProcessor::Advance(const EventHeader& header, runtime::EventSink& out) {
  if (header.instance == 0) {
    now_ = std::max(now_, header.event_time);
    for (auto& [id, instance] : instances_) {
      instance.now = std::max(instance.now, now_);
      EndPauses(id, instance, out);
    }
  } else if (const auto it = instances_.find(header.instance); it != instances_.end()) {
    it->second.now = std::max(it->second.now, header.event_time);
    EndPauses(it->first, it->second, out);
  }
  ConfigureDue(header, out);
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
  if (version.mode == InstanceMode::kRetired) {
    if (const auto it = instances_.find(id); it != instances_.end()) it->second.mode = InstanceMode::kRetired;
    return;
  }
  const absl::StatusOr<RiskLimits> limits = LimitsOf(version.document);
  if (!limits.ok()) {  // unknown from here on: its intents are refused, its counts are kept
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
    if (entry.first.cause == PauseCause::kAlertsPerHour) return false;
    say.Resumed(entry.first, entry.second);
    return true;
  });
  instance.limits = *limits;
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
  for (const MarketContext::Row& row : context.rows) marks_[row.instrument] = {.book = row.book, .quote = row.quote};
  for (auto& [id, instance] : instances_) {
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
  for (auto& [id, instance] : instances_) {
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
