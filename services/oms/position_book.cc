#include "services/oms/position_book.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/base/int128.h"

namespace spillway::oms {
namespace {

// Sums stay within half of what 64 bits hold, so that one more value always fits.
bool Fits(Int128 sum) {
  return sum < std::numeric_limits<int64_t>::max() / 2 && sum > std::numeric_limits<int64_t>::min() / 2;
}

Deal DealOf(const Execution& execution) {
  return {.side = execution.side,
          .price = execution.price,
          .quantity = execution.quantity,
          .value = *ValueOf(execution.terms, execution.price, execution.quantity),
          .fee = execution.fee,
          .inverse = execution.terms.inverse};
}

bool SameFigures(const Execution& a, const Execution& b) {
  return a.instrument == b.instrument && a.side == b.side && a.price == b.price && a.quantity == b.quantity;
}

bool ValidFee(Money fee) {
  const Money most = Money::FromE8(PositionBook::kValueMax * Quantity::kUnit);
  return fee < most && fee > -most;
}

bool Valid(const Execution& execution, const Lots& lots, const ContractTerms& terms) {
  if (execution.execution_id.empty() || execution.side == Side::kNone || execution.instrument == 0) return false;
  if (execution.quantity <= Quantity()) return false;
  if (lots.quantity() != Quantity() && terms.inverse != execution.terms.inverse) return false;
  const std::optional<Money> value = ValueOf(execution.terms, execution.price, execution.quantity);
  if (!value || !ValidFee(execution.fee)) return false;
  const Int128 size = value->e8() < 0 ? -static_cast<Int128>(value->e8()) : value->e8();
  const auto magnitude = [](int64_t number) { return number < 0 ? -static_cast<Int128>(number) : number; };
  return Fits(magnitude(lots.quantity().e8()) + execution.quantity.e8()) && Fits(magnitude(lots.cost().e8()) + size) &&
         Fits(magnitude(lots.realized_gross().e8()) + size) && Fits(magnitude(lots.cash_flow().e8()) + size);
}

}  // namespace

std::optional<Money> ValueOf(const ContractTerms& terms, Price price, Quantity quantity) {
  if (terms.inverse && price <= Price()) return std::nullopt;
  const double size = quantity.ToDouble() * terms.multiplier.ToDouble();
  const double value = terms.inverse ? size / price.ToDouble() : size * price.ToDouble();
  if (!(std::abs(value) < static_cast<double>(PositionBook::kValueMax))) return std::nullopt;  // and no NaN
  return Notional(terms, price, quantity);
}

Applied PositionBook::Apply(const Execution& execution, Time now) {
  if (const Execution* known = Find(execution.execution_id)) {
    return SameFigures(*known, execution) ? Applied::kRepeated : Applied::kDiffers;
  }
  if (forgotten_until_ && execution.time <= *forgotten_until_) return Applied::kForgotten;
  const Key key{execution.instrument, execution.instance};
  const auto found = positions_.find(key);
  const Lots none;
  const ContractTerms terms = found == positions_.end() ? execution.terms : found->second.terms;
  if (!Valid(execution, found == positions_.end() ? none : found->second.lots, terms)) return Applied::kInvalid;
  if (!Fits(static_cast<Int128>(account_quantity(key.instrument).e8()) + execution.quantity.e8()) ||
      !Fits(static_cast<Int128>(account_cash_flow_.e8()) + kValueMax * Quantity::kUnit)) {
    return Applied::kInvalid;
  }

  BookedPosition& position = positions_[key];
  Execution kept = execution;
  if (const auto fee = fees_ahead_.find(kept.execution_id); fee != fees_ahead_.end()) {
    kept.fee = fee->second;
    fees_ahead_.erase(fee);
  }
  position.terms = kept.terms;
  index_.emplace(kept.execution_id, key);
  Change(key, position, [&](Lots& lots) { lots.Apply(DealOf(kept)); });
  position.kept.push_back({std::move(kept), trading_day_, false});
  last_changed_ = changed_[key.instrument] = now;
  return Applied::kApplied;
}

Applied PositionBook::Bust(std::string_view execution_id, Time now) {
  Key key;
  KeptExecution* kept = FindKept(execution_id, &key);
  if (kept == nullptr) return Applied::kUnknown;
  if (kept->busted) return Applied::kRepeated;
  kept->busted = true;
  BookedPosition& position = positions_[key];
  Change(key, position, [&](Lots& lots) { Rebuild(position, lots); });
  last_changed_ = changed_[key.instrument] = now;
  return Applied::kApplied;
}

Applied PositionBook::SetFee(std::string_view execution_id, Money fee, Time now) {
  if (!ValidFee(fee)) return Applied::kInvalid;
  Key key;
  KeptExecution* kept = FindKept(execution_id, &key);
  if (kept == nullptr) {
    if (fees_ahead_.size() >= kFeesAheadMax) return Applied::kUnknown;
    fees_ahead_[std::string(execution_id)] = fee;
    return Applied::kUnknown;
  }
  if (kept->execution.fee == fee) return Applied::kRepeated;
  const Money more = fee - kept->execution.fee;
  kept->execution.fee = fee;
  if (kept->busted) return Applied::kApplied;
  BookedPosition& position = positions_[key];
  Change(key, position, [&](Lots& lots) { lots.AddFee(more); });
  last_changed_ = changed_[key.instrument] = now;
  return Applied::kApplied;
}

void PositionBook::BeginDay(int32_t trading_day) {
  if (trading_day == trading_day_) return;
  const int32_t yesterday = trading_day_;
  trading_day_ = trading_day;
  fees_ahead_.clear();
  for (auto& [key, position] : positions_) {
    size_t old = 0;
    size_t flat = 0;  // so many of the old ones end with nothing held
    Lots lots = position.folded;
    while (old < position.kept.size() && position.kept[old].trading_day < yesterday) {
      if (!position.kept[old].busted) lots.Apply(DealOf(position.kept[old].execution));
      ++old;
      if (lots.quantity() == Quantity()) flat = old;
    }
    Fold(position, old - flat > kKeptMax ? old : flat);
  }
}

void PositionBook::Fold(BookedPosition& position, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const KeptExecution& kept = position.kept[i];
    if (!kept.busted) position.folded.Apply(DealOf(kept.execution));
    index_.erase(kept.execution.execution_id);
    forgotten_until_ = std::max(forgotten_until_.value_or(kept.execution.time), kept.execution.time);
  }
  position.kept.erase(position.kept.begin(), position.kept.begin() + static_cast<std::ptrdiff_t>(count));
}

