#include "tests/simulation/invariants.h"

#include <algorithm>
#include <cstdlib>

#include "fmt/format.h"

namespace spillway::simulation {
namespace {

Quantity Abs(Quantity quantity) {
  return quantity < Quantity() ? Quantity() - quantity : quantity;
}
Quantity Signed(Side side, Quantity quantity) {
  return side == Side::kBid ? quantity : Quantity() - quantity;
}

}  // namespace

void Invariants::Fail(std::string invariant, std::string text) {
  if (!violation_) violation_ = {std::move(invariant), std::move(text)};
}

const Invariants::Order* Invariants::OrderOf(const std::string& client_order_id) const {
  const std::optional<OrderId> id = ParseClientOrderId(client_order_id);
  if (!id) return nullptr;
  const auto found = orders_.find(*id);
  return found == orders_.end() ? nullptr : &found->second;
}

void Invariants::LearnExecutions() {
  const std::vector<BrokerModel::Execution>& all = broker_->executions();
  for (; executions_learned_ < all.size(); ++executions_learned_) {
    const BrokerModel::Execution& execution = all[executions_learned_];
    executions_[execution.execution_id] = executions_learned_;
    const Order* order = OrderOf(execution.client_order_id);
    if (order == nullptr) {
      by_hand_ = true;
      continue;
    }
    Quantity& held = ours_[execution.instrument];
    const Quantity before = held;
    held += Signed(execution.side, execution.quantity);
    const bool turned = (before > Quantity() && held < Quantity()) || (before < Quantity() && held > Quantity());
    if (order->role != OrderRole::kEntry && (turned || Abs(held) > Abs(before)) && !broker_->erred()) {
      Fail("reduce only",
           fmt::format("the {} order {} takes the position in #{} from {} to {}", OrderRoleName(order->role),
                       execution.client_order_id, execution.instrument, before.ToString(), held.ToString()));
    }
    if (order->role == OrderRole::kEntry) filled_[order->intent] += execution.quantity;
  }
}

void Invariants::After(const LaneRecord::Group& group, size_t read_by_risk, size_t read_by_oms) {
  LearnExecutions();
  if (!broker_->repeated().empty()) {
    Fail("sent once", fmt::format("order {} was sent to the broker twice", *broker_->repeated().begin()));
  }
  if (group.header.producer == Producer::kOms) ReadKills(read_by_oms);
  std::set<EventId> concerned;
  for (const Event& event : lane_->events(group)) {
    if (!ids_.insert(event.header.id()).second) {
      Fail("ids", fmt::format("the id {} is given twice", ToString(event.header.id())));
    }
    if (const auto* intent = std::get_if<TradeIntent>(&event.body)) known_intents_[event.header.id()] = *intent;
    if (const auto* decision = std::get_if<RiskDecision>(&event.body)) OnDecision(event, *decision, read_by_risk);
    if (const auto* command = std::get_if<OrderCommand>(&event.body)) {
      OnCommand(event, *command);
      if (command->intent) concerned.insert(command->intent);
    }
    if (const auto* order = std::get_if<OrderEvent>(&event.body)) {
      OnOrder(event, *order);
      if (order->intent) concerned.insert(order->intent);
    }
    if (const auto* difference = std::get_if<Reconciliation>(&event.body)) {
      if (difference->repair == Repair::kApplied) Apply(difference->execution_id);
    }
    if (const auto* position = std::get_if<PositionSnapshot>(&event.body)) {
      const Holding holding{event.header.instance, event.header.instrument};
      said_[holding] = *position;
      touched_.insert(holding);
    }
    if (const auto* progress = std::get_if<FlattenProgress>(&event.body)) {
      if (killed_ && progress->stage == FlattenStage::kDone && event.header.instance == 0 &&
          event.header.instrument == 0) {
        CheckNoEntryWorks("the kill is said to be done");
      }
    }
  }
  for (const EventId& intent : concerned) CheckReserved(intent);
  CheckHoldings();
}

void Invariants::ReadKills(size_t read_by_oms) {
  for (; kills_read_ < read_by_oms; ++kills_read_) {
    for (const Event& event : lane_->events(lane_->group(kills_read_))) {
      if (const auto* kill = std::get_if<KillSwitchChanged>(&event.body)) killed_ = kill->active;
    }
  }
}

void Invariants::OnDecision(const Event& event, const RiskDecision& decision, size_t read_by_risk) {
  if (!decided_.insert(decision.intent).second) {
    Fail("ids", fmt::format("the intent {} was decided on twice", ToString(decision.intent)));
  }
  if (!decision.approved || decision.route != Route::kAuto) return;
  const auto intent = known_intents_.find(decision.intent);
  if (intent == known_intents_.end()) {
    Fail("ids", fmt::format("a decision on the intent {}, which nobody made", ToString(decision.intent)));
    return;
  }
  for (; marks_read_ < read_by_risk; ++marks_read_) {
    for (const Event& seen : lane_->events(lane_->group(marks_read_))) {
      const auto* context = std::get_if<MarketContext>(&seen.body);
      if (context == nullptr) continue;
      for (const MarketContext::Row& row : context->rows) marks_[row.instrument] = row.quote;
    }
  }
  const Approved approved{event.header.instrument, intent->second.side, intent->second.entry, decision.quantity};
  approved_[decision.intent] = approved;
  CheckExposure(approved);
}

// By what is true: what our orders have traded, and what of approved intents may still be traded.
void Invariants::CheckExposure(const Approved& latest) {
  if (broker_->erred()) return;
  std::map<InstrumentId, double> exposure;
  for (const auto& [instrument, position] : ours_) {
    const Quote& mark = marks_[instrument];
    exposure[instrument] += Abs(position).ToDouble() * (mark.bid.ToDouble() + mark.ask.ToDouble()) / 2;
  }
  for (const auto& [id, approved] : approved_) {
    const auto open = open_.find(id);
    const Quantity reserved = open == open_.end() ? approved.quantity : open->second;
    const Quantity more = std::max(Quantity(), reserved - UnseenFills(id));
    exposure[approved.instrument] += more.ToDouble() * approved.entry.ToDouble();
  }
  double gross = 0;
  uint32_t positions = 0;
  for (const auto& [instrument, value] : exposure) {
    gross += value;
    positions += value > 0 ? 1 : 0;
  }
  constexpr double kTolerance = 1.01;  // marks by mid or by exit side
  if (exposure[latest.instrument] > caps_.position.ToDouble() * kTolerance) {
    Fail("exposure", fmt::format("an approval brings #{} to {:.2f} USD, its limit is {}", latest.instrument,
                                 exposure[latest.instrument], caps_.position.ToString()));
  }
  if (gross > caps_.gross.ToDouble() * kTolerance) {
    Fail("exposure", fmt::format("an approval brings the account to {:.2f} USD gross, its limit is {}", gross,
                                 caps_.gross.ToString()));
  }
  // A position that is there already is no further one, be it held by hand.
  const bool had = exposure[latest.instrument] > latest.quantity.ToDouble() * latest.entry.ToDouble() * 1.000001;
  if (positions > caps_.positions && !had && !by_hand_) {
    Fail("exposure", fmt::format("an approval makes {} positions, the limit is {}", positions, caps_.positions));
  }
}

Quantity Invariants::MayStillFill(const EventId& intent) const {
  const auto entries = entries_.find(intent);
  if (entries == entries_.end()) return {};
  Quantity sum;
  for (const OrderId& id : entries->second) {
    const TrueOrder* order = broker_->Find(id);
    if (order != nullptr) {
      sum += order->leaves();
    } else if (wire_->UnderWay(id)) {
      sum += orders_.at(id).quantity;
    }
  }
  return sum;
}

Quantity Invariants::UnseenFills(const EventId& intent) const {
  const auto filled = filled_.find(intent);
  if (filled == filled_.end()) return {};
  const auto applied = applied_entry_.find(intent);
  return applied == applied_entry_.end() ? filled->second : filled->second - applied->second;
}

void Invariants::OnCommand(const Event& event, const OrderCommand& command) {
  const bool places = command.kind == OrderCommandKind::kPlace;
  if (!places && command.kind != OrderCommandKind::kReplace) return;
  for (const OrderTicket& ticket : command.tickets) {
    if (orders_.contains(ticket.order) && orders_[ticket.order].quantity > Quantity()) {
      Fail("sent once", fmt::format("the order {} is commanded twice", ClientOrderId(ticket.order)));
    }
    Order& order = orders_[ticket.order];
    order.intent = command.intent;
    order.instrument = event.header.instrument;
    order.instance = event.header.instance;
    order.role = ticket.role;
    order.quantity = ticket.quantity;
    if (!places || ticket.role != OrderRole::kEntry) continue;
    if (killed_) Fail("kill", fmt::format("the entry {} is sent after a kill", ClientOrderId(ticket.order)));
    entries_[command.intent].push_back(ticket.order);
    const auto approved = approved_.find(command.intent);
    if (approved == approved_.end()) {
      Fail("sent once", fmt::format("the entry {} is of no approved intent", ClientOrderId(ticket.order)));
      continue;
    }
    const auto filled = filled_.find(command.intent);
    const Quantity possible = MayStillFill(command.intent) + (filled == filled_.end() ? Quantity() : filled->second);
    if (possible > approved->second.quantity && !broker_->erred()) {
      Fail("sent once",
           fmt::format("with the entry {} up to {} may be filled of an intent approved for {}",
                       ClientOrderId(ticket.order), possible.ToString(), approved->second.quantity.ToString()));
    }
  }
}

void Invariants::OnOrder(const Event& event, const OrderEvent& order) {
  Order& known = orders_[order.order];
  known.intent = order.intent;
  known.instrument = event.header.instrument;
  known.instance = event.header.instance;
  known.role = order.role;
  known.state = order.state;
  known.filled = order.filled;
  if (order.intent) open_[order.intent] = order.intent_open;
  if (!order.execution_id.empty() && order.last_quantity > Quantity()) Apply(order.execution_id);
}

void Invariants::Apply(const std::string& execution_id) {
  const auto found = executions_.find(execution_id);
  if (found == executions_.end() || !applied_.insert(execution_id).second) return;
  const BrokerModel::Execution& execution = broker_->executions()[found->second];
  const Order* order = OrderOf(execution.client_order_id);
  const Holding holding{order == nullptr ? 0 : order->instance, execution.instrument};
  Sums& sums = sums_[holding];
  const Money notional = Notional(broker_->definition(execution.instrument).terms, execution.price, execution.quantity);
  sums.position += Signed(execution.side, execution.quantity);
  sums.cash_flow = sums.cash_flow - execution.fee + (execution.side == Side::kBid ? -notional : notional);
  touched_.insert(holding);
  if (order != nullptr && order->role == OrderRole::kEntry) applied_entry_[order->intent] += execution.quantity;
}

void Invariants::CheckReserved(const EventId& intent) {
  if (broker_->erred()) return;
  const auto open = open_.find(intent);
  const auto approved = approved_.find(intent);
  if (approved == approved_.end()) return;
  const Quantity reserved = open == open_.end() ? approved->second.quantity : open->second;
  const Quantity needed = MayStillFill(intent) + UnseenFills(intent);
  if (reserved < needed) {
    Fail("reserved", fmt::format("{} of an intent on #{} may still be filled or was filled unseen, {} are reserved",
                                 needed.ToString(), approved->second.instrument, reserved.ToString()));
  }
}

void Invariants::CheckHoldings() {
  for (const Holding& holding : touched_) {
    if (holding.first == 0) continue;  // other people's: at the end
    const auto said = said_.find(holding);
    const Sums& sums = sums_[holding];
    const PositionSnapshot snapshot = said == said_.end() ? PositionSnapshot() : said->second;
    if (snapshot.quantity != sums.position) {
      Fail("positions", fmt::format("the position in #{} is said to be {}, its executions sum to {}", holding.second,
                                    snapshot.quantity.ToString(), sums.position.ToString()));
    }
    if (snapshot.cash_flow != sums.cash_flow) {
      Fail("money", fmt::format("the position in #{} is said to have brought {}, its executions brought {}",
                                holding.second, snapshot.cash_flow.ToString(), sums.cash_flow.ToString()));
    }
  }
  touched_.clear();
}

void Invariants::CheckNoEntryWorks(const std::string& when) {
  if (broker_->erred()) return;
  for (const auto& [intent, entries] : entries_) {
    if (MayStillFill(intent) > Quantity()) {
      Fail("kill", fmt::format("when {} {} of an intent may still be filled", when, MayStillFill(intent).ToString()));
    }
  }
}

void Invariants::CheckProtection() {
  if (broker_->erred()) return;
  std::map<InstrumentId, Quantity> stops, exits;
  for (const auto& [id, order] : orders_) {
    const TrueOrder* truth = broker_->Find(id);
    if (truth == nullptr) continue;
    if (order.role == OrderRole::kStop) stops[truth->instrument] += truth->leaves();
    if (order.role == OrderRole::kExit || order.role == OrderRole::kFlatten)
      exits[truth->instrument] += truth->leaves();
  }
  for (const auto& [instrument, position] : ours_) {
    const Quantity held = Abs(position);
    if (stops[instrument] > held || stops[instrument] + exits[instrument] < held) {
      Fail("protected", fmt::format("{} of #{} are held, stops work for {} and exits for {}", held.ToString(),
                                    instrument, stops[instrument].ToString(), exits[instrument].ToString()));
    }
  }
}

void Invariants::AtEnd() {
  LearnExecutions();
  ReadKills(lane_->group_count());
  for (const auto& [id, order] : orders_) {
    const TrueOrder* truth = broker_->Find(id);
    const bool live = truth != nullptr && truth->live();
    if (order.state == OrderState::kUnknown) {
      CheckReserved(order.intent);
    } else if (live == IsFinal(order.state)) {
      Fail("final", fmt::format("the {} order {} on #{} is {} here and {} at the broker", OrderRoleName(order.role),
                                ClientOrderId(id), order.instrument, OrderStateName(order.state),
                                truth == nullptr ? "unknown" : OrderStateName(truth->state)));
    } else if (truth != nullptr && order.filled != truth->filled) {
      Fail("final", fmt::format("{} of the order {} are filled here, {} at the broker", order.filled.ToString(),
                                ClientOrderId(id), truth->filled.ToString()));
    }
  }
  for (const auto& [intent, approved] : approved_) CheckReserved(intent);
  CheckProtection();
  if (killed_) CheckNoEntryWorks("the day ends after a kill");

  std::map<InstrumentId, Quantity> held, by_hand;
  Money cash_flow;
  for (const auto& [holding, snapshot] : said_) {
    held[holding.second] += snapshot.quantity;
    if (holding.first == 0) by_hand[holding.second] += snapshot.quantity;
    cash_flow = cash_flow + snapshot.cash_flow;
  }
  for (const auto& [instrument, position] : broker_->positions()) {
    if (held[instrument] != position) {
      Fail("reconciled", fmt::format("the broker holds {} of #{}, we think {}", position.ToString(), instrument,
                                     held[instrument].ToString()));
    }
    if (by_hand[instrument] != position - ours_[instrument]) {
      Fail("reconciled", fmt::format("others traded {} of #{}, we think {}", (position - ours_[instrument]).ToString(),
                                     instrument, by_hand[instrument].ToString()));
    }
  }
  if (cash_flow != broker_->cash() - cash_) {
    Fail("money", fmt::format("the broker's cash moved by {}, all positions brought {}",
                              (broker_->cash() - cash_).ToString(), cash_flow.ToString()));
  }
}

}  // namespace spillway::simulation
