#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "libs/profile/declared_features.h"
#include "libs/profile/profile_loader.h"
#include "nlohmann/json.hpp"
#include "services/metrics/metrics_processor.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

constexpr Duration kBoundary = std::chrono::milliseconds(250);

std::string_view NameOf(const FeatureSpec& spec) {
  return ToString(FeatureName{spec.kind, spec.mirrored});
}

// A profile that declares every feature as a setup of the side sees it, with the parameters of another.
v1::Profile EveryFeature(const v1::Profile& parameters, bool short_side) {
  v1::Profile profile = parameters;
  profile.set_name("features");
  profile.clear_gates();
  profile.clear_cancel();
  profile.mutable_rubric()->Clear();
  profile.mutable_rubric()->set_threshold(1e9);  // never a trigger: snapshots at the boundaries only
  profile.clear_short_side();
  for (int number = 1; number <= static_cast<int>(kLastFeatureKind); ++number) {
    const FeatureName name{static_cast<FeatureKind>(number), false};
    v1::ScoreRule& rule = *profile.mutable_rubric()->add_rules();
    rule.set_id(std::string(ToString(short_side ? Mirrored(name) : name)));
    rule.set_feature(rule.id());
    rule.set_op("is true");
    rule.set_points(1);
  }
  return profile;
}

// Hands a market lane to metrics with a tick at every boundary. Metrics alone shows of several boundaries that passed
// without an event the last one only; a table has a row for each.
class EveryBoundary {
 public:
  EveryBoundary(metrics::MetricsProcessor& metrics, runtime::EventSink& out) : metrics_(metrics), out_(out) {
    tick_.header.producer = Producer::kIngest;
    tick_.body = ClockTick();
  }

  void Take(const Event& event) {
    const auto* batch = std::get_if<MarketBatch>(&event.body);
    if (batch == nullptr) return metrics_.Process(event, out_);
    const std::span<const MarketEvent> events = batch->events;
    size_t begin = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      const Time time = events[i].event_time;
      if (next_ == Time()) next_ = FloorTo(time, kBoundary) + kBoundary;
      if (time < next_) continue;
      Part(event.header, *batch, events.subspan(begin, i - begin));
      begin = i;
      for (; next_ <= time; next_ += kBoundary) Tick(next_);
    }
    Part(event.header, *batch, events.subspan(begin));
  }

 private:
  void Part(const EventHeader& header, MarketBatch batch, std::span<const MarketEvent> events) {
    if (events.empty()) return;
    batch.events = events;
    Event part;
    part.header = header;
    part.body = batch;
    metrics_.Process(part, out_);
  }
  void Tick(Time time) {
    tick_.header.event_time = tick_.header.ingest_time = time;
    metrics_.Process(tick_, out_);
  }

  metrics::MetricsProcessor& metrics_;
  runtime::EventSink& out_;
  Event tick_;
  Time next_;  // the first boundary that was not reached; unset (epoch): no event yet
};

// Prints the last snapshot at each multiple of the period; between two the features did not change.
class Rows final : public runtime::EventSink {
 public:
  Rows(const FeaturesArguments& arguments, Duration every, std::optional<Time> from, std::optional<Time> to)
      : arguments_(arguments), every_(every), from_(from), to_(to) {}

