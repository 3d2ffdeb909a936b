// spillway-fake-venue: the other side of orders for tests and demonstrations.
#include <civetweb.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "tests/fakes/discord/certificate.h"
#include "tests/fakes/venue/fake_venue.h"
#include "tests/fakes/venue/market_feed.h"
#include "tests/fakes/venue/venue_server.h"

namespace spillway::fake {
namespace {

constexpr const char* kFooter = R"(
It speaks the venue protocol (docs/venue-protocol.md) over TLS, and is ruled by plain HTTP on 127.0.0.1:
  GET  /fake/orders              all orders, open or not; "copies" counts how often one was asked for
  GET  /fake/snapshot            its books, as the session would be told
  GET  /fake/stats               what it was asked
  PUT  /fake/quote               {"symbol":"ACME","bid":"9.99","ask":"10.01","bid_size":"500","ask_size":"500"}
  POST /fake/trade               {"symbol":"ACME","side":"buy","quantity":"100","price":"10"}  somebody trades by hand
  POST /fake/order               {"symbol":"ACME","side":"buy","quantity":"100","limit":"9"}   somebody's own order
  POST /fake/fill                {"client_order_id":"sw-...","quantity":"50","price":"10"}     fills an open order
  POST /fake/erase               {"execution_id":"E-7"}     no snapshot shows it any more; the position stays
  POST /fake/expire              the session is over: day orders expire
  PUT  /fake/behaviour           misbehave

Behaviours, one for each request or message that fits "on" ("count": for so many):
  "on" a request   place, cancel, replace, query, snapshot, ping
       {"reject":"CODE","reason":".."} {"rate_limit_ms":500} {"ignore":true} {"close":"before"|"after"}
       {"silence":true}   place: the order is taken, and nothing is said of it until it is asked for
  "on" a message   accepted, fill, canceled, replaced, cancel_rejected, status, snapshot, pong ...
       {"drop":true} {"delay_ms":200} {"duplicate":1} {"reorder":true} {"garbage":"text"} {"gap":true}
       {"half_open":true} {"close":true}

Examples:
  spillway-fake-venue --port 7443 --control-port 7480 --tls-dir /tmp/venue --session out/soun --speed 20
  curl -X PUT localhost:7480/fake/behaviour -d '{"next":[{"on":"fill","drop":true}]}'      a hole: the fill is not reported
  curl -X PUT localhost:7480/fake/behaviour -d '{"next":[{"on":"accepted","delay_ms":3000},{"on":"place","silence":true}]}'
  curl -X PUT localhost:7480/fake/behaviour -d '{"half_open":true}'                        or "close", "garbage", "restart_ms"
  curl -X PUT localhost:7480/fake/behaviour -d '{"rate":{"drop":0.05,"duplicate":0.05,"reorder":0.05,"close_after":0.01,"seed":7}}'
  curl -X POST localhost:7480/fake/trade -d '{"symbol":"SOUN","side":"buy","quantity":"10","price":"9.50"}')";

struct Options {
  int port = 0;
  int control_port = 0;
  std::string port_file;
  std::string tls_dir;
  std::string cash = "100000";
  std::string fee = "0";
  VenueOptions venue;
  MarketFeedOptions feed;
};

int Serve(mg_connection* connection, void* data) {
  const mg_request_info& info = *mg_get_request_info(connection);
  std::string body;
  std::array<char, 16384> buffer = {};
  for (int read = 0; (read = mg_read(connection, buffer.data(), buffer.size())) > 0;) {
    body.append(buffer.data(), static_cast<size_t>(read));
  }
  const auto [status, json] = static_cast<FakeVenue*>(data)->Control(info.request_method, info.local_uri, body);
  const std::string text = json.dump() + "\n";
  const std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                  status, mg_get_response_code_text(connection, status), text.size());
  mg_write(connection, head.data(), head.size());
  mg_write(connection, text.data(), text.size());
  return status;
}

