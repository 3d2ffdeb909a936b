#include "services/oms/broker_shell.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "libs/service/latency_ledger.h"
#include "libs/service/log.h"

namespace spillway::oms {
namespace {

using service::Log;
using service::Severity;
using Steady = std::chrono::steady_clock;
using Instant = Steady::time_point;

constexpr size_t kGroupMax = 64;          // reports in one group
constexpr size_t kIntentsMax = 4'096;     // whose times are kept
constexpr size_t kRepeatableMax = 1'024;  // requests that may have to be made again
constexpr Duration kAppendPause = std::chrono::milliseconds(100);
constexpr Duration kIdleWait = std::chrono::milliseconds(100);
constexpr Duration kRateLimitPause = std::chrono::seconds(1);  // where the broker names none
constexpr Duration kRateLimitPauseMax = std::chrono::seconds(60);

bool IsPlacing(OrderCommandKind kind) {
  return kind == OrderCommandKind::kPlace || kind == OrderCommandKind::kReplace;
}

// A command that waits to be worked.
struct Work {
  uint64_t number = 0;  // the ledger's; 0: a question of our own
  EventHeader header;
  OrderCommand command;
  bool ask = false;  // it may have arrived already
  Instant since;
  Instant not_before;

  // What reduces risk first, then questions, then what adds some; each in its order.
  int rank() const {
    if (ask || command.kind == OrderCommandKind::kQuery || command.kind == OrderCommandKind::kSnapshot) return 1;
    if (command.kind != OrderCommandKind::kPlace) return 0;
    return AddsRisk(command) ? 2 : 0;
  }
};

// Requests a second, as many at once.
class TokenBucket {
 public:
  explicit TokenBucket(uint32_t per_second) : per_second_(per_second), tokens_(per_second) {}
  // When the next request may go.
  Instant Opens(Instant now) {
    tokens_ =
        std::min<double>(per_second_, tokens_ + std::chrono::duration<double>(now - filled_).count() * per_second_);
    filled_ = now;
    if (tokens_ >= 1) return now;
    return now + std::chrono::duration_cast<Duration>(std::chrono::duration<double>((1 - tokens_) / per_second_));
  }
  void Take() { tokens_ -= 1; }

 private:
  const double per_second_;
  double tokens_;
  Instant filled_ = Steady::now();
};

}  // namespace

struct BrokerShell::Impl {
  Impl(std::unique_ptr<Broker> the_broker, BrokerShellOptions the_options, OmsMetrics& the_metrics)
      : broker(std::move(the_broker)),
        options(std::move(the_options)),
        metrics(the_metrics),
        bucket(options.requests_per_second) {
    broker->Listen([this](BrokerMessage message) { Hear(std::move(message)); });
    thread = std::thread([this] { Run(); });
  }

  using Lock = std::unique_lock<std::mutex>;

  std::unique_ptr<Broker> broker;
  const BrokerShellOptions options;
  OmsMetrics& metrics;

  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  bool acting = false;     // the ledger of our time with the lease was taken over
  uint64_t acting_in = 0;  // which tenure that is
  bool busy = false;       // the thread is at a command or at reports, without the lock
  bool open = false;       // the broker's session is wanted
  const BrokerLedger* learned_from = nullptr;
  uint64_t revision = 0, symbols_revision = 0;
  uint64_t learned = 0;  // commands below this number were taken
  Time lane_time;
  std::map<InstrumentId, BrokerSymbol> symbols;
  std::map<std::string, InstrumentId, std::less<>> instruments;
  ProfileAccount profile_account;
  bool kill_active = false;
  std::map<uint64_t, bool> placings;       // that the ledger keeps open; whether it was cancelled
  std::map<OrderId, OrderContext> orders;  // of all that the ledger knew at a takeover, and since
  std::deque<Work> queue;
  std::map<EventId, Work> repeatable;  // by command: asked, and to be asked again where the broker's limit said no
  std::deque<EventId> repeatable_order;
  std::set<OrderId> doubted;  // sent, and no word of them yet
  std::set<OrderId> handed;   // to the socket, in any tenure: never again
  std::deque<OrderId> handed_order;
  std::deque<BrokerMessage> heard;
  std::vector<BrokerMessage> outgoing;  // and as events: made once, so that a repeated append says the same
  std::vector<Event> outgoing_events;
  bool overflow = false;
  std::map<EventId, Instant> intents;
  std::deque<EventId> intents_order;
  uint64_t running = 0;  // reports made by this process
  TokenBucket bucket;
  Instant not_before;  // of all requests: the broker said so
  bool account_told = false;
  std::thread thread;

