#include "libs/log/verify_session.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "libs/log/lane_position.h"
#include "libs/log/manifest.h"
#include "libs/log/record_gaps.h"
#include "libs/log/segment_lane_writer.h"
#include "libs/log/segment_reader.h"

namespace spillway::log {

namespace {

namespace fs = std::filesystem;

// The messages of a frame against its header.
bool CheckMessages(const Frame& frame, const std::string& file, Damage& damage) {
  damage = Damage{.file = file, .frame = frame.number, .offset = frame.offset};
  std::string_view rest = frame.raw;
  MessageView message;
  uint64_t messages = 0;
  uint64_t rows = 0;
  Time time = frame.header.first_time;
  bool in_order = true;
  while (TakeMessage(rest, message)) {
    in_order = in_order && message.time >= time && (messages > 0 || message.time == time);
    time = message.time;
    rows += message.rows;
    ++messages;
  }
  damage.what = "messages, rows, last time and unread bytes of the frame";
  damage.seen = fmt::format("{}, {}, {}, {}{}", messages, rows, FormatTime(time), rest.size(),
                            in_order ? "" : ", lane time goes back");
  damage.expected =
      fmt::format("{}, {}, {}, 0", frame.header.messages, frame.header.rows, FormatTime(frame.header.last_time));
  return in_order && rest.empty() && messages == frame.header.messages && rows == frame.header.rows &&
         time == frame.header.last_time;
}

class Verifier {
 public:
  explicit Verifier(fs::path session) : session_(std::move(session)) {}

  VerifyReport Run() {
    absl::StatusOr<Manifest> manifest = ReadManifest(session_);
    if (manifest.ok()) {
      manifest_ = *std::move(manifest);
      report_.session_digest = ToHex(manifest_->SessionDigest());
    } else {
      Add(Severity::kError, {.file = (session_ / kManifestFile).string(),
                             .what = "manifest",
                             .seen = std::string(manifest.status().message()),
                             .expected = "the manifest that was written"});
    }
    for (const LaneName& lane : FindLanes()) VerifyLane(lane);
    return std::move(report_);
  }

 private:
  void Add(Severity severity, Damage damage) { report_.findings.push_back({severity, std::move(damage)}); }

  void Unknown(const fs::path& path) {
    Add(Severity::kWarning, {.file = path.string(), .what = "file", .seen = "an unknown one", .expected = "none"});
  }

  std::set<LaneName> FindLanes() {
    std::set<LaneName> lanes;
    if (manifest_) {
      for (const auto& [name, entry] : manifest_->lanes) lanes.insert(name);
    }
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(session_, error)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_directory() && IsLaneName(name)) {
        if (lanes.insert(name).second && manifest_) Unknown(entry.path());
      } else if (name == kGapsFile) {
        VerifyGaps();
      } else if (name != kManifestFile) {
        Unknown(entry.path());
      }
    }
    return lanes;
  }

  void VerifyGaps() {
    const std::string file = (session_ / kGapsFile).string();
    const absl::StatusOr<std::vector<RecordGap>> gaps = ReadGaps(session_);
    if (!gaps.ok()) {
      return Add(Severity::kError, {.file = file,
                                    .what = "gaps",
                                    .seen = std::string(gaps.status().message()),
                                    .expected = "the gaps that were written"});
    }
    for (const RecordGap& gap : *gaps) {
      Add(Severity::kWarning, {.file = file,
                               .what = "lane " + gap.lane,
                               .seen = fmt::format("messages {} to {} gone before they were recorded, noticed {}",
                                                   gap.from, gap.to, FormatTime(gap.noticed)),
                               .expected = "none gone"});
    }
  }

