// What the simulated market planted: the truth that detectors are measured against. It is written to a side file
// (JSON lines, one episode a line) next to a session and is never part of a lane.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/events/event.h"

namespace spillway::truth {

enum class EpisodeKind : uint8_t {
  kDislocation,       // the ask thins and is absorbed
  kFlashBidWall,      // FX-07
  kAskReplenishment,  // FX-08
  kSpreadBlowOut,     // FX-09, FX-14
  kTapeStall,         // FX-10
  kHalt,              // FX-12
  kNews,              // FX-12
  kFeedLag,           // FX-15
  kAbsorption,        // FX-22
};
inline constexpr size_t kEpisodeKinds = 9;
std::string_view EpisodeKindName(EpisodeKind kind);  // "flash_bid_wall"
std::optional<EpisodeKind> ParseEpisodeKind(std::string_view name);

// The episode kind that a detector is there to find; nullopt where none is planted for it.
std::optional<EpisodeKind> EpisodeKindFor(DetectorKind detector);

struct PlantedEpisode {
  EpisodeKind kind = EpisodeKind::kDislocation;
  InstrumentId instrument = 0;  // 0: the whole feed
  std::string symbol;           // empty: the whole feed
  Time start;                   // from here to `end` the defining property holds
  Time end;
  Side side = Side::kNone;     // the side it is about; kBid: a long setup
  std::optional<Price> price;  // the level it is about
  // What was planted and what came of it, by name; docs/simulator.md lists them.
  std::vector<std::pair<std::string, double>> parameters;
  friend bool operator==(const PlantedEpisode&, const PlantedEpisode&) = default;
};

// The parameter's value; nullopt if the episode has none of that name.
std::optional<double> Parameter(const PlantedEpisode& episode, std::string_view name);

// One line without its end, keys in a fixed order: equal episodes give equal text.
std::string ToJsonLine(const PlantedEpisode& episode);
absl::StatusOr<PlantedEpisode> FromJsonLine(std::string_view line);

// A truth file. Errors name file and line. Writing goes to a temporary file that is renamed when complete.
absl::Status WriteTruth(const std::string& path, const std::vector<PlantedEpisode>& episodes);
absl::StatusOr<std::vector<PlantedEpisode>> ReadTruth(const std::string& path);

}  // namespace spillway::truth
