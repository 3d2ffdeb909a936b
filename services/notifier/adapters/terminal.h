// Alerts as cards of text, edits as single lines. At most kWidth columns of plain ASCII, readable when piped; colour
// only when asked for.
#pragma once

#include <map>
#include <ostream>
#include <string>

#include "libs/events/text.h"
#include "services/notifier/channel.h"
#include "services/notifier/notice.h"

namespace spillway::notifier {

struct TerminalOptions {
  bool colour = false;  // true only if the output is a terminal
  bool show_shadow = false;
};

class TerminalChannel final : public Channel {
 public:
  static constexpr size_t kWidth = 100;
  // What is remembered of alerts shown, for their edits; the oldest goes first.
  static constexpr size_t kShownMax = 4096;

  // `out` outlives the channel.
  TerminalChannel(std::ostream& out, TerminalOptions options) : out_(out), options_(options) {}

  std::string_view name() const override { return "terminal"; }
  void Handle(const Event& event) override;

 private:
  struct Shown {
    EventHeader header;
    EventId intent;
    Price entry;
    bool shadow = false;
  };

  void OnAlert(const EventHeader& header, const Alert& alert);
  void OnUpdate(const EventHeader& header, const AlertUpdate& update);
  void OnOutcome(const EventHeader& header, const OutcomeLabelled& outcome);
  void OnNotice(const EventHeader& header, const Notice& notice);
  std::string SymbolOf(InstrumentId instrument) const;
  void OnReceipt(const EventHeader& header, const AlertReceipt& receipt);

  std::string Card(const EventHeader& header, const Alert& alert) const;
  std::string Currency(InstrumentId instrument) const;
  void Edit(const Shown& shown, Time time, std::string_view colour, const std::string& text);
  void Print(std::string_view colour, const std::string& text);

  std::ostream& out_;
  TerminalOptions options_;
  NameTable names_;
  std::map<uint64_t, Shown> shown_;  // by the order they were shown in
  uint64_t next_ = 0;
};

}  // namespace spillway::notifier