  // ---------------------------------------------------------------- the ledger's side

  void Sync(const BrokerLedger& ledger) {
    const uint64_t tenure = options.tenure();
    const Lock lock(mutex);
    lane_time = ledger.now();
    metrics.unknown.Set(static_cast<double>(ledger.unknown_orders()));
    if (acting && tenure != acting_in) wake.notify_all();  // the thread gives up first
    if (tenure == 0 || (acting && tenure != acting_in)) return;
    if (!acting || learned_from != &ledger) {
      if (busy) return;
      acting_in = tenure;
      TakeOver(ledger);
    } else if (ledger.revision() != revision) {
      Learn(ledger, false);
    }
    revision = ledger.revision();
  }

  void TakeOver(const BrokerLedger& ledger) {
    queue.clear();
    repeatable.clear();
    repeatable_order.clear();
    doubted.clear();
    orders = ledger.orders();
    learned = 0;
    learned_from = &ledger;
    acting = true;
    Learn(ledger, true);
    wake.notify_all();
  }

  void Learn(const BrokerLedger& ledger, bool all) {
    if (all || symbols_revision != ledger.symbols_revision()) LearnSymbols(ledger);
    profile_account = ledger.profile_account();
    kill_active = ledger.kill_active();
    LearnPlacings(ledger);
    bool fresh = false;
    for (auto it = ledger.commands().lower_bound(learned); it != ledger.commands().end(); ++it) {
      const auto& [number, command] = *it;
      for (const OrderTicket& ticket : command.command.tickets) {
        if (const OrderContext* context = ledger.Find(ticket.order)) orders[ticket.order] = *context;
      }
      if (command.sent || Handed(command.command)) {
        for (const OrderId& order : command.unanswered) doubted.insert(order);
      } else {
        queue.push_back(
            {.number = number, .header = command.header, .command = command.command, .since = Steady::now()});
        fresh = true;
      }
    }
    learned = ledger.next_number();
    if (orders.size() > 2 * BrokerLedger::kOrdersMax) orders = ledger.orders();
    if (fresh) wake.notify_all();
  }

  // What oms has given up, or the broker spoke of already, is not sent any more.
  void LearnPlacings(const BrokerLedger& ledger) {
    placings.clear();
    for (const auto& [number, command] : ledger.commands()) {
      if (IsPlacing(command.command.kind)) placings.emplace_hint(placings.end(), number, command.canceled);
    }
    std::erase_if(queue, [&](const Work& work) {
      return IsPlacing(work.command.kind) && !work.ask && !placings.contains(work.number);
    });
  }

  void LearnSymbols(const BrokerLedger& ledger) {
    symbols = ledger.symbols();
    symbols_revision = ledger.symbols_revision();
    instruments.clear();
    for (const auto& [id, symbol] : symbols) instruments[symbol.symbol] = id;
  }

  // ---------------------------------------------------------------- the broker's side

  void Hear(BrokerMessage message) {
    const Lock lock(mutex);
    const auto* report = std::get_if<BrokerReport>(&message.body);
    const bool ends = report != nullptr && report->kind == BrokerReportKind::kDisconnected;
    if (heard.size() >= kReportsMax && !ends) {
      // The log has been away for too long; what comes now is found by the next session's snapshot.
      if (!overflow) Log(Severity::kError, "broker_reports_not_recorded", {{"waiting", heard.size()}});
      overflow = true;
    } else {
      heard.push_back(std::move(message));
    }
    wake.notify_all();
  }

  // ---------------------------------------------------------------- the thread

