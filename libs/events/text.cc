#include "libs/events/text.h"

#include <array>

#include "fmt/format.h"

namespace spillway {
namespace {

constexpr std::array<std::string_view, 14> kKinds = {
    "none",         "tick",         "level",      "top",          "clear",        "trade",        "order_add",
    "order_cancel", "order_modify", "order_fill", "level_insert", "level_update", "level_delete", "venue_vwap"};
constexpr std::array<std::string_view, 7> kCauses = {"unknown", "add",    "cancel",  "execute",
                                                     "replace", "window", "snapshot"};
constexpr std::array<std::string_view, 5> kPhases = {"unknown", "closed", "pre_market", "regular", "after_hours"};
constexpr std::array<std::string_view, 6> kFeedStates = {"unknown", "up", "stale", "lagging", "down", "ended"};
constexpr std::array<std::string_view, 5> kStatuses = {"unknown", "trading", "halted", "paused", "quotation_only"};
constexpr std::array<std::string_view, 3> kModes = {"active", "shadow", "retired"};
constexpr std::array<std::string_view, 4> kUpdates = {"unknown", "cancelled", "expired", "outcome"};
constexpr std::array<std::string_view, 4> kRoutes = {"none", "alert", "confirm", "auto"};
constexpr std::array<std::string_view, 3> kScopes = {"instance", "symbol", "global"};

template <size_t N, class E>
std::string_view Name(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "?";
}

std::string_view SideWord(Side side) {
  return side == Side::kBid ? "buy" : side == Side::kAsk ? "sell" : "none";
}
std::string_view BookSide(Side side) {
  return side == Side::kBid ? "bid" : side == Side::kAsk ? "ask" : "both";
}

std::string QuoteText(const Quote& quote) {
  return fmt::format("{} x {} / {} x {}", quote.bid.ToString(), quote.bid_size.ToString(), quote.ask.ToString(),
                     quote.ask_size.ToString());
}

template <class T>
std::string OrDash(const std::optional<T>& value) {
  return value ? value->ToString() : "-";
}

struct BodyText {
  const NameTable& names;

