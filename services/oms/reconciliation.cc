#include "services/oms/reconciliation.h"

#include <algorithm>

#include "fmt/format.h"

namespace spillway::oms {
namespace {

bool AtBroker(OrderState state) {  // it was sent, and has not ended
  return !IsFinal(state) && state != OrderState::kNone && state != OrderState::kNew;
}

OrderCommand CommandOf(OrderCommandKind kind, const OrderId& order) {
  OrderCommand command;
  command.kind = kind;
  command.order = order;
  command.reason = "reconciliation";
  return command;
}

BrokerReport ReportOf(const BrokerSnapshot::Execution& execution) {
  BrokerReport report;
  report.kind = BrokerReportKind::kFill;
  report.client_order_id = execution.client_order_id;
  report.broker_order_id = execution.broker_order_id;
  report.execution_id = execution.execution_id;
  report.side = execution.side;
  report.price = execution.price;
  report.quantity = execution.quantity;
  report.fee = execution.fee;
  report.broker_time = execution.time;
  report.reason = "reconciliation";
  return report;
}

BrokerReport ReportOf(const BrokerSnapshot::Order& order, Time as_of) {
  BrokerReport report;
  report.kind = BrokerReportKind::kStatus;
  report.client_order_id = order.client_order_id;
  report.broker_order_id = order.broker_order_id;
  report.side = order.side;
  report.state = order.state != OrderState::kNone ? order.state
                 : order.filled > Quantity()      ? OrderState::kPartial
                                                  : OrderState::kAccepted;
  report.cumulative = order.filled;
  report.leaves = order.quantity - order.filled;
  report.broker_time = as_of;
  report.reason = "reconciliation";
  return report;
}

Quantity Signed(Side side, Quantity quantity) {
  return side == Side::kBid ? quantity : Quantity() - quantity;
}

}  // namespace

// One snapshot against one state of ours.
class Reconciler::Comparison {
 public:
  Comparison(Reconciler& state, const BrokerSnapshot& snapshot, std::span<const OrderView> orders,
             const PositionBook& book)
      : state_(state), snapshot_(snapshot), book_(book) {
    moment_ = std::min(state.asked_.value_or(snapshot.as_of), snapshot.as_of);
    for (const OrderView& order : orders) {
      ours_[order.order] = &order;
      if (order.last_activity >= moment_) busy_.insert(order.instrument);
    }
  }

  std::vector<Difference> Run() {
    for (const BrokerSnapshot::Execution& execution : snapshot_.executions) CompareExecution(execution);
    for (const BrokerSnapshot::Order& order : snapshot_.orders) CompareTheirs(order);
    for (const auto& [id, order] : ours_) CompareOurs(*order);
    ComparePositions();
    CompareCash();
    Resolve();
    Summarize();
    return std::move(found_);
  }

  bool any_new() const { return any_new_; }
  bool any_left_out() const { return !left_out_.empty(); }
  Time moment() const { return moment_; }

 private:
  // Has a difference stand, or be over and done with if it is resolved.
  Difference& Found(const std::string& key, Difference difference) {
    seen_.insert(key);
    ++differences_;
    const auto open = state_.open_.find(key);
    difference.emit = difference.event.resolved || open == state_.open_.end();
    any_new_ = any_new_ || difference.emit;
    if (difference.event.resolved) {
      if (open != state_.open_.end()) state_.open_.erase(open);
    } else if (open == state_.open_.end()) {
      state_.open_[key] = {
          .event = difference.event, .instrument = difference.instrument, .instance = difference.instance};
    }
    found_.push_back(std::move(difference));
    return found_.back();
  }
  // Something that is told once for as long as the broker says it.
  void Show(const std::string& key, Difference difference) {
    shown_.insert(key);
    if (state_.shown_.contains(key)) return;
    difference.event.repair = Repair::kShown;
    difference.event.resolved = true;
    found_.push_back(std::move(difference));
  }

  bool LeftOut(const OrderView& order) const { return order.last_activity >= moment_; }
  bool Busy(InstrumentId instrument) const {
    const std::optional<Time> changed = book_.changed(instrument);
    return busy_.contains(instrument) || (changed && *changed >= moment_);
  }
  const OrderView* Ours(const OrderId& order) const {
    const auto found = ours_.find(order);
    return found == ours_.end() ? nullptr : found->second;
  }

