#include "services/journal/report/orders_pass.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "libs/config/yaml.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::journal::report {
namespace {

bool Deeper(Money a, Money b) {
  return std::max(a, -a) > std::max(b, -b);
}

// `later` follows `point` and takes its place.
void Merge(BrokerPoint& point, const BrokerPoint& later) {
  const Money deepest = Deeper(point.day_drawdown, later.day_drawdown) ? point.day_drawdown : later.day_drawdown;
  point = later;
  point.day_drawdown = deepest;
}

template <class Document>
std::string YamlOf(const std::string& bytes) {
  Document document;
  return document.ParseFromString(bytes) ? config::ToYaml(document) : "";
}

}  // namespace

void OrdersPass::Take(const Event& event) {
  std::visit([&](const auto& body) { On(event.header, body); }, event.body);
}

// ---------------------------------------------------------------- settings, intent and decision

void OrdersPass::On(const Header&, const ConfigurationVersion& version) {
  if (report_.settings.size() == kSettingsMax) return;
  if (version.kind == ConfigurationKind::kRisk)
    report_.settings.push_back(
        {version.effective_time, "risk", version.name, YamlOf<v1::RiskProfile>(version.document)});
  if (version.kind == ConfigurationKind::kVenue)
    report_.settings.push_back(
        {version.effective_time, "venue", version.name, YamlOf<v1::SimulatedVenue>(version.document)});
}

void OrdersPass::On(const Header& header, const TradeIntent& intent) {
  if (!intent.shadow && decisions_.size() < kDecisionsMax) decisions_[header.id()].intent = intent;
}

void OrdersPass::On(const Header& header, const RiskDecision& decision) {
  const auto found = decisions_.find(decision.intent);
  if (found == decisions_.end()) return;
  if (decision.approved && decision.route == Route::kAuto) {
    found->second.decided = {header.event_time, header.id(), decision};
  } else {
    decisions_.erase(found);
  }
}

// ---------------------------------------------------------------- orders and positions

OrdersPass::Known& OrdersPass::KnownOf(const Header& header, const EventId& intent) {
  const Key key = {intent, intent ? 0 : header.instrument};
  const auto [it, added] = known_.try_emplace(key);
  if (added) Open(header, intent, it->second);
  by_correlation_[header.correlation_id()] = key;
  return it->second;
}

void OrdersPass::Open(const Header& header, const EventId& intent, Known& known) {
  const auto decision = decisions_.find(intent);
  if (report_.trades.size() < kTradesMax) {
    known.place = report_.trades.size();
    TradeStory& story = report_.trades.emplace_back();
    story.instrument = header.instrument;
    story.instance = header.instance;
    story.intent = intent;
    story.correlation = header.correlation_id();
    if (decision != decisions_.end()) {
      story.plan = decision->second.intent;
      story.decided = decision->second.decided;
      const auto confirmed = confirmed_.find(story.plan->parent);
      if (story.plan->parent && confirmed != confirmed_.end()) story.confirmed = confirmed->second;
    }
  }
  if (decision != decisions_.end()) decisions_.erase(decision);
}

TradeStory* OrdersPass::StoryOf(const Known& known) {
  return known.place == Known::kNotShown ? nullptr : &report_.trades[known.place];
}

void OrdersPass::AddStep(TradeStory& story, TradeStep step) {
  if (story.steps.size() == kTradeStepsMax || steps_ == kOrderStepsMax) {
    ++story.steps_left_out;
    return;
  }
  ++steps_;
  story.steps.push_back(std::move(step));
}

void OrdersPass::On(const Header& header, const OrderEvent& order) {
  any_ = true;
  Known& known = KnownOf(header, order.intent);
  const bool fill = !order.execution_id.empty();
  if (order.trigger != OrderTrigger::kRefused) {
    known.placed = true;
    order_fees_[order.order] = order.fees;
  }
  if (order.role == OrderRole::kEntry) known.open = order.intent_open;
  if (fill) {
    ++report_.fills;
    known.filled = true;
    if (order.slippage_decision_bps) {
      const double quantity = static_cast<double>(order.last_quantity.e8());
      known.slippage += *order.slippage_decision_bps * quantity;
      known.slippage_quantity += quantity;
    }
  }
  TradeStory* story = StoryOf(known);
  if (story == nullptr) return;
  AddOrder(header, *story, order);
  AddStep(*story, {header.event_time, order, std::nullopt});
}