  std::string operator()(const std::monostate&) const { return ""; }
  std::string operator()(const InstrumentDefinition& b) const {
    std::string ticks = b.tick.ToString();
    for (const TickBand& band : b.tick_bands)
      ticks += fmt::format(",{}@{}", band.tick.ToString(), band.from_price.ToString());
    return fmt::format("{} id={} venue={} tick={} type={} float={} volume_sessions={}", b.symbol, b.id, b.venue, ticks,
                       SecurityTypeName(b.security_type), OrDash(b.float_shares), b.average_volume.sessions);
  }
  std::string operator()(const MarketBatch& b) const {
    uint64_t rows = 0;
    for (const MarketEvent& event : b.events) rows += event.row_start() ? 1 : 0;
    return fmt::format("feed={} rows={} events={}", b.feed, rows, b.events.size());
  }
  std::string operator()(const FeedCapabilities& b) const {
    return fmt::format("feed={} '{}' levels={} full_depth={} orders={} trades={} aggressor_side={} causes={}", b.feed,
                       b.name, b.book_levels, b.book_full_depth, b.orders, b.trades, b.aggressor_side, b.change_causes);
  }
  std::string operator()(const SessionState& b) const {
    return fmt::format("day={} phase={}", b.trading_day, Name(kPhases, b.phase));
  }
  std::string operator()(const FeedStatus& b) const {
    return fmt::format("feed={} {}{}{}", b.feed, Name(kFeedStates, b.state),
                       b.lag ? fmt::format(" lag={}ms", b.lag->count() / 1'000'000) : "",
                       b.reason.empty() ? "" : " " + b.reason);
  }
  std::string operator()(const HaltChanged& b) const {
    return fmt::format("{} {}", Name(kStatuses, b.status), b.reason);
  }
  std::string operator()(const NewsHeadline& b) const { return fmt::format("{}: {}", b.source, b.headline); }
  std::string operator()(const TradeBust& b) const { return fmt::format("trade={}", b.trade_id); }
  std::string operator()(const TradeCorrection& b) const {
    return fmt::format("trade={} now {} x {}", b.trade_id, b.price.ToString(), b.quantity.ToString());
  }
  std::string operator()(const FeedGap& b) const {
    return fmt::format("feed={} expected={} seen={}", b.feed, b.expected, b.seen);
  }
  std::string operator()(const UniverseChanged& b) const {
    std::string text = fmt::format("{} effective={}", b.cause, FormatTimeOfDay(b.effective_time));
    for (const UniverseMember& member : b.members) {
      text += fmt::format(" {}{}", member.included ? "+" : "-", names.Symbol(member.instrument));
      for (const Exclusion& e : member.exclusions)
        text += fmt::format(" [{} seen={} limit={}]", e.rule, e.seen, e.limit);
    }
    return text;
  }
  std::string operator()(const ConfigurationVersion& b) const {
    const std::string_view what = b.kind == ConfigurationKind::kStage     ? " stage"
                                  : b.kind == ConfigurationKind::kAccount ? " account"
                                  : b.kind == ConfigurationKind::kRisk    ? " risk"
                                  : b.kind == ConfigurationKind::kVenue   ? " venue"
                                                                          : "";
    return fmt::format("{} {}{} effective={}", b.name, Name(kModes, b.mode), what, FormatTimeOfDay(b.effective_time));
  }
  std::string operator()(const ClockTick& b) const { return b.source == TickSource::kHost ? "host" : "feed"; }
  std::string operator()(const ProcessorVersion& b) const { return b.build; }
  std::string operator()(const FeatureSetDefined& b) const {
    std::string text = fmt::format("version={}", b.version);
    for (const FeatureSpec& spec : b.specs) text += " " + ToString(spec);
    return text;
  }
  std::string operator()(const FeatureSnapshot& b) const {
    std::string text = fmt::format("{}{}{} {}", b.boundary ? "boundary" : "trigger",
                                   b.book == 0 ? "" : fmt::format(" book={:#x}", b.book), b.top_only ? " top_only" : "",
                                   QuoteText(b.quote));
    for (const FeatureValue& value : b.values) {
      text += value.ready() ? fmt::format(" {}", value.value) : fmt::format(" {}", NotReadyName(value.not_ready));
    }
    return text;
  }
  std::string operator()(const UniverseInputs& b) const {
    return fmt::format("{} price={} spread={} relative_volume={} status={}{}", b.cause, OrDash(b.price),
                       OrDash(b.spread_median),
                       b.relative_volume ? fmt::format("{:.4f}", *b.relative_volume) : b.relative_volume_reason,
                       Name(kStatuses, b.trading_status), b.last_of_refresh ? " last" : "");
  }
  std::string operator()(const DetectorFired& b) const {
    return fmt::format("{} {} {} price={} seen={} limit={}", DetectorName(b.detector), b.active ? "on" : "off",
                       BookSide(b.side), OrDash(b.price), b.seen, b.limit);
  }
  std::string operator()(const MarketContext& b) const {
    std::string text = fmt::format("rows={}", b.rows.size());
    for (const MarketContext::Row& row : b.rows) {
      text += fmt::format(" {}[{}{}]", names.Symbol(row.instrument), QuoteText(row.quote),
                          row.book == 0 ? "" : fmt::format(" book={:#x}", row.book));
    }
    return text;
  }
  std::string Rules(const std::vector<RuleResult>& rules) const {
    std::string text;
    for (const RuleResult& rule : rules) text += " [" + ToText(rule) + "]";
    return text;
  }
  std::string operator()(const Signal& b) const {
    return fmt::format("{} {} score={}/{} {}{}",
                       b.accepted  ? "accepted"
                       : b.preview ? "preview"
                                   : "rejected",
                       SideWord(b.side), b.score, b.threshold, QuoteText(b.quote), Rules(b.rules));
  }
  std::string operator()(const SignalCancelled& b) const {
    return fmt::format("{}{} seen={} limit={} signal={}", CancelRuleName(b.rule),
                       b.condition.empty() ? "" : " " + b.condition, b.seen, b.limit, ToString(b.signal));
  }
  std::string operator()(const TradeIntent& b) const {
    return fmt::format("{} entry={} stop={} target={} spread={} expires={}{}", SideWord(b.side), b.entry.ToString(),
                       b.stop.ToString(), b.target.ToString(), b.spread.ToString(), FormatTimeOfDay(b.expires),
                       b.shadow ? " SHADOW" : "");
  }
  std::string operator()(const RiskDecision& b) const {
    if (!b.approved) {
      return fmt::format("refused {}{} seen={} limit={}{}", RefusalRuleName(b.rule),
                         b.detail.empty() ? "" : " " + b.detail, b.seen, b.limit, b.unit.empty() ? "" : " " + b.unit);
    }
    std::string text =
        fmt::format("approved quantity={} cap={} risk={} route={}{}{}", b.quantity.ToString(),
                    SizeCapName(b.binding_cap), b.risk.ToString(), Name(kRoutes, b.route),
                    b.low_confidence ? " low_confidence" : "", b.stage.empty() ? "" : " stage=" + b.stage);
    if (b.stop) text += " stop=" + b.stop->ToString();
    for (const CapRoom& room : b.caps) text += fmt::format(" {}<={}", SizeCapName(room.cap), room.quantity.ToString());
    return text;
  }
  std::string operator()(const TradingState& b) const {
    return fmt::format("{} {} {}{}", b.paused ? "paused" : "resumed", Name(kScopes, b.scope), b.cause,
                       b.until ? " until=" + FormatTimeOfDay(*b.until) : "");
  }
  std::string operator()(const Alert& b) const {
    return fmt::format("{} entry={} stop={} target={} quantity={} risk={} reward_net={} score={}/{}{}{}",
                       SideWord(b.side), b.entry.ToString(), b.stop.ToString(), b.target.ToString(),
                       b.quantity.ToString(), b.risk.ToString(), b.reward_net.ToString(), b.score, b.threshold,
                       b.low_confidence ? " low_confidence" : "", b.shadow ? " SHADOW" : "");
  }
  std::string operator()(const AlertUpdate& b) const {
    return fmt::format("{} alert={} {}", Name(kUpdates, b.kind), ToString(b.alert), b.reason);
  }
  std::string operator()(const AlertReceipt& b) const {
    return fmt::format("{} {} alert={} {}", b.channel, ReceiptStateName(b.state), ToString(b.alert), b.detail);
  }
  std::string operator()(const OutcomeLabelled& b) const {
    return fmt::format("{} entry={} exit={} quantity={} net={} r={:.4f} return={:.4f}% mae={} mfe={}{}",
                       OutcomeLabelName(b.label), OrDash(b.entry_price), OrDash(b.exit_price), b.quantity.ToString(),
                       b.profit_net.ToString(), b.r_multiple, b.return_net_percent, OrDash(b.mae), OrDash(b.mfe),
                       b.near_miss ? " near_miss"
                       : b.shadow  ? " SHADOW"
                                   : "");
  }
  std::string operator()(const SubscriptionChanged& b) const {
    std::string text = fmt::format("feed={} effective={}", b.feed, FormatTimeOfDay(b.effective_time));
    for (const Subscription& s : b.subscriptions) {
      text += fmt::format(" {}[{}{}{} {}]", names.Symbol(s.instrument), s.line ? "line" : "off",
                          s.depth ? "+depth" : "", s.tick_stream ? "+ticks" : "", s.reason);
    }
    return text;
  }
  std::string operator()(const AccountSnapshot& b) const {
    std::string text = fmt::format("{} day={} equity={} day_profit={} drawdown={} trades={} open={}{}",
                                   b.kind == AccountKind::kBroker ? "broker" : "paper", b.trading_day,
                                   b.equity.ToString(), b.day_profit.ToString(), b.day_drawdown.ToString(),
                                   b.trades_today, b.open_positions, b.stage.empty() ? "" : " stage=" + b.stage);
    if (b.trade) {
      text += fmt::format(" {} {} x {} {} net={}", b.trade->state == AccountTradeState::kEntered ? "entered" : "closed",
                          b.trade->price.ToString(), b.trade->quantity.ToString(), b.trade->reason,
                          b.trade->profit_net.ToString());
    }
    for (const std::string& warning : b.warnings) text += " WARNING: " + warning;
    return text;
  }
  std::string operator()(const ExitSignal& b) const { return b.reason; }
  std::string operator()(const OrderCommand& b) const {
    std::string text(OrderCommandKindName(b.kind));
    if (b.order) text += " " + ClientOrderId(b.order);
    for (const OrderTicket& t : b.tickets) {
      text += fmt::format(" {} {} {} {} x {} limit={} stop={} {}", ClientOrderId(t.order), OrderRoleName(t.role),
                          SideWord(t.side), OrderTypeName(t.type), t.quantity.ToString(), OrDash(t.limit),
                          OrDash(t.stop), TimeInForceName(t.time_in_force));
    }
    return b.reason.empty() ? text : text + ": " + b.reason;
  }
  std::string operator()(const OrderEvent& b) const {
    std::string text =
        fmt::format("{} {} {} -> {} ({}) {} {} filled={} of {}", ClientOrderId(b.order), OrderRoleName(b.role),
                    b.previous == OrderState::kNone ? "-" : OrderStateName(b.previous), OrderStateName(b.state),
                    OrderTriggerName(b.trigger), SideWord(b.side), OrderTypeName(b.type), b.filled.ToString(),
                    b.quantity.ToString());
    if (b.limit) text += " limit=" + b.limit->ToString();
    if (b.stop) text += " stop=" + b.stop->ToString();
    if (b.last_quantity != Quantity()) {
      text += fmt::format(" fill={}x{} fee={} execution={}", b.last_quantity.ToString(), b.last_price.ToString(),
                          b.last_fee.ToString(), b.execution_id);
    }
    if (!b.rule.empty()) text += " rule=" + b.rule;
    return b.reason.empty() ? text : text + ": " + b.reason;
  }
  std::string operator()(const BrokerReport& b) const {
    std::string text = fmt::format("{} {}", BrokerReportKindName(b.kind), b.client_order_id);
    if (b.quantity != Quantity()) {
      text += fmt::format(" {} {} x {} fee={} execution={}", SideWord(b.side), b.quantity.ToString(),
                          b.price.ToString(), b.fee.ToString(), b.execution_id);
    }
    if (b.state != OrderState::kNone) text += fmt::format(" state={}", OrderStateName(b.state));
    if (!b.code.empty()) text += " code=" + b.code;
    return b.reason.empty() ? text : text + ": " + b.reason;
  }
  std::string operator()(const PositionSnapshot& b) const {
    std::string text = fmt::format("quantity={} cost={} realized={} fees={} cash_flow={} protected={}",
                                   b.quantity.ToString(), b.cost.ToString(), b.realized_gross.ToString(),
                                   b.fees.ToString(), b.cash_flow.ToString(), b.protected_quantity.ToString());
    if (b.trade) {
      text += fmt::format(" {} {} x {} {} net={}", b.trade->state == AccountTradeState::kEntered ? "entered" : "closed",
                          b.trade->quantity.ToString(), b.trade->price.ToString(), b.trade->reason,
                          b.trade->profit_net.ToString());
    }
    return text;
  }
  std::string operator()(const AdminCommand& b) const {
    return fmt::format("{}{} by {}{}{}", AdminCommandKindName(b.kind), b.flatten ? " and flatten" : "", b.by,
                       b.intent ? " intent=" + ToString(b.intent) : "", b.reason.empty() ? "" : ": " + b.reason);
  }
  std::string operator()(const Reconciliation& b) const {
    if (b.kind == DifferenceKind::kNone) {
      return fmt::format("compared: differences={} unresolved={} {}", b.differences, b.unresolved, b.detail);
    }
    return fmt::format("{} {} {} ours={} broker={} -> {}{} {}", DifferenceKindName(b.kind), b.symbol, b.client_order_id,
                       b.ours.ToString(), b.brokers.ToString(), RepairName(b.repair), b.resolved ? "" : " UNRESOLVED",
                       b.detail);
  }
  std::string operator()(const BrokerSnapshot& b) const {
    return fmt::format("{} account {}{} cash={} equity={} orders={} positions={} executions={}", b.broker, b.account,
                       b.live ? " LIVE" : "", b.cash.ToString(), b.equity.ToString(), b.orders.size(),
                       b.positions.size(), b.executions.size());
  }
  std::string operator()(const KillSwitchChanged& b) const {
    if (!b.active) return fmt::format("enabled by {}: {}", b.by, b.reason);
    return fmt::format("KILLED{} by {} seen={} limit={} {}{}", b.flatten ? ", flatten" : "", b.cause, b.seen, b.limit,
                       b.unit, b.reason.empty() ? "" : ": " + b.reason);
  }
  std::string operator()(const FlattenProgress& b) const {
    std::string text = b.cancels_only
                           ? fmt::format("entries: cancels {} ({}) orders_open={}, positions are kept",
                                         FlattenStageName(b.stage), b.cause, b.orders_open)
                           : fmt::format("{} ({}) orders_open={}", FlattenStageName(b.stage), b.cause, b.orders_open);
    for (const FlattenProgress::Row& row : b.positions) {
      text +=
          fmt::format(" {}={}{}", names.Symbol(row.instrument), row.quantity.ToString(), row.halted ? " HALTED" : "");
    }
    return text;
  }
  std::string operator()(const OrderIncident& b) const {
    return fmt::format("{} {} in {}: {}{}", IncidentKindName(b.kind), b.client_order_id, OrderStateName(b.state),
                       b.detail, b.pauses ? ": trading in the symbol pauses" : "");
  }
  std::string operator()(const RejectionSummary& b) const {
    std::string text = fmt::format("since {}", FormatTimeOfDay(b.from));
    for (const RejectionSummary::Row& row : b.rows) {
      text += fmt::format(" {}[{} x {} best={}]", names.Symbol(row.instrument), row.rule, row.count, row.best_score);
    }
    return text;
  }
};

}  // namespace

void NameTable::Learn(const Event& event) {
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body))
    definitions_[definition->id] = *definition;
  if (const auto* configuration = std::get_if<ConfigurationVersion>(&event.body)) {
    if (configuration->kind == ConfigurationKind::kProfile) instances_[event.header.instance] = configuration->name;
  }
}

