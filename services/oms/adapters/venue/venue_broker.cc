#include "services/oms/adapters/venue/venue_broker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "libs/net/tls_stream.h"
#include "libs/service/log.h"
#include "services/oms/adapters/venue/venue_protocol.h"

namespace spillway::oms {
namespace {

using service::Log;
using service::Severity;
using Steady = std::chrono::steady_clock;
using Instant = Steady::time_point;

constexpr Duration kBackoffMin = std::chrono::milliseconds(100);
constexpr Duration kBackoffMax = std::chrono::seconds(5);
constexpr Duration kSkewStep = std::chrono::milliseconds(100);
constexpr int kHeartbeatsMissed = 3;
constexpr size_t kRequestsMax = 4'096;  // without an answer; the oldest is forgotten
constexpr size_t kMalformedTextMax = 200;

Time WallNow() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

BrokerMessage Said(BrokerReport report, EventId command = {}) {
  return {.body = std::move(report), .symbol = "", .command = command, .retry_after = {}};
}
BrokerReport OfKind(BrokerReportKind kind, std::string reason) {
  BrokerReport report;
  report.kind = kind;
  report.broker_time = WallNow();
  report.reason = std::move(reason);
  return report;
}

// A request whose answer is awaited.
struct Pending {
  OrderCommandKind kind = OrderCommandKind::kUnknown;
  EventId command;
  std::vector<OrderTicket> tickets;  // a place's, a replace's
  OrderId order;                     // a replace's, a cancel's
  Instant sent;
  size_t answers = 0;
};

class VenueBroker final : public Broker {
 public:
  VenueBroker(VenueBrokerOptions options, net::TlsAddress address)
      : options_(std::move(options)), address_(std::move(address)), random_(options_.jitter_seed) {
    thread_ = std::thread([this] { Run(); });
  }
  ~VenueBroker() override {
    Close();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_all();
    }
    thread_.join();
  }

  std::string name() const override { return "venue"; }
  BrokerCapabilities capabilities() const override {
    return {.oco = true,
            .native_bracket = false,
            .replace = true,
            .fractional = true,
            .extended_hours = true,
            .trailing_stop = true,
            .fees_with_fills = true,
            .snapshot_executions = true};
  }
  void Listen(Listener listener) override { listener_ = std::move(listener); }

  absl::Status Check() override {
    uint64_t sequence = 0;
    absl::StatusOr<VenueWelcome> welcome = absl::UnknownError("");
    return Hello(true, sequence, welcome).status();
  }

  void Open() override {
    const std::lock_guard lock(mutex_);
    open_ = true;
    wake_.notify_all();
  }
  void Close() override {
    std::unique_lock lock(mutex_);
    open_ = false;
    if (stream_) stream_->Shutdown();
    wake_.notify_all();
    closed_.wait(lock, [&] { return !in_session_; });
  }
  bool connected() const override { return connected_; }
  absl::Status refused() const override {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  Sending Place(const PlaceRequest& request) override {
    Pending pending{.kind = OrderCommandKind::kPlace, .command = request.command, .tickets = request.tickets};
    return Send(std::move(pending),
                [&](uint64_t id) { return EncodePlace(id, request.symbol.symbol, request.tickets); });
  }
  Sending Cancel(const CancelRequest& request) override {
    Pending pending{
        .kind = OrderCommandKind::kCancel, .command = request.command, .tickets = {}, .order = request.order};
    return Send(std::move(pending), [&](uint64_t id) { return EncodeCancel(id, request.order); });
  }
  Sending Replace(const ReplaceRequest& request) override {
    Pending pending{.kind = OrderCommandKind::kReplace,
                    .command = request.command,
                    .tickets = {request.ticket},
                    .order = request.order};
    return Send(std::move(pending), [&](uint64_t id) { return EncodeReplace(id, request.order, request.ticket); });
  }
  Sending Query(const QueryRequest& request) override {
    Pending pending{
        .kind = OrderCommandKind::kQuery, .command = request.command, .tickets = {}, .order = request.order};
    return Send(std::move(pending), [&](uint64_t id) { return EncodeQuery(id, request.order); });
  }
  Sending Snapshot(const SnapshotRequest& request) override {
    Pending pending{.kind = OrderCommandKind::kSnapshot, .command = request.command};
    return Send(std::move(pending), [&](uint64_t id) { return EncodeSnapshot(id, request.since); });
  }

 private:
  // ---- requests

  template <class Encode>
  Sending Send(Pending pending, const Encode& encode) {
    std::shared_ptr<net::TlsStream> stream;
    std::string line;
    {
      const std::lock_guard lock(mutex_);
      if (!connected_) return Sending::kUnsent;
      stream = stream_;
      const uint64_t id = ++last_id_;
      line = encode(id);
      pending.sent = Steady::now();
      if (pending_.size() >= kRequestsMax) pending_.erase(pending_.begin());
      pending_.emplace(id, std::move(pending));
    }
    switch (stream->Write(line, options_.request_timeout)) {
      case net::Written::kAll:
        return Sending::kWritten;
      case net::Written::kNothing:
        return Sending::kUnsent;
      case net::Written::kInDoubt:
        return Sending::kInDoubt;
    }
    return Sending::kInDoubt;
  }

  // ---- the session

  void Run() {
    Duration backoff = kBackoffMin;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (!open_ || !refused_.ok()) {
        wake_.wait(lock);
        continue;
      }
      in_session_ = true;
      lock.unlock();
      const bool stood = Session();
      lock.lock();
      stream_.reset();
      pending_.clear();
      in_session_ = false;
      closed_.notify_all();
      if (stood) backoff = kBackoffMin;
      const double jitter = std::uniform_real_distribution<double>(0.5, 1)(random_);
      wake_.wait_for(lock, std::chrono::duration_cast<Duration>(backoff * jitter), [&] { return stopping_ || !open_; });
      backoff = std::min(2 * backoff, kBackoffMax);
    }
  }

