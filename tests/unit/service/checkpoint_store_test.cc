#include "libs/service/checkpoint_store.h"

#include "libs/log/file.h"
#include "libs/service/log.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::service {
namespace {

std::unique_ptr<CheckpointStore> Open(const std::filesystem::path& directory) {
  absl::StatusOr<std::unique_ptr<CheckpointStore>> store = CheckpointStore::Open(directory, "metrics.market.0");
  INFO(store.status().message());
  REQUIRE(store.ok());
  return *std::move(store);
}

void SaveAll(const std::filesystem::path& directory, const std::vector<std::string>& states) {
  const std::unique_ptr<CheckpointStore> store = Open(directory);
  for (const std::string& state : states) {
    store->Save(state);
    REQUIRE(store->Flush().ok());
  }
}

std::optional<std::string> Loaded(const std::filesystem::path& directory) {
  absl::StatusOr<std::optional<std::string>> bytes = Open(directory)->Load();
  INFO(bytes.status().message());
  REQUIRE(bytes.ok());
  return *std::move(bytes);
}

void FlipByte(const std::filesystem::path& path, size_t at) {
  std::string text = log::ReadWholeFile(path).value();
  text.at(at) = static_cast<char>(text.at(at) ^ 1);
  REQUIRE(log::ReplaceFile(path, text).ok());
}

struct Files {
  explicit Files(const std::filesystem::path& folder)
      : newest(folder / "metrics.market.0.checkpoint"), previous(folder / "metrics.market.0.checkpoint.previous") {}
  std::filesystem::path newest, previous;
};

TEST_CASE("checkpoint store: what was saved last is loaded, also empty and binary", "[service]") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(Loaded(folder / "new").has_value());
  SaveAll(folder.path(), {"one", "two"});
  CHECK(Loaded(folder.path()) == "two");
  SaveAll(folder.path(), {std::string()});
  CHECK(Loaded(folder.path()) == "");
  const std::string binary("\0\xff\n", 3);
  SaveAll(folder.path(), {binary});
  CHECK(Loaded(folder.path()) == binary);
}

TEST_CASE("checkpoint store: of those that wait the last is written, at the latest when the store goes", "[service]") {
  const test::TemporaryFolder folder;
  {
    const std::unique_ptr<CheckpointStore> store = Open(folder.path());
    for (int i = 0; i < 1000; ++i) store->Save(std::to_string(i));
  }
  CHECK(Loaded(folder.path()) == "999");
}

TEST_CASE("checkpoint store: every damage to the newest is noticed and the previous one is used", "[service]") {
  SetUpLog("metrics", "", Severity::kError);  // a warning for each byte is too many
  const test::TemporaryFolder folder(test::TemporaryFolder::Place::kMemory);
  const Files files(folder.path());
  SaveAll(folder.path(), {"older", "newer"});
  const std::string good = log::ReadWholeFile(files.newest).value();
  for (size_t at = 0; at < good.size(); ++at) {
    REQUIRE(log::ReplaceFile(files.newest, good).ok());
    FlipByte(files.newest, at);
    INFO("byte " << at);
    const std::unique_ptr<CheckpointStore> store = Open(folder.path());
    REQUIRE(store->Load().value() == "older");
    REQUIRE(store->fell_back());
  }
  for (size_t size = 0; size < good.size(); ++size) {
    REQUIRE(log::ReplaceFile(files.newest, good.substr(0, size)).ok());
    REQUIRE(Loaded(folder.path()) == "older");
  }
}

TEST_CASE("checkpoint store: a damaged file never takes the place of the previous one", "[service]") {
  const test::TemporaryFolder folder;
  const Files files(folder.path());
  SaveAll(folder.path(), {"older", "newer"});
  FlipByte(files.newest, 3);
  SaveAll(folder.path(), {"newest"});
  CHECK(Loaded(folder.path()) == "newest");
  FlipByte(files.newest, 3);
  CHECK(Loaded(folder.path()) == "older");
}

TEST_CASE("checkpoint store: a crash between the two files leaves the previous one", "[service]") {
  const test::TemporaryFolder folder;
  const Files files(folder.path());
  SaveAll(folder.path(), {"older", "newer"});
  std::filesystem::rename(files.newest, files.previous);
  REQUIRE(log::ReplaceFile(folder / "metrics.market.0.checkpoint.tmp", "half").ok());
  CHECK(Loaded(folder.path()) == "newer");
  SaveAll(folder.path(), {"newest"});
  CHECK(Loaded(folder.path()) == "newest");
}

TEST_CASE("checkpoint store: where nothing good is left it is data loss, and the text says which file", "[service]") {
  const test::TemporaryFolder folder;
  const Files files(folder.path());
  SaveAll(folder.path(), {"only"});
  FlipByte(files.newest, 34);
  const absl::StatusOr<std::optional<std::string>> bytes = Open(folder.path())->Load();
  CHECK(absl::IsDataLoss(bytes.status()));
  CHECK(std::string(bytes.status().message()).find(files.newest.string()) == 0);
}

TEST_CASE("checkpoint store: a write that fails is told, and later ones are tried", "[service]") {
  const test::TemporaryFolder folder;
  const Files files(folder.path());
  const std::unique_ptr<CheckpointStore> store = Open(folder.path());
  std::filesystem::create_directories(files.newest / "in the way");
  store->Save("one");
  CHECK_FALSE(store->Flush().ok());
  CHECK_FALSE(store->last_status().ok());
  std::filesystem::remove_all(files.newest);
  store->Save("two");
  CHECK(store->Flush().ok());
  CHECK(store->Load().value() == "two");
}

TEST_CASE("checkpoint store: one process writes a checkpoint", "[service]") {
  const test::TemporaryFolder folder;
  const std::unique_ptr<CheckpointStore> first = Open(folder.path());
  CHECK(absl::IsFailedPrecondition(CheckpointStore::Open(folder.path(), "metrics.market.0").status()));
  CHECK(CheckpointStore::Open(folder.path(), "metrics.market.1").ok());
  CHECK(absl::IsInvalidArgument(CheckpointStore::Open(folder.path(), "a/b").status()));
}

}  // namespace
}  // namespace spillway::service
