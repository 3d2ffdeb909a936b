// spillway-scoring: features lanes in, merged by their ticks where there are several; the trading lane out.
#include "libs/service/processor_runner.h"
#include "services/scoring/scoring_processor.h"

namespace spillway {
namespace {

// What scoring says, by kind; an output that is computed again after a restart counts once.
class Series {
 public:
  explicit Series(service::Metrics& metrics)
      : accepted_(Signals(metrics, "accepted")),
        rejected_(Signals(metrics, "rejected")),
        preview_(Signals(metrics, "preview")),
        cancelled_(Signals(metrics, "cancelled")),
        configurations_refused_(metrics.Gauge("spillway_scoring_configurations_refused",
                                              "Profile versions on the lane that this build cannot use")),
        snapshots_dropped_(metrics.Gauge("spillway_scoring_snapshots_dropped",
                                         "Snapshots of instruments or feature sets that nothing defined")) {}

  void Count(const Event& event) {
    if (const auto* signal = std::get_if<Signal>(&event.body)) {
      (signal->accepted ? accepted_ : signal->preview ? preview_ : rejected_).Increment();
    }
    if (std::holds_alternative<SignalCancelled>(event.body)) cancelled_.Increment();
  }
  void Update(const scoring::ScoringProcessor& processor) {
    configurations_refused_.Set(static_cast<double>(processor.configurations_refused()));
    snapshots_dropped_.Set(static_cast<double>(processor.snapshots_dropped()));
  }

 private:
  static prometheus::Counter& Signals(service::Metrics& metrics, const std::string& result) {
    return metrics.Counter("spillway_scoring_signals_total", "Signals, and accepted ones that were cancelled",
                           {{"result", result}});
  }

  prometheus::Counter& accepted_;
  prometheus::Counter& rejected_;
  prometheus::Counter& preview_;
  prometheus::Counter& cancelled_;
  prometheus::Gauge& configurations_refused_;
  prometheus::Gauge& snapshots_dropped_;
};

absl::Status Run(service::Context& context, const v1::ScoringSettings&) {
  std::vector<log::LaneName> inputs;
  for (const uint32_t lane : service::MarketLanes(context.settings)) {
    inputs.push_back("features." + std::to_string(lane));
  }
  Series series(context.metrics);
  service::ProcessorJob job{.name = "scoring",
                            .producer = Producer::kScoring,
                            .make = [] { return std::make_unique<scoring::ScoringProcessor>(); },
                            .inputs = inputs,
                            .output = "trading"};
  job.on_output = [&](const Event& event, bool is_new) {
    if (is_new) series.Count(event);
  };
  job.after_step = [&](runtime::LaneShell& shell) {
    series.Update(static_cast<scoring::ScoringProcessor&>(shell.processor()));
  };
  std::vector<service::ProcessorJob> jobs;
  jobs.push_back(std::move(job));
  return service::RunProcessors(context, std::move(jobs));
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::ScoringSettings>(argc, argv, "scoring", spillway::Run);
}
