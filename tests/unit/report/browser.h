// The report's page in a real browser: what its scripts made of it, and what they complained of. Where there is no
// chromium a test says that it was skipped.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "tests/catch.h"

namespace spillway::test {

inline std::string Between(const std::string& text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const size_t to = text.find(end, from + begin.size());
  REQUIRE(to != std::string::npos);
  return text.substr(from + begin.size(), to - from - begin.size());
}

inline std::optional<std::string> Chromium() {
  for (const char* program : {"chromium", "chromium-browser", "google-chrome"}) {
    const std::string find = std::string("command -v ") + program + " >/dev/null 2>&1";
    if (std::system(find.c_str()) == 0) return program;
  }
  std::fprintf(stderr, "SKIPPED: report in a browser: no chromium in PATH\n");
  return std::nullopt;
}

struct Loaded {
  std::string document;  // as the scripts left it
  std::string console;
};

inline Loaded Load(const std::string& browser, const std::filesystem::path& folder, const std::string& html) {
  std::ofstream(folder / "report.html", std::ios::binary) << html;
  const std::string folder_text = folder.string();
  const std::string command =
      browser +
      " --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
      " --disable-component-update --disable-sync --disable-dev-shm-usage --enable-logging=stderr "
      "--window-size=1280,1600"
      " --virtual-time-budget=5000 --user-data-dir='" +
      folder_text + "/profile' --dump-dom 'file://" + folder_text + "/report.html' >'" + folder_text + "/dom' 2>'" +
      folder_text + "/console'";
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
  const auto read = [&](const char* name) {
    std::ifstream file(folder / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return {read("dom"), read("console")};
}

inline void CheckQuiet(const Loaded& loaded) {
  INFO(loaded.console);
  CHECK(loaded.console.find("CONSOLE") == std::string::npos);
  CHECK(loaded.console.find("Uncaught") == std::string::npos);
}

}  // namespace spillway::test
