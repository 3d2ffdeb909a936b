#include "services/risk/broker_account.h"

#include <chrono>

namespace spillway::risk {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

Money Signed(Money amount, Quantity quantity) {
  return quantity < Quantity() ? -amount : amount;
}
Side SideOf(Quantity quantity) {
  return quantity < Quantity() ? Side::kAsk : Side::kBid;
}
Quantity Magnitude(Quantity quantity) {
  return quantity < Quantity() ? Quantity() - quantity : quantity;
}

}  // namespace

Money WorthOf(const ContractTerms& terms, Price price, Quantity quantity) {
  quantity = Magnitude(quantity);
  if (price <= Price()) return quantity > Quantity() && terms.inverse ? kWorthMax : Money();
  const double size = quantity.ToDouble() * terms.multiplier.ToDouble();
  const double worth = terms.inverse ? size / price.ToDouble() : size * price.ToDouble();
  if (worth >= kWorthMax.ToDouble()) return kWorthMax;
  return Notional(terms, price, quantity);
}

// ---- facts

void BrokerAccount::Configure(const AccountTerms& terms) {
  if (terms.equity == profile_equity_) return;
  profile_equity_ = terms.equity;
  if (word_ || !profile_equity_) return;
  Rebase(*profile_equity_);
}

void BrokerAccount::Define(InstrumentId instrument, const ContractTerms& terms, std::string_view sector) {
  const Money before = WorthOf(instrument);
  Symbol& symbol = symbols_[instrument];
  symbol.terms = terms;
  symbol.sector = sector;
  worth_ = worth_ - before + WorthOf(instrument);
  if (tallies_.contains(instrument)) Recount(instrument);
}

void BrokerAccount::See(InstrumentId instrument, const Quote& quote) {
  const Money before = WorthOf(instrument);
  symbols_[instrument].quote = quote;
  worth_ = worth_ - before + WorthOf(instrument);
  if (tallies_.contains(instrument)) Recount(instrument);
}

void BrokerAccount::Reserve(const EventId& intent, const Reservation& reservation, Time now) {
  SetReservation(intent, reservation);
  approved_.push_back(intent);
  ++approvals_[intent];
  if (approved_.size() > kApprovedMax) {
    const auto oldest = approvals_.find(approved_.front());
    if (--oldest->second == 0) approvals_.erase(oldest);
    approved_.pop_front();
  }
  while (!placed_.empty() && now - placed_.front() >= kMinute) placed_.pop_front();
  placed_.insert(std::upper_bound(placed_.begin(), placed_.end(), now), now);  // instances' times differ a little
}

void BrokerAccount::Apply(const EventHeader& header, const OrderEvent& order) {
  if (order.state == OrderState::kUnknown) {
    in_doubt_[order.order] = header.instrument;
  } else {
    in_doubt_.erase(order.order);
  }
  const auto found = reservations_.find(order.intent);
  if (order.intent_open <= Quantity()) {
    if (found != reservations_.end()) DropReservation(found);
    return;
  }
  const bool entry = order.role == OrderRole::kEntry;
  if (found == reservations_.end()) {  // approved by a risk before this one, or fills that were taken back
    const std::optional<Quote> quote = QuoteOf(header.instrument);
    Reservation reservation{.instance = header.instance,
                            .instrument = header.instrument,
                            .side = order.side,
                            .quantity = order.intent_open,
                            .entry = quote ? quote->ask : Price()};
    if (!entry) reservation.side = order.side == Side::kBid ? Side::kAsk : Side::kBid;
    if (entry && order.limit) reservation.entry = *order.limit;
    SetReservation(order.intent, reservation);
    return;
  }
  found->second.quantity = order.intent_open;
  if (entry && order.limit) found->second.entry = std::max(found->second.entry, *order.limit);
  Recount(found->second.instrument);
}

void BrokerAccount::Apply(const EventHeader& header, const PositionSnapshot& snapshot) {
  const Money before = WorthOf(header.instrument);
  Position& position = positions_[{header.instrument, header.instance}];
  cash_flow_ = cash_flow_ + snapshot.cash_flow - position.cash_flow;
  cost_ = cost_ + snapshot.cost - position.cost;
  position = {.quantity = snapshot.quantity,
              .cost = snapshot.cost,
              .cash_flow = snapshot.cash_flow,
              .stop = snapshot.stop,
              .protected_quantity = snapshot.protected_quantity};
  worth_ = worth_ - before + WorthOf(header.instrument);
  Recount(header.instrument);
  changed_ = true;
}

void BrokerAccount::Apply(const BrokerReport& report) {
  if (report.kind == BrokerReportKind::kConnected || report.kind == BrokerReportKind::kDisconnected) up_ = false;
}