void OrdersPass::AddOrder(const Header& header, TradeStory& story, const OrderEvent& order) {
  const auto known = std::find_if(story.orders.begin(), story.orders.end(),
                                  [&](const OrderStory& one) { return one.last.order == order.order; });
  if (known != story.orders.end()) {
    known->last_time = header.event_time;
    known->last = order;
  } else if (story.orders.size() < kTradeOrdersMax) {
    story.orders.push_back({header.event_time, header.event_time, order.quantity, order});
  } else if (order.previous == OrderState::kNone) {
    ++story.orders_left_out;
  }
}

void OrdersPass::On(const Header& header, const PositionSnapshot& position) {
  any_ = true;
  Key key;
  if (position.trade) {
    KnownOf(header, position.trade->intent);
    key = {position.trade->intent, 0};
  } else if (const auto found = by_correlation_.find(header.correlation_id()); found != by_correlation_.end()) {
    key = found->second;
  }
  const auto found = known_.find(key);
  if (found == known_.end()) return;  // of a trade that nobody's intent began: reconciliation tells of it
  Known& known = found->second;
  TradeStory* story = StoryOf(known);
  if (position.trade && position.trade->state == AccountTradeState::kClosed) {
    known.closed = position.trade;
    if (story != nullptr) {
      story->closed = position.trade;
      story->closed_at = header.event_time;
    }
  } else if (position.trade && story != nullptr) {
    story->entered = position.trade;
    if (!story->entered_at) story->entered_at = header.event_time;
  }
  if (story != nullptr) AddStep(*story, {header.event_time, std::nullopt, position});
}

// ---------------------------------------------------------------- the account at the broker

void OrdersPass::On(const Header& header, const AccountSnapshot& account) {
  if (header.instance != 0 || account.kind != AccountKind::kBroker) return;
  any_ = true;
  ++report_.account_snapshots;
  report_.account_last = account;
  report_.account_last_time = header.event_time;
  if (account.equity == Money() && account.cash == Money()) return;  // not known yet
  const BrokerPoint point = {header.event_time, account.equity, account.day_profit, account.day_drawdown};
  std::vector<BrokerPoint>& points = report_.account;
  if (!points.empty() && snapshots_of_last_ < snapshots_a_point_) {
    Merge(points.back(), point);
    ++snapshots_of_last_;
    return;
  }
  if (points.size() == kBrokerPointsMax) {
    for (size_t i = 0; i < kBrokerPointsMax / 2; ++i) {
      points[i] = points[2 * i];
      Merge(points[i], points[2 * i + 1]);
    }
    points.resize(kBrokerPointsMax / 2);
    snapshots_a_point_ *= 2;
  }
  points.push_back(point);
  snapshots_of_last_ = 1;
}

// ---------------------------------------------------------------- what interrupted

void OrdersPass::Note(const Header& header, std::string kind, bool grave, std::string text) {
  if (notices_[kind]++ >= kOrderNoticesMax) {
    ++report_.notices_left_out;
    return;
  }
  report_.notices.push_back(
      {header.event_time, header.instrument, header.instance, std::move(kind), grave, std::move(text)});
}

void OrdersPass::On(const Header& header, const KillSwitchChanged& kill) {
  any_ = true;
  std::string text;
  if (kill.active) {
    text = fmt::format("on{}: {}", kill.flatten ? ", positions are closed" : "", kill.cause);
    if (kill.limit != 0 || kill.seen != 0)
      text += fmt::format(", seen {:.6g}, limit {:.6g} {}", kill.seen, kill.limit, kill.unit);
  } else {
    text = "off";
  }
  if (!kill.by.empty()) text += ", by " + kill.by;
  if (!kill.reason.empty()) text += ": " + kill.reason;
  Note(header, "kill_switch", kill.active, std::move(text));
}

// A stage once: what is left of it changes with every fill.
void OrdersPass::On(const Header& header, const FlattenProgress& progress) {
  any_ = true;
  FlattenStage& stage = flattens_[{header.instrument, header.instance, progress.cause}];
  if (stage == progress.stage) return;
  stage = progress.stage;
  std::string text = fmt::format("{} ({})", FlattenStageName(progress.stage), progress.cause);
  if (progress.orders_open > 0) text += fmt::format(", cancels not acknowledged: {}", progress.orders_open);
  for (const FlattenProgress::Row& row : progress.positions) {
    text += fmt::format(", {} {}{}", names_.Symbol(row.instrument), row.quantity.ToString(),
                        row.halted ? " halted, queued" : "");
  }
  Note(header, "flatten", progress.stage != FlattenStage::kDone, std::move(text));
}

