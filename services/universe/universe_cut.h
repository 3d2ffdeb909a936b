// Cuts a universe to so many symbols as the profile wants (S1-B1.10) and as each feed can carry (C-07). Pure.
//
// Symbols that pass all rules are ranked by relative volume, the highest first; those whose relative volume is not
// known (and may be unknown) come last; equal ones in the order of their ids. A symbol beyond a limit is out with
// {"symbols_max", "rank 151", "150"}: its rank among all, or {"feed_lines", "rank 101", "100"}: its rank among those of
// its feed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "libs/events/event.h"

namespace spillway::universe {

struct CutCandidate {
  InstrumentId instrument = 0;
  uint32_t feed = 0;
  std::optional<double> relative_volume;
};

// Best first.
bool RanksBefore(const CutCandidate& a, const CutCandidate& b);

struct CutLimits {
  std::optional<uint32_t> symbols_max;
  std::map<uint32_t, uint32_t> feed_lines;  // of the feeds that have a limit
  bool any() const { return symbols_max || !feed_lines.empty(); }
};

// Of the symbols that are cut: why.
std::map<InstrumentId, std::vector<Exclusion>> Cut(std::vector<CutCandidate> candidates, const CutLimits& limits);

}  // namespace spillway::universe
