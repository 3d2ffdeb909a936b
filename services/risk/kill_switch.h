// The kill switch (S3-B3.6, S3-B3.7, FX-76): thrown by a person or by what goes wrong, it stays until a person enables.
// Active, nothing that adds risk is approved; oms cancels what works of it and, with `flatten`, closes all. Orders that
// reduce risk always pass.
//
//   manual          AdminCommand kill, with or without flatten
//   rate_limited    5 reports of the broker within 60 s
//   disconnects     3 within 5 minutes
//   rejects         5 orders in a row, none accepted or filled between them
//   reconciliation  a difference that is not resolved after 60 s
//   clock_skew      the broker's clock is more than 1 s from ours
//   day_loss        the day's flatten step (C-14): ends by itself with the next trading day (S4-R10.4.2)
//   drawdown        a horizon's flatten step (C-15)
//
// The numbers are the defaults of RiskProfile.kill, and hold without a profile too; 0 turns a cause off. A log that
// cannot be written stops the processes themselves: nothing is sent that is not on the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/risk/account_profile.h"

namespace spillway::risk {

enum class KillCause : uint8_t {
  kManual,
  kRateLimited,
  kDisconnects,
  kRejects,
  kReconciliation,
  kClockSkew,
  kDayLoss,
  kDrawdown,
};
std::string_view KillCauseName(KillCause cause);  // "rate_limited"

struct KillReason {
  KillCause cause = KillCause::kManual;
  double seen = 0;
  double limit = 0;
  std::string_view unit = {};
};

// What is watched for FX-76. Each call says what it throws the switch for, once: what was counted is then forgotten.
class KillWatch {
 public:
  std::optional<KillReason> See(const BrokerReport& report, Time now, const KillLimits& limits);
  void See(const Reconciliation& difference, Time now);
  std::optional<KillReason> Tick(Time now, const KillLimits& limits);
  void Enabled(Time now);  // counts begin anew; a difference that is still there has its time once more

  uint32_t RateLimited(Time now, const KillLimits& limits) const;
  uint32_t Disconnects(Time now, const KillLimits& limits) const;
  uint32_t rejects() const { return static_cast<uint32_t>(rejects_.size()); }
  Duration MismatchAge(Time now) const;
  Duration clock_skew() const { return clock_skew_; }  // as last reported

  template <class Archive>
  void Persist(Archive& a) {
    a(rate_limited_, disconnects_, rejects_, mismatch_since_, clock_skew_);
  }

 private:
  std::deque<Time> rate_limited_, disconnects_;
  std::set<std::string> rejects_;  // client_order_ids: a report that is repeated is one
  std::optional<Time> mismatch_since_;
  Duration clock_skew_{0};
};

class KillSwitch {
 public:
  bool active() const { return !causes_.empty(); }
  bool flatten() const { return active() && flatten_; }
  // What it is active for; the first cause first.
  std::string Causes() const;
  // nullopt: active before, and this adds nothing.
  std::optional<KillSwitchChanged> Throw(const KillReason& reason, bool flatten);
  // As it stands, for whoever throws it once more.
  KillSwitchChanged Unchanged(const KillReason& reason) const;
  // nullopt: it was not active.
  std::optional<KillSwitchChanged> Enable();
  // The cause has ended by itself. nullopt: others remain, or it was none.
  std::optional<KillSwitchChanged> End(KillCause cause);

  template <class Archive>
  void Persist(Archive& a) {
    a(causes_, flatten_);
  }

 private:
  std::vector<KillCause> causes_;
  bool flatten_ = false;
};

// Symbols in which trading pauses: the broker contradicted itself or us (until a person resumes), or its books differ
// from ours (until that is resolved, or a person resumes). Instrument 0 stands for all: nobody knows which symbol it
// is.
class SymbolPauses {
 public:
  enum class Cause : uint8_t { kOrderIncident, kReconciliation };
  struct Key {
    InstrumentId instrument = 0;
    Cause cause = Cause::kOrderIncident;
    friend auto operator<=>(const Key&, const Key&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(instrument, cause);
    }
  };
  struct Change {
    Key key;
    bool paused = false;
    EventId announced;  // ended: what told of the beginning
    EventId correlation;
  };

  std::vector<Change> See(const OrderIncident& incident, InstrumentId instrument);
  std::vector<Change> See(const Reconciliation& difference, InstrumentId instrument);
  std::vector<Change> Resume(InstrumentId instrument);  // 0: all
  void Announced(const Key& key, const EventId& event, const EventId& correlation);

  // Of the symbol or of all; nullopt: it trades.
  std::optional<Cause> Of(InstrumentId instrument) const;
  bool any() const { return !pauses_.empty(); }
  std::set<InstrumentId> instruments() const;

  template <class Archive>
  void Persist(Archive& a) {
    a(pauses_);
  }

 private:
  struct Difference {
    DifferenceKind kind = DifferenceKind::kNone;
    OrderId order;
    std::string client_order_id, execution_id, symbol;
    friend auto operator<=>(const Difference&, const Difference&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(kind, order, client_order_id, execution_id, symbol);
    }
  };
  struct Pause {
    std::set<Difference> differences;
    EventId announced;
    EventId correlation;
    template <class Archive>
    void Persist(Archive& a) {
      a(differences, announced, correlation);
    }
  };
  static Change Ended(const Key& key, const Pause& pause);
  std::map<Key, Pause> pauses_;
};
std::string_view SymbolPauseName(SymbolPauses::Cause cause);  // "order_incident"

// Real money is traded only while a person has armed the account by its id (S4-R10.4.3). Paper needs no arming. Another
// profile or account disarms.
class Arming {
 public:
  void SetAccount(const AccountProfile* profile);  // nullptr: none
  bool Arm(const std::string& account);            // false: not live, or not its id
  bool Disarm();                                   // false: it was not armed
  bool armed() const { return armed_; }
  bool required() const { return live_; }
  const std::string& account() const { return account_; }
  template <class Archive>
  void Persist(Archive& a) {
    a(account_, live_, armed_);
  }

 private:
  std::string account_;
  bool live_ = false;
  bool armed_ = false;
};

}  // namespace spillway::risk