void OrdersPass::On(const Header& header, const OrderIncident& incident) {
  any_ = true;
  Note(header, "incident", true,
       fmt::format("{} of an order in {}: {}{}", IncidentKindName(incident.kind), OrderStateName(incident.state),
                   incident.detail, incident.pauses ? "; the symbol pauses until a person resumes it" : ""));
}

void OrdersPass::On(const Header& header, const Reconciliation& reconciliation) {
  any_ = true;
  if (reconciliation.kind == DifferenceKind::kNone) {
    ++report_.comparisons;
    report_.differences += reconciliation.differences;
    report_.unresolved = reconciliation.unresolved;
    return;
  }
  std::string text = fmt::format("{}: ours {}, broker's {}; {}{}", DifferenceKindName(reconciliation.kind),
                                 reconciliation.ours.ToString(), reconciliation.brokers.ToString(),
                                 RepairName(reconciliation.repair), reconciliation.resolved ? "" : ", unresolved");
  if (!reconciliation.detail.empty()) text += ": " + reconciliation.detail;
  Note(header, "difference", !reconciliation.resolved, std::move(text));
}

void OrdersPass::On(const Header& header, const AdminCommand& command) {
  if (command.kind == AdminCommandKind::kConfirm) {
    confirmed_[command.intent] = {header.event_time, command.by};
    return;  // told with its trade
  }
  Note(header, "command", false,
       fmt::format("{}{} by {}{}", AdminCommandKindName(command.kind), command.flatten ? " and flatten" : "",
                   command.by, command.reason.empty() ? "" : ": " + command.reason));
}

void OrdersPass::On(const Header& header, const BrokerReport& report) {
  const bool grave = report.kind == BrokerReportKind::kDisconnected || report.kind == BrokerReportKind::kRateLimited ||
                     report.kind == BrokerReportKind::kMalformed;
  const bool back = disconnected_ && report.kind == BrokerReportKind::kConnected;
  if (report.kind == BrokerReportKind::kDisconnected) disconnected_ = true;
  if (!grave && !back) return;
  Note(header, "broker", grave,
       fmt::format("{}{}", BrokerReportKindName(report.kind), report.reason.empty() ? "" : ": " + report.reason));
}

// ---------------------------------------------------------------- sums

TradeEnd OrdersPass::EndOf(const Known& known) {
  if (known.closed) return TradeEnd::kClosed;
  if (known.filled) return TradeEnd::kOpen;
  if (!known.placed) return TradeEnd::kRefused;
  return known.open > Quantity() ? TradeEnd::kWaiting : TradeEnd::kUnfilled;
}

std::optional<OrdersReport> OrdersPass::Finish() {
  if (!any_) return std::nullopt;
  report_.intents = known_.size();
  report_.orders = order_fees_.size();
  for (const auto& [order, fees] : order_fees_) report_.fees = report_.fees + fees;
  for (const auto& [key, known] : known_) Sum(known);
  std::stable_sort(report_.notices.begin(), report_.notices.end(),
                   [](const OrderNotice& a, const OrderNotice& b) { return a.time < b.time; });
  return std::move(report_);
}

void OrdersPass::Sum(const Known& known) {
  const TradeEnd end = EndOf(known);
  TradeStory* story = StoryOf(known);
  report_.trades_left_out += story == nullptr ? 1 : 0;
  report_.open += end == TradeEnd::kOpen ? 1 : 0;
  report_.waiting += end == TradeEnd::kWaiting ? 1 : 0;
  report_.unfilled += end == TradeEnd::kUnfilled ? 1 : 0;
  report_.refused += end == TradeEnd::kRefused ? 1 : 0;
  if (known.closed) {
    ++report_.closed;
    report_.wins += known.closed->profit_net > Money() ? 1 : 0;
    report_.profit_net = report_.profit_net + known.closed->profit_net;
    report_.profit_gross = report_.profit_gross + known.closed->profit_gross;
    if (story == nullptr) {
      ++report_.closed_left_out;
      report_.profit_net_left_out = report_.profit_net_left_out + known.closed->profit_net;
    }
  }
  if (story == nullptr) return;
  story->end = end;
  if (known.slippage_quantity > 0) story->slippage_bps = known.slippage / known.slippage_quantity;
  if (known.closed) {
    story->fees = known.closed->profit_gross - known.closed->profit_net;
  } else {
    for (const OrderStory& order : story->orders) story->fees = story->fees + order.last.fees;
  }
}

}  // namespace spillway::journal::report
