// One kind of latency, for both who look: a Prometheus histogram and quantiles for /status.
#pragma once

#include <string>

#include "libs/service/latency_histogram.h"
#include "libs/service/metrics.h"

namespace spillway::service {

class LatencySeries {
 public:
  // `name` ends in _seconds.
  LatencySeries(Metrics& metrics, const std::string& name, const std::string& help, const Labels& labels = {})
      : series_(metrics.Histogram(name, help, LatencyBounds(), labels)) {}

  void Record(int64_t nanos) {
    quantiles_.Record(nanos);
    series_.Observe(static_cast<double>(nanos) * 1e-9);
  }
  const LatencyHistogram& quantiles() const { return quantiles_; }

 private:
  LatencyHistogram quantiles_;
  prometheus::Histogram& series_;
};

}  // namespace spillway::service
