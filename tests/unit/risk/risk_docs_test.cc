// docs/risk.md names every rule once, and nothing that is none.
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "libs/events/event.h"
#include "tests/catch.h"

namespace spillway {
namespace {

// The first cells of the page's tables: "| `STALE_MARK` | ...".
std::multiset<std::string> DocumentedRules() {
  const char* source = std::getenv("SPILLWAY_SOURCE");
  REQUIRE(source != nullptr);
  std::ifstream file(std::string(source) + "/docs/risk.md");
  REQUIRE(file.good());
  std::multiset<std::string> rules;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string rest = line.substr(3);
    rules.insert(rest.substr(0, rest.find('`')));
  }
  return rules;
}

TEST_CASE("S3-B3.1, S3-B3.8: docs/risk.md lists every rule by which risk refuses", "[risk]") {
  const std::multiset<std::string> documented = DocumentedRules();
  std::set<std::string> known;
  for (auto rule = static_cast<uint8_t>(RefusalRule::kScheduleClosed); rule <= static_cast<uint8_t>(kLastRefusalRule);
       ++rule) {
    const std::string name(RefusalRuleName(static_cast<RefusalRule>(rule)));
    INFO(name);
    CHECK(documented.count(name) == 1);
    known.insert(name);
  }
  for (const std::string& name : documented) {
    INFO(name);
    CHECK(known.contains(name));
  }
}

}  // namespace
}  // namespace spillway
