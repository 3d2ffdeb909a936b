#include "services/notifier/delivery.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "libs/service/log.h"
#include "nlohmann/json.hpp"
#include "services/notifier/delivery_metrics.h"

namespace spillway::notifier {
namespace {

using service::Log;
using service::Severity;
using Steady = std::chrono::steady_clock;
using Instant = Steady::time_point;

constexpr Duration kRateWindow = std::chrono::minutes(1);
constexpr Duration kLifetimeMin = std::chrono::seconds(1);
constexpr Duration kLeasePoll = std::chrono::milliseconds(20);  // while there is something to do
constexpr Duration kIdleWait = std::chrono::seconds(1);
constexpr Duration kAppendPauseMax = std::chrono::seconds(2);

// One message to one channel, and its edits: what this process knows of it, which may be more than the ledger does.
struct Job {
  std::string id;
  std::shared_ptr<const AlertCard> card;
  Instant arrival;
  Instant deadline;
  MessageState state = MessageState::kDue;
  uint32_t attempts = 0;
  uint32_t own_attempts = 0;  // the last attempt that was made here: of it and those before we know more than the lane
  bool repeated = false;      // an attempt follows one whose answer was lost
  int resends = 0;
  std::string message_id;
  uint8_t told = 0;  // bits by AlertUpdateKind
  Instant not_before;
  int failures = 0;  // in a row: the backoff's step

  Instant edit_deadline;
  Instant edit_not_before;
  int edit_failures = 0;
  uint32_t edit_attempts = 0;

  std::deque<AlertReceipt> receipts;  // to be appended, in order
  Instant append_not_before;
  int append_failures = 0;
  std::optional<std::string> picture;
  bool busy = false;  // a thread is at it, without the lock
  bool seen = false;  // in this Sync

  bool open() const { return state == MessageState::kDue || state == MessageState::kInDoubt; }
  AlertUpdateKind news() const { return card->news.kind; }
  bool edit_due() const {
    return state == MessageState::kDelivered && news() != AlertUpdateKind::kUnknown &&
           (told >> static_cast<unsigned>(news()) & 1) == 0;
  }
  void SetTold(AlertUpdateKind kind) { told = static_cast<uint8_t>(told | 1U << static_cast<unsigned>(kind)); }
  bool settled() const { return !open() && !edit_due() && receipts.empty(); }
};

struct ChannelState {
  ChannelState(ChannelConfig settings, service::Metrics& metrics)
      : config(std::move(settings)), adapter(MakeAdapter(config)), series(metrics, config.name) {}

  ChannelConfig config;
  std::unique_ptr<ChannelAdapter> adapter;
  DeliveryMetrics series;
  std::map<std::string, Job> jobs;  // by delivery id
  std::deque<Instant> sends;        // of the last minute
  Instant not_before;               // told by the channel
  bool limited = false;             // waits for a limit; counted once
  std::string disabled;             // why; empty: it is not
  std::condition_variable wake;
  std::thread thread;
};

}  // namespace

struct DeliveryEngine::Impl {
  Impl(DeliveryOptions engine_options) : options(std::move(engine_options)), random(options.jitter_seed) {}

  DeliveryOptions options;
  mutable std::mutex mutex;
  std::vector<std::unique_ptr<ChannelState>> channels;
  uint64_t revision = 0;  // of the ledger, when it was last looked at
  bool acted = false;     // may_act() at the last Sync
  Time lane_time;
  std::mt19937_64 random;
  bool stopping = false;
  std::atomic<bool> broken_off{false};
  std::condition_variable ended;
  size_t running = 0;

  using Lock = std::unique_lock<std::mutex>;

  // ---- the ledger's side

  void Sync(const DeliveryLedger& ledger, Duration age) {
    const bool acts = options.may_act();
    const Lock lock(mutex);
    lane_time = ledger.now();
    const bool changed = ledger.revision() != revision;
    if (changed) Learn(ledger, age);
    if (changed || acts != acted) {
      for (auto& channel : channels) channel->wake.notify_all();
    }
    revision = ledger.revision();
    acted = acts;
  }

