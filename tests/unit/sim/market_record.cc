#include "tests/unit/sim/market_record.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/catch.h"

namespace spillway::test {

absl::Status MarketRecord::OnEvent(const Event& event) {
  events.push_back(event);
  return absl::OkStatus();
}

absl::Status MarketRecord::OnRow(std::span<const MarketEvent> row) {
  rows.insert(rows.end(), row.begin(), row.end());
  std::vector<MarketEvent>& symbol = symbols[row.front().instrument];
  symbol.insert(symbol.end(), row.begin(), row.end());
  return absl::OkStatus();
}

void RebuiltBook::Apply(const MarketEvent& event) {
  if (event.kind == MarketEventKind::kClear) {
    bids.clear();
    asks.clear();
  }
  if (event.kind != MarketEventKind::kLevel) return;
  const auto set = [&](auto& side) {
    if (event.quantity == Quantity()) {
      REQUIRE(side.erase(event.price.nanos()) == 1);
    } else {
      side[event.price.nanos()] = Shares(event);
    }
  };
  event.side == Side::kBid ? set(bids) : set(asks);
}

double RebuiltBook::Ratio() const {
  double bid = 0, ask = 0;
  for (const auto& [price, size] : bids) bid += static_cast<double>(size);
  for (const auto& [price, size] : asks) ask += static_cast<double>(size);
  return bid / ask;
}

int64_t RebuiltBook::MedianBidSize() const {
  std::vector<int64_t> sizes;
  for (const auto& [price, size] : bids) sizes.push_back(size);
  std::sort(sizes.begin(), sizes.end());
  return sizes[(sizes.size() - 1) / 2];
}

size_t RebuiltBook::BidRank(int64_t price) const {
  return static_cast<size_t>(std::distance(bids.begin(), bids.find(price)));
}

void Replay(const std::vector<MarketEvent>& events,
            const std::function<void(std::span<const MarketEvent> row, const RebuiltBook& after)>& visit) {
  RebuiltBook book;
  for (size_t from = 0; from < events.size();) {
    size_t to = from;
    do book.Apply(events[to]);
    while (!events[to++].end_of_event());
    visit(std::span(events).subspan(from, to - from), book);
    from = to;
  }
}

MarketRecord Simulate(const std::string& yaml, ingest::SimulatorOptions options) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("spillway_sim_test_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  if (!yaml.empty()) {
    options.scenario_file = (folder / "scenario.yaml").string();
    std::ofstream(options.scenario_file) << yaml;
  }
  options.truth_file = (folder / "truth.jsonl").string();
  auto source = ingest::OpenSimulator(options);
  INFO(source.status().ToString());
  REQUIRE(source.ok());
  MarketRecord record;
  const absl::Status status = (*source)->Run(record, {});
  INFO(status.ToString());
  REQUIRE(status.ok());
  auto truth = truth::ReadTruth(options.truth_file);
  REQUIRE(truth.ok());
  record.truth = *std::move(truth);
  std::filesystem::remove_all(folder);
  return record;
}

std::string ScenarioFile(const std::string& name) {
  const char* source = std::getenv("SPILLWAY_SOURCE");
  return std::string(source != nullptr ? source : ".") + "/deploy/scenarios/" + name + ".yaml";
}

}  // namespace spillway::test
