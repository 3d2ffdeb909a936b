// A day on which approved intents become orders: a risk profile, a broker that answers, orders and positions told by
// hand.
#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include "spillway/v1/risk.pb.h"
#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {

// An account whose limits do not bind by themselves: a test sets what it is about.
inline v1::RiskProfile OpenRisk() {
  v1::RiskProfile risk;
  risk.set_name("open");
  risk.set_version(1);
  risk.mutable_account()->set_id("PAPER-1");
  risk.mutable_orders()->set_touch_fraction(1000);
  risk.mutable_orders()->set_minute_volume_fraction(1000);
  return risk;
}

inline Event ConfigureRisk(TradingLane& lane, const v1::RiskProfile& risk, Time effective = Time()) {
  ConfigurationVersion version;
  version.kind = ConfigurationKind::kRisk;
  version.name = risk.name();
  version.effective_time = effective;
  version.document = risk.SerializeAsString();
  return lane.Make(version);
}

inline BrokerSnapshot PaperSnapshot(int64_t equity = 100'000) {
  BrokerSnapshot snapshot;
  snapshot.broker = "simulated";
  snapshot.account = "PAPER-1";
  snapshot.cash = snapshot.equity = Money::FromE8(equity * 100'000'000);
  snapshot.buying_power = Money::FromE8(equity * 4 * 100'000'000);
  return snapshot;
}

// Puts the profile in force and lets the broker say what the account is worth.
inline void OpenAccount(RiskDay& day, const v1::RiskProfile& risk = OpenRisk(), int64_t equity = 100'000) {
  day.Send(ConfigureRisk(day.lane, risk));
  day.Send(day.lane.Make(BrokerReport{.kind = BrokerReportKind::kConnected}, 0, 0, Producer::kBroker));
  day.Send(day.lane.Make(PaperSnapshot(equity), 0, 0, Producer::kBroker));
}

// 1% of 100,000 at risk, nothing else limits; route AUTO.
inline v1::Profile AutoProfile() {
  v1::Profile profile = ClassicProfile();
  profile.set_execution_mode(v1::EXECUTION_MODE_AUTO);
  profile.clear_throttle();
  profile.clear_scarcity();
  profile.mutable_schedule()->clear_windows();
  v1::Window& all_day = *profile.mutable_schedule()->add_windows();
  all_day.set_start("09:30");
  all_day.set_end("16:00");
  all_day.set_mode(v1::WINDOW_MODE_FULL);
  profile.mutable_short_side()->set_enabled(true);
  v1::Sizing& sizing = *profile.mutable_sizing();
  sizing.Clear();
  sizing.set_equity_e8(100'000 * 100'000'000LL);
  sizing.set_risk_percent(1);
  return profile;
}

class OrderDay : public RiskDay {
 public:
  explicit OrderDay(const v1::RiskProfile& risk = OpenRisk(), const v1::Profile& profile = AutoProfile(),
                    int64_t equity = 100'000)
      : RiskDay(profile) {
    OpenAccount(*this, risk, equity);
    lane.At("10:00");
  }

  // A long of `instrument` at 50 with a stop at 48: 500 by risk. The answer as "approved 500" or "refused RULE".
  std::string Ask(InstrumentId instrument = 1, IntentFields fields = {.entry = 50, .stop = 48, .target = 54}) {
    fields.instrument = instrument;
    intent = lane.Intent(fields);
    Send(intent);
    return Answer();
  }
  std::string Answer() const {
    const RiskDecision& d = decision();
    return d.approved ? "approved " + d.quantity.ToString() : "refused " + std::string(RefusalRuleName(d.rule));
  }
  const RiskDecision& decision() const {
    for (auto it = answers().rbegin(); it != answers().rend(); ++it) {
      if (const auto* found = std::get_if<RiskDecision>(&it->body)) return *found;
    }
    FAIL("nothing was decided");
    std::abort();
  }
  // nullptr: it was not looked at.
  const CapRoom* Cap(SizeCap cap) const {
    for (const CapRoom& room : decision().caps) {
      if (room.cap == cap) return &room;
    }
    return nullptr;
  }
  void Define(InstrumentId id, std::string symbol, std::string sector) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = std::move(symbol);
    definition.sector = std::move(sector);
    Send(lane.Make(definition, id));
  }
  void MarkAt(InstrumentId instrument, double bid, double ask, int64_t size = 100'000) {
    Send(lane.Mark(instrument, bid, ask, 0, size, size));
  }

  // ---- what oms says
  void Oms(EventBody body, const Event& of) {
    Send(lane.Make(std::move(body), of.header.instrument, of.header.instance, Producer::kOms));
  }
  void Order(const Event& of, OrderState state, int64_t open, int64_t filled = 0) {
    OrderEvent order;
    order.order = OrderId{7, of.header.id().low};
    order.intent = of.header.id();
    order.role = OrderRole::kEntry;
    order.state = state;
    order.side = std::get<TradeIntent>(of.body).side;
    order.limit = std::get<TradeIntent>(of.body).entry;
    order.filled = Quantity::Units(filled);
    order.intent_open = Quantity::Units(open);
    Oms(order, of);
  }
  // `units` of the intent are filled at `price` in all; `open` may still be.
  void Entered(const Event& of, int64_t units, double price, int64_t open = 0) {
    const bool is_long = std::get<TradeIntent>(of.body).side == Side::kBid;
    Order(of, open == 0 ? OrderState::kFilled : OrderState::kPartial, open, units);
    PositionSnapshot position;
    position.quantity = Quantity::Units(is_long ? units : -units);
    position.cost = Notional({}, Usd(price), Quantity::Units(units));
    Money& cash = cash_[{of.header.instrument, of.header.instance}];
    entered_[of.header.id()] = is_long ? -position.cost : position.cost;
    position.cash_flow = cash + entered_[of.header.id()];
    position.trade = AccountTrade{.intent = of.header.id(),
                                  .state = AccountTradeState::kEntered,
                                  .side = std::get<TradeIntent>(of.body).side,
                                  .price = Usd(price),
                                  .quantity = Quantity::Units(units)};
    Oms(position, of);
  }
  // All of it is closed at `price`, with `fees` in all.
  void Closed(const Event& of, int64_t units, double price, std::string_view reason = "target", double fees = 0) {
    const bool is_long = std::get<TradeIntent>(of.body).side == Side::kBid;
    const Money value = Notional({}, Usd(price), Quantity::Units(units));
    const Money gross = entered_[of.header.id()] + (is_long ? value : -value);
    const Money net = gross - Money::FromE8(std::llround(fees * 1e8));
    Money& cash = cash_[{of.header.instrument, of.header.instance}];
    cash = cash + net;
    PositionSnapshot position;
    position.cash_flow = cash;
    position.trade = AccountTrade{.intent = of.header.id(),
                                  .state = AccountTradeState::kClosed,
                                  .side = std::get<TradeIntent>(of.body).side,
                                  .price = Usd(price),
                                  .quantity = Quantity::Units(units),
                                  .profit_gross = gross,
                                  .profit_net = net,
                                  .r_multiple = 0,
                                  .reason = std::string(reason)};
    Oms(position, of);
  }

  Event intent;  // the last that was asked

 private:
  std::map<std::pair<InstrumentId, StrategyInstanceId>, Money> cash_;
  std::map<EventId, Money> entered_;
};

}  // namespace spillway::test
