// An EventLog in memory, for tests and for pipelines in one process. Nothing is durable; Flush() and Close() keep the
// same promises towards their caller as those of a log on disk.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/log/event_log.h"

namespace spillway::log {

// Used from one thread. Lanes live as long as the log, its writers or its readers do; messages are never moved, so
// their bytes stay valid as long.
class MemoryLog final : public EventLog {
 public:
  MemoryLog();
  ~MemoryLog() override;
  absl::StatusOr<std::unique_ptr<LaneWriter>> OpenWriter(const LaneName& lane) override;
  absl::StatusOr<std::unique_ptr<LaneReader>> OpenReader(const LaneName& lane) override;
  std::vector<LaneName> Lanes() const override;

 private:
  struct Lane;
  class Writer;
  class Reader;
  std::map<LaneName, std::shared_ptr<Lane>> lanes_;
};

}  // namespace spillway::log
