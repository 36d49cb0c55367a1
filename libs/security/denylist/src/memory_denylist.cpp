#include "sallyport/denylist/memory_denylist.hpp"

#include <algorithm>
#include <chrono>

namespace sallyport::denylist {
namespace {
constexpr std::chrono::seconds kSweepEvery{10};
}  // namespace

void MemoryDenylist::deny(std::string_view session, SteadyTime until, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (now >= next_sweep_) {
    std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
    next_sweep_ = now + kSweepEvery;
  }
  SteadyTime& kept = until_.try_emplace(std::string(session), until).first->second;
  kept = std::max(kept, until);
  size_.store(until_.size(), std::memory_order_release);
}

bool MemoryDenylist::denied(std::string_view session, SteadyTime now) const {
  if (size_.load(std::memory_order_acquire) == 0) return false;
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(session);
  return found != until_.end() && found->second > now;
}

}  // namespace sallyport::denylist
