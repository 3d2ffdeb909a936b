#include "tests/fakes/venue/venue_server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <stdexcept>
#include <thread>

#include "libs/net/tls_stream.h"

namespace spillway::fake {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kAcceptWait = milliseconds(50);
constexpr auto kReadWait = milliseconds(100);
constexpr auto kWriteMax = std::chrono::seconds(2);

}  // namespace

struct VenueServer::Impl {
  // A connection, and the session on it once it is welcome.
  struct Connection {
    std::shared_ptr<net::TlsStream> stream;
    uint64_t sequence = 0;
    std::atomic<bool> half_open{false};
    std::atomic<bool> ended{false};
    std::thread thread;
  };
  struct Later {
    std::shared_ptr<Connection> session;
    VenueAction action;
  };

  Impl(FakeVenue& the_venue, const std::string& pem, uint16_t port) : venue(the_venue) {
    absl::StatusOr<std::unique_ptr<net::TlsListener>> listening = net::TlsListener::Listen(pem, port);
    if (!listening.ok()) throw std::runtime_error(std::string(listening.status().message()));
    listener = std::move(*listening);
    venue.OnAction([this](const VenueAction& action) { Act(action); });
    accepting = std::thread([this] { Accept(); });
    timing = std::thread([this] { KeepTime(); });
  }
  ~Impl() {
    venue.OnAction([](const VenueAction&) {});
    stopping = true;
    wake.notify_all();
    accepting.join();
    timing.join();
    for (const auto& connection : connections) {
      connection->stream->Shutdown();
      connection->thread.join();
    }
  }

  void Accept() {
    while (!stopping) {
      absl::StatusOr<std::unique_ptr<net::TlsStream>> stream = listener->Accept(kAcceptWait);
      Reap();
      if (!stream.ok()) continue;
      if (Steady::now() < down_until.load()) continue;  // closed at once
      auto connection = std::make_shared<Connection>();
      connection->stream = std::move(*stream);
      connections.push_back(connection);
      connection->thread = std::thread([this, connection] { Serve(connection); });
    }
  }

  void Reap() {
    for (auto it = connections.begin(); it != connections.end();) {
      if ((*it)->ended) {
        (*it)->thread.join();
        it = connections.erase(it);
      } else {
        ++it;
      }
    }
  }

  void Serve(const std::shared_ptr<Connection>& connection) {
    if (Greet(connection)) {
      while (!stopping) {
        const absl::StatusOr<std::string> line = connection->stream->ReadLine(kReadWait);
        if (absl::IsNotFound(line.status())) continue;
        if (!line.ok()) break;
        if (connection->half_open) continue;
        const Json request = Json::parse(*line, nullptr, false);
        if (request.is_discarded() || !request.is_object()) break;
        venue.Handle(request);
      }
    }
    connection->stream->Shutdown();
    const std::lock_guard lock(mutex);
    if (session == connection) session.reset();
    connection->ended = true;
  }

  bool Greet(const std::shared_ptr<Connection>& connection) {
    absl::StatusOr<std::string> line = absl::NotFoundError("");
    for (int i = 0; i < 50 && absl::IsNotFound(line.status()) && !stopping; ++i) {
      line = connection->stream->ReadLine(kReadWait);
    }
    if (!line.ok()) return false;
    const Json hello = Json::parse(*line, nullptr, false);
    if (!hello.is_object() || hello.value("type", "") != "hello") return false;
    const Json answer = venue.Hello(hello);
    const std::lock_guard lock(mutex);
    Write(*connection, answer);
    if (answer["type"] != "welcome" || hello.value("check", false)) return false;
    if (session) session->stream->Shutdown();
    session = connection;
    return true;
  }

  // With the lock.
  static void Write(Connection& connection, Json message, bool skip = false) {
    if (connection.half_open) return;
    connection.sequence += skip ? 2 : 1;
    message["seq"] = connection.sequence;
    connection.stream->Write(message.dump() + "\n", kWriteMax);
  }

  void Act(const VenueAction& action) {
    const std::lock_guard lock(mutex);
    if (action.kind == VenueAction::Kind::kRestart) {
      down_until = Steady::now() + milliseconds(action.delay_ms);
      if (session) session->stream->Shutdown();
      return;
    }
    if (!session) return;
    if (action.delay_ms > 0) {
      later.emplace(Steady::now() + milliseconds(action.delay_ms), Later{session, action});
      wake.notify_all();
      return;
    }
    Do(*session, action);
  }

  static void Do(Connection& connection, const VenueAction& action) {
    switch (action.kind) {
      case VenueAction::Kind::kSend:
        return Write(connection, action.message, action.skip_sequence);
      case VenueAction::Kind::kSendRaw:
        if (!connection.half_open) connection.stream->Write(action.raw + "\n", kWriteMax);
        return;
      case VenueAction::Kind::kClose:
        return connection.stream->Shutdown();
      case VenueAction::Kind::kHalfOpen:
        connection.half_open = true;
        return;
      case VenueAction::Kind::kRestart:
        return;
    }
  }

  void KeepTime() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (!later.empty() && later.begin()->first <= Steady::now()) {
        const Later due = later.begin()->second;
        later.erase(later.begin());
        // A delayed message of an ended session is lost.
        if (due.session == session) Do(*session, due.action);
        continue;
      }
      wake.wait_for(lock,
                    later.empty()
                        ? kReadWait
                        : std::min(kReadWait, std::chrono::ceil<milliseconds>(later.begin()->first - Steady::now())));
    }
  }

  FakeVenue& venue;
  std::unique_ptr<net::TlsListener> listener;
  std::atomic<bool> stopping{false};
  std::atomic<Steady::time_point> down_until{Steady::time_point()};
  std::mutex mutex;
  std::condition_variable wake;
  std::shared_ptr<Connection> session;
  std::multimap<Steady::time_point, Later> later;
  std::list<std::shared_ptr<Connection>> connections;  // the accepting thread's alone, and the destructor's
  std::thread accepting, timing;
};

VenueServer::VenueServer(FakeVenue& venue, const std::string& pem, uint16_t port)
    : impl_(std::make_unique<Impl>(venue, pem, port)) {}
VenueServer::~VenueServer() = default;
uint16_t VenueServer::port() const {
  return impl_->listener->port();
}

}  // namespace spillway::fake
