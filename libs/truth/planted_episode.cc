#include "libs/truth/planted_episode.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace spillway::truth {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kEpisodeKinds> kNames = {
    "dislocation", "flash_bid_wall", "ask_replenishment", "spread_blow_out", "tape_stall",
    "halt",        "news",           "feed_lag",          "absorption"};

std::string_view SideName(Side side) {
  return side == Side::kBid ? "bid" : side == Side::kAsk ? "ask" : "none";
}
std::optional<Side> ParseSide(std::string_view name) {
  for (const Side side : {Side::kNone, Side::kBid, Side::kAsk}) {
    if (name == SideName(side)) return side;
  }
  return std::nullopt;
}

absl::StatusOr<PlantedEpisode> FromJson(const Json& json) {
  PlantedEpisode episode;
  const std::string kind_name = json.at("kind").get<std::string>();
  const std::optional<EpisodeKind> kind = ParseEpisodeKind(kind_name);
  if (!kind) return absl::InvalidArgumentError(fmt::format("kind: '{}' is no episode kind", kind_name));
  episode.kind = *kind;
  episode.instrument = json.at("instrument").get<InstrumentId>();
  episode.symbol = json.at("symbol").get<std::string>();
  const std::string side_name = json.at("side").get<std::string>();
  const std::optional<Side> side = ParseSide(side_name);
  if (!side) return absl::InvalidArgumentError(fmt::format("side: '{}' is not bid, ask or none", side_name));
  episode.side = *side;
  for (auto [key, time] : {std::pair{"start", &episode.start}, std::pair{"end", &episode.end}}) {
    const absl::StatusOr<Time> parsed = ParseTime(json.at(key).get<std::string>());
    if (!parsed.ok()) return parsed.status();
    *time = *parsed;
  }
  if (const auto price = json.find("price"); price != json.end()) {
    const absl::StatusOr<Price> parsed = Price::Parse(price->get<std::string>());
    if (!parsed.ok()) return parsed.status();
    episode.price = *parsed;
  }
  for (const auto& [name, value] : json.at("parameters").items())
    episode.parameters.emplace_back(name, value.get<double>());
  return episode;
}

}  // namespace

std::string_view EpisodeKindName(EpisodeKind kind) {
  return kNames[static_cast<size_t>(kind)];
}

std::optional<EpisodeKind> ParseEpisodeKind(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<EpisodeKind>(i);
  }
  return std::nullopt;
}

std::optional<EpisodeKind> EpisodeKindFor(DetectorKind detector) {
  switch (detector) {
    case DetectorKind::kFakeWall:
      return EpisodeKind::kFlashBidWall;
    case DetectorKind::kAskReplenishment:
      return EpisodeKind::kAskReplenishment;
    case DetectorKind::kSpreadBlowOut:
      return EpisodeKind::kSpreadBlowOut;
    case DetectorKind::kTapeStall:
      return EpisodeKind::kTapeStall;
    case DetectorKind::kFeedLag:
      return EpisodeKind::kFeedLag;
    case DetectorKind::kAbsorption:
      return EpisodeKind::kAbsorption;
    case DetectorKind::kBidReplenishment:
      return EpisodeKind::kAskReplenishment;  // of the other side, which the episode's side says
    case DetectorKind::kIceberg:              // a hint: three refills in ten seconds are everyday
    case DetectorKind::kLiquidityCollapse:
    case DetectorKind::kUnknown:
      break;
  }
  return std::nullopt;
}

std::optional<double> Parameter(const PlantedEpisode& episode, std::string_view name) {
  for (const auto& [key, value] : episode.parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string ToJsonLine(const PlantedEpisode& episode) {
  Json json;
  json["kind"] = std::string(EpisodeKindName(episode.kind));
  json["symbol"] = episode.symbol;
  json["instrument"] = episode.instrument;
  json["start"] = FormatTime(episode.start);
  json["end"] = FormatTime(episode.end);
  json["side"] = std::string(SideName(episode.side));
  if (episode.price) json["price"] = episode.price->ToString();
  json["parameters"] = Json::object();
  for (const auto& [name, value] : episode.parameters) json["parameters"][name] = value;
  return json.dump();
}

absl::StatusOr<PlantedEpisode> FromJsonLine(std::string_view line) {
  try {
    return FromJson(Json::parse(line));
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(fmt::format("no planted episode: {}", error.what()));
  }
}

absl::Status WriteTruth(const std::string& path, const std::vector<PlantedEpisode>& episodes) {
  const std::string temporary = path + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    for (const PlantedEpisode& episode : episodes) out << ToJsonLine(episode) << '\n';
    out.flush();
    if (!out) return absl::UnavailableError(fmt::format("{}: the truth file cannot be written", temporary));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error)
    return absl::UnavailableError(fmt::format("{}: cannot be renamed to {}: {}", temporary, path, error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PlantedEpisode>> ReadTruth(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("{}: no such truth file", path));
  std::vector<PlantedEpisode> episodes;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    absl::StatusOr<PlantedEpisode> episode = FromJsonLine(line);
    if (!episode.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}:{}: {}", path, number, std::string(episode.status().message())));
    }
    episodes.push_back(*std::move(episode));
  }
  return episodes;
}

}  // namespace spillway::truth
