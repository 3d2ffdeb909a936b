#include "tools/spillway/pipeline_run.h"

#include <map>

#include "libs/base/build_info.h"
#include "libs/base/check.h"
#include "libs/profile/profile_loader.h"
#include "libs/profile/risk_profile_loader.h"
#include "services/journal/journal.h"
#include "services/metrics/metrics_processor.h"
#include "services/notifier/notifier.h"
#include "services/oms/oms.h"
#include "services/risk/risk.h"
#include "services/scoring/scoring_processor.h"
#include "services/universe/universe_processor.h"
#include "services/venue/venue.h"

namespace spillway::cli {

std::unique_ptr<runtime::Processor> MakeProcessor(Producer producer) {
  switch (producer) {
    case Producer::kMetrics:
      return std::make_unique<metrics::MetricsProcessor>();
    case Producer::kUniverse:
      return std::make_unique<universe::UniverseProcessor>();
    case Producer::kScoring:
      return std::make_unique<scoring::ScoringProcessor>();
    case Producer::kRisk:
      return std::make_unique<risk::RiskProcessor>();
    case Producer::kOms:
      return std::make_unique<oms::OmsProcessor>();
    case Producer::kBroker:
      return std::make_unique<venue::SimulatedVenue>();
    case Producer::kNotifier:
      return std::make_unique<notifier::NotifierProcessor>();
    case Producer::kJournal:
      return std::make_unique<journal::JournalProcessor>();
    default:
      break;
  }
  SPILLWAY_CHECK(false && "no such processor");
  return nullptr;
}

runtime::PipelineProcessors MakeProcessors() {
  return {.metrics = MakeProcessor(Producer::kMetrics),
          .universe = MakeProcessor(Producer::kUniverse),
          .scoring = MakeProcessor(Producer::kScoring),
          .risk = MakeProcessor(Producer::kRisk),
          .notifier = MakeProcessor(Producer::kNotifier),
          .journal = MakeProcessor(Producer::kJournal),
          .oms = MakeProcessor(Producer::kOms),
          .venue = MakeProcessor(Producer::kBroker)};
}

absl::StatusOr<std::vector<StrategyInstance>> LoadInstances(const std::vector<std::string>& profiles) {
  std::vector<StrategyInstance> instances;
  std::map<std::string, int> copies;
  for (const std::string& name : profiles) {
    absl::StatusOr<v1::Profile> loaded = profile::LoadProfile(name);
    if (!loaded.ok()) return loaded.status();
    const std::string full = profile::ProfileName(*loaded);
    instances.push_back({full + "#" + std::to_string(++copies[full]), *std::move(loaded), !instances.empty()});
  }
  return instances;
}

absl::StatusOr<TradingSetup> LoadTrading(const TradingOptions& options, std::vector<StrategyInstance>& instances) {
  if (!options.execution.empty() && !instances.empty()) {
    instances.front().profile.set_execution_mode(options.execution == "auto"      ? v1::EXECUTION_MODE_AUTO
                                                 : options.execution == "confirm" ? v1::EXECUTION_MODE_CONFIRM
                                                                                  : v1::EXECUTION_MODE_ALERT_ONLY);
  }
  const v1::ExecutionMode mode =
      instances.empty() ? v1::EXECUTION_MODE_ALERT_ONLY : instances.front().profile.execution_mode();
  const bool trades = mode == v1::EXECUTION_MODE_AUTO || mode == v1::EXECUTION_MODE_CONFIRM;
  const bool simulated = options.broker == "sim" || (options.broker.empty() && (trades || !options.venue.empty()));
  TradingSetup trading;
  if (simulated || !options.risk_profile.empty()) {
    absl::StatusOr<v1::RiskProfile> risk =
        profile::LoadRiskProfile(options.risk_profile.empty() ? "paper@1" : options.risk_profile);
    if (!risk.ok()) return risk.status();
    trading.risk = *std::move(risk);
  }
  if (!simulated) return trading;
  absl::StatusOr<v1::SimulatedVenue> venue = profile::LoadVenue(options.venue.empty() ? "simulated" : options.venue);
  if (!venue.ok()) return venue.status();
  trading.venue = *std::move(venue);
  if (trading.venue->cash_e8() == 0 && trading.risk->account().has_equity_e8())
    trading.venue->set_cash_e8(trading.risk->account().equity_e8());
  if (trading.venue->account().empty()) trading.venue->set_account(trading.risk->account().id());
  return trading;
}

std::vector<Event> ConfigurationEvents(Time time, const std::vector<StrategyInstance>& instances,
                                       const TradingSetup& trading) {
  std::vector<Event> events;
  const auto add = [&](StrategyInstanceId instance, EventBody body) {
    Event& event = events.emplace_back();
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.header.instance = instance;
    event.header.cause.ordinal = static_cast<uint32_t>(events.size() - 1);
    event.body = std::move(body);
  };
  add(0, ProcessorVersion{.build = std::string(BuildId())});
  for (const StrategyInstance& instance : instances) {
    add(StrategyInstanceIdOf(instance.name),
        ConfigurationVersion{.kind = ConfigurationKind::kProfile,
                             .name = instance.name,
                             .mode = instance.shadow ? InstanceMode::kShadow : InstanceMode::kActive,
                             .effective_time = time,
                             .document = profile::SerializeDeterministic(instance.profile)});
    if (instance.account.empty()) continue;
    add(StrategyInstanceIdOf(instance.name),
        ConfigurationVersion{.kind = ConfigurationKind::kAccount,
                             .name = instance.name,
                             .mode = instance.shadow ? InstanceMode::kShadow : InstanceMode::kActive,
                             .effective_time = time,
                             .document = instance.account});
  }
  const auto add_trading = [&](ConfigurationKind kind, std::string name, const google::protobuf::Message& document) {
    add(0, ConfigurationVersion{.kind = kind,
                                .name = std::move(name),
                                .mode = InstanceMode::kActive,
                                .effective_time = time,
                                .document = profile::SerializeDeterministic(document)});
  };
  if (trading.risk) add_trading(ConfigurationKind::kRisk, profile::RiskProfileName(*trading.risk), *trading.risk);
  if (trading.venue) {
    add_trading(ConfigurationKind::kVenue, trading.venue->name().empty() ? "simulated" : trading.venue->name(),
                *trading.venue);
  }
  return events;
}

namespace {

// Writes the gateway's events: they are caused by a person, not by an event, so they are only counted.
class Gateway {
 public:
  explicit Gateway(runtime::EmbeddedPipeline& pipeline) : pipeline_(pipeline) {}

