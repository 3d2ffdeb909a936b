// `spillway admin`: what a person commands of a running stack, as one AdminCommand on the trading lane, and what
// followed from it. Nothing else is written. docs/risk.md says what each does; rights: docs/jetstream.md, user
// operator.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/runtime/event_appender.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/stack_configuration.h"
#include "tools/spillway/stack_connection.h"

namespace spillway::cli {
namespace {

using Clock = std::chrono::steady_clock;

AdminCommandKind KindOf(const std::string& name) {
  for (int kind = 1; kind <= static_cast<int>(AdminCommandKind::kResume); ++kind) {
    if (AdminCommandKindName(static_cast<AdminCommandKind>(kind)) == name) return static_cast<AdminCommandKind>(kind);
  }
  return AdminCommandKind::kUnknown;
}

bool AboutIntent(AdminCommandKind kind) {
  return kind == AdminCommandKind::kConfirm || kind == AdminCommandKind::kReject;
}

// The one id in the system that is drawn: a command comes from outside.
EventId DrawId() {
  std::random_device device;
  const auto word = [&] { return (uint64_t{device()} << 32) | device(); };
  return {word(), word()};
}

// What the trading lane has said: names, and the intents that a person may answer.
struct LaneMemory {
  NameTable names;
  std::map<EventId, EventHeader> intents;
  std::map<EventId, EventId> alerts;  // the intents that they tell of
  // The kill switch as it was last thrown, if it is; the first of the same state, not what repeats it.
  std::optional<std::pair<EventHeader, KillSwitchChanged>> killed;
  std::set<std::pair<InstrumentId, std::string>> paused;  // 0: all symbols
  bool flattening = false;
  bool armed = false;

  void Take(const Event& event) {
    names.Learn(event);
    if (event.header.producer == Producer::kRisk) TakeState(event);
    const auto* progress = std::get_if<FlattenProgress>(&event.body);
    if (progress != nullptr && event.header.instrument == 0 && event.header.instance == 0 && !progress->cancels_only)
      flattening = progress->stage != FlattenStage::kDone;
    if (const auto* alert = std::get_if<Alert>(&event.body)) alerts[event.header.id()] = alert->intent;
    // What risk derived from a confirmation is nobody's to confirm.
    const auto* intent = std::get_if<TradeIntent>(&event.body);
    if (intent != nullptr && !intent->parent) intents[event.header.id()] = event.header;
  }
  // Whether to kill with or without `flatten` would change anything.
  bool Kills(bool flatten) const { return killed && (killed->second.flatten || !flatten); }
  bool Paused(InstrumentId instrument) const {
    return std::any_of(paused.begin(), paused.end(),
                       [&](const auto& pause) { return instrument == 0 || pause.first == instrument; });
  }

