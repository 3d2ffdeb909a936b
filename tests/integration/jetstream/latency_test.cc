#include <algorithm>
#include <thread>

#include "tests/integration/jetstream/jetstream_fixture.h"
#include "tests/integration/jetstream/raw_nats.h"

namespace spillway::jetstream {
namespace {

using Steady = std::chrono::steady_clock;

Duration Median(std::vector<Duration> all) {
  std::ranges::sort(all);
  return all[all.size() / 2];
}

}  // namespace

TEST_CASE("jetstream: no append waits for the client library's flusher", "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  const auto reader = Reader({ConnectTo(stack.server), Producer::kNone});
  const RawNats plain(stack.server.url());  // as the library comes
  log::LaneMessage message;
  std::vector<Duration> ours, theirs;
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = std::to_string(i);
    Steady::time_point begin = Steady::now();
    Must(writer->Append(kOpen, bytes));
    REQUIRE(Must(reader->NextWithin(message, 5s)));
    ours.push_back(Steady::now() - begin);

    begin = Steady::now();
    REQUIRE(natsConnection_Publish(plain.connection(), "spillway.v1.market.0.universe", bytes.data(),
                                   static_cast<int>(bytes.size())) == NATS_OK);
    REQUIRE(Must(reader->NextWithin(message, 5s)));
    theirs.push_back(Steady::now() - begin);
  }
  INFO("ours " << Median(ours).count() << " ns, plain " << Median(theirs).count() << " ns");
  CHECK(Median(ours) < Median(theirs) * 3 / 4);
}

}  // namespace spillway::jetstream
