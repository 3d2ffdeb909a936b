#include "libs/log/jetstream/lease.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "libs/log/jetstream/client.h"

namespace spillway::jetstream {
namespace {

using std::chrono::milliseconds;

constexpr Duration kCaution = milliseconds(200);  // a lease ends for its holder before it ends for others
constexpr milliseconds kRenewWait(1000);
constexpr milliseconds kGiveBackWait(500);
constexpr milliseconds kPositionWait(1000);
constexpr Duration kPositionTtl = std::chrono::seconds(10);
constexpr size_t kHolderBytesMax = 256;

// A bucket is a stream: its entries are the last messages of its subjects.
struct Bucket {
  std::string name;
  std::string stream() const { return "KV_" + name; }
  std::string Subject(std::string_view key) const { return fmt::format("$KV.{}.{}", name, key); }
};

Bucket Leases(const Connection::Impl& impl) {
  return {impl.options.prefix + "_leases"};
}
Bucket Positions(const Connection::Impl& impl) {
  return {impl.options.prefix + "_positions"};
}

absl::Status EnsureBucket(Connection::Impl& impl, const Bucket& bucket, Duration ttl, int replicas) {
  const SteadyTime deadline = SteadyNow() + impl.options.publish_timeout;
  const absl::Status there = impl.State(bucket.stream(), deadline).status();
  if (!absl::IsNotFound(there)) return there;
  kvConfig config;
  kvConfig_Init(&config);
  config.Bucket = bucket.name.c_str();
  config.History = 1;
  config.TTL = ttl.count();
  config.StorageType = js_FileStorage;  // a lease outlives the server that knows it
  config.Replicas = replicas;
  return impl.Ask("make bucket " + bucket.name, bucket.name, deadline, [&](jsOptions*, jsErrCode*) {
    kvStore* store = nullptr;
    const natsStatus status = js_CreateKeyValue(&store, impl.jetstream, &config);
    kvStore_Destroy(store);
    return status;
  });
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '=';
  });
}

}  // namespace

absl::Status EnsureBuckets(Connection& connection, int replicas) {
  Connection::Impl& impl = connection.impl();
  absl::Status made = EnsureBucket(impl, Leases(impl), kLeaseTtl, replicas);
  if (made.ok()) made = EnsureBucket(impl, Positions(impl), kPositionTtl, replicas);
  return made;
}

struct Lease::Impl {
  std::shared_ptr<Connection> connection;
  Connection::Impl& client;
  const Bucket bucket;
  const std::string subject;
  const std::string self;

  uint64_t revision = 0;  // of our entry; 0: none that we know of
  std::atomic<uint64_t> tenure = 0;
  std::atomic<SteadyTime::rep> valid_until = SteadyTime::min().time_since_epoch().count();
  mutable std::mutex mutex;
  std::string holder;  // guarded

  void NoteHolder(std::string name) {
    const std::lock_guard lock(mutex);
    holder = std::move(name);
  }
  void Hold(SteadyTime sent, uint64_t sequence) {
    const bool lapsed = SteadyNow().time_since_epoch().count() >= valid_until;
    if (revision == 0 || lapsed) ++tenure;  // before held() says so
    revision = sequence;
    valid_until = (sent + kLeaseTtl - kCaution).time_since_epoch().count();
    NoteHolder(self);
  }
  void Lose() {
    revision = 0;
    valid_until = SteadyTime::min().time_since_epoch().count();
  }
  // The revision that our entry may replace; nullopt: somebody else holds it, or nobody answers.
  std::optional<uint64_t> Free(SteadyTime deadline);
  Publish Write(uint64_t replaced, SteadyTime deadline);
  void GiveBack();
};

std::optional<uint64_t> Lease::Impl::Free(SteadyTime deadline) {
  const absl::StatusOr<std::optional<StoredMessage>> last = client.LastOn(bucket.stream(), subject, deadline);
  if (!last.ok()) return std::nullopt;
  if (!*last) return 0;  // never held, or not renewed in time
  const StoredMessage& entry = **last;
  if (!entry.Header("KV-Operation").empty()) return entry.sequence;  // given back
  if (entry.bytes() == self) return entry.sequence;                  // a renewal whose answer was lost
  NoteHolder(std::string(entry.bytes()));
  return std::nullopt;
}

Publish Lease::Impl::Write(uint64_t replaced, SteadyTime deadline) {
  const MessagePtr message = NewMessage(subject, self);
  if (message == nullptr) return {};
  return client.PublishOnce({.message = message.get(), .expect = Expect::kSequence, .expected_sequence = replaced},
                            bucket.stream(), deadline);
}

