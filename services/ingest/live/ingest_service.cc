#include "services/ingest/live/ingest_service.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "libs/base/build_info.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/new_session.h"
#include "libs/service/latency_ledger.h"
#include "libs/service/latency_series.h"
#include "services/ingest/adapters/simulator/simulated_session.h"
#include "services/ingest/live/ingest_metrics.h"
#include "services/ingest/live/ingest_watch.h"
#include "services/ingest/live/session_player.h"
#include "services/universe/adapters/reference_csv.h"

namespace spillway::ingest {
namespace {

using service::Log;
using service::Severity;

constexpr Duration kLookAgain = std::chrono::milliseconds(50);  // for a stop and for the lease, while waiting
constexpr Duration kStandbyLook = std::chrono::milliseconds(100);

Duration Or(int64_t nanos, Duration otherwise) {
  return nanos > 0 ? Duration(nanos) : otherwise;
}

// ---------------------------------------------------------------- the session

// Makes the scenario's session unless it is there: whole, since it takes its name when it is complete.
absl::StatusOr<std::string> EnsureSimulated(service::Context& context, const v1::PlaySettings& play) {
  const std::string& directory = context.settings.checkpoint().directory();
  if (directory.empty()) {
    return absl::InvalidArgumentError(
        "service.checkpoint.directory: needed to play a scenario: its session is kept there");
  }
  const absl::StatusOr<std::string> scenario = ScenarioFile(play.scenario());
  if (!scenario.ok()) return absl::InvalidArgumentError("play.scenario: " + std::string(scenario.status().message()));
  const std::string seed = play.has_seed() ? std::to_string(play.seed()) : "own";
  const std::filesystem::path path =
      std::filesystem::path(directory) /
      fmt::format("{}-{}.session", std::filesystem::path(play.scenario()).stem().string(), seed);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path.string();
  log::NewSessionOptions session_options;
  session_options.log.build = std::string(BuildId());
  absl::StatusOr<std::unique_ptr<log::NewSession>> session = log::NewSession::Create(path, std::move(session_options));
  if (!session.ok()) return session.status();
  Log(Severity::kInfo, "simulating", {{"scenario", *scenario}, {"session", path.string()}});
  SimulatorOptions options;
  options.scenario_file = *scenario;
  if (play.has_seed()) options.seed = play.seed();
  const absl::StatusOr<SimulatedSession> simulated = SimulateSession(
      options, **session, [](uint64_t, uint64_t) {}, [&] { return context.stopping(); });
  if (!simulated.ok()) return simulated.status();
  Log(Severity::kInfo, "simulated", {{"rows", simulated->rows}, {"symbols", simulated->symbols}});
  return path.string();
}

absl::StatusOr<std::unique_ptr<log::SegmentLog>> OpenSession(service::Context& context, const v1::PlaySettings& play) {
  if (play.session().empty() == play.scenario().empty()) {
    return absl::InvalidArgumentError("play: expected a session or a scenario, one of them");
  }
  std::string path = play.session();
  if (path.empty()) {
    absl::StatusOr<std::string> simulated = EnsureSimulated(context, play);
    if (!simulated.ok()) return simulated.status();
    path = *std::move(simulated);
  }
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = log::SegmentLog::OpenForReading(path);
  if (!session.ok()) return absl::InvalidArgumentError("play.session: " + std::string(session.status().message()));
  return session;
}

absl::StatusOr<universe::ReferenceData> ReadReference(const v1::IngestSettings& settings) {
  universe::ReferenceData all;
  for (const std::string& file : settings.reference()) {
    const absl::StatusOr<universe::ReferenceData> data = universe::ReadReferenceCsv(file);
    if (!data.ok()) return absl::InvalidArgumentError("reference: " + std::string(data.status().message()));
    all.Merge(*data);
  }
  return all;
}

// ---------------------------------------------------------------- the lanes

std::vector<log::LaneName> MarketLaneNames(const v1::ServiceSettings& settings) {
  std::vector<log::LaneName> names;
  for (const uint32_t lane : service::MarketLanes(settings)) names.push_back(fmt::format("market.{}", lane));
  return names;
}

jetstream::RetentionOptions Retention(const v1::NatsSettings& nats) {
  jetstream::RetentionOptions retention;
  retention.age_max = Or(nats.retention_age_ns(), retention.age_max);
  if (nats.has_retention_megabytes()) retention.bytes_max = uint64_t{nats.retention_megabytes()} << 20;
  if (nats.has_replicas()) retention.replicas = static_cast<int>(nats.replicas());
  return retention;
}

// Streams and buckets of the whole stack. A user that may not make them finds them made, or the lanes say that they are
// missing when they are opened.
absl::Status EnsureStack(service::Context& context) {
  const v1::ServiceSettings& settings = context.settings;
  const jetstream::RetentionOptions retention = Retention(settings.nats());
  std::vector<log::LaneName> lanes = MarketLaneNames(settings);
  for (const uint32_t lane : service::MarketLanes(settings)) lanes.push_back(fmt::format("features.{}", lane));
  lanes.push_back("trading");
  jetstream::Connection& connection = *context.connection;
  absl::Status made = jetstream::EnsureLanes(connection, lanes, retention);
  if (made.ok()) made = jetstream::EnsureBuckets(connection, retention.replicas);
  if (made.ok()) made = jetstream::EnsureDeadLetters(connection, retention);
  if (!absl::IsPermissionDenied(made)) return made;
  Log(Severity::kInfo, "lanes_not_ours_to_make", {{"reason", made}});
  return absl::OkStatus();
}

std::string LeaseHolder(const service::Context& context) {
  return fmt::format("{}:{}:{:08x}", context.instance, ::getpid(), std::random_device()());
}

// ---------------------------------------------------------------- playing

class LivePlay {
 public:
  LivePlay(service::Context& context, const v1::IngestSettings& settings, log::EventLog& session,
           const universe::ReferenceData& reference)
      : context_(context),
        settings_(settings),
        session_(session),
        reference_(reference),
        lane_names_(MarketLaneNames(context.settings)),
        metrics_(context.metrics, lane_names_.size()),
        latency_(context.metrics, "spillway_ingest_append_latency_seconds",
                 "From when a batch's first event was due to when the lane had the batch."),
        lease_(context.connection, "ingest", LeaseHolder(context)),
        ends_(lane_names_.size()),
        log_(context.connection, Producer::kIngest) {
    if (settings.play().speed() == 0) {
      lag_ = std::make_unique<ReaderLag>(context.connection,
                                         std::vector<std::string>(lane_names_.begin(), lane_names_.end()));
    }
  }