  void Run() {
    Lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      const uint64_t tenure = options.tenure();
      lock.lock();
      if (stopping) break;
      if (acting && tenure != acting_in) {
        GiveUp(lock);
        continue;
      }
      if (!acting) {
        wake.wait_for(lock, kIdleWait);
        continue;
      }
      if (std::exchange(overflow, false)) CloseSession(lock);
      KeepSession(lock);
      metrics.connected.Set(broker->connected() ? 1 : 0);
      metrics.queue.Set(static_cast<double>(queue.size()));
      Instant next = Steady::now() + kIdleWait;
      const bool told = heard.empty() && outgoing.empty();
      if (!told && !AppendHeard(lock)) continue;  // without the log nothing is sent
      if (stopping || !acting) continue;
      if (!WorkOne(lock, next) && told && heard.empty()) wake.wait_until(lock, next);
    }
    CloseSession(lock);
  }

  void GiveUp(Lock& lock) {
    acting = false;
    queue.clear();
    CloseSession(lock);
    heard.clear();
    outgoing.clear();
    outgoing_events.clear();
  }

  void KeepSession(Lock& lock) {
    if (open || !heard.empty() || !broker->refused().ok()) return;
    open = true;
    lock.unlock();
    broker->Open();
    lock.lock();
  }

  void CloseSession(Lock& lock) {
    open = false;
    lock.unlock();
    broker->Close();
    lock.lock();
    metrics.connected.Set(0);
  }

  // ---------------------------------------------------------------- reports

  bool AppendHeard(Lock& lock) {
    if (outgoing.empty()) {
      for (size_t i = 0; i < kGroupMax && !heard.empty(); ++i) {
        outgoing_events.push_back(ToEvent(heard.front()));
        outgoing.push_back(std::move(heard.front()));
        heard.pop_front();
      }
    }
    if (!Append(outgoing_events, lock)) return false;
    for (const BrokerMessage& message : outgoing) {
      if (const auto* report = std::get_if<BrokerReport>(&message.body)) Follow(message, *report);
    }
    outgoing.clear();
    outgoing_events.clear();
    return true;
  }

  // What a report means for our own work.
  void Follow(const BrokerMessage& message, const BrokerReport& report) {
    metrics.Count(report);
    if (report.latency) metrics.answer.Record(report.latency->count());
    if (const std::optional<OrderId> order = ParseClientOrderId(report.client_order_id)) doubted.erase(*order);
    switch (report.kind) {
      case BrokerReportKind::kConnected:
        AskForDoubted();
        break;
      case BrokerReportKind::kRateLimited:
        not_before = std::max(not_before, Steady::now() + std::clamp(message.retry_after.value_or(kRateLimitPause),
                                                                     Duration(), kRateLimitPauseMax));
        AskAgain(message.command);
        break;
      default:
        break;
    }
  }

  void AskAgain(const EventId& command) {
    const auto found = repeatable.find(command);
    if (found == repeatable.end()) return;
    queue.push_back(found->second);
    repeatable.erase(found);
  }

  void AskForDoubted() {
    for (const OrderId& order : doubted) {
      const auto context = orders.find(order);
      if (context == orders.end()) continue;
      Work work{.header = {}, .command = {.kind = OrderCommandKind::kQuery, .order = order}, .since = Steady::now()};
      work.header.instrument = context->second.instrument;
      work.command.intent = context->second.command;  // see CommandId
      work.ask = true;
      queue.push_back(std::move(work));
    }
  }

  // Appends, or pauses and says no. What was not appended stays where it is.
  bool Append(const std::vector<Event>& events, Lock& lock) {
    busy = true;
    lock.unlock();
    const absl::Status status = options.append(events);
    lock.lock();
    busy = false;
    if (status.ok()) return true;
    Log(Severity::kWarning, "broker_report_not_recorded", {{"reason", status}});
    wake.wait_for(lock, kAppendPause, [&] { return stopping; });
    return false;
  }

