// What must hold of a stack's record when it was injured, checked against what was played, what the lanes hold and what
// the fake Discord was told. Each check returns what it found wrong; nothing: it holds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/log/event_log.h"

namespace spillway::faults {

using Findings = std::vector<std::string>;

// The market lane of the record has every row and every other event that ingest recorded in the session, once, equal,
// in order.
Findings CheckMarket(log::EventLog& played, log::EventLog& record, uint64_t& rows);

// Of every lane: each producer's groups are numbered 1, 2, 3 ... and no event id is there twice.
Findings CheckGroups(log::EventLog& record, const std::vector<log::LaneName>& lanes);

// The record of the lane is the lane, byte for byte.
Findings CheckRecorded(log::EventLog& lanes, log::EventLog& record, const std::vector<log::LaneName>& names);

struct Deliveries {
  uint64_t alerts = 0;  // that are no shadow
  uint64_t delivered = 0, failed = 0, unknown = 0;
  uint64_t attempts = 0;
  uint64_t doubted = 0;   // alerts an answer to which was lost, or may have been
  uint64_t messages = 0;  // accepted by the fake
  uint64_t repeats = 0;   // of those, beyond the first of their alert
};
// Every alert has one last receipt; what is DELIVERED is there; what is there twice is marked, and an answer was lost.
// `store`: the file in which the fake keeps what it accepted.
Findings CheckDeliveries(log::EventLog& record, const std::string& store, Deliveries& deliveries);

// Redis holds the sets that follow from the record, with a time to live.
Findings CheckActiveSets(log::EventLog& record, uint16_t redis_port, uint64_t& sets);

}  // namespace spillway::faults
