#include "services/universe/adapters/redis_active_set.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "libs/base/build_info.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"

namespace spillway::universe {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using Command = std::vector<std::string>;

constexpr Duration kTtlDefault = std::chrono::minutes(10);
constexpr size_t kMembersPerCommand = 1000;

timeval ToTimeval(Duration duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000};
}

std::string Milliseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;

// A connection to Redis. Every failure closes it. For one thread.
class RedisConnection {
 public:
  explicit RedisConnection(const RedisOptions& options) : options_(options) {}

  bool open() const { return context_ != nullptr; }
  void Close() { context_.reset(); }

  absl::Status Open() {
    context_.reset(redisConnectWithTimeout(options_.host.c_str(), options_.port, ToTimeval(options_.connect_timeout)));
    if (context_ == nullptr) return absl::ResourceExhaustedError("redis: no memory for a connection");
    if (context_->err != 0) return Lost();
    redisSetTimeout(context_.get(), ToTimeval(options_.command_timeout));
    if (options_.password.empty()) return absl::OkStatus();
    const absl::StatusOr<Reply> reply = Run({"AUTH", options_.password});
    return reply.status();
  }

  // InvalidArgument, PermissionDenied and the like are Redis' own refusals; Unavailable: the connection was lost.
  absl::StatusOr<Reply> Run(const Command& command) {
    absl::StatusOr<std::vector<Reply>> replies = Pipeline({command});
    if (!replies.ok()) return replies.status();
    return std::move(replies->front());
  }

  // Sends all, then reads all replies. An error reply of any, also within an EXEC, is the error of all.
  absl::StatusOr<std::vector<Reply>> Pipeline(const std::vector<Command>& commands) {
    if (!open()) return absl::UnavailableError("redis: not connected");
    for (const Command& command : commands) {
      std::vector<const char*> words;
      std::vector<size_t> sizes;
      for (const std::string& word : command) {
        words.push_back(word.data());
        sizes.push_back(word.size());
      }
      if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), words.data(), sizes.data()) !=
          REDIS_OK) {
        return Lost();
      }
    }
    std::vector<Reply> replies;
    std::string refusal;
    for (size_t i = 0; i < commands.size(); ++i) {
      void* reply = nullptr;
      if (redisGetReply(context_.get(), &reply) != REDIS_OK) return Lost();
      replies.emplace_back(static_cast<redisReply*>(reply));
      if (refusal.empty()) refusal = RefusalIn(*replies.back());
    }
    if (!refusal.empty()) return Refused(refusal);
    return replies;
  }

 private:
  struct ContextDeleter {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  static std::string RefusalIn(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_ERROR) return std::string(reply.str, reply.len);
    if (reply.type != REDIS_REPLY_ARRAY) return "";
    for (size_t i = 0; i < reply.elements; ++i) {
      if (std::string refusal = RefusalIn(*reply.element[i]); !refusal.empty()) return refusal;
    }
    return "";
  }

  absl::Status Lost() {
    const std::string seen =
        context_->err == REDIS_ERR_IO && context_->errstr[0] == '\0' ? "no answer" : context_->errstr;
    Close();
    return absl::UnavailableError(
        fmt::format("redis {}:{}: {}; is it running, and is the address right?", options_.host, options_.port, seen));
  }

  absl::Status Refused(const std::string& refusal) {
    Close();
    const bool credentials = refusal.starts_with("NOAUTH") || refusal.starts_with("WRONGPASS") ||
                             refusal.starts_with("ERR AUTH") || refusal.starts_with("ERR invalid password") ||
                             refusal.starts_with("ERR Client sent AUTH");
    return credentials ? absl::PermissionDeniedError(fmt::format("redis {}:{}: {}; check redis.password_file",
                                                                 options_.host, options_.port, refusal))
                       : absl::FailedPreconditionError(
                             fmt::format("redis {}:{}: refused: {}", options_.host, options_.port, refusal));
  }

  const RedisOptions& options_;
  std::unique_ptr<redisContext, ContextDeleter> context_;
};

}  // namespace

absl::Status SetAddress(const std::string& address, RedisOptions& options) {
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  bool good = colon != std::string::npos && colon > 0;
  if (good) {
    const char* const end = address.data() + address.size();
    const auto result = std::from_chars(address.data() + colon + 1, end, port);
    good = result.ec == std::errc() && result.ptr == end && port != 0;
  }
  if (!good) {
    return absl::InvalidArgumentError(fmt::format("redis.address: '{}': expected host:port", address));
  }
  options.host = address.substr(0, colon);
  if (options.host.front() == '[' && options.host.back() == ']') options.host = options.host.substr(1, colon - 2);
  options.port = port;
  return absl::OkStatus();
}

