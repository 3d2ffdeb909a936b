// The planted episodes: what each does to a symbol's order flow, step by step, and the truth it leaves behind.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/random.h"
#include "libs/truth/planted_episode.h"
#include "services/ingest/adapters/simulator/order_flow.h"
#include "services/ingest/adapters/simulator/scenario.h"

namespace spillway::simulator {

// One planted episode of one symbol. It acts at its planned begin and then whenever it asked to; between its acts the
// bent flow goes on.
class Episode {
 public:
  virtual ~Episode() = default;
  // From its first act to its last, at most: lead-in, the planted pattern, aftermath.
  virtual Duration length() const = 0;
  // The next time to act; nullopt when it is over: then the flow is unbent and truth() is complete.
  virtual std::optional<Time> Act(Time now, SymbolFlow& flow, RowWriter& row) = 0;

  const truth::PlantedEpisode& truth() const { return truth_; }
  Time begin() const { return begin_; }
  void set_begin(Time begin) { begin_ = begin; }

 protected:
  Episode(truth::EpisodeKind kind, uint64_t seed) : random_(seed) { truth_.kind = kind; }
  // To the millionth: nothing finer was planted.
  void Note(const char* name, double value) { truth_.parameters.emplace_back(name, std::round(value * 1e6) / 1e6); }
  Duration DrawSeconds(double low, double high) {
    return std::chrono::milliseconds(static_cast<int64_t>(random_.Uniform(low, high) * 1000));
  }

  Random random_;
  truth::PlantedEpisode truth_;

 private:
  Time begin_;
};

// The episode of this kind that `seed` draws. Feed lag is no episode of a symbol.
std::unique_ptr<Episode> MakeEpisode(truth::EpisodeKind kind, uint64_t seed, const Scenario& scenario);
std::unique_ptr<Episode> MakeDislocation(uint64_t seed, bool fails);  // dislocation.cc

// Where the feed is late. InvalidArgument if the windows do not fit into the session.
absl::StatusOr<std::vector<LagWindow>> PlanFeedLag(const Scenario& scenario);
truth::PlantedEpisode TruthOf(const LagWindow& window);

// All episodes of a symbol in the order of their begins: shuffled, at random times, `scenario.gap` apart from each
// other and from feed lag. InvalidArgument if they do not fit into the session.
absl::StatusOr<std::vector<std::unique_ptr<Episode>>> PlanEpisodes(const Scenario& scenario,
                                                                   const SymbolParameters& symbol,
                                                                   const std::vector<LagWindow>& lag);

}  // namespace spillway::simulator
