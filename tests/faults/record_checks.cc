#include "tests/faults/record_checks.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "nlohmann/json.hpp"
#include "services/ingest/live/session_source.h"

namespace spillway::faults {
namespace {

constexpr size_t kFindingsMax = 10;  // of one kind

void Add(Findings& findings, std::string text) {
  if (findings.size() < kFindingsMax) findings.push_back(std::move(text));
}

template <class T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
  return *std::move(value);
}

// All events of a lane; groups that do not decode are left out (the lane's readers do so too).
template <class Take>
void ForEach(log::EventLog& log, const log::LaneName& lane, Take take) {
  const auto reader = Must(log.OpenReader(lane));
  GroupDecoder decoder;
  log::LaneMessage message;
  while (Must(reader->Next(message))) {
    GroupHeader header;
    decoder.Decode(message.bytes, header, [&](const Event& event) { take(message, header, event); }).IgnoreError();
  }
}

std::string Name(const ingest::SessionItem& item) {
  if (item.row.empty()) return "event " + ToString(item.event.header.id());
  return fmt::format("row ({}, {}, {})", item.source.feed, item.source.epoch, item.source.position);
}

bool Same(const ingest::SessionItem& a, const ingest::SessionItem& b) {
  if (a.row.empty() != b.row.empty() || a.source != b.source) return false;
  return a.row.empty() ? a.event == b.event : std::ranges::equal(a.row, b.row);
}

}  // namespace

Findings CheckMarket(log::EventLog& played, log::EventLog& record, uint64_t& rows) {
  Findings findings;
  const auto expected = Must(ingest::SessionSource::Open(played));
  const auto seen = Must(ingest::SessionSource::Open(record));
  rows = 0;
  while (true) {
    const ingest::SessionItem* want = Must(expected->Peek());
    const ingest::SessionItem* have = Must(seen->Peek());
    if (want == nullptr && have == nullptr) break;
    if (want == nullptr || have == nullptr || !Same(*want, *have)) {
      Add(findings,
          fmt::format("market.0, after {} rows: recorded {}, played {}", rows,
                      have == nullptr ? "nothing more" : Name(*have), want == nullptr ? "nothing more" : Name(*want)));
      break;
    }
    if (!want->row.empty()) ++rows;
    expected->Advance();
    seen->Advance();
  }
  if (rows == 0) Add(findings, "market.0: no row at all");
  return findings;
}

Findings CheckGroups(log::EventLog& record, const std::vector<log::LaneName>& lanes) {
  Findings findings;
  for (const log::LaneName& lane : lanes) {
    std::map<Producer, uint64_t> last;
    const auto reader = Must(record.OpenReader(lane));
    for (log::LaneMessage message; Must(reader->Next(message));) {
      const auto group = GroupView::Open(message.bytes);
      if (!group.ok()) continue;
      const GroupHeader& header = group->header();
      uint64_t& sequence = last[header.producer];
      if (header.producer_sequence != ++sequence) {
        Add(findings, fmt::format("{} message {}: group {} of {} where {} was expected", lane, message.sequence,
                                  header.producer_sequence, ProducerName(header.producer), sequence));
        sequence = header.producer_sequence;
      }
    }
    std::set<std::pair<Producer, EventId>> ids;
    ForEach(record, lane, [&](const log::LaneMessage& message, const GroupHeader& header, const Event& event) {
      if (std::holds_alternative<MarketBatch>(event.body)) return;  // its rows are counted by CheckMarket
      if (!ids.emplace(header.producer, event.header.id()).second) {
        Add(findings, fmt::format("{} message {}: event {} of {} is there twice", lane, message.sequence,
                                  ToString(event.header.id()), ProducerName(header.producer)));
      }
    });
    if (last.empty()) Add(findings, lane + ": nothing was recorded");
  }
  return findings;
}

Findings CheckRecorded(log::EventLog& lanes, log::EventLog& record, const std::vector<log::LaneName>& names) {
  Findings findings;
  for (const log::LaneName& name : names) {
    const auto lane = Must(lanes.OpenReader(name));
    const auto copy = Must(record.OpenReader(name));
    log::LaneMessage was, is;
    while (true) {
      const bool more = Must(lane->Next(was)), recorded = Must(copy->Next(is));
      if (!more && !recorded) break;
      if (more && recorded && was.sequence == is.sequence && was.bytes == is.bytes) continue;
      Add(findings, fmt::format("{}: the lane has {}, the record {}", name,
                                more ? fmt::format("message {}", was.sequence) : "ended",
                                recorded ? fmt::format("message {}", is.sequence) : "ended"));
      break;
    }
  }
  return findings;
}