void BrokerAccount::Apply(const BrokerSnapshot& snapshot) {
  const bool first = !word_ || word_->account != snapshot.account || word_->live != snapshot.live;
  word_ = Word{.account = snapshot.account,
               .live = snapshot.live,
               .equity = snapshot.equity,
               .cash = snapshot.cash,
               .buying_power = snapshot.buying_power};
  cost_at_word_ = cost_;
  up_ = true;
  if ((first || !base_) && snapshot.equity > Money()) Rebase(snapshot.equity);
  changed_ = changed_ || first;
}

void BrokerAccount::BeginDay(int32_t day) {
  if (day == 0 || day == day_) return;
  const Money equity = Equity().value_or(Money());
  if (day_ / 100 != day / 100) month_horizon_.Begin(equity);
  day_ = day;
  day_horizon_.Begin(equity);
  changed_ = true;
}

void BrokerAccount::Mark() {
  const std::optional<Money> equity = Equity();
  if (!equity) return;
  day_horizon_.See(*equity);
  month_horizon_.See(*equity);
}

// Another account, or the first word of one: what was earned before is not its day's.
void BrokerAccount::Rebase(Money equity) {
  base_ = equity - cash_flow_ - worth_;
  rebased_ = true;
  day_horizon_.Begin(equity);
  month_horizon_.Begin(equity);
  changed_ = true;
}

// ---- what is known

std::string_view BrokerAccount::Unknown(const AccountTerms& terms) const {
  if (word_ && !terms.id.empty() && word_->account != terms.id) return "account";
  if (word_ && word_->live != terms.live) return "live";
  const std::optional<Money> equity = Equity();
  return equity && *equity > Money() ? "" : "equity";
}

bool BrokerAccount::InDoubt(InstrumentId instrument) const {
  return std::any_of(in_doubt_.begin(), in_doubt_.end(), [&](const auto& order) { return order.second == instrument; });
}

bool BrokerAccount::WasApproved(const EventId& intent) const {
  return approvals_.contains(intent);
}

uint32_t BrokerAccount::OrdersWithin(Duration span, Time now) const {
  const auto first =
      std::partition_point(placed_.begin(), placed_.end(), [&](Time placed) { return now - placed >= span; });
  return static_cast<uint32_t>(placed_.end() - first);
}

// ---- money

std::optional<Money> BrokerAccount::Equity() const {
  if (!base_) return std::nullopt;
  return *base_ + cash_flow_ + worth_;
}

std::optional<Money> BrokerAccount::BuyingPowerLeft() const {
  if (!word_) return std::nullopt;
  const Money reserved = totals_.buying + totals_.selling;
  return word_->buying_power - std::max(cost_ - cost_at_word_, Money()) - reserved;
}

Money BrokerAccount::WorthOf(const Symbol& symbol, const Position& position) {
  if (position.quantity == Quantity()) return Money();
  if (!symbol.quote) return position.cost;
  const Price exit = position.quantity > Quantity() ? symbol.quote->bid : symbol.quote->ask;
  return risk::WorthOf(symbol.terms, exit, position.quantity);
}

// At the entry's price or the quote's, whichever is more: it may be filled already, and nobody told us.
Money BrokerAccount::WorthOf(const Symbol& symbol, const Reservation& reservation) {
  const Money worth = risk::WorthOf(symbol.terms, reservation.entry, reservation.quantity);
  if (!symbol.quote) return worth;
  const Price exit = reservation.side != Side::kAsk ? symbol.quote->bid : symbol.quote->ask;
  return std::max(worth, risk::WorthOf(symbol.terms, exit, reservation.quantity));
}

Money BrokerAccount::WorthOf(InstrumentId instrument) const {
  Money worth;
  const Symbol& symbol = SymbolOf(instrument);
  for (auto it = positions_.lower_bound({instrument, 0}); it != positions_.end() && it->first.instrument == instrument;
       ++it) {
    const Money one = Signed(WorthOf(symbol, it->second), it->second.quantity);
    // An inverse contract is worth less in the coin as its price rises.
    worth = symbol.terms.inverse ? worth - one : worth + one;
  }
  return worth;
}

// ---- risk

Exposure BrokerAccount::ExposureBefore(InstrumentId instrument) const {
  Exposure exposure;
  exposure.gross = totals_.gross;
  exposure.net_long = totals_.net + totals_.buying;
  exposure.net_short = totals_.selling - totals_.net;
  exposure.reserved = totals_.buying + totals_.selling;
  exposure.positions = totals_.symbols;
  const auto sector = totals_.sectors.find(SymbolOf(instrument).sector);
  if (sector != totals_.sectors.end()) exposure.sector = sector->second;
  const auto found = tallies_.find(instrument);
  if (found == tallies_.end()) return exposure;
  const Tally& tally = found->second;
  exposure.symbol = tally.held + tally.buying + tally.selling;
  exposure.in_symbol = tally.any();
  exposure.buys = tally.longs || tally.buys != 0;
  exposure.sells = tally.shorts || tally.sells != 0;
  return exposure;
}