 private:
  void TakeState(const Event& event) {
    if (const auto* kill = std::get_if<KillSwitchChanged>(&event.body)) {
      if (!kill->active) killed.reset();
      if (kill->active && (!killed || killed->second.flatten != kill->flatten)) killed = {event.header, *kill};
    }
    const auto* state = std::get_if<TradingState>(&event.body);
    if (state == nullptr || event.header.instance != 0) return;
    if (state->cause == "not_armed") {
      armed = !state->paused;
    } else if (state->paused) {
      paused.emplace(event.header.instrument, state->cause);
    } else {
      paused.erase({event.header.instrument, state->cause});
    }
  }
};

// Calls `take` for the events of the messages that are there, and that arrive within `wait`, until it returns false.
template <class Take>
absl::Status Follow(log::LaneReader& reader, Duration wait, const Take& take) {
  const Clock::time_point deadline = Clock::now() + wait;
  GroupDecoder decoder;
  log::LaneMessage message;
  while (true) {
    const auto left = std::max(Duration::zero(), std::chrono::duration_cast<Duration>(deadline - Clock::now()));
    const absl::StatusOr<bool> more =
        wait == Duration::zero() ? reader.Next(message) : reader.NextWithin(message, left);
    if (!more.ok()) return more.status();
    if (!*more && (wait == Duration::zero() || left == Duration::zero())) return absl::OkStatus();
    if (!*more) continue;
    GroupHeader header;
    bool go_on = true;
    const absl::Status status = decoder.Decode(message.bytes, header, [&](const Event& event) {
      if (go_on) go_on = take(message.sequence, event);
    });
    if (!status.ok()) continue;  // nobody's, here as in the services
    if (!go_on) return absl::OkStatus();
  }
}

absl::StatusOr<EventHeader> FindIntent(const LaneMemory& memory, std::string digits) {
  std::transform(digits.begin(), digits.end(), digits.begin(), [](unsigned char c) { return std::tolower(c); });
  if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("'{}' is no id: at least 4 hexadecimal digits", digits));
  }
  std::set<EventId> found;
  for (const auto& [id, header] : memory.intents) {
    const bool story = ToString(header.correlation_id()).starts_with(digits);  // what cards and traces show
    if (story || ToString(id).starts_with(digits)) found.insert(id);
  }
  for (const auto& [alert, intent] : memory.alerts) {
    if (ToString(alert).starts_with(digits)) found.insert(intent);
  }
  if (found.size() == 1 && memory.intents.contains(*found.begin())) return memory.intents.at(*found.begin());
  return absl::NotFoundError(found.empty()
                                 ? fmt::format("no intent has an id that begins with {}", digits)
                                 : fmt::format("{} begins {} intents: give more digits", digits, found.size()));
}

absl::StatusOr<InstrumentId> FindSymbol(const NameTable& names, const std::string& symbol) {
  for (const auto& [id, definition] : names.definitions()) {
    if (definition.symbol == symbol) return id;
  }
  return absl::NotFoundError(
      fmt::format("{}: no such symbol on this stack ({} are known)", symbol, names.definitions().size()));
}

absl::StatusOr<StrategyInstanceId> FindInstance(const NameTable& names, const std::string& instance) {
  std::string known;
  for (const auto& [id, name] : names.instances()) {
    if (name == instance || name == instance + "#1") return id;
    known += (known.empty() ? "" : ", ") + name;
  }
  return absl::NotFoundError(fmt::format("{}: no such instance on this stack; there are: {}", instance, known));
}

// What follows from one command, as it comes: its answer, and the rest of the story.
class Answers {
 public:
  Answers(AdminCommandKind kind, bool flatten, EventHeader command) : kind_(kind), flatten_(flatten) {
    ids_.insert(command.id());
    command.instance = 0;  // how risk knows it where it fits no card
    ids_.insert(command.id());
  }

