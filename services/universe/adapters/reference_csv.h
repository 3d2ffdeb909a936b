// Reference data from CSV: what the universe's rules need and market data does not carry.
//
//   symbol,security_type,float_shares,sector,exchange,lists,sessions,first_minute,cumulative_volume
//   ACME,common,12000000,biotechnology,NASDAQ,XBI;IBB,20,570,15000 31000 48000 ...
//
// A header line names the columns; `symbol` is needed, the others may be absent or empty. security_type is one of the
// names of event.h ("common", "etf", "adr", ...). lists: the indices and funds that the symbol is a member of,
// separated by `;`. cumulative_volume: the mean volume from the session's start to the
// end of each minute over `sessions` sessions, separated by blanks, beginning with `first_minute` of the New York day
// (570).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ingest/source.h"

namespace spillway::universe {

struct ReferenceRow {
  std::optional<SecurityType> security_type;
  std::optional<Quantity> float_shares;
  std::string sector;
  std::string exchange;
  std::vector<std::string> lists;
  VolumeByMinute average_volume;
};

class ReferenceData {
 public:
  void Add(const std::string& symbol, ReferenceRow row) { rows_[symbol] = std::move(row); }
  // Rows of the other replace those of the same symbols.
  void Merge(const ReferenceData& other) {
    for (const auto& [symbol, row] : other.rows_) rows_[symbol] = row;
  }
  bool empty() const { return rows_.empty(); }
  size_t size() const { return rows_.size(); }
  // Fills in what is known of the symbol. False if nothing is.
  bool Complete(InstrumentDefinition& definition) const;

 private:
  std::map<std::string, ReferenceRow, std::less<>> rows_;
};

// Errors name file, line, what was seen and what was expected.
absl::StatusOr<ReferenceData> ReadReferenceCsv(const std::string& path);
absl::StatusOr<ReferenceData> ParseReferenceCsv(std::string_view text, std::string_view file);

// Completes definitions on their way from a source to the recorder.
class ReferenceSink final : public ingest::MarketSink {
 public:
  // Both outlive the sink.
  ReferenceSink(const ReferenceData& reference, ingest::MarketSink& next) : reference_(reference), next_(next) {}
  absl::Status OnEvent(const Event& event) override;
  absl::Status OnRow(std::span<const MarketEvent> row) override { return next_.OnRow(row); }

 private:
  const ReferenceData& reference_;
  ingest::MarketSink& next_;
};

}  // namespace spillway::universe
