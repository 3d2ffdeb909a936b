// A day on which approved intents become orders: a risk profile, a broker that answers, orders and positions told by
// hand.
#pragma once

#include "spillway/v1/risk.pb.h"
#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {

// An account of 100,000 without a limit that binds by itself: a test sets what it is about.
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

}  // namespace spillway::test
