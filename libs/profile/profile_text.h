// A profile in sentences: what it trades, how it scores, what it refuses, how big, when; and how two profiles differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::v1 {
class Profile;
}

namespace spillway::profile {

// One statement, with the catalogue ids it comes from: a rule's own, else those of the subject that the profile
// carries.
struct Statement {
  std::string section;  // "Universe", "Score", ...
  std::string text;
  std::vector<std::string> ids;
};
std::vector<Statement> Describe(const v1::Profile& profile);
// Sections with a line a statement, ids in brackets behind it; lines of at most 100 columns.
std::string DescribeText(const v1::Profile& profile);

// A value that differs; absent where a profile does not have it. A whole item of a list that only one has is one.
struct Difference {
  std::string path;  // "universe.price_min", "rubric.rules[S0-3.1].limit", "rubric.rules[S0-3.1]"
  std::optional<std::string> left, right;
};
// In the order of the schema. Name, version, description, base and carries are a profile's own and not compared.
std::vector<Difference> Differences(const v1::Profile& left, const v1::Profile& right);

}  // namespace spillway::profile