  absl::Status Run() {
    context_.status = [this] { return Status(); };
    service::StatusGuard guard(context_);
    if (absl::Status waited = AwaitLease(); !waited.ok()) return waited;
    if (absl::Status started = Start(); !started.ok()) return started;
    while (!context_.stopping()) {
      if (absl::Status acted = Act(); !acted.ok()) return acted;
    }
    return Drain();
  }

 private:
  absl::Status AwaitLease() {
    bool told = false;
    while (!lease_.held()) {
      if (context_.WaitForStop(kStandbyLook)) return absl::CancelledError("stopped as a standby");
      if (const std::string other = lease_.other(); !told && !other.empty()) {
        told = true;
        Log(Severity::kInfo, "standby", {{"active", other}});
      }
    }
    Log(Severity::kInfo, "active");
    return absl::OkStatus();
  }

  absl::Status Start() {
    std::vector<std::string> last_own;
    for (size_t lane = 0; lane < lane_names_.size(); ++lane) {
      absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log_.OpenWriter(lane_names_[lane]);
      if (!writer.ok()) return writer.status();
      writers_.push_back(*std::move(writer));
      const absl::StatusOr<bool> found = writers_.back()->LastOwn(last_own.emplace_back());
      if (!found.ok()) return found.status();
      if (!*found) last_own.back().clear();
      const absl::StatusOr<jetstream::LaneInfo> info = log_.Info(lane_names_[lane]);
      if (info.ok()) Appended(lane, info->last_sequence);
    }
    absl::StatusOr<std::unique_ptr<SessionPlayer>> player = SessionPlayer::Open(session_, Options(), last_own);
    if (!player.ok()) return player.status();
    player_ = *std::move(player);
    Log(Severity::kInfo, "playing",
        {{"session", settings_.play().session().empty() ? settings_.play().scenario() : settings_.play().session()},
         {"speed", settings_.play().speed()},
         {"lanes", lane_names_.size()},
         {"resumed", !last_own.front().empty()}});
    return absl::OkStatus();
  }

