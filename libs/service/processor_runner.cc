#include "libs/service/processor_runner.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "libs/base/build_info.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/service/checkpoint_store.h"
#include "libs/service/latency_series.h"

namespace spillway::service {
namespace {

constexpr Duration kReadWait = std::chrono::milliseconds(50);
constexpr Duration kDrainMax = std::chrono::seconds(2);
constexpr Duration kPositionsPeriod = std::chrono::milliseconds(250);
constexpr Duration kRetryPause = std::chrono::milliseconds(100);
constexpr Duration kCheckpointPeriodDefault = std::chrono::seconds(5);

using SteadyClock = std::chrono::steady_clock;

// The series of one job.
struct JobSeries {
  JobSeries(Metrics& metrics, const std::string& service, const std::string& job)
      : events_in(Counter(metrics, service, "events_in_total", "Events handed to the processor", job)),
        events_out(Counter(metrics, service, "events_out_total", "Events the processor emitted", job)),
        groups(Counter(metrics, service, "groups_total", "Groups appended", job)),
        suppressed(Counter(metrics, service, "groups_suppressed_total", "Groups the lane had already", job)),
        bad_messages(Counter(metrics, service, "bad_messages_total", "Messages set aside as dead letters", job)),
        refolds(Counter(metrics, service, "refolds_total", "Times the lane was folded again", job)),
        append_failures(
            Counter(metrics, service, "append_failures_total", "Appends not acknowledged in time, and repeated", job)),
        checkpoint_bytes(
            metrics.Gauge("spillway_" + service + "_checkpoint_bytes", "Size of the last checkpoint", {{"job", job}})),
        checkpoint_failures(
            Counter(metrics, service, "checkpoint_failures_total", "Checkpoints that could not be written", job)),
        transport(metrics, "spillway_" + service + "_transport_seconds",
                  "From the hop before handing a message to the log until it is read here", {{"job", job}}),
        processing(metrics, "spillway_" + service + "_processing_seconds",
                   "From reading a message until what it made the processor say is on the lane", {{"job", job}}),
        since_ingest(metrics, "spillway_" + service + "_since_ingest_seconds",
                     "From ingest having the market event until what follows from it is on the lane", {{"job", job}}) {}

  static prometheus::Counter& Counter(Metrics& metrics, const std::string& service, const std::string& what,
                                      const std::string& help, const std::string& job) {
    return metrics.Counter("spillway_" + service + "_" + what, help, {{"job", job}});
  }

  prometheus::Counter& events_in;
  prometheus::Counter& events_out;
  prometheus::Counter& groups;
  prometheus::Counter& suppressed;
  prometheus::Counter& bad_messages;
  prometheus::Counter& refolds;
  prometheus::Counter& append_failures;
  prometheus::Gauge& checkpoint_bytes;
  prometheus::Counter& checkpoint_failures;
  LatencySeries transport, processing, since_ingest;
};

class JobRunner final : public runtime::ShellObserver {
 public:
  JobRunner(Context& context, ProcessorJob job)
      : context_(context),
        job_(std::move(job)),
        log_(context.connection, job_.producer),
        series_(context.metrics, context.name, job_.name) {
    for (const log::LaneName& lane : job_.inputs) positions_[lane] = 0;
  }

  // Returns when the service stops and the job has drained, or with its error.
  absl::Status Run() {
    const absl::Status status = StartAndLoop();
    // Asked to stop while the log was away: what is not appended is computed again by the next start.
    return absl::IsCancelled(status) ? absl::OkStatus() : status;
  }

  void Report(StatusReport& report) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [lane, position] : positions_) {
      const auto end = ends_.find(lane);
      report.lanes.push_back({lane, position, end == ends_.end() ? position : std::max(end->second, position)});
    }
    const auto add = [&](const char* what, const LatencySeries& series) {
      if (series.quantiles().count() > 0) {
        report.latency[job_.name + "/" + what] = Summary(series.quantiles());
      }
    };
    add("transport", series_.transport);
    add("processing", series_.processing);
    add("since_ingest", series_.since_ingest);
    report.counters["events"] += static_cast<uint64_t>(series_.events_in.Value());
    report.counters["events_out"] += static_cast<uint64_t>(series_.events_out.Value());
    report.counters["dead_letters"] += static_cast<uint64_t>(series_.bad_messages.Value());
    if (!note_.empty()) report.notes.push_back(job_.name + ": " + note_);
  }

