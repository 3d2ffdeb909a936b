// spillway-scoring: features lanes in, merged by their ticks where there are several; the trading lane out.
#include "libs/service/processor_runner.h"
#include "services/scoring/scoring_processor.h"

namespace spillway {
namespace {

absl::Status Run(service::Context& context, const v1::ScoringSettings&) {
  std::vector<log::LaneName> inputs;
  for (const uint32_t lane : service::MarketLanes(context.settings))
    inputs.push_back("features." + std::to_string(lane));
  return service::RunProcessors(context, {{.name = "scoring",
                                           .producer = Producer::kScoring,
                                           .make = [] { return std::make_unique<scoring::ScoringProcessor>(); },
                                           .inputs = inputs,
                                           .output = "trading"}});
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::ScoringSettings>(argc, argv, "scoring", spillway::Run);
}