  PlayerOptions Options() {
    PlayerOptions options;
    const v1::PlaySettings& play = settings_.play();
    options.lanes = static_cast<uint32_t>(lane_names_.size());
    options.speed = play.speed();
    options.repeat = play.repeat();
    if (settings_.batch_events_max() > 0) options.batch_events_max = settings_.batch_events_max();
    options.batch_age_max = Or(settings_.batch_age_ns(), options.batch_age_max);
    options.stale_after = Or(settings_.stale_after_ns(), options.stale_after);
    if (play.lag_messages_max() > 0) options.lag_messages_max = play.lag_messages_max();
    if (lag_) options.lag = [this] { return lag_->Worst(); };
    if (!reference_.empty()) {
      options.complete = [this](InstrumentDefinition& definition) { reference_.Complete(definition); };
    }
    return options;
  }

  // One step of the player's. Without the lease nothing is appended: if another has it, the process ends; if nobody
  // (the server was away), it waits until it has it again. That an append in flight crosses a change of hands is
  // harmless: the lane refuses whoever did not see the other's last message.
  absl::Status Act() {
    if (!lease_.held()) {
      if (const std::string other = lease_.other(); !other.empty()) {
        return absl::AbortedError(fmt::format("lease ingest: {} holds it now; this one has stopped appending", other));
      }
      context_.WaitForStop(kLookAgain);
      return absl::OkStatus();
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    const absl::StatusOr<PlayerAction> action = player_->Next(now);
    if (!action.ok()) return action.status();
    Observe();
    switch (action->kind) {
      case PlayerAction::Kind::kAppend:
        return Append(*action->message);
      case PlayerAction::Kind::kWait:
        context_.WaitForStop(std::min<Duration>(action->until - now, kLookAgain));
        if (action->held_back) {
          const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - now;
          metrics_.backpressure.Increment(waited.count());
        }
        return absl::OkStatus();
      case PlayerAction::Kind::kEnded:
        if (!ended_.exchange(true)) Log(Severity::kInfo, "session_ended", {{"rows", player_->counts().rows}});
        context_.WaitForStop(kLookAgain);
        return absl::OkStatus();
    }
    return absl::InternalError("an action of the player's without a name");
  }

  // Until it is stored, the lane refuses it for good, or somebody else has the lease.
  absl::Status Append(const PlayedMessage& message) {
    bool told = false;
    while (true) {
      const int64_t now = service::SteadyNanos();
      const int64_t origin = message.origin.time_since_epoch().count();
      const absl::StatusOr<uint64_t> stored = writers_[message.lane]->Append(message.time, message.bytes, message.rows,
                                                                             stamps_.Begin(origin, "ingest", now));
      if (stored.ok()) {
        latency_.Record(service::SteadyNanos() - origin);
        Count(message, *stored);
        return absl::OkStatus();
      }
      metrics_.append_failures.Increment();
      if (!absl::IsUnavailable(stored.status())) return stored.status();
      if (!std::exchange(told, true)) Log(Severity::kWarning, "append_unavailable", {{"error", stored.status()}});
      if (context_.stopping()) return absl::CancelledError("stopped while the lane was away");
      if (const std::string other = lease_.other(); !lease_.held() && !other.empty()) {
        return absl::AbortedError(fmt::format("lease ingest: {} holds it now; this one has stopped appending", other));
      }
    }
  }

  void Count(const PlayedMessage& message, uint64_t sequence) {
    Appended(message.lane, sequence);
    IngestMetrics::Lane& lane = metrics_.lanes[message.lane];
    lane.batches.Increment();
    lane.events.Increment(static_cast<double>(message.events));
    if (message.rows > 0) metrics_.batch_events.Observe(static_cast<double>(message.events));
    events_ += message.events;
    rows_ += message.rows;
    ++batches_;
  }
  void Appended(size_t lane, uint64_t sequence) {
    ends_[lane] = sequence;
    if (lag_) lag_->Appended(lane, sequence);
  }

  void Observe() {
    const PlayerCounts& counts = player_->counts();
    const auto raise = [](prometheus::Counter& counter, uint64_t& seen, uint64_t now) {
      if (now > seen) counter.Increment(static_cast<double>(now - std::exchange(seen, now)));
    };
    raise(metrics_.feed_gaps, feed_gaps_, counts.feed_gaps);
    raise(metrics_.stale, stale_, counts.stale);
    raise(metrics_.passes, passes_, counts.passes_ended);
    metrics_.behind.Set(std::chrono::duration<double>(counts.behind).count());
    for (const auto& [feed, state] : counts.feeds) metrics_.FeedState(feed).Set(static_cast<double>(state));
    played_ns_ = ToNanos(player_->played());
  }

  absl::Status Drain() {
    player_->Stop();
    while (true) {
      const absl::StatusOr<PlayerAction> action = player_->Next(std::chrono::steady_clock::now());
      if (!action.ok()) return action.status();
      if (action->kind != PlayerAction::Kind::kAppend) return absl::OkStatus();
      if (!lease_.held()) return absl::OkStatus();  // whoever has it plays on behind what is there
      if (absl::Status appended = Append(*action->message); !appended.ok()) return appended;
    }
  }

  std::string Status() const {
    service::StatusReport report;
    for (size_t lane = 0; lane < lane_names_.size(); ++lane) {
      report.lanes.push_back({.lane = lane_names_[lane], .position = ends_[lane], .end = ends_[lane]});
    }
    report.latency["ingest"] = service::Summary(latency_.quantiles());
    report.counters = {{"events", events_}, {"rows", rows_}, {"batches", batches_}};
    const int64_t played = played_ns_;
    if (!lease_.held()) {
      const std::string other = lease_.other();
      report.notes.push_back(fmt::format("standby; active is {}", other.empty() ? "nobody that is known" : other));
    } else if (played != 0) {
      report.notes.push_back(fmt::format("{} {}, speed {}", ended_ ? "the session ended at" : "played up to",
                                         FormatTime(TimeFromNanos(played)), settings_.play().speed()));
    }
    return context_.StatusJson(report);
  }

  service::Context& context_;
  const v1::IngestSettings& settings_;
  log::EventLog& session_;
  const universe::ReferenceData& reference_;
  const std::vector<log::LaneName> lane_names_;
  IngestMetrics metrics_;
  service::LatencySeries latency_;
  LeaseKeeper lease_;
  std::unique_ptr<ReaderLag> lag_;  // at speed 0
  std::vector<std::atomic<uint64_t>> ends_;
  jetstream::JetStreamLog log_;
  std::vector<std::unique_ptr<log::LaneWriter>> writers_;
  std::unique_ptr<SessionPlayer> player_;
  service::StampWriter stamps_;
  uint64_t feed_gaps_ = 0, stale_ = 0, passes_ = 0;
  // Read by /status too.
  std::atomic<uint64_t> events_{0}, rows_{0}, batches_{0};
  std::atomic<int64_t> played_ns_{0};
  std::atomic<bool> ended_{false};
};

}  // namespace

absl::Status RunIngest(service::Context& context, const v1::IngestSettings& settings) {
  const absl::StatusOr<universe::ReferenceData> reference = ReadReference(settings);
  if (!reference.ok()) return reference.status();
  const absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(context, settings.play());
  if (!session.ok()) return session.status();
  if (absl::Status made = EnsureStack(context); !made.ok()) return made;
  return LivePlay(context, settings, **session, *reference).Run();
}

}  // namespace spillway::ingest
