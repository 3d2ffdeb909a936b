// A service that does nothing, for tests of `main`. SPILLWAY_PROBE says how it ends.
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "libs/service/service_main.h"

namespace spillway::service {
namespace {

absl::Status Run(Context& context, const v1::RiskSettings& /*settings*/) {
  const char* asked = std::getenv("SPILLWAY_PROBE");
  const std::string how = asked == nullptr ? "" : asked;
  uint64_t events = 7;
  const StatusGuard guard(context);
  context.status = [&] {
    return context.StatusJson(
        {.lanes = {{.lane = "trading", .position = 90, .end = 100}}, .counters = {{"events", events}}});
  };
  if (how == "aborted") return absl::AbortedError("the lane ends at 7, expected 9");
  if (how == "throw") throw std::runtime_error("thrown by a library");
  if (how == "end") return absl::OkStatus();
  while (!context.WaitForStop(std::chrono::seconds(1)) || how == "hang") {
    if (how == "hang") std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace spillway::service

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::RiskSettings>(argc, argv, "risk", spillway::service::Run);
}