  // True: it is about the command.
  bool Take(const Event& event) {
    const Producer by = event.header.producer;
    if (by != Producer::kRisk && by != Producer::kOms && by != Producer::kBroker) return false;  // views of it
    const bool follows = ids_.contains(event.header.cause.event) || AboutAChild(event);
    const auto* progress = std::get_if<FlattenProgress>(&event.body);
    const bool flattens =
        progress != nullptr && (kind_ == AdminCommandKind::kKill || kind_ == AdminCommandKind::kFlatten);
    if (!follows && !flattens) return false;
    ids_.insert(event.header.id());
    if (progress != nullptr) {
      flattened_ = progress->stage == FlattenStage::kDone;
      if (kind_ == AdminCommandKind::kFlatten) answered_ = true;
    }
    std::visit(Overloaded{[&](const TradeIntent&) { children_.insert(event.header.id()); },
                          [&](const RiskDecision& decision) {
                            answered_ = true;
                            approved_ = decision.approved;
                            rule_ = decision.rule;
                            detail_ = decision.detail;
                          },
                          [&](const OrderEvent& order) { worked_ = order.state != OrderState::kNew; },
                          [&](const KillSwitchChanged& changed) {
                            answered_ = true;
                            approved_ = changed.active == (kind_ == AdminCommandKind::kKill);
                          },
                          [&](const FlattenProgress&) {}, [&](const auto&) { answered_ = answered_ || OneAnswer(); }},
               event.body);
    return true;
  }
  bool complete() const {
    if (!answered_) return false;
    switch (kind_) {
      case AdminCommandKind::kConfirm:
        return !approved_ || worked_;
      case AdminCommandKind::kKill:
      case AdminCommandKind::kFlatten:
        return flattened_;
      default:
        return true;
    }
  }
  // What was commanded happened (a rejection is a refusal, as it should be).
  bool done() const {
    if (kind_ == AdminCommandKind::kReject) return answered_ && rule_ == RefusalRule::kConfirmRejected;
    if (kind_ == AdminCommandKind::kFlatten || (kind_ == AdminCommandKind::kKill && flatten_)) {
      return answered_ && approved_ && flattened_;
    }
    return answered_ && approved_;
  }
  bool answered() const { return answered_; }
  // In a person's words, where the card is not there to answer any more. Empty: it is, or the decision says it all.
  std::string TooLate() const {
    if (!answered_ || approved_) return "";
    if (rule_ == RefusalRule::kConfirmUnknown)
      return "no card waits under that id: risk never asked for it, or it is forgotten";
    if (rule_ == RefusalRule::kDuplicateIntent) return "too late: it was confirmed before and trades on";
    if (rule_ == RefusalRule::kConfirmRejected && detail_ == "rejected before") return "it was rejected before";
    if (rule_ != RefusalRule::kConfirmExpired) return "";
    return "too late: " + (detail_ == "too late" ? "the card expired unanswered" : detail_) + "; nothing is traded";
  }

 private:
  bool AboutAChild(const Event& event) const {
    const auto* order = std::get_if<OrderEvent>(&event.body);
    if (order != nullptr) return children_.contains(order->intent);
    const auto* decision = std::get_if<RiskDecision>(&event.body);
    return decision != nullptr && (children_.contains(decision->intent) || ids_.contains(decision->intent));
  }
  bool OneAnswer() const {
    return kind_ == AdminCommandKind::kArm || kind_ == AdminCommandKind::kDisarm || kind_ == AdminCommandKind::kResume;
  }

  const AdminCommandKind kind_;
  const bool flatten_;
  std::set<EventId> ids_;       // the command's and those of what followed
  std::set<EventId> children_;  // intents that risk derived from it
  bool answered_ = false, approved_ = true, worked_ = false, flattened_ = false;
  RefusalRule rule_ = RefusalRule::kNone;  // of the last decision
  std::string detail_;
};

std::string NoAnswerText(AdminCommandKind kind, double timeout) {
  const char* why = "is risk up (spillway status)?";
  if (kind == AdminCommandKind::kArm || kind == AdminCommandKind::kDisarm) {
    why = "is a live account of that id in force? Else: is risk up (spillway status)?";
  }
  if (kind == AdminCommandKind::kResume) why = "was the symbol paused? Else: is risk up (spillway status)?";
  if (kind == AdminCommandKind::kEnable) why = "was it enabled already? Else: is risk up (spillway status)?";
  return fmt::format("the command is on the log, and nobody answered within {} s: {}", timeout, why);
}

constexpr Duration kShort = std::chrono::seconds(2);

// What the command asks for is so already, as far as the lane tells: in words. Empty: it is not.
std::string AlreadySo(const AdminArguments& arguments, AdminCommandKind kind, InstrumentId instrument,
                      const LaneMemory& memory) {
  switch (kind) {
    case AdminCommandKind::kKill: {
      if (!memory.Kills(arguments.flatten)) return "";
      const auto& [header, kill] = *memory.killed;
      const std::string whose = kill.by.empty() ? kill.cause : kill.by;
      return fmt::format("already active since {}, by {}{}{}", FormatTime(header.event_time), whose,
                         kill.reason.empty() ? "" : ": " + kill.reason,
                         memory.flattening ? "; positions are being closed" : "");
    }
    case AdminCommandKind::kResume:
      if (memory.Paused(instrument)) return "";
      return fmt::format("nothing was paused{}", instrument == 0 ? "" : " in " + arguments.symbol);
    case AdminCommandKind::kDisarm:
      return memory.armed ? "" : "nothing was armed";
    default:
      return "";
  }
}

