// When episodes happen: drawn before the session starts, from the symbol's own seed.
#include <fmt/format.h>

#include <algorithm>

#include "services/ingest/adapters/simulator/episodes.h"
#include "services/ingest/adapters/simulator/symbols.h"

namespace spillway::simulator {
namespace {

using truth::EpisodeKind;

constexpr Duration kLagWindowMax = std::chrono::seconds(15);
constexpr uint64_t kFeedStream = 0x6c6167;  // the feed's own stream of the scenario's seed

// Random starts of stretches that follow one another with at least `gap` between and around them, from `from` on: the
// slack that is left is cut at sorted random points. `slack_share` of it is used.
std::vector<Time> Spread(const std::vector<Duration>& lengths, Time from, Time to, Duration gap, double slack_share,
                         Random& random) {
  Duration needed = gap;
  for (const Duration length : lengths) needed += length + gap;
  const double slack = slack_share * static_cast<double>(std::max(Duration(0), to - from - needed).count());
  std::vector<double> cuts;
  for (size_t i = 0; i < lengths.size(); ++i) cuts.push_back(random.Uniform() * slack);
  std::sort(cuts.begin(), cuts.end());
  std::vector<Time> starts;
  Duration before = gap;
  for (size_t i = 0; i < lengths.size(); ++i) {
    starts.push_back(from + before + Duration(static_cast<int64_t>(cuts[i])));
    before += lengths[i] + gap;
  }
  return starts;
}

absl::Status DoesNotFit(const Scenario& scenario, size_t episodes, Duration needed, std::string_view where) {
  const Duration there = scenario.session - scenario.first_after;
  return absl::InvalidArgumentError(
      fmt::format("scenario '{}': {} episodes of {} need {:.0f} s with their gaps, but the session has {:.0f} s for "
                  "them; plant fewer, "
                  "lengthen `session`, or shorten `episodes.gap`",
                  scenario.name, episodes, where, static_cast<double>(needed.count()) * 1e-9,
                  static_cast<double>(there.count()) * 1e-9));
}

// The episodes that a symbol gets, in random order, without their times.
std::vector<std::unique_ptr<Episode>> DrawEpisodes(const Scenario& scenario, const SymbolParameters& symbol,
                                                   Random& random) {
  std::vector<std::unique_ptr<Episode>> episodes;
  if (symbol.episode_free) return episodes;
  for (size_t k = 0; k < truth::kEpisodeKinds; ++k) {
    const EpisodeKind kind = static_cast<EpisodeKind>(k);
    const EpisodePlan& plan = scenario.plan(kind);
    if (kind == EpisodeKind::kFeedLag || symbol.definition.id > plan.symbols_max) continue;
    for (uint32_t i = 0; i < plan.count; ++i) episodes.push_back(MakeEpisode(kind, random.Next(), scenario));
  }
  for (size_t i = episodes.size(); i > 1; --i) std::swap(episodes[i - 1], episodes[random.Below(i)]);
  return episodes;
}

// Moves the starts behind the lag windows they would meet, later ones with them. False: past the session's end.
bool AvoidLag(const std::vector<std::unique_ptr<Episode>>& episodes, const std::vector<LagWindow>& lag, Duration gap,
              Time close, std::vector<Time>& starts) {
  Duration shift(0);
  for (size_t i = 0; i < starts.size(); ++i) {
    starts[i] += shift;
    for (const LagWindow& window : lag) {
      if (starts[i] >= window.end + gap || starts[i] + episodes[i]->length() + gap <= window.start) continue;
      shift += window.end + gap - starts[i];
      starts[i] = window.end + gap;
    }
    if (starts[i] + episodes[i]->length() >= close) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<LagWindow>> PlanFeedLag(const Scenario& scenario) {
  Random random(scenario.seed, kFeedStream);
  std::vector<LagWindow> windows(scenario.plan(EpisodeKind::kFeedLag).count);
  std::vector<Duration> lengths;
  Duration needed = scenario.gap;
  for (LagWindow& window : windows) {
    window.peak = std::chrono::microseconds(random.Between(600'000, 1'500'000));
    lengths.push_back(std::chrono::milliseconds(random.Between(8'000, kLagWindowMax / std::chrono::milliseconds(1))));
    needed += lengths.back() + scenario.gap;
  }
  const Time from = scenario.open + scenario.first_after;
  const Time close = scenario.open + scenario.session;
  if (!windows.empty() && from + needed > close) return DoesNotFit(scenario, windows.size(), needed, "the feed");
  const std::vector<Time> starts = Spread(lengths, from, close, scenario.gap, 1.0, random);
  for (size_t i = 0; i < windows.size(); ++i) {
    windows[i].start = starts[i];
    windows[i].end = starts[i] + lengths[i];
  }
  return windows;
}

truth::PlantedEpisode TruthOf(const LagWindow& window) {
  truth::PlantedEpisode episode;
  episode.kind = EpisodeKind::kFeedLag;
  episode.start = window.start;
  episode.end = window.end;
  episode.parameters.emplace_back("peak_ms", static_cast<double>(window.peak.count()) * 1e-6);
  return episode;
}

absl::StatusOr<std::vector<std::unique_ptr<Episode>>> PlanEpisodes(const Scenario& scenario,
                                                                   const SymbolParameters& symbol,
                                                                   const std::vector<LagWindow>& lag) {
  Random random(SymbolSeed(scenario.seed, symbol.definition.id), 4);
  std::vector<std::unique_ptr<Episode>> episodes = DrawEpisodes(scenario, symbol, random);
  std::vector<Duration> lengths;
  Duration needed = scenario.gap;
  for (const auto& episode : episodes) {
    lengths.push_back(episode->length());
    needed += episode->length() + scenario.gap;
  }
  const Time from = scenario.open + scenario.first_after;
  const Time close = scenario.open + scenario.session;
  for (const double slack_share : {1.0, 0.75, 0.5, 0.25, 0.0}) {
    std::vector<Time> starts = Spread(lengths, from, close, scenario.gap, slack_share, random);
    if (!AvoidLag(episodes, lag, scenario.gap, close, starts)) continue;
    for (size_t i = 0; i < episodes.size(); ++i) episodes[i]->set_begin(starts[i]);
    return episodes;
  }
  return DoesNotFit(scenario, episodes.size(), needed, symbol.definition.symbol);
}

}  // namespace spillway::simulator
