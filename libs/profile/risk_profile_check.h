// What a risk profile and a simulated venue must obey beyond types and limits of single values (those stand in
// risk.proto).
#pragma once

#include "libs/config/problems.h"

namespace spillway::v1 {
class RiskProfile;
class SimulatedVenue;
}  // namespace spillway::v1

namespace spillway::profile {

// Adds a problem, with the line that `origins` knows, for each of these:
// - account: real money without an account's id
// - orders: a symbol that is allowed and blocked; a symbol given twice
// - exposure: one position, net or a sector above what all together may be; a count of correlated positions without the
//   correlation from which they count, or the other way about; half the size only from where positions count no more
// - daily_loss: entries stop only behind where all is closed; no step at all
// - drawdowns: a horizon twice; size or stop factors without `reduce_percent`; reduced only behind where all is closed;
//   no step at all
// - anomalies: a count without its window, or the other way about
// - kill: a window of something that is turned off
// - liquidation: market orders before the cancels are waited for
void CheckRiskProfile(const v1::RiskProfile& profile, const config::Origins& origins, config::Problems& problems);

// - one latency and a distribution of them
void CheckVenue(const v1::SimulatedVenue& venue, const config::Origins& origins, config::Problems& problems);

}  // namespace spillway::profile