  // Says in the positions bucket how far each lane was read, and learns where they end. Another thread's work.
  void TellPositions(jetstream::JetStreamLog& log) {
    std::map<log::LaneName, uint64_t> positions;
    {
      const std::lock_guard lock(mutex_);
      positions = positions_;
    }
    for (const auto& [lane, position] : positions) {
      // Best effort, every 250 ms: a failure shows as an entry that ages.
      (void)jetstream::PutPosition(*context_.connection, context_.name, lane, position);
      const absl::StatusOr<jetstream::LaneInfo> info = log.Info(lane);
      if (!info.ok()) continue;
      context_.metrics
          .Gauge("spillway_" + context_.name + "_lag_messages", "Messages of the lane that were not read yet",
                 {{"job", job_.name}, {"lane", lane}})
          .Set(info->last_sequence > position ? static_cast<double>(info->last_sequence - position) : 0);
      const std::lock_guard lock(mutex_);
      ends_[lane] = info->last_sequence;
    }
  }

 private:
  absl::Status StartAndLoop() {
    const v1::CheckpointSettings& settings = context_.settings.checkpoint();
    if (!settings.directory().empty()) {
      absl::StatusOr<std::unique_ptr<CheckpointStore>> store = CheckpointStore::Open(settings.directory(), job_.name);
      if (!store.ok()) return store.status();
      store_ = std::move(*store);
    }
    if (settings.period_ns() > 0) checkpoint_period_ = Duration(settings.period_ns());
    if (absl::Status status = Start(); !status.ok()) return status;
    absl::Status status = Loop();
    if (status.ok()) {
      SaveCheckpoint();
      if (store_ != nullptr) status = store_->Flush();
    }
    return status;
  }

  absl::Status Start() {
    shell_ = std::make_unique<runtime::LaneShell>(
        job_.make, log_,
        runtime::LaneShellOptions{.inputs = job_.inputs, .output = job_.output, .build = std::string(BuildId())}, this);
    std::optional<std::string> checkpoint;
    if (store_ != nullptr && !refolding_) {
      absl::StatusOr<std::optional<std::string>> loaded = store_->Load();
      if (loaded.ok()) {
        checkpoint = std::move(*loaded);
      } else {
        Note(std::string(loaded.status().message()) + "; folding the lane from its beginning");
      }
    }
    std::string adapter;
    if (checkpoint && job_.restore) {
      if (absl::Status status = SplitCheckpoint(*checkpoint, adapter); !status.ok()) {
        Note(std::string(status.message()) + "; folding the lane from its beginning");
        checkpoint.reset();
      }
    }
    std::string note;
    if (absl::Status status = StartShell(checkpoint, note); !status.ok()) return status;
    if (!note.empty()) Note(note);
    const bool restored = checkpoint.has_value() && note.empty();
    job_.reset();
    if (restored && job_.restore) {
      runtime::StateReader state(adapter);
      if (absl::Status status = job_.restore(state); !status.ok()) return status;
    }
    LearnPositions();
    LearnStartEnds();
    Log(Severity::kInfo, "job_started", {{"job", job_.name}, {"checkpoint", restored}, {"build", BuildId()}});
    return absl::OkStatus();
  }

  // A lane that its owner has not made yet is waited for.
  absl::Status StartShell(const std::optional<std::string>& checkpoint, std::string& note) {
    bool told = false;
    while (true) {
      absl::Status status = shell_->Start(checkpoint, note);
      if (!absl::IsNotFound(status) && !absl::IsUnavailable(status)) return status;
      if (!told) {
        Log(Severity::kWarning, "waiting_for_lane", {{"job", job_.name}, {"reason", status}});
        told = true;
      }
      if (context_.WaitForStop(std::chrono::milliseconds(500))) return absl::CancelledError("asked to stop");
    }
  }

