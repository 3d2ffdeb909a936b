// What a profile must obey beyond types and limits of single values (those stand in profile.proto).
#pragma once

#include "libs/config/problems.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::profile {

// Adds a problem, with the line that `origins` knows, for each of these:
// - rubric: threshold above the score that can be had; near_miss above the threshold; a rule id given twice;
//   score_min not below score_max
// - rules and gates: an unknown feature; a limit missing or, for `is true` and `is false`, given; a graded rule's
// `start`
//   in boolean mode or not on the failing side of its limit
// - universe: a minimum above its maximum; an unknown security type
// - schedule: no window and not always open; both; a time past 24:00; start not before end; windows that overlap
// - throttle: exceed_interval and on_exceed: throttle without each other; a move window without a move limit
// - cancel, scarcity, preview, stages, account, compliance, criteria: a part without the one it needs, an id or name
// given
//   twice, a limit on the wrong side of its neighbour; an account that its own equity would never arm
// - blueprint, sizing or schedule missing: no alert could be made; a target nearer than the stop
void CheckProfile(const v1::Profile& profile, const config::Origins& origins, config::Problems& problems);

}  // namespace spillway::profile