struct ActiveSetPublisher::Impl {
  struct Entry {
    ActiveSet set;
    SteadyTime given;  // when Publish was called: its life begins
    uint64_t version = 0;
    uint64_t written = 0;  // the version that Redis has
  };

  Impl(RedisOptions given_options, service::Metrics& metrics)
      : options(std::move(given_options)),
        connection(options),
        up_gauge(metrics.Gauge("spillway_universe_redis_up", "1 while Redis takes the active sets")),
        stale_gauge(metrics.Gauge("spillway_universe_redis_stale_seconds",
                                  "How long Redis has not had the newest active set of some instance; 0: it has all")),
        published_counter(metrics.Counter("spillway_universe_redis_published_total", "Active sets written to Redis")),
        failures_counter(
            metrics.Counter("spillway_universe_redis_failures_total", "Attempts to connect or to write that failed")),
        thread([this] { Work(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }

  // ------------------------------------------------ the thread

  void Work() {
    Duration retry = options.retry_min;
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      const absl::Status status = Attempt();
      lock.lock();
      Tell(status);
      const auto until = status.ok() ? std::chrono::steady_clock::now() + options.check_period
                                     : std::chrono::steady_clock::now() + retry;
      retry = status.ok() ? options.retry_min : std::min(2 * retry, options.retry_max);
      // A failure is waited out: what comes meanwhile is the newest then.
      wake.wait_until(lock, until, [&] { return stopping || (status.ok() && AnyWaiting()); });
    }
  }

  // Connects where needed, writes what waits, and looks whether what was written is still there.
  absl::Status Attempt() {
    if (!connection.open()) {
      if (absl::Status status = connection.Open(); !status.ok()) return status;
      const std::lock_guard lock(mutex);
      for (auto& [name, entry] : entries) entry.written = 0;  // it may have started empty
    }
    if (absl::Status status = FindLost(); !status.ok()) return status;
    while (true) {
      std::optional<Entry> next = NextWaiting();
      if (!next) return absl::OkStatus();
      if (absl::Status status = Write(*next); !status.ok()) return status;
      const std::lock_guard lock(mutex);
      Entry& entry = entries.at(next->set.instance);
      entry.written = next->version;
      ++published;
      published_counter.Increment();
      if (entry.set.ended && entry.written == entry.version) entries.erase(next->set.instance);
    }
  }

  // Sets whose keys are gone before their time (FLUSHALL, an empty restart behind a proxy) are written again.
  absl::Status FindLost() {
    std::vector<std::string> names;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [name, entry] : entries) {
        if (entry.written == entry.version && !entry.set.ended && LifeLeft(entry) > options.check_period) {
          names.push_back(name);
        }
      }
    }
    std::vector<Command> commands = {{"PING"}};
    for (const std::string& name : names) commands.push_back({"EXISTS", Key(name, "meta")});
    const absl::StatusOr<std::vector<Reply>> replies = connection.Pipeline(commands);
    if (!replies.ok()) return replies.status();
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < names.size(); ++i) {
      if ((*replies)[i + 1]->integer != 0) continue;
      if (const auto entry = entries.find(names[i]); entry != entries.end()) entry->second.written = 0;
    }
    return absl::OkStatus();
  }

  absl::Status Write(const Entry& entry) {
    const std::string& name = entry.set.instance;
    const std::string active = Key(name, "active"), meta = Key(name, "meta");
    const std::string instances = options.prefix + ":universe:instances";
    std::vector<Command> commands = {{"MULTI"}};
    if (entry.set.ended) {
      commands.push_back({"DEL", active, meta});
      commands.push_back({"SREM", instances, name});
    } else {
      const std::string life = Milliseconds(LifeLeft(entry));
      AddMembers(entry.set, active, life, commands);
      commands.push_back({"DEL", meta});
      commands.push_back({"HSET", meta, "effective_time", FormatTime(entry.set.effective_time), "refreshed_at",
                          FormatTime(entry.set.refreshed_at), "count", std::to_string(entry.set.symbols.size()),
                          "sequence", std::to_string(entry.set.sequence), "digest", DigestOf(entry.set), "build",
                          std::string(BuildId())});
      commands.push_back({"PEXPIRE", meta, life});
      commands.push_back({"SADD", instances, name});
      commands.push_back({"PEXPIRE", instances, Milliseconds(LongestLife())});
    }
    commands.push_back({"EXEC"});
    return connection.Pipeline(commands).status();
  }

  // The new set is made beside the old one and takes its name: a reader sees the one or the other, whole.
  static void AddMembers(const ActiveSet& set, const std::string& active, const std::string& life,
                         std::vector<Command>& commands) {
    if (set.symbols.empty()) {
      commands.push_back({"DEL", active});
      return;
    }
    const std::string next = active + ":next";
    commands.push_back({"DEL", next});
    for (size_t begin = 0; begin < set.symbols.size(); begin += kMembersPerCommand) {
      const size_t end = std::min(begin + kMembersPerCommand, set.symbols.size());
      Command add = {"SADD", next};
      add.insert(add.end(), set.symbols.begin() + static_cast<std::ptrdiff_t>(begin),
                 set.symbols.begin() + static_cast<std::ptrdiff_t>(end));
      commands.push_back(std::move(add));
    }
    commands.push_back({"RENAME", next, active});
    commands.push_back({"PEXPIRE", active, life});
  }

  // ------------------------------------------------ what is known; under the mutex

  std::optional<Entry> NextWaiting() {
    const std::lock_guard lock(mutex);
    for (auto& [name, entry] : entries) {
      if (Waits(entry)) return entry;
    }
    return std::nullopt;
  }
  // One that has outlived its time while Redis was away is not brought back.
  bool Waits(const Entry& entry) const {
    return entry.written != entry.version && (entry.set.ended || LifeLeft(entry) > Duration(0));
  }
  bool AnyWaiting() const {
    return std::any_of(entries.begin(), entries.end(), [this](const auto& item) { return Waits(item.second); });
  }
  Duration TtlOf(const ActiveSet& set) const {
    if (options.ttl > Duration(0)) return options.ttl;
    return set.refresh > Duration(0) ? 2 * set.refresh : kTtlDefault;
  }
  Duration LifeLeft(const Entry& entry) const {
    return TtlOf(entry.set) - (std::chrono::steady_clock::now() - entry.given);
  }
  Duration LongestLife() {
    const std::lock_guard lock(mutex);
    Duration longest = std::chrono::milliseconds(1);
    for (const auto& [name, entry] : entries) longest = std::max(longest, LifeLeft(entry));
    return longest;
  }
  std::string Key(const std::string& instance, std::string_view what) const {
    return fmt::format("{}:universe:{}:{}", options.prefix, instance, what);
  }

  void Tell(const absl::Status& status) {
    if (!status.ok()) failures_counter.Increment();
    if (!told || up != status.ok()) {
      if (status.ok()) {
        service::Log(service::Severity::kInfo, "redis_up", {{"host", options.host}, {"port", options.port}});
      } else {
        service::Log(service::Severity::kWarning, "redis_down",
                     {{"error", status}, {"in_force", "the last good sets; published when it is back"}});
      }
    }
    told = true;
    up = status.ok();
    error = std::string(status.message());
    up_gauge.Set(up ? 1 : 0);
    if (!AnyWaiting()) {
      waiting_since.reset();
    } else if (!waiting_since) {
      waiting_since = std::chrono::steady_clock::now();
    }
    stale_gauge.Set(
        waiting_since ? std::chrono::duration<double>(std::chrono::steady_clock::now() - *waiting_since).count() : 0);
  }

  const RedisOptions options;
  RedisConnection connection;  // the thread's

  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::map<std::string, Entry> entries;  // one an instance
  uint64_t published = 0;
  bool up = false, told = false;
  std::string error;
  std::optional<SteadyTime> waiting_since;

  prometheus::Gauge& up_gauge;
  prometheus::Gauge& stale_gauge;
  prometheus::Counter& published_counter;
  prometheus::Counter& failures_counter;

  std::thread thread;  // last: it uses all the others
};

ActiveSetPublisher::ActiveSetPublisher(RedisOptions options, service::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), metrics)) {}

ActiveSetPublisher::~ActiveSetPublisher() = default;

void ActiveSetPublisher::Publish(ActiveSet set) {
  {
    const std::lock_guard lock(impl_->mutex);
    Impl::Entry& entry = impl_->entries[set.instance];
    entry.set = std::move(set);
    entry.given = std::chrono::steady_clock::now();
    ++entry.version;
  }
  impl_->wake.notify_all();
}

ActiveSetPublisher::State ActiveSetPublisher::state() const {
  const std::lock_guard lock(impl_->mutex);
  State state{.up = impl_->up, .waiting = 0, .published = impl_->published, .error = impl_->error};
  for (const auto& [name, entry] : impl_->entries) state.waiting += impl_->Waits(entry) ? 1 : 0;
  return state;
}

}  // namespace spillway::universe