  void Learn(const DeliveryLedger& ledger, Duration age) {
    for (auto& channel : channels) {
      for (auto& [id, job] : channel->jobs) job.seen = false;
    }
    const Instant then = Steady::now() - age;
    for (const auto& [number, entry] : ledger.entries()) {
      for (const Delivery& delivery : entry.deliveries) {
        const auto channel = std::ranges::find_if(
            channels, [&](const auto& candidate) { return candidate->config.name == delivery.channel; });
        if (channel != channels.end()) Learn(**channel, entry.card, delivery, then);
      }
    }
    for (auto& channel : channels) {
      std::erase_if(channel->jobs, [&](const auto& item) {
        return !item.second.seen && !item.second.busy && item.second.receipts.empty();
      });
      SetQueue(*channel);
    }
  }

  // A job whose delivery the lane shows as settled is not `seen`: it goes, once it is at rest.
  void Learn(ChannelState& channel, const AlertCard& card, const Delivery& delivery, Instant then) {
    auto found = channel.jobs.find(delivery.id);
    if (found == channel.jobs.end()) {
      if (!Open(card, delivery)) return;
      found = channel.jobs.emplace(delivery.id, Job()).first;
      Job& job = found->second;
      job.id = delivery.id;
      job.arrival = then;
      job.deadline = then + std::max(card.alert.expires - card.alert.triggered, kLifetimeMin);
    }
    Job& job = found->second;
    job.seen = Open(card, delivery);
    if (!job.card || job.card->news.kind != card.news.kind) {
      job.card = std::make_shared<const AlertCard>(card);
      job.edit_deadline = then + kEditExpiresAfter;
      job.edit_failures = 0;
      job.edit_not_before = {};
    }
    job.told |= delivery.updates_told;
    const bool lane_knows_more = delivery.attempts > job.own_attempts;
    const bool lane_has_end = delivery.state != MessageState::kDue && delivery.state != MessageState::kInDoubt;
    if (!lane_knows_more && !lane_has_end) return;
    if (job.state == MessageState::kDelivered && lane_has_end) return;  // we said so ourselves
    job.state = delivery.state;
    job.attempts = std::max(job.attempts, delivery.attempts);
    job.repeated = job.repeated || delivery.possibly_repeated;
    if (!delivery.message_id.empty()) job.message_id = delivery.message_id;
  }

  static void SetQueue(ChannelState& channel) {
    const auto open = std::ranges::count_if(channel.jobs, [](const auto& item) { return !item.second.settled(); });
    channel.series.queue.Set(static_cast<double>(open));
  }

  // ---- one channel's thread

  void Run(ChannelState& channel) {
    net::HttpClient client({.connect_timeout = std::min<Duration>(channel.config.timeout, std::chrono::seconds(3)),
                            .timeout = channel.config.timeout,
                            .ca_file = channel.config.tls_ca_file,
                            .allow_private_address = channel.config.allow_private_address});
    Lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      const bool acts = options.may_act();
      lock.lock();
      if (stopping) break;
      if (!acts) {
        channel.wake.wait_for(lock, channel.jobs.empty() ? kIdleWait : kLeasePoll);
        continue;
      }
      const Instant now = Steady::now();
      Instant next = now + kIdleWait;
      if (!Step(channel, client, lock, now, next)) channel.wake.wait_until(lock, next);
    }
    FlushAtEnd(channel, lock);
    --running;
    ended.notify_all();
  }