// ---------------------------------------------------------------- deliveries

namespace {

// One alert and what the lane says of its delivery.
struct Told {
  EventId correlation;
  std::vector<AlertReceipt> last;  // DELIVERED, FAILED or UNKNOWN
  uint64_t attempts = 0;
  uint64_t open_attempts = 0;  // neither NOT_ACCEPTED nor the last word followed: it may have arrived
  bool repeated = false;
};

std::map<EventId, Told> ReadAlerts(log::EventLog& record) {
  std::map<EventId, Told> alerts;
  std::map<EventId, std::set<uint32_t>> open;
  ForEach(record, "trading", [&](const log::LaneMessage&, const GroupHeader&, const Event& event) {
    if (const auto* alert = std::get_if<Alert>(&event.body); alert != nullptr && !alert->shadow) {
      alerts[event.header.id()].correlation = event.header.correlation_id();
    }
    const auto* receipt = std::get_if<AlertReceipt>(&event.body);
    if (receipt == nullptr || event.header.producer != Producer::kDelivery) return;
    if (receipt->update != AlertUpdateKind::kUnknown) return;
    Told& told = alerts[receipt->alert];
    told.repeated = told.repeated || receipt->possibly_repeated;
    std::set<uint32_t>& tries = open[receipt->alert];
    if (receipt->state == ReceiptState::kAttempted) {
      ++told.attempts;
      tries.insert(receipt->attempt);
    } else {
      tries.erase(receipt->attempt);
      if (receipt->state != ReceiptState::kNotAccepted) told.last.push_back(*receipt);
    }
  });
  for (const auto& [id, tries] : open) alerts[id].open_attempts = tries.size();
  return alerts;
}

struct Message {
  std::string id;
  bool marked = false;
};

// By the correlation id that stands in the footer.
std::map<std::string, std::vector<Message>> ByCorrelation(const std::string& store) {
  std::map<std::string, std::vector<Message>> by_correlation;
  std::ifstream file(store, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json message = nlohmann::json::parse(line);
    if (!message.contains("message")) continue;  // an edit
    const std::string footer = message.at("json").at("embeds").at(0).at("footer").at("text");
    const std::string content = message.at("json").at("content");
    by_correlation[footer.substr(0, footer.find(' '))].push_back(
        {message.at("message"), content.find("(possibly repeated)") != std::string::npos});
  }
  return by_correlation;
}

void CheckMessages(const EventId& id, const Told& told, const std::vector<Message>& messages, Findings& findings,
                   Deliveries& counts) {
  const std::string name = "alert " + ToString(id);
  const AlertReceipt& last = told.last.front();
  counts.messages += messages.size();
  if (messages.size() > 1) counts.repeats += messages.size() - 1;
  counts.doubted += told.open_attempts > 0 ? 1 : 0;
  if (last.state == ReceiptState::kDelivered &&
      std::ranges::none_of(messages, [&](const Message& message) { return message.id == last.message_id; })) {
    Add(findings, fmt::format("{}: DELIVERED as message {}, which is not there", name, last.message_id));
  }
  if (last.state == ReceiptState::kFailed && !messages.empty()) {
    Add(findings, fmt::format("{}: FAILED ({}), but it is there", name, last.detail));
  }
  if (messages.size() > 1 + told.open_attempts) {
    Add(findings, fmt::format("{}: there {} times, with {} lost answers", name, messages.size(), told.open_attempts));
  }
  for (size_t i = 1; i < messages.size(); ++i) {
    if (!messages[i].marked) Add(findings, fmt::format("{}: repeated without a mark", name));
  }
  if (messages.size() > 1 && !told.repeated) Add(findings, name + ": repeated, and no receipt says so");
}

}  // namespace

