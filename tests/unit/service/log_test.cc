#include "libs/service/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "libs/log/file.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::service {
namespace {

// What is written to standard error meanwhile.
std::string CapturedErrors(const std::function<void()>& what) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "stderr";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(file, STDERR_FILENO);
  what();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(file);
  return log::ReadWholeFile(path).value();
}

std::vector<nlohmann::json> Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

// The same on a terminal: the other end of a pseudo terminal.
std::string OnTerminal(const std::function<void()>& what) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const int slave = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(slave, STDERR_FILENO);
  what();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  char text[4096];
  const ssize_t size = ::read(terminal, text, sizeof(text));
  ::close(slave);
  ::close(terminal);
  return std::string(text, size > 0 ? static_cast<size_t>(size) : 0);
}

TEST_CASE("log: a line is JSON with time, level, service, instance, event and typed fields", "[service]") {
  const std::string text = CapturedErrors([] {
    SetUpLog("ingest", "a", Severity::kInfo);
    Log(Severity::kWarning, "feed_gap",
        {{"feed", 1}, {"missing", uint64_t{3}}, {"open", true}, {"ratio", 0.5}, {"why", "line\none"}});
  });
  REQUIRE(Lines(text).size() == 1);
  const nlohmann::json line = Lines(text)[0];
  CHECK(line["level"] == "warning");
  CHECK(line["service"] == "ingest");
  CHECK(line["instance"] == "a");
  CHECK(line["event"] == "feed_gap");
  CHECK(line["feed"] == 1);
  CHECK(line["missing"] == 3);
  CHECK(line["open"] == true);
  CHECK(line["ratio"] == 0.5);
  CHECK(line["why"] == "line\none");
  const auto time = line["time"].get<std::string>();
  CHECK(time.size() == std::string("2026-11-21T10:00:00.123Z").size());
  CHECK(time.back() == 'Z');
}

TEST_CASE("log: what is below the level is not written", "[service]") {
  const std::string text = CapturedErrors([] {
    SetUpLog("risk", "", Severity::kWarning);
    Log(Severity::kDebug, "a");
    Log(Severity::kInfo, "b");
    Log(Severity::kWarning, "c");
    Log(Severity::kError, "d", {{"error", absl::InternalError("broken")}});
  });
  REQUIRE(Lines(text).size() == 2);
  CHECK(Lines(text)[0]["event"] == "c");
  CHECK(Lines(text)[1]["error"] == "broken");
  CHECK_FALSE(Lines(text)[1].contains("instance"));
}

TEST_CASE("log: no field can hide or break what every line has", "[service]") {
  const std::string text = CapturedErrors([] {
    SetUpLog("risk", "", Severity::kInfo);
    Log(Severity::kInfo, "odd",
        {{"event", "other"},
         {"bytes", std::string("\xff\xfe ok")},
         {"long", std::string(100'000, 'x')},
         {"none", std::numeric_limits<double>::quiet_NaN()}});
  });
  REQUIRE(Lines(text).size() == 1);
  const nlohmann::json line = Lines(text)[0];
  CHECK(line["event"] == "odd");
  CHECK(line["event_"] == "other");
  CHECK(line["long"].get<std::string>().size() < kLogTextMax + 100);
  CHECK(line["none"].is_null());
}

TEST_CASE("log: lines of several threads stay whole", "[service]") {
  const std::string text = CapturedErrors([] {
    SetUpLog("risk", "", Severity::kInfo);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 200; ++i) Log(Severity::kInfo, "step", {{"thread", t}, {"i", i}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  CHECK(Lines(text).size() == 800);
}

TEST_CASE("log: on a terminal a line is readable, coloured unless NO_COLOR is set, and safe to print", "[service]") {
  const auto write = [] {
    SetUpLog("ingest", "a", Severity::kInfo);
    Log(Severity::kWarning, "feed_gap", {{"feed", 1}, {"name", "plain"}, {"why", "two words \x1b[31m"}});
  };
  ::setenv("NO_COLOR", "1", 1);
  const std::string plain = OnTerminal(write);
  CHECK(plain.find("warning ingest feed_gap feed=1 name=plain why=\"two words \\u001b[31m\"") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  ::unsetenv("NO_COLOR");
  const std::string coloured = OnTerminal(write);
  CHECK(coloured.find("\x1b[33mwarning") != std::string::npos);
}

}  // namespace
}  // namespace spillway::service
