#include "libs/runtime/checkpoint.h"

#include "fmt/format.h"
#include "spillway/v1/checkpoint.pb.h"

namespace spillway::runtime {
namespace {
constexpr uint32_t kSchemaVersion = 1;
}

std::string SaveCheckpoint(const Processor& processor, const ShellState& shell) {
  v1::Checkpoint checkpoint;
  checkpoint.set_schema_version(kSchemaVersion);
  checkpoint.set_producer(static_cast<v1::Producer>(processor.producer()));
  checkpoint.set_state_version(processor.state_version());
  checkpoint.set_build(shell.build);
  for (const auto& [lane, folded] : shell.positions) {
    v1::LanePosition& position = *checkpoint.add_positions();
    position.set_lane(lane);
    position.set_sequence(folded.sequence);
    position.set_parts(folded.parts);
    StateWriter filter;
    filter(folded.filter);
    position.set_filter(filter.Take());
  }
  checkpoint.set_next_producer_sequence(shell.next_producer_sequence);
  StateWriter state;
  processor.Save(state);
  checkpoint.set_state(state.Take());
  return checkpoint.SerializeAsString();
}

absl::Status RestoreCheckpoint(std::string_view bytes, Processor& processor, ShellState& shell) {
  v1::Checkpoint checkpoint;
  if (!checkpoint.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the checkpoint does not parse");
  }
  if (checkpoint.schema_version() != kSchemaVersion || checkpoint.state_version() != processor.state_version()) {
    return absl::FailedPreconditionError(fmt::format(
        "checkpoint of schema {} and state version {} by build '{}': this build reads {} and {}; fold the lane instead",
        checkpoint.schema_version(), checkpoint.state_version(), checkpoint.build(), kSchemaVersion,
        processor.state_version()));
  }
  if (checkpoint.producer() != static_cast<v1::Producer>(processor.producer())) {
    return absl::FailedPreconditionError(fmt::format("the checkpoint belongs to {}, not to {}",
                                                     ProducerName(static_cast<Producer>(checkpoint.producer())),
                                                     ProducerName(processor.producer())));
  }
  shell = {};
  for (const v1::LanePosition& position : checkpoint.positions()) {
    LanePosition& folded = shell.positions[position.lane()];
    folded.sequence = position.sequence();
    folded.parts = position.parts();
    // Before each position had its filter, there was one of a single lane.
    StateReader filter(position.has_filter() ? position.filter() : checkpoint.filter());
    filter(folded.filter);
    if (absl::Status status = filter.Finish(); !status.ok()) return status;
  }
  shell.next_producer_sequence = checkpoint.next_producer_sequence();
  shell.build = checkpoint.build();
  StateReader state(checkpoint.state());
  if (absl::Status status = processor.Restore(state); !status.ok()) return status;
  return state.Finish();
}

}  // namespace spillway::runtime
