// The simulated venue: a broker that fills orders against the recorded or live book, deterministically. exchange.h says
// how it trades; docs/simulated-venue.md what it leaves out.
//
// Reads   market lanes: MarketBatch, FeedGap, and, as the trading lane passes them on once more, InstrumentDefinition,
//         SessionState, HaltChanged, FeedCapabilities, FeedStatus, ConfigurationVersion (kVenue), ClockTick. Trading
//         lane: those, and OrderCommand.
// Emits   BrokerReport and BrokerSnapshot, following from the command (of an order: the one that placed it, numbered
//         per order). header.event_time is the tick that it acts at, broker_time when it happened inside the window.
//
// It acts at ticks alone. What the market does and what is commanded is kept until the tick behind it: then both are
// played in the order of their times, the market first where they are equal. A command arrives its latency after it was
// sent, commands in the order in which they were sent, and none before the tick that it was sent behind. So it says the
// same whether it sees trading events as they come (embedded) or behind a window of the market (merged).
//
// Which rows belong in front of a tick is told by the tick among them, not by their times. What a market lane says and
// the trading lane repeats counts once, in its place among the rows.
//
// Without a configuration of kind kVenue in force it keeps definitions, sessions and halts, no rows and no books, and
// answers nothing. A document that does not read changes nothing, and is counted. The books are known if the
// configuration precedes the first row; else an instrument does not trade before its book is sent again. Commands
// before the venue is up are lost: kConnected says when it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/events/persist_fields.h"
#include "libs/runtime/processor.h"
#include "services/venue/exchange.h"

namespace spillway::venue {

class SimulatedVenue final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kBroker; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Observed by the shell; it steers nothing.
  uint64_t configurations_refused() const { return configurations_refused_; }

 private:
  // A row's event, a tick among the rows, or (control > 0) something else that a market lane said.
  struct Item {
    MarketEvent event;
    uint32_t feed = 0;
    uint64_t control = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(event.event_time, event.ingest_time, event.price, event.quantity, event.reference, event.position);
      a(event.instrument, event.conditions, event.venue, event.level, event.kind, event.side, event.cause, event.flags);
      a(feed, control);
    }
  };
  enum class ControlKind : uint8_t { kDefinition, kSession, kHalt, kGap, kCapabilities, kFeed, kConfiguration };
  struct Control {
    ControlKind kind = ControlKind::kDefinition;
    InstrumentId instrument = 0;
    uint32_t feed = 0;
    Contract contract;
    SessionState session;
    bool active = false;  // halted, feed down
    uint32_t levels = 0;
    VenueTerms terms;
    Origin origin;
    Time effective;
    template <class Archive>
    void Persist(Archive& a) {
      a(kind, instrument, feed, contract, session, active, levels, terms, origin, effective);
    }
  };
  struct Seen {
    EventId event;
    Time time;
    ControlKind kind = ControlKind::kDefinition;
    InstrumentId instrument = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(event, time, kind, instrument);
    }
  };

  void OnBatch(const MarketBatch& batch);
  void OnControl(const EventHeader& header, Control control);
  void OnConfiguration(const Event& event, const ConfigurationVersion& version);
  void OnCommand(const EventHeader& header, const OrderCommand& command);
  void OnTick(Time tick, runtime::EventSink& out);
  void Play(Time tick);
  void ApplyControl(const Control& control, Time time);
  void ActivateDue(Time time);
  void TakeArrived(Time before);

  template <class Archive>
  void Persist(Archive& a) {
    a(listening_, exchange_, rows_, controls_, control_count_, commands_, configurations_, seen_, seen_before_,
      clocks_);
    a(tick_, configurations_refused_);
  }

  bool listening_ = false;  // a configuration was seen
  Exchange exchange_;
  std::vector<Item> rows_;  // not yet played, in lane order
  std::map<uint64_t, Control> controls_;
  uint64_t control_count_ = 0;
  std::deque<QueuedCommand> commands_;    // in the order of their arrival
  std::vector<Control> configurations_;   // that wait for their effective time
  std::vector<Seen> seen_, seen_before_;  // controls since the last tick, and between the two before
  std::map<uint32_t, Time> clocks_;       // by feed: the latest time of its rows
  std::optional<Time> tick_;              // the last one
  uint64_t configurations_refused_ = 0;
};

}  // namespace spillway::venue
