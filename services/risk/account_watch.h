// Watches over the account while it trades, and tells of what stops it: the kill switch, breakers, paused symbols,
// arming. Rules on intents ask it; it never looks at an intent itself.
//
// Emits, all of no instance, following from the event that showed it:
//   KillSwitchChanged   the switch is thrown, flattens as well from now on, or is off; a person who throws or enables
//                       what is so already is answered with the state that stays
//   TradingState        global: account_day_loss, slippage_anomaly, latency_anomaly, not_armed;
//                       of a symbol: order_incident, reconciliation
//
// Obeys AdminCommands kill, enable, arm, disarm and resume. Each needs `by` and `reason`; one where they are blank is
// refused and counted. Who may write them is the lane's own right (docs/jetstream.md).
//   enable  ends the kill switch whatever threw it, and lets the day's loss and the drawdowns count anew from here for
//           what they close (S4-R10.4.3, S4-R11.3.3); sizes stay reduced until the equity is back.
//   resume  of a symbol ends its pauses; of none those of all symbols and of anomalies.
//
// Time is the latest event time it was told of; a person's command moves no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/runtime/processor.h"
#include "services/risk/breakers.h"
#include "services/risk/kill_switch.h"

namespace spillway::risk {

// Blanks name nobody and give no reason.
inline bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

class AccountWatch {
 public:
  // Numbers what one event causes for the account.
  class Teller {
   public:
    static constexpr uint32_t kFirstOrdinal = 4000;
    Teller(const EventHeader& cause, runtime::EventSink& out, bool by_command = false)
        : cause_(cause), out_(out), by_command_(by_command) {}
    bool by_command() const { return by_command_; }             // a person's: what ends by it follows from it
    EventHeader Header(Time now, InstrumentId instrument = 0);  // of the next event that follows from the cause
    void Emit(EventHeader header, EventBody body) { out_.Emit({std::move(header), std::move(body)}); }

   private:
    const EventHeader& cause_;
    runtime::EventSink& out_;
    const bool by_command_;
    uint32_t next_ordinal_ = kFirstOrdinal;
  };

  // `profile`: null while none is in force.
  void SetProfile(const AccountProfile* profile, Teller& say);
  void Advance(Time time, const AccountProfile* profile, Teller& say);
  void BeginDay(int32_t trading_day, Teller& say);
  // What the equity counts from is another one: the broker spoke for the first time, or of another account. Nothing was
  // lost by that.
  void Rebase();
  void SeeEquity(Money equity, const AccountProfile* profile, Teller& say);
  void See(const OrderEvent& order, const AccountProfile* profile, Teller& say);
  void See(const BrokerReport& report, const AccountProfile* profile, Teller& say);
  void See(const Reconciliation& difference, InstrumentId instrument, Teller& say);
  void See(const OrderIncident& incident, InstrumentId instrument, Teller& say);
  void Refuse() { ++commands_refused_; }  // a command that says too little
  void Obey(const AdminCommand& command, InstrumentId instrument, Teller& say);

  Time now() const { return now_; }
  const KillSwitch& kill() const { return kill_; }
  const KillWatch& kill_watch() const { return kill_watch_; }
  const DailyLoss& daily_loss() const { return daily_loss_; }
  const Drawdowns& drawdowns() const { return drawdowns_; }
  const SymbolPauses& symbols() const { return symbols_; }
  const Arming& arming() const { return arming_; }
  const SlippageWatch& slippage() const { return slippage_; }
  const LatencyWatch& latency() const { return latency_; }
  // Time left of the pause; nullopt: none.
  std::optional<Duration> slippage_pause() const { return Left(slippage_pause_); }
  std::optional<Duration> latency_pause() const { return Left(latency_pause_); }

  // Observed by the shell; steers nothing.
  uint64_t commands_refused() const { return commands_refused_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(now_, kill_, kill_watch_, daily_loss_, drawdowns_, symbols_, arming_, slippage_, latency_, slippage_pause_,
      latency_pause_, loss_pause_, unarmed_, equity_, commands_refused_);
  }

 private:
  struct Pause {
    std::optional<Time> until;
    EventId announced;
    EventId correlation;
    template <class Archive>
    void Persist(Archive& a) {
      a(until, announced, correlation);
    }
  };
  std::optional<Duration> Left(const std::optional<Pause>& pause) const {
    if (!pause) return std::nullopt;
    return *pause->until - now_;
  }
  void Throw(const KillReason& reason, bool flatten, const AdminCommand* by, std::string_view why, Teller& say);
  void Begin(std::optional<Pause>& pause, std::string_view cause, std::optional<Time> until, Teller& say);
  void End(std::optional<Pause>& pause, std::string_view cause, Teller& say);
  void Tell(const std::vector<SymbolPauses::Change>& changes, Teller& say);
  void Resumed(const EventId& announced, const EventId& correlation, PauseScope scope, InstrumentId instrument,
               std::string_view cause, Teller& say);
  void Enable(const AdminCommand& command, Teller& say);

  Time now_;
  KillSwitch kill_;
  KillWatch kill_watch_;
  DailyLoss daily_loss_;
  Drawdowns drawdowns_;
  std::optional<Money> equity_;
  SymbolPauses symbols_;
  Arming arming_;
  SlippageWatch slippage_;
  LatencyWatch latency_;
  std::optional<Pause> slippage_pause_, latency_pause_, loss_pause_, unarmed_;
  uint64_t commands_refused_ = 0;
};

}  // namespace spillway::risk
