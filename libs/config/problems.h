// Where a configuration value stands, and what is wrong with it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace spillway::config {

struct Origin {
  std::string file;
  int line = 0;  // from 1
};

// Which file and line gave each value of a message. A path names a value as YAML does: "universe.price_min",
// "rubric.rules[2].limit" (items count from 0); "" is the whole document. Where several files are laid over one
// another, the origin is the file that had the last word.
class Origins {
 public:
  void Set(const std::string& path, Origin origin) { origins_[path] = std::move(origin); }
  void Erase(const std::string& path) { origins_.erase(path); }
  // Forgets everything below `path`: a list is replaced as a whole.
  void EraseBelow(const std::string& path);
  // nullptr: the path was given nowhere.
  const Origin* Find(const std::string& path) const;
  // The origin of the path or else of the nearest thing around it.
  Origin Nearest(std::string path) const;

 private:
  std::map<std::string, Origin> origins_;
};

// Everything that is wrong with a configuration, so that it can be mended in one go.
class Problems {
 public:
  static constexpr size_t kShownMax = 20;

  // `text` says what was seen, what was expected and the way out. An empty path leaves the path out of the message.
  void Add(Origin where, std::string path, std::string text);
  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }
  // OK, or InvalidArgument with one line "file:line: path: text" for each problem in the order of files' first mention
  // and of lines, at most kShownMax of them and then how many more there are.
  absl::Status ToStatus() const;

 private:
  struct Problem {
    Origin where;
    std::string path;
    std::string text;
  };
  std::vector<Problem> problems_;
};

}  // namespace spillway::config
