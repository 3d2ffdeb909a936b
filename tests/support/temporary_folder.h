// A folder of a test's own that goes away with the object.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace spillway::test {

class TemporaryFolder {
 public:
  enum class Place {
    kDisk,
    kMemory,  // where there is such a file system: for tests that write or sync thousands of files
  };

  explicit TemporaryFolder(Place place = Place::kDisk) {
    const bool in_memory = place == Place::kMemory && ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path parent = in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (parent / "spillway-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {  // no test can go on without its folder
      std::perror(name.c_str());
      std::abort();
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace spillway::test