  Event ToEvent(const BrokerMessage& message) {
    EventHeader header;
    header.producer = Producer::kBroker;
    header.event_time = lane_time;
    if (const auto found = instruments.find(message.symbol); found != instruments.end())
      header.instrument = found->second;
    header.cause.event = message.command;
    EventBody body = std::visit([](const auto& said) { return EventBody(said); }, message.body);
    uint64_t kind = 0;
    std::string words;
    if (const auto* report = std::get_if<BrokerReport>(&body)) {
      kind = static_cast<uint64_t>(report->kind);
      words = report->client_order_id + "/" + report->execution_id;
      const std::optional<OrderId> order = ParseClientOrderId(report->client_order_id);
      const auto context = order ? orders.find(*order) : orders.end();
      if (context != orders.end()) {
        header.instrument = context->second.instrument;
        header.instance = context->second.instance;
        header.correlation = context->second.correlation;
        header.cause.event = context->second.command;
      }
    } else if (auto* snapshot = std::get_if<BrokerSnapshot>(&body)) {
      FillInstruments(*snapshot);
    }
    if (!header.cause.event) {
      header.cause.event = DeriveEventId(Producer::kBroker, StrategyInstanceIdOf(words), EventId{kind, 1}, 0);
    }
    header.cause.ordinal = NextOrdinal(kind);
    return {.header = header, .body = std::move(body)};
  }

  // No two reports of any processes have the same id.
  uint32_t NextOrdinal(uint64_t kind) {
    return static_cast<uint32_t>(DeriveEventId(Producer::kBroker, options.salt, EventId{kind, ++running}, 0).low);
  }

  void FillInstruments(BrokerSnapshot& snapshot) const {
    const auto fill = [&](auto& rows) {
      for (auto& row : rows) {
        if (const auto found = instruments.find(row.symbol); found != instruments.end()) row.instrument = found->second;
      }
    };
    fill(snapshot.orders);
    fill(snapshot.positions);
    fill(snapshot.executions);
  }

  // ---------------------------------------------------------------- commands

  // Works one command, or says when there is one.
  bool WorkOne(Lock& lock, Instant& next) {
    const Instant now = Steady::now();
    if (EndHopeless(lock, now)) return true;
    if (!broker->connected()) return false;
    const auto best = NextWork(now, next);
    if (best == queue.end()) return false;
    const Instant opens = std::max(bucket.Opens(now), not_before);
    if (opens > now) {
      next = std::min(next, opens);
      return false;
    }
    Work work = std::move(*best);
    queue.erase(best);
    bucket.Take();
    if (IsPlacing(work.command.kind) && !work.ask) {
      SendOnce(work, lock);
    } else {
      Ask(work, lock);
    }
    return true;
  }

  std::deque<Work>::iterator NextWork(Instant now, Instant& next) {
    auto best = queue.end();
    for (auto it = queue.begin(); it != queue.end(); ++it) {
      if (it->not_before > now) {
        next = std::min(next, it->not_before);
      } else if (best == queue.end() || it->rank() < best->rank()) {
        best = it;
      }
    }
    return best;
  }

  // The first command that must not be sent any more, or that nobody needs.
  bool EndHopeless(Lock& lock, Instant now) {
    for (auto it = queue.begin(); it != queue.end(); ++it) {
      const std::optional<std::string> why = Hopeless(*it, now);
      if (!why) continue;
      const Work work = std::move(*it);
      queue.erase(it);
      if (IsPlacing(work.command.kind) && !work.ask) EndUnsent(work, *why, lock);
      return true;
    }
    return false;
  }

  std::optional<std::string> Hopeless(const Work& work, Instant now) {
    if (!IsPlacing(work.command.kind) || work.ask) {
      const bool snapshot = work.command.kind == OrderCommandKind::kSnapshot;
      if (snapshot && std::ranges::count_if(queue, [](const Work& other) {
                        return other.command.kind == OrderCommandKind::kSnapshot;
                      }) > 1) {
        return "another one follows";
      }
      if (now - work.since >= BrokerLedger::kRepeatedFor) return "oms asks again";
      return std::nullopt;
    }
    if (work.command.expires && lane_time >= *work.command.expires) {
      return fmt::format("expired at {}, it is {}", FormatTimeOfDay(*work.command.expires), FormatTimeOfDay(lane_time));
    }
    if (lane_time - work.header.event_time >= kPlaceAgeMax) {
      return fmt::format("{} old, at most {}", FormatDuration(lane_time - work.header.event_time),
                         FormatDuration(kPlaceAgeMax));
    }
    if (kill_active && AddsRisk(work.command)) return "the kill switch is active: only what reduces risk is sent";
    const auto open_placing = placings.find(work.number);
    if (open_placing == placings.end()) return "given up before it was sent";
    if (open_placing->second) return "cancelled before it was sent";
    if (const std::string why = AccountDisagrees(work.command); !why.empty()) return why;
    if (!broker->refused().ok()) return "refused by the broker: " + std::string(broker->refused().message());
    if (!broker->connected() && now - work.since >= kConnectGrace) return "no session with the broker";
    return std::nullopt;
  }

