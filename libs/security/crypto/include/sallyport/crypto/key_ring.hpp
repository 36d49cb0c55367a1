#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/core/assert.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/signing_key.hpp"

namespace sallyport::crypto {

inline constexpr std::size_t kKeyIdBytesMax = 32;

/// A key id: 1…32 of A-Z a-z 0-9 _ and -, so that it needs no escaping in a token, a header, a log or an address.
constexpr bool is_key_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kKeyIdBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// An HMAC secret with its name.
struct HmacKey {
  std::string kid;
  Secret<std::string> material;  ///< raw bytes, at least 32
};

/// A key for access tokens with its name.
struct TokenKey {
  std::string kid;
  SigningKey key;
};

/// Keys in use at the same time, so that one can follow another without a gap: the first signs or issues, all verify.
/// Immutable; thread-safe.
template <class Key>
class KeyRing final {
 public:
  /// At least one key, well-formed and distinct ids; anything else is a bug (the secrets library checks before).
  explicit KeyRing(std::vector<Key> keys) : keys_(std::move(keys)) {
    SALLYPORT_ASSERT(!keys_.empty());
    for (const Key& key : keys_) SALLYPORT_ASSERT(is_key_id(key.kid) && find(key.kid) == &key);
  }

  const Key& current() const noexcept { return keys_.front(); }
  std::span<const Key> keys() const noexcept { return keys_; }
  /// Exact match; nullptr when no key is called so.
  const Key* find(std::string_view kid) const noexcept {
    for (const Key& key : keys_) {
      if (key.kid == kid) return &key;
    }
    return nullptr;
  }

 private:
  std::vector<Key> keys_;
};

using HmacKeyRing = KeyRing<HmacKey>;
using TokenKeyRing = KeyRing<TokenKey>;

}  // namespace sallyport::crypto
