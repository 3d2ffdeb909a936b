// A simulated market with planted truth: level-2 books and tapes of many symbols, with episodes (dislocations, pulled
// walls, icebergs, spread blow-outs, tape stalls, halts, news, feed lag) at known times. What is modelled and what is
// not: docs/simulator.md.
//
// The feed it imitates is a ten-level market-by-price feed with causes. A row is one of: a full picture of a book
// (kClear, then kLevel with cause kSnapshot); a change of one level (cause kAdd or kCancel); one execution (kTrade,
// then the level's change with cause kExecute); a print against hidden liquidity or in a cross (kTrade alone). Levels
// that enter or leave the visible window by it follow in the same row with cause kWindow. The book is consistent after
// each row. With `feed: {by_position: true}` its books are sent by position instead (position_feed.h). Rows of all
// symbols are ordered by time, then by instrument; the position counts them from 1.
//
// Deterministic: the same options give the same events, and a symbol's rows do not depend on which others there are
// (except for their positions).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "services/ingest/source.h"

namespace spillway::ingest {

struct SimulatorOptions {
  std::string scenario_file;        // YAML of spillway.v1.Scenario; empty: the scenario's defaults
  std::optional<uint64_t> seed;     // these override the scenario
  std::optional<uint32_t> symbols;  // 1..2000: the scenario's groups are cut, or the last one is made bigger
  std::optional<Duration> session;
  std::string truth_file;  // JSON lines of libs/truth, written when the session is complete; empty: none
  uint32_t feed = 1;
};

// InvalidArgument, with file and key, where the scenario is wrong or its episodes do not fit into its session.
absl::StatusOr<std::unique_ptr<Source>> OpenSimulator(const SimulatorOptions& options);

}  // namespace spillway::ingest
