// One run of the product over a recorded session into a new one: what `run` and `demo` share.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::cli {

struct SessionRunOptions {
  std::string session, out;
  bool replace = false;
  bool show_shadow = false;
  std::ostream* cards = nullptr;  // where alerts are shown; nullptr: nowhere
  bool colour = false;
};
// What became of orders.
struct TradingTotals {
  uint64_t orders = 0, orders_rejected = 0, fills = 0, positions_closed = 0, incidents = 0;
  uint64_t positions_open = 0;
  Money realized_net;  // of all positions, fees taken off
  Money fees;
};
// Folds a trading lane into them.
class TradingCount {
 public:
  void Take(const Event& event);
  TradingTotals Totals() const;

 private:
  TradingTotals counted_;
  std::map<std::pair<StrategyInstanceId, InstrumentId>, PositionSnapshot> positions_;
};
// "orders 12 (1 rejected), fills 14, ..."
std::string ToText(const TradingTotals& totals);

struct SessionRunResult {
  uint64_t rows = 0;
  uint64_t signals_accepted = 0, signals_rejected = 0, signals_previewed = 0, approved = 0, refused = 0, alerts = 0,
           shadow_alerts = 0, cancelled = 0;
  TradingTotals trading;
  std::string digest;
};

absl::StatusOr<SessionRunResult> RunSession(const SessionRunOptions& options,
                                            const std::vector<StrategyInstance>& instances,
                                            const universe::ReferenceData& reference, const TradingSetup& trading = {});

}  // namespace spillway::cli