Findings CheckDeliveries(log::EventLog& record, const std::string& store, Deliveries& deliveries) {
  Findings findings;
  std::map<std::string, std::vector<Message>> by_correlation = ByCorrelation(store);
  for (const auto& [id, told] : ReadAlerts(record)) {
    ++deliveries.alerts;
    deliveries.attempts += told.attempts;
    if (!told.correlation) {
      Add(findings, "a receipt of an alert that is not on the lane: " + ToString(id));
      continue;
    }
    if (told.last.size() != 1) {
      Add(findings,
          fmt::format("alert {}: {} final receipts after {} attempts", ToString(id), told.last.size(), told.attempts));
      continue;
    }
    const AlertReceipt& last = told.last.front();
    deliveries.delivered += last.state == ReceiptState::kDelivered ? 1 : 0;
    deliveries.failed += last.state == ReceiptState::kFailed ? 1 : 0;
    deliveries.unknown += last.state == ReceiptState::kAnswerLost ? 1 : 0;
    if (last.state != ReceiptState::kDelivered && last.detail.empty()) {
      Add(findings, fmt::format("alert {}: {} without a reason", ToString(id), ReceiptStateName(last.state)));
    }
    CheckMessages(id, told, by_correlation[ToString(told.correlation)], findings, deliveries);
    by_correlation.erase(ToString(told.correlation));
  }
  for (const auto& [correlation, more] : by_correlation) {
    Add(findings, fmt::format("{} messages of {}, which no alert has", more.size(), correlation));
  }
  return findings;
}

// ---------------------------------------------------------------- Redis

namespace {

class Redis {
 public:
  explicit Redis(uint16_t port) : context_(redisConnect("127.0.0.1", port)) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("Redis does not answer");
  }
  ~Redis() { redisFree(context_); }
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  std::set<std::string> Members(const std::string& key) {
    std::set<std::string> members;
    const Reply reply = Ask("SMEMBERS", key);
    for (size_t i = 0; i < reply->elements; ++i) members.emplace(reply->element[i]->str, reply->element[i]->len);
    return members;
  }
  int64_t LifeMs(const std::string& key) { return Ask("PTTL", key)->integer; }

 private:
  struct Free {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;
  Reply Ask(const char* command, const std::string& key) {
    Reply reply(static_cast<redisReply*>(redisCommand(context_, "%s %b", command, key.data(), key.size())));
    if (reply == nullptr) throw std::runtime_error("Redis does not answer");
    return reply;
  }
  redisContext* context_;
};

std::map<std::string, std::set<std::string>> SetsOf(log::EventLog& record) {
  std::map<InstrumentId, std::string> symbols;
  std::map<StrategyInstanceId, std::string> names;
  std::map<StrategyInstanceId, std::set<InstrumentId>> members;
  ForEach(record, "market.0", [&](const log::LaneMessage&, const GroupHeader&, const Event& event) {
    if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
      symbols[definition->id] = definition->symbol;
    } else if (const auto* version = std::get_if<ConfigurationVersion>(&event.body)) {
      names[event.header.instance] = version->name;
    } else if (const auto* changed = std::get_if<UniverseChanged>(&event.body)) {
      std::set<InstrumentId>& set = members[event.header.instance];
      if (changed->full) set.clear();
      for (const auto& change : changed->members) {
        if (change.included) {
          set.insert(change.instrument);
        } else {
          set.erase(change.instrument);
        }
      }
    }
  });
  std::map<std::string, std::set<std::string>> sets;
  for (const auto& [instance, set] : members) {
    for (const InstrumentId id : set) sets[names[instance]].insert(symbols[id]);
  }
  return sets;
}

}  // namespace

Findings CheckActiveSets(log::EventLog& record, uint16_t redis_port, uint64_t& sets) {
  Findings findings;
  Redis redis(redis_port);
  const auto expected = SetsOf(record);
  sets = expected.size();
  if (expected.empty()) Add(findings, "no symbol was ever in the universe");
  for (const auto& [instance, symbols] : expected) {
    const std::string key = "spillway:universe:" + instance + ":active";
    const std::set<std::string> active = redis.Members(key);
    if (active != symbols) {
      Add(findings, fmt::format("Redis {}: {} symbols, the record says {}", key, active.size(), symbols.size()));
    }
    if (redis.LifeMs(key) <= 0) Add(findings, fmt::format("Redis {}: no time to live", key));
  }
  return findings;
}

}  // namespace spillway::faults
