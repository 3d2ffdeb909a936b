#include "libs/runtime/checkpoint.h"

#include "tests/catch.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/echo_processor.h"

using namespace spillway;

namespace {

test::EchoProcessor Echo(Producer producer = Producer::kRisk) {
  return {producer, [](const Event&) { return true; },
          [](const Event&, uint64_t n) { return std::vector<EventBody>{TradeBust{n}}; }};
}

}  // namespace

TEST_CASE("checkpoint: state, filter and positions come back", "[runtime]") {
  test::EchoProcessor processor = Echo();
  test::CollectingSink sink;
  for (int i = 0; i < 3; ++i) processor.Process({{}, ClockTick{}}, sink);
  runtime::ShellState shell;
  shell.positions["trading"] = {.sequence = 42, .parts = 3, .filter = {}};
  shell.positions["trading"].filter.Accept("trading", {Producer::kScoring, 1, 5});
  shell.next_producer_sequence = 9;
  shell.build = "a build";
  const std::string bytes = runtime::SaveCheckpoint(processor, shell);

  test::EchoProcessor restored = Echo();
  runtime::ShellState restored_shell;
  REQUIRE(runtime::RestoreCheckpoint(bytes, restored, restored_shell).ok());
  CHECK(restored_shell.positions.at("trading").sequence == 42);
  CHECK(restored_shell.positions.at("trading").parts == 3);
  CHECK(restored_shell.build == "a build");
  CHECK(restored_shell.next_producer_sequence == 9);
  CHECK_FALSE(restored_shell.positions.at("trading").filter.Accept("trading", {Producer::kScoring, 1, 5}));
  restored.Process({{}, ClockTick{}}, sink);
  CHECK(sink.Bodies<TradeBust>().back().trade_id == 4);
}

TEST_CASE("checkpoint: another producer's, a damaged or a cut one is refused", "[runtime]") {
  const std::string bytes = runtime::SaveCheckpoint(Echo(), {});
  test::EchoProcessor other = Echo(Producer::kJournal);
  runtime::ShellState shell;
  CHECK(runtime::RestoreCheckpoint(bytes, other, shell).code() == absl::StatusCode::kFailedPrecondition);
  test::EchoProcessor same = Echo();
  for (size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    CHECK_FALSE(runtime::RestoreCheckpoint(std::string_view(bytes).substr(0, size), same, shell).ok());
  }
  CHECK_FALSE(runtime::RestoreCheckpoint("no checkpoint", same, shell).ok());
}
