#include "services/universe/universe_cut.h"

#include <algorithm>

#include "fmt/format.h"

namespace spillway::universe {
namespace {

Exclusion Beyond(const char* rule, uint32_t rank, uint32_t limit) {
  return {rule, fmt::format("rank {}", rank), fmt::format("{}", limit)};
}

}  // namespace

bool RanksBefore(const CutCandidate& a, const CutCandidate& b) {
  if (a.relative_volume != b.relative_volume) {
    if (!a.relative_volume || !b.relative_volume) return a.relative_volume.has_value();
    return *a.relative_volume > *b.relative_volume;
  }
  return a.instrument < b.instrument;
}

std::map<InstrumentId, std::vector<Exclusion>> Cut(std::vector<CutCandidate> candidates, const CutLimits& limits) {
  std::map<InstrumentId, std::vector<Exclusion>> cut;
  if (!limits.any()) return cut;
  std::ranges::sort(candidates, RanksBefore);
  std::map<uint32_t, uint32_t> ranks;  // by feed
  uint32_t rank = 0;
  for (const CutCandidate& candidate : candidates) {
    ++rank;
    const uint32_t feed_rank = ++ranks[candidate.feed];
    if (limits.symbols_max && rank > *limits.symbols_max) {
      cut[candidate.instrument].push_back(Beyond("symbols_max", rank, *limits.symbols_max));
    }
    const auto lines = limits.feed_lines.find(candidate.feed);
    if (lines != limits.feed_lines.end() && feed_rank > lines->second) {
      cut[candidate.instrument].push_back(Beyond("feed_lines", feed_rank, lines->second));
    }
  }
  return cut;
}

}  // namespace spillway::universe
