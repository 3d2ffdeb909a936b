// Sessions written by hand, played by a fake clock onto lanes in memory.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "libs/log/memory_log.h"
#include "services/ingest/live/session_player.h"
#include "services/ingest/market_recorder.h"
#include "tests/catch.h"
#include "tests/support/market_builder.h"

namespace spillway::test {

using ingest::PlayerAction;
using ingest::PlayerOptions;
using ingest::SessionPlayer;
using ingest::SteadyTime;

// Times in milliseconds after 09:30 in New York.
inline Time SessionTime(double milliseconds) {
  return MarketBuilder::kStart + Duration(static_cast<int64_t>(std::llround(milliseconds * 1e6)));
}

class WrittenSession {
 public:
  explicit WrittenSession(size_t batch_events_max = 8192)
      : writer_(log_.OpenWriter("market.0").value()),
        lane_(writer_.get()),
        recorder_(&lane_, {.batch_events_max = batch_events_max}) {}

  WrittenSession& Define(InstrumentId id, const std::string& symbol, double at = 0) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = symbol;
    return Write(at, id, definition);
  }
  WrittenSession& Up(double at = 0) {
    Write(at, 1, FeedCapabilities{.feed = 1, .name = "by hand"});
    return Write(at, 1, FeedStatus{.feed = 1, .state = FeedState::kUp, .lag = std::nullopt, .reason = ""});
  }
  WrittenSession& Halt(double at, InstrumentId id) {
    return Write(at, id, HaltChanged{.status = TradingStatus::kHalted, .reason = "T1"});
  }
  // A row of two events.
  WrittenSession& Row(double at, InstrumentId id = 1) {
    MarketEvent event;
    event.event_time = SessionTime(at);
    event.ingest_time = event.event_time + std::chrono::microseconds(30);
    event.instrument = id;
    event.position = ++position_;
    event.kind = MarketEventKind::kTrade;
    event.price = Px(10 + 0.01 * static_cast<double>(position_ % 7));
    event.quantity = Qty(100);
    event.flags = MarketEventFlags::kRowStart | MarketEventFlags::kEligible;
    MarketEvent level = event;
    level.kind = MarketEventKind::kLevel;
    level.side = Side::kBid;
    level.flags = MarketEventFlags::kEndOfEvent;
    REQUIRE(recorder_.OnRow(std::vector<MarketEvent>{event, level}).ok());
    last_ = at;
    return *this;
  }
  WrittenSession& Write(double at, InstrumentId id, EventBody body) {
    Event event;
    event.header.event_time = SessionTime(at);
    event.header.instrument = id;
    event.body = std::move(body);
    REQUIRE(recorder_.OnEvent(event).ok());
    return *this;
  }
  // The end of what ingest wrote, without an end of the feed.
  log::MemoryLog& Cut() {
    REQUIRE(recorder_.Finish().ok());
    return log_;
  }
  log::MemoryLog& End() {
    Write(last_, 1, FeedStatus{.feed = 1, .state = FeedState::kEnded, .lag = std::nullopt, .reason = "end of file"});
    return Cut();
  }
  log::LaneWriter& writer() { return *writer_; }

 private:
  log::MemoryLog log_;
  std::unique_ptr<log::LaneWriter> writer_;
  runtime::Lane lane_;
  ingest::MarketRecorder recorder_;
  uint64_t position_ = 0;
  double last_ = 0;
};

// One event of a lane, in a form that does not tell how batches were cut. Clock ticks that rows imply are there too.
struct LaneThing {
  Time time;
  std::string id;  // of a row: its source position
  std::string text;
  friend bool operator==(const LaneThing&, const LaneThing&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const LaneThing& thing) {
  return out << FormatTimeOfDay(thing.time, 6) << ' ' << thing.id << ' ' << thing.text;
}

// The first difference; "" where there is none.
inline std::string Difference(const std::vector<LaneThing>& seen, const std::vector<LaneThing>& expected) {
  const auto [a, b] = std::mismatch(seen.begin(), seen.end(), expected.begin(), expected.end());
  if (a == seen.end() && b == expected.end()) return "";
  const auto text = [](const auto& at, const auto& all) {
    std::ostringstream out;
    if (at == all.end()) return std::string("the end");
    out << *at;
    return out.str();
  };
  return fmt::format("at {} seen {}, expected {}", a - seen.begin(), text(a, seen), text(b, expected));
}
inline std::string Difference(const std::vector<std::vector<LaneThing>>& seen,
                              const std::vector<std::vector<LaneThing>>& expected) {
  for (size_t lane = 0; lane < seen.size(); ++lane) {
    const std::string difference = Difference(seen[lane], expected.at(lane));
    if (!difference.empty()) return fmt::format("lane {}: {}", lane, difference);
  }
  return "";
}

struct LaneContent {
  std::vector<LaneThing> things;
  std::vector<uint64_t> batches;  // rows in each
  std::vector<uint64_t> sequences;
  std::string last_own;

