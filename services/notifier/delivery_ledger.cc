#include "services/notifier/delivery_ledger.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fmt/format.h"

namespace spillway::notifier {
namespace {

constexpr Duration kSweepPeriod = std::chrono::minutes(1);
constexpr Duration kNoticeLife = std::chrono::minutes(30);  // later nobody needs to be told any more

// Names of channels are hashed as names of instances are.
uint64_t Scope(std::string_view channel) {
  return StrategyInstanceIdOf(channel);
}

void SetTold(Delivery& delivery, AlertUpdateKind kind) {
  delivery.updates_told = static_cast<uint8_t>(delivery.updates_told | 1U << static_cast<unsigned>(kind));
}

bool AnyOpen(const LedgerEntry& entry) {
  return std::ranges::any_of(entry.deliveries, [&](const Delivery& delivery) { return Open(entry.card, delivery); });
}

}  // namespace

bool Open(const AlertCard& card, const Delivery& delivery) {
  if (delivery.state == MessageState::kDue || delivery.state == MessageState::kInDoubt) return true;
  if (delivery.state != MessageState::kDelivered) return false;
  return card.news.kind != AlertUpdateKind::kUnknown && !delivery.told(card.news.kind);
}

std::string DeliveryId(const EventId& alert, std::string_view channel) {
  return UpdateId(alert, channel, AlertUpdateKind::kUnknown);
}

std::string UpdateId(const EventId& alert, std::string_view channel, AlertUpdateKind kind) {
  return ToString(DeriveEventId(Producer::kDelivery, Scope(channel), alert, static_cast<uint32_t>(kind)));
}

Event ReceiptEvent(const EventHeader& alert, Time time, AlertReceipt receipt) {
  const EventId what{static_cast<uint64_t>(receipt.update) << 8 | static_cast<uint64_t>(receipt.state),
                     receipt.attempt};
  const EventId distinct = DeriveEventId(Producer::kDelivery, Scope(receipt.channel), what, 0);
  Event event;
  event.header = alert;
  event.header.producer = Producer::kDelivery;
  event.header.event_time = time;
  event.header.correlation = alert.correlation_id();
  event.header.cause = {.market = {}, .event = alert.id(), .ordinal = static_cast<uint32_t>(distinct.low)};
  event.body = std::move(receipt);
  return event;
}

void DeliveryLedger::Process(const Event& event, runtime::EventSink& /*out*/) {
  now_ = std::max(now_, event.header.event_time);
  std::visit(Overloaded{
                 [&](const InstrumentDefinition& definition) {
                   instruments_[definition.id] = {definition.symbol, definition.currency};
                 },
                 [&](const ConfigurationVersion& version) {
                   if (version.kind == ConfigurationKind::kProfile) instances_[event.header.instance] = version.name;
                 },
                 [&](const Alert& alert) { OnAlert(event.header, alert); },
                 [&](const AlertUpdate& update) { OnUpdate(event.header, update); },
                 [&](const OutcomeLabelled& outcome) { OnOutcome(event.header, outcome); },
                 [&](const AlertReceipt& receipt) {
                   if (event.header.producer == Producer::kDelivery) OnReceipt(receipt);
                 },
                 [](const auto&) {},
             },
             event.body);
  OnNotice(event);
  if (now_ - swept_ >= kSweepPeriod) ForgetOld();
}

void DeliveryLedger::OnAlert(const EventHeader& header, const Alert& alert) {
  if (alert.shadow || FindEntry(header.id()) != entries_.end()) return;
  AlertCard card;
  card.header = header;
  card.alert = alert;
  Add(std::move(card));
}

void DeliveryLedger::OnNotice(const Event& event) {
  const auto known = instruments_.find(event.header.instrument);
  const std::optional<Notice> notice = NoticeOf(event, known == instruments_.end() ? "" : known->second.symbol);
  if (!notice || FindEntry(event.header.id()) != entries_.end()) return;
  if (notice->often) {
    const auto [last, first] = noticed_.try_emplace({notice->topic, event.header.instrument}, now_);
    if (!first && now_ - last->second < kNoticeInterval) return;
    last->second = now_;
  }
  AlertCard card;
  card.header = event.header;
  card.notice = *notice;
  card.alert.triggered = event.header.event_time;
  card.alert.expires = event.header.event_time + kNoticeLife;
  Add(std::move(card));
}

// One delivery a channel.
void DeliveryLedger::Add(AlertCard card) {
  LedgerEntry entry;
  entry.card = std::move(card);
  const EventHeader& header = entry.card.header;
  const auto instrument = instruments_.find(header.instrument);
  entry.card.symbol =
      instrument == instruments_.end() ? fmt::format("#{}", header.instrument) : instrument->second.symbol;
  if (instrument != instruments_.end()) entry.card.currency = instrument->second.currency;
  if (const auto it = instances_.find(header.instance); it != instances_.end()) entry.card.instance = it->second;
  for (const std::string& channel : channels_) {
    Delivery delivery;
    delivery.id = DeliveryId(header.id(), channel);
    delivery.channel = channel;
    entry.deliveries.push_back(std::move(delivery));
  }
  if (entry.deliveries.empty()) return;
  MakeRoom();
  entries_.emplace(next_++, std::move(entry));
  ++revision_;
}

void DeliveryLedger::OnUpdate(const EventHeader& header, const AlertUpdate& update) {
  SetNews(FindEntry(update.alert),
          {.kind = update.kind, .reason = update.reason, .time = header.event_time, .outcome = {}});
}

void DeliveryLedger::OnOutcome(const EventHeader& header, const OutcomeLabelled& outcome) {
  const auto entry = std::ranges::find_if(entries_, [&](const auto& candidate) {
    return !candidate.second.card.notice && candidate.second.card.alert.intent == outcome.intent;
  });
  SetNews(entry, {.kind = AlertUpdateKind::kOutcome, .reason = {}, .time = header.event_time, .outcome = outcome});
}

void DeliveryLedger::SetNews(std::map<uint64_t, LedgerEntry>::iterator entry, AlertNews news) {
  if (entry == entries_.end() || news.kind == AlertUpdateKind::kUnknown) return;
  AlertNews& known = entry->second.card.news;
  if (known.kind == AlertUpdateKind::kOutcome) return;  // the last word
  known = std::move(news);
  ++revision_;
  ForgetIfDone(entry);
}

void DeliveryLedger::OnReceipt(const AlertReceipt& receipt) {
  const auto entry = FindEntry(receipt.alert);
  if (entry == entries_.end()) return;
  const auto delivery = std::ranges::find(entry->second.deliveries, receipt.channel, &Delivery::channel);
  if (delivery == entry->second.deliveries.end()) return;
  ++revision_;
  if (receipt.update != AlertUpdateKind::kUnknown) {
    OnUpdateReceipt(*delivery, receipt);
    return ForgetIfDone(entry);
  }
  delivery->possibly_repeated = delivery->possibly_repeated || receipt.possibly_repeated;
  const bool over = delivery->state != MessageState::kDue && delivery->state != MessageState::kInDoubt;
  switch (receipt.state) {
    case ReceiptState::kAttempted:
      delivery->attempts = std::max(delivery->attempts, receipt.attempt);
      if (!over) delivery->state = MessageState::kInDoubt;
      break;
    case ReceiptState::kNotAccepted:
      // Of an earlier attempt: the later one is still in doubt.
      if (!over && receipt.attempt >= delivery->attempts) delivery->state = MessageState::kDue;
      break;
    case ReceiptState::kDelivered:
      delivery->state = MessageState::kDelivered;
      delivery->message_id = receipt.message_id;
      break;
    case ReceiptState::kFailed:
    case ReceiptState::kSuppressed:
      if (delivery->state != MessageState::kDelivered) delivery->state = MessageState::kFailed;
      break;
    case ReceiptState::kAnswerLost:
      if (delivery->state != MessageState::kDelivered) delivery->state = MessageState::kUnknown;
      break;
    case ReceiptState::kUnknown:
      break;
  }
  ForgetIfDone(entry);
}

void DeliveryLedger::OnUpdateReceipt(Delivery& delivery, const AlertReceipt& receipt) {
  if (receipt.state == ReceiptState::kDelivered || receipt.state == ReceiptState::kFailed) {
    SetTold(delivery, receipt.update);
  }
}

void DeliveryLedger::ForgetIfDone(std::map<uint64_t, LedgerEntry>::iterator entry) {
  const AlertCard& card = entry->second.card;
  if ((!card.notice && card.news.kind != AlertUpdateKind::kOutcome) || AnyOpen(entry->second)) return;
  entries_.erase(entry);
}

void DeliveryLedger::ForgetOld() {
  swept_ = now_;
  while (!entries_.empty() && now_ - entries_.begin()->second.card.header.event_time >= kForgottenAfter) {
    forgotten_open_ += AnyOpen(entries_.begin()->second) ? 1 : 0;
    entries_.erase(entries_.begin());
    ++revision_;
  }
}

void DeliveryLedger::MakeRoom() {
  if (entries_.size() < kAlertsMax) return;
  auto settled = std::ranges::find_if(entries_, [](const auto& entry) { return !AnyOpen(entry.second); });
  if (settled == entries_.end()) {
    settled = entries_.begin();
    ++forgotten_open_;
  }
  entries_.erase(settled);
}

std::map<uint64_t, LedgerEntry>::iterator DeliveryLedger::FindEntry(const EventId& alert) {
  return std::ranges::find_if(entries_,
                              [&](const auto& candidate) { return candidate.second.card.header.id() == alert; });
}

const LedgerEntry* DeliveryLedger::Find(const EventId& alert) const {
  const auto entry = const_cast<DeliveryLedger*>(this)->FindEntry(alert);
  return entry == entries_.end() ? nullptr : &entry->second;
}

void DeliveryLedger::Save(runtime::StateWriter& state) const {
  const_cast<DeliveryLedger*>(this)->Persist(state);
}

absl::Status DeliveryLedger::Restore(runtime::StateReader& state) {
  Persist(state);
  ++revision_;
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::notifier
