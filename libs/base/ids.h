// Identities. None is drawn: each is derived from where an event comes from, so that every run gives the same ids.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway {

// Bound to an instrument by the InstrumentDefinition that precedes its use on every lane. Dense, from 1; 0 is none.
using InstrumentId = uint32_t;

// A strategy instance ("ofi-classic@1#1") by the hash of its name, so that what it emits never depends on which other
// instances run. Bound to the name by the ConfigurationVersion that starts it. 0 is none.
using StrategyInstanceId = uint64_t;
StrategyInstanceId StrategyInstanceIdOf(std::string_view name);

// The writers of lanes.
enum class Producer : uint8_t {
  kNone = 0,
  kIngest = 1,
  kUniverse = 2,
  kMetrics = 3,
  kScoring = 4,
  kRisk = 5,
  kOms = 6,
  kNotifier = 7,
  kJournal = 8,
  kGateway = 9,
  kDelivery = 10,  // the notifier's adapter: what channels answered
  kHost = 11,      // the shells: ticks while the feed is silent
  kBroker = 12,    // what the broker said: oms's adapter, or the simulated venue
};
std::string_view ProducerName(Producer producer);

// 128 bits; the all-zero value is "none".
struct EventId {
  uint64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const EventId&, const EventId&) = default;
  explicit constexpr operator bool() const { return high != 0 || low != 0; }
};
std::string ToString(const EventId& id);  // 32 hexadecimal digits
std::optional<EventId> ParseEventId(std::string_view text);

// Where a market event stands at its source. `position`: venue sequence or row number, from 1.
struct SourcePosition {
  uint32_t feed = 0;
  uint32_t epoch = 0;
  uint64_t position = 0;
  friend constexpr auto operator<=>(const SourcePosition&, const SourcePosition&) = default;
};
EventId MarketEventId(const SourcePosition& source);

// The id of output number `ordinal` that `producer` made of the event `cause`. Outputs of a strategy instance are
// numbered by themselves: `scope` is the instance (0: none).
EventId DeriveEventId(Producer producer, uint64_t scope, const EventId& cause, uint32_t ordinal);

}  // namespace spillway