  std::vector<std::string> Texts(std::string_view with) const {
    std::vector<std::string> found;
    for (const LaneThing& thing : things) {
      if (thing.text.find(with) != std::string::npos) {
        found.push_back(FormatTimeOfDay(thing.time) + " " + thing.text);
      }
    }
    return found;
  }
  std::vector<LaneThing> Rows() const {
    std::vector<LaneThing> rows;
    for (const LaneThing& thing : things) {
      if (thing.id.starts_with("row ")) rows.push_back(thing);
    }
    return rows;
  }
};

inline LaneContent ReadLane(log::EventLog& log, const std::string& lane) {
  LaneContent content;
  auto reader = log.OpenReader(lane).value();
  NameTable names;
  GroupDecoder decoder;
  for (log::LaneMessage message; *reader->Next(message);) {
    GroupHeader header;
    const absl::Status status = decoder.Decode(message.bytes, header, [&](const Event& event) {
      names.Learn(event);
      const auto* batch = std::get_if<MarketBatch>(&event.body);
      if (batch == nullptr) {
        content.things.push_back({event.header.event_time, ToString(event.header.id()), ToText(event, names)});
        return;
      }
      content.batches.push_back(message.rows);
      for (const MarketEvent& row : batch->events) {
        if (row.kind == MarketEventKind::kTick) {
          content.things.push_back({row.event_time, "", "tick implied"});
          continue;
        }
        content.things.push_back({row.event_time, fmt::format("row {}/{}/{}", batch->feed, batch->epoch, row.position),
                                  fmt::format("{} {} flags {} received {}", ToText(row, names), row.instrument,
                                              row.flags, FormatTime(row.ingest_time))});
      }
    });
    REQUIRE(status.ok());
    content.sequences.push_back(header.producer_sequence);
    if (header.producer == Producer::kIngest) content.last_own = std::string(message.bytes);
  }
  return content;
}

// Lanes "market.0" ... in memory and a clock; both outlive the players that are put to work on them.
class PlayedLanes {
 public:
  PlayedLanes(log::EventLog& session, PlayerOptions options) : session_(session), options_(std::move(options)) {
    for (uint32_t lane = 0; lane < options_.lanes; ++lane) {
      writers_.push_back(log_.OpenWriter(fmt::format("market.{}", lane)).value());
    }
  }

  // A new player, which goes on behind what is there, until it has ended or made `appends_max` appends; then it is
  // thrown away with all that it held. Returns how many it made.
  size_t Play(size_t appends_max = SIZE_MAX) {
    auto opened = SessionPlayer::Open(session_, options_, LastOwn());
    INFO(opened.status());
    REQUIRE(opened.ok());
    size_t appends = 0;
    while (appends < appends_max) {
      const auto action = (*opened)->Next(now_);
      INFO(action.status());
      REQUIRE(action.ok());
      if (action->kind == PlayerAction::Kind::kEnded) break;
      if (action->kind == PlayerAction::Kind::kWait) {
        REQUIRE(action->until > now_);
        waited_ += action->until - now_;
        now_ = action->until;
        continue;
      }
      const ingest::PlayedMessage& message = *action->message;
      appended_.push_back({now_ - start_, message.origin - start_, message.time});
      const auto stored = writers_[message.lane]->Append(message.time, message.bytes, message.rows);
      INFO(stored.status());
      REQUIRE(stored.ok());
      ++appends;
    }
    counts_ = (*opened)->counts();
    return appends;
  }
  std::vector<std::string> LastOwn() {
    std::vector<std::string> last;
    for (uint32_t lane = 0; lane < options_.lanes; ++lane) last.push_back(Content(lane).last_own);
    return last;
  }
  LaneContent Content(uint32_t lane) { return ReadLane(log_, fmt::format("market.{}", lane)); }
  std::vector<std::vector<LaneThing>> Things() {
    std::vector<std::vector<LaneThing>> things;
    for (uint32_t lane = 0; lane < options_.lanes; ++lane) things.push_back(Content(lane).things);
    return things;
  }

  struct Appended {
    Duration at;      // since the start
    Duration origin;  // since the start
    Time time;
  };
  const std::vector<Appended>& appended() const { return appended_; }
  Duration waited() const { return waited_; }
  const ingest::PlayerCounts& counts() const { return counts_; }
  log::MemoryLog& log() { return log_; }
  PlayerOptions& options() { return options_; }

 private:
  log::EventLog& session_;
  PlayerOptions options_;
  log::MemoryLog log_;
  std::vector<std::unique_ptr<log::LaneWriter>> writers_;
  const SteadyTime start_{std::chrono::hours(5)};
  SteadyTime now_ = start_;
  Duration waited_{0};
  std::vector<Appended> appended_;
  ingest::PlayerCounts counts_;
};

}  // namespace spillway::test
