#include "services/oms/oms.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "services/oms/order_prices.h"

namespace spillway::oms {
namespace {

template <class T, class Key>
const T* Find(const std::map<Key, T>& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

About AboutOf(const EventHeader& header) {
  return {.instrument = header.instrument, .instance = header.instance, .correlation = header.correlation_id()};
}

}  // namespace

void OmsProcessor::Process(const Event& event, runtime::EventSink& sink) {
  // A person's command moves no clock: its time is that of another machine.
  if (!std::holds_alternative<AdminCommand>(event.body)) now_ = std::max(now_, event.header.event_time);
  if (event.header.producer == Producer::kOms) return;  // said by us
  Output out(event.header, now_, sink);
  std::visit(Overloaded{
                 [&](const TradeIntent& intent) { OnIntent(event, intent); },
                 [&](const RiskDecision& decision) { OnDecision(decision, out); },
                 [&](const BrokerReport& report) { OnReport(AboutOf(event.header), report, out); },
                 [&](const BrokerSnapshot& snapshot) { OnSnapshot(snapshot, out); },
                 [&](const MarketContext& context) { OnContext(context, out); },
                 [&](const ClockTick&) { OnTick(event.header, sink); },
                 [&](const KillSwitchChanged& kill) { OnKill(kill, out); },
                 [&](const AdminCommand& command) { OnAdmin(event.header, command, out); },
                 [&](const ExitSignal& signal) { OnExitSignal(event.header, signal, out); },
                 [&](const SignalCancelled& cancelled) { OnCancelled(cancelled, out); },
                 [&](const TradingState& state) { OnPause(event.header, state, out); },
                 [&](const HaltChanged& halt) { OnHalt(event.header.instrument, halt, out); },
                 [&](const SessionState& session) { OnSession(session, out); },
                 [&](const ConfigurationVersion& version) { OnConfiguration(event, version); },
                 [&](const InstrumentDefinition& definition) {
                   instruments_[definition.id] = {.ticks = {definition.tick, definition.tick_bands},
                                                  .contract = definition.terms,
                                                  .lot = definition.lot};
                 },
                 [](const auto&) {},  // not ours
             },
             event.body);
  if (kill_.active) TellKill(out);
  if (flattening_.active()) TellFlattening(out);
  if (care_) {
    if (std::optional<OrderCommand> snapshot = reconciler_.Due(now_, care_->reconcile_every)) {
      out.Emit(About{}, *std::move(snapshot));
    }
  }
}

// ---- configuration

size_t OmsProcessor::orders_open() const {
  size_t open = 0;
  for (const EventId& id : live_) {
    const auto& orders = trades_.at(id).orders;
    open += static_cast<size_t>(
        std::count_if(orders.begin(), orders.end(), [](const Order& order) { return !order.final(); }));
  }
  return open;
}

void OmsProcessor::OnConfiguration(const Event& event, const ConfigurationVersion& version) {
  if (version.kind == ConfigurationKind::kProfile) {
    absl::StatusOr<ExecutionTerms> terms = ReadExecutionTerms(version.document);
    if (!terms.ok()) return;  // what was in force stays; risk refuses the instance's intents
    terms_[event.header.instance] = *terms;
  } else if (version.kind == ConfigurationKind::kRisk) {
    const absl::StatusOr<CareTerms> care = ReadCareTerms(version.document);
    if (care.ok()) care_ = *care;
  }
}

// ---- intents

void OmsProcessor::OnIntent(const Event& event, const TradeIntent& intent) {
  const EventId id = event.header.id();
  if (trades_.contains(id) || !undecided_.try_emplace(id, Undecided{event.header, intent}).second) return;
  undecided_order_.push_back(id);
  while (undecided_order_.size() > kUndecidedMax) {
    undecided_.erase(undecided_order_.front());
    undecided_order_.pop_front();
  }
}

void OmsProcessor::OnDecision(const RiskDecision& decision, Output& out) {
  auto node = undecided_.extract(decision.intent);
  if (node.empty()) return;  // decided before: nothing is placed twice
  while (!undecided_order_.empty() && !undecided_.contains(undecided_order_.front())) undecided_order_.pop_front();
  const Undecided& candidate = node.mapped();
  if (!decision.approved || decision.route != Route::kAuto || candidate.intent.shadow) return;
  if (const std::string_view rule = RefusalOf(candidate, decision); !rule.empty()) {
    Refuse(candidate, decision, rule, out);
  } else {
    Open(candidate, decision, out);
  }
}

std::string_view OmsProcessor::RefusalOf(const Undecided& candidate, const RiskDecision& decision) const {
  if (kill_.active) return "KILL_SWITCH";
  if (!candidate.over.empty()) return candidate.over;
  const ExecutionTerms* terms = Find(terms_, candidate.header.instance);
  if (terms == nullptr) return "PROFILE_UNKNOWN";
  if (!instruments_.contains(candidate.header.instrument)) return "INSTRUMENT_UNKNOWN";
  if (now_ >= candidate.intent.expires) return "INTENT_EXPIRED";
  if (!terms->always_open && session_ && session_->regular_close && now_ >= *session_->regular_close - kCloseLead) {
    return "SESSION_CLOSE";
  }
  if (flattening_.Covers(candidate.header.instrument, candidate.header.instance)) return "FLATTENING";
  if (decision.quantity <= Quantity() || candidate.intent.entry <= Price()) return "NO_QUANTITY";
  return {};
}

void OmsProcessor::Refuse(const Undecided& candidate, const RiskDecision& decision, std::string_view rule,
                          Output& out) {
  OrderEvent refused;
  refused.order = OrderIdOf(decision.intent, OrderRole::kEntry, 0);
  refused.intent = decision.intent;
  refused.role = OrderRole::kEntry;
  refused.state = OrderState::kRejected;
  refused.trigger = OrderTrigger::kRefused;
  refused.side = candidate.intent.side;
  refused.quantity = decision.quantity;
  refused.rule = rule;
  out.Emit(AboutOf(candidate.header), std::move(refused));
}

void OmsProcessor::Open(const Undecided& candidate, const RiskDecision& decision, Output& out) {
  const TradeIntent& intent = candidate.intent;
  const Instrument& instrument = instruments_.at(candidate.header.instrument);
  Trade& trade = trades_[decision.intent];
  trade.header = candidate.header;
  trade.intent_made = decision.intent;
  trade.signal = intent.signal;
  trade.side = intent.side;
  trade.entry = intent.entry;
  trade.stop = decision.stop.value_or(intent.stop);
  trade.target = intent.target;
  trade.expires = intent.expires;
  trade.approved = decision.quantity;
  trade.risk = decision.risk;
  trade.terms = terms_.at(candidate.header.instance);
  trade.contract = instrument.contract;
  live_.insert(decision.intent);
  by_instrument_.insert({trade.instrument(), decision.intent});

  TicketTerms ticket{.role = OrderRole::kEntry, .side = trade.side, .quantity = trade.approved, .wanted = trade.entry};
  ticket.type = trade.terms.entry == EntryOrder::kMarket ? OrderType::kMarket : OrderType::kLimit;
  if (trade.terms.entry == EntryOrder::kLimit) ticket.limit = RoundToTick(instrument.ticks, trade.side, trade.entry);
  if (trade.terms.entry == EntryOrder::kMarketableLimit) {
    ticket.limit = Crossed(instrument.ticks, trade.side, trade.entry, trade.terms.cross);
  }
  const Order& order = Place(trade, ticket, out);
  SendPlace(trade, {order.ticket}, trade.expires, {}, out);
  Advance(trade, out);
}

// ---- the market and time

void OmsProcessor::OnContext(const MarketContext& context, Output& out) {
  for (const MarketContext::Row& row : context.rows) {
    quotes_[row.instrument] = row;
    for (Trade* trade : Live(row.instrument)) {
      if (trade->open() != Quantity()) Advance(*trade, out);
    }
  }
}

void OmsProcessor::OnHalt(InstrumentId instrument, const HaltChanged& halt, Output& out) {
  if (halt.status == TradingStatus::kTrading) {
    halted_.erase(instrument);
  } else {
    halted_.insert(instrument);
  }
  for (Trade* trade : Live(instrument)) {
    Advance(*trade, out);
  }
}

void OmsProcessor::OnSession(const SessionState& session, Output& out) {
  if (!session_ || session_->trading_day != session.trading_day) positions_.BeginDay(session.trading_day);
  session_ = session;
  for (Trade* trade : Live(0)) {
    Advance(*trade, out);
  }
}

void OmsProcessor::OnTick(const EventHeader& header, runtime::EventSink& sink) {
  while (!wakes_.empty() && wakes_.begin()->first <= now_) {
    Trade& trade = trades_.at(wakes_.begin()->second);
    Output out(trade.intent(), trade.timer_outputs, header, now_, sink);
    Advance(trade, out);
  }
}

// ---- people and strategies

void OmsProcessor::OnCancelled(const SignalCancelled& cancelled, Output& out) {
  for (auto& [id, candidate] : undecided_) {
    if (candidate.intent.signal == cancelled.signal) candidate.over = "SIGNAL_CANCELLED";
  }
  for (Trade* trade : Live(0)) {
    if (trade->signal != cancelled.signal || trade->entry_over) continue;
    EndEntry(*trade, std::string("signal cancelled: ").append(CancelRuleName(cancelled.rule)), out);
  }
}

void OmsProcessor::OnPause(const EventHeader& header, const TradingState& state, Output& out) {
  static constexpr std::array<std::string_view, 4> kOfTheMarket = {"alerts_per_hour", "halt", "news", "price_move"};
  if (!state.paused || std::ranges::find(kOfTheMarket, state.cause) != kOfTheMarket.end()) return;
  for (Trade* trade : Live(header.instrument, header.instance)) {
    if (!trade->entry_over) EndEntry(*trade, "paused: " + state.cause, out);
  }
}

void OmsProcessor::EndEntry(Trade& trade, const std::string& reason, Output& out) {
  trade.entry_over = true;
  for (Order& order : trade.orders) {
    if (order.ticket.role == OrderRole::kEntry) RequestCancel(trade, order, reason, out);
  }
  Advance(trade, out);
}

void OmsProcessor::OnExitSignal(const EventHeader& header, const ExitSignal& signal, Output& out) {
  for (Trade* trade : Live(header.instrument, header.instance)) {
    if (signal.intent && signal.intent != trade->intent()) continue;
    if (trade->open() <= Quantity()) continue;
    StartExit(*trade, signal.reason.empty() ? "exit" : signal.reason, false);
    Advance(*trade, out);
  }
}

void OmsProcessor::OnKill(const KillSwitchChanged& kill, Output& out) {
  const bool flatten = kill.active && (kill.flatten || (kill_.active && kill_.flatten));
  if (kill.active && kill_.active && flatten == kill_.flatten) return;  // known already
  kill_ = {.active = kill.active, .flatten = flatten, .told_done = false};
  if (kill_.flatten) flattening_.Start({}, kill.cause == "manual" ? "kill_switch" : kill.cause);
  for (Trade* trade : Live(0)) Advance(*trade, out);
}

// The entries that are not known to have ended, once when that begins and once when none is left.
void OmsProcessor::TellKill(Output& out) {
  if (kill_.told_done || kill_.flatten) return;
  uint32_t open = 0;
  for (const EventId& id : live_) {
    for (const Order& order : trades_.at(id).orders) {
      if (order.ticket.role == OrderRole::kEntry && order.working()) ++open;
    }
  }
  if (open != 0 && kill_.told_open == open) return;
  kill_.told_open = open;
  kill_.told_done = open == 0;
  FlattenProgress progress;
  progress.stage = open == 0 ? FlattenStage::kDone : FlattenStage::kCanceling;
  progress.cause = "kill_switch";
  progress.orders_open = open;
  progress.cancels_only = true;
  out.Emit(About{}, std::move(progress));
}

// How far each flatten is.
void OmsProcessor::TellFlattening(Output& out) {
  std::vector<Flattening::Row> rows;
  for (const EventId& id : live_) {
    const Trade& trade = trades_.at(id);
    Flattening::Row row{.instrument = trade.instrument(), .instance = trade.header.instance};
    row.held = trade.side == Side::kAsk ? Quantity() - trade.open() : trade.open();
    for (const Order& order : trade.orders) {
      if (order.working() && order.cancel_wanted) ++row.orders_open;
      row.orders_working = row.orders_working || order.working();
    }
    row.halted = Halted(trade.instrument());
    if (trade.exit) row.stage = trade.exit->plan.stage;
    rows.push_back(row);
  }
  for (Flattening::Progress& progress : flattening_.Tell(rows)) {
    out.Emit({.instrument = progress.scope.instrument, .instance = progress.scope.instance}, std::move(progress.event));
  }
}

void OmsProcessor::OnAdmin(const EventHeader& header, const AdminCommand& command, Output& out) {
  const auto blank = [](const std::string& text) { return absl::StripAsciiWhitespace(text).empty(); };
  if (blank(command.by) || blank(command.reason)) return;  // risk counts it as refused
  if (command.kind == AdminCommandKind::kKill) {
    KillSwitchChanged kill;
    kill.active = true;
    kill.flatten = command.flatten;
    kill.cause = "manual";
    return OnKill(kill, out);
  }
  if (command.kind == AdminCommandKind::kResume) reconciler_.Accept(header.instrument);
  if (command.kind != AdminCommandKind::kFlatten) return;
  for (auto& [id, candidate] : undecided_) {
    const bool covered = (header.instrument == 0 || candidate.header.instrument == header.instrument) &&
                         (header.instance == 0 || candidate.header.instance == header.instance);
    if (covered) candidate.over = "FLATTENING";
  }
  flattening_.Start({.instrument = header.instrument, .instance = header.instance}, "admin");
  for (Trade* trade : Live(header.instrument, header.instance)) Advance(*trade, out);
}

// ---- the trades

std::vector<Trade*> OmsProcessor::Live(InstrumentId instrument, StrategyInstanceId instance) {
  std::vector<Trade*> chosen;
  const auto choose = [&](const EventId& id) {
    Trade& trade = trades_.at(id);
    if (instance == 0 || trade.header.instance == instance) chosen.push_back(&trade);
  };
  if (instrument == 0) {
    for (const EventId& id : live_) choose(id);
  } else {
    for (auto it = by_instrument_.lower_bound({instrument, EventId{}});
         it != by_instrument_.end() && it->first == instrument; ++it) {
      choose(it->second);
    }
  }
  return chosen;
}

Trade* OmsProcessor::FindTrade(const EventId& intent) {
  const auto it = trades_.find(intent);
  return it == trades_.end() ? nullptr : &it->second;
}

std::pair<Trade*, Order*> OmsProcessor::FindOrder(std::string_view client_order_id) {
  const std::optional<OrderId> id = ParseClientOrderId(client_order_id);
  if (!id) return {};
  const auto it = intent_of_.find(*id);
  if (it == intent_of_.end()) return {};
  Trade& trade = trades_.at(it->second);
  return {&trade, trade.Find(*id)};
}

void OmsProcessor::Schedule(Trade& trade) {
  if (trade.scheduled == trade.wake) return;
  const EventId id = trade.intent();
  if (trade.scheduled != kNever) wakes_.erase({trade.scheduled, id});
  if (trade.wake != kNever) wakes_.insert({trade.wake, id});
  trade.scheduled = trade.wake;
}

// ---- checkpoints

void OmsProcessor::Derive() {
  intent_of_.clear();
  by_instrument_.clear();
  wakes_.clear();
  for (auto& [id, trade] : trades_) {
    for (const Order& order : trade.orders) intent_of_[order.ticket.order] = id;
    if (!live_.contains(id)) continue;
    by_instrument_.insert({trade.instrument(), id});
    Schedule(trade);
  }
}

void OmsProcessor::Save(runtime::StateWriter& state) const {
  const_cast<OmsProcessor*>(this)->Persist(state);
}

absl::Status OmsProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::oms
