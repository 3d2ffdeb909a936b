#include "libs/service/metrics.h"

#include "tests/catch.h"

namespace spillway::service {
namespace {

TEST_CASE("metrics: series appear in the text with help, type and labels", "[service]") {
  Metrics metrics;
  metrics.Counter("spillway_ingest_feed_gaps_total", "Gaps seen.", {{"feed", "1"}}).Increment(2);
  metrics.Gauge("spillway_ready", "Ready.").Set(1);
  metrics.Histogram("spillway_oms_order_ack_seconds", "Order to ack.", LatencyBounds()).Observe(0.003);
  const std::string text = metrics.Text();
  CHECK(text.find("# HELP spillway_ingest_feed_gaps_total Gaps seen.\n") != std::string::npos);
  CHECK(text.find("# TYPE spillway_ingest_feed_gaps_total counter\n") != std::string::npos);
  CHECK(text.find("spillway_ingest_feed_gaps_total{feed=\"1\"} 2\n") != std::string::npos);
  CHECK(text.find("spillway_ready 1\n") != std::string::npos);
  CHECK(text.find("spillway_oms_order_ack_seconds_bucket{le=\"0.0025\"} 0\n") != std::string::npos);
  CHECK(text.find("spillway_oms_order_ack_seconds_bucket{le=\"0.005\"} 1\n") != std::string::npos);
}

TEST_CASE("metrics: the same name and labels give the same series", "[service]") {
  Metrics metrics;
  prometheus::Counter& first = metrics.Counter("spillway_x_total", "X.", {{"lane", "a"}});
  prometheus::Counter& other = metrics.Counter("spillway_x_total", "X.", {{"lane", "b"}});
  CHECK(&first == &metrics.Counter("spillway_x_total", "X.", {{"lane", "a"}}));
  CHECK(&first != &other);
}

}  // namespace
}  // namespace spillway::service
