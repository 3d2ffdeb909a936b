// Runs the built `spillway` program as a user would: a child process, its output and its exit code.
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace spillway::e2e {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal where a signal ended it
  std::string out;
  std::string err;

  // stdout as JSON; a failed check of the test where it is none.
  nlohmann::json Json() const;
  std::vector<std::string> Lines() const;  // of stdout
};

// SPILLWAY_BIN/spillway with these arguments; stdout and stderr are never a terminal.
ProgramResult Spillway(const std::vector<std::string>& arguments);

// What to print where a check of it fails.
std::string Describe(const std::vector<std::string>& arguments, const ProgramResult& result);

// Runs it and checks that it did what was asked: exit code 0, or the one given.
ProgramResult SpillwayOk(const std::vector<std::string>& arguments, int exit_code = 0);

}  // namespace spillway::e2e
