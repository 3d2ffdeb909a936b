#include "libs/log/record_gaps.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "libs/log/file.h"
#include "libs/log/lane_chain.h"

namespace spillway::log {

namespace {

using Json = nlohmann::ordered_json;

std::string Serialize(const std::vector<RecordGap>& gaps) {
  Json json = {{"format", "spillway-gaps"}, {"format_version", 1}, {"gaps", Json::array()}};
  for (const RecordGap& gap : gaps) {
    json["gaps"].push_back({{"lane", gap.lane},
                            {"from", gap.from},
                            {"to", gap.to},
                            {"recorded_before", gap.recorded_before},
                            {"noticed", FormatTime(gap.noticed)}});
  }
  json["gaps_sha256"] = ToHex(Sha256(json.dump(2)));
  return json.dump(2) + "\n";
}

std::vector<RecordGap> Parse(const std::string& text) {
  std::vector<RecordGap> gaps;
  const Json document = Json::parse(text);
  for (const Json& json : document.at("gaps")) {
    const absl::StatusOr<Time> noticed = ParseTime(json.at("noticed").get<std::string>());
    if (!noticed.ok()) throw std::runtime_error(std::string(noticed.status().message()));
    gaps.push_back({.lane = json.at("lane").get<std::string>(),
                    .from = json.at("from").get<uint64_t>(),
                    .to = json.at("to").get<uint64_t>(),
                    .recorded_before = json.at("recorded_before").get<uint64_t>(),
                    .noticed = *noticed});
  }
  return gaps;
}

}  // namespace

absl::StatusOr<std::vector<RecordGap>> ReadGaps(const std::filesystem::path& session) {
  const std::filesystem::path path = session / kGapsFile;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::vector<RecordGap>();
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  try {
    std::vector<RecordGap> gaps = Parse(*text);
    if (Serialize(gaps) == *text) return gaps;
    return absl::DataLossError(fmt::format(
        "{}: seen a text that was changed, expected the one that was written; restore it from a copy", path.string()));
  } catch (const std::exception& exception) {
    return absl::DataLossError(
        fmt::format("{}: seen {}, expected a list of gaps; restore it from a copy", path.string(), exception.what()));
  }
}

absl::Status WriteGaps(const std::filesystem::path& session, const std::vector<RecordGap>& gaps) {
  return ReplaceFile(session / kGapsFile, Serialize(gaps));
}

uint64_t LaneSequence(const std::vector<RecordGap>& gaps, const LaneName& lane, uint64_t recorded) {
  uint64_t sequence = recorded;
  for (const RecordGap& gap : gaps) {
    if (gap.lane == lane && gap.recorded_before < recorded) sequence += gap.to - gap.from + 1;
  }
  return sequence;
}

}  // namespace spillway::log
