#include "services/ingest/live/ingest_watch.h"

#include <algorithm>
#include <map>
#include <utility>

namespace spillway::ingest {
namespace {

constexpr Duration kRenewPeriod = std::chrono::milliseconds(500);
constexpr Duration kLagPeriod = std::chrono::milliseconds(100);
// Readers say every 250 ms how far they are: one that has not for this long is gone.
constexpr Duration kReaderGone = std::chrono::seconds(3);

}  // namespace

Periodically::Periodically(Duration period, std::function<void()> work)
    : thread_([this, period, work = std::move(work)] {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
          lock.unlock();
          work();
          lock.lock();
          wake_.wait_for(lock, period, [this] { return stopping_; });
        }
      }) {}

Periodically::~Periodically() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

LeaseKeeper::LeaseKeeper(std::shared_ptr<jetstream::Connection> connection, std::string name, std::string holder)
    : self_(holder),
      lease_(std::move(connection), std::move(name), std::move(holder)),
      renewal_(kRenewPeriod, [this] { lease_.Renew(); }) {}

std::string LeaseKeeper::other() const {
  const std::string holder = lease_.holder();
  return holder == self_ ? "" : holder;
}

ReaderLag::ReaderLag(std::shared_ptr<jetstream::Connection> connection, std::vector<std::string> lanes)
    : connection_(std::move(connection)),
      names_(std::move(lanes)),
      lanes_(names_.size()),
      looks_(kLagPeriod, [this] { Look(); }) {}

uint64_t ReaderLag::Worst() const {
  uint64_t worst = 0;
  for (const Lane& lane : lanes_) {
    const uint64_t end = lane.end, slowest = lane.slowest;
    if (slowest < end) worst = std::max(worst, end - slowest);
  }
  return worst;
}

// What cannot be read is kept as it was: whoever waits on it does not wait for ever.
void ReaderLag::Look() {
  const auto positions = jetstream::ReadPositions(*connection_);
  if (!positions.ok()) return;
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    uint64_t slowest = UINT64_MAX;
    for (const auto& [reader, position] : *positions) {
      if (!reader.ends_with("/" + names_[lane]) || Duration(position.age_ns) > kReaderGone) continue;
      slowest = std::min(slowest, position.sequence);
    }
    lanes_[lane].slowest = slowest;
  }
}

}  // namespace spillway::ingest