Money MoneyOption(const std::string& name, const std::string& text) {
  const absl::StatusOr<Money> money = Money::Parse(text);
  if (!money.ok()) throw std::runtime_error(fmt::format("{}: '{}' is no amount", name, text));
  return *money;
}

int Run(Options options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // for all threads: they are taken below
  signal(SIGPIPE, SIG_IGN);

  options.venue.cash = MoneyOption("--cash", options.cash);
  options.venue.fee_per_unit = MoneyOption("--fee", options.fee);
  FakeVenue venue(options.venue);
  MakeCertificate(options.tls_dir);
  const std::unique_ptr<VenueServer> server =
      std::make_unique<VenueServer>(venue, options.tls_dir + "/server.pem", static_cast<uint16_t>(options.port));
  const std::string where = fmt::format("127.0.0.1:{}", options.control_port);
  const char* settings[] = {"listening_ports", where.c_str(), "num_threads", "4", "enable_keep_alive", "no", nullptr};
  mg_init_library(0);
  mg_callbacks callbacks = {};
  mg_context* web = mg_start(&callbacks, nullptr, settings);
  if (web == nullptr) throw std::runtime_error("cannot listen on " + where);
  mg_set_request_handler(web, "**", Serve, &venue);
  mg_server_port taken = {};
  mg_get_server_ports(web, 1, &taken);
  std::unique_ptr<MarketFeed> feed;
  if (!options.feed.session.empty()) feed = std::make_unique<MarketFeed>(venue, options.feed);
  if (!options.port_file.empty()) {
    const std::string fresh = options.port_file + ".new";
    std::ofstream(fresh) << Json{{"venue", server->port()}, {"control", taken.port}, {"pid", ::getpid()}}.dump()
                         << "\n";
    std::filesystem::rename(fresh, options.port_file);
  }
  fmt::print("fake venue: localhost:{} (TLS, trust {}/ca.pem)  control http://127.0.0.1:{}  account {}\n",
             server->port(), options.tls_dir, taken.port, options.venue.account);
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  mg_stop(web);
  return 0;
}

}  // namespace
}  // namespace spillway::fake

int main(int argc, char** argv) {
  using namespace spillway::fake;
  Options options;
  CLI::App app(
      "A venue that keeps an account, matches orders and misbehaves on request: for tests and demonstrations.");
  app.footer(kFooter);
  app.add_option("--port", options.port, "of the protocol, TLS; 0: any free one")->check(CLI::Range(0, 65535));
  app.add_option("--control-port", options.control_port, "HTTP; 0: any free one")->check(CLI::Range(0, 65535));
  app.add_option("--port-file", options.port_file,
                 "JSON with the ports taken: {\"venue\":..,\"control\":..,\"pid\":..}");
  app.add_option("--tls-dir", options.tls_dir, "ca.pem and server.pem are here, or made")->required();
  app.add_option("--account", options.venue.account, "the account's id (PA-1)");
  app.add_option("--key", options.venue.key, "that is known (fake-key)");
  app.add_option("--secret", options.venue.secret, "of the key (fake-secret)");
  app.add_flag("--live", options.venue.live, "it says that the account is real money");
  app.add_option("--cash", options.cash, "at the start (100000)");
  app.add_option("--fee", options.fee, "for each unit of an execution (0)");
  app.add_option("--requests-per-second", options.venue.requests_per_second, "what is over it is refused; 0: no limit");
  app.add_option("--store", options.venue.store, "a file that keeps the books over restarts");
  app.add_option("--session", options.feed.session, "a session directory whose quotes it matches against");
  app.add_option("--speed", options.feed.speed, "of the session: 1 as recorded, 0 as fast as possible");
  app.add_flag("--repeat", options.feed.repeat, "play the session again at its end");
  CLI11_PARSE(app, argc, argv);
  try {
    return Run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "spillway-fake-venue: {}\n", error.what());
    return 1;
  }
}
