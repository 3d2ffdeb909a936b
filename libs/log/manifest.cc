#include "libs/log/manifest.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/log/damage.h"
#include "libs/log/file.h"

namespace spillway::log {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormatName = "spillway-session";
constexpr const char* kChecksumKey = "manifest_sha256";

Json SegmentJson(const SegmentEntry& segment) {
  Json json = {{"file", SegmentFileName(segment.number)},
               {"number", segment.number},
               {"state", segment.pruned ? "pruned" : "sealed"},
               {"utc_day", segment.utc_day},
               {"bytes", segment.bytes},
               {"raw_bytes", segment.raw_bytes},
               {"first_sequence", segment.first_sequence},
               {"messages", segment.messages},
               {"rows", segment.rows},
               {"first_time_ns", ToNanos(segment.first_time)},
               {"last_time_ns", ToNanos(segment.last_time)},
               {"first_hash", ToHex(segment.first_hash)},
               {"last_hash", ToHex(segment.last_hash)}};
  if (segment.cut.bytes > 0) json["cut"] = {{"offset", segment.cut.offset}, {"bytes", segment.cut.bytes}};
  return json;
}

Json LaneJson(const Manifest& manifest, const LaneName& name, const LaneEntry& lane) {
  Json json = {{"name", name},        {"closed", lane.closed}, {"messages", lane.messages()},
               {"rows", lane.rows()}, {"bytes", lane.bytes()}, {"raw_bytes", lane.raw_bytes()}};
  if (lane.first_time()) {
    json["first_time_ns"] = ToNanos(*lane.first_time());
    json["last_time_ns"] = ToNanos(*lane.last_time());
  }
  json["first_hash"] = ToHex(LaneSeed(name));
  json["last_hash"] = ToHex(manifest.LastHash(name));
  json["segments"] = Json::array();
  for (const SegmentEntry& segment : lane.segments) json["segments"].push_back(SegmentJson(segment));
  return json;
}

Hash HashOf(const Json& json) {
  const std::optional<Hash> hash = HashFromHex(json.get_ref<const std::string&>());
  if (!hash) throw std::runtime_error(fmt::format("'{}' is no hash", json.get_ref<const std::string&>()));
  return *hash;
}

SegmentEntry SegmentOf(const Json& json) {
  SegmentEntry segment;
  segment.number = json.at("number").get<uint32_t>();
  segment.pruned = json.at("state") == "pruned";
  segment.utc_day = json.at("utc_day").get<int32_t>();
  segment.bytes = json.at("bytes").get<uint64_t>();
  segment.raw_bytes = json.at("raw_bytes").get<uint64_t>();
  segment.first_sequence = json.at("first_sequence").get<uint64_t>();
  segment.messages = json.at("messages").get<uint64_t>();
  segment.rows = json.at("rows").get<uint64_t>();
  segment.first_time = TimeFromNanos(json.at("first_time_ns").get<int64_t>());
  segment.last_time = TimeFromNanos(json.at("last_time_ns").get<int64_t>());
  segment.first_hash = HashOf(json.at("first_hash"));
  segment.last_hash = HashOf(json.at("last_hash"));
  if (json.contains("cut")) {
    segment.cut =
        Cut{.offset = json.at("cut").at("offset").get<uint64_t>(), .bytes = json.at("cut").at("bytes").get<uint64_t>()};
  }
  return segment;
}

Manifest ManifestOf(const Json& json) {
  Manifest manifest;
  manifest.build = json.at("build").get<std::string>();
  manifest.created = json.at("created").get<std::string>();
  manifest.live = json.contains("live") && json.at("live").get<bool>();
  for (const Json& lane_json : json.at("lanes")) {
    const std::string name = lane_json.at("name").get<std::string>();
    if (!IsLaneName(name)) throw std::runtime_error(fmt::format("'{}' is no lane", name));
    LaneEntry& lane = manifest.lanes[name];
    lane.closed = lane_json.at("closed").get<bool>();
    for (const Json& segment : lane_json.at("segments")) lane.segments.push_back(SegmentOf(segment));
  }
  return manifest;
}

absl::Status ManifestDamage(const std::string& file, uint64_t offset, std::string seen, std::string expected) {
  Damage damage;
  damage.file = file;
  damage.offset = offset;
  damage.what = "manifest";
  damage.seen = std::move(seen);
  damage.expected = std::move(expected);
  return DataLoss(damage);
}

// The line on which two texts part, for people.
std::string LineAt(std::string_view text, size_t at) {
  at = std::min(at, text.size());
  const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const size_t end = std::min(text.find('\n', at), text.size());
  return fmt::format("'{}'", text.substr(begin, std::min<size_t>(end - begin, 120)));
}

}  // namespace

