#include "services/ingest/adapters/simulator/symbols.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "libs/base/math.h"

namespace spillway::simulator {
namespace {

constexpr std::array<std::string_view, 8> kSectors = {"technology", "health care", "energy",      "consumer",
                                                      "financials", "industrials", "real estate", "materials"};

double LogUniform(Random& random, const Range& range) {
  return range.low * Exp(random.Uniform() * Log(range.high / range.low));
}

// Shares traded per second of mean activity.
double VolumeRate(const SymbolParameters& parameters) {
  return parameters.activity * kMarketShare * MeanOrderSize(parameters.depth);
}

VolumeByMinute ReferenceVolume(const SymbolParameters& parameters, double relative_volume, uint32_t sessions,
                               const IntradayShape& shape, Random& random) {
  VolumeByMinute reference;
  reference.sessions = sessions;
  const double day = VolumeRate(parameters) * IntradayShape::kMinutes * 60 / relative_volume;
  double cumulative = static_cast<double>(OpeningCross(parameters)) / relative_volume;
  double before = 0;
  for (int minute = 0; minute < IntradayShape::kMinutes; ++minute) {
    const double share = shape.CumulativeShare(minute);
    cumulative += day * (share - before) * random.Uniform(0.9, 1.1);
    before = share;
    reference.cumulative.push_back(Quantity::Units(std::llround(cumulative)));
  }
  return reference;
}

// Where the symbol is listed, and whether it is one of the biotechnology stocks that some profiles leave out. A stream
// of its own: how the symbol trades is not touched by it.
void DrawListing(uint64_t seed, InstrumentDefinition& definition) {
  Random random(seed, 7);
  definition.exchange = random.Chance(0.6) ? "NASDAQ" : "NYSE";
  const bool biotechnology = random.Chance(0.1);
  const bool in_index = random.Chance(0.7);
  if (!biotechnology || definition.security_type != SecurityType::kCommon) return;
  definition.sector = "biotechnology";
  if (in_index) definition.lists = {"XBI"};
}

SymbolParameters DrawSymbol(const Scenario& scenario, const SymbolGroup& group, InstrumentId id,
                            const IntradayShape& shape) {
  Random random(SymbolSeed(scenario.seed, id), 3);
  SymbolParameters symbol;
  symbol.activity = LogUniform(random, group.activity);
  symbol.depth = group.depth * random.Uniform(0.8, 1.25);
  symbol.clustering = group.clustering;
  symbol.episode_free = group.episode_free;
  symbol.spread_ticks = random.Uniform(group.spread_ticks.low, group.spread_ticks.high);
  const double tick = group.tick.ToDouble();
  const double price = LogUniform(random, group.price);
  symbol.start_tick = std::round(price / tick) + 0.5;
  symbol.volatility = price * group.daily_volatility / tick / std::sqrt(IntradayShape::kMinutes * 60.0);

  InstrumentDefinition& definition = symbol.definition;
  definition.id = id;
  definition.symbol = fmt::format("{}{}", group.prefix, id);
  definition.tick = group.tick;
  definition.security_type = group.security_type;
  definition.float_shares = Quantity::Units(std::llround(LogUniform(random, group.float_shares) / 1000) * 1000);
  definition.sector = kSectors[random.Below(kSectors.size())];
  DrawListing(SymbolSeed(scenario.seed, id), definition);
  const double relative_volume = LogUniform(random, group.relative_volume);
  definition.average_volume = ReferenceVolume(symbol, relative_volume, scenario.reference_sessions, shape, random);
  return symbol;
}

}  // namespace

uint64_t SymbolSeed(uint64_t scenario_seed, InstrumentId instrument) {
  return Random(scenario_seed, instrument).Next();
}

int64_t OpeningCross(const SymbolParameters& parameters) {
  return std::llround(VolumeRate(parameters) * 300 / 100) * 100 + 100;  // as much as five minutes of an average day
}

std::vector<SymbolParameters> DrawSymbols(const Scenario& scenario, const IntradayShape& shape) {
  std::vector<SymbolParameters> symbols;
  for (const SymbolGroup& group : scenario.groups) {
    for (uint32_t i = 0; i < group.count; ++i) {
      symbols.push_back(DrawSymbol(scenario, group, static_cast<InstrumentId>(symbols.size() + 1), shape));
    }
  }
  return symbols;
}

}  // namespace spillway::simulator
