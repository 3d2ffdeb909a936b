// A temporary folder that goes away with it, and the text of packed recordings in it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "services/ingest/byte_source.h"
#include "tests/support/temporary_folder.h"

namespace spillway::bench {

class Unpacked {
 public:
  const std::filesystem::path& folder() const { return folder_.path(); }

  // The path of the file's text; empty if it cannot be read.
  std::string Add(const std::filesystem::path& packed) const {
    auto source = ingest::ByteSource::Open(packed);
    if (!source.ok()) return "";
    const std::filesystem::path path = folder_.path() / packed.stem();
    std::ofstream out(path, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    for (;;) {
      const absl::StatusOr<size_t> n = (*source)->Read(buffer);
      if (!n.ok()) return "";
      if (*n == 0) return path;
      out.write(buffer.data(), static_cast<std::streamsize>(*n));
    }
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace spillway::bench
