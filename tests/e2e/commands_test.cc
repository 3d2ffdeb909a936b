// What holds for every command: help with examples, JSON that parses, no colour where nobody sees it.
#include <algorithm>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

// The commands that `--help` of their group lists.
std::vector<std::string> Subcommands(const std::vector<std::string>& group) {
  std::vector<std::string> arguments = group;
  arguments.emplace_back("--help");
  std::vector<std::string> names;
  bool listing = false;
  for (const std::string& line : SpillwayOk(arguments).Lines()) {
    if (line.rfind("Subcommands:", 0) == 0) {
      listing = true;
    } else if (listing && line.rfind("  ", 0) == 0 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    } else if (listing) {
      break;
    }
  }
  return names;
}

void CheckHelp(std::vector<std::string> command) {
  command.emplace_back("--help");
  const ProgramResult help = SpillwayOk(command);
  INFO(Describe(command, help));
  CHECK(help.err.empty());
  CHECK(help.out.find("Examples:\n  spillway ") != std::string::npos);
  CHECK(help.out.find('\x1b') == std::string::npos);
}

}  // namespace

TEST_CASE("commands: the help of each has examples", "[commands]") {
  CheckHelp({});
  const std::vector<std::string> commands = Subcommands({});
  CHECK(commands.size() >= 9);
  for (const std::string& command : commands) {
    CheckHelp({command});
    for (const std::string& subcommand : Subcommands({command})) CheckHelp({command, subcommand});
  }
  CHECK(SpillwayOk({"--help"}).out.find("Exit codes: 0 ") != std::string::npos);
  CHECK(SpillwayOk({"--version"}).out.rfind("spillway ", 0) == 0);
}

TEST_CASE("commands: docs/cli.md names each of them", "[commands]") {
  const std::string page = ReadText(SourceFile("docs/cli.md"));
  for (const std::string& command : Subcommands({})) {
    INFO(command);
    CHECK(page.find("`spillway " + command + " ") != std::string::npos);
    for (const std::string& subcommand : Subcommands({command})) {
      INFO(subcommand);
      CHECK((page.find("`spillway " + command + " " + subcommand) != std::string::npos ||
             page.find("`" + subcommand + " ") != std::string::npos));
    }
  }
}

TEST_CASE("commands: wrong use has exit code 2 and says what is missing", "[commands]") {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{}, {"fly"}, {"import"}, {"log"}, {"run", "x"}, {"replay", "x", "--nonsense"}}) {
    const ProgramResult result = Spillway(command);
    INFO(Describe(command, result));
    CHECK(result.exit_code == 2);
    CHECK_FALSE(result.err.empty());
    CHECK(result.out.empty());
  }
}

TEST_CASE("commands: --json of each parses, and piped text has no colour", "[commands]") {
  const auto soun = SounSession();
  const auto run = SounRunSession();
  if (!soun || !run) return;
  const Workspace workspace;
  const std::string id = run->cards.substr(run->cards.find("  id ") + 5, 32);
  const std::vector<std::vector<std::string>> commands = {
      {"log", "info", *soun},
      {"log", "info", run->session},
      {"log", "verify", run->session},
      {"run", *soun, "--profile", "ofi-classic@1", "--out", workspace / "run", "--replace"},
      {"sim", "--symbols", "1", "--out", workspace / "sim", "--replace"},
      {"replay", run->session, "--verify"},
      {"replay", run->session, "--profile", SourceFile("examples/soun.yaml"), "--diff"},
      {"trace", run->session, id},
      {"report", run->session},
      {"profile", "list"},
      {"profile", "show", "ofi-classic@1"},
      {"profile", "check", "ofi-classic@1"},
  };
  for (const std::vector<std::string>& command : commands) {
    const ProgramResult text = SpillwayOk(command);
    INFO(Describe(command, text));
    CHECK_FALSE(text.out.empty());
    CHECK(text.out.find('\x1b') == std::string::npos);
    CHECK(text.err.find('\x1b') == std::string::npos);
    CHECK(text.err.find('\r') == std::string::npos);
    std::vector<std::string> as_json = command;
    as_json.emplace_back("--json");
    CHECK_FALSE(SpillwayOk(as_json).Json().empty());
  }
}

TEST_CASE("commands: log cat prints an event a line, and each line of its JSON parses", "[commands]") {
  const auto run = SounRunSession();
  if (!run) return;
  const std::vector<std::string> window = {"log",
                                           "cat",
                                           run->session,
                                           "--lane",
                                           "trading",
                                           "--from",
                                           "2025-05-02T14:00:00Z",
                                           "--to",
                                           "2025-05-02T14:01:00Z"};
  std::vector<std::string> json = window;
  json.emplace_back("--json");
  const std::vector<std::string> lines = SpillwayOk(window).Lines();
  const std::vector<std::string> json_lines = SpillwayOk(json).Lines();
  CHECK(lines.size() == json_lines.size());
  REQUIRE_FALSE(lines.empty());
  for (const std::string& line : lines) CHECK(line.rfind("14:00:", 0) == 0);
  for (const std::string& line : json_lines) CHECK(nlohmann::json::accept(line));
  const std::vector<std::string> first =
      SpillwayOk({"log", "cat", run->session, "--lane", "market.0", "--limit", "25"}).Lines();
  CHECK(first.size() == 25);
}

}  // namespace spillway::e2e