  void CompareExecution(const BrokerSnapshot::Execution& execution) {
    if (const Execution* known = book_.Find(execution.execution_id)) return CompareFee(*known, execution);
    if (book_.forgotten_until() && execution.time <= *book_.forgotten_until()) return;
    const std::optional<OrderId> order = ParseClientOrderId(execution.client_order_id);
    const OrderView* ours = order ? Ours(*order) : nullptr;
    if (ours != nullptr && LeftOut(*ours)) return;

    Difference difference = Of(execution);
    if (order) difference.event.order = *order;
    if (ours != nullptr) {
      difference.instrument = ours->instrument;
      difference.instance = ours->instance;
      difference.event.kind = DifferenceKind::kMissingFill;
      difference.event.repair = Repair::kApplied;
      difference.report = ReportOf(execution);
      missing_[*order] += execution.quantity;
    } else if (execution.instrument == 0) {
      difference.event.kind = DifferenceKind::kManualTrade;
      difference.event.detail = "a trade in a symbol that is not known here";
      return Show("trade:" + execution.execution_id, std::move(difference));
    } else {
      difference.event.kind = order ? DifferenceKind::kUnknownOrder : DifferenceKind::kManualTrade;
      difference.event.repair = Repair::kAdopted;
      difference.adopted = Adopted(execution);
      if (order) difference.incident = UnknownOrder(*order, execution);
    }
    expected_[difference.instrument] += Signed(execution.side, execution.quantity);
    if (difference.adopted && !difference.incident) difference.incident = Uncovered(difference, execution);
    Found("execution:" + execution.execution_id, std::move(difference));
  }

  Difference Of(const BrokerSnapshot::Execution& execution) const {
    Difference difference;
    difference.instrument = execution.instrument;
    difference.event.client_order_id = execution.client_order_id;
    difference.event.execution_id = execution.execution_id;
    difference.event.symbol = execution.symbol;
    difference.event.brokers = Signed(execution.side, execution.quantity);
    difference.event.price = execution.price;
    difference.event.resolved = true;
    return difference;
  }

  static Execution Adopted(const BrokerSnapshot::Execution& execution) {
    return {.execution_id = execution.execution_id,
            .instance = 0,
            .instrument = execution.instrument,
            .side = execution.side,
            .price = execution.price,
            .quantity = execution.quantity,
            .fee = execution.fee,
            .terms = {},
            .time = execution.time};
  }

  static OrderIncident UnknownOrder(const OrderId& order, const BrokerSnapshot::Execution& execution) {
    OrderIncident incident;
    incident.kind = IncidentKind::kUnknownOrder;
    incident.order = order;
    incident.client_order_id = execution.client_order_id;
    incident.trigger = OrderTrigger::kFill;
    incident.execution_id = execution.execution_id;
    incident.detail = "traded by an order with an id of ours that is not in our books; its position is instance 0's";
    return incident;
  }

  // Somebody traded away what a strategy of ours holds: its exits could open the other side.
  std::optional<OrderIncident> Uncovered(const Difference& difference,
                                         const BrokerSnapshot::Execution& execution) const {
    Quantity ours;
    for (const PositionBook::Key& key : book_.Open()) {
      if (key.instrument == difference.instrument && key.instance != 0) ours += book_.Of(key).quantity();
    }
    const Quantity account = Expected(difference.instrument);
    const bool covered = ours == Quantity() || (ours > Quantity() ? account >= ours : account <= ours);
    if (covered || (execution.side == Side::kBid) == (ours > Quantity())) return std::nullopt;
    OrderIncident incident;
    incident.kind = IncidentKind::kPositionReversed;
    incident.client_order_id = execution.client_order_id;
    incident.trigger = OrderTrigger::kFill;
    incident.execution_id = execution.execution_id;
    incident.detail = fmt::format(
        "a trade by hand leaves {} in the account where strategies hold {}; close what they hold "
        "or trade it back, then resume",
        account.ToString(), ours.ToString());
    return incident;
  }

