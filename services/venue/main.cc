// spillway-venue: the simulated venue. All market lanes and the trading lane in, what the broker says out.
#include "libs/service/processor_runner.h"
#include "services/venue/venue.h"

namespace spillway {
namespace {

absl::Status Run(service::Context& context, const v1::VenueSettings&) {
  std::vector<log::LaneName> inputs;
  for (const uint32_t lane : service::MarketLanes(context.settings)) inputs.push_back("market." + std::to_string(lane));
  inputs.push_back("trading");
  return service::RunProcessors(context, {{.name = "venue",
                                           .producer = Producer::kBroker,
                                           .make = [] { return std::make_unique<venue::SimulatedVenue>(); },
                                           .inputs = inputs,
                                           .output = "trading"}});
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::VenueSettings>(argc, argv, "venue", spillway::Run);
}
