#include "libs/config/problems.h"

#include <algorithm>

#include "fmt/format.h"

namespace spillway::config {

void Origins::EraseBelow(const std::string& path) {
  const auto is_below = [&](const std::string& other) {
    return other.size() > path.size() && other.compare(0, path.size(), path) == 0 &&
           (other[path.size()] == '.' || other[path.size()] == '[');
  };
  std::erase_if(origins_, [&](const auto& entry) { return is_below(entry.first); });
}

const Origin* Origins::Find(const std::string& path) const {
  const auto found = origins_.find(path);
  return found == origins_.end() ? nullptr : &found->second;
}

Origin Origins::Nearest(std::string path) const {
  while (true) {
    if (const Origin* origin = Find(path)) return *origin;
    if (path.empty()) return {};
    const size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
}

void Problems::Add(Origin where, std::string path, std::string text) {
  problems_.push_back({.where = std::move(where), .path = std::move(path), .text = std::move(text)});
}

absl::Status Problems::ToStatus() const {
  if (problems_.empty()) return absl::OkStatus();
  std::vector<std::string> files;
  const auto rank = [&](const Problem& problem) {
    const auto found = std::find(files.begin(), files.end(), problem.where.file);
    return found - files.begin();
  };
  for (const Problem& problem : problems_) {
    if (rank(problem) == static_cast<ptrdiff_t>(files.size())) files.push_back(problem.where.file);
  }
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Problem& a, const Problem& b) {
    return std::pair(rank(a), a.where.line) < std::pair(rank(b), b.where.line);
  });
  std::string text;
  for (size_t i = 0; i < std::min(sorted.size(), kShownMax); ++i) {
    const Problem& problem = sorted[i];
    text += fmt::format("{}{}:{}: {}{}{}", i == 0 ? "" : "\n", problem.where.file, problem.where.line, problem.path,
                        problem.path.empty() ? "" : ": ", problem.text);
  }
  if (sorted.size() > kShownMax) text += fmt::format("\n... and {} more", sorted.size() - kShownMax);
  return absl::InvalidArgumentError(text);
}

}  // namespace spillway::config
