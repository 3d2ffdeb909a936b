// What must be told to which channel, and what is known of it: the trading lane folded. Whoever folds the lane up to
// its end knows of every message whether it was never tried, tried without a known answer, delivered (as which
// message), or over; so another process may go on where one was killed.
//
// Reads   trading lane: InstrumentDefinition and ConfigurationVersion (names); Alert (one delivery a channel; shadow
//         alerts none), AlertUpdate and OutcomeLabelled (edits of the message; the latest counts, an outcome is the
//         last word); what notice.h makes a notice of (one delivery a channel); AlertReceipt of Producer::kDelivery:
//           ATTEMPTED      attempt n is about to be sent. Without a later receipt nobody knows whether it arrived.
//           NOT_ACCEPTED   attempt n surely did not arrive; it will be tried again.
//           DELIVERED      the channel has it, as message_id.
//           FAILED         it will not be tried again.
//           ANSWER_LOST    it may have arrived, and will not be tried again (UNKNOWN).
//           with `update`  the same of an edit; edits may be repeated without harm, so only their end is written.
// Emits   nothing. The side effects are the engine's (delivery.h), which looks at this.
//
// An alert is forgotten when its outcome was told (or cannot be), after kForgottenAfter of event time, or when there
// are more than kAlertsMax: settled ones first, then the oldest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/events/persist_fields.h"
#include "libs/runtime/processor.h"
#include "services/notifier/notice.h"

namespace spillway::notifier {

// What became of an alert after it was told.
struct AlertNews {
  AlertUpdateKind kind = AlertUpdateKind::kUnknown;  // kUnknown: nothing yet
  std::string reason;                                // cancelled: rule, seen, limit
  Time time;
  std::optional<OutcomeLabelled> outcome;
  template <class Archive>
  void Persist(Archive& a) {
    a(kind, reason, time, outcome);
  }
};

// All that a message about an alert is made of.
struct AlertCard {
  EventHeader header;            // of the Alert, or of the event that the notice is of
  std::optional<Notice> notice;  // the message is this; of the alert only the times are set
  Alert alert;
  std::string symbol;
  std::string currency;
  std::string instance;  // "ofi-classic@1#1"
  AlertNews news;
  template <class Archive>
  void Persist(Archive& a) {
    a(header, notice, alert, symbol, currency, instance, news);
  }
};

enum class MessageState : uint8_t {
  kDue,        // never tried, or surely not accepted
  kInDoubt,    // tried; no answer is known
  kDelivered,  // there, as message_id
  kFailed,     // over
  kUnknown,    // over; it may be there
};

// One message to one channel.
struct Delivery {
  std::string id;  // DeliveryId(alert, channel)
  std::string channel;
  MessageState state = MessageState::kDue;
  uint32_t attempts = 0;
  bool possibly_repeated = false;  // an attempt was made although the answer to an earlier one was lost
  std::string message_id;
  uint8_t updates_told = 0;  // a bit for each AlertUpdateKind that was told, or given up
  template <class Archive>
  void Persist(Archive& a) {
    a(id, channel, state, attempts, possibly_repeated, message_id, updates_told);
  }

  bool told(AlertUpdateKind kind) const { return (updates_told >> static_cast<unsigned>(kind) & 1) != 0; }
};

struct LedgerEntry {
  AlertCard card;
  std::vector<Delivery> deliveries;
  template <class Archive>
  void Persist(Archive& a) {
    a(card, deliveries);
  }
};

// Whether the channel has still to be told something: the alert itself, or what became of it.
bool Open(const AlertCard& card, const Delivery& delivery);

// 32 hexadecimal digits, the same in every attempt and every process.
std::string DeliveryId(const EventId& alert, std::string_view channel);
// The same for the message that tells an update, where the channel gets it as a message of its own.
std::string UpdateId(const EventId& alert, std::string_view channel, AlertUpdateKind kind);
// The event that carries a receipt; `time` is the lane's. No two different receipts of an alert have the same id.
Event ReceiptEvent(const EventHeader& alert, Time time, AlertReceipt receipt);

class DeliveryLedger : public runtime::Processor {
 public:
  static constexpr size_t kAlertsMax = 4096;
  static constexpr Duration kForgottenAfter = std::chrono::hours(24);

  // The channels that alerts from now on are told to. An alert restored from a checkpoint keeps its own.
  explicit DeliveryLedger(std::vector<std::string> channels) : channels_(std::move(channels)) {}

  Producer producer() const override { return Producer::kDelivery; }
  uint32_t state_version() const override { return 3; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // In the order the alerts came in.
  const std::map<uint64_t, LedgerEntry>& entries() const { return entries_; }
  const LedgerEntry* Find(const EventId& alert) const;
  // The lane's time.
  Time now() const { return now_; }
  // Changes whenever entries() does; not part of the state.
  uint64_t revision() const { return revision_; }
  uint64_t forgotten_open() const { return forgotten_open_; }  // forgotten with something still to be told

 private:
  struct InstrumentName {
    std::string symbol;
    std::string currency;
    template <class Archive>
    void Persist(Archive& a) {
      a(symbol, currency);
    }
  };

  void OnAlert(const EventHeader& header, const Alert& alert);
  void OnNotice(const Event& event);
  void Add(AlertCard card);
  void OnUpdate(const EventHeader& header, const AlertUpdate& update);
  void OnOutcome(const EventHeader& header, const OutcomeLabelled& outcome);
  void OnReceipt(const AlertReceipt& receipt);
  void OnUpdateReceipt(Delivery& delivery, const AlertReceipt& receipt);
  void SetNews(std::map<uint64_t, LedgerEntry>::iterator entry, AlertNews news);
  void ForgetIfDone(std::map<uint64_t, LedgerEntry>::iterator entry);
  void ForgetOld();
  void MakeRoom();
  std::map<uint64_t, LedgerEntry>::iterator FindEntry(const EventId& alert);

  template <class Archive>
  void Persist(Archive& a) {
    a(now_, swept_, next_, instruments_, instances_, noticed_, entries_, forgotten_open_);
  }

  std::vector<std::string> channels_;
  Time now_;
  Time swept_;  // when old alerts were last looked for
  uint64_t next_ = 1;
  std::map<InstrumentId, InstrumentName> instruments_;
  std::map<StrategyInstanceId, std::string> instances_;
  std::map<std::pair<std::string, InstrumentId>, Time> noticed_;  // by topic, of those that may come often
  std::map<uint64_t, LedgerEntry> entries_;
  uint64_t forgotten_open_ = 0;
  uint64_t revision_ = 1;
};

}  // namespace spillway::notifier
