#include "tests/simulation/day_setup.h"

#include <chrono>
#include <string>

#include "fmt/format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

template <class Message>
std::string Bytes(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}
int64_t Nanos(Duration duration) {
  return duration.count();
}

v1::Profile ProfileOf(v1::ExecutionMode mode, Random& random) {
  v1::Profile profile;
  profile.set_name("simulated");
  profile.set_version(1);
  profile.set_execution_mode(mode);
  v1::Sizing& sizing = *profile.mutable_sizing();
  sizing.set_equity_e8(100'000'00000000);
  sizing.set_risk_percent(0.25);
  sizing.set_shares_max_e8(Quantity::Units(2'000).e8());
  v1::Window& window = *profile.mutable_schedule()->add_windows();
  window.set_start("00:00");
  window.set_end("24:00");
  window.set_mode(v1::WINDOW_MODE_FULL);
  profile.mutable_short_side()->set_enabled(true);
  profile.mutable_throttle()->set_auto_resume_after_ns(Nanos(seconds(20)));
  profile.mutable_outcome()->set_time_stop_ns(Nanos(seconds(random.Between(30, 300))));
  v1::ExecutionPolicy& policy = *profile.mutable_execution();
  policy.set_entry(static_cast<v1::EntryOrder>(random.Between(1, 3)));
  if (random.Chance(0.6)) {
    policy.set_chase_after_ns(Nanos(seconds(random.Between(3, 30))));
    policy.set_chases_max(static_cast<uint32_t>(random.Between(1, 3)));
  }
  policy.set_partial_fill(random.Chance(0.5) ? v1::PARTIAL_FILL_KEEP : v1::PARTIAL_FILL_CANCEL_REST);
  if (random.Chance(0.4)) {
    policy.set_trail_stops(1);
    policy.set_trail_step(1);
  }
  return profile;
}

v1::RiskProfile AccountOf(Random& random, ExposureCaps& caps) {
  v1::RiskProfile profile;
  profile.set_name("simulated");
  profile.set_version(1);
  profile.mutable_account()->set_id("sim");
  profile.mutable_account()->set_equity_e8(100'000'00000000);
  v1::OrderLimits& orders = *profile.mutable_orders();
  orders.set_orders_per_minute(static_cast<uint32_t>(random.Between(5, 40)));
  if (random.Chance(0.5)) orders.set_touch_fraction(random.Uniform(0.2, 2));
  if (random.Chance(0.5)) orders.set_minute_volume_fraction(0.1);
  v1::ExposureLimits& exposure = *profile.mutable_exposure();
  const int64_t position = random.Between(4'000, 20'000);
  exposure.set_position_notional_e8(position * 100'000'000);
  const int64_t gross_percent = random.Between(15, 60);
  exposure.set_gross_percent(static_cast<double>(gross_percent));
  const auto positions = static_cast<uint32_t>(random.Between(2, 4));
  exposure.set_positions(positions);
  exposure.set_buying_power(random.Chance(0.5));
  // The account's equity is near 100,000 all day; what it moves is in the tolerance of a few percent.
  caps = {Money::FromE8(position * 100'000'000), Money::FromE8(gross_percent * 1'030 * 100'000'000), positions};
  if (random.Chance(0.5)) {
    profile.mutable_daily_loss()->set_no_new_entries_percent(1.5);
    profile.mutable_daily_loss()->set_flatten_percent(3);
  }
  v1::OrderCare& care = *profile.mutable_care();
  care.set_stuck_after_ns(Nanos(seconds(random.Between(3, 10))));
  care.set_reconcile_every_ns(Nanos(seconds(random.Between(8, 30))));
  v1::AutomaticKill& kill = *profile.mutable_kill();
  if (random.Chance(0.7)) {  // else the default numbers, with which a bad day soon ends in a kill
    kill.set_rate_limited(0);
    kill.set_disconnects(0);
    kill.set_rejects(0);
    kill.set_mismatch_ns(0);
  }
  kill.set_flatten(random.Chance(0.3));
  v1::Liquidation& liquidation = *profile.mutable_liquidation();
  liquidation.set_market_after_ns(Nanos(seconds(random.Between(5, 30))));
  return profile;
}

}  // namespace

InstrumentDefinition DefinitionOf(InstrumentId id) {
  InstrumentDefinition definition;
  definition.id = id;
  definition.symbol = fmt::format("SYM{}", id);
  definition.sector = id % 2 == 0 ? "even" : "odd";
  definition.security_type = SecurityType::kCommon;
  return definition;
}

DaySetup SetupOf(Random& random) {
  DaySetup setup;
  setup.begin = ParseTime("2025-05-02T14:30:00Z").value();
  setup.cash = Money::FromE8(100'000'00000000);
  setup.session = {
      .trading_day = 20250502,
      .phase = SessionPhase::kRegular,
      .regular_open = setup.begin - minutes(60),
      // Some days end early: what is held is closed before the bell.
      .regular_close = setup.begin + (random.Chance(0.3) ? seconds(random.Between(150, 300)) : seconds(18'000))};
  setup.evening_seconds = 100;
  Event event;
  event.body = ConfigurationVersion{.kind = ConfigurationKind::kRisk,
                                    .name = "simulated@1",
                                    .mode = InstanceMode::kActive,
                                    .effective_time = Time(),
                                    .document = Bytes(AccountOf(random, setup.caps))};
  setup.configurations.push_back(event);
  const v1::ExecutionMode modes[] = {v1::EXECUTION_MODE_AUTO, v1::EXECUTION_MODE_AUTO, v1::EXECUTION_MODE_CONFIRM,
                                     v1::EXECUTION_MODE_ALERT_ONLY};
  for (size_t i = 0; i < std::size(modes); ++i) {
    const std::string name = fmt::format("simulated@1#{}", i + 1);
    event.header.instance = StrategyInstanceIdOf(name);
    event.body = ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                                      .name = name,
                                      .mode = InstanceMode::kActive,
                                      .effective_time = Time(),
                                      .document = Bytes(ProfileOf(modes[i], random))};
    setup.configurations.push_back(event);
    setup.instances.push_back(event.header.instance);
  }
  setup.instances.push_back(setup.instances.front());  // one that is at work more often
  return setup;
}

}  // namespace spillway::simulation
