#include "sallyport/rate_limit/blocked_cache.hpp"

#include <algorithm>

#include "siphash.hpp"

namespace sallyport::rate_limit {

BlockedCache::BlockedCache(std::size_t entries_max, Random& random)
    : k0_(random.next()), k1_(random.next()), entries_max_(entries_max) {
  nodes_.reserve(entries_max);
  free_.reserve(entries_max);
  index_.reserve(entries_max);
}

BlockedCache::Key BlockedCache::hash(std::string_view key) const noexcept {
  const Hash128 hash = siphash128({k0_, k1_}, key);
  return {hash.low, hash.high};
}

void BlockedCache::block(std::string_view key, std::int64_t cost, std::int64_t remaining, SteadyTime sent,
                         std::chrono::milliseconds wait) {
  if (entries_max_ == 0) return;
  const auto life = std::min<std::chrono::milliseconds>(wait, kLifeMax);
  const Block block{.cost = cost, .remaining = remaining, .until = sent + life, .reset_at = sent + wait};
  const Key hashed = hash(key);
  if (const auto found = index_.find(hashed); found != index_.end()) {
    const std::uint32_t at = found->second;
    // A dearer request was refused: that says nothing about cheaper ones that are known to be refused still.
    if (cost <= nodes_[at].block.cost || nodes_[at].block.until <= sent) nodes_[at].block = block;
    unlink(at);
    push_newest(at);
    return;
  }
  if (index_.size() == entries_max_) erase(oldest_);
  std::uint32_t at = 0;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({hashed, block, kNone, kNone});
  } else {
    at = free_.back();
    free_.pop_back();
    nodes_[at] = {hashed, block, kNone, kNone};
  }
  index_.emplace(hashed, at);
  push_newest(at);
}

std::optional<BlockedCache::Block> BlockedCache::find(std::string_view key, std::int64_t cost, SteadyTime now) {
  const auto found = index_.find(hash(key));
  if (found == index_.end()) return std::nullopt;
  const std::uint32_t at = found->second;
  const Block block = nodes_[at].block;
  if (block.until <= now) {
    erase(at);
    return std::nullopt;
  }
  if (cost < block.cost) return std::nullopt;
  unlink(at);
  push_newest(at);
  return block;
}

void BlockedCache::clear() noexcept {
  index_.clear();
  nodes_.clear();
  free_.clear();
  newest_ = oldest_ = kNone;
}

void BlockedCache::unlink(std::uint32_t at) noexcept {
  const Node& node = nodes_[at];
  (node.newer != kNone ? nodes_[node.newer].older : newest_) = node.older;
  (node.older != kNone ? nodes_[node.older].newer : oldest_) = node.newer;
}

void BlockedCache::push_newest(std::uint32_t at) noexcept {
  nodes_[at].newer = kNone;
  nodes_[at].older = newest_;
  (newest_ != kNone ? nodes_[newest_].newer : oldest_) = at;
  newest_ = at;
}

void BlockedCache::erase(std::uint32_t at) noexcept {
  unlink(at);
  index_.erase(nodes_[at].key);
  free_.push_back(at);
}

}  // namespace sallyport::rate_limit
