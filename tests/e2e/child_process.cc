#include "tests/e2e/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/catch.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

std::filesystem::path Program() {
  const char* folder = std::getenv("SPILLWAY_BIN");
  REQUIRE(folder != nullptr);
  return std::filesystem::path(folder) / "spillway";
}

int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

nlohmann::json ProgramResult::Json() const {
  nlohmann::json json = nlohmann::json::parse(out, nullptr, false);
  INFO(out << err);
  REQUIRE_FALSE(json.is_discarded());
  return json;
}

std::vector<std::string> ProgramResult::Lines() const {
  return SplitLines(out);
}

ProgramResult Spillway(const std::vector<std::string>& arguments) {
  const std::string program = Program().string();
  // Files, not pipes: nobody has to read both ends at once.
  const Workspace workspace;
  const std::filesystem::path out = workspace.path() / "stdout";
  const std::filesystem::path err = workspace.path() / "stderr";
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t child = 0;
  const int failed = posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  INFO("cannot start " << program);
  REQUIRE(failed == 0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) REQUIRE(errno == EINTR);
  return {.exit_code = ExitCodeOf(status), .out = ReadText(out), .err = ReadText(err)};
}

std::string Describe(const std::vector<std::string>& arguments, const ProgramResult& result) {
  constexpr size_t kShown = 4000;
  std::string text = "$ spillway";
  for (const std::string& argument : arguments) text += " " + argument;
  return text + "\nexit code " + std::to_string(result.exit_code) + "\n" + result.out.substr(0, kShown) + "\n" +
         result.err.substr(0, kShown);
}

ProgramResult SpillwayOk(const std::vector<std::string>& arguments, int exit_code) {
  ProgramResult result = Spillway(arguments);
  INFO(Describe(arguments, result));
  REQUIRE(result.exit_code == exit_code);
  return result;
}

}  // namespace spillway::e2e