  void CompareFee(const Execution& known, const BrokerSnapshot::Execution& execution) {
    if (execution.fee == Money() || execution.fee == known.fee || Busy(known.instrument)) return;
    Difference difference = Of(execution);
    difference.instrument = known.instrument;
    difference.instance = known.instance;
    difference.event.kind = DifferenceKind::kCash;
    difference.event.repair = Repair::kApplied;
    difference.event.detail = fmt::format("fee {}, known as {}", execution.fee.ToString(), known.fee.ToString());
    BrokerReport report = ReportOf(execution);
    report.kind = BrokerReportKind::kFee;
    difference.report = std::move(report);
    Found("fee:" + execution.execution_id, std::move(difference));
  }

  void CompareTheirs(const BrokerSnapshot::Order& theirs) {
    const std::optional<OrderId> order = ParseClientOrderId(theirs.client_order_id);
    Difference difference;
    difference.instrument = theirs.instrument;
    difference.event.client_order_id = theirs.client_order_id;
    difference.event.symbol = theirs.symbol;
    if (!order) {
      difference.event.kind = DifferenceKind::kForeignOrder;
      difference.event.brokers = Signed(theirs.side, theirs.quantity);
      difference.event.price = theirs.limit.value_or(theirs.stop.value_or(Price()));
      const std::string& id = theirs.broker_order_id.empty() ? theirs.client_order_id : theirs.broker_order_id;
      return Show("order:" + id, std::move(difference));
    }
    listed_.insert(*order);
    difference.event.order = *order;
    const OrderView* ours = Ours(*order);
    if (ours == nullptr) {
      difference.event.kind = DifferenceKind::kUnknownOrder;
      difference.event.repair = Repair::kCanceled;
      difference.command = CommandOf(OrderCommandKind::kCancel, *order);
      Found(Key("unknown", *order), std::move(difference));
      return;
    }
    if (LeftOut(*ours)) return;
    difference.instrument = ours->instrument;
    difference.instance = ours->instance;
    CompareBoth(*ours, theirs, std::move(difference));
  }

  void CompareBoth(const OrderView& ours, const BrokerSnapshot::Order& theirs, Difference difference) {
    const Quantity known = ours.filled + MissingOf(ours.order);
    difference.event.ours = known;
    difference.event.brokers = theirs.filled;
    if (IsFinal(ours.state)) {
      difference.event.kind = DifferenceKind::kOrderState;
      difference.event.repair = Repair::kCanceled;
      difference.event.detail = fmt::format("{} here, works there", OrderStateName(ours.state));
      difference.command = CommandOf(OrderCommandKind::kCancel, ours.order);
      Found(Key("state", ours.order), std::move(difference));
    } else if (theirs.filled > known) {
      difference.event.kind = DifferenceKind::kMissingFill;
      difference.event.repair = Repair::kAsked;
      difference.event.detail = "more filled than executions say";
      difference.command = CommandOf(OrderCommandKind::kQuery, ours.order);
      doubtful_.insert(ours.instrument);
      Found(Key("filled", ours.order), std::move(difference));
    } else if (ours.state == OrderState::kUnknown || ours.state == OrderState::kSubmitted ||
               ours.state == OrderState::kNew) {
      difference.event.kind = DifferenceKind::kOrderState;
      difference.event.repair = Repair::kApplied;
      difference.event.resolved = true;
      difference.event.detail = fmt::format("{} here, works there", OrderStateName(ours.state));
      difference.report = ReportOf(theirs, snapshot_.as_of);
      Found(Key("state", ours.order), std::move(difference));
    }
  }

  void CompareOurs(const OrderView& ours) {
    if (LeftOut(ours)) {
      left_out_.insert(ours.order);
      return;
    }
    if (!AtBroker(ours.state) || listed_.contains(ours.order)) return;
    const Quantity known = ours.filled + MissingOf(ours.order);
    if (known > ours.filled && known >= ours.quantity) return;  // those fills end it
    Difference difference;
    difference.instrument = ours.instrument;
    difference.instance = ours.instance;
    difference.event.kind = DifferenceKind::kMissingOrder;
    difference.event.repair = Repair::kAsked;
    difference.event.order = ours.order;
    difference.event.client_order_id = ClientOrderId(ours.order);
    difference.event.ours = ours.quantity - known;
    difference.event.detail = fmt::format("{} here, not among the broker's open orders", OrderStateName(ours.state));
    difference.command = CommandOf(OrderCommandKind::kQuery, ours.order);
    Found(Key("missing", ours.order), std::move(difference));
  }

