// A scenario with all its defaults filled in, as plain numbers. Its YAML form is proto/spillway/v1/scenario.proto.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"
#include "libs/events/event.h"
#include "libs/truth/planted_episode.h"

namespace spillway::v1 {
class Scenario;
}

namespace spillway::simulator {

struct Range {
  double low = 0;
  double high = 0;
};

struct SymbolGroup {
  std::string prefix = "SIM";
  uint32_t count = 8;
  SecurityType security_type = SecurityType::kCommon;
  Range price{12.0, 60.0};  // USD
  Price tick = Price::FromNanos(10'000'000);
  Range float_shares{20e6, 140e6};
  Range activity{40.0, 80.0};    // mean rows/s over the regular day
  Range spread_ticks{1.2, 2.6};  // mean
  Range relative_volume{2.5, 6.0};
  double depth = 1200;             // mean shares a level
  double daily_volatility = 0.03;  // of the price, over a regular day
  double clustering = 0.35;        // branching ratio of the arrivals
  bool episode_free = false;
};

struct EpisodePlan {
  uint32_t count = 0;  // for each symbol (feed lag: of the feed)
  uint32_t symbols_max = std::numeric_limits<uint32_t>::max();
};

struct FeedPlan {
  std::optional<uint32_t> lines, depth_books, tick_streams, messages_per_second;  // absent: no limit
  bool by_position = false;
};

struct Scenario {
  std::string name = "default";
  uint64_t seed = 1;
  Time open;  // 09:30 New York of the trading day
  Duration pre_market = std::chrono::minutes(10);
  Duration session = std::chrono::minutes(90);
  uint32_t book_levels = 10;
  uint32_t reference_sessions = 20;
  std::vector<SymbolGroup> groups;
  std::array<EpisodePlan, truth::kEpisodeKinds> plans;
  Duration gap = std::chrono::seconds(60);
  Duration first_after = std::chrono::minutes(6);
  double failed_dislocations = 0.25;
  Duration halt_length = std::chrono::seconds(60);
  FeedPlan feed;

  const EpisodePlan& plan(truth::EpisodeKind kind) const { return plans[static_cast<size_t>(kind)]; }
};

// One group of eight common stocks, 90 minutes, one episode of each kind but halts and news for each symbol, no
// absorption.
Scenario DefaultScenario();

// InvalidArgument where a range is upside down, a name unknown, the day no trading weekday, the symbols too many.
absl::StatusOr<Scenario> ScenarioFrom(const v1::Scenario& message);
absl::StatusOr<Scenario> ReadScenario(const std::string& file);

// Makes the scenario have `symbols` in all: cuts the last groups, or makes the last one bigger.
void SetSymbols(Scenario& scenario, uint32_t symbols);

}  // namespace spillway::simulator
