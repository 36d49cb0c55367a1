#include "recent_rotations.hpp"

namespace sallyport::accounts::sql {

void RecentRotations::put(const std::string& token_hash, SteadyTime at) {
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = commits_.insert_or_assign(token_hash, at);
  if (added) order_.push_back(entry->first);
  while (order_.size() > kEntriesMax) {
    commits_.erase(order_.front());
    order_.pop_front();
  }
}

void RecentRotations::withdrawn(const std::string& token_hash) {
  const std::lock_guard lock(mutex_);
  commits_.erase(token_hash);
}

std::optional<bool> RecentRotations::overlaps(const std::string& token_hash, SteadyTime received_at) const {
  const std::lock_guard lock(mutex_);
  const auto entry = commits_.find(token_hash);
  return entry == commits_.end() ? std::nullopt : std::optional(received_at <= entry->second);
}

}  // namespace sallyport::accounts::sql
