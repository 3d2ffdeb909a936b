// The series of oms. All are there from the start, whatever the broker.
#pragma once

#include <array>
#include <string>

#include "libs/events/event.h"
#include "libs/service/latency_series.h"
#include "libs/service/metrics.h"

namespace spillway::oms {

class OmsMetrics {
 public:
  explicit OmsMetrics(service::Metrics& metrics)
      : unknown(metrics.Gauge("spillway_oms_orders_unknown", "Orders of which nobody knows what became of them")),
        open(metrics.Gauge("spillway_oms_orders_open", "Orders that are not final")),
        connected(metrics.Gauge("spillway_oms_broker_connected", "1 while the session with the broker stands")),
        lease_held(metrics.Gauge("spillway_oms_lease_held", "1: this process works the broker")),
        queue(metrics.Gauge("spillway_oms_broker_queue", "Requests that wait for the limit or the connection")),
        intent_to_socket(metrics, "spillway_oms_intent_to_socket_seconds",
                         "From reading a trade intent until its order was handed to the broker's socket"),
        answer(metrics, "spillway_oms_broker_answer_seconds", "From a request to the broker's answer") {
    for (size_t i = 1; i < orders_.size(); ++i) {
      orders_[i] = &metrics.Counter("spillway_oms_orders_total", "Orders by the states they came into",
                                    {{"state", std::string(OrderStateName(static_cast<OrderState>(i)))}});
    }
    for (size_t i = 1; i < reports_.size(); ++i) {
      reports_[i] = &metrics.Counter("spillway_oms_broker_reports_total", "What the broker said, and the adapter",
                                     {{"kind", std::string(BrokerReportKindName(static_cast<BrokerReportKind>(i)))}});
    }
    for (size_t i = 1; i < requests_.size(); ++i) {
      requests_[i] = &metrics.Counter("spillway_oms_broker_requests_total", "What the broker was asked",
                                      {{"kind", std::string(OrderCommandKindName(static_cast<OrderCommandKind>(i)))}});
    }
    for (size_t i = 1; i < incidents_.size(); ++i) {
      incidents_[i] =
          &metrics.Counter("spillway_oms_incidents_total", "Contradictions of the broker's that pause a symbol",
                           {{"kind", std::string(IncidentKindName(static_cast<IncidentKind>(i)))}});
    }
    for (const char* by : {"oms", "broker"}) {
      rejects_[by[0] == 'o' ? 0 : 1] = &metrics.Counter(
          "spillway_oms_rejects_total", "Orders that oms refused, that the broker rejected", {{"by", by}});
    }
    for (size_t i = 1; i < differences_.size(); ++i) {
      differences_[i] = &metrics.Counter("spillway_oms_differences_total", "Differences found by reconciliation",
                                         {{"kind", std::string(DifferenceKindName(static_cast<DifferenceKind>(i)))}});
    }
  }

  // What oms said.
  void Count(const Event& event) {
    if (const auto* order = std::get_if<OrderEvent>(&event.body)) {
      if (order->state != order->previous) Increment(orders_, static_cast<size_t>(order->state));
      if (order->state == OrderState::kRejected)
        rejects_[order->trigger == OrderTrigger::kRefused ? 0 : 1]->Increment();
    } else if (const auto* incident = std::get_if<OrderIncident>(&event.body)) {
      Increment(incidents_, static_cast<size_t>(incident->kind));
    } else if (const auto* difference = std::get_if<Reconciliation>(&event.body)) {
      Increment(differences_, static_cast<size_t>(difference->kind));
    }
  }
  void Count(const BrokerReport& report) { Increment(reports_, static_cast<size_t>(report.kind)); }
  void Count(OrderCommandKind kind) { Increment(requests_, static_cast<size_t>(kind)); }

  prometheus::Gauge& unknown;
  prometheus::Gauge& open;
  prometheus::Gauge& connected;
  prometheus::Gauge& lease_held;
  prometheus::Gauge& queue;
  service::LatencySeries intent_to_socket, answer;

 private:
  // 0 stands for what is not said.
  template <size_t N>
  static void Increment(const std::array<prometheus::Counter*, N>& counters, size_t index) {
    if (index > 0 && index < N) counters[index]->Increment();
  }

  std::array<prometheus::Counter*, static_cast<size_t>(OrderState::kUnknown) + 1> orders_ = {};
  std::array<prometheus::Counter*, static_cast<size_t>(BrokerReportKind::kClock) + 1> reports_ = {};
  std::array<prometheus::Counter*, static_cast<size_t>(OrderCommandKind::kSnapshot) + 1> requests_ = {};
  std::array<prometheus::Counter*, static_cast<size_t>(IncidentKind::kRepeatedDiffers) + 1> incidents_ = {};
  std::array<prometheus::Counter*, static_cast<size_t>(DifferenceKind::kCash) + 1> differences_ = {};
  std::array<prometheus::Counter*, 2> rejects_ = {};
};

}  // namespace spillway::oms
