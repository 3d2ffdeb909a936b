#include "services/oms/oms.h"

namespace spillway::oms {

void OmsProcessor::Process(const Event&, runtime::EventSink&) {}
void OmsProcessor::Save(runtime::StateWriter&) const {}
absl::Status OmsProcessor::Restore(runtime::StateReader&) {
  return absl::OkStatus();
}

}  // namespace spillway::oms