  // The connection whose hello was answered.
  absl::StatusOr<std::shared_ptr<net::TlsStream>> Hello(bool check, uint64_t& sequence,
                                                        absl::StatusOr<VenueWelcome>& welcome) {
    absl::StatusOr<std::unique_ptr<net::TlsStream>> stream =
        net::TlsStream::Connect(address_, options_.tls_ca_file, options_.request_timeout);
    if (!stream.ok()) return stream.status();
    const VenueHello hello{.key = options_.key, .secret = options_.secret, .account = options_.account, .check = check};
    if ((*stream)->Write(EncodeHello(1, hello), options_.request_timeout) != net::Written::kAll) {
      return absl::UnavailableError("the connection ended before the hello");
    }
    const absl::StatusOr<std::string> line = (*stream)->ReadLine(options_.request_timeout);
    if (!line.ok())
      return absl::UnavailableError(fmt::format("no answer to the hello: {}", std::string(line.status().message())));
    absl::StatusOr<VenueMessage> answer = ParseVenueMessage(*line);
    if (!answer.ok())
      return absl::UnavailableError(fmt::format("the hello's answer: {}", std::string(answer.status().message())));
    sequence = answer->sequence;
    welcome = Judge(*answer);
    if (!welcome.ok()) return welcome.status();
    return std::shared_ptr<net::TlsStream>(std::move(*stream));
  }

  absl::StatusOr<VenueWelcome> Judge(const VenueMessage& answer) const {
    if (const auto* refused = std::get_if<VenueRefused>(&answer.body)) {
      const std::string text = fmt::format("the venue at {} refuses account '{}': {} {}", options_.address,
                                           options_.account, refused->code, refused->reason);
      if (refused->code == "BAD_KEY") return absl::PermissionDeniedError(text + "; see broker.key_file, secret_file");
      if (refused->code == "WRONG_ACCOUNT") return absl::FailedPreconditionError(text + "; see broker.account");
      return absl::UnavailableError(text);
    }
    const auto* welcome = std::get_if<VenueWelcome>(&answer.body);
    if (welcome == nullptr) return absl::UnavailableError("the hello was answered by something else");
    if (welcome->account != options_.account) {
      return absl::FailedPreconditionError(
          fmt::format("the key belongs to account '{}', broker.account is '{}'", welcome->account, options_.account));
    }
    if (welcome->live != options_.live) {
      return absl::FailedPreconditionError(fmt::format(
          "account '{}' is a {} account, broker.live is {}: {}", welcome->account, welcome->live ? "live" : "paper",
          options_.live, welcome->live ? "set live: true only to trade real money" : "remove live: true"));
    }
    return *welcome;
  }

