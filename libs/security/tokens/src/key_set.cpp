#include "sallyport/tokens/key_set.hpp"

#include <fmt/format.h>

#include <utility>

#include "sallyport/core/assert.hpp"

namespace sallyport::tokens {

KeyFingerprint fingerprint_of(crypto::SignatureAlgorithm algorithm, std::initializer_list<std::string_view> pieces) {
  std::string text(crypto::name_of(algorithm));
  for (const std::string_view piece : pieces) {
    // With its length before it, no piece can be continued in the next.
    text += fmt::format(":{}:", piece.size());
    text += piece;
  }
  return crypto::sha256(crypto::bytes_of(text));
}

Result<std::shared_ptr<const KeySet>> KeySet::make(std::vector<VerificationKey> keys) {
  if (keys.size() > kKeysMax) return fail(ErrorCode::InternalError, "more keys than a set may have");
  std::shared_ptr<KeySet> set(new KeySet(std::move(keys)));
  for (const VerificationKey& key : set->keys_) {
    if (key.kid.empty() || key.kid.size() > kKidBytesMax) return fail(ErrorCode::InternalError, "a kid out of bounds");
    if (set->find(key.kid) != &key) return fail(ErrorCode::InternalError, "one kid names two keys");
  }
  return set;
}

std::shared_ptr<const KeySet> KeySet::of(const crypto::TokenKeyRing& ring) {
  std::vector<VerificationKey> keys;
  keys.reserve(ring.keys().size());
  for (const crypto::TokenKey& entry : ring.keys()) {
    const crypto::PublicKey& key = entry.key.public_key();
    keys.push_back({entry.kid, key, fingerprint_of(key.algorithm(), {key.x(), key.y()})});
  }
  auto set = make(std::move(keys));
  SALLYPORT_ASSERT(set.has_value());  // a ring has checked its ids
  return *std::move(set);
}

const VerificationKey* KeySet::find(std::string_view kid) const noexcept {
  for (const VerificationKey& key : keys_) {
    if (key.kid == kid) return &key;
  }
  return nullptr;
}

}  // namespace sallyport::tokens
