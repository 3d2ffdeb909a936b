// spillway-fake-discord: the other side of alerts for tests and demonstrations.
#include <civetweb.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "tests/fakes/discord/certificate.h"
#include "tests/fakes/discord/fake_discord.h"
#include "tests/fakes/discord/tls_front.h"

namespace spillway::fake {
namespace {

constexpr const char* kFooter = R"(
What it speaks:
  POST   /api/v10/webhooks/ID/TOKEN?wait=true        as Discord does: JSON or multipart with payload_json, files[0]
  PATCH, GET, DELETE /api/v10/webhooks/ID/TOKEN/messages/MESSAGE
  POST   /hook                                       a signed webhook (X-Event-Id, X-Timestamp, X-Signature)
  GET    /                                           the messages as a page
  GET    /fake/messages, /fake/stats                 what was accepted, as JSON
  DELETE /fake/messages                              forget them
  PUT    /fake/behaviour                             misbehave

Examples:
  spillway-fake-discord --port 8099
  curl -X PUT localhost:8099/fake/behaviour -d '{"next":[{"status":429,"retry_after":1.5},{"status":500},{"hang":true},
       {"accept_then_drop":true},{"html":true},{"delay_ms":300},{"target":"hook","status":503,"count":2},{"die":true}]}'
  curl -X PUT localhost:8099/fake/behaviour -d '{"rate":{"status_500":0.1,"status_429":0.05,"accept_then_drop":0.02,"seed":1}}'
  curl localhost:8099/fake/messages)";

std::atomic<bool> stopping{false};
bool verbose = false;

std::string Lower(const char* text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Request ReadRequest(mg_connection* connection, const mg_request_info& info) {
  Request request;
  request.method = info.request_method;
  request.path = info.local_uri;
  request.query = info.query_string == nullptr ? "" : info.query_string;
  for (int i = 0; i < info.num_headers; ++i)
    request.headers[Lower(info.http_headers[i].name)] = info.http_headers[i].value;
  std::array<char, 16384> buffer = {};
  for (int read = 0; (read = mg_read(connection, buffer.data(), buffer.size())) > 0;) {
    request.body.append(buffer.data(), static_cast<size_t>(read));
  }
  return request;
}

void WaitFor(std::chrono::milliseconds delay) {
  const auto until = std::chrono::steady_clock::now() + delay;
  while (!stopping && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(std::chrono::milliseconds(50), until - std::chrono::steady_clock::now()));
  }
}

int Serve(mg_connection* connection, void* data) {
  const mg_request_info& info = *mg_get_request_info(connection);
  const Request request = ReadRequest(connection, info);
  const Response response = static_cast<FakeDiscord*>(data)->Handle(request);
  if (verbose && !request.path.starts_with("/fake/") && request.path != "/") {
    fmt::print(stderr, "{} {} {} bytes -> {}\n", request.method, request.path == "/hook" ? "/hook" : "webhook",
               request.body.size(),
               response.die    ? "die"
               : response.drop ? "no answer"
                               : std::to_string(response.status));
  }
  if (response.delay.count() > 0) WaitFor(response.delay);
  if (response.die) ::_exit(1);
  if (response.drop) return 200;  // the connection closes behind this
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n", response.status,
                  mg_get_response_code_text(connection, response.status), response.content_type, response.body.size());
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  head += "\r\n" + response.body;
  mg_write(connection, head.data(), head.size());
  return response.status;
}

struct Options {
  int port = 0;
  std::string address = "127.0.0.1";
  std::string port_file;
  std::string tls_dir;
  int tls_port = 0;
  std::string webhook = "1001/fake-token";
  FakeOptions fake;
};

void WritePortFile(const std::string& path, int http, int https) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << Json{{"http", http}, {"https", https}, {"pid", ::getpid()}}.dump() << "\n";
  std::filesystem::rename(fresh, path);
}

int Run(Options options) {
  const size_t slash = options.webhook.find('/');
  options.fake.webhook_id = options.webhook.substr(0, slash);
  options.fake.webhook_token = slash == std::string::npos ? "" : options.webhook.substr(slash + 1);
  FakeDiscord fake(options.fake);
  const std::string where = fmt::format("{}:{}", options.address, options.port);
  const char* settings[] = {
      "listening_ports", where.c_str(), "num_threads", "48", "request_timeout_ms", "10000", "enable_keep_alive", "no",
      "tcp_nodelay",     "1",           nullptr};

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // for the server's threads too: they are taken below
  signal(SIGPIPE, SIG_IGN);

  mg_init_library(0);
  mg_callbacks callbacks = {};
  callbacks.log_message = [](const mg_connection*, const char* message) {
    fmt::print(stderr, "spillway-fake-discord: {}\n", message);
    return 1;
  };
  mg_context* web = mg_start(&callbacks, nullptr, settings);
  if (web == nullptr) {
    fmt::print(stderr, "spillway-fake-discord: cannot listen on {}\n", where);
    return 1;
  }
  mg_set_request_handler(web, "**", Serve, &fake);
  mg_server_port taken = {};
  mg_get_server_ports(web, 1, &taken);
  const int http = taken.port;
  std::unique_ptr<TlsFront> tls;
  if (!options.tls_dir.empty()) {
    MakeCertificate(options.tls_dir);
    tls = std::make_unique<TlsFront>(options.tls_dir + "/server.pem", options.address,
                                     static_cast<uint16_t>(options.tls_port), static_cast<uint16_t>(http));
  }
  const int https = tls ? tls->port() : 0;
  if (!options.port_file.empty()) WritePortFile(options.port_file, http, https);
  fmt::print(
      "fake Discord: http://{0}:{1}/  webhook http://{0}:{1}/api/v10/webhooks/{2}  own webhook http://{0}:{1}/hook\n",
      options.address, http, options.webhook);
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  stopping = true;
  mg_stop(web);
  tls.reset();
  return 0;
}

}  // namespace
}  // namespace spillway::fake

int main(int argc, char** argv) {
  using namespace spillway::fake;
  Options options;
  int bucket_ms = 2000;
  CLI::App app("A server that speaks Discord's webhook protocol, and a signed webhook, for tests and demonstrations.");
  app.footer(kFooter);
  app.add_option("--port", options.port, "HTTP port; 0: any free one")->check(CLI::Range(0, 65535));
  app.add_option("--address", options.address, "to listen on");
  app.add_option("--port-file", options.port_file, "JSON with the ports taken: {\"http\":..,\"https\":..,\"pid\":..}");
  app.add_option("--tls-dir", options.tls_dir, "HTTPS too: ca.pem and server.pem are here, or made");
  app.add_option("--tls-port", options.tls_port, "HTTPS port; 0: any free one")->check(CLI::Range(0, 65535));
  app.add_option("--webhook", options.webhook, "ID/TOKEN that is known");
  app.add_option("--secret", options.fake.secrets, "keys of /hook");
  app.add_option("--bucket", options.fake.bucket_messages, "requests a webhook may make in --bucket-ms; 0: no limit");
  app.add_option("--bucket-ms", bucket_ms, "see --bucket");
  app.add_option("--store", options.fake.store, "a file that keeps what was accepted over restarts (not pictures)");
  app.add_flag("--verbose", verbose, "a line a request");
  CLI11_PARSE(app, argc, argv);
  options.fake.bucket_period = std::chrono::milliseconds(bucket_ms);
  try {
    return Run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "spillway-fake-discord: {}\n", error.what());
    return 1;
  }
}