  absl::Status Loop() {
    std::optional<SteadyClock::time_point> drain_until;
    SteadyClock::time_point next_checkpoint = SteadyClock::now() + checkpoint_period_;
    while (true) {
      if (context_.stopping() && !drain_until) drain_until = SteadyClock::now() + kDrainMax;
      if (drain_until && SteadyClock::now() >= *drain_until) return absl::OkStatus();
      const absl::StatusOr<bool> stepped = shell_->Step(kReadWait);
      if (!stepped.ok()) {
        if (absl::Status status = Recover(stepped.status()); !status.ok()) return status;
        continue;
      }
      appending_ = true;
      KeepCounts();
      job_.after_step(*shell_);
      if (!*stepped) {
        if (drain_until) return absl::OkStatus();
      }
      if (!shell_->caught_up() && PassedStartEnds()) shell_->SetCaughtUp();
      if (!ready_ && shell_->caught_up()) {
        ready_ = true;
        context_.readiness.Present(job_.name);
      }
      const SteadyClock::time_point now = SteadyClock::now();
      if (now >= next_checkpoint && shell_->at_rest()) {
        SaveCheckpoint();
        next_checkpoint = now + checkpoint_period_;
      }
    }
  }

  // Where the checkpoint, or the beginning, has put the shell: a silent lane would never say so.
  void LearnPositions() {
    const std::lock_guard lock(mutex_);
    for (auto& [lane, position] : positions_) position = 0;
    for (const auto& [lane, position] : shell_->positions()) positions_[lane] = position.sequence;
    last_lane_ = nullptr;
    last_lane_name_ = nullptr;
  }

  // A busy lane never shows its end: where it ended when we started is the mark.
  void LearnStartEnds() {
    start_ends_.clear();
    for (const log::LaneName& lane : job_.inputs) {
      const absl::StatusOr<jetstream::LaneInfo> info = log_.Info(lane);
      if (info.ok()) start_ends_[lane] = info->last_sequence;
    }
  }
  bool PassedStartEnds() {
    if (start_ends_.size() != job_.inputs.size()) return false;
    const std::lock_guard lock(mutex_);
    return std::all_of(start_ends_.begin(), start_ends_.end(),
                       [&](const auto& end) { return positions_.at(end.first) >= end.second; });
  }

