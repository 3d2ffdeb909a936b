#include "services/universe/adapters/reference_csv.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include "fmt/format.h"

namespace spillway::universe {
namespace {

constexpr std::string_view kColumns[] = {"symbol", "security_type", "float_shares", "sector",           "exchange",
                                         "lists",  "sessions",      "first_minute", "cumulative_volume"};

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool ParseUnsigned(std::string_view text, uint32_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// One field into the row; an empty error text: fine.
std::string ReadField(std::string_view column, std::string_view text, ReferenceRow& row) {
  if (text.empty()) return "";
  if (column == "security_type") {
    row.security_type = ParseSecurityType(text);
    return row.security_type
               ? ""
               : "is no security type (common, etf, adr, preferred, warrant, unit, right, note, fund, otc, other)";
  }
  if (column == "float_shares") {
    const absl::StatusOr<Quantity> shares = Quantity::Parse(text);
    if (!shares.ok() || shares->e8() < 0) return "is no number of shares";
    row.float_shares = *shares;
  } else if (column == "sector") {
    row.sector = std::string(text);
  } else if (column == "exchange") {
    row.exchange = std::string(text);
  } else if (column == "lists") {
    for (const std::string_view list : Split(text, ';')) {
      if (list.empty()) return "has an empty name; lists are separated by one ';', as in 'XBI;IBB'";
      row.lists.emplace_back(list);
    }
  } else if (column == "sessions") {
    if (!ParseUnsigned(text, row.average_volume.sessions)) return "is no number of sessions";
  } else if (column == "first_minute") {
    if (!ParseUnsigned(text, row.average_volume.first_minute) || row.average_volume.first_minute >= 24 * 60) {
      return "is no minute of the day (0 to 1439)";
    }
  } else if (column == "cumulative_volume") {
    for (const std::string_view part : Split(text, ' ')) {
      const absl::StatusOr<Quantity> volume = Quantity::Parse(part);
      if (!volume.ok()) return fmt::format("has '{}', which is no volume", part);
      std::vector<Quantity>& cumulative = row.average_volume.cumulative;
      if (!cumulative.empty() && *volume < cumulative.back()) return "falls; a cumulative volume only rises";
      cumulative.push_back(*volume);
    }
  }
  return "";
}

}  // namespace

bool ReferenceData::Complete(InstrumentDefinition& definition) const {
  const auto found = rows_.find(definition.symbol);
  if (found == rows_.end()) return false;
  const ReferenceRow& row = found->second;
  if (row.security_type) definition.security_type = *row.security_type;
  if (row.float_shares) definition.float_shares = row.float_shares;
  if (!row.sector.empty()) definition.sector = row.sector;
  if (!row.exchange.empty()) definition.exchange = row.exchange;
  if (!row.lists.empty()) definition.lists = row.lists;
  if (row.average_volume.sessions != 0) definition.average_volume = row.average_volume;
  return true;
}

absl::StatusOr<ReferenceData> ParseReferenceCsv(std::string_view text, std::string_view file) {
  ReferenceData data;
  std::vector<std::string_view> columns;
  size_t line_number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const auto wrong = [&](const std::string& what) {
      return absl::InvalidArgumentError(fmt::format("{}:{}: {}", file, line_number, what));
    };
    const std::vector<std::string_view> fields = Split(line, ',');
    if (columns.empty()) {
      for (const std::string_view column : fields) {
        if (std::find(std::begin(kColumns), std::end(kColumns), column) == std::end(kColumns)) {
          return wrong(fmt::format("unknown column '{}'; known are {}", column, fmt::join(kColumns, ", ")));
        }
      }
      if (std::find(fields.begin(), fields.end(), "symbol") == fields.end())
        return wrong("there is no column 'symbol'");
      columns = fields;
      continue;
    }
    if (fields.size() != columns.size()) {
      return wrong(fmt::format("{} fields, the header has {}", fields.size(), columns.size()));
    }
    ReferenceRow row;
    std::string symbol;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (columns[i] == "symbol") symbol = std::string(fields[i]);
      const std::string error = ReadField(columns[i], fields[i], row);
      if (!error.empty()) return wrong(fmt::format("{}: '{}' {}", columns[i], fields[i], error));
    }
    if (symbol.empty()) return wrong("the symbol is empty");
    data.Add(symbol, std::move(row));
  }
  if (columns.empty())
    return absl::InvalidArgumentError(fmt::format("{}: the file is empty; a header line is expected", file));
  return data;
}

absl::StatusOr<ReferenceData> ReadReferenceCsv(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("{}: cannot be read", path));
  std::ostringstream text;
  text << in.rdbuf();
  return ParseReferenceCsv(text.str(), path);
}

absl::Status ReferenceSink::OnEvent(const Event& event) {
  const auto* definition = std::get_if<InstrumentDefinition>(&event.body);
  if (definition == nullptr || reference_.empty()) return next_.OnEvent(event);
  Event completed = event;
  reference_.Complete(std::get<InstrumentDefinition>(completed.body));
  return next_.OnEvent(completed);
}

}  // namespace spillway::universe
