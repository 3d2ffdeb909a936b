// deploy/nats/make-config.sh against a server: TLS, passwords, keys, and who may do what.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "libs/log/jetstream/lease.h"
#include "libs/log/jetstream/nkey.h"
#include "tests/integration/jetstream/jetstream_fixture.h"

namespace spillway::jetstream {
namespace {

std::string Source() {
  const char* source = std::getenv("SPILLWAY_SOURCE");
  REQUIRE(source != nullptr);
  return source;
}

// A server as make-config.sh sets it up.
class Deployment {
 public:
  explicit Deployment(bool tls) : tls_(tls), port_(test::FreePort()) {
    test::ServerProcess script(
        {.argv = {"sh", Source() + "/deploy/nats/make-config.sh", folder_.path().string(), "--port",
                  std::to_string(port_), "--http-port", "0", "--max-file", "4GB", "--tls", tls ? "on" : "off"},
         .log_file = folder_ / "log"});
    const std::optional<int> code = script.Wait(30s);
    INFO(script.Log());
    REQUIRE(code == 0);
    server_ = std::make_unique<test::NatsServer>(folder_ / "nats-server.conf", port_);
  }

  ConnectionOptions Options(const std::string& user) const {
    ConnectionOptions options = {.url = server_->url(), .name = user, .user = user, .publish_timeout = 3s};
    std::ifstream file(folder_ / ("passwords/" + user));
    options.password.assign(std::istreambuf_iterator<char>(file), {});
    if (!tls_) return options;
    options.tls_ca_file = folder_ / "tls/ca.pem";
    options.tls_cert_file = folder_ / ("tls/" + user + ".pem");
    options.tls_key_file = folder_ / ("tls/" + user + ".key");
    return options;
  }
  std::shared_ptr<Connection> As(const std::string& user) const { return Must(Connection::Connect(Options(user))); }
  absl::Status Refused(const ConnectionOptions& options) const { return Connection::Connect(options).status(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
  const bool tls_;
  const uint16_t port_;
  std::unique_ptr<test::NatsServer> server_;
};

}  // namespace

TEST_CASE("nats: over TLS with a certificate and a password a service connects; without either it is refused",
          "[jetstream]") {
  const Deployment deployment(true);
  MustOk(EnsureLanes(*deployment.As("ingest"), {kLane}, {.bytes_max = 1 << 20}));

  ConnectionOptions wrong = deployment.Options("metrics");
  wrong.password = "wrong-secret";
  absl::Status refused = deployment.Refused(wrong);
  CHECK(absl::IsPermissionDenied(refused));
  CHECK_THAT(std::string(refused.message()), Catch::Contains("metrics") && !Catch::Contains("wrong-secret"));

  ConnectionOptions bare = deployment.Options("metrics");
  bare.tls_cert_file.clear();
  refused = deployment.Refused(bare);
  CHECK(absl::IsPermissionDenied(refused));
  CHECK_THAT(std::string(refused.message()), Catch::Contains("tls_cert_file"));

  ConnectionOptions plain = deployment.Options("metrics");
  plain.tls_ca_file.clear();
  plain.tls_cert_file.clear();
  refused = deployment.Refused(plain);
  CHECK(absl::IsPermissionDenied(refused));
  CHECK_THAT(std::string(refused.message()), Catch::Contains("tls_ca_file"));

  ConnectionOptions stranger = deployment.Options("metrics");
  stranger.tls_ca_file = deployment.folder() / "tls/server.pem";  // somebody, but no authority of the server's
  CHECK(absl::IsPermissionDenied(deployment.Refused(stranger)));

  ConnectionOptions missing = deployment.Options("metrics");
  missing.tls_ca_file = "/nowhere/ca.pem";
  refused = deployment.Refused(missing);
  CHECK(absl::IsInvalidArgument(refused));
  CHECK_THAT(std::string(refused.message()), Catch::Contains("/nowhere/ca.pem"));

  ConnectionOptions nobody = deployment.Options("metrics");
  nobody.url = "nats://user:secret@127.0.0.1:" + std::to_string(test::FreePort());
  refused = deployment.Refused(nobody);
  CHECK(absl::IsUnavailable(refused));
  CHECK_THAT(std::string(refused.message()), !Catch::Contains("secret"));
}

TEST_CASE("nats: every service has the rights it needs", "[jetstream]") {
  const Deployment deployment(false);
  const auto ingest = deployment.As("ingest");
  MustOk(EnsureLanes(*ingest, {"market.0", "features.0", "trading"}, {.bytes_max = 16 << 20}));
  MustOk(EnsureDeadLetters(*ingest, {.bytes_max = 1 << 20}));
  MustOk(EnsureBuckets(*ingest));

  struct Service {
    std::string user;
    std::vector<std::pair<Producer, log::LaneName>> writes;
    std::vector<log::LaneName> reads;
  };
  const Service service = GENERATE(values<Service>(
      {{"ingest", {{Producer::kIngest, "market.0"}}, {}},
       {"universe", {{Producer::kUniverse, "market.0"}}, {"features.0"}},
       {"metrics", {{Producer::kMetrics, "features.0"}}, {"market.0"}},
       {"scoring", {{Producer::kScoring, "trading"}}, {"features.0"}},
       {"risk", {{Producer::kRisk, "trading"}, {Producer::kHost, "trading"}}, {"trading"}},
       {"oms", {{Producer::kOms, "trading"}, {Producer::kBroker, "trading"}}, {"trading"}},
       {"venue", {{Producer::kBroker, "trading"}}, {"market.0", "trading"}},
       {"notifier", {{Producer::kNotifier, "trading"}, {Producer::kDelivery, "trading"}}, {"trading", "market.0"}},
       {"journal", {{Producer::kJournal, "trading"}}, {"market.0", "features.0", "trading"}},
       {"gateway",
        {{Producer::kGateway, "trading"}, {Producer::kGateway, "market.0"}},
        {"market.0", "features.0", "trading"}}}));
  INFO(service.user);
  const auto connection = deployment.As(service.user);
  for (const auto& [producer, lane] : service.writes) {
    const auto writer = Writer({connection, producer}, lane);
    Must(writer->Append(kOpen, "1"));
    std::string bytes;
    CHECK(Must(writer->LastOwn(bytes)));
  }
  for (const log::LaneName& lane : service.reads) {
    const auto all = JetStreamLog(deployment.As("admin"), Producer::kNone);
    const uint64_t end = Must(JetStreamLog(all).Info(lane)).last_sequence;
    CHECK(ReadAll(*Reader({connection, Producer::kNone}, lane)).size() == end);
  }
  Lease lease(connection, service.user, "holder");
  CHECK(lease.Renew());
  MustOk(PutPosition(*connection, service.user, "market.0", 3));
  CHECK(Must(ReadPositions(*connection)).size() == 1);
  MustOk(AppendDeadLetter(*connection, service.user, "market.0", 3, "test", "bytes"));
}

TEST_CASE("nats: what is not a service's is refused, soon and by name", "[jetstream]") {
  const Deployment deployment(false);
  const auto ingest = deployment.As("ingest");
  MustOk(EnsureLanes(*ingest, {"market.0", "features.0", "trading"}, {.bytes_max = 16 << 20}));
  MustOk(EnsureBuckets(*ingest));
  const auto metrics = deployment.As("metrics");

  // Its lane, but another's name.
  const auto as_scoring = Writer({metrics, Producer::kScoring}, "features.0");
  const absl::Status append = as_scoring->Append(kOpen, "forged").status();
  CHECK(absl::IsPermissionDenied(append));
  CHECK_THAT(std::string(append.message()), Catch::Contains("spillway.v1.features.0.scoring"));
  CHECK(Must(JetStreamLog(ingest, Producer::kIngest).Info("features.0")).last_sequence == 0);
  // Another's lane.
  CHECK(absl::IsPermissionDenied(JetStreamLog(metrics, Producer::kMetrics).OpenWriter("trading").status()));
  CHECK(absl::IsPermissionDenied(JetStreamLog(metrics, Producer::kMetrics).OpenReader("trading").status()));
  // Its own lane is not for reading through a consumer: the stream may be looked at, no more.
  const auto own = Reader({metrics, Producer::kMetrics}, "features.0");
  log::LaneMessage message;
  CHECK(absl::IsPermissionDenied(own->NextWithin(message, 5s).status()));
  // Streams, leases and positions of others.
  CHECK(absl::IsPermissionDenied(EnsureLanes(*metrics, {"market.1"}, {.bytes_max = 1 << 20})));
  Lease lease(metrics, "risk", "metrics");
  CHECK_FALSE(lease.Renew());
  CHECK(absl::IsPermissionDenied(PutPosition(*metrics, "risk", "trading", 9)));
  // It goes on working.
  Must(Writer({metrics, Producer::kMetrics}, "features.0")->Append(kOpen, "mine"));
}

TEST_CASE("nats: the operator writes commands to the trading lane, reads it, and may do nothing else", "[jetstream]") {
  const Deployment deployment(false);
  const auto ingest = deployment.As("ingest");
  MustOk(EnsureLanes(*ingest, {"market.0", "features.0", "trading"}, {.bytes_max = 16 << 20}));
  MustOk(EnsureBuckets(*ingest));
  const auto person = deployment.As("operator");
  const auto writer = Writer({person, Producer::kGateway}, "trading");
  Must(writer->Append(kOpen, "1"));
  std::string bytes;
  CHECK(Must(writer->LastOwn(bytes)));
  CHECK(ReadAll(*Reader({person, Producer::kNone}, "trading")).size() == 1);

  CHECK(absl::IsPermissionDenied(Writer({person, Producer::kRisk}, "trading")->Append(kOpen, "forged").status()));
  CHECK(absl::IsPermissionDenied(JetStreamLog(person, Producer::kGateway).OpenWriter("market.0").status()));
  CHECK(absl::IsPermissionDenied(JetStreamLog(person, Producer::kGateway).OpenReader("features.0").status()));
  Lease lease(person, "operator", "holder");
  CHECK_FALSE(lease.Renew());
  CHECK(absl::IsPermissionDenied(PutPosition(*person, "operator", "trading", 9)));
}

TEST_CASE("nats: a user may be known by a key", "[jetstream]") {
  // The pair of the NATS documentation.
  const std::string seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
  const std::string key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
  CHECK(Must(PublicKeyOfSeed(seed)) == key);
  CHECK(absl::IsInvalidArgument(PublicKeyOfSeed(key).status()));
  std::string changed = seed;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  CHECK(absl::IsInvalidArgument(PublicKeyOfSeed(changed).status()));

  const test::NatsServer server("authorization { users: [ { nkey: " + key + " } ] }");
  const test::TemporaryFolder folder;
  std::ofstream(folder / "seed") << seed << "\n";
  ConnectionOptions options = OptionsFor(server);
  CHECK(absl::IsPermissionDenied(Connection::Connect(options).status()));
  options.nkey_seed_file = folder / "seed";
  MustOk(EnsureLanes(*Must(Connection::Connect(options)), {kLane}, {.bytes_max = 1 << 20}));
  options.nkey_seed_file = folder / "none";
  CHECK_THAT(std::string(Connection::Connect(options).status().message()), Catch::Contains("nkey_seed_file"));
}

}  // namespace spillway::jetstream