// The command itself, with what it names resolved.
absl::StatusOr<Event> CommandEvent(const AdminArguments& arguments, AdminCommandKind kind, const LaneMemory& memory) {
  Event event;
  event.header.producer = Producer::kGateway;
  event.header.cause.event = DrawId();
  AdminCommand command{.kind = kind,
                       .flatten = arguments.flatten,
                       .account = arguments.account,
                       .by = arguments.by,
                       .reason = arguments.reason};
  if (AboutIntent(kind)) {
    const absl::StatusOr<EventHeader> intent = FindIntent(memory, arguments.intent);
    if (!intent.ok()) return intent.status();
    command.intent = intent->id();
    event.header.instrument = intent->instrument;
    event.header.instance = intent->instance;
    event.header.correlation = intent->correlation_id();
  }
  if (!arguments.symbol.empty()) {
    const absl::StatusOr<InstrumentId> instrument = FindSymbol(memory.names, arguments.symbol);
    if (!instrument.ok()) return instrument.status();
    event.header.instrument = *instrument;
  }
  if (!arguments.instance.empty()) {
    const absl::StatusOr<StrategyInstanceId> instance = FindInstance(memory.names, arguments.instance);
    if (!instance.ok()) return instance.status();
    event.header.instance = *instance;
  }
  event.body = std::move(command);
  return event;
}

// From the lane's first message that is there.
absl::StatusOr<std::unique_ptr<log::LaneReader>> ReadTrading(jetstream::JetStreamLog& log) {
  const absl::StatusOr<jetstream::LaneInfo> info = log.Info("trading");
  if (!info.ok()) return info.status();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader("trading");
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->SeekToSequence(std::max<uint64_t>(info->first_sequence, 1)); !status.ok())
    return status;
  return reader;
}

// Where $USER does not say: whose process this is.
std::string NameOfUser() {
  const passwd* user = getpwuid(getuid());
  return user == nullptr || user->pw_name == nullptr ? "" : user->pw_name;
}

absl::Status CheckArguments(const AdminArguments& given, const AdminArguments& arguments, AdminCommandKind kind) {
  if (arguments.by.empty()) {
    return absl::InvalidArgumentError(given.by.empty()
                                          ? "--by: who commands this? Neither $USER nor the user's id says"
                                          : "--by: blanks name nobody; it stands on the log with the reason");
  }
  if (!given.reason.empty() && arguments.reason.empty()) {
    return absl::InvalidArgumentError("--reason: blanks are none; it stands on the log with who commanded it");
  }
  if (kind == AdminCommandKind::kResume && arguments.symbol.empty() != arguments.all) {
    return absl::InvalidArgumentError("resume what? A symbol, or --all: every pause, of anomalies too");
  }
  const bool needs_reason = !AboutIntent(kind) && kind != AdminCommandKind::kDisarm;
  if (needs_reason && arguments.reason.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("--reason: {} needs one; it stands on the log with who commanded it", AdminCommandKindName(kind)));
  }
  if (kind == AdminCommandKind::kArm && arguments.account.empty()) {
    return absl::InvalidArgumentError("--account: the id of the live account that is armed");
  }
  return absl::OkStatus();
}

}  // namespace