  // Does one thing. False: there is nothing to do before `next`.
  bool Step(ChannelState& channel, net::HttpClient& client, Lock& lock, Instant now, Instant& next) {
    for (auto& [id, job] : channel.jobs) {
      if (job.receipts.empty()) continue;
      if (job.append_not_before <= now) return Flush(channel, job, lock), true;
      next = std::min(next, job.append_not_before);
    }
    for (auto& [id, job] : channel.jobs) {
      if (!job.receipts.empty()) continue;
      if (Close(channel, job, now)) return true;
      if (job.open()) next = std::min(next, job.deadline);
      if (job.edit_due()) next = std::min(next, job.edit_deadline);
    }
    Job* job = NextToSend(channel, now, next);
    if (job == nullptr) return false;
    if (const Instant opens = GateOpens(channel, now); opens > now) {
      if (!channel.limited) channel.series.rate_limited.Increment();
      channel.limited = true;
      next = std::min(next, opens);
      return false;
    }
    channel.limited = false;
    if (job->edit_due()) {
      SendEdit(channel, *job, client, lock);
    } else {
      SendMessage(channel, *job, client, lock);
    }
    return true;
  }

  // Ends what is over without sending: the receipts are the job's next step. False: it goes on.
  bool Close(ChannelState& channel, Job& job, Instant now) {
    if (job.edit_due() && (!channel.disabled.empty() || job.edit_deadline <= now)) {
      const std::string why = channel.disabled.empty() ? "expired" : "channel disabled: " + channel.disabled;
      EndEdit(channel, job, job.news(), ReceiptState::kFailed, why);
      return true;
    }
    if (!job.open()) return false;
    if (!channel.disabled.empty() || job.deadline <= now) {
      const std::string why = channel.disabled.empty() ? "expired" : "channel disabled: " + channel.disabled;
      End(channel, job, why);
      return true;
    }
    if (job.state == MessageState::kInDoubt && channel.config.hold_on_unknown && !channel.adapter->knows_ids()) {
      End(channel, job, "the answer was lost; on_unknown is hold");
      return true;
    }
    return false;
  }

  // Alerts before edits, each in the order they came.
  Job* NextToSend(ChannelState& channel, Instant now, Instant& next) {
    Job* best = nullptr;
    for (auto& [id, job] : channel.jobs) {
      if (!job.receipts.empty() || (!job.open() && !job.edit_due())) continue;
      const Instant at = job.open() ? job.not_before : job.edit_not_before;
      if (at > now) {
        next = std::min(next, at);
        continue;
      }
      const auto rank = [](const Job& candidate) { return std::make_pair(!candidate.open(), candidate.arrival); };
      if (best == nullptr || rank(job) < rank(*best)) best = &job;
    }
    return best;
  }

  // When the limits let the next request out.
  static Instant GateOpens(ChannelState& channel, Instant now) {
    while (!channel.sends.empty() && now - channel.sends.front() >= kRateWindow) channel.sends.pop_front();
    Instant opens = channel.not_before;
    if (channel.sends.size() >= channel.config.messages_per_minute_max) {
      opens = std::max(opens, channel.sends.front() + kRateWindow);
    }
    return opens;
  }

  // ---- sending

  void SendMessage(ChannelState& channel, Job& job, net::HttpClient& client, Lock& lock) {
    if (job.state == MessageState::kInDoubt) {
      job.repeated = true;
      ++job.resends;
    }
    job.state = MessageState::kDue;  // until the request goes out
    job.own_attempts = ++job.attempts;
    job.busy = true;
    const std::shared_ptr<const AlertCard> card = job.card;
    const bool marked = job.repeated && !channel.adapter->knows_ids();
    const AlertReceipt attempted = Receipt(channel, job, ReceiptState::kAttempted, "");
    const Time time = lane_time;
    lock.unlock();

    if (!job.picture) job.picture = channel.config.chart && options.picture ? options.picture(*card) : "";
    const absl::Status appended = options.append(ReceiptEvent(card->header, time, attempted));
    std::optional<net::HttpResult> result;
    if (appended.ok() && options.may_act() && !broken_off.load()) {
      const DeliveryTask task{*card, job.id, AlertUpdateKind::kUnknown, marked, "", *job.picture, WallNow()};
      result = client.Send(channel.adapter->Request(task), &broken_off);
    }

    lock.lock();
    job.busy = false;
    const Instant now = Steady::now();
    if (!appended.ok()) {
      Log(Severity::kWarning, "delivery_not_recorded",
          {{"channel", channel.config.name}, {"delivery", job.id}, {"error", appended}});
      job.not_before = now + Backoff(job.failures);
      return;
    }
    channel.series.Count(DeliveryEvent::kAttempted);
    if (!result) return;  // the lease went: nothing was sent, and who has it now will know no better than "in doubt"
    channel.sends.push_back(now);
    if (broken_off.load() && result->outcome == net::HttpOutcome::kAnswerLost) return;  // left in doubt, as it is
    OnMessageAnswer(channel, job, *card, channel.adapter->Judge(*result), now);
    Flush(channel, job, lock);
  }

