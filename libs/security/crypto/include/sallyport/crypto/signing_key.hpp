#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/bytes.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace sallyport::crypto {

enum class SignatureAlgorithm : std::uint8_t {
  EdDSA,  ///< Ed25519 only (RFC 8032, RFC 8037)
  ES256,  ///< ECDSA, P-256, SHA-256 (RFC 7518 section 3.4)
  RS256,  ///< RSASSA-PKCS1-v1_5, SHA-256 (RFC 7518 section 3.3); verification only
};

/// The value of JOSE's `alg`.
std::string_view name_of(SignatureAlgorithm algorithm) noexcept;
/// Exactly one of those names; case matters.
std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) noexcept;

/// A key that verifies, bound to its one algorithm: a caller cannot be talked into another. Immutable, cheap to copy,
/// thread-safe. The makers fail with InternalError whose detail says what is wrong with the key.
class PublicKey final {
 public:
  /// RFC 8032 section 5.1.5: 32 bytes.
  static Result<PublicKey> ed25519(ByteView raw);
  /// The point's coordinates, 32 bytes each, big-endian (RFC 7518 section 6.2.1); it must lie on the curve.
  static Result<PublicKey> p256(ByteView x, ByteView y);
  /// Big-endian without leading zeros: 2048…8192 bits, an odd exponent of 3…2^32-1. Larger ones would let whoever
  /// publishes the key choose what a verification costs us.
  static Result<PublicKey> rsa(ByteView modulus, ByteView exponent);

  SignatureAlgorithm algorithm() const noexcept { return algorithm_; }
  /// Signatures as JOSE carries them: 64 bytes (Ed25519; r ‖ s for ES256), or the length of the RSA modulus.
  /// False for anything else, never an error.
  bool verify(ByteView message, ByteView signature) const;

  /// A JWK's `x` (Ed25519 and P-256) and `y` (P-256), 32 raw bytes; empty where the kind of key has none.
  const std::string& x() const noexcept { return x_; }
  const std::string& y() const noexcept { return y_; }

 private:
  friend class SigningKey;
  PublicKey(SignatureAlgorithm algorithm, std::shared_ptr<evp_pkey_st> key, std::string x, std::string y)
      : algorithm_(algorithm), key_(std::move(key)), x_(std::move(x)), y_(std::move(y)) {}

  SignatureAlgorithm algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
  std::string x_, y_;
};

/// What sign() makes: Ed25519, or r ‖ s.
using Signature = std::array<std::uint8_t, 64>;

/// A key that signs, for EdDSA or ES256. Immutable, cheap to copy (copies share the key, which is wiped with the last),
/// thread-safe.
class SigningKey final {
 public:
  /// A fresh key; RS256 is a bug.
  static SigningKey generate(SignatureAlgorithm algorithm);
  /// 32 bytes: Ed25519's seed (RFC 8032 section 5.1.5) or P-256's secret scalar, which must be in [1, n-1].
  static Result<SigningKey> from_seed(SignatureAlgorithm algorithm, ByteView seed);
  /// PKCS#8 (RFC 5958), DER, unencrypted, nothing behind it. A public key stated inside is not believed but computed.
  static Result<SigningKey> from_pkcs8(ByteView der);

  SignatureAlgorithm algorithm() const noexcept { return public_key_.algorithm(); }
  const PublicKey& public_key() const noexcept { return public_key_; }
  Signature sign(ByteView message) const;

  Secret<std::string> seed() const;
  Secret<std::string> pkcs8() const;

 private:
  explicit SigningKey(PublicKey public_key) : public_key_(std::move(public_key)) {}
  PublicKey public_key_;  ///< its handle holds the secret half too
};

}  // namespace sallyport::crypto
