#include "sallyport/tokens/token_cache.hpp"

#include <utility>

#include "sallyport/core/assert.hpp"

namespace sallyport::tokens {

TokenDigest digest_of(std::string_view token) {
  return crypto::sha256(crypto::bytes_of(token));
}

TokenCache::TokenCache(std::size_t entries_max) : entries_max_(entries_max) {
  SALLYPORT_ASSERT(entries_max > 0);
  index_.reserve(entries_max + 1);
}

TokenCache::Entry TokenCache::lookup(const TokenDigest& digest) noexcept {
  const auto found = index_.find(digest);
  if (found == index_.end()) return nullptr;
  nodes_.splice(nodes_.begin(), nodes_, found->second);
  return found->second->entry;
}

void TokenCache::insert(const TokenDigest& digest, Entry entry) {
  if (const auto found = index_.find(digest); found != index_.end()) {
    found->second->entry = std::move(entry);
    nodes_.splice(nodes_.begin(), nodes_, found->second);
    return;
  }
  nodes_.push_front({digest, std::move(entry)});
  index_.emplace(digest, nodes_.begin());
  if (index_.size() <= entries_max_) return;
  index_.erase(nodes_.back().digest);
  nodes_.pop_back();
}

void TokenCache::erase(const TokenDigest& digest) noexcept {
  const auto found = index_.find(digest);
  if (found == index_.end()) return;
  nodes_.erase(found->second);
  index_.erase(found);
}

}  // namespace sallyport::tokens