  absl::Status Configure(Time time, const std::vector<StrategyInstance>& instances, const TradingSetup& trading) {
    for (const Event& event : ConfigurationEvents(time, instances, trading)) {
      ++ordinal_;
      if (absl::Status status = pipeline_.Configure(event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  absl::Status Emit(Time time, EventBody body) {
    Event event;
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.header.cause.ordinal = ordinal_++;
    event.body = std::move(body);
    return pipeline_.Configure(event);
  }

 private:
  runtime::EmbeddedPipeline& pipeline_;
  uint32_t ordinal_ = 0;
};

// Calls `take` for the definitions in a message.
absl::Status ForEachDefinition(const log::LaneMessage& message,
                               const std::function<absl::Status(Time, const InstrumentDefinition&)>& take) {
  GroupDecoder decoder;
  absl::StatusOr<GroupView> group = GroupView::Open(message.bytes);
  if (!group.ok()) return group.status();
  std::string_view encoded, payload;
  absl::Status status;
  while (status.ok() && group->Next(encoded, payload)) {
    if (BodyField(payload) != kInstrumentDefinitionField) continue;
    const absl::Status decoded = decoder.DecodeEvent(payload, group->header().producer, [&](const Event& event) {
      status = take(event.header.event_time, std::get<InstrumentDefinition>(event.body));
    });
    if (!decoded.ok()) return decoded;
  }
  return status;
}

// The definitions in a message, completed by the reference data.
absl::Status Complete(Gateway& gateway, const log::LaneMessage& message, const universe::ReferenceData& reference) {
  return ForEachDefinition(message, [&](Time time, InstrumentDefinition definition) {
    return reference.Complete(definition) ? gateway.Emit(time, definition) : absl::OkStatus();
  });
}

// What an earlier run of this session completed: facts about the instruments, unlike the profiles it was run with.
absl::Status KeepCompleted(Gateway& gateway, const log::LaneMessage& message) {
  return ForEachDefinition(
      message, [&](Time time, const InstrumentDefinition& definition) { return gateway.Emit(time, definition); });
}

}  // namespace

absl::Status RunPipeline(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::vector<StrategyInstance>& instances, const universe::ReferenceData& reference,
                         const std::function<void(uint64_t rows)>& progress, const TradingSetup& trading) {
  Gateway gateway(pipeline);
  bool configured = false;
  log::LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> more = market.Next(message);
    if (!more.ok()) return more.status();
    if (!*more) break;
    const absl::StatusOr<GroupView> group = GroupView::Open(message.bytes);
    if (!group.ok()) return group.status();
    absl::Status status;
    if (group->header().producer != Producer::kIngest) {
      if (group->header().producer == Producer::kGateway && reference.empty()) status = KeepCompleted(gateway, message);
      if (!status.ok()) return status;
      continue;
    }
    if (!configured) status = gateway.Configure(message.time, instances, trading);
    configured = true;
    if (status.ok()) status = pipeline.OnMarketMessage(message);
    if (status.ok() && !reference.empty()) status = Complete(gateway, message, reference);
    if (!status.ok()) return status;
    progress(pipeline.market_rows());
  }
  return pipeline.Finish();
}

absl::Status RunRecorded(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::function<void(uint64_t rows)>& progress) {
  log::LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> more = market.Next(message);
    if (!more.ok()) return more.status();
    if (!*more) return pipeline.Finish();
    if (absl::Status status = pipeline.OnMarketMessage(message); !status.ok()) return status;
    progress(pipeline.market_rows());
  }
}

}  // namespace spillway::cli