uint64_t LaneEntry::messages() const {
  uint64_t sum = 0;
  for (const SegmentEntry& segment : segments) sum += segment.messages;
  return sum;
}

uint64_t LaneEntry::rows() const {
  uint64_t sum = 0;
  for (const SegmentEntry& segment : segments) sum += segment.rows;
  return sum;
}

uint64_t LaneEntry::bytes() const {
  uint64_t sum = 0;
  for (const SegmentEntry& segment : segments) sum += segment.pruned ? 0 : segment.bytes;
  return sum;
}

uint64_t LaneEntry::raw_bytes() const {
  uint64_t sum = 0;
  for (const SegmentEntry& segment : segments) sum += segment.raw_bytes;
  return sum;
}

std::optional<Time> LaneEntry::first_time() const {
  if (segments.empty()) return std::nullopt;
  return segments.front().first_time;
}

std::optional<Time> LaneEntry::last_time() const {
  if (segments.empty()) return std::nullopt;
  return segments.back().last_time;
}

Hash Manifest::LastHash(const LaneName& lane) const {
  const auto found = lanes.find(lane);
  if (found == lanes.end() || found->second.segments.empty()) return LaneSeed(lane);
  return found->second.segments.back().last_hash;
}

Hash Manifest::SessionDigest() const {
  std::map<LaneName, Hash> last;
  for (const auto& [name, lane] : lanes) last[name] = LastHash(name);
  return log::SessionDigest(last);
}

std::string SerializeManifest(const Manifest& manifest) {
  Json json = {{"format", kFormatName},
               {"format_version", kFormatVersion},
               {"build", manifest.build},
               {"created", manifest.created}};
  if (manifest.live) json["live"] = true;
  json["session_digest"] = ToHex(manifest.SessionDigest());
  json["lanes"] = Json::array();
  for (const auto& [name, lane] : manifest.lanes) json["lanes"].push_back(LaneJson(manifest, name, lane));
  json[kChecksumKey] = ToHex(Sha256(json.dump(2)));
  return json.dump(2) + "\n";
}

absl::StatusOr<Manifest> ParseManifest(std::string_view text, const std::string& file) {
  Manifest manifest;
  std::string again;
  try {
    const Json json = Json::parse(text);
    if (json.at("format") == kFormatName && json.at("format_version") != kFormatVersion) {
      return absl::FailedPreconditionError(
          fmt::format("{}: format version: seen {}, expected {}; read it with its build", file,
                      json.at("format_version").dump(), kFormatVersion));
    }
    manifest = ManifestOf(json);
    again = SerializeManifest(manifest);
  } catch (const nlohmann::json::parse_error& error) {
    return ManifestDamage(file, error.byte, error.what(), "JSON");
  } catch (const std::exception& error) {
    return ManifestDamage(file, 0, error.what(), "the fields of a session's manifest");
  }
  if (again == text) return manifest;
  const auto [seen, expected] = std::mismatch(text.begin(), text.end(), again.begin(), again.end());
  const size_t at = static_cast<size_t>(seen - text.begin());
  return ManifestDamage(file, at, LineAt(text, at), LineAt(again, at));
}

absl::StatusOr<Manifest> ReadManifest(const std::filesystem::path& session) {
  const std::filesystem::path path = session / kManifestFile;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(
        fmt::format("{}: is no session: it has no {}", session.string(), std::string(kManifestFile)));
  }
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  return ParseManifest(*text, path.string());
}

absl::Status WriteManifest(const std::filesystem::path& session, const Manifest& manifest) {
  std::string text;
  try {
    text = SerializeManifest(manifest);
  } catch (const std::exception& error) {  // a build name that is not UTF-8
    return absl::InvalidArgumentError(fmt::format("{}: manifest: {}", session.string(), error.what()));
  }
  return ReplaceFile(session / kManifestFile, text);
}

}  // namespace spillway::log
