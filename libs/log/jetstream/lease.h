// Who of several equal processes acts: one holds the lease, a key in a JetStream bucket whose entries live 2 s. And a
// bucket in which services say how far they are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/log/jetstream/connection.h"

namespace spillway::jetstream {

// Makes the buckets "<prefix>_leases" and "<prefix>_positions" if they are missing.
absl::Status EnsureBuckets(Connection& connection, int replicas = 1);

inline constexpr Duration kLeaseTtl = std::chrono::seconds(2);

class Lease {
 public:
  // `name`: what is leased ("notifier.discord"); `holder`: this process, unlike every other's ("host:pid:random").
  Lease(std::shared_ptr<Connection> connection, std::string name, std::string holder);
  ~Lease();  // gives it back, so that another may take it at once

  // Takes or renews it: to be called every half second or so, by one thread. Blocks for at most a second. True: held,
  // for kLeaseTtl less 200 ms from now. False: somebody else holds it, or it could not be renewed.
  bool Renew();
  // Whether it is held now, for any thread. By a steady clock, and cautious: it counts from before the renewal was
  // sent.
  bool held() const;
  // Rises each time it comes to this process anew, after a lapse as well: 0 before the first time. Who sees held() and
  // then the same number as before has had it in between, or nobody has.
  uint64_t tenure() const;
  // Who holds it, as last seen.
  std::string holder() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "metrics/market.0" -> its entry. Entries are written every 250 ms or so and live 10 s: who is dead is not there.
struct PositionEntry {
  uint64_t sequence = 0;
  uint64_t age_ns = 0;  // how much older it is than the newest entry of all, by the server's clock
};
// One try, which takes a second at most. `reader`: letters, digits, - and _; InvalidArgument else.
absl::Status PutPosition(Connection& connection, const std::string& reader, const std::string& lane, uint64_t sequence);
// One request, and one an entry.
absl::StatusOr<std::map<std::string, PositionEntry>> ReadPositions(Connection& connection);

}  // namespace spillway::jetstream