  // Why the risk profile in force does not allow this account; "": it does, or there is none. Without one no risk is
  // added with real money.
  std::string AccountDisagrees(const OrderCommand& command) {
    const ProfileAccount& profile = profile_account;
    const bool account = profile.id.empty() ? !options.live : profile.id == options.account;
    std::string why;
    if (!profile.known && options.live && AddsRisk(command)) {
      why =
          fmt::format("account '{}' is live and no risk profile is in force: put one for it in force", options.account);
    } else if (profile.known && (!account || profile.live != options.live)) {
      why = fmt::format("risk profile {} is for account '{}' ({}), this broker's is '{}' ({})", profile.profile,
                        profile.id, profile.live ? "live" : "paper", options.account, options.live ? "live" : "paper");
    }
    if (why.empty()) {
      if (profile.known) account_told = false;
      return why;
    }
    if (!std::exchange(account_told, true)) Log(Severity::kError, "account_disagrees", {{"reason", why}});
    return why;
  }

  std::vector<Event> TicketReports(const Work& work, BrokerReportKind kind, const std::string& reason) {
    std::vector<Event> events;
    for (const OrderTicket& ticket : work.command.tickets) {
      BrokerReport report;
      report.kind = kind;
      report.client_order_id = ClientOrderId(ticket.order);
      report.side = ticket.side;
      report.reason = reason;
      if (work.command.kind == OrderCommandKind::kReplace) report.replaces = ClientOrderId(work.command.order);
      if (kind != BrokerReportKind::kSent) report.code = "NOT_SENT";
      events.push_back(ToEvent({.body = report, .symbol = "", .command = work.header.id(), .retry_after = {}}));
    }
    return events;
  }

  // Only with the lease: who has it now may be sending it.
  void EndUnsent(const Work& work, const std::string& why, Lock& lock) {
    const BrokerReportKind kind = work.command.kind == OrderCommandKind::kReplace ? BrokerReportKind::kReplaceRejected
                                                                                  : BrokerReportKind::kNotSent;
    const std::vector<Event> events = TicketReports(work, kind, why);
    do {
      if (stopping || options.tenure() != acting_in) return;  // the next holder finds it open, and ends it
    } while (!Append(events, lock));
    for (const Event& event : events) metrics.Count(std::get<BrokerReport>(event.body));
    for (const OrderTicket& ticket : work.command.tickets) doubted.erase(ticket.order);
  }

  // From here on it may have arrived, whatever the ledger says.
  void Hand(const OrderId& order) {
    doubted.insert(order);
    if (!handed.insert(order).second) return;
    handed_order.push_back(order);
    if (handed_order.size() <= BrokerLedger::kOrdersMax) return;
    handed.erase(handed_order.front());
    handed_order.pop_front();
  }

  bool Handed(const OrderCommand& command) const {
    return std::ranges::any_of(command.tickets, [&](const OrderTicket& t) { return handed.contains(t.order); });
  }

