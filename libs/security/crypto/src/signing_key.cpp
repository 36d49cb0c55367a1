#include "sallyport/crypto/signing_key.hpp"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "ecdsa_signature.hpp"
#include "openssl.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/random.hpp"

namespace sallyport::crypto {
namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kPointBytes = 65;  // 0x04, x, y
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;

/// A key pair with its public half, as the point 0x04 ‖ x ‖ y or Ed25519's 32 bytes.
struct Pair {
  Key key;
  std::string public_bytes;
};

std::optional<Pair> ed25519_pair(ByteView seed) {
  Key key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size()));
  std::string raw(kSeedBytes, '\0');
  std::size_t size = raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) != 1 ||
      size != raw.size())
    return std::nullopt;
  return Pair{std::move(key), std::move(raw)};
}

/// d · G, or nothing when d is not in [1, n-1].
std::optional<std::string> p256_point(const BigNumber& scalar) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  if (!group || BN_is_zero(scalar.get()) != 0 || BN_cmp(scalar.get(), EC_GROUP_get0_order(group.get())) >= 0)
    return std::nullopt;
  const Point point(EC_POINT_new(group.get()));
  std::string out(kPointBytes, '\0');
  if (!point || EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                         reinterpret_cast<unsigned char*>(out.data()), out.size(), nullptr) != out.size())
    return std::nullopt;
  return out;
}

std::optional<Pair> p256_pair(ByteView seed) {
  const BigNumber scalar(BN_secure_new());
  if (!scalar || BN_bin2bn(seed.data(), static_cast<int>(seed.size()), scalar.get()) == nullptr) return std::nullopt;
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  auto point = p256_point(scalar);
  if (!point) return std::nullopt;
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (!builder || !context ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point->data(), point->size()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1)
    return std::nullopt;
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  EVP_PKEY* key = nullptr;
  if (!params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return std::nullopt;
  return Pair{Key(key), std::move(*point)};
}

Secret<std::string> ed25519_seed(EVP_PKEY* key) {
  std::string seed(kSeedBytes, '\0');
  std::size_t size = seed.size();
  SALLYPORT_ASSERT(EVP_PKEY_get_raw_private_key(key, reinterpret_cast<unsigned char*>(seed.data()), &size) == 1 &&
                   size == seed.size());
  return Secret<std::string>(std::move(seed));
}

/// nullopt for a curve other than P-256, or a key without its secret half.
std::optional<Secret<std::string>> p256_seed(EVP_PKEY* key) {
  char group[64] = {};
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != "prime256v1" || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &read) != 1)
    return std::nullopt;
  const BigNumber scalar(read);
  std::string seed(kSeedBytes, '\0');
  constexpr int kSize = static_cast<int>(kSeedBytes);
  if (BN_bn2binpad(scalar.get(), reinterpret_cast<unsigned char*>(seed.data()), kSize) != kSize) return std::nullopt;
  return Secret<std::string>(std::move(seed));
}

}  // namespace

SigningKey SigningKey::generate(SignatureAlgorithm algorithm) {
  SALLYPORT_ASSERT(algorithm != SignatureAlgorithm::RS256);
  for (;;) {
    // Every seed is an Ed25519 key; a P-256 scalar is out of range once in 2^32.
    auto key = from_seed(algorithm, bytes_of(random_secret(kSeedBytes).expose()));
    if (key) return std::move(*key);
  }
}

Result<SigningKey> SigningKey::from_seed(SignatureAlgorithm algorithm, ByteView seed) {
  const ErrorQueueGuard errors;
  if (algorithm == SignatureAlgorithm::RS256) return fail(ErrorCode::InternalError, "RS256 keys only verify here");
  if (seed.size() != kSeedBytes) return fail(ErrorCode::InternalError, "a signing key has 32 bytes");
  const bool edwards = algorithm == SignatureAlgorithm::EdDSA;
  auto pair = edwards ? ed25519_pair(seed) : p256_pair(seed);
  if (!pair) return fail(ErrorCode::InternalError, edwards ? "not an Ed25519 key" : "not a secret scalar of P-256");
  const std::string_view bytes = pair->public_bytes;
  std::string x(edwards ? bytes : bytes.substr(1, kSeedBytes));
  std::string y(edwards ? std::string_view() : bytes.substr(1 + kSeedBytes));
  return SigningKey(PublicKey(algorithm, std::move(pair->key), std::move(x), std::move(y)));
}

Result<SigningKey> SigningKey::from_pkcs8(ByteView der) {
  const ErrorQueueGuard errors;
  const unsigned char* in = der.data();
  constexpr std::size_t kBytesMax = 4096;
  if (der.size() > kBytesMax) return fail(ErrorCode::InternalError, "a PKCS#8 key of more than 4096 bytes");
  const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(der.size())));
  if (!info || in != der.data() + der.size()) return fail(ErrorCode::InternalError, "not a PKCS#8 key in DER");
  const Key key(EVP_PKCS82PKEY_ex(info.get(), nullptr, nullptr));
  if (key && EVP_PKEY_is_a(key.get(), "ED25519") == 1)
    return from_seed(SignatureAlgorithm::EdDSA, bytes_of(ed25519_seed(key.get()).expose()));
  if (key && EVP_PKEY_is_a(key.get(), "EC") == 1) {
    if (const auto seed = p256_seed(key.get())) return from_seed(SignatureAlgorithm::ES256, bytes_of(seed->expose()));
  }
  return fail(ErrorCode::InternalError, "neither an Ed25519 nor a P-256 key");
}

Signature SigningKey::sign(ByteView message) const {
  const ErrorQueueGuard errors;
  const DigestContext context(EVP_MD_CTX_new());
  const bool edwards = algorithm() == SignatureAlgorithm::EdDSA;
  const char* const digest = edwards ? nullptr : "SHA256";
  std::array<std::uint8_t, 80> made;  // an ECDSA signature in DER has at most 72 bytes
  std::size_t size = made.size();
  EVP_PKEY* const key = public_key_.key_.get();
  SALLYPORT_ASSERT(context &&
                   EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
                   EVP_DigestSign(context.get(), made.data(), &size, message.data(), message.size()) == 1);
  if (!edwards) {
    const auto signature = jose_from_der({made.data(), size});
    SALLYPORT_ASSERT(signature.has_value());
    return *signature;
  }
  Signature out;
  SALLYPORT_ASSERT(size == out.size());
  std::copy_n(made.begin(), out.size(), out.begin());
  return out;
}

Secret<std::string> SigningKey::seed() const {
  EVP_PKEY* const key = public_key_.key_.get();
  if (algorithm() == SignatureAlgorithm::EdDSA) return ed25519_seed(key);
  auto seed = p256_seed(key);
  SALLYPORT_ASSERT(seed.has_value());
  return std::move(*seed);
}

Secret<std::string> SigningKey::pkcs8() const {
  const Pkcs8 info(EVP_PKEY2PKCS8(public_key_.key_.get()));
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : -1;
  SALLYPORT_ASSERT(size > 0);
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  SALLYPORT_ASSERT(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out) == size);
  return Secret<std::string>(std::move(der));
}

}  // namespace sallyport::crypto
