// The connection of commands that speak to a running stack.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/log/jetstream/connection.h"
#include "tools/spillway/commands.h"

namespace spillway::cli {

absl::StatusOr<std::shared_ptr<jetstream::Connection>> ConnectTo(const NatsArguments& arguments);

}  // namespace spillway::cli
