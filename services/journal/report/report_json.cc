#include "services/journal/report/report_json.h"

#include <cmath>

#include "nlohmann/json.hpp"
#include "services/journal/report/new_york_clock.h"
#include "services/journal/report/orders_json.h"
#include "services/journal/report/signal_list.h"

namespace spillway::journal::report {
namespace {

using Json = nlohmann::ordered_json;

// Facts are strings with all their digits; what is only drawn is numbers.
Json Text(Price price) {
  return price.ToString();
}
Json Text(Quantity quantity) {
  return quantity.ToString();
}
Json Text(Money money) {
  return money.ToString();
}
Json Text(Time time) {
  return FormatTime(time);
}
template <class T>
Json Text(const std::optional<T>& value) {
  return value ? Text(*value) : Json(nullptr);
}
Json Text(const EventId& id) {
  return id ? Json(ToString(id)) : Json(nullptr);
}
Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
template <class T>
Json Number(const std::optional<T>& value) {
  return value ? Number(*value) : Json(nullptr);
}
// Whole units as integers: a size of 100 is written 100.
Json Units(int64_t e8) {
  if (e8 % Quantity::kUnit == 0) return e8 / Quantity::kUnit;
  return static_cast<double>(e8) / 1e8;
}
int64_t Milliseconds(Duration duration) {
  return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}
std::string_view SideWord(Side side) {
  return side == Side::kBid ? "buy" : side == Side::kAsk ? "sell" : "none";
}
std::string_view ModeWord(InstanceMode mode) {
  return mode == InstanceMode::kActive ? "active" : mode == InstanceMode::kShadow ? "shadow" : "retired";
}

Json SideJson(Side side) {
  return side == Side::kBid ? "bid" : side == Side::kAsk ? "ask" : "none";
}

Json RuleJson(const RuleResult& rule) {
  const bool yes_no = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
  return {{"rule", rule.rule},
          {"feature", rule.feature},
          {"gate", rule.gate},
          {"passed", rule.passed},
          {"failed", Failed(rule)},
          {"value", Number(rule.value)},
          {"not_ready", rule.not_ready},
          {"comparison", std::string(ComparisonSymbol(rule.comparison))},
          {"limit", yes_no ? Json(nullptr) : Number(rule.limit)},
          {"shortfall", Failed(rule) ? Number(Shortfall(rule)) : Json(nullptr)},
          {"points", Number(rule.points)},
          {"points_max", Number(rule.points_max)}};
}

Json QuoteJson(const Quote& quote) {
  return {{"bid", Text(quote.bid)},
          {"bid_size", Text(quote.bid_size)},
          {"ask", Text(quote.ask)},
          {"ask_size", Text(quote.ask_size)}};
}

Json SignalJson(const Signal& signal) {
  Json rules = Json::array();
  for (const RuleResult& rule : signal.rules) rules.push_back(RuleJson(rule));
  Json inputs = Json::array();
  for (const EventId& input : signal.inputs) inputs.push_back(Text(input));
  return {{"side", std::string(SideWord(signal.side))},
          {"score", Number(signal.score)},
          {"threshold", Number(signal.threshold)},
          {"preview", signal.preview},
          {"quote", QuoteJson(signal.quote)},
          {"rules", rules},
          {"inputs", inputs}};
}

// ---------------------------------------------------------------- the market around a moment

Json MarksJson(const MarketWindow& window) {
  Json marks = Json::array();
  for (const DetectorMark& mark : window.marks) {
    const DetectorFired& detector = mark.detector;
    marks.push_back({{"t", Milliseconds(mark.time - window.from)},
                     {"detector", std::string(DetectorName(detector.detector))},
                     {"active", detector.active},
                     {"side", SideJson(detector.side)},
                     {"price", detector.price ? Json(detector.price->ToDouble()) : Json(nullptr)},
                     {"seen", Number(detector.seen)},
                     {"limit", Number(detector.limit)}});
  }
  return marks;
}

Json WallsJson(const MarketWindow& window) {
  Json walls = Json::array();
  for (const WallSpan& wall : window.walls) {
    walls.push_back({{"price", wall.price.ToDouble()},
                     {"side", SideJson(wall.side)},
                     {"from", wall.from},
                     {"to", wall.to},
                     {"size", Units(wall.size_e8)}});
  }
  return walls;
}

Json PlantedJson(const MarketWindow& window) {
  Json planted = Json::array();
  for (const truth::PlantedEpisode& episode : window.planted) {
    planted.push_back({{"kind", std::string(truth::EpisodeKindName(episode.kind))},
                       {"from", Milliseconds(episode.start - window.from)},
                       {"to", Milliseconds(episode.end - window.from)},
                       {"side", SideJson(episode.side)},
                       {"price", episode.price ? Json(episode.price->ToDouble()) : Json(nullptr)}});
  }
  return planted;
}

Json WindowJson(const MarketWindow& window, const NameTable& names) {
  const InstrumentDefinition* definition = names.Definition(window.instrument);
  Json rows = Json::array();
  for (const HeatRow& row : window.rows) {
    Json changes = Json::array();
    for (const HeatRow::Change& change : row.changes) {
      changes.push_back(change.column);
      changes.push_back(Units(change.size_e8));
    }
    rows.push_back({{"price", row.price.ToDouble()}, {"changes", changes}});
  }
  Json quotes = {{"t", Json::array()}, {"bid", Json::array()}, {"ask", Json::array()}};
  for (const QuotePoint& quote : window.quotes) {
    quotes["t"].push_back(Milliseconds(quote.time - window.from));
    quotes["bid"].push_back(quote.bid ? Json(quote.bid->ToDouble()) : Json(nullptr));
    quotes["ask"].push_back(quote.ask ? Json(quote.ask->ToDouble()) : Json(nullptr));
  }
  Json trades = {{"t", Json::array()},
                 {"price", Json::array()},
                 {"size", Json::array()},
                 {"side", Json::array()},
                 {"count", Json::array()}};
  for (const TradePoint& trade : window.trades) {
    trades["t"].push_back(Milliseconds(trade.time - window.from));
    trades["price"].push_back(trade.price.ToDouble());
    trades["size"].push_back(Units(trade.quantity.e8()));
    trades["count"].push_back(trade.count);
    trades["side"].push_back(trade.aggressor == Side::kBid ? 1 : trade.aggressor == Side::kAsk ? -1 : 0);
  }
  return {{"from", Text(window.from)},
          {"to", Text(window.to)},
          {"trigger", Milliseconds(window.trigger - window.from)},
          {"column_ms", Milliseconds(MarketWindow::kColumn)},
          {"columns", window.columns},
          {"tick", definition == nullptr ? 0.01 : definition->tick.ToDouble()},
          {"rows", rows},
          {"quotes", quotes},
          {"trades", trades},
          {"detectors", MarksJson(window)},
          {"walls", WallsJson(window)},
          {"planted", PlantedJson(window)},
          {"walls_left_out", window.walls_left_out},
          {"rows_left_out", window.rows_left_out},
          {"trades_left_out", window.trades_left_out},
          {"detectors_left_out", window.marks_left_out}};
}

Json WindowJson(const std::optional<MarketWindow>& window, const NameTable& names) {
  return window ? WindowJson(*window, names) : Json(nullptr);
}

// ---------------------------------------------------------------- decisions

Json RecordJson(const SetupRecord& record) {
  return {{"trades", record.trades}, {"wins", record.wins}, {"sum_r", Number(record.sum_r)}};
}

Json DecisionJson(const Timed<RiskDecision>& timed) {
  constexpr std::array<std::string_view, 4> kRoutes = {"none", "alert", "confirm", "auto"};
  const RiskDecision& decision = timed.body;
  Json json = {{"id", Text(timed.id)}, {"time", Text(timed.time)}, {"approved", decision.approved}};
  if (!decision.approved) {
    json.update({{"rule", std::string(RefusalRuleName(decision.rule))},
                 {"seen", Number(decision.seen)},
                 {"limit", Number(decision.limit)},
                 {"unit", decision.unit},
                 {"detail", decision.detail},
                 {"stage", decision.stage}});
    return json;
  }
  json.update({{"quantity", Text(decision.quantity)},
               {"binding_cap", std::string(SizeCapName(decision.binding_cap))},
               {"risk", Text(decision.risk)},
               {"route", std::string(kRoutes[static_cast<size_t>(decision.route) % kRoutes.size()])},
               {"low_confidence", decision.low_confidence},
               {"stage", decision.stage},
               {"record", RecordJson(decision.record)},
               {"risk_percent", Number(decision.risk_percent)},
               {"warnings", decision.warnings}});
  return json;
}

Json OutcomeJson(const OutcomeLabelled& outcome) {
  return {{"label", std::string(OutcomeLabelName(outcome.label))},
          {"entered", Text(outcome.entered)},
          {"entry_price", Text(outcome.entry_price)},
          {"exited", Text(outcome.exited)},
          {"exit_price", Text(outcome.exit_price)},
          {"quantity", Text(outcome.quantity)},
          {"profit_net", Text(outcome.profit_net)},
          {"profit_gross", Text(outcome.profit_gross)},
          {"r_multiple", Number(outcome.r_multiple)},
          {"return_net_percent", Number(outcome.return_net_percent)},
          {"mae", Text(outcome.mae)},
          {"mfe", Text(outcome.mfe)}};
}

Json OutcomeJson(const Timed<OutcomeLabelled>& timed) {
  Json json = {{"id", Text(timed.id)}, {"time", Text(timed.time)}};
  json.update(OutcomeJson(timed.body));
  return json;
}

Json AlertJson(const Timed<Alert>& timed) {
  const Alert& alert = timed.body;
  return {{"id", Text(timed.id)},
          {"quantity", Text(alert.quantity)},
          {"binding_cap", std::string(SizeCapName(alert.binding_cap))},
          {"risk", Text(alert.risk)},
          {"reward_net", Text(alert.reward_net)},
          {"reward_to_risk_net", Number(alert.reward_to_risk_net)},
          {"low_confidence", alert.low_confidence}};
}

Json SetupJson(const Setup& setup, const SessionReport& report) {
  Json json = {{"symbol", report.names.Symbol(setup.instrument)},
               {"instance", report.names.Instance(setup.instance)},
               {"triggered", Text(setup.triggered)},
               {"correlation_id", Text(setup.correlation)},
               {"signal_id", Text(setup.signal_id)},
               {"intent_id", Text(setup.intent_id)},
               {"shadow", setup.intent && setup.intent->shadow}};
  json.update(SignalJson(setup.signal));
  if (setup.intent) {
    json.update({{"entry", Text(setup.intent->entry)},
                 {"stop", Text(setup.intent->stop)},
                 {"target", Text(setup.intent->target)},
                 {"spread", Text(setup.intent->spread)},
                 {"expires", Text(setup.intent->expires)}});
  }
  json["decision"] = setup.decision ? DecisionJson(*setup.decision) : Json(nullptr);
  if (report.orders && setup.decision && !setup.decision->body.caps.empty())
    json["decision"]["caps"] = CapsJson(setup.decision->body);
  json["alert"] = setup.alert ? AlertJson(*setup.alert) : Json(nullptr);
  json["cancelled"] = nullptr;
  if (setup.cancelled) {
    const SignalCancelled& cancelled = setup.cancelled->body;
    json["cancelled"] = {{"id", Text(setup.cancelled->id)},
                         {"time", Text(setup.cancelled->time)},
                         {"rule", std::string(CancelRuleName(cancelled.rule))},
                         {"seen", Number(cancelled.seen)},
                         {"limit", Number(cancelled.limit)},
                         {"condition", cancelled.condition}};
  }
  json["outcome"] = setup.outcome ? OutcomeJson(*setup.outcome) : Json(nullptr);
  json["receipts"] = Json::array();
  constexpr std::array<std::string_view, 4> kStates = {"unknown", "delivered", "failed", "suppressed"};
  for (const Timed<AlertReceipt>& receipt : setup.receipts) {
    json["receipts"].push_back(
        {{"time", Text(receipt.time)},
         {"channel", receipt.body.channel},
         {"state", std::string(kStates[static_cast<size_t>(receipt.body.state) % kStates.size()])},
         {"detail", receipt.body.detail}});
  }
  json["market"] = WindowJson(setup.market, report.names);
  return json;
}

// What would have been traded; nothing where scoring made no plan.
Json PlanJson(const Signal& signal) {
  if (signal.entry == Price()) return Json::object();
  return {{"entry", Text(signal.entry)},
          {"stop", Text(signal.stop)},
          {"target", Text(signal.target)},
          {"expires", Text(signal.expires)}};
}

Json NearMissJson(const NearMiss& miss, const SessionReport& report) {
  Json json = {{"symbol", report.names.Symbol(miss.instrument)},
               {"instance", report.names.Instance(miss.instance)},
               {"time", Text(miss.time)},
               {"correlation_id", Text(miss.correlation)},
               {"signal_id", Text(miss.signal_id)},
               {"gates_failed", miss.gates_failed},
               {"distance", Number(miss.distance)}};
  json.update(SignalJson(miss.signal));
  json.update(PlanJson(miss.signal));
  json["would_have"] = miss.would_have ? OutcomeJson(*miss.would_have) : Json(nullptr);
  json["measured_instead"] = nullptr;
  if (miss.measured_instead) {
    json["measured_instead"] = {{"signal_id", Text(miss.measured_instead->signal_id)},
                                {"time", Text(miss.measured_instead->time)},
                                {"would_have", OutcomeJson(miss.measured_instead->would_have)}};
  }
  json["market"] = WindowJson(miss.market, report.names);
  return json;
}

Json RejectionsJson(const SessionReport& report) {
  Json groups = Json::array();
  for (const RejectionGroup& group : report.rejections) {
    groups.push_back({{"instance", report.names.Instance(group.instance)},
                      {"failed", group.failed},
                      {"count", group.count},
                      {"best_score", Number(group.best_score)},
                      {"best_time", Text(group.best_time)},
                      {"best_symbol", report.names.Symbol(group.best_instrument)}});
  }
  return groups;
}

Json RuleStatisticsJson(const SessionReport& report) {
  Json rules = Json::array();
  for (const RuleStatistics& rule : report.rules) {
    const bool yes_no = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
    Json not_ready = Json::object();
    for (const auto& [reason, count] : rule.not_ready) not_ready[std::string(NotReadyName(reason))] = count;
    rules.push_back({{"instance", report.names.Instance(rule.instance)},
                     {"side", std::string(SideWord(rule.side))},
                     {"rule", rule.rule},
                     {"feature", rule.feature},
                     {"gate", rule.gate},
                     {"passes_not_ready", rule.passes_not_ready},
                     {"comparison", std::string(ComparisonSymbol(rule.comparison))},
                     {"limit", yes_no ? Json(nullptr) : Number(rule.limit)},
                     {"points", Number(rule.points)},
                     {"snapshots", rule.snapshots},
                     {"ready", rule.ready},
                     {"held", rule.held},
                     {"not_ready", not_ready},
                     {"best", Number(rule.best)},
                     {"best_time", rule.best ? Text(rule.best_time) : Json(nullptr)},
                     {"best_symbol", rule.best ? Json(report.names.Symbol(rule.best_instrument)) : Json(nullptr)}});
  }
  return rules;
}

// ---------------------------------------------------------------- a strategy instance

Json AccountJson(const InstanceRecord& record) {
  if (!record.account_last) return nullptr;
  const AccountSnapshot& last = record.account_last->body;
  Json points = {
      {"t", Json::array()}, {"equity", Json::array()}, {"day_profit", Json::array()}, {"day_drawdown", Json::array()}};
  for (const AccountPoint& point : record.account) {
    points["t"].push_back(Milliseconds(point.time.time_since_epoch()));
    points["equity"].push_back(point.equity.ToDouble());
    points["day_profit"].push_back(point.day_profit.ToDouble());
    points["day_drawdown"].push_back(point.day_drawdown.ToDouble());
  }
  Json warnings = Json::array();
  for (const auto& [time, text] : record.warnings) warnings.push_back({{"time", Text(time)}, {"text", text}});
  return {{"kind", last.kind == AccountKind::kBroker ? "broker" : "paper"},
          {"time", Text(record.account_last->time)},
          {"trading_day", last.trading_day},
          {"equity", Text(last.equity)},
          {"cash", Text(last.cash)},
          {"settled_cash", Text(last.settled_cash)},
          {"day_profit", Text(last.day_profit)},
          {"day_drawdown", Text(last.day_drawdown)},
          {"week_profit_gross", Text(last.week_profit)},
          {"month_drawdown", Text(last.month_drawdown)},
          {"open_positions", last.open_positions},
          {"trades_today", last.trades_today},
          {"risk_percent", Number(last.risk_percent)},
          {"stage", last.stage},
          {"stage_aborted", last.stage_aborted},
          {"record", RecordJson(last.record)},
          {"stage_record", RecordJson(last.stage_record)},
          {"warnings", warnings},
          {"points", points},
          {"points_left_out", record.account_left_out}};
}

Json InstancesJson(const SessionReport& report) {
  Json instances = Json::array();
  for (const InstanceRecord& record : report.instances)
    instances.push_back({{"instance", report.names.Instance(record.instance)}, {"account", AccountJson(record)}});
  return instances;
}

// ---------------------------------------------------------------- the session

Json UniverseJson(const SessionReport& report) {
  Json universe = Json::array();
  for (const UniverseEntry& entry : report.universe) {
    Json exclusions = Json::array();
    for (const ExclusionHistory& exclusion : entry.exclusions) {
      exclusions.push_back({{"rule", exclusion.rule},
                            {"seen", exclusion.seen},
                            {"limit", exclusion.limit},
                            {"times", exclusion.times},
                            {"first", Text(exclusion.first)},
                            {"last", Text(exclusion.last)}});
    }
    universe.push_back({{"instance", report.names.Instance(entry.instance)},
                        {"symbol", report.names.Symbol(entry.instrument)},
                        {"included", entry.included},
                        {"included_seconds", Number(static_cast<double>(entry.included_for.count()) / 1e9)},
                        {"first_included", Text(entry.first_included)},
                        {"changes", entry.changes},
                        {"excluded_by", entry.excluded_by},
                        {"exclusions", exclusions}});
  }
  return universe;
}

Json LineJson(const PriceLine& line) {
  Json points = {{"t", Json::array()},
                 {"low", Json::array()},
                 {"high", Json::array()},
                 {"last", Json::array()},
                 {"vwap", Json::array()}};
  for (const PricePoint& point : line.points) {
    points["t"].push_back(Milliseconds(point.time.time_since_epoch()));
    points["low"].push_back(point.low.ToDouble());
    points["high"].push_back(point.high.ToDouble());
    points["last"].push_back(point.last.ToDouble());
    points["vwap"].push_back(Number(point.vwap));
  }
  Json minutes = {{"t", Json::array()}, {"volume", Json::array()}};
  for (const auto& [minute, volume] : line.minutes) {
    minutes["t"].push_back(Milliseconds(minute.time_since_epoch()));
    minutes["volume"].push_back(Units(volume.e8()));
  }
  return {{"bucket_seconds", Milliseconds(line.bucket) / 1000}, {"points", points}, {"minutes", minutes}};
}

Json SymbolJson(const SymbolFacts& symbol) {
  const InstrumentDefinition& definition = symbol.definition;
  return {{"symbol", definition.symbol},
          {"venue", definition.venue},
          {"currency", definition.currency},
          {"security_type", std::string(SecurityTypeName(definition.security_type))},
          {"float", Text(definition.float_shares)},
          {"volume_profile_sessions", definition.average_volume.sessions},
          {"tick", Text(definition.tick)},
          {"market_events", symbol.rows},
          {"trades", symbol.trades},
          {"trade_volume", Text(symbol.volume)},
          {"trade_vwap", Number(symbol.Vwap())},
          {"low", Text(symbol.low)},
          {"high", Text(symbol.high)},
          {"first_time", Text(symbol.first)},
          {"last_time", Text(symbol.last)},
          {"first_quote", symbol.first_quote ? QuoteJson(*symbol.first_quote) : Json(nullptr)},
          {"last_quote", symbol.last_quote ? QuoteJson(*symbol.last_quote) : Json(nullptr)},
          {"crossed", symbol.crossed},
          {"locked", symbol.locked},
          {"gaps", symbol.gaps},
          {"unknown_positions", symbol.unknown_positions},
          {"trade_busts", symbol.busts},
          {"trade_corrections", symbol.corrections},
          {"halted_seconds", Number(static_cast<double>(symbol.halted.count()) / 1e9)},
          {"line", symbol.line ? LineJson(*symbol.line) : Json(nullptr)}};
}

Json FeedJson(const FeedFacts& feed) {
  const FeedCapabilities& can = feed.capabilities;
  const auto delay = [](const std::optional<Duration>& value) {
    return value ? Json(static_cast<double>(value->count()) / 1e6) : Json(nullptr);
  };
  return {{"feed", can.feed},
          {"name", can.name},
          {"carries",
           {{"book_levels", can.book_levels},
            {"book_full_depth", can.book_full_depth},
            {"orders", can.orders},
            {"trades", can.trades},
            {"aggressor_side", can.aggressor_side},
            {"change_causes", can.change_causes},
            {"trade_conditions", can.trade_conditions},
            {"receive_times", can.receive_times},
            {"status", can.status},
            {"news", can.news}}},
          {"gaps", feed.gaps},
          {"stale_seconds", Milliseconds(feed.stale) / 1000.0},
          {"lagging_seconds", Milliseconds(feed.lagging) / 1000.0},
          {"down_seconds", Milliseconds(feed.down) / 1000.0},
          {"lag_median_ms", delay(feed.lag_median)},
          {"lag_p99_ms", delay(feed.lag_p99)},
          {"lag_max_ms", delay(feed.lag_max)}};
}

Json SessionJson(const SessionReport& report) {
  Json lanes = Json::array();
  for (const LaneFacts& lane : report.lanes) {
    lanes.push_back({{"lane", lane.name},
                     {"messages", lane.messages},
                     {"rows", lane.rows},
                     {"bytes", lane.bytes},
                     {"raw_bytes", lane.raw_bytes},
                     {"whole", lane.whole},
                     {"last_hash", lane.last_hash}});
  }
  return {{"name", report.name},
          {"directory", report.directory},
          {"trading_day", report.trading_day},
          {"first_time", Text(report.first)},
          {"last_time", Text(report.last)},
          {"new_york_offset_minutes", report.first ? Milliseconds(NewYorkOffset(*report.first)) / 60'000 : 0},
          {"market_events", report.rows},
          {"trades", report.trades},
          {"symbols", report.symbols.size()},
          {"build", report.build},
          {"builds", report.builds},
          {"created", report.created},
          {"digest", report.digest},
          {"lanes", lanes}};
}

Json ProfilesJson(const SessionReport& report) {
  Json profiles = Json::array();
  for (const ProfileFacts& profile : report.profiles) {
    profiles.push_back({{"instance", profile.instance},
                        {"mode", std::string(ModeWord(profile.mode))},
                        {"effective", Text(profile.effective)},
                        {"threshold", Number(profile.threshold)},
                        {"near_miss", Number(profile.near_miss)},
                        {"problem", profile.problem},
                        {"yaml", profile.yaml}});
  }
  return profiles;
}

Json NoticesJson(const SessionReport& report) {
  Json notices = Json::array();
  for (const Notice& notice : report.notices) {
    notices.push_back(
        {{"time", Text(notice.time)},
         {"kind", notice.kind},
         {"symbol", notice.instrument == 0 ? Json(nullptr) : Json(report.names.Symbol(notice.instrument))},
         {"instance", notice.instance == 0 ? Json(nullptr) : Json(report.names.Instance(notice.instance))},
         {"text", notice.text}});
  }
  return notices;
}

Json TimeOfDayJson(const SessionReport& report) {
  Json buckets = Json::array();
  for (const TimeOfDay& bucket : report.time_of_day) {
    buckets.push_back({{"minute", bucket.minute},
                       {"alerts", bucket.alerts},
                       {"shadow_alerts", bucket.shadow_alerts},
                       {"refused", bucket.refused},
                       {"rejected", bucket.rejected}});
  }
  return buckets;
}

Json CountsJson(const SessionReport& report, size_t alerts, size_t refused) {
  return {{"alerts", alerts},
          {"refused", refused},
          {"rejected", report.rejected},
          {"signals_left_out", report.setups_left_out},
          {"signals_not_listed", report.listed_left_out},
          {"rejections_left_out", report.rejections_left_out},
          {"notices_left_out", report.notices_left_out},
          {"charts_left_out", report.charts_left_out}};
}

}  // namespace

std::string ToJson(const SessionReport& report, int indent) {
  Json alerts = Json::array(), refused = Json::array(), near_misses = Json::array();
  for (const Setup& setup : report.setups) (setup.approved() ? alerts : refused).push_back(SetupJson(setup, report));
  for (const NearMiss& miss : report.near_misses) near_misses.push_back(NearMissJson(miss, report));
  Json refusals = Json::array();
  for (const RefusalCount& refusal : report.refusals) {
    refusals.push_back({{"instance", report.names.Instance(refusal.instance)},
                        {"rule", std::string(RefusalRuleName(refusal.rule))},
                        {"count", refusal.count}});
  }
  Json symbols = Json::array(), feeds = Json::array();
  for (const SymbolFacts& symbol : report.symbols) symbols.push_back(SymbolJson(symbol));
  for (const FeedFacts& feed : report.feeds) feeds.push_back(FeedJson(feed));

  Json json = {{"report_version", 1}, {"summary", Summarize(report)}, {"session", SessionJson(report)}};
  json["counts"] = CountsJson(report, alerts.size(), refused.size());
  json["profiles"] = ProfilesJson(report);
  json["alerts"] = std::move(alerts);
  json["refused"] = std::move(refused);
  json["refusals"] = std::move(refusals);
  json["near_misses"] = std::move(near_misses);
  json["signals"] = SignalListJson(report);
  json["instances"] = InstancesJson(report);
  json["rejections"] = RejectionsJson(report);
  json["rules"] = RuleStatisticsJson(report);
  json["universe"] = UniverseJson(report);
  json["time_of_day"] = TimeOfDayJson(report);
  json["notices"] = NoticesJson(report);
  json["symbols"] = std::move(symbols);
  json["feeds"] = std::move(feeds);
  if (report.orders) json["orders"] = OrdersJson(report);
  json["scorecard"] = report.scorecard.empty() ? Json(nullptr) : Json::parse(report.scorecard, nullptr, false);
  json["truth"] = report.truth.empty() ? Json(nullptr) : Json::parse(report.truth, nullptr, false);
  // Text from outside may be no UTF-8: what is not becomes U+FFFD.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spillway::journal::report
