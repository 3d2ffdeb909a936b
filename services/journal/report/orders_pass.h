// Folds what the trading lane says of orders into the report. A lane that never orders anything leaves no report.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "libs/events/text.h"
#include "services/journal/report/orders_report.h"

namespace spillway::journal::report {

class OrdersPass {
 public:
  // `names` knows what the events before the one taken defined.
  explicit OrdersPass(const NameTable* names) : names_(*names) {}

  void Take(const Event& event);
  // nullopt: there was no order, no position and no account at a broker.
  std::optional<OrdersReport> Finish();

 private:
  using Header = EventHeader;
  void On(const Header& header, const ConfigurationVersion& version);
  void On(const Header& header, const TradeIntent& intent);
  void On(const Header& header, const RiskDecision& decision);
  void On(const Header& header, const OrderEvent& order);
  void On(const Header& header, const PositionSnapshot& position);
  void On(const Header& header, const AccountSnapshot& account);
  void On(const Header& header, const KillSwitchChanged& kill);
  void On(const Header& header, const FlattenProgress& progress);
  void On(const Header& header, const OrderIncident& incident);
  void On(const Header& header, const Reconciliation& reconciliation);
  void On(const Header& header, const AdminCommand& command);
  void On(const Header& header, const BrokerReport& report);
  template <class Other>
  void On(const Header&, const Other&) {}

  // Of every intent, shown or not.
  struct Known {
    static constexpr size_t kNotShown = SIZE_MAX;
    size_t place = kNotShown;  // in report_.trades
    bool placed = false, filled = false;
    Quantity open;  // of the entry
    std::optional<AccountTrade> closed;
    double slippage = 0, slippage_quantity = 0;
  };
  // Of an intent; orders without one stand together by symbol.
  using Key = std::pair<EventId, InstrumentId>;
  Known& KnownOf(const Header& header, const EventId& intent);
  void Open(const Header& header, const EventId& intent, Known& known);
  TradeStory* StoryOf(const Known& known);
  void AddStep(TradeStory& story, TradeStep step);
  void AddOrder(const Header& header, TradeStory& story, const OrderEvent& order);
  void Note(const Header& header, std::string kind, bool grave, std::string text);
  static TradeEnd EndOf(const Known& known);
  void Sum(const Known& known);

  struct Decision {
    TradeIntent intent;
    std::optional<TradeStory::Decided> decided;
  };
  static constexpr size_t kDecisionsMax = 10'000;

  const NameTable& names_;
  OrdersReport report_;
  bool any_ = false, disconnected_ = false;
  std::map<EventId, Decision> decisions_;               // of intents that may become orders, until they do
  std::map<EventId, TradeStory::Confirmed> confirmed_;  // by the intent that was shown to a person
  std::map<Key, Known> known_;
  std::map<EventId, Key> by_correlation_;
  std::map<OrderId, Money> order_fees_;
  std::map<std::tuple<InstrumentId, StrategyInstanceId, std::string>, FlattenStage> flattens_;
  std::map<std::string, size_t> notices_;  // of each kind
  size_t steps_ = 0;
  size_t snapshots_a_point_ = 1, snapshots_of_last_ = 0;
};

}  // namespace spillway::journal::report