  void ComparePositions() {
    std::map<InstrumentId, const BrokerSnapshot::Position*> positions;
    for (const InstrumentId instrument : book_.instruments()) positions[instrument] = nullptr;
    for (const auto& [instrument, quantity] : expected_) positions[instrument] = nullptr;
    for (const BrokerSnapshot::Position& position : snapshot_.positions) {
      if (position.instrument != 0) {
        positions[position.instrument] = &position;
        continue;
      }
      Difference difference;
      difference.event.kind = DifferenceKind::kManualTrade;
      difference.event.symbol = position.symbol;
      difference.event.brokers = position.quantity;
      difference.event.price = position.average_price;
      difference.event.detail = "held in a symbol that is not known here";
      Show(fmt::format("position:{}:{}", position.symbol, position.quantity.ToString()), std::move(difference));
    }
    for (const auto& [instrument, position] : positions) ComparePosition(instrument, position);
  }

  void ComparePosition(InstrumentId instrument, const BrokerSnapshot::Position* position) {
    if (Busy(instrument) || doubtful_.contains(instrument)) {
      unsettled_.insert(instrument);
      return;
    }
    const Quantity ours = Expected(instrument);
    const Quantity brokers = position == nullptr ? Quantity() : position->quantity;
    if (ours == brokers) {
      state_.accepted_.erase(instrument);
      return;
    }
    Difference difference;
    difference.instrument = instrument;
    if (position != nullptr) difference.event.symbol = position->symbol;
    difference.event.ours = ours;
    difference.event.brokers = brokers;
    difference.event.kind = DifferenceKind::kQuantityDrift;
    const std::string key = fmt::format("drift:{}", instrument);
    const bool before = !state_.compared_;  // held before we came
    if (before || state_.accepted_.erase(instrument) > 0) {
      if (before) difference.event.kind = DifferenceKind::kManualTrade;
      difference.event.detail = before ? "held before the first comparison" : "accepted by who resumed the symbol";
      difference.event.repair = Repair::kAdopted;
      difference.event.resolved = true;
      difference.adopted = Held(instrument, brokers - ours, position);
      difference.event.execution_id = before ? difference.adopted->execution_id : "";
      difference.event.price = difference.adopted->price;
      state_.cash_base_.reset();  // no money moved
    } else {
      difference.event.repair = Repair::kPaused;
      difference.event.detail = "no execution explains it; resume the symbol to take over the broker's position";
    }
    AsOpened(key, difference);
    Found(key, std::move(difference));
  }

  // What told of the difference names it: the same when it is resolved, whatever the quantities are by then.
  void AsOpened(const std::string& key, Difference& difference) const {
    const auto open = state_.open_.find(key);
    if (open != state_.open_.end()) difference.event.symbol = open->second.event.symbol;
  }

  Execution Held(InstrumentId instrument, Quantity difference, const BrokerSnapshot::Position* position) const {
    Price price = position == nullptr ? Price() : position->average_price;
    for (const PositionBook::Key& key : book_.Open()) {
      if (price == Price() && key.instrument == instrument) price = book_.Of(key).average_price();
    }
    return {.execution_id = fmt::format("held-{}-{}", instrument, ToNanos(snapshot_.as_of)),
            .instance = 0,
            .instrument = instrument,
            .side = difference > Quantity() ? Side::kBid : Side::kAsk,
            .price = price,
            .quantity = difference > Quantity() ? difference : Quantity() - difference,
            .fee = {},
            .terms = {},
            .time = snapshot_.as_of};
  }

  // Only while all else agrees: cash moves with executions.
  void CompareCash() {
    if (differences_ > 0 || !unsettled_.empty() || !busy_.empty()) return;
    if (book_.changed() && *book_.changed() >= moment_) return;
    const Money ours = book_.account_cash_flow();
    if (!state_.cash_base_) {
      state_.cash_base_ = snapshot_.cash - ours;
      state_.cash_shown_ = Money();
      return;
    }
    const Money difference = snapshot_.cash - ours - *state_.cash_base_;
    if (difference == state_.cash_shown_) return;
    state_.cash_shown_ = difference;
    Difference shown;
    shown.event.kind = DifferenceKind::kCash;
    shown.event.repair = Repair::kShown;
    shown.event.resolved = true;
    shown.event.detail = fmt::format("cash {}, {} by our executions", snapshot_.cash.ToString(),
                                     (snapshot_.cash - difference).ToString());
    found_.push_back(std::move(shown));
  }

