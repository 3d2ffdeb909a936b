// Making streams, and the dead letters.
#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "libs/log/jetstream/client.h"
#include "libs/log/jetstream/jetstream_log.h"

namespace spillway::jetstream {
namespace {

constexpr Duration kDuplicatesWindow = std::chrono::minutes(2);

SteadyTime Deadline(const Connection::Impl& impl) {
  return SteadyNow() + impl.options.publish_timeout;
}

std::string DeadLetterStream(const Connection::Impl& impl) {
  return impl.options.prefix + "_dead_letters";
}

struct StreamPlan {
  std::string name;
  std::string subjects;
  std::string description;
  RetentionOptions retention;
};

void Apply(const StreamPlan& plan, jsStreamConfig& config) {
  config.MaxAge = plan.retention.age_max.count();
  config.MaxBytes = static_cast<int64_t>(plan.retention.bytes_max);
  config.Replicas = plan.retention.replicas;
  // The window may not be longer than messages live.
  config.Duplicates =
      config.MaxAge > 0 ? std::min<int64_t>(kDuplicatesWindow.count(), config.MaxAge) : kDuplicatesWindow.count();
}

bool Fits(const StreamPlan& plan, const jsStreamConfig& config) {
  jsStreamConfig wanted = config;
  Apply(plan, wanted);
  return wanted.MaxAge == config.MaxAge && wanted.MaxBytes == config.MaxBytes && wanted.Replicas == config.Replicas &&
         wanted.Duplicates == config.Duplicates;
}

absl::Status Add(Connection::Impl& impl, const StreamPlan& plan) {
  const char* subjects[] = {plan.subjects.c_str()};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = plan.name.c_str();
  config.Description = plan.description.c_str();
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Retention = js_LimitsPolicy;
  config.Discard = js_DiscardOld;
  config.Storage = js_FileStorage;
  config.DenyDelete = true;  // what is on a lane leaves it by retention alone
  Apply(plan, config);
  return impl.Ask("make stream " + plan.name, plan.name, Deadline(impl), [&](jsOptions* js_options, jsErrCode* code) {
    jsStreamInfo* info = nullptr;
    const natsStatus status = js_AddStream(&info, impl.jetstream, &config, js_options, code);
    jsStreamInfo_Destroy(info);
    return status;
  });
}

absl::Status Update(Connection::Impl& impl, const StreamPlan& plan, jsStreamConfig& config) {
  const bool ours = config.SubjectsLen == 1 && plan.subjects == config.Subjects[0];
  if (!ours) {
    return absl::FailedPreconditionError(
        fmt::format("stream {} has other subjects ({}, ...) than {}. Remove it, or choose another prefix", plan.name,
                    config.SubjectsLen > 0 ? config.Subjects[0] : "none", plan.subjects));
  }
  if (Fits(plan, config)) return absl::OkStatus();
  Apply(plan, config);
  return impl.Ask("change stream " + plan.name, plan.name, Deadline(impl), [&](jsOptions* js_options, jsErrCode* code) {
    jsStreamInfo* info = nullptr;
    const natsStatus status = js_UpdateStream(&info, impl.jetstream, &config, js_options, code);
    jsStreamInfo_Destroy(info);
    return status;
  });
}

absl::Status EnsureStream(Connection::Impl& impl, const StreamPlan& plan) {
  StreamInfoPtr info;
  const absl::Status asked =
      impl.Ask("stream " + plan.name, plan.name, Deadline(impl), [&](jsOptions* js_options, jsErrCode* code) {
        jsStreamInfo* raw = nullptr;
        const natsStatus status = js_GetStreamInfo(&raw, impl.jetstream, plan.name.c_str(), js_options, code);
        info.reset(raw);
        return status;
      });
  if (absl::IsNotFound(asked)) return Add(impl, plan);
  if (!asked.ok()) return asked;
  return Update(impl, plan, *info->Config);
}

}  // namespace

absl::Status EnsureLanes(Connection& connection, const std::vector<log::LaneName>& lanes,
                         const RetentionOptions& retention) {
  Connection::Impl& impl = connection.impl();
  for (const log::LaneName& lane : lanes) {
    const StreamPlan plan = {.name = StreamOf(impl.options.prefix, lane),
                             .subjects = SubjectOf(impl.options.prefix, lane, "*"),
                             .description = "lane " + lane,
                             .retention = retention};
    if (absl::Status ensured = EnsureStream(impl, plan); !ensured.ok()) return ensured;
  }
  return absl::OkStatus();
}

absl::Status EnsureDeadLetters(Connection& connection, const RetentionOptions& retention) {
  Connection::Impl& impl = connection.impl();
  return EnsureStream(impl, {.name = DeadLetterStream(impl),
                             .subjects = impl.options.prefix + ".v1.dead.*",
                             .description = "messages that a reader could not decode",
                             .retention = retention});
}

absl::Status AppendDeadLetter(Connection& connection, std::string_view service, std::string_view lane,
                              uint64_t sequence, std::string_view reason, std::string_view bytes) {
  Connection::Impl& impl = connection.impl();
  const MessagePtr message = NewMessage(fmt::format("{}.v1.dead.{}", impl.options.prefix, service), bytes);
  if (message == nullptr) return absl::ResourceExhaustedError("dead letter: no memory");
  std::string text(reason.substr(0, 1000));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  natsStatus status = natsMsgHeader_Set(message.get(), "Lane", std::string(lane).c_str());
  if (status == NATS_OK) status = natsMsgHeader_Set(message.get(), "Sequence", fmt::format_int(sequence).c_str());
  if (status == NATS_OK) status = natsMsgHeader_Set(message.get(), "Reason", text.c_str());
  if (status != NATS_OK) return absl::InternalError("dead letter: headers");
  const Publication publication = {.message = message.get(), .id = fmt::format("{}/{}/{}", service, lane, sequence)};
  const Publish publish = impl.PublishUntil(publication, DeadLetterStream(impl), Deadline(impl));
  return publish.result == Publish::Result::kStored ? absl::OkStatus() : publish.status;
}

}  // namespace spillway::jetstream
