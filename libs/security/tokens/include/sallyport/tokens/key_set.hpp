#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/error.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/crypto/signing_key.hpp"

namespace sallyport::tokens {

inline constexpr std::size_t kKeysMax = 64;       ///< in one set
inline constexpr std::size_t kKidBytesMax = 255;  ///< of an outside issuer; ours are shorter (crypto::is_key_id)

/// What tells two keys apart whatever they are called: SHA-256 over algorithm and key material.
using KeyFingerprint = crypto::Digest;

/// The pieces are the raw bytes of a JWK's members: x, x and y, or n and e.
KeyFingerprint fingerprint_of(crypto::SignatureAlgorithm algorithm, std::initializer_list<std::string_view> pieces);

/// A public key under its name.
struct VerificationKey {
  std::string kid;
  crypto::PublicKey key;
  KeyFingerprint fingerprint{};
};

/// The keys that verify one issuer's tokens at one moment. Immutable and thread-safe: shared as a snapshot, and
/// replaced as a whole.
class KeySet final {
 public:
  /// Fails (InternalError) with more than kKeysMax keys, an empty or too long kid, or one kid twice: which key would
  /// count must not depend on the order.
  static Result<std::shared_ptr<const KeySet>> make(std::vector<VerificationKey> keys);
  /// The public halves of a ring of ours.
  static std::shared_ptr<const KeySet> of(const crypto::TokenKeyRing& ring);

  /// Exact match, or null.
  const VerificationKey* find(std::string_view kid) const noexcept;
  std::span<const VerificationKey> keys() const noexcept { return keys_; }
  std::size_t size() const noexcept { return keys_.size(); }
  bool empty() const noexcept { return keys_.empty(); }

 private:
  explicit KeySet(std::vector<VerificationKey> keys) : keys_(std::move(keys)) {}
  std::vector<VerificationKey> keys_;
};

}  // namespace sallyport::tokens
