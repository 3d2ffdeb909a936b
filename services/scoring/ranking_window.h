// IR-8: setups that reach the threshold wait for each other; when the window ends, the best of those that still hold go
// on. The window begins with its first candidate. A candidate that no longer holds takes no rank, so that it stands in
// no other's way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/time.h"
#include "libs/events/market_event.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

class RankingWindow {
 public:
  struct Candidate {
    InstrumentId instrument = 0;
    Side side = Side::kBid;
    Time triggered;
    double score = 0;    // when the window ends
    bool holds = false;  // likewise
    template <class Archive>
    void Persist(Archive& a) {
      a(instrument, side, triggered, score, holds);
    }
  };

  explicit RankingWindow(const v1::Profile& profile);

  bool enabled() const { return window_ > Duration(0); }
  uint32_t keep() const { return keep_; }
  bool due(Time now) const { return ends_ && now >= *ends_; }

  void Add(Time now, InstrumentId instrument, Side side);
  // Ends the window. `judge` fills in score and holds of a candidate as it stands now. First those that hold, best
  // first: by score, earlier trigger, instrument, long before short. Then those that do not, in the order they came.
  template <class Judge>
  std::vector<Candidate> Close(const Judge& judge) {
    std::vector<Candidate> ranked = std::exchange(waiting_, {});
    ends_.reset();
    for (Candidate& candidate : ranked) judge(candidate);
    const auto failed = std::ranges::stable_partition(ranked, &Candidate::holds);
    std::sort(ranked.begin(), failed.begin(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(-a.score, a.triggered, a.instrument, a.side) <
             std::tuple(-b.score, b.triggered, b.instrument, b.side);
    });
    return ranked;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(ends_, waiting_);
  }

 private:
  Duration window_{0};
  uint32_t keep_ = 1;
  std::optional<Time> ends_;        // of the window that runs
  std::vector<Candidate> waiting_;  // in the order they came
};

}  // namespace spillway::scoring
