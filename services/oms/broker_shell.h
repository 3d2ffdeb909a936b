// Works oms's commands at the broker: the one place where an order leaves this machine. One thread of its own; it acts
// only while the tenure is ours, and writes before it acts.
//
//   BrokerLedger ledger;                                      // folds the trading lane
//   BrokerShell shell(std::move(broker), {...}, metrics);
//   for each message of the lane:  ledger.Process(event, no_sink);  shell.Sync(ledger);
//   shell.Stop();
//
// A place or a replace is sent at most once:
//   kSent on the lane, acknowledged -> the lease is looked at again -> the socket.
// Where nothing can be appended nothing is sent. A command of which the lane has kSent and no answer is asked for,
// never sent again: when the lease is taken over, and whenever a session with the broker begins. Cancels, queries and
// snapshots may be repeated; they are where the broker's limit refused them.
//
// kNotSent (a replace: kReplaceRejected) says that an order surely did not arrive: its command expired (`expires`, or
// kPlaceAgeMax old), no session for kConnectGrace, a cancel or (where it adds risk) a kill overtook it, the account is
// not the one that the risk profile names or is live without one, the socket took nothing, or the broker refused it for
// its rate. What oms gave up before it was sent is dropped.
//
// What reduces risk goes before what adds some; within our own limit (requests_per_second) all wait.
// Reports carry the lane's time when they arrived, and instrument, instance, correlation and cause of the command that
// placed their order. They are appended in the order in which the broker said them.
//
// Bounds: kReportsMax reports wait for the log; one more ends the session (the next one begins with a snapshot). What
// the ledger keeps open bounds the queue.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "services/oms/broker.h"
#include "services/oms/broker_ledger.h"
#include "services/oms/broker_metrics.h"

namespace spillway::oms {

struct BrokerShellOptions {
  // The account at the broker, and whether it is real money: what the risk profile has to agree with.
  std::string account;
  bool live = false;
  // Appends a group to the trading lane (subject of Producer::kBroker), returns when it is stored. By one thread.
  std::function<absl::Status(std::span<const Event>)> append;
  // Not 0: this process holds the lease AND its ledger has folded all that was on the lane when it took it. Another
  // number each time it took it: what is not known of the time between is learned anew. Cheap.
  std::function<uint64_t()> tenure;
  uint32_t requests_per_second = 20;
  uint64_t salt = 1;  // unlike every other process's: part of the reports' ids
};

class BrokerShell {
 public:
  static constexpr Duration kConnectGrace = std::chrono::seconds(2);
  static constexpr Duration kPlaceAgeMax = std::chrono::seconds(60);  // of lane time
  static constexpr size_t kReportsMax = 65'536;

  // `metrics` outlives the shell.
  BrokerShell(std::unique_ptr<Broker> broker, BrokerShellOptions options, OmsMetrics& metrics);
  ~BrokerShell();  // Stop()

  // By the thread that folds the ledger, after each message and when the lease changes hands. Cheap where nothing did.
  void Sync(const BrokerLedger& ledger);
  // For the latency: an intent was read from the lane, now.
  void IntentSeen(const EventId& intent);
  // Closes the session and ends the thread.
  void Stop();

  bool connected() const;
  // Not OK: the broker refused this account or key; nothing will be sent.
  absl::Status refused() const;
  // "venue PA-1: connected, 0 requests wait"
  std::string Describe() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::oms
