// Prometheus series. Names are spillway_<service>_<what>_<unit>, counters end in _total; labels come from configuration
// or an enum. A service makes its series at start and keeps the references. docs/metrics.md lists them all.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"

namespace prometheus {
class Registry;
}

namespace spillway::service {

using Labels = std::map<std::string, std::string>;

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // The same name and labels give the same series. They live as long as this.
  prometheus::Counter& Counter(const std::string& name, const std::string& help, const Labels& labels = {});
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds` in the unit of the name, ascending.
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                                   const Labels& labels = {});
  // The text that Prometheus scrapes.
  std::string Text() const;

 private:
  std::unique_ptr<prometheus::Registry> registry_;
};

// 100 us to 10 s, for latencies in seconds.
const std::vector<double>& LatencyBounds();

}  // namespace spillway::service