  // Until the session ends. Whether it stood.
  bool Session() {
    uint64_t sequence = 0;
    absl::StatusOr<VenueWelcome> welcome = absl::UnknownError("");
    const Instant asked = Steady::now();
    const absl::StatusOr<std::shared_ptr<net::TlsStream>> stream = Hello(false, sequence, welcome);
    if (!stream.ok()) {
      OnNoSession(stream.status());
      return false;
    }
    {
      const std::lock_guard lock(mutex_);
      if (!open_) return false;
      stream_ = *stream;
      last_id_ = 1;
      connected_ = true;
    }
    told_no_session_ = false;
    Log(Severity::kInfo, "broker_connected", {{"address", options_.address}, {"account", options_.account}});
    Tell(Said(OfKind(BrokerReportKind::kConnected, "")));
    told_skew_.reset();
    TellSkew(welcome->time, asked, Steady::now());
    const std::string why = Read(**stream, sequence);
    connected_ = false;
    (*stream)->Shutdown();
    Log(Severity::kWarning, "broker_disconnected", {{"address", options_.address}, {"reason", why}});
    Tell(Said(OfKind(BrokerReportKind::kDisconnected, why)));
    return true;
  }

  void OnNoSession(const absl::Status& status) {
    const bool final_word = absl::IsPermissionDenied(status) || absl::IsFailedPrecondition(status);
    if (final_word) {
      const std::lock_guard lock(mutex_);
      refused_ = status;
    }
    if (final_word || !std::exchange(told_no_session_, true)) {
      Log(final_word ? Severity::kError : Severity::kWarning, "broker_unreachable", {{"reason", status}});
    }
  }

  // Reads until something ends the session, and says what.
  std::string Read(net::TlsStream& stream, uint64_t sequence) {
    Instant heard = Steady::now();
    Instant next_ping = heard;
    while (true) {
      const Instant now = Steady::now();
      if (now - heard >= kHeartbeatsMissed * options_.heartbeat) {
        return fmt::format("nothing heard for {}", FormatDuration(kHeartbeatsMissed * options_.heartbeat));
      }
      if (now >= next_ping) {
        Ping(stream);
        next_ping = now + options_.heartbeat;
      }
      const absl::StatusOr<std::string> line = stream.ReadLine(std::min<Duration>(next_ping - now, options_.heartbeat));
      if (absl::IsNotFound(line.status())) continue;
      if (!line.ok()) {
        if (absl::IsInvalidArgument(line.status())) TellMalformed("", line.status());
        return std::string(line.status().message());
      }
      heard = Steady::now();
      absl::StatusOr<VenueMessage> message = ParseVenueMessage(*line);
      if (message.ok() && message->sequence != sequence + 1) {
        message = absl::InvalidArgumentError(fmt::format("message {} follows {}", message->sequence, sequence));
      }
      if (!message.ok()) {
        TellMalformed(*line, message.status());
        return "a message that does not read: " + std::string(message.status().message());
      }
      sequence = message->sequence;
      Take(*std::move(message), heard);
    }
  }

  void Ping(net::TlsStream& stream) {
    uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = ++last_id_;
      ping_id_ = id;
      ping_sent_ = Steady::now();
    }
    stream.Write(EncodePing(id), options_.heartbeat);
  }

  // ---- what the venue says

  void Tell(BrokerMessage message) { listener_(std::move(message)); }

  void TellMalformed(std::string_view line, const absl::Status& status) {
    const std::string text =
        fmt::format("{}: {}", std::string(status.message()), line.substr(0, std::min(line.size(), kMalformedTextMax)));
    Log(Severity::kError, "broker_malformed", {{"reason", status}, {"bytes", line.size()}});
    Tell(Said(OfKind(BrokerReportKind::kMalformed, Printable(text))));
  }
  static std::string Printable(std::string text) {
    for (char& c : text) {
      if (c < ' ' || c > '~') c = '?';
    }
    return text;
  }

  void Take(VenueMessage message, Instant now) {
    if (const auto* pong = std::get_if<VenuePong>(&message.body)) {
      if (message.id == ping_id_) TellSkew(pong->time, ping_sent_, now);
    } else if (auto* report = std::get_if<VenueReport>(&message.body)) {
      TakeReport(message.id, std::move(*report), now);
    } else if (auto* snapshot = std::get_if<BrokerSnapshot>(&message.body)) {
      const std::optional<Pending> pending = Answered(message.id, 1);
      Tell({.body = std::move(*snapshot),
            .symbol = "",
            .command = pending ? pending->command : EventId(),
            .retry_after = {}});
    } else if (const auto* error = std::get_if<VenueError>(&message.body)) {
      TakeError(message.id, *error);
    }
  }

