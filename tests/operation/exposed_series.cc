#include "tests/operation/exposed_series.h"

#include <map>
#include <regex>
#include <sstream>

namespace spillway::test {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// All first groups of the matches.
std::set<std::string> All(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

std::string OneLine(const std::string& name, const std::string& type, const std::set<std::string>& labels) {
  std::string line = name + " " + type + " ";
  for (const std::string& label : labels) line += (line.back() == ' ' ? "" : ",") + label;
  return line;
}

std::set<std::string> ServicesOf(const std::string& heading) {
  return All(heading, std::regex("([a-z]+)"));
}

}  // namespace

std::set<std::string> ExposedSeries(const std::string& metrics_text) {
  const std::regex type_line("# TYPE (\\S+) (\\S+)"), sample("([a-zA-Z0-9_:]+)(\\{.*\\})? .*");
  const std::regex label("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
  std::set<std::string> series;
  std::string name, type;
  for (const std::string& line : Lines(metrics_text)) {
    std::smatch match;
    if (std::regex_match(line, match, type_line)) {
      name = match[1];
      type = match[2];
    } else if (!line.empty() && line[0] != '#' && std::regex_match(line, match, sample)) {
      std::set<std::string> labels = All(match[2], label);
      labels.erase("le");
      series.insert(OneLine(name, type, labels));
    }
  }
  return series;
}

std::set<std::string> DocumentedSeries(const std::string& page, const std::string& service) {
  const std::regex row("\\| `([a-z_<>]+)` \\| ([a-z]+) \\|([^|]*)\\|.*");
  std::set<std::string> series;
  bool ours = false;
  for (const std::string& line : Lines(page)) {
    if (line.starts_with("## ")) ours = line == "## every service" || ServicesOf(line).contains(service);
    std::smatch match;
    if (!ours || !std::regex_match(line, match, row)) continue;
    const std::string name = std::regex_replace(match[1].str(), std::regex("<service>"), service);
    series.insert(OneLine(name, match[2], All(match[3], std::regex("`([a-z_]+)`"))));
  }
  return series;
}

std::set<std::string> DocumentedServices(const std::string& page) {
  std::set<std::string> services;
  for (const std::string& line : Lines(page)) {
    if (line.starts_with("## ") && line != "## every service") services.merge(ServicesOf(line));
  }
  return services;
}

}  // namespace spillway::test
