#include "libs/log/jetstream/jetstream_log.h"

#include <algorithm>

#include "libs/log/jetstream/client.h"
#include "libs/log/jetstream/stream_reader.h"
#include "libs/log/jetstream/stream_writer.h"

namespace spillway::jetstream {
namespace {

constexpr auto kListWait = std::chrono::seconds(2);

struct NamesDeleter {
  void operator()(jsStreamNamesList* list) const { jsStreamNamesList_Destroy(list); }
};

}  // namespace

JetStreamLog::JetStreamLog(std::shared_ptr<Connection> connection, Producer producer)
    : connection_(std::move(connection)), producer_(producer) {}
JetStreamLog::~JetStreamLog() = default;

absl::StatusOr<LaneInfo> JetStreamLog::Info(const log::LaneName& lane) {
  Connection::Impl& impl = connection_->impl();
  const absl::StatusOr<StreamState> state =
      impl.State(StreamOf(impl.options.prefix, lane), SteadyNow() + impl.options.publish_timeout);
  if (!state.ok()) return state.status();
  return LaneInfo{.first_sequence = state->messages == 0 ? 0 : state->first_sequence,
                  .last_sequence = state->last_sequence,
                  .messages = state->messages,
                  .bytes = state->bytes,
                  .created = TimeFromNanos(state->created_ns)};
}

absl::StatusOr<std::unique_ptr<log::LaneWriter>> JetStreamLog::OpenWriter(const log::LaneName& lane) {
  auto writer = std::make_unique<StreamWriter>(connection_, lane, ProducerName(producer_));
  if (absl::Status opened = writer->Open(); !opened.ok()) return opened;
  return writer;
}

absl::StatusOr<std::unique_ptr<log::LaneReader>> JetStreamLog::OpenReader(const log::LaneName& lane) {
  auto reader = std::make_unique<StreamReader>(connection_, lane);
  if (absl::Status opened = reader->Open(); !opened.ok()) return opened;
  return reader;
}

std::vector<log::LaneName> JetStreamLog::Lanes() const {
  Connection::Impl& impl = connection_->impl();
  const std::string all_lanes = impl.options.prefix + ".v1.>";
  std::unique_ptr<jsStreamNamesList, NamesDeleter> names;
  const absl::Status asked = impl.Ask(
      "names of streams", "STREAM.NAMES", SteadyNow() + kListWait, [&](jsOptions* js_options, jsErrCode* code) {
        js_options->Stream.Info.SubjectsFilter = all_lanes.c_str();
        jsStreamNamesList* list = nullptr;
        const natsStatus status = js_StreamNames(&list, impl.jetstream, js_options, code);
        names.reset(list);
        return status;
      });
  std::vector<log::LaneName> lanes;
  const std::string prefix = impl.options.prefix + "_";
  for (int i = 0; asked.ok() && names != nullptr && i < names->Count; ++i) {
    std::string name = names->List[i];
    if (!name.starts_with(prefix) || name == prefix + "dead_letters") continue;
    name.erase(0, prefix.size());
    std::ranges::replace(name, '_', '.');
    lanes.push_back(std::move(name));
  }
  std::ranges::sort(lanes);
  return lanes;
}

}  // namespace spillway::jetstream