  void OnMessageAnswer(ChannelState& channel, Job& job, const AlertCard& sent, const Judgement& judgement,
                       Instant now) {
    Pause(channel, judgement, now);
    switch (judgement.verdict) {
      case Verdict::kAccepted:
        return OnDelivered(channel, job, sent, judgement, now);
      case Verdict::kNotAccepted:
      case Verdict::kRateLimited:
        job.receipts.push_back(Receipt(channel, job, ReceiptState::kNotAccepted, judgement.detail));
        channel.series.Count(DeliveryEvent::kNotAccepted);
        job.not_before = judgement.wait > Duration() ? now : now + Backoff(job.failures);
        Log(Severity::kInfo, "delivery_not_accepted",
            {{"channel", channel.config.name}, {"delivery", job.id}, {"detail", judgement.detail}});
        return;
      case Verdict::kRefused:
        return End(channel, job, judgement.detail);
      case Verdict::kChannelRefused:
        Disable(channel, judgement.detail);
        return End(channel, job, judgement.detail);
      case Verdict::kAnswerLost:
        job.state = MessageState::kInDoubt;
        job.not_before = now + Backoff(job.failures);
        Log(Severity::kWarning, "delivery_answer_lost",
            {{"channel", channel.config.name}, {"delivery", job.id}, {"detail", judgement.detail}});
        if (channel.adapter->knows_ids()) return;
        if (channel.config.hold_on_unknown || job.resends >= kResendsMax) {
          End(channel, job, judgement.detail);
        }
        return;
    }
  }

  void OnDelivered(ChannelState& channel, Job& job, const AlertCard& sent, const Judgement& judgement, Instant now) {
    job.state = MessageState::kDelivered;
    job.message_id = judgement.message_id;
    job.failures = 0;
    AlertReceipt receipt = Receipt(channel, job, ReceiptState::kDelivered, "");
    receipt.message_id = judgement.message_id;
    receipt.latency = now - job.arrival;
    job.receipts.push_back(std::move(receipt));
    if (sent.news.kind != AlertUpdateKind::kUnknown) {  // it was told with the alert
      job.receipts.push_back(EditReceipt(channel, job, sent.news.kind, ReceiptState::kDelivered, "with the alert"));
      job.SetTold(sent.news.kind);
    }
    channel.series.Count(DeliveryEvent::kDelivered);
    channel.series.seconds.Observe(std::chrono::duration<double>(now - job.arrival).count());
    Log(Severity::kInfo, "alert_delivered",
        {{"channel", channel.config.name},
         {"delivery", job.id},
         {"attempt", job.attempts},
         {"latency_ms", std::chrono::duration<double, std::milli>(now - job.arrival).count()}});
    SetQueue(channel);
  }

  void SendEdit(ChannelState& channel, Job& job, net::HttpClient& client, Lock& lock) {
    job.busy = true;
    ++job.edit_attempts;
    const std::shared_ptr<const AlertCard> card = job.card;
    const std::string message_id = job.message_id;
    const bool marked = job.repeated && !channel.adapter->knows_ids();
    lock.unlock();
    const DeliveryTask task{*card, job.id, card->news.kind, marked, message_id, "", WallNow()};
    const net::HttpResult result = client.Send(channel.adapter->Request(task), &broken_off);
    lock.lock();
    job.busy = false;
    const Instant now = Steady::now();
    channel.sends.push_back(now);
    OnEditAnswer(channel, job, card->news.kind, channel.adapter->Judge(result), now);
    Flush(channel, job, lock);
  }

