#pragma once

#include <cstddef>
#include <cstring>
#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "sallyport/crypto/digest.hpp"
#include "sallyport/tokens/claims.hpp"

namespace sallyport::tokens {

/// SHA-256 of a whole token: what it is known by in memory.
using TokenDigest = crypto::Digest;
TokenDigest digest_of(std::string_view token);

/// Tokens whose signature was right, so that a caller pays for it once. It remembers nothing that changes: whoever
/// takes an entry asks AccessTokenVerifier::check_every_time() and the denylist on every request. Refused tokens are
/// never kept, so only holders of tokens of ours can push others out. Bounded, least recently used first. Lives on one
/// event loop; entries outlive their eviction while somebody holds them.
class TokenCache final {
 public:
  using Entry = std::shared_ptr<const VerifiedToken>;

  /// entries_max: at least 1. About 1 KiB each.
  explicit TokenCache(std::size_t entries_max);

  /// The entry, now the most recently used one, or null. Never allocates.
  Entry lookup(const TokenDigest& digest) noexcept;
  void insert(const TokenDigest& digest, Entry entry);
  /// For a token that check_every_time() refuses for good.
  void erase(const TokenDigest& digest) noexcept;
  std::size_t size() const noexcept { return index_.size(); }

 private:
  struct Node {
    TokenDigest digest;
    Entry entry;
  };
  struct Hash {
    std::size_t operator()(const TokenDigest& digest) const noexcept {
      std::size_t hash = 0;  // any eight bytes of SHA-256 are as good as a hash
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

  std::size_t entries_max_;
  std::list<Node> nodes_;  ///< the most recently used first
  std::unordered_map<TokenDigest, std::list<Node>::iterator, Hash> index_;
};

}  // namespace sallyport::tokens
