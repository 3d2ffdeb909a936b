// The series that services expose, and those that docs/metrics.md lists, in one form: "name type label,label".
#pragma once

#include <set>
#include <string>
#include <vector>

namespace spillway::test {

// Of Prometheus' text form.
std::set<std::string> ExposedSeries(const std::string& metrics_text);

// What the page says of the service: the tables under headings that name it, or "every service". `<service>` in a
// name is the service's.
std::set<std::string> DocumentedSeries(const std::string& page, const std::string& service);

// The services that headings of the page name.
std::set<std::string> DocumentedServices(const std::string& page);

}  // namespace spillway::test
