// A session played through a stack from its first event to rest, and what must hold then of its record.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/faults/record_checks.h"
#include "tests/faults/stack.h"

namespace spillway::faults {

inline const std::vector<log::LaneName> kLanes = {"market.0", "features.0", "trading"};

struct Session {
  std::string name;
  std::string path;
  std::chrono::duration<double> played{0};  // how long it is, in its own time
};

Session Describe(const std::string& name, const std::string& path);

// Makes the lanes and puts a profile in force that gives many alerts.
void Prepare(Stack& stack, const std::string& session);

// Until all that was played has been worked on and told; a failed check of the test where it takes longer.
void AwaitSettled(Stack& stack, std::chrono::duration<double> longest);

// A failed check with what was found, where something was.
void None(const std::string& what, const Findings& findings);

// log verify, replay --verify, replay --chain.
void CheckPrograms(Stack& stack);
// PostgreSQL has what a rebuild from the record gives, and all of it.
void CheckTables(Stack& stack);

}  // namespace spillway::faults