  void OnEditAnswer(ChannelState& channel, Job& job, AlertUpdateKind kind, const Judgement& judgement, Instant now) {
    Pause(channel, judgement, now);
    switch (judgement.verdict) {
      case Verdict::kAccepted:
        job.edit_failures = 0;
        return EndEdit(channel, job, kind, ReceiptState::kDelivered, "");
      case Verdict::kNotAccepted:
      case Verdict::kAnswerLost:  // an edit made twice is the same edit
        job.edit_not_before = now + Backoff(job.edit_failures);
        return;
      case Verdict::kRateLimited:
        if (judgement.wait <= Duration()) job.edit_not_before = now + Backoff(job.edit_failures);
        return;
      case Verdict::kRefused:
        return EndEdit(channel, job, kind, ReceiptState::kFailed, judgement.detail);
      case Verdict::kChannelRefused:
        Disable(channel, judgement.detail);
        return EndEdit(channel, job, kind, ReceiptState::kFailed, judgement.detail);
    }
  }

  void Pause(ChannelState& channel, const Judgement& judgement, Instant now) {
    if (judgement.wait <= Duration()) return;
    if (judgement.verdict == Verdict::kRateLimited) {
      channel.series.rate_limited.Increment();
      channel.limited = true;
      Log(Severity::kWarning, "delivery_rate_limited",
          {{"channel", channel.config.name}, {"wait", FormatDuration(judgement.wait)}, {"global", judgement.global}});
    }
    for (auto& other : channels) {
      if (other.get() != &channel && (!judgement.global || other->config.kind != channel.config.kind)) continue;
      other->not_before = std::max(other->not_before, now + judgement.wait);
    }
  }

  void Disable(ChannelState& channel, const std::string& why) {
    channel.disabled = why;
    channel.series.disabled.Set(1);
    Log(Severity::kError, "channel_disabled",
        {{"channel", channel.config.name},
         {"detail", why},
         {"way_out", "check the webhook and the file of its URL, then restart the notifier"}});
  }

  // ---- receipts

  static AlertReceipt Receipt(const ChannelState& channel, const Job& job, ReceiptState state, std::string detail) {
    AlertReceipt receipt;
    receipt.alert = job.card->header.id();
    receipt.channel = channel.config.name;
    receipt.state = state;
    receipt.detail = std::move(detail);
    receipt.delivery = job.id;
    receipt.attempt = job.attempts;
    receipt.possibly_repeated = job.repeated && !channel.adapter->knows_ids();
    return receipt;
  }

  static AlertReceipt EditReceipt(const ChannelState& channel, const Job& job, AlertUpdateKind kind, ReceiptState state,
                                  std::string detail) {
    AlertReceipt receipt = Receipt(channel, job, state, std::move(detail));
    receipt.update = kind;
    receipt.attempt = job.edit_attempts;
    receipt.message_id = job.message_id;
    return receipt;
  }

  // It will not be tried again: FAILED, or UNKNOWN where it may be there all the same.
  void End(ChannelState& channel, Job& job, const std::string& detail) {
    const bool unknown = job.state == MessageState::kInDoubt || job.repeated;
    job.receipts.push_back(Receipt(channel, job, unknown ? ReceiptState::kAnswerLost : ReceiptState::kFailed, detail));
    job.state = unknown ? MessageState::kUnknown : MessageState::kFailed;
    channel.series.Count(unknown ? DeliveryEvent::kUnknown : DeliveryEvent::kFailed);
    Log(Severity::kWarning, unknown ? "delivery_unknown" : "delivery_failed",
        {{"channel", channel.config.name}, {"delivery", job.id}, {"detail", detail}});
    SetQueue(channel);
  }

