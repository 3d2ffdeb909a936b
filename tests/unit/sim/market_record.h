// Runs a simulated session and keeps what came out; and rebuilds books from it independently of the simulator.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "libs/events/event.h"
#include "libs/truth/planted_episode.h"
#include "services/ingest/adapters/simulator/simulator.h"

namespace spillway::test {

struct MarketRecord final : ingest::MarketSink {
  absl::Status OnEvent(const Event& event) override;
  absl::Status OnRow(std::span<const MarketEvent> row) override;

  template <class Body>
  std::vector<Event> EventsOf() const {
    std::vector<Event> found;
    for (const Event& event : events) {
      if (std::holds_alternative<Body>(event.body)) found.push_back(event);
    }
    return found;
  }

  std::vector<Event> events;
  std::vector<MarketEvent> rows;                             // all, in the order of the feed
  std::map<InstrumentId, std::vector<MarketEvent>> symbols;  // the same by symbol
  std::vector<truth::PlantedEpisode> truth;
};

// Prices and sizes as whole nanos and shares.
struct RebuiltBook {
  std::map<int64_t, int64_t, std::greater<>> bids;
  std::map<int64_t, int64_t> asks;

  void Apply(const MarketEvent& event);
  int64_t best_bid() const { return bids.begin()->first; }
  int64_t best_ask() const { return asks.begin()->first; }
  int64_t spread() const { return best_ask() - best_bid(); }
  double Ratio() const;                 // all bid sizes over all ask sizes
  int64_t MedianBidSize() const;        // the lower of the two middle ones
  size_t BidRank(int64_t price) const;  // 0: best
};

inline int64_t Shares(const MarketEvent& event) {
  return event.quantity.e8() / Quantity::kUnit;
}
inline double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

// Calls `visit` with each row and the book after it.
void Replay(const std::vector<MarketEvent>& events,
            const std::function<void(std::span<const MarketEvent> row, const RebuiltBook& after)>& visit);

// The scenario's text goes through a file in a directory of its own, the truth likewise.
MarketRecord Simulate(const std::string& yaml, ingest::SimulatorOptions options = {});
// A shipped scenario of deploy/scenarios.
std::string ScenarioFile(const std::string& name);

}  // namespace spillway::test