std::string NameTable::Symbol(InstrumentId id) const {
  const InstrumentDefinition* definition = Definition(id);
  return definition != nullptr ? definition->symbol : fmt::format("#{}", id);
}

std::string NameTable::Instance(StrategyInstanceId id) const {
  const auto found = instances_.find(id);
  return found != instances_.end() ? found->second : fmt::format("{:016x}", id);
}

const InstrumentDefinition* NameTable::Definition(InstrumentId id) const {
  const auto found = definitions_.find(id);
  return found != definitions_.end() ? &found->second : nullptr;
}

std::string_view BodyName(const EventBody& body) {
  constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kNames = {
      "empty",         "instrument", "market_batch",   "feed_capabilities", "session",     "feed_status",
      "halt",          "news",       "trade_bust",     "trade_correction",  "feed_gap",    "universe",
      "configuration", "tick",       "processor",      "feature_set",       "snapshot",    "universe_inputs",
      "detector",      "context",    "signal",         "signal_cancelled",  "intent",      "decision",
      "trading_state", "alert",      "alert_update",   "receipt",           "outcome",     "subscription",
      "account",       "rejections", "exit_signal",    "order_command",     "order",       "broker_report",
      "position",      "admin",      "reconciliation", "broker_snapshot",   "kill_switch", "flatten",
      "incident"};
  static_assert(!kNames.back().empty(), "every body has a name");
  return kNames[body.index()];
}

