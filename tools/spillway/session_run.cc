#include "tools/spillway/session_run.h"

#include <filesystem>

#include "fmt/format.h"
#include "services/notifier/adapters/terminal.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

void Count(const Event& event, SessionRunResult& result) {
  std::visit(Overloaded{[&](const Signal& signal) {
                          ++(signal.accepted  ? result.signals_accepted
                             : signal.preview ? result.signals_previewed
                                              : result.signals_rejected);
                        },
                        [&](const RiskDecision& decision) { ++(decision.approved ? result.approved : result.refused); },
                        [&](const Alert& alert) { ++(alert.shadow ? result.shadow_alerts : result.alerts); },
                        [&](const SignalCancelled&) { ++result.cancelled; }, [](const auto&) {}},
             event.body);
}

// What stands beside the lanes and belongs to the market that was run, such as a simulator's truth.
absl::Status CopySideFiles(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::filesystem::path truth = from / "truth.jsonl";
  std::error_code error;
  if (!std::filesystem::exists(truth, error)) return absl::OkStatus();
  std::filesystem::copy_file(truth, to / "truth.jsonl", std::filesystem::copy_options::overwrite_existing, error);
  if (error) return absl::UnavailableError("cannot copy " + truth.string() + ": " + error.message());
  return absl::OkStatus();
}

}  // namespace

void TradingCount::Take(const Event& event) {
  std::visit(Overloaded{[&](const OrderEvent& order) {
                          if (order.trigger == OrderTrigger::kPlaced) ++counted_.orders;
                          if (order.state == OrderState::kRejected) ++counted_.orders_rejected;
                          if (!order.execution_id.empty()) ++counted_.fills;
                        },
                        [&](const PositionSnapshot& position) {
                          if (position.trade && position.trade->state == AccountTradeState::kClosed)
                            ++counted_.positions_closed;
                          positions_[{event.header.instance, event.header.instrument}] = position;
                        },
                        [&](const OrderIncident&) { ++counted_.incidents; }, [](const auto&) {}},
             event.body);
}

TradingTotals TradingCount::Totals() const {
  TradingTotals totals = counted_;
  for (const auto& [key, position] : positions_) {
    if (position.quantity != Quantity()) ++totals.positions_open;
    totals.realized_net = totals.realized_net + position.realized_gross - position.fees;
    totals.fees = totals.fees + position.fees;
  }
  return totals;
}

std::string ToText(const TradingTotals& t) {
  const std::string rejected = t.orders_rejected > 0 ? fmt::format(" ({} rejected)", t.orders_rejected) : "";
  const std::string incidents = t.incidents > 0 ? fmt::format(", {} INCIDENTS", t.incidents) : "";
  return fmt::format("{} orders{}, {} fills, {} positions closed, {} open, realised {} net, fees {}{}", t.orders,
                     rejected, t.fills, t.positions_closed, t.positions_open, t.realized_net.ToString(),
                     t.fees.ToString(), incidents);
}

absl::StatusOr<SessionRunResult> RunSession(const SessionRunOptions& options,
                                            const std::vector<StrategyInstance>& instances,
                                            const universe::ReferenceData& reference, const TradingSetup& trading) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(options.session);
  if (!session.ok()) return session.status();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> market = (*session)->OpenReader("market.0");
  if (!market.ok()) return market.status();
  absl::StatusOr<std::unique_ptr<log::NewSession>> output = CreateSession(options.out, options.replace);
  if (!output.ok()) return output.status();
  std::vector<std::unique_ptr<log::LaneWriter>> writers;
  for (const char* lane : {"market.0", "features.0", "trading"}) {
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = (*output)->log().OpenWriter(lane);
    if (!writer.ok()) return writer.status();
    writers.push_back(*std::move(writer));
  }

  SessionRunResult result;
  std::unique_ptr<notifier::TerminalChannel> terminal;
  if (options.cards != nullptr) {
    terminal = std::make_unique<notifier::TerminalChannel>(
        *options.cards, notifier::TerminalOptions{.colour = options.colour, .show_shadow = options.show_shadow});
  }
  Progress progress("running");
  runtime::EmbeddedPipeline pipeline(MakeProcessors(), {writers[0].get(), writers[1].get(), writers[2].get()});
  TradingCount count;
  pipeline.ObserveTrading([&](const Event& event) {
    Count(event, result);
    count.Take(event);
    if (!terminal) return;
    if (std::holds_alternative<Alert>(event.body)) progress.Clear();
    terminal->Handle(event);
  });
  const uint64_t total = (*session)->manifest().lanes.at("market.0").rows();
  absl::Status status = RunPipeline(
      pipeline, **market, instances, reference, [&](uint64_t rows) { progress.Update(rows, total, "rows"); }, trading);
  progress.Clear();
  for (const std::unique_ptr<log::LaneWriter>& writer : writers) {
    if (status.ok()) status = writer->Close();
  }
  if (!status.ok()) return status;
  result.rows = pipeline.market_rows();
  result.trading = count.Totals();
  result.digest = log::ToHex((*output)->log().manifest().SessionDigest());
  if (status = CopySideFiles(options.session, (*output)->log().session()); !status.ok()) return status;
  if (status = (*output)->Commit(); !status.ok()) return status;
  return result;
}

}  // namespace spillway::cli