  // The order's only way out of this machine.
  void SendOnce(const Work& work, Lock& lock) {
    const std::vector<Event> sent = TicketReports(work, BrokerReportKind::kSent, "");
    while (!Append(sent, lock)) {
      // kSent may be on the lane, the order was not sent: it is asked for.
      if (stopping || options.tenure() != acting_in) return;
      if (const std::optional<std::string> why = Hopeless(work, Steady::now())) return EndUnsent(work, *why, lock);
    }
    for (const Event& event : sent) metrics.Count(std::get<BrokerReport>(event.body));
    // A cancel or a kill came while the log was waited for.
    if (const std::optional<std::string> why = Hopeless(work, Steady::now())) return EndUnsent(work, *why, lock);
    for (const OrderTicket& ticket : work.command.tickets) Hand(ticket.order);
    const BrokerSymbol symbol = SymbolOf(work.header.instrument);
    const uint64_t tenure = acting_in;
    busy = true;
    lock.unlock();
    if (options.tenure() !=
        tenure) {  // it waited for the log for too long: whoever has the lease asks for it, or sends it
      lock.lock();
      busy = false;
      return;
    }
    const Sending sending =
        work.command.kind == OrderCommandKind::kPlace
            ? broker->Place({.command = work.header.id(), .symbol = symbol, .tickets = work.command.tickets})
            : broker->Replace({.command = work.header.id(),
                               .symbol = symbol,
                               .order = work.command.order,
                               .ticket = work.command.tickets.front()});
    const Instant now = Steady::now();
    lock.lock();
    busy = false;
    if (sending == Sending::kUnsent) return EndUnsent(work, "the connection ended before it was sent", lock);
    metrics.Count(work.command.kind);
    RecordLatency(work.command, now);
  }

  void RecordLatency(const OrderCommand& command, Instant now) {
    const auto found = intents.find(command.intent);
    if (found == intents.end()) return;
    metrics.intent_to_socket.Record(std::chrono::duration_cast<Duration>(now - found->second).count());
    intents.erase(found);
  }

  // What may be repeated.
  void Ask(const Work& work, Lock& lock) {
    const EventId command = CommandId(work);
    const BrokerSymbol symbol = SymbolOf(work.header.instrument);
    if (repeatable.emplace(command, work).second) repeatable_order.push_back(command);
    while (repeatable_order.size() > kRepeatableMax) {
      repeatable.erase(repeatable_order.front());
      repeatable_order.pop_front();
    }
    busy = true;
    lock.unlock();
    Sending sending = Sending::kUnsent;
    switch (work.command.kind) {
      case OrderCommandKind::kCancel:
        sending = broker->Cancel({.command = command, .symbol = symbol, .order = work.command.order});
        break;
      case OrderCommandKind::kSnapshot:
        sending = broker->Snapshot({.command = command, .since = work.command.since});
        break;
      default:
        sending = broker->Query({.command = command, .symbol = symbol, .order = work.command.order});
        break;
    }
    lock.lock();
    busy = false;
    if (sending == Sending::kWritten) {
      metrics.Count(work.command.kind);
    } else {
      queue.push_back(work);  // for the next session, while it is young
    }
  }

  // A question of our own is asked in the name of the place it is about.
  static EventId CommandId(const Work& work) {
    return work.header.producer == Producer::kNone ? work.command.intent : work.header.id();
  }

  BrokerSymbol SymbolOf(InstrumentId instrument) const {
    const auto found = symbols.find(instrument);
    if (found != symbols.end()) return found->second;
    BrokerSymbol unknown;
    unknown.id = instrument;
    return unknown;
  }
};

BrokerShell::BrokerShell(std::unique_ptr<Broker> broker, BrokerShellOptions options, OmsMetrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(broker), std::move(options), metrics)) {}

BrokerShell::~BrokerShell() {
  Stop();
}

void BrokerShell::Sync(const BrokerLedger& ledger) {
  impl_->Sync(ledger);
}

void BrokerShell::IntentSeen(const EventId& intent) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->intents.emplace(intent, Steady::now()).second) return;
  impl_->intents_order.push_back(intent);
  if (impl_->intents_order.size() <= kIntentsMax) return;
  impl_->intents.erase(impl_->intents_order.front());
  impl_->intents_order.pop_front();
}

void BrokerShell::Stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake.notify_all();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool BrokerShell::connected() const {
  return impl_->broker->connected();
}

absl::Status BrokerShell::refused() const {
  return impl_->broker->refused();
}

std::string BrokerShell::Describe() const {
  const std::lock_guard lock(impl_->mutex);
  const char* state = !impl_->acting ? "stands by" : impl_->broker->connected() ? "connected" : "not connected";
  return fmt::format("{} {}: {}, {} requests wait", impl_->broker->name(), impl_->options.account, state,
                     impl_->queue.size());
}

}  // namespace spillway::oms