std::string ToText(const RuleResult& rule) {
  const bool truth = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
  const bool not_carried = rule.not_ready == NotReadyName(NotReady::kNotCarried);
  const std::string value = rule.value    ? fmt::format("{:.6g}", *rule.value)
                            : not_carried ? "not carried by this feed"
                                          : "not_ready:" + rule.not_ready;
  std::string text = fmt::format("{} {} {} {}", rule.rule, rule.feature, value, ComparisonSymbol(rule.comparison));
  if (!truth) text += fmt::format(" {}", rule.limit);
  return text +
         (rule.gate ? (rule.passed ? ": pass" : ": FAIL") : fmt::format(": {}/{}", rule.points, rule.points_max));
}

std::string ToText(const Event& event, const NameTable& names) {
  const EventHeader& header = event.header;
  std::string text = fmt::format("{} {}", FormatTimeOfDay(header.event_time, 9), BodyName(event.body));
  if (header.instrument != 0) text += " " + names.Symbol(header.instrument);
  if (header.instance != 0) text += " " + names.Instance(header.instance);
  const std::string body = std::visit(BodyText{names}, event.body);
  return body.empty() ? text : text + " " + body;
}

std::string ToText(const MarketEvent& event, const NameTable& names) {
  std::string text = fmt::format("{} {}", FormatTimeOfDay(event.event_time, 9), Name(kKinds, event.kind));
  if (event.kind == MarketEventKind::kTick) return text;
  text += fmt::format(" {} #{}", names.Symbol(event.instrument), event.position);
  const bool trade = event.kind == MarketEventKind::kTrade;
  text += fmt::format(" {} {} x {}", trade ? SideWord(event.side) : BookSide(event.side), event.price.ToString(),
                      event.quantity.ToString());
  if (!trade) text += fmt::format(" {}", Name(kCauses, event.cause));
  if (event.reference != 0) text += fmt::format(" ref={}", event.reference);
  if (event.conditions != 0) text += fmt::format(" conditions={:#x}", event.conditions);
  if ((event.flags & MarketEventFlags::kHidden) != 0) text += " hidden";
  if ((event.flags & MarketEventFlags::kCross) != 0) text += " cross";
  if (event.end_of_event()) text += " end";
  return text;
}

}  // namespace spillway
