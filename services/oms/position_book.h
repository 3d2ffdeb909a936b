// The positions of an account: one for each strategy instance and instrument, the sum of its executions, with FIFO lots
// and profit exact in integers (lots.h). Instance 0 holds what nobody of ours traded, so that the sum over all
// instances is the broker's position.
//
// Every execution counts once: it is known by the broker's id, whichever way and however often it is heard of, and can
// be undone (a bust) while it is kept. Kept are the executions of this trading day and the one before, and those of a
// position that has not been flat since, at most kKeptMax of the older ones each; the rest are folded into figures.
// What happened at or before `forgotten_until` is no longer told apart from what was folded: it is not applied.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "libs/base/time.h"
#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/oms/lots.h"

namespace spillway::oms {

struct Execution {
  std::string execution_id;         // the broker's, never used twice
  StrategyInstanceId instance = 0;  // 0: not traded by us
  InstrumentId instrument = 0;
  Side side = Side::kNone;  // kBid bought
  Price price;
  Quantity quantity;
  Money fee;
  ContractTerms terms;
  Time time;  // the broker's
  template <class Archive>
  void Persist(Archive& a) {
    a(execution_id, instance, instrument, side, price, quantity, fee, terms, time);
  }
};

enum class Applied : uint8_t {
  kApplied,
  kRepeated,   // known with the same figures: nothing changed
  kDiffers,    // known with other figures: nothing changed
  kForgotten,  // too old to tell whether it is known: nothing changed
  kInvalid,    // no id, side or quantity, a value beyond kValueMax, or an inverse contract that was none before
  kUnknown,    // Bust, SetFee: no such execution is kept
};

struct PositionKey {
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  friend auto operator<=>(const PositionKey&, const PositionKey&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(instrument, instance);
  }
};

// One that can still be told apart and undone.
struct KeptExecution {
  Execution execution;
  int32_t trading_day = 0;  // when it was heard of
  bool busted = false;
  template <class Archive>
  void Persist(Archive& a) {
    a(execution, trading_day, busted);
  }
};

struct BookedPosition {
  Lots folded;                      // up to the first that is kept
  std::vector<KeptExecution> kept;  // in the order they were heard of
  ContractTerms terms;              // of the last execution
  Lots lots;                        // `folded` and `kept`: not saved
  template <class Archive>
  void Persist(Archive& a) {
    a(folded, kept, terms);
  }
};

class PositionBook {
 public:
  using Key = PositionKey;
  static constexpr size_t kKeptMax = 4096;
  static constexpr size_t kFeesAheadMax = 256;
  static constexpr int64_t kValueMax = 1'000'000'000;  // of one execution, in units of currency

  // `now` is the lane's time, for changed().
  Applied Apply(const Execution& execution, Time now);
  // The execution did not happen: its position is built anew from the others. A later report of it is a repetition.
  Applied Bust(std::string_view execution_id, Time now);
  // The fee of the execution, all of it; may be said before the execution is. Saying it again changes nothing.
  Applied SetFee(std::string_view execution_id, Money fee, Time now);
  // A trading day began.
  void BeginDay(int32_t trading_day);

  bool Seen(std::string_view execution_id) const { return index_.contains(execution_id); }
  const Execution* Find(std::string_view execution_id) const;  // busted ones too; valid until the next change

  // All figures are 0 for a position that never was.
  const Lots& Of(const Key& key) const;
  // Of the open lots if all were closed at `mark`, before fees: exactly what closing them there would realise. nullopt:
  // the mark has no value (0 of an inverse contract) or one that does not fit.
  std::optional<Money> Unrealized(const Key& key, Price mark) const;
  // All but the trade and the stop, which are not of the position alone.
  PositionSnapshot Snapshot(const Key& key) const;
  std::vector<Key> Open() const;  // that are not flat, in order

  // Over all instances.
  Quantity account_quantity(InstrumentId instrument) const;
  Money account_cash_flow() const { return account_cash_flow_; }
  std::vector<InstrumentId> instruments() const;  // that the account holds
  // Lane time of the last change of the instrument's positions; nullopt: none yet.
  std::optional<Time> changed(InstrumentId instrument) const;
  std::optional<Time> changed() const { return last_changed_; }  // ... of any
  std::optional<Time> forgotten_until() const { return forgotten_until_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(positions_, changed_, last_changed_, fees_ahead_, trading_day_, forgotten_until_);
    if constexpr (Archive::kReading) Derive();
  }

 private:
  // Changes the position's lots, and the account's sums with them.
  template <class Action>
  void Change(const Key& key, BookedPosition& position, Action action);
  static void Rebuild(BookedPosition& position, Lots& lots);
  void Fold(BookedPosition& position, size_t count);
  void Derive();
  KeptExecution* FindKept(std::string_view execution_id, Key* key = nullptr);

  std::map<Key, BookedPosition> positions_;
  std::map<InstrumentId, Time> changed_;
  std::optional<Time> last_changed_;
  std::map<std::string, Money, std::less<>> fees_ahead_;
  int32_t trading_day_ = 0;
  std::optional<Time> forgotten_until_;
  // Derived:
  absl::btree_map<std::string, Key, std::less<>> index_;
  std::map<InstrumentId, Quantity> account_quantity_;  // those that are not 0
  Money account_cash_flow_;
};

// The value of an execution; nullopt: none (price 0 of an inverse contract), or beyond `kValueMax`.
std::optional<Money> ValueOf(const ContractTerms& terms, Price price, Quantity quantity);

}  // namespace spillway::oms
