#include "services/scoring/suppressed_rejections.h"

#include <algorithm>
#include <utility>

namespace spillway::scoring {

void SuppressedRejections::Count(Time now, InstrumentId instrument, uint32_t rule, double score) {
  if (!from_) from_ = now - now.time_since_epoch() % kInterval;
  const auto place = std::ranges::lower_bound(rows_, std::pair(instrument, rule), std::ranges::less(),
                                              [](const Row& row) { return std::pair(row.instrument, row.rule); });
  if (place == rows_.end() || place->instrument != instrument || place->rule != rule) {
    rows_.insert(place, {instrument, rule, 1, score});
    return;
  }
  ++place->count;
  place->best_score = std::max(place->best_score, score);
}

}  // namespace spillway::scoring