void BrokerAccount::SetReservation(const EventId& intent, const Reservation& reservation) {
  const auto [it, added] = reservations_.try_emplace(intent, reservation);
  if (!added) {
    const InstrumentId before = it->second.instrument;
    std::erase(tallies_[before].entering, intent);
    it->second = reservation;
    Recount(before);
  }
  tallies_[reservation.instrument].entering.push_back(intent);
  Recount(reservation.instrument);
}

void BrokerAccount::DropReservation(std::map<EventId, Reservation>::iterator reservation) {
  const InstrumentId instrument = reservation->second.instrument;
  std::erase(tallies_[instrument].entering, reservation->first);
  reservations_.erase(reservation);
  Recount(instrument);
}

void BrokerAccount::Recount(InstrumentId instrument) {
  Tally& tally = tallies_[instrument];
  Count(tally, false);
  const Symbol& symbol = SymbolOf(instrument);
  tally.sector = symbol.sector;
  tally.held = tally.net = tally.buying = tally.selling = Money();
  tally.longs = tally.shorts = false;
  tally.buys = tally.sells = 0;
  for (auto it = positions_.lower_bound({instrument, 0}); it != positions_.end() && it->first.instrument == instrument;
       ++it) {
    const Quantity quantity = it->second.quantity;
    if (quantity == Quantity()) continue;
    const Money worth = WorthOf(symbol, it->second);
    tally.held = tally.held + worth;
    tally.net = tally.net + Signed(worth, quantity);
    (quantity > Quantity() ? tally.longs : tally.shorts) = true;
  }
  for (const EventId& intent : tally.entering) {
    const Reservation& reservation = reservations_.at(intent);
    const Money worth = WorthOf(symbol, reservation);
    const bool buys = reservation.side != Side::kAsk;
    Money& side = buys ? tally.buying : tally.selling;
    side = side + worth;
    ++(buys ? tally.buys : tally.sells);
  }
  Count(tally, true);
}

void BrokerAccount::Count(const Tally& tally, bool added) {
  const auto count = [&](Money& total, Money part) { total = added ? total + part : total - part; };
  const Money gross = tally.held + tally.buying + tally.selling;
  count(totals_.gross, gross);
  count(totals_.net, tally.net);
  count(totals_.buying, tally.buying);
  count(totals_.selling, tally.selling);
  count(totals_.sectors[tally.sector], gross);
  if (tally.any()) added ? ++totals_.symbols : --totals_.symbols;
}

void BrokerAccount::Derive() {
  approvals_.clear();
  tallies_.clear();
  totals_ = {};
  for (const EventId& intent : approved_) ++approvals_[intent];
  for (const auto& [intent, reservation] : reservations_) tallies_[reservation.instrument].entering.push_back(intent);
  for (const auto& [intent, reservation] : reservations_) Recount(reservation.instrument);
  for (const auto& [key, position] : positions_) Recount(key.instrument);
}

std::vector<BrokerAccount::Line> BrokerAccount::Lines() const {
  std::vector<Line> lines;
  for (const auto& [key, position] : positions_) {
    if (position.quantity != Quantity()) lines.push_back({key.instrument, SideOf(position.quantity)});
  }
  for (const auto& [intent, reservation] : reservations_) lines.push_back({reservation.instrument, reservation.side});
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

Quantity BrokerAccount::QuantityOf(InstrumentId instrument) const {
  Quantity quantity;
  for (auto it = positions_.lower_bound({instrument, 0}); it != positions_.end() && it->first.instrument == instrument;
       ++it) {
    quantity += it->second.quantity;
  }
  return quantity;
}

std::optional<Quote> BrokerAccount::QuoteOf(InstrumentId instrument) const {
  return SymbolOf(instrument).quote;
}

ContractTerms BrokerAccount::TermsOf(InstrumentId instrument) const {
  return SymbolOf(instrument).terms;
}

const BrokerAccount::Symbol& BrokerAccount::SymbolOf(InstrumentId instrument) const {
  static const Symbol kUndefined;
  const auto found = symbols_.find(instrument);
  return found == symbols_.end() ? kUndefined : found->second;
}

AccountSnapshot BrokerAccount::Snapshot() const {
  AccountSnapshot snapshot;
  snapshot.kind = AccountKind::kBroker;
  snapshot.trading_day = day_;
  snapshot.equity = Equity().value_or(Money());
  snapshot.cash = base_ ? *base_ + cash_flow_ : Money();
  snapshot.settled_cash = snapshot.cash;
  snapshot.day_profit = DayProfit();
  snapshot.day_drawdown = DayDrawdown();
  snapshot.month_drawdown = MonthDrawdown();
  snapshot.month_peak = month_horizon_.peak;
  for (const auto& [key, position] : positions_) snapshot.open_positions += position.quantity != Quantity() ? 1 : 0;
  return snapshot;
}

}  // namespace spillway::risk