  void Emit(const Event& event) override {
    names_.Learn(event);
    if (const auto* set = std::get_if<FeatureSetDefined>(&event.body)) specs_ = set->specs;
    if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
      if (definition->symbol == arguments_.symbol) instrument_ = definition->id;
    }
    const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
    if (snapshot == nullptr || event.header.instrument != instrument_ || instrument_ == 0) return;
    PrintUntil(event.header.event_time);
    last_ = *snapshot;
    last_time_ = event.header.event_time;
  }
  // After the last event; nothing was printed for a symbol that is not there.
  void Finish() {
    if (last_) PrintUntil(last_time_ + every_);
    if (symbol_found() && !header_printed_ && !arguments_.json) Header();
  }
  bool symbol_found() const { return instrument_ != 0; }
  // The first few that there are.
  std::string Symbols() const {
    constexpr size_t kNamedMax = 10;
    std::string text;
    size_t named = 0;
    for (const auto& [id, definition] : names_.definitions()) {
      if (named++ < kNamedMax) text += (named == 1 ? "" : ", ") + definition.symbol;
    }
    return named <= kNamedMax ? text : text + fmt::format(" and {} more", named - kNamedMax);
  }

 private:
  void Header() {
    std::string line = "time,bid,ask,bid_size,ask_size,last_price,book";
    for (const FeatureSpec& spec : specs_) line += "," + std::string(NameOf(spec));
    fmt::print("{}\n", line);
    header_printed_ = true;
  }

  // Rows whose time is before `time`: the next snapshot is for it.
  void PrintUntil(Time time) {
    if (!last_) {
      next_ = FloorTo(time, every_);
      if (next_ < time) next_ += every_;
      return;
    }
    for (; next_ < time; next_ += every_) {
      if ((!from_ || next_ >= *from_) && (!to_ || next_ < *to_) && next_ >= last_time_) Print();
    }
  }

  void Print() {
    if (!header_printed_ && !arguments_.json) Header();
    const Quote& q = last_->quote;
    const bool bid = (last_->book & BookCondition::kBidEmpty) == 0;
    const bool ask = (last_->book & BookCondition::kAskEmpty) == 0;
    if (arguments_.json) {
      nlohmann::ordered_json json = {{"time", FormatTime(next_)}};
      if (bid) json["bid"] = q.bid.ToString(), json["bid_size"] = q.bid_size.ToString();
      if (ask) json["ask"] = q.ask.ToString(), json["ask_size"] = q.ask_size.ToString();
      if (last_->last_price) json["last_price"] = last_->last_price->ToString();
      json["book"] = last_->book;
      for (size_t i = 0; i < specs_.size(); ++i) {
        const FeatureValue& value = last_->values[i];
        const std::string name(NameOf(specs_[i]));
        if (value.ready()) {
          json[name] = value.value;
        } else {
          json["not_ready"][name] = NotReadyName(value.not_ready);
        }
      }
      fmt::print("{}\n", json.dump());
      return;
    }
    std::string line =
        fmt::format("{},{},{},{},{},{},{}", FormatTime(next_), bid ? q.bid.ToString() : "", ask ? q.ask.ToString() : "",
                    bid ? q.bid_size.ToString() : "", ask ? q.ask_size.ToString() : "",
                    last_->last_price ? last_->last_price->ToString() : "", last_->book);
    for (const FeatureValue& value : last_->values) line += value.ready() ? fmt::format(",{}", value.value) : ",";
    fmt::print("{}\n", line);
  }

  const FeaturesArguments& arguments_;
  const Duration every_;
  const std::optional<Time> from_, to_;
  NameTable names_;
  std::vector<FeatureSpec> specs_;
  InstrumentId instrument_ = 0;
  bool header_printed_ = false;
  std::optional<FeatureSnapshot> last_;
  Time last_time_, next_;
};

}  // namespace

int Features(const FeaturesArguments& arguments) {
  absl::StatusOr<Duration> every = ParseDuration(arguments.every);
  if (!every.ok()) every = absl::InvalidArgumentError("--every: " + std::string(every.status().message()));
  const absl::StatusOr<std::optional<Time>> from = ParseTimeOption("--from", arguments.from);
  const absl::StatusOr<std::optional<Time>> to = ParseTimeOption("--to", arguments.to);
  for (const absl::Status& status : {every.status(), from.status(), to.status()}) {
    if (!status.ok()) {
      Fail(status);
      return kExitUsage;
    }
  }
  if (arguments.side != "long" && arguments.side != "short") {
    Fail(absl::InvalidArgumentError(fmt::format("--side {}: 'long' or 'short' is expected", arguments.side)));
    return kExitUsage;
  }
  if (every->count() <= 0 || *every % kBoundary != Duration(0)) {
    return Fail(
        absl::FailedPreconditionError(fmt::format("--every {}: a multiple of 250ms is expected", arguments.every)));
  }
  const absl::StatusOr<v1::Profile> parameters = profile::LoadProfile(arguments.profile);
  if (!parameters.ok()) {
    Fail(parameters.status());
    return kExitUsage;
  }
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(arguments.session);
  if (!session.ok()) return Fail(session.status());

  Rows rows(arguments, *every, *from, *to);
  metrics::MetricsProcessor metrics;
  Event configuration;
  configuration.header.producer = Producer::kGateway;
  configuration.header.instance = StrategyInstanceIdOf("features");
  configuration.body = ConfigurationVersion{
      .kind = ConfigurationKind::kProfile,
      .name = "features",
      .mode = InstanceMode::kShadow,
      .effective_time = {},
      .document = profile::SerializeDeterministic(EveryFeature(*parameters, arguments.side == "short"))};
  metrics.Process(configuration, rows);
  EveryBoundary boundaries(metrics, rows);
  const absl::Status status = ForEachEvent(**session, "market.0", [&](const LaneEvent& lane_event) {
    // The profiles of a recorded run are not wanted here: they would add snapshots between the boundaries.
    if (!std::holds_alternative<ConfigurationVersion>(lane_event.event.body)) boundaries.Take(lane_event.event);
    return true;
  });
  if (!status.ok()) return Fail(status);
  rows.Finish();
  if (!rows.symbol_found()) {
    return Fail(absl::NotFoundError(
        fmt::format("{} has no symbol '{}'; it has: {}", arguments.session, arguments.symbol, rows.Symbols())));
  }
  return kExitOk;
}

}  // namespace spillway::cli