  // What stood before and is not found any more is resolved, unless it was not looked at.
  void Resolve() {
    for (auto it = state_.open_.begin(); it != state_.open_.end();) {
      const auto& [key, open] = *it;
      const bool is_drift = open.event.kind == DifferenceKind::kQuantityDrift;
      const bool looked_at = is_drift ? !unsettled_.contains(open.instrument) : !left_out_.contains(open.event.order);
      if (seen_.contains(key) || !looked_at) {
        ++it;
        continue;
      }
      Difference over = open;
      over.emit = true;
      over.event.resolved = true;
      over.event.detail = "gone";
      found_.push_back(std::move(over));
      it = state_.open_.erase(it);
    }
    state_.shown_ = std::move(shown_);
  }

  void Summarize() {
    Difference summary;
    summary.event.differences = differences_;
    summary.event.unresolved = static_cast<uint32_t>(state_.open_.size());
    summary.event.resolved = state_.open_.empty();
    found_.push_back(std::move(summary));
  }

  static std::string Key(std::string_view what, const OrderId& order) {
    return fmt::format("{}:{}", what, ToString(order));
  }
  Quantity MissingOf(const OrderId& order) const {
    const auto found = missing_.find(order);
    return found == missing_.end() ? Quantity() : found->second;
  }
  Quantity Expected(InstrumentId instrument) const {
    const auto found = expected_.find(instrument);
    return book_.account_quantity(instrument) + (found == expected_.end() ? Quantity() : found->second);
  }

  Reconciler& state_;
  const BrokerSnapshot& snapshot_;
  const PositionBook& book_;
  Time moment_;
  std::map<OrderId, const OrderView*> ours_;
  std::set<InstrumentId> busy_;      // something happened since the moment
  std::set<InstrumentId> doubtful_;  // fills are missing that the broker counts
  std::set<InstrumentId> unsettled_;
  std::set<OrderId> listed_, left_out_;
  std::map<OrderId, Quantity> missing_;        // filled by what is applied now
  std::map<InstrumentId, Quantity> expected_;  // ... of positions, signed
  std::set<std::string> seen_, shown_;
  std::vector<Difference> found_;
  uint32_t differences_ = 0;
  bool any_new_ = false;
};

std::optional<OrderCommand> Reconciler::Due(Time now, Duration every) {
  if (!connected_ || (next_ && now < *next_)) return std::nullopt;
  OrderCommand command;
  command.kind = OrderCommandKind::kSnapshot;
  command.since = since_;
  command.reason = compared_ ? "reconciliation" : "first reconciliation";
  asked_ = now;
  next_ = now + every;
  return command;
}

void Reconciler::Ask(Time since) {
  next_.reset();
  if (since_) since_ = std::min(*since_, since);
}

void Reconciler::Accept(InstrumentId instrument) {
  for (const auto& [key, open] : open_) {
    const bool is_drift = open.event.kind == DifferenceKind::kQuantityDrift;
    if (is_drift && (instrument == 0 || open.instrument == instrument)) accepted_.insert(open.instrument);
  }
  if (!accepted_.empty()) next_.reset();
}

std::vector<Difference> Reconciler::Compare(const BrokerSnapshot& snapshot, std::span<const OrderView> orders,
                                            const PositionBook& book, Time now) {
  Comparison comparison(*this, snapshot, orders, book);
  std::vector<Difference> found = comparison.Run();
  if (comparison.any_new()) {
    next_ = std::min(next_.value_or(now + kAgainAfter), now + kAgainAfter);
  } else if (!open_.empty()) {
    next_ = std::min(next_.value_or(now + kStandingAfter), now + kStandingAfter);
  }
  compared_ = true;
  const Time known = comparison.moment() - (comparison.any_left_out() ? kOverlapMax : kOverlap);
  since_ = std::max(since_.value_or(known), known);
  asked_.reset();
  return found;
}

}  // namespace spillway::oms
