#include "fmt/format.h"
#include "libs/log/new_session.h"
#include "nlohmann/json.hpp"
#include "services/ingest/market_recorder.h"
#include "services/ingest/source.h"
#include "services/universe/adapters/reference_csv.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

absl::Status CheckArguments(const ImportArguments& arguments, const ingest::Format* format) {
  if (format == nullptr) {
    std::string names;
    for (const ingest::Format& known : ingest::Formats()) names += (names.empty() ? "" : ", ") + known.name;
    return absl::FailedPreconditionError(fmt::format("unknown format '{}'; known are: {}", arguments.format, names));
  }
  if (format->files.size() == arguments.files.size()) return absl::OkStatus();
  std::string wanted;
  for (const std::string& file : format->files) wanted += " <" + file + ">";
  return absl::FailedPreconditionError(fmt::format("format {} takes {} file(s):{}; {} given", format->name,
                                                   format->files.size(), wanted, arguments.files.size()));
}

void PrintResult(const ImportArguments& arguments, const ingest::MarketRecorder& recorder,
                 const ingest::SkippedRows& skipped, uint64_t bytes) {
  if (arguments.json) {
    nlohmann::ordered_json json = {{"session", arguments.out},    {"rows", recorder.rows()},
                                   {"events", recorder.events()}, {"bytes", bytes},
                                   {"skipped", skipped.count},    {"skipped_listed", skipped.listed}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  for (const std::string& line : skipped.listed) fmt::print(stderr, "skipped {}\n", line);
  if (skipped.count > skipped.listed.size()) {
    fmt::print(stderr, "skipped {} more\n", skipped.count - skipped.listed.size());
  }
  fmt::print("{}: {} rows, {} events, {} bytes ({:.2f} a row){}\n", arguments.out, recorder.rows(), recorder.events(),
             bytes, recorder.rows() == 0 ? 0.0 : static_cast<double>(bytes) / static_cast<double>(recorder.rows()),
             skipped.count > 0 ? fmt::format(", {} rows skipped", skipped.count) : "");
}

}  // namespace

int Import(const ImportArguments& arguments) {
  const ingest::Format* format = ingest::FindFormat(arguments.format);
  if (absl::Status status = CheckArguments(arguments, format); !status.ok()) return Fail(status);
  ingest::SourceOptions options;
  options.files = arguments.files;
  options.symbol = arguments.symbol;
  if (!arguments.date.empty()) options.date = arguments.date;
  options.on_error = arguments.skip_errors ? ingest::OnError::kSkip : ingest::OnError::kStop;
  absl::StatusOr<std::unique_ptr<ingest::Source>> source = format->open(options);
  if (!source.ok()) return Fail(source.status());
  universe::ReferenceData reference;
  if (!arguments.reference.empty()) {
    absl::StatusOr<universe::ReferenceData> read = universe::ReadReferenceCsv(arguments.reference);
    if (!read.ok()) return Fail(read.status());
    reference = *std::move(read);
  }

  absl::StatusOr<std::unique_ptr<log::NewSession>> output = CreateSession(arguments.out, arguments.replace);
  if (!output.ok()) return Fail(output.status());
  absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = (*output)->log().OpenWriter("market.0");
  if (!writer.ok()) return Fail(writer.status());
  runtime::Lane lane(writer->get());
  ingest::MarketRecorder recorder(&lane);
  universe::ReferenceSink sink(reference, recorder);
  Progress progress("importing");
  absl::Status status = (*source)->Run(sink, [&](uint64_t done, uint64_t total) { progress.Update(done, total, "B"); });
  progress.Clear();
  if (status.ok()) status = recorder.Finish();
  if (status.ok()) status = (*writer)->Close();
  const log::LaneEntry written = status.ok() ? (*output)->log().manifest().lanes.at("market.0") : log::LaneEntry();
  if (status.ok()) status = (*output)->Commit();
  if (!status.ok()) return Fail(status);
  PrintResult(arguments, recorder, (*source)->skipped(), written.bytes());
  return kExitOk;
}

}  // namespace spillway::cli
