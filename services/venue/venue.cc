#include "services/venue/venue.h"

namespace spillway::venue {

void SimulatedVenue::Process(const Event&, runtime::EventSink&) {}
void SimulatedVenue::Save(runtime::StateWriter&) const {}
absl::Status SimulatedVenue::Restore(runtime::StateReader&) {
  return absl::OkStatus();
}

}  // namespace spillway::venue
