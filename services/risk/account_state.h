// A v1::AccountState, the document of a ConfigurationVersion of kind kAccount, made of what a session's last
// AccountSnapshot says, and read back into one.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway::risk {

std::string AccountStateOf(const AccountSnapshot& snapshot);

// InvalidArgument: the bytes are no AccountState, or of an account that never had a day. Only what an AccountState
// holds is filled in.
absl::StatusOr<AccountSnapshot> ReadAccountState(std::string_view document);

// The stage that a v1::StageChange names.
absl::StatusOr<std::string> ReadStageChange(std::string_view document);

}  // namespace spillway::risk
