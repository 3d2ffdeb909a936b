#include "libs/service/status.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "libs/service/latency_histogram.h"
#include "libs/service/latency_series.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"

namespace spillway::service {
namespace {

TEST_CASE("latency histogram: quantiles are within 5 % at every magnitude", "[service]") {
  for (double nanos = 1; nanos < 3e13; nanos *= 1.037) {
    LatencyHistogram histogram;
    const auto recorded = static_cast<int64_t>(nanos);
    histogram.Record(recorded);
    INFO(recorded);
    REQUIRE(std::abs(static_cast<double>(histogram.Quantile(0.5) - recorded)) <= 0.05 * static_cast<double>(recorded));
  }
}

TEST_CASE("latency histogram: the quantiles of many are those of the sorted values within 5 %", "[service]") {
  const uint64_t seed = 11;
  INFO("seed " << seed);
  uint64_t state = seed;
  LatencyHistogram histogram;
  std::vector<int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double exponent = 3 + 6 * static_cast<double>(state >> 11) * 0x1p-53;
    values.push_back(static_cast<int64_t>(std::pow(10, exponent)));
    histogram.Record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1;
    const auto exact = static_cast<double>(values[rank]);
    INFO(q);
    CHECK(std::abs(static_cast<double>(histogram.Quantile(q)) - exact) <= 0.05 * exact);
  }
  CHECK(histogram.count() == values.size());
}

TEST_CASE("latency histogram: empty, negative and enormous values", "[service]") {
  LatencyHistogram histogram;
  CHECK(histogram.Quantile(0.5) == 0);
  histogram.Record(-5);
  CHECK(histogram.Quantile(1) == 0);
  histogram.Record(INT64_MAX);
  CHECK(histogram.Quantile(0) == 0);
  CHECK(histogram.Quantile(1) > int64_t{9} * 3600 * 1'000'000'000);
  CHECK(histogram.count() == 2);
}

TEST_CASE("latency histogram: threads that record at once are all counted", "[service]") {
  LatencyHistogram histogram;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) histogram.Record(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(histogram.count() == 40'000);
}

TEST_CASE("latency series: the same values for Prometheus and for the status", "[service]") {
  Metrics metrics;
  LatencySeries series(metrics, "spillway_risk_hop_seconds", "Hop.", {{"hop", "scoring"}});
  series.Record(3'000'000);
  CHECK(metrics.Text().find("spillway_risk_hop_seconds_bucket{hop=\"scoring\",le=\"0.005\"} 1\n") != std::string::npos);
  CHECK_THAT(Summary(series.quantiles()).p50_ms, WithinRel(3.0, 0.05));
  CHECK(Summary(series.quantiles()).count == 1);
}

TEST_CASE("status: one shape for all services", "[service]") {
  const nlohmann::json status = nlohmann::json::parse(StatusJson(
      {.service = "metrics", .instance = "a", .missing = {"nats", "caught_up"}, .uptime_s = 1.5},
      {.lanes = {{.lane = "market.0", .position = 7, .end = 10}, {.lane = "trading", .position = 5, .end = 3}},
       .latency = {{"ingest", {.p50_ms = 0.5, .p99_ms = 2, .count = 9}}},
       .counters = {{"events", 12}},
       .notes = {"the previous checkpoint was used"}}));
  CHECK(status["service"] == "metrics");
  CHECK(status["ready"] == false);
  CHECK(status["missing"] == nlohmann::json({"caught_up", "nats"}));
  CHECK(status["build"].get<std::string>().find("spillway") == 0);
  CHECK(status["lanes"][0] == nlohmann::json({{"lane", "market.0"}, {"position", 7}, {"end", 10}, {"lag", 3}}));
  CHECK(status["lanes"][1]["lag"] == 0);
  CHECK(status["latency"]["ingest"]["p99_ms"] == 2);
  CHECK(status["counters"]["events"] == 12);
  CHECK(status["notes"].size() == 1);
}

}  // namespace
}  // namespace spillway::service
