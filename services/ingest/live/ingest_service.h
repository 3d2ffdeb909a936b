// The ingest service: plays a session, or a scenario made into one, onto the market lanes of NATS JetStream. The shell
// around SessionPlayer: configuration, lanes, lease, waiting, appending, series (docs/ingest-live.md).
#pragma once

#include "absl/status/status.h"
#include "libs/service/service_main.h"

namespace spillway::ingest {

// Works until the service is stopped; behind the end of the session it stays ready. Aborted: another ingest holds the
// lease now, or has appended.
absl::Status RunIngest(service::Context& context, const v1::IngestSettings& settings);

}  // namespace spillway::ingest
