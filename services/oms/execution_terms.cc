#include "services/oms/execution_terms.h"

#include <cmath>

#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::oms {
namespace {

PriceFraction FromBps(double bps) {
  return std::llround(bps * 100);
}
int64_t MillionthsOf(double ratio) {
  return std::llround(ratio * 1e6);
}

EntryOrder EntryOf(v1::EntryOrder entry) {
  switch (entry) {
    case v1::ENTRY_ORDER_MARKETABLE_LIMIT:
      return EntryOrder::kMarketableLimit;
    case v1::ENTRY_ORDER_MARKET:
      return EntryOrder::kMarket;
    default:
      return EntryOrder::kLimit;
  }
}

}  // namespace

absl::StatusOr<ExecutionTerms> ReadExecutionTerms(std::string_view document) {
  v1::Profile profile;
  if (!profile.ParseFromArray(document.data(), static_cast<int>(document.size()))) {
    return absl::InvalidArgumentError("the document is no profile");
  }
  const v1::ExecutionPolicy& policy = profile.execution();
  ExecutionTerms terms;
  terms.entry = EntryOf(policy.entry());
  if (policy.has_cross_bps()) terms.cross = FromBps(policy.cross_bps());
  if (policy.has_chase_after_ns()) terms.chase_after = Duration(policy.chase_after_ns());
  if (policy.has_chases_max()) terms.chases_max = policy.chases_max();
  if (policy.has_chase_risk_max()) terms.chase_risk_max = MillionthsOf(policy.chase_risk_max());
  terms.cancel_rest = policy.partial_fill() == v1::PARTIAL_FILL_CANCEL_REST;
  if (policy.has_partial_wait_ns()) terms.partial_wait = Duration(policy.partial_wait_ns());
  if (policy.has_trail_stops()) terms.trail = MillionthsOf(policy.trail_stops());
  if (policy.has_trail_step()) terms.trail_step = policy.trail_step();
  if (policy.has_replace_interval_ns()) terms.replace_interval = Duration(policy.replace_interval_ns());
  if (policy.has_exit_cross_bps()) terms.exit_cross = FromBps(policy.exit_cross_bps());
  if (profile.outcome().has_time_stop_ns()) terms.time_stop = Duration(profile.outcome().time_stop_ns());
  terms.always_open = profile.schedule().always_open();
  return terms;
}

absl::StatusOr<CareTerms> ReadCareTerms(std::string_view document) {
  v1::RiskProfile profile;
  if (!profile.ParseFromArray(document.data(), static_cast<int>(document.size()))) {
    return absl::InvalidArgumentError("the document is no risk profile");
  }
  const v1::OrderCare& care = profile.care();
  CareTerms terms;
  if (care.has_stuck_after_ns()) terms.stuck_after = Duration(care.stuck_after_ns());
  if (care.has_reconcile_every_ns()) terms.reconcile_every = Duration(care.reconcile_every_ns());
  if (care.has_commands_per_minute()) terms.commands_per_minute = care.commands_per_minute();
  terms.extended_hours = profile.orders().extended_hours();
  terms.liquidation = LiquidationTermsOf(profile.liquidation());
  terms.account = profile.account().id();
  terms.live = profile.account().live();
  return terms;
}

}  // namespace spillway::oms