  void TakeReport(std::optional<uint64_t> id, VenueReport report, Instant now) {
    const std::optional<Pending> pending = Answered(id, 0);
    if (pending) report.report.latency = std::chrono::duration_cast<Duration>(now - pending->sent);
    Tell({.body = std::move(report.report),
          .symbol = std::move(report.symbol),
          .command = pending ? pending->command : EventId(),
          .retry_after = {}});
  }

  // The venue did not take the request: nothing of it happened.
  void TakeError(std::optional<uint64_t> id, const VenueError& error) {
    const std::optional<Pending> pending = Answered(id, SIZE_MAX);
    const EventId command = pending ? pending->command : EventId();
    const bool limited = error.code == "RATE_LIMITED";
    if (limited) {
      BrokerMessage message = Said(OfKind(BrokerReportKind::kRateLimited, error.reason), command);
      message.retry_after = error.retry_after;
      Tell(std::move(message));
    } else {
      Log(Severity::kWarning, "broker_error", {{"code", error.code}, {"reason", error.reason}});
    }
    if (!pending) return;
    const auto end = [&](BrokerReportKind kind, const OrderId& order, const OrderId& replaces) {
      BrokerReport report = OfKind(kind, error.reason);
      report.client_order_id = ClientOrderId(order);
      if (replaces) report.replaces = ClientOrderId(replaces);
      report.code = error.code;
      Tell(Said(std::move(report), command));
    };
    if (pending->kind == OrderCommandKind::kPlace) {
      for (const OrderTicket& ticket : pending->tickets) {
        end(limited ? BrokerReportKind::kNotSent : BrokerReportKind::kRejected, ticket.order, {});
      }
    } else if (pending->kind == OrderCommandKind::kReplace) {
      end(BrokerReportKind::kReplaceRejected, pending->tickets.front().order, pending->order);
    } else if (pending->kind == OrderCommandKind::kCancel && !limited) {
      end(BrokerReportKind::kCancelRejected, pending->order, {});
    }
  }

  // The request of that id, forgotten once it has its answers: one for each of its orders.
  std::optional<Pending> Answered(std::optional<uint64_t> id, size_t answers) {
    const std::lock_guard lock(mutex_);
    const auto found = id ? pending_.find(*id) : pending_.end();
    if (found == pending_.end()) return std::nullopt;
    Pending& pending = found->second;
    pending.answers = answers == 0 ? pending.answers + 1 : SIZE_MAX;
    Pending copy = pending;
    if (pending.answers >= std::max<size_t>(pending.tickets.size(), 1)) pending_.erase(found);
    return copy;
  }

  void TellSkew(Time venue, Instant asked, Instant now) {
    const Duration half = std::chrono::duration_cast<Duration>(now - asked) / 2;
    const Duration skew = venue - (WallNow() - half);
    if (told_skew_ && std::chrono::abs(skew - *told_skew_) < kSkewStep) return;
    told_skew_ = skew;
    BrokerReport report = OfKind(BrokerReportKind::kClock, "");
    report.broker_time = venue;
    report.clock_skew = skew;
    Tell(Said(std::move(report)));
  }

  const VenueBrokerOptions options_;
  const net::TlsAddress address_;
  Listener listener_ = [](BrokerMessage) {};

  mutable std::mutex mutex_;
  std::condition_variable wake_, closed_;
  bool open_ = false, stopping_ = false, in_session_ = false;
  absl::Status refused_;
  std::shared_ptr<net::TlsStream> stream_;
  uint64_t last_id_ = 1;
  std::map<uint64_t, Pending> pending_;
  std::atomic<bool> connected_{false};

  // The thread's alone.
  std::optional<uint64_t> ping_id_;
  Instant ping_sent_;
  std::optional<Duration> told_skew_;
  bool told_no_session_ = false;
  std::mt19937_64 random_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Broker>> MakeVenueBroker(VenueBrokerOptions options) {
  absl::StatusOr<net::TlsAddress> address = net::ParseTlsAddress(options.address);
  if (!address.ok()) return address.status();
  return std::make_unique<VenueBroker>(std::move(options), *std::move(address));
}

}  // namespace spillway::oms
