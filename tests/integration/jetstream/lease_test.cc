#include "libs/log/jetstream/lease.h"

#include <thread>

#include "tests/integration/jetstream/jetstream_fixture.h"
#include "tests/integration/jetstream/raw_nats.h"

namespace spillway::jetstream {

TEST_CASE("lease: one holds it; who waits has it at once when it is given back", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  MustOk(EnsureBuckets(*stack.connection));
  auto first = std::make_unique<Lease>(stack.connection, "notifier.discord", "a");
  Lease second(ConnectTo(stack.server), "notifier.discord", "b");
  CHECK_FALSE(first->held());
  CHECK(first->Renew());
  CHECK(first->held());
  CHECK_FALSE(second.Renew());
  CHECK_FALSE(second.held());
  CHECK(second.holder() == "a");
  CHECK(first->Renew());
  Lease other(stack.connection, "notifier.webhook", "b");
  CHECK(other.Renew());

  first.reset();
  CHECK(second.Renew());
  CHECK(second.holder() == "b");
}

TEST_CASE("lease: it ends for its holder before another can have it", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  Lease first(stack.connection, "risk", "a");
  Lease second(ConnectTo(stack.server), "risk", "b");
  REQUIRE(first.Renew());
  // The first one stands still.
  REQUIRE(test::Eventually([&] { return second.Renew(); }, 10s));
  CHECK_FALSE(first.held());
  CHECK_FALSE(first.Renew());
  CHECK(first.holder() == "b");
  CHECK(second.Renew());
}

TEST_CASE("lease: one that lapsed and came back is another tenure", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  Lease lease(stack.connection, "oms.broker", "a");
  CHECK(lease.tenure() == 0);
  REQUIRE(lease.Renew());
  CHECK(lease.tenure() == 1);
  REQUIRE(lease.Renew());
  REQUIRE(test::Eventually([&] { return !lease.held(); }, 10s));
  const uint64_t before = lease.tenure();
  REQUIRE(test::Eventually([&] { return lease.Renew(); }, 10s));
  CHECK(lease.tenure() == before + 1);
}

TEST_CASE("lease: a killed server does not make two holders", "[jetstream]") {
  Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  Lease first(stack.connection, "risk", "a");
  const auto other_connection = ConnectTo(stack.server);
  Lease second(other_connection, "risk", "b");
  REQUIRE(first.Renew());
  stack.server.Kill9();
  CHECK(first.held());
  CHECK_FALSE(first.Renew());
  stack.server.Restart();
  REQUIRE(test::Eventually([&] { return other_connection->connected(); }));
  REQUIRE(test::Eventually([&] {
    const bool taken = second.Renew();
    if (taken) CHECK_FALSE(first.held());
    return taken;
  }));
  CHECK_FALSE(first.Renew());
}

TEST_CASE("lease: a process finds its own renewal though the answer was lost", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  Lease lease(stack.connection, "risk", "a");
  REQUIRE(lease.Renew());
  const RawNats raw(stack.server.url());
  raw.Append("$KV.spillway_leases.risk", "a");  // as if it had been stored unnoticed
  CHECK(lease.Renew());
  CHECK(lease.held());
}

TEST_CASE("positions: who reads how far; the dead drop out", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureBuckets(*stack.connection));
  CHECK(Must(ReadPositions(*stack.connection)).empty());
  MustOk(PutPosition(*stack.connection, "metrics", "market.0", 17));
  MustOk(PutPosition(*stack.connection, "metrics", "market.1", 3));
  MustOk(PutPosition(*stack.connection, "journal", "trading", 5));
  MustOk(PutPosition(*stack.connection, "metrics", "market.0", 18));
  CHECK(absl::IsInvalidArgument(PutPosition(*stack.connection, "a b", "trading", 5)));
  const auto positions = Must(ReadPositions(*stack.connection));
  REQUIRE(positions.size() == 3);
  CHECK(positions.at("metrics/market.0").sequence == 18);
  CHECK(positions.at("metrics/market.0").age_ns == 0);
  CHECK(positions.at("metrics/market.1").sequence == 3);
  CHECK(positions.at("metrics/market.1").age_ns > 0);
  CHECK(positions.at("journal/trading").sequence == 5);
}

}  // namespace spillway::jetstream
