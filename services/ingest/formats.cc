// The importable formats: one line each.
#include <algorithm>
#include <utility>

#include "fmt/ranges.h"
#include "services/ingest/source.h"

#define SPILLWAY_FORMATS(FORMAT) \
  FORMAT(DatabentoCsv)           \
  FORMAT(Dbn)                    \
  FORMAT(Lobster)                \
  FORMAT(Taq)

namespace spillway::ingest {

#define SPILLWAY_DECLARE(name) Format name##Format();
SPILLWAY_FORMATS(SPILLWAY_DECLARE)
#undef SPILLWAY_DECLARE

namespace {

// Adapters may count on the files they named.
Format WithFileCheck(Format format) {
  format.open = [name = format.name, files = format.files, open = std::move(format.open)](
                    const SourceOptions& options) -> absl::StatusOr<std::unique_ptr<Source>> {
    if (options.files.size() != files.size()) {
      return absl::InvalidArgumentError(fmt::format("format {}: {} files given, expected {}: {}", name,
                                                    options.files.size(), files.size(), fmt::join(files, ", ")));
    }
    return open(options);
  };
  return format;
}

}  // namespace

const std::vector<Format>& Formats() {
  static const std::vector<Format>* const kFormats = [] {
    auto* formats = new std::vector<Format>;
#define SPILLWAY_LIST(name) formats->push_back(WithFileCheck(name##Format()));
    SPILLWAY_FORMATS(SPILLWAY_LIST)
#undef SPILLWAY_LIST
    std::sort(formats->begin(), formats->end(), [](const Format& a, const Format& b) { return a.name < b.name; });
    return formats;
  }();
  return *kFormats;
}

const Format* FindFormat(std::string_view name) {
  for (const Format& format : Formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace spillway::ingest
