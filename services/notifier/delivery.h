// Tells channels what the ledger says must be told: the side effects of alerts. One thread a channel, so that a slow
// one delays no other. It acts only while may_act() is true, and writes before it acts.
//
//   DeliveryLedger ledger(names);                       // names of the channels
//   DeliveryEngine engine(channels, {.append = ..., .may_act = ..., .picture = ...}, metrics);
//   for each message of the trading lane:  ledger.Process(event, no_sink);  engine.Sync(ledger, age);
//   engine.Stop(grace);
//
// A message goes: ATTEMPTED on the lane -> request -> DELIVERED, FAILED, NOT_ACCEPTED or ANSWER_LOST on the lane.
//   not sent, 5xx, 429    again with backoff, after Retry-After at least; a full bucket is waited for before sending
//   answer lost           again, marked "possibly repeated" (kResendsMax times), or held: the receipt is UNKNOWN. A
//                         channel that knows our ids (the webhook) gets it again unmarked.
//   the channel refuses   it is disabled until the next start: what is open and what comes is FAILED
//   the alert expired     FAILED, or UNKNOWN if an answer was lost: expires - triggered after it came, by a steady
//   clock
// Edits (PATCH, or the webhook's update events) may be repeated, so only their end is written; they come after alerts,
// the latest one of an alert replaces those that wait, and they are given up kEditExpiresAfter after they came up.
//
// messages_per_minute_max is held over every window of 60 s of this process (S0-9.3); what is over it waits.
//
// Bounds: jobs are as many as the ledger's open deliveries; backoff goes 0.5 s, 1, 2, 4 ... 30 s, each times a random
// 0.5 to 1; a receipt that cannot be appended is tried again until it can, the lease is lost or Stop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/service/metrics.h"
#include "services/notifier/channel_adapter.h"
#include "services/notifier/delivery_ledger.h"

namespace spillway::notifier {

struct DeliveryOptions {
  // Appends the event to the trading lane (subject of Producer::kDelivery) and returns when it is stored. Called by the
  // channels' threads, by several at once. After an error nothing is sent, and it is tried again later.
  std::function<absl::Status(const Event&)> append;
  // Whether this process holds the lease AND its ledger has folded everything that was on the lane when it took it:
  // what a former holder tried must be known before this one acts. Called often, by all threads: cheap.
  std::function<bool()> may_act;
  // The picture of an alert (PNG), or "". Called by the channels' threads. Absent: no pictures.
  std::function<std::string(const AlertCard&)> picture;
  Duration backoff_min = std::chrono::milliseconds(500);
  Duration backoff_max = std::chrono::seconds(30);
  uint64_t jitter_seed = 1;
};

class DeliveryEngine {
 public:
  static constexpr int kResendsMax = 3;
  static constexpr Duration kEditExpiresAfter = std::chrono::hours(1);

  // Starts the threads. `metrics` outlives the engine.
  DeliveryEngine(std::vector<ChannelConfig> channels, DeliveryOptions options, service::Metrics& metrics);
  ~DeliveryEngine();  // Stop(0)

  // To be called by the thread that folds the ledger, after each message of the lane and when the lease changes hands;
  // costs nothing when the ledger did not change. `age`: how long ago the lane's newest message was appended, where
  // that is known (a lane read after an outage); latencies and expiries count from there.
  void Sync(const DeliveryLedger& ledger, Duration age = {});

  // Takes on nothing more and ends the threads. A request in flight has `grace` to be answered and written down; then
  // it is broken off, and whoever goes on finds it in doubt.
  void Stop(Duration grace);

  // Nothing is left to do that can be done now: for tests and drains.
  bool idle() const;
  // {"channels":[{"name":"discord","queue":0,"disabled":false}]}
  std::string StatusJson() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::notifier
