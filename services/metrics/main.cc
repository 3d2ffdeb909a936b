// spillway-metrics: market lanes in, features lanes out; a processor a lane.
#include "libs/service/processor_runner.h"
#include "services/metrics/metrics_processor.h"

namespace spillway {
namespace {

absl::Status Run(service::Context& context, const v1::MetricsSettings&) {
  std::vector<service::ProcessorJob> jobs;
  for (const uint32_t lane : service::OwnLanes(context.settings)) {
    const std::string number = std::to_string(lane);
    jobs.push_back({.name = "metrics." + number,
                    .producer = Producer::kMetrics,
                    .make = [] { return std::make_unique<metrics::MetricsProcessor>(); },
                    .inputs = {"market." + number},
                    .output = "features." + number});
  }
  return service::RunProcessors(context, std::move(jobs));
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::MetricsSettings>(argc, argv, "metrics", spillway::Run);
}
