#include <array>
#include <map>

#include "fmt/core.h"
#include "tests/integration/jetstream/jetstream_fixture.h"
#include "tests/integration/jetstream/raw_nats.h"

namespace spillway::jetstream {

TEST_CASE("jetstream: three replicas lose nothing when their leader is killed", "[jetstream][cluster]") {
  const std::array<uint16_t, 3> ports = {test::FreePort(), test::FreePort(), test::FreePort()};
  const std::string routes =
      fmt::format("nats://127.0.0.1:{}, nats://127.0.0.1:{}, nats://127.0.0.1:{}", ports[0], ports[1], ports[2]);
  std::map<std::string, std::unique_ptr<test::NatsServer>> servers;
  std::string urls;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string name = "n" + std::to_string(i);
    servers[name] = std::make_unique<test::NatsServer>(
        fmt::format("cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}", ports[i], routes), name);
    urls += fmt::format("{}{}", i == 0 ? "" : ",", servers[name]->url());
  }
  const ConnectionOptions options = {.url = urls, .name = "test", .publish_timeout = 30s};
  const auto connection = Must(Connection::Connect(options));
  MustOk(EnsureLanes(*connection, {kLane}, {.bytes_max = 16 << 20, .replicas = 3}));

  const auto writer = Writer({connection, Producer::kIngest});
  const auto reader = Reader({Must(Connection::Connect(options)), Producer::kNone});
  std::vector<std::string> appended, read;
  log::LaneMessage message;
  const auto append = [&](int count) {
    for (int i = 0; i < count; ++i) {
      appended.push_back(std::to_string(appended.size()));
      CHECK(Must(writer->Append(kOpen, appended.back())) == appended.size());
    }
  };
  const auto follow = [&] {
    while (read.size() < appended.size() && Must(reader->NextWithin(message, 20s))) read.emplace_back(message.bytes);
  };
  append(200);
  follow();
  std::string leader;
  for (const auto& [name, server] : servers) {
    if (leader.empty()) leader = RawNats(server->url()).Leader("spillway_market_0");
  }
  REQUIRE(servers.contains(leader));
  servers[leader]->Kill9();
  append(200);
  follow();
  CHECK(read == appended);
}

}  // namespace spillway::jetstream
