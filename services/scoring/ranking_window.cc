#include "services/scoring/ranking_window.h"

#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {

RankingWindow::RankingWindow(const v1::Profile& profile) : window_(profile.scarcity().ranking_window_ns()) {
  if (profile.scarcity().has_ranking_keep()) keep_ = profile.scarcity().ranking_keep();
}

void RankingWindow::Add(Time now, InstrumentId instrument, Side side) {
  if (!ends_) ends_ = now + window_;
  waiting_.push_back({.instrument = instrument, .side = side, .triggered = now});
}

}  // namespace spillway::scoring