  std::set<uint32_t> FindSegments(const LaneName& lane) {
    std::set<uint32_t> numbers;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(session_ / lane, error)) {
      const std::optional<uint32_t> number = SegmentNumberOf(entry.path().filename().string());
      if (number) {
        numbers.insert(*number);
      } else {
        Unknown(entry.path());
      }
    }
    return numbers;
  }

  void VerifyLane(const LaneName& lane) {
    ++report_.lanes;
    const LaneEntry* entry = nullptr;
    if (manifest_ && manifest_->lanes.count(lane) > 0) entry = &manifest_->lanes.at(lane);
    std::set<uint32_t> on_disk = FindSegments(lane);
    position_ = LanePosition::AtStart(lane);
    uint32_t next = 1;
    if (entry != nullptr) {
      for (const SegmentEntry& segment : entry->segments) {
        VerifyListed(lane, segment, on_disk.erase(segment.number) > 0, segment.number == next);
        next = segment.number + 1;
      }
    }
    for (const uint32_t number : on_disk) {
      const fs::path path = session_ / lane / SegmentFileName(number);
      if (number != next) {
        Add(Severity::kError, {.file = path.string(),
                               .what = "number of the segment",
                               .seen = std::to_string(number),
                               .expected = std::to_string(next)});
        position_ = LanePosition::Unknown();
      } else if (entry != nullptr && entry->closed) {
        Add(Severity::kError, {.file = path.string(),
                               .what = "segment of a closed lane",
                               .seen = "one that the manifest does not list",
                               .expected = "none"});
      }
      VerifySegment(lane, number, nullptr);
      next = number + 1;
    }
  }

  void VerifyListed(const LaneName& lane, const SegmentEntry& segment, bool exists, bool in_order) {
    const fs::path path = session_ / lane / SegmentFileName(segment.number);
    if (!in_order) {
      Add(Severity::kError, {.file = (session_ / kManifestFile).string(),
                             .what = "segments of lane " + lane,
                             .seen = fmt::format("{} out of order", SegmentFileName(segment.number)),
                             .expected = "numbers from 1 without a hole"});
    }
    if (segment.pruned || !exists) {
      if (segment.pruned) ++report_.segments_pruned;
      if (segment.pruned && exists) {
        Add(Severity::kWarning,
            {.file = path.string(), .what = "segment", .seen = "a file", .expected = "none: pruned"});
      } else if (!segment.pruned) {
        Add(Severity::kError,
            {.file = path.string(), .what = "segment", .seen = "no file", .expected = "a file: the manifest lists it"});
      }
      position_ = LanePosition::At(segment.first_sequence + segment.messages, segment.last_time, segment.last_hash);
      return;
    }
    VerifySegment(lane, segment.number, &segment);
  }

  // `listed`: what the manifest says of it, or nullptr.
  void VerifySegment(const LaneName& lane, uint32_t number, const SegmentEntry* listed) {
    ++report_.segments;
    const fs::path path = session_ / lane / SegmentFileName(number);
    absl::StatusOr<SegmentReader> segment = SegmentReader::Open(path, lane, number, listed != nullptr);
    if (!segment.ok()) {
      Add(Severity::kError, {.file = path.string(),
                             .what = "segment",
                             .seen = std::string(segment.status().message()),
                             .expected = "one that is whole"});
      Resume(listed);
      return;
    }
    const uint64_t file_bytes = segment->file().Size().value_or(0);
    report_.bytes += file_bytes;
    const size_t findings_before = report_.findings.size();
    Damage damage;
    if (!position_.CheckSegment(*segment, damage)) Add(Severity::kError, damage);
    VerifyFrames(*segment, number);
    if (segment->footer() && report_.findings.size() == findings_before) {
      CheckTotals(*segment, file_bytes, listed);
    }
    if (report_.findings.size() != findings_before) Resume(listed);
  }

  // Behind a damaged segment, what the manifest says of its end is still known.
  void Resume(const SegmentEntry* listed) {
    position_ = LanePosition::Unknown();
    if (listed != nullptr) {
      position_ = LanePosition::At(listed->first_sequence + listed->messages, listed->last_time, listed->last_hash);
    }
  }

  void VerifyFrames(SegmentReader& segment, uint32_t segment_number) {
    const std::string file = segment.file().path().string();
    found_ = SegmentFooter{};
    uint64_t offset = segment.first_frame_offset();
    Frame frame;
    Damage damage;
    while (true) {
      const uint32_t number = static_cast<uint32_t>(found_.frames.size()) + 1;
      const SegmentReader::Result result = segment.Read(offset, number, frame, damage);
      if (result == SegmentReader::Result::kEnd) return;
      if (result == SegmentReader::Result::kNothing) return UnsealedEnd(segment, segment_number, number, offset);
      if (result == SegmentReader::Result::kDamage) {
        Add(Severity::kError, damage);
        // Behind it the index tells where to go on; without one there is no telling.
        if (!segment.footer() || number >= segment.footer()->frames.size()) return;
        found_.frames.push_back(segment.footer()->frames[number - 1]);
        offset = segment.footer()->frames[number].offset;
        position_ = LanePosition::Unknown();
        continue;
      }
      if (!CheckMessages(frame, file, damage)) Add(Severity::kError, damage);
      if (!position_.CheckFrame(frame, segment, true, damage)) Add(Severity::kError, damage);
      Count(frame);
      offset = frame.end;
    }
  }

  void Count(const Frame& frame) {
    found_.frames.push_back({frame.offset, frame.header.first_sequence, frame.header.first_time});
    found_.messages += frame.header.messages;
    found_.rows += frame.header.rows;
    found_.raw_bytes += frame.header.raw_bytes;
    found_.last_time = frame.header.last_time;
    found_.last_hash = frame.header.hash;
    ++report_.frames;
    report_.messages += frame.header.messages;
    report_.rows += frame.header.rows;
  }

  void UnsealedEnd(const SegmentReader& segment, uint32_t segment_number, uint32_t frame_number, uint64_t offset) {
    const uint64_t size = segment.file().Size().value_or(offset);
    const std::string file = segment.file().path().string();
    if (size > offset) {
      Add(Severity::kError, {.file = file,
                             .frame = frame_number,
                             .offset = offset,
                             .what = "torn tail of an unsealed segment",
                             .seen = fmt::format("{} bytes that are no frame", size - offset),
                             .expected = "none; opening the session for append cuts them"});
    }
    Add(Severity::kWarning, {.file = file,
                             .offset = size,
                             .what = fmt::format("end of segment {}", segment_number),
                             .seen = "no footer",
                             .expected = "a footer, unless its writer is still at work"});
  }

  // Footer against frames, manifest against footer.
  void CheckTotals(const SegmentReader& segment, uint64_t file_bytes, const SegmentEntry* listed) {
    const SegmentFooter& footer = *segment.footer();
    const SegmentEntry stated = EntryOf(segment.header(), footer, file_bytes);
    found_.cut = footer.cut;
    const SegmentEntry counted = EntryOf(segment.header(), found_, file_bytes);
    const bool same_index = std::equal(footer.frames.begin(), footer.frames.end(), found_.frames.begin(),
                                       found_.frames.end(), [](const FrameIndexEntry& a, const FrameIndexEntry& b) {
                                         return a.offset == b.offset && a.first_sequence == b.first_sequence &&
                                                a.first_time == b.first_time;
                                       });
    if (!same_index || stated != counted) {
      Add(Severity::kError, {.file = segment.file().path().string(),
                             .offset = segment.footer_offset(),
                             .what = "index and totals of the footer",
                             .seen = Describe(stated),
                             .expected = Describe(counted)});
    }
    if (listed != nullptr && *listed != stated) {
      Add(Severity::kError, {.file = segment.file().path().string(),
                             .what = "segment against the manifest",
                             .seen = Describe(stated),
                             .expected = Describe(*listed)});
    }
  }

  static std::string Describe(const SegmentEntry& entry) {
    return fmt::format("{} bytes, day {}, from sequence {} {} messages, {} rows, {} to {}, hash {}", entry.bytes,
                       entry.utc_day, entry.first_sequence, entry.messages, entry.rows, FormatTime(entry.first_time),
                       FormatTime(entry.last_time), ToHex(entry.last_hash).substr(0, 16));
  }

  const fs::path session_;
  std::optional<Manifest> manifest_;
  VerifyReport report_;
  LanePosition position_ = LanePosition::Unknown();  // behind what was read of the present lane
  SegmentFooter found_;                              // what the footer of the present segment ought to say
};

}  // namespace

bool VerifyReport::ok() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.severity == Severity::kError; });
}

absl::StatusOr<VerifyReport> VerifySession(const fs::path& session) {
  std::error_code error;
  fs::directory_iterator readable(session, error);
  if (error) return absl::NotFoundError(fmt::format("{}: cannot be read: {}", session.string(), error.message()));
  return Verifier(session).Run();
}

}  // namespace spillway::log
