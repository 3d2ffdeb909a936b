#include "libs/profile/profile_text.h"

#include <algorithm>
#include <set>

#include "libs/profile/profile_loader.h"
#include "tests/catch.h"

namespace spillway::profile {
namespace {

v1::Profile Load(const std::string& name) {
  absl::StatusOr<v1::Profile> profile = LoadProfile(name);
  REQUIRE(profile.ok());
  return *std::move(profile);
}
std::set<std::string> IdsOf(const std::vector<Statement>& statements) {
  std::set<std::string> ids;
  for (const Statement& statement : statements) ids.insert(statement.ids.begin(), statement.ids.end());
  return ids;
}

}  // namespace

TEST_CASE("profile text: every rule, gate, condition, stage and criterion of the shipped profiles is a sentence",
          "[profile]") {
  for (const ShippedProfile& shipped : ListProfiles()) {
    const v1::Profile profile = Load(shipped.name);
    const std::set<std::string> ids = IdsOf(Describe(profile));
    const auto expect = [&](const auto& rules) {
      for (const auto& rule : rules) {
        INFO(shipped.name << " " << rule.id());
        CHECK(ids.contains(rule.id()));
      }
    };
    expect(profile.rubric().rules());
    expect(profile.gates());
    expect(profile.cancel().when());
    expect(profile.compliance());
    expect(profile.criteria());
    const std::string text = DescribeText(profile);
    for (const v1::Stage& stage : profile.stages()) CHECK(text.find("    " + stage.name()) != std::string::npos);
    size_t longest = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      longest = std::max(longest, end - at);
      at = end + 1;
    }
    CHECK(longest <= 100);
  }
}

TEST_CASE("profile text: a sentence names the ids that the profile carries, not another specification's", "[profile]") {
  const auto ids_of_price = [](const std::string& name) {
    for (const Statement& statement : Describe(Load(name))) {
      if (statement.text.starts_with("Price ")) return statement.ids;
    }
    return std::vector<std::string>();
  };
  CHECK(ids_of_price("ofi-classic@1") == std::vector<std::string>{"S0-1.2"});
  CHECK(ids_of_price("ofi-ram@1") == std::vector<std::string>{"S1-A1.2"});
  CHECK(ids_of_price("ofi-quant@1") == std::vector<std::string>{"S1-I4.2"});
  CHECK(ids_of_price("small-account@1") == std::vector<std::string>{"S1-B1.2"});
}

TEST_CASE("profile diff: each value once, with its path, and nothing between equal profiles", "[profile]") {
  const v1::Profile classic = Load("ofi-classic@1");
  CHECK(Differences(classic, classic).empty());
  const std::vector<Difference> differences = Differences(classic, Load("ofi-ram@1"));
  const auto find = [&](const std::string& path) {
    const auto found = std::ranges::find(differences, path, &Difference::path);
    INFO(path);
    REQUIRE(found != differences.end());
    return *found;
  };
  CHECK(find("universe.price_min").left == "10");
  CHECK(find("universe.price_min").right == "2");
  CHECK(find("rubric.rules[S0-3.1]").left == "id: S0-3.1, feature: spread, op: \"<=\", limit: 0.03, points: 2");
  CHECK(find("rubric.rules[S0-3.1]").right == std::nullopt);
  CHECK(find("rubric.rules[S1-A3.1]").left == std::nullopt);
  CHECK(std::ranges::none_of(differences, [](const Difference& d) { return d.path == "throttle.same_ticker"; }));
  std::set<std::string> paths;
  for (const Difference& difference : differences) CHECK(paths.insert(difference.path).second);
}

}  // namespace spillway::profile
