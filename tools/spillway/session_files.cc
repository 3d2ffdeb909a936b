#include "tools/spillway/session_files.h"

#include <filesystem>

#include "fmt/format.h"
#include "libs/base/build_info.h"
#include "libs/events/codec.h"
#include "libs/log/manifest.h"

namespace spillway::cli {

absl::StatusOr<std::unique_ptr<log::SegmentLog>> OpenSession(const std::string& session, bool verify_chain) {
  std::error_code error;
  if (!std::filesystem::is_directory(session, error)) {
    return absl::NotFoundError(fmt::format("{}: no such directory; a session was expected", session));
  }
  log::SegmentLogOptions options;
  options.verify_chain = verify_chain;
  return log::SegmentLog::OpenForReading(session, std::move(options));
}

absl::StatusOr<std::unique_ptr<log::SegmentLog>> OpenRun(const std::string& session) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> opened = OpenSession(session);
  if (!opened.ok()) return opened;
  for (const char* lane : {"market.0", "features.0", "trading"}) {
    if ((*opened)->manifest().lanes.contains(lane)) continue;
    return absl::FailedPreconditionError(
        fmt::format("{}: has no lane {}; it takes a session that `spillway run {} --profile P --out OUT` wrote",
                    session, lane, session));
  }
  return opened;
}

absl::StatusOr<std::unique_ptr<log::NewSession>> CreateSession(const std::string& out, bool replace) {
  log::NewSessionOptions options;
  options.replace = replace;
  options.log.build = std::string(BuildId());
  absl::StatusOr<std::unique_ptr<log::NewSession>> created = log::NewSession::Create(out, std::move(options));
  if (created.ok()) return created;
  const std::string text(created.status().message());
  if (!absl::IsAlreadyExists(created.status())) return absl::UnavailableError(text);
  std::error_code error;
  const bool session = std::filesystem::exists(std::filesystem::path(out) / log::kManifestFile, error);
  return absl::AlreadyExistsError(session ? text + " (--replace)" : text);
}

absl::StatusOr<std::optional<Time>> ParseTimeOption(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<Time>();
  absl::StatusOr<Time> time = ParseTime(text);
  if (!time.ok())
    return absl::InvalidArgumentError(fmt::format("{}: {}", option, std::string(time.status().message())));
  return std::optional<Time>(*time);
}

absl::Status ForEachEvent(log::EventLog& log, const log::LaneName& lane,
                          const std::function<bool(const LaneEvent&)>& take) {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(lane);
  if (!reader.ok()) return reader.status();
  GroupDecoder decoder;
  log::LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(message);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    absl::StatusOr<GroupView> group = GroupView::Open(message.bytes);
    absl::Status status = group.status();
    bool go_on = true;
    std::string_view encoded, payload;
    while (status.ok() && go_on && group->Next(encoded, payload)) {
      status = decoder.DecodeEvent(payload, group->header().producer, [&](const Event& event) {
        go_on = take({message.sequence, group->header().producer, payload, event});
      });
    }
    if (status.ok() && !group->ok()) status = absl::DataLossError("an event group does not parse");
    if (!status.ok()) {
      const std::string_view text(status.message().data(), status.message().size());
      return absl::Status(status.code(), fmt::format("lane {}, message {}: {}", lane, message.sequence, text));
    }
    if (!go_on) return absl::OkStatus();
  }
}

}  // namespace spillway::cli