void Lease::Impl::GiveBack() {
  if (revision == 0 || !client.connected()) return;  // it ends by itself
  const MessagePtr marker = NewMessage(subject, "");
  if (marker == nullptr || natsMsgHeader_Set(marker.get(), "KV-Operation", "DEL") != NATS_OK) return;
  client.PublishOnce({.message = marker.get(), .expect = Expect::kSequence, .expected_sequence = revision},
                     bucket.stream(), SteadyNow() + kGiveBackWait);
}

Lease::Lease(std::shared_ptr<Connection> connection, std::string name, std::string holder) {
  Connection::Impl& client = connection->impl();
  const Bucket bucket = Leases(client);
  holder.resize(std::min(holder.size(), kHolderBytesMax));
  impl_.reset(new Impl{.connection = std::move(connection),
                       .client = client,
                       .bucket = bucket,
                       .subject = bucket.Subject(name),
                       .self = std::move(holder)});
}

Lease::~Lease() {
  impl_->GiveBack();
}

bool Lease::Renew() {
  Impl& impl = *impl_;
  const SteadyTime deadline = SteadyNow() + kRenewWait;
  if (!impl.client.connected()) return false;
  // The second round is for what the first one finds out: the entry ended, or is ours by a lost answer.
  for (int round = 0; round < 2; ++round) {
    std::optional<uint64_t> replaced = impl.revision;
    if (impl.revision == 0) replaced = impl.Free(deadline);
    if (!replaced) return false;
    const SteadyTime sent = SteadyNow();  // nobody else can have it before this plus the time an entry lives
    const Publish written = impl.Write(*replaced, deadline);
    if (written.result == Publish::Result::kStored) {
      impl.Hold(sent, written.sequence);
      return true;
    }
    if (written.result != Publish::Result::kRefused) return false;
    impl.Lose();
  }
  return false;
}

bool Lease::held() const {
  return SteadyNow().time_since_epoch().count() < impl_->valid_until;
}

uint64_t Lease::tenure() const {
  return impl_->tenure;
}

std::string Lease::holder() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->holder;
}

absl::Status PutPosition(Connection& connection, const std::string& reader, const std::string& lane,
                         uint64_t sequence) {
  Connection::Impl& impl = connection.impl();
  if (!IsToken(reader)) {
    return absl::InvalidArgumentError("position of \"" + reader + "\": a reader's name has letters, digits, - and _");
  }
  const Bucket bucket = Positions(impl);
  const MessagePtr message = NewMessage(bucket.Subject(reader + "." + lane), fmt::format_int(sequence).str());
  if (message == nullptr) return absl::ResourceExhaustedError("position: no memory");
  const Publish publish = impl.PublishOnce({.message = message.get()}, bucket.stream(), SteadyNow() + kPositionWait);
  return publish.result == Publish::Result::kStored ? absl::OkStatus() : publish.status;
}

absl::StatusOr<std::map<std::string, PositionEntry>> ReadPositions(Connection& connection) {
  Connection::Impl& impl = connection.impl();
  const Bucket bucket = Positions(impl);
  const std::string all = bucket.Subject(">");
  const SteadyTime deadline = SteadyNow() + kPositionWait;
  StreamInfoPtr info;
  const absl::Status asked =
      impl.Ask("positions", bucket.stream(), deadline, [&](jsOptions* js_options, jsErrCode* code) {
        js_options->Stream.Info.SubjectsFilter = all.c_str();
        jsStreamInfo* raw = nullptr;
        const natsStatus status = js_GetStreamInfo(&raw, impl.jetstream, bucket.stream().c_str(), js_options, code);
        info.reset(raw);
        return status;
      });
  if (!asked.ok()) return asked;
  std::map<std::string, PositionEntry> positions;
  const jsStreamStateSubjects* subjects = info->State.Subjects;
  for (int i = 0; subjects != nullptr && i < subjects->Count; ++i) {
    const std::string subject = subjects->List[i].Subject;
    const absl::StatusOr<std::optional<StoredMessage>> entry = impl.LastOn(bucket.stream(), subject, deadline);
    if (!entry.ok()) return entry.status();
    if (!*entry) continue;  // ended meanwhile
    PositionEntry position;
    const std::string_view text = (*entry)->bytes();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), position.sequence);
    if (parsed.ec != std::errc()) continue;
    position.age_ns = static_cast<uint64_t>(std::max<int64_t>(info->State.LastTime - (*entry)->stored_ns, 0));
    std::string key = subject.substr(bucket.Subject("").size());
    if (const size_t dot = key.find('.'); dot != std::string::npos) key[dot] = '/';  // behind the reader's name
    positions[std::move(key)] = position;
  }
  return positions;
}

}  // namespace spillway::jetstream
