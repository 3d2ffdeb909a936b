// A source of market data: a file format, the simulator, later a venue. It turns what it reads into events in source
// order and hands them to a MarketSink; batching, clock ticks and session states are the recorder's work
// (market_recorder.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway::ingest {

class MarketSink {
 public:
  virtual ~MarketSink() = default;
  // An event that is no market row: a definition, capabilities, a halt, news, a feed's status or gap. header.event_time
  // is set; an InstrumentDefinition precedes the first row of its instrument.
  virtual absl::Status OnEvent(const Event& event) = 0;
  // The events of one source row: same time and position, kRowStart on the first, kEndOfEvent where the source says so.
  // Times never go back (the source refuses or skips such rows itself, see SourceOptions::on_error).
  virtual absl::Status OnRow(std::span<const MarketEvent> row) = 0;
};

enum class OnError { kStop, kSkip };

struct SourceOptions {
  std::vector<std::string> files;
  std::string symbol;
  std::optional<std::string> date = std::nullopt;  // "2012-06-21", for formats whose rows carry no day
  InstrumentId instrument = 1;
  uint32_t feed = 1;
  OnError on_error = OnError::kStop;
};

// Rows that were left out under OnError::kSkip, each with where and why; the first kListedMax are listed, all are
// counted.
struct SkippedRows {
  static constexpr size_t kListedMax = 100;
  uint64_t count = 0;
  std::vector<std::string> listed;
};

// What the source itself said of its data, and oddities that were kept as they are.
struct SourceFacts {
  uint64_t rows = 0;               // source rows read, skipped ones included
  uint64_t bad_receive_times = 0;  // rows whose receive time the recorder calls inaccurate
  uint64_t maybe_bad_books = 0;    // rows whose book the recorder calls unreliable
  uint64_t zero_size_levels = 0;   // levels with a price and no size; they are no level of the book
  uint64_t suspicious_rows = 0;    // rows that the source marks as doubtful; its trades count for nothing
  uint64_t other_rows = 0;         // rows of other symbols or other kinds in a file that holds several
};

// Bytes consumed so far and in all (0: unknown), for a progress display. Of compressed files: compressed bytes.
using ProgressFn = std::function<void(uint64_t done, uint64_t total)>;

class Source {
 public:
  virtual ~Source() = default;
  // Reads to the end. Errors name file, line or byte offset, what was seen and what was expected.
  virtual absl::Status Run(MarketSink& sink, const ProgressFn& progress) = 0;
  virtual const SkippedRows& skipped() const = 0;
  virtual SourceFacts facts() const { return {}; }
};

// One importable format. An adapter is one file in adapters/ that defines `Format <Name>Format()`, and one line in
// formats.cc that names it: an explicit list, because a static library drops objects that only register themselves.
struct Format {
  std::string name;                // "lobster"
  std::vector<std::string> files;  // what each FILE argument is, in order
  std::string help;
  std::function<absl::StatusOr<std::unique_ptr<Source>>(const SourceOptions&)> open;
};
const std::vector<Format>& Formats();  // ordered by name
const Format* FindFormat(std::string_view name);

}  // namespace spillway::ingest