  void EndEdit(ChannelState& channel, Job& job, AlertUpdateKind kind, ReceiptState state, const std::string& detail) {
    job.receipts.push_back(EditReceipt(channel, job, kind, state, detail));
    job.SetTold(kind);
    const bool told = state == ReceiptState::kDelivered;
    channel.series.Count(told ? DeliveryEvent::kEdited : DeliveryEvent::kEditFailed);
    if (!told) {
      Log(Severity::kWarning, "edit_failed",
          {{"channel", channel.config.name}, {"delivery", job.id}, {"detail", detail}});
    }
    SetQueue(channel);
  }

  // Appends what the job has to say; stops at the first that cannot be.
  void Flush(ChannelState& channel, Job& job, Lock& lock) {
    job.busy = true;
    while (!job.receipts.empty()) {
      const Event event = ReceiptEvent(job.card->header, lane_time, job.receipts.front());
      lock.unlock();
      const absl::Status status = options.append(event);
      lock.lock();
      if (!status.ok()) {
        Log(Severity::kWarning, "receipt_not_recorded",
            {{"channel", channel.config.name}, {"delivery", job.id}, {"error", status}});
        job.append_not_before = Steady::now() + std::min(Backoff(job.append_failures), kAppendPauseMax);
        break;
      }
      job.append_failures = 0;
      job.receipts.pop_front();
    }
    job.busy = false;
    SetQueue(channel);
  }

  void FlushAtEnd(ChannelState& channel, Lock& lock) {
    for (auto& [id, job] : channel.jobs) {
      while (!job.receipts.empty() && !broken_off.load()) {
        Flush(channel, job, lock);
        if (!job.receipts.empty()) ended.wait_for(lock, kLeasePoll);
      }
    }
  }

  // The next pause of a row of failures, which it counts.
  Duration Backoff(int& failures) {
    const int step = std::min(failures++, 16);
    const Duration pause = std::min(options.backoff_min * (int64_t{1} << step), options.backoff_max);
    const double part = std::uniform_real_distribution<double>(0.5, 1.0)(random);
    return Duration(static_cast<int64_t>(static_cast<double>(pause.count()) * part));
  }

  static Time WallNow() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
};

DeliveryEngine::DeliveryEngine(std::vector<ChannelConfig> channels, DeliveryOptions options, service::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  for (ChannelConfig& config : channels) {
    config.chart = config.chart && impl_->options.picture != nullptr;
    impl_->channels.push_back(std::make_unique<ChannelState>(std::move(config), metrics));
  }
  impl_->running = impl_->channels.size();
  for (auto& channel : impl_->channels) {
    channel->thread = std::thread([impl = impl_.get(), state = channel.get()] { impl->Run(*state); });
  }
}

DeliveryEngine::~DeliveryEngine() {
  Stop({});
}

void DeliveryEngine::Sync(const DeliveryLedger& ledger, Duration age) {
  impl_->Sync(ledger, age);
}

void DeliveryEngine::Stop(Duration grace) {
  {
    Impl::Lock lock(impl_->mutex);
    impl_->stopping = true;
    for (auto& channel : impl_->channels) channel->wake.notify_all();
    impl_->ended.wait_for(lock, grace, [&] { return impl_->running == 0; });
    impl_->broken_off = true;
    impl_->ended.notify_all();
  }
  for (auto& channel : impl_->channels) {
    if (channel->thread.joinable()) channel->thread.join();
  }
}

bool DeliveryEngine::idle() const {
  const Impl::Lock lock(impl_->mutex);
  return std::ranges::all_of(impl_->channels, [](const auto& channel) {
    return std::ranges::all_of(channel->jobs,
                               [](const auto& item) { return item.second.settled() && !item.second.busy; });
  });
}

std::string DeliveryEngine::StatusJson() const {
  const Impl::Lock lock(impl_->mutex);
  nlohmann::ordered_json channels = nlohmann::ordered_json::array();
  for (const auto& channel : impl_->channels) {
    const auto open = std::ranges::count_if(channel->jobs, [](const auto& item) { return !item.second.settled(); });
    channels.push_back({{"name", channel->config.name}, {"queue", open}, {"disabled", !channel->disabled.empty()}});
  }
  return nlohmann::ordered_json{{"channels", channels}}.dump();
}

}  // namespace spillway::notifier