  // What a failed step asks for: patience, folding the lane again, or the end.
  absl::Status Recover(const absl::Status& status) {
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) {
      series_.append_failures.Increment();
      if (std::exchange(appending_, false)) {
        Log(Severity::kWarning, "lane_unavailable", {{"job", job_.name}, {"reason", status}});
      }
      if (context_.WaitForStop(kRetryPause)) return absl::CancelledError("asked to stop");
      return absl::OkStatus();
    }
    if (!absl::IsDataLoss(status) || refolding_) return status;
    refolding_ = true;
    series_.refolds.Increment();
    Log(Severity::kError, "folding_the_lane_again", {{"job", job_.name}, {"reason", status}});
    Note(std::string(status.message()));
    return Start();
  }

  void SaveCheckpoint() {
    if (store_ == nullptr || !shell_->at_rest()) return;
    std::string bytes = shell_->Checkpoint();
    if (job_.save) {
      runtime::StateWriter state;
      job_.save(state);
      runtime::StateWriter both;
      both(bytes, state.bytes());
      bytes = both.Take();
    }
    series_.checkpoint_bytes.Set(static_cast<double>(bytes.size()));
    store_->Save(std::move(bytes));
    const absl::Status last = store_->last_status();
    if (last.ok() != checkpoints_fine_) {
      checkpoints_fine_ = last.ok();
      if (!last.ok()) Log(Severity::kError, "checkpoint_failed", {{"job", job_.name}, {"reason", last}});
    }
    if (!last.ok()) series_.checkpoint_failures.Increment();
  }

  // Splits what SaveCheckpoint has put together; the shell's part stays in `checkpoint`.
  static absl::Status SplitCheckpoint(std::string& checkpoint, std::string& adapter) {
    std::string shell;
    runtime::StateReader both(checkpoint);
    both(shell, adapter);
    checkpoint = std::move(shell);
    return both.Finish();
  }

  void KeepCounts() {
    const auto raise = [](prometheus::Counter& counter, uint64_t& told, uint64_t now) {
      if (now > told) counter.Increment(static_cast<double>(now - told));
      told = now;
    };
    raise(series_.events_in, told_in_, shell_->events_in());
    raise(series_.events_out, told_out_, shell_->events_out());
    raise(series_.groups, told_groups_, shell_->groups_appended());
    raise(series_.suppressed, told_suppressed_, shell_->groups_suppressed());
    const std::lock_guard lock(mutex_);
    if (last_lane_ != nullptr) *last_lane_ = last_sequence_;
  }

  void Note(const std::string& note) {
    Log(Severity::kWarning, "note", {{"job", job_.name}, {"text", note}});
    const std::lock_guard lock(mutex_);
    note_ = note;
  }

  // ShellObserver
  void OnMessage(const log::LaneName& lane, const log::LaneMessage& message) override {
    read_ns_ = SteadyNanos();
    if (last_lane_name_ != &lane || last_lane_ == nullptr) {
      const std::lock_guard lock(mutex_);
      if (last_lane_ != nullptr) *last_lane_ = last_sequence_;
      last_lane_ = &positions_[lane];
      last_lane_name_ = &lane;
    }
    last_sequence_ = message.sequence;
    const LatencyStamps stamps = ParseStamps(message.side);
    origin_ns_ = stamps.origin_ns;
    if (!stamps.hops.empty() && shell_->caught_up()) {
      series_.transport.Record(read_ns_ - stamps.hops.back().steady_ns);
    }
  }
  void OnInput(const Event& event) override { job_.on_input(event); }
  void OnOutput(const Event& event, bool is_new) override { job_.on_output(event, is_new); }
  std::string_view Side(std::string_view input_side) override {
    return stamps_.Extend(input_side, context_.name, SteadyNanos());
  }
  void OnAppended() override {
    if (!shell_->caught_up()) return;
    const int64_t now = SteadyNanos();
    series_.processing.Record(now - read_ns_);
    if (origin_ns_ != 0) series_.since_ingest.Record(now - origin_ns_);
  }
  void OnBadMessage(const log::LaneName& lane, const log::LaneMessage& message, const absl::Status& status) override {
    series_.bad_messages.Increment();
    Log(Severity::kError, "bad_message", {{"lane", lane}, {"sequence", message.sequence}, {"reason", status}});
    const absl::Status kept = jetstream::AppendDeadLetter(*context_.connection, context_.name, lane, message.sequence,
                                                          std::string(status.message()), message.bytes);
    if (!kept.ok()) Log(Severity::kError, "dead_letter_not_kept", {{"lane", lane}, {"reason", kept}});
  }

  Context& context_;
  const ProcessorJob job_;
  jetstream::JetStreamLog log_;
  JobSeries series_;
  std::unique_ptr<CheckpointStore> store_;
  Duration checkpoint_period_ = kCheckpointPeriodDefault;
  std::unique_ptr<runtime::LaneShell> shell_;
  bool refolding_ = false;
  bool ready_ = false;
  bool appending_ = true;
  bool checkpoints_fine_ = true;
  StampWriter stamps_;
  int64_t read_ns_ = 0, origin_ns_ = 0;
  uint64_t told_in_ = 0, told_out_ = 0, told_groups_ = 0, told_suppressed_ = 0;

  const log::LaneName* last_lane_name_ = nullptr;
  uint64_t last_sequence_ = 0;
  uint64_t* last_lane_ = nullptr;  // its place in positions_

  mutable std::mutex mutex_;
  std::map<log::LaneName, uint64_t> positions_;  // the last message read
  std::map<log::LaneName, uint64_t> ends_;
  std::map<log::LaneName, uint64_t> start_ends_;  // the job's thread alone
  std::string note_;
};

}  // namespace

absl::Status RunProcessors(Context& context, std::vector<ProcessorJob> jobs, std::function<void(StatusReport&)> more) {
  std::vector<std::unique_ptr<JobRunner>> runners;
  for (ProcessorJob& job : jobs) {
    context.readiness.Missing(job.name);
    runners.push_back(std::make_unique<JobRunner>(context, std::move(job)));
  }
  context.status = [&] {
    StatusReport report;
    for (const std::unique_ptr<JobRunner>& runner : runners) runner->Report(report);
    if (more) more(report);
    return context.StatusJson(report);
  };
  const StatusGuard guard(context);

  std::mutex mutex;
  absl::Status failed;
  std::atomic<size_t> running = runners.size();
  std::vector<std::thread> threads;
  for (const std::unique_ptr<JobRunner>& runner : runners) {
    threads.emplace_back([&, &job = *runner] {
      const absl::Status status = job.Run();
      if (!status.ok()) {
        const std::lock_guard lock(mutex);
        if (failed.ok()) failed = status;
        context.RequestStop();
      }
      --running;
    });
  }
  jetstream::JetStreamLog log(context.connection, Producer::kNone);
  while (!context.WaitForStop(kPositionsPeriod)) {
    for (const std::unique_ptr<JobRunner>& runner : runners) runner->TellPositions(log);
  }
  for (std::thread& thread : threads) thread.join();
  return failed;
}

}  // namespace spillway::service