void PositionBook::Rebuild(BookedPosition& position, Lots& lots) {
  lots = position.folded;
  for (const KeptExecution& kept : position.kept) {
    if (!kept.busted) lots.Apply(DealOf(kept.execution));
  }
}

template <class Action>
void PositionBook::Change(const Key& key, BookedPosition& position, Action action) {
  const Quantity quantity = position.lots.quantity();
  const Money cash_flow = position.lots.cash_flow();
  action(position.lots);
  account_cash_flow_ = account_cash_flow_ - cash_flow + position.lots.cash_flow();
  if (position.lots.quantity() == quantity) return;
  Quantity& account = account_quantity_[key.instrument];
  account += position.lots.quantity() - quantity;
  if (account == Quantity()) account_quantity_.erase(key.instrument);
}

void PositionBook::Derive() {
  index_.clear();
  account_quantity_.clear();
  account_cash_flow_ = Money();
  for (auto& [key, position] : positions_) {
    for (const KeptExecution& kept : position.kept) index_.emplace(kept.execution.execution_id, key);
    Change(key, position, [&position = position](Lots& lots) { Rebuild(position, lots); });
  }
}

KeptExecution* PositionBook::FindKept(std::string_view execution_id, Key* key) {
  const auto found = index_.find(execution_id);
  if (found == index_.end()) return nullptr;
  if (key != nullptr) *key = found->second;
  std::vector<KeptExecution>& kept = positions_.at(found->second).kept;
  // From the end: it is nearly always one of the last.
  const auto it = std::find_if(kept.rbegin(), kept.rend(),
                               [&](const KeptExecution& k) { return k.execution.execution_id == execution_id; });
  return it == kept.rend() ? nullptr : &*it;
}

const Execution* PositionBook::Find(std::string_view execution_id) const {
  const KeptExecution* kept = const_cast<PositionBook*>(this)->FindKept(execution_id);
  return kept == nullptr ? nullptr : &kept->execution;
}

const Lots& PositionBook::Of(const Key& key) const {
  static const Lots kNone;
  const auto found = positions_.find(key);
  return found == positions_.end() ? kNone : found->second.lots;
}

std::optional<Money> PositionBook::Unrealized(const Key& key, Price mark) const {
  const auto found = positions_.find(key);
  if (found == positions_.end() || found->second.lots.quantity() == Quantity()) return Money();
  const Lots& lots = found->second.lots;
  const bool is_long = lots.quantity() > Quantity();
  const Quantity held = is_long ? lots.quantity() : Quantity() - lots.quantity();
  const std::optional<Money> value = ValueOf(found->second.terms, mark, held);
  if (!value) return std::nullopt;
  const Money difference = *value - lots.cost();
  return CashSign(is_long ? Side::kAsk : Side::kBid, found->second.terms.inverse) < 0 ? -difference : difference;
}

PositionSnapshot PositionBook::Snapshot(const Key& key) const {
  const Lots& lots = Of(key);
  PositionSnapshot snapshot;
  snapshot.quantity = lots.quantity();
  snapshot.cost = lots.cost();
  snapshot.realized_gross = lots.realized_gross();
  snapshot.fees = lots.fees();
  snapshot.cash_flow = lots.cash_flow();
  snapshot.account_quantity = account_quantity(key.instrument);
  snapshot.account_cash_flow = account_cash_flow_;
  return snapshot;
}

std::vector<PositionBook::Key> PositionBook::Open() const {
  std::vector<Key> open;
  for (const auto& [key, position] : positions_) {
    if (position.lots.quantity() != Quantity()) open.push_back(key);
  }
  return open;
}

Quantity PositionBook::account_quantity(InstrumentId instrument) const {
  const auto found = account_quantity_.find(instrument);
  return found == account_quantity_.end() ? Quantity() : found->second;
}

std::vector<InstrumentId> PositionBook::instruments() const {
  std::vector<InstrumentId> held;
  for (const auto& [instrument, quantity] : account_quantity_) held.push_back(instrument);
  return held;
}

std::optional<Time> PositionBook::changed(InstrumentId instrument) const {
  const auto found = changed_.find(instrument);
  return found == changed_.end() ? std::nullopt : std::optional<Time>(found->second);
}

}  // namespace spillway::oms