int Admin(const AdminArguments& given) {
  AdminArguments arguments = given;
  arguments.by = given.by.empty() ? NameOfUser() : std::string(absl::StripAsciiWhitespace(given.by));
  arguments.reason = std::string(absl::StripAsciiWhitespace(given.reason));
  const AdminCommandKind kind = KindOf(arguments.command);
  if (absl::Status status = CheckArguments(given, arguments, kind); !status.ok()) {
    Fail(status);
    return kExitUsage;
  }
  if (arguments.reason.empty()) arguments.reason = arguments.command + "ed by hand";
  const auto connection = ConnectTo(arguments.nats);
  if (!connection.ok()) return Fail(connection.status());
  jetstream::JetStreamLog log(*connection, Producer::kGateway);
  LaneMemory memory;
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = ReadTrading(log);
  if (!reader.ok()) return Fail(reader.status());
  const auto remember = [&](uint64_t, const Event& event) {
    memory.Take(event);
    return true;
  };
  // A kill does not wait for names.
  const bool named = AboutIntent(kind) || !arguments.symbol.empty() || !arguments.instance.empty();
  if (named) {
    if (absl::Status status = Follow(**reader, Duration::zero(), remember); !status.ok()) return Fail(status);
  }
  absl::StatusOr<Event> command = CommandEvent(arguments, kind, memory);
  if (!command.ok()) return Fail(command.status());
  const absl::StatusOr<Time> now = LastTime(log, "trading");
  if (!now.ok()) return Fail(now.status());
  command->header.event_time = command->header.ingest_time = *now;
  absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log.OpenWriter("trading");
  if (!writer.ok()) return Fail(writer.status());
  runtime::EventAppender appender(Producer::kGateway, *std::move(writer));
  if (absl::Status status = appender.Append({&*command, 1}); !status.ok()) return Fail(status);

  const EventId id = command->header.id();
  nlohmann::ordered_json json = {
      {"command", arguments.command}, {"id", ToString(id)}, {"answers", nlohmann::ordered_json::array()}};
  Answers answers(kind, arguments.flatten, command->header);
  bool seen = false;     // the command itself
  bool nothing = false;  // what it asks for is so already, as far as the lane says
  std::string before;    // in words, what it found
  const auto answer = [&](uint64_t, const Event& event) {
    const bool own = event.header.id() == id;
    if (own) {
      seen = true;
      before = AlreadySo(arguments, kind, command->header.instrument, memory);
      nothing = !before.empty();
    }
    memory.Take(event);
    if (!seen) return true;
    if (!own && !answers.Take(event)) return true;
    const std::string text = ToText(event, memory.names);
    if (!own) {
      json["answers"].push_back({{"producer", ProducerName(event.header.producer)},
                                 {"id", ToString(event.header.id())},
                                 {"kind", BodyName(event.body)},
                                 {"event", text}});
    }
    if (!arguments.json) {
      fmt::print("{:<8} {}\n", ProducerName(event.header.producer), text);
      std::fflush(stdout);
    }
    if (nothing && kind == AdminCommandKind::kKill) return !answers.answered();
    return !answers.complete();
  };
  // Nobody answers a command that changes nothing, but a kill: then this is short.
  const Duration wait = std::max<Duration>(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(arguments.timeout)), kShort / 2000);
  if (absl::Status status = Follow(**reader, std::min(wait, kShort), answer); !status.ok()) return Fail(status);
  if (kind != AdminCommandKind::kKill && answers.answered()) nothing = false;  // older than what the lane keeps
  const bool unanswerable = nothing && kind != AdminCommandKind::kKill;
  const bool settled = answers.complete() || (nothing && answers.answered());
  if (!settled && !unanswerable && wait > kShort) {
    if (absl::Status status = Follow(**reader, wait - kShort, answer); !status.ok()) return Fail(status);
  }
  const bool answered = answers.answered() || unanswerable;
  const bool done = nothing ? answered : answers.done();
  const std::string note = answered ? (nothing ? before : answers.TooLate()) : "";
  json["answered"] = answered;
  json["done"] = done;
  if (nothing) json["changed"] = false;
  if (!note.empty()) json["note"] = note;
  if (arguments.json) fmt::print("{}\n", json.dump(2));
  if (!note.empty() && !arguments.json) fmt::print("{}\n", note);
  if (!answered) fmt::print(stderr, "spillway: {}\n", NoAnswerText(kind, arguments.timeout));
  return done ? kExitOk : kExitDiffers;
}

}  // namespace spillway::cli
