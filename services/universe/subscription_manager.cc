#include "services/universe/subscription_manager.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "libs/base/math.h"
#include "services/universe/universe_cut.h"

namespace spillway::universe {
namespace {

constexpr double kHalfLife = 30;       // seconds, of the activity
constexpr double kBoundary = 0.25;     // seconds between boundary snapshots
constexpr double kVolumeFull = 5;      // relative volume with all marks
constexpr double kSpreadNone = 0.005;  // of the mid, without marks
constexpr double kLn2 = 0.693147180559945309417;

double Decay(Duration elapsed) {
  if (elapsed <= Duration(0)) return 1;
  return Exp(-kLn2 * static_cast<double>(elapsed.count()) / (kHalfLife * 1e9));
}

double Part(double value) {
  return std::clamp(value, 0.0, 1.0);
}

std::string CodeOf(std::string_view reason) {
  const size_t end = reason.find_first_not_of("0123456789");
  return std::string(reason.substr(0, end));
}

std::string SecondsText(Duration duration) {
  return fmt::format("{}s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::map<InstrumentId, uint32_t> ShardOf(const std::map<InstrumentId, uint32_t>& before,
                                         const std::vector<InstrumentId>& symbols, uint32_t connections,
                                         uint32_t symbols_each) {
  std::map<InstrumentId, uint32_t> shards;
  std::vector<uint32_t> used(connections);
  for (const InstrumentId symbol : symbols) {
    const auto found = before.find(symbol);
    if (found == before.end() || found->second >= connections || used[found->second] >= symbols_each) continue;
    if (shards.emplace(symbol, found->second).second) ++used[found->second];
  }
  for (const InstrumentId symbol : symbols) {
    if (shards.contains(symbol)) continue;
    const auto fewest = std::ranges::min_element(used);
    if (fewest == used.end() || *fewest >= symbols_each) break;
    shards[symbol] = static_cast<uint32_t>(fewest - used.begin());
    ++*fewest;
  }
  return shards;
}

// ---------------------------------------------------------------- inputs

SubscriptionManager::Symbol* SubscriptionManager::Find(InstrumentId instrument) {
  const auto found = symbols_.find(instrument);
  return found == symbols_.end() ? nullptr : &found->second;
}

void SubscriptionManager::SetWanted(const std::set<InstrumentId>& wanted) {
  for (auto& [instrument, symbol] : symbols_) symbol.wanted = wanted.contains(instrument);
  started_ |= !wanted.empty();
}

void SubscriptionManager::SetRelativeVolume(InstrumentId instrument, std::optional<double> relative_volume) {
  if (Symbol* symbol = Find(instrument)) symbol->relative_volume = relative_volume;
}

void SubscriptionManager::SetHalted(InstrumentId instrument, bool halted) {
  if (Symbol* symbol = Find(instrument)) symbol->halted = halted;
}

void SubscriptionManager::OnSnapshot(InstrumentId instrument, const FeatureSnapshot& snapshot, Time now) {
  Symbol* symbol = Find(instrument);
  if (symbol == nullptr || !snapshot.boundary) return;
  const Quote& quote = snapshot.quote;
  const bool printed = symbol->last_price != snapshot.last_price;
  const bool moved = symbol->quote.bid != quote.bid || symbol->quote.ask != quote.ask ||
                     snapshot.bid_low != snapshot.bid_high || snapshot.ask_low != snapshot.ask_high;
  const bool resized = symbol->quote.bid_size != quote.bid_size || symbol->quote.ask_size != quote.ask_size;
  const double seen = (printed ? 0.5 : 0) + (moved ? 0.3 : 0) + (resized ? 0.2 : 0);
  const double gain = 1 - Exp(-kLn2 * kBoundary / kHalfLife);
  symbol->activity = symbol->activity * Decay(now - symbol->counted) + gain * seen;
  symbol->counted = std::max(symbol->counted, now);
  if (seen > 0 || !symbol->quoted) symbol->changed_at = now;
  symbol->quoted = true;
  symbol->quote = quote;
  symbol->last_price = snapshot.last_price;
  symbol->book = snapshot.book;
  symbol->deep_usable = snapshot.book == 0 && !snapshot.top_only;
  if ((snapshot.book & (BookCondition::kBidEmpty | BookCondition::kAskEmpty)) != 0) return;
  const double sum = quote.bid.ToDouble() + quote.ask.ToDouble();
  if (sum <= 0) return;
  symbol->two_sided = true;
  symbol->spread = 2 * (quote.ask - quote.bid).ToDouble() / sum;
}

void SubscriptionManager::OnRejected(InstrumentId instrument, std::string_view reason, Time now) {
  Symbol* symbol = Find(instrument);
  if (symbol == nullptr) return;
  const std::string code = CodeOf(reason);
  if (code == "10092") {
    symbol->depth.refused = code;
  } else if (code == "10167" || code == "200") {
    symbol->line_refused = code;
  } else if (code == "10189") {
    symbol->ticks.refused = code;
  } else if (code == "10190") {  // a limit, no permission: later again
    symbol->ticks.dead_until = now + kDeadCooldown;
  }
}

// ---------------------------------------------------------------- scores

double SubscriptionManager::Score(const Symbol& symbol, Time now) {
  const double activity = symbol.activity * Decay(now - symbol.counted);
  const double volume = symbol.relative_volume ? (*symbol.relative_volume - 1) / (kVolumeFull - 1) : 0;
  const double spread = symbol.two_sided ? 1 - symbol.spread / kSpreadNone : 0;
  return 50 * Part(activity) + 30 * Part(volume) + 20 * Part(spread);
}

double SubscriptionManager::ScoreOf(InstrumentId instrument, Time now) const {
  const auto found = symbols_.find(instrument);
  return found == symbols_.end() ? 0 : Score(found->second, now);
}

std::optional<Subscription> SubscriptionManager::StateOf(InstrumentId instrument) const {
  const auto found = symbols_.find(instrument);
  if (found == symbols_.end()) return std::nullopt;
  const Symbol& symbol = found->second;
  return Subscription{instrument, symbol.line, symbol.depth.held, symbol.ticks.held, {}};
}

// ---------------------------------------------------------------- decisions

std::vector<Subscription> SubscriptionManager::Step(Time now, int32_t day) {
  next_step_ = FloorTo(now, kStep) + kStep;
  if (day != day_) StartDay(day);
  requests_left_ = limits_.messages_per_second.value_or(UINT32_MAX);
  for (auto& [instrument, symbol] : symbols_) symbol.score = Score(symbol, now);

  AssignLines(now);
  AssignPlaces(&Symbol::depth, limits_.depth_books, now);
  AssignPlaces(&Symbol::ticks, limits_.tick_streams, now);

  std::vector<Subscription> changes;
  for (auto& [instrument, symbol] : symbols_) {
    if (symbol.reason.empty() && symbol.told) continue;
    if (symbol.reason.empty()) symbol.reason = symbol.wanted ? "waits for its turn" : "not in a universe";
    changes.push_back(
        {instrument, symbol.line, symbol.depth.held, symbol.ticks.held, std::exchange(symbol.reason, {})});
    symbol.told = true;
  }
  return changes;
}

void SubscriptionManager::StartDay(int32_t day) {
  day_ = day;
  for (auto& [instrument, symbol] : symbols_) {
    symbol.line_refused.clear();
    symbol.depth.refused.clear();
    symbol.ticks.refused.clear();
  }
}

bool SubscriptionManager::Afford(uint32_t requests) {
  if (requests > requests_left_) return false;
  requests_left_ -= requests;
  return true;
}

// In order of instrument ids.
std::vector<InstrumentId> SubscriptionManager::LinesWanted(Time now) const {
  std::vector<CutCandidate> dwelling, others;
  for (const auto& [instrument, symbol] : symbols_) {
    if (!symbol.wanted || !symbol.line_refused.empty()) continue;
    const bool dwells = symbol.depth.held && now - symbol.depth.since < kDwell;
    (dwells ? dwelling : others).push_back({instrument, 0, symbol.relative_volume});
  }
  std::ranges::sort(others, RanksBefore);
  dwelling.insert(dwelling.end(), others.begin(), others.end());
  if (limits_.lines && dwelling.size() > *limits_.lines) dwelling.resize(*limits_.lines);
  std::vector<InstrumentId> wanted;
  for (const CutCandidate& candidate : dwelling) wanted.push_back(candidate.instrument);
  std::ranges::sort(wanted);
  return wanted;
}

void SubscriptionManager::AssignLines(Time now) {
  const std::vector<InstrumentId> wanted = LinesWanted(now);
  uint32_t used = 0;
  for (auto& [instrument, symbol] : symbols_) {
    if (symbol.line && !std::ranges::binary_search(wanted, instrument) &&
        Afford(1U + (symbol.depth.held ? 1U : 0U) + (symbol.ticks.held ? 1U : 0U))) {
      symbol.line = symbol.depth.held = symbol.ticks.held = false;
      symbol.reason = !symbol.line_refused.empty() ? "rejected: " + symbol.line_refused
                      : symbol.wanted              ? fmt::format("beyond {} lines", limits_.lines.value_or(0))
                                                   : "not in a universe";
    }
    used += symbol.line ? 1 : 0;
  }
  for (const InstrumentId instrument : wanted) {
    Symbol& symbol = symbols_.at(instrument);
    if (symbol.line) continue;
    if ((limits_.lines && used >= *limits_.lines) || !Afford(1)) return;
    symbol.line = true;
    symbol.reason = "universe";
    ++used;
  }
}

void SubscriptionManager::AssignPlaces(PlaceOf place, std::optional<uint32_t> budget, Time now) {
  DropPlaces(place, budget.has_value(), now);
  if (place == &Symbol::depth && budget) RetryPartialBooks(now);
  FillPlaces(place, budget, now);
  if (budget) ReplacePlaces(place, now);
}

// Empty: it keeps its place.
std::string SubscriptionManager::WhyDropped(Symbol& symbol, PlaceOf place, bool limited, Time now) const {
  Place& held = symbol.*place;
  if (!held.refused.empty()) return "ineligible: " + held.refused;
  if (symbol.halted) return "halted";
  if (!limited) return {};
  if (now - std::max(symbol.changed_at, held.since) >= kIdle) return "idle " + SecondsText(kIdle);
  if (place != &Symbol::depth) return now < held.dead_until ? "ineligible: 10190" : std::string();
  if (symbol.deep_usable) {
    held.usable_at = now;
    held.retries = 0;
    return {};
  }
  const uint8_t empty = symbol.book & (BookCondition::kBidEmpty | BookCondition::kAskEmpty);
  const bool partial = empty == BookCondition::kBidEmpty || empty == BookCondition::kAskEmpty;
  if (now - held.usable_at < kIdleDepth || (partial && held.retries < kPartialRetries)) return {};
  return "no depth " + SecondsText(kIdleDepth);
}

void SubscriptionManager::DropPlaces(PlaceOf place, bool limited, Time now) {
  for (auto& [instrument, symbol] : symbols_) {
    Place& held = symbol.*place;
    if (!held.held) continue;
    std::string why = WhyDropped(symbol, place, limited, now);
    if (why.empty() || !Afford(1)) continue;
    held.held = false;
    if (why.starts_with("idle") || why.starts_with("no depth")) held.dead_until = now + kDeadCooldown;
    symbol.reason = std::move(why);
  }
}

// Half a book: the broker sent one side. Asked for again, it is built anew.
void SubscriptionManager::RetryPartialBooks(Time now) {
  for (auto& [instrument, symbol] : symbols_) {
    Place& held = symbol.depth;
    if (!held.held || symbol.deep_usable || now - held.usable_at < kIdleDepth || !Afford(2)) continue;
    held.usable_at = now;
    symbol.reason = fmt::format("retry {} of {}: partial book", ++held.retries, kPartialRetries);
  }
}

bool SubscriptionManager::Eligible(const Symbol& symbol, const Place& place, Time now) {
  return symbol.line && !symbol.halted && !place.held && place.refused.empty() && now >= place.dead_until;
}

SubscriptionManager::Symbol* SubscriptionManager::BestWaiting(PlaceOf place, Time now) {
  Symbol* best = nullptr;
  for (auto& [instrument, symbol] : symbols_) {
    const bool alive = symbol.quoted && now - symbol.changed_at < kIdle;
    if (!alive || !Eligible(symbol, symbol.*place, now)) continue;
    if (best == nullptr || symbol.score > best->score) best = &symbol;
  }
  return best;
}

SubscriptionManager::Symbol* SubscriptionManager::WeakestHolder(PlaceOf place, Time now) {
  Symbol* weakest = nullptr;
  for (auto& [instrument, symbol] : symbols_) {
    const Place& held = symbol.*place;
    if (!held.held || now - held.since < kDwell) continue;
    if (weakest == nullptr || symbol.score <= weakest->score) weakest = &symbol;
  }
  return weakest;
}

void SubscriptionManager::FillPlaces(PlaceOf place, std::optional<uint32_t> budget, Time now) {
  const auto take = [&](Symbol& symbol, std::string reason) {
    symbol.*place = {.held = true, .since = now, .usable_at = now};
    if (symbol.reason.empty()) symbol.reason = std::move(reason);
  };
  if (!budget) {  // whoever has a line
    for (auto& [instrument, symbol] : symbols_) {
      if (Eligible(symbol, symbol.*place, now) && Afford(1)) take(symbol, "universe");
    }
    return;
  }
  size_t used = 0;
  for (const auto& [instrument, symbol] : symbols_) used += (symbol.*place).held ? 1 : 0;
  for (; used < *budget; ++used) {
    Symbol* best = BestWaiting(place, now);
    if (best == nullptr || !Afford(1)) return;
    take(*best, fmt::format("score {:.0f}", best->score));
  }
}

void SubscriptionManager::ReplacePlaces(PlaceOf place, Time now) {
  while (true) {
    Symbol* weakest = WeakestHolder(place, now);
    Symbol* best = BestWaiting(place, now);
    if (weakest == nullptr || best == nullptr || best->score < weakest->score + kScoreDifference || !Afford(2)) return;
    (weakest->*place).held = false;
    weakest->reason = fmt::format("score {:.0f} under {:.0f}", weakest->score, best->score);
    best->*place = {.held = true, .since = now, .usable_at = now};
    best->reason = fmt::format("score {:.0f} over {:.0f}", best->score, weakest->score);
  }
}

}  // namespace spillway::universe
