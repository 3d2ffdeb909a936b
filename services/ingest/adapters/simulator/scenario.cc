#include "services/ingest/adapters/simulator/scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/calendar/calendar.h"
#include "libs/config/yaml.h"
#include "spillway/v1/scenario.pb.h"

namespace spillway::simulator {
namespace {

constexpr uint32_t kSymbolsMax = 2000;

absl::StatusOr<Time> OpenOf(std::string_view text) {
  const absl::StatusOr<calendar::Date> date = calendar::ParseDate(text);
  if (!date.ok()) {
    return absl::InvalidArgumentError(fmt::format("trading_day: '{}' is not a date such as 2025-05-05", text));
  }
  const std::optional<calendar::Session> session = calendar::Calendar::Nyse().SessionOn(*date);
  if (!session) {
    return absl::InvalidArgumentError(
        fmt::format("trading_day: the exchange is closed on {}; choose a trading day", text));
  }
  return session->regular_open;
}

absl::Status Check(std::string_view key, const Range& range) {
  if (range.low <= range.high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("groups.{0}_min: {1} is above {0}_max: {2}", key, range.low, range.high));
}

absl::StatusOr<SymbolGroup> GroupFrom(const v1::SymbolGroup& message) {
  SymbolGroup group;
  if (!message.prefix().empty()) group.prefix = message.prefix();
  group.count = message.count();
  if (!message.security_type().empty()) {
    const std::optional<SecurityType> type = ParseSecurityType(message.security_type());
    if (!type) {
      return absl::InvalidArgumentError(
          fmt::format("groups.security_type: '{}' is none; use common, etf, adr, ...", message.security_type()));
    }
    group.security_type = *type;
  }
  if (message.has_price_min_e9()) group.price.low = Price::FromNanos(message.price_min_e9()).ToDouble();
  if (message.has_price_max_e9()) group.price.high = Price::FromNanos(message.price_max_e9()).ToDouble();
  if (message.has_tick_e9()) group.tick = Price::FromNanos(message.tick_e9());
  if (message.has_float_min_e8()) group.float_shares.low = Quantity::FromE8(message.float_min_e8()).ToDouble();
  if (message.has_float_max_e8()) group.float_shares.high = Quantity::FromE8(message.float_max_e8()).ToDouble();
  if (message.has_activity_min()) group.activity.low = message.activity_min();
  if (message.has_activity_max()) group.activity.high = message.activity_max();
  if (message.has_spread_ticks_min()) group.spread_ticks.low = message.spread_ticks_min();
  if (message.has_spread_ticks_max()) group.spread_ticks.high = message.spread_ticks_max();
  if (message.has_relative_volume_min()) group.relative_volume.low = message.relative_volume_min();
  if (message.has_relative_volume_max()) group.relative_volume.high = message.relative_volume_max();
  if (message.has_depth()) group.depth = message.depth();
  if (message.has_daily_volatility_percent()) group.daily_volatility = message.daily_volatility_percent() / 100;
  if (message.has_clustering()) group.clustering = message.clustering();
  group.episode_free = message.episode_free();
  const std::array<std::pair<std::string_view, Range>, 5> ranges = {{{"price", group.price},
                                                                     {"float", group.float_shares},
                                                                     {"activity", group.activity},
                                                                     {"spread_ticks", group.spread_ticks},
                                                                     {"relative_volume", group.relative_volume}}};
  for (const auto& [key, range] : ranges) {
    if (absl::Status status = Check(key, range); !status.ok()) return status;
  }
  if (group.price.low < 100 * group.tick.ToDouble()) {
    return absl::InvalidArgumentError(
        fmt::format("groups.price_min: {} is below 100 ticks of {}", group.price.low, group.tick.ToString()));
  }
  return group;
}

EpisodePlan PlanFrom(const v1::EpisodePlan& message) {
  EpisodePlan plan;
  plan.count = message.count();
  if (message.has_symbols_max()) plan.symbols_max = message.symbols_max();
  return plan;
}

FeedPlan FeedFrom(const v1::SimulatedFeed& message) {
  FeedPlan feed;
  if (message.has_lines()) feed.lines = message.lines();
  if (message.has_depth_books()) feed.depth_books = message.depth_books();
  if (message.has_tick_streams()) feed.tick_streams = message.tick_streams();
  if (message.has_messages_per_second()) feed.messages_per_second = message.messages_per_second();
  feed.by_position = message.by_position();
  return feed;
}

void ReadEpisodes(const v1::Episodes& message, Scenario& scenario) {
  scenario.plans = {PlanFrom(message.dislocation()),
                    PlanFrom(message.flash_bid_wall()),
                    PlanFrom(message.ask_replenishment()),
                    PlanFrom(message.spread_blow_out()),
                    PlanFrom(message.tape_stall()),
                    PlanFrom(message.halt()),
                    PlanFrom(message.news()),
                    PlanFrom(message.feed_lag()),
                    PlanFrom(message.absorption())};
  if (message.has_gap_ns()) scenario.gap = Duration(message.gap_ns());
  if (message.has_first_after_ns()) scenario.first_after = Duration(message.first_after_ns());
  if (message.has_failed_dislocations()) scenario.failed_dislocations = message.failed_dislocations();
  if (message.has_halt_length_ns()) scenario.halt_length = Duration(message.halt_length_ns());
}

}  // namespace

Scenario DefaultScenario() {
  Scenario scenario;
  scenario.open = *OpenOf("2025-05-05");
  scenario.groups.emplace_back();
  for (EpisodePlan& plan : scenario.plans) plan.count = 1;
  scenario.plans[static_cast<size_t>(truth::EpisodeKind::kAbsorption)].count = 0;
  for (const truth::EpisodeKind rare : {truth::EpisodeKind::kHalt, truth::EpisodeKind::kNews}) {
    scenario.plans[static_cast<size_t>(rare)].symbols_max = 1;
  }
  return scenario;
}

absl::StatusOr<Scenario> ScenarioFrom(const v1::Scenario& message) {
  Scenario scenario = DefaultScenario();
  if (!message.name().empty()) scenario.name = message.name();
  if (message.has_seed()) scenario.seed = message.seed();
  if (!message.trading_day().empty()) {
    const absl::StatusOr<Time> open = OpenOf(message.trading_day());
    if (!open.ok()) return open.status();
    scenario.open = *open;
  }
  if (message.has_pre_market_ns()) scenario.pre_market = Duration(message.pre_market_ns());
  if (message.has_session_ns()) scenario.session = Duration(message.session_ns());
  if (message.has_book_levels()) scenario.book_levels = message.book_levels();
  if (message.has_reference_sessions()) scenario.reference_sessions = message.reference_sessions();
  if (message.groups_size() > 0) scenario.groups.clear();
  uint64_t symbols = 0;
  for (const v1::SymbolGroup& group_message : message.groups()) {
    absl::StatusOr<SymbolGroup> group = GroupFrom(group_message);
    if (!group.ok()) return group.status();
    symbols += group->count;
    scenario.groups.push_back(*std::move(group));
  }
  if (symbols > kSymbolsMax) {
    return absl::InvalidArgumentError(
        fmt::format("groups: {} symbols in all are above the maximum {}", symbols, kSymbolsMax));
  }
  if (message.has_episodes()) ReadEpisodes(message.episodes(), scenario);
  scenario.feed = FeedFrom(message.feed());
  return scenario;
}

absl::StatusOr<Scenario> ReadScenario(const std::string& file) {
  v1::Scenario message;
  if (absl::Status status = config::ParseYamlFile(file, message); !status.ok()) return status;
  absl::StatusOr<Scenario> scenario = ScenarioFrom(message);
  if (!scenario.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", file, std::string(scenario.status().message())));
  }
  return scenario;
}

void SetSymbols(Scenario& scenario, uint32_t symbols) {
  uint32_t before = 0;
  for (size_t i = 0; i < scenario.groups.size(); ++i) {
    SymbolGroup& group = scenario.groups[i];
    const bool last = i + 1 == scenario.groups.size();
    group.count = last ? symbols - before : std::min(group.count, symbols - before);
    before += group.count;
  }
  std::erase_if(scenario.groups, [](const SymbolGroup& group) { return group.count == 0; });
}

}  // namespace spillway::simulator
