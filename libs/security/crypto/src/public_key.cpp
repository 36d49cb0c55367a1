#include <openssl/core_names.h>

#include "ecdsa_signature.hpp"
#include "openssl.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/signing_key.hpp"

namespace sallyport::crypto {
namespace {

constexpr std::size_t kCoordinateBytes = 32;
constexpr int kRsaBitsMin = 2048;
constexpr std::size_t kRsaBytesMax = 8192 / 8;
constexpr std::size_t kRsaExponentBytesMax = 4;

/// nullptr when OpenSSL does not take the parameters for a public key of that type.
Key public_key_from(const char* type, const ParamsBuilder& builder) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  EVP_PKEY* key = nullptr;
  if (!context || !params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return Key(key);
}

bool verifies(EVP_PKEY* key, const char* digest, ByteView message, ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace

std::string_view name_of(SignatureAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case SignatureAlgorithm::EdDSA:
      return "EdDSA";
    case SignatureAlgorithm::ES256:
      return "ES256";
    case SignatureAlgorithm::RS256:
      return "RS256";
  }
  return {};
}

std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) noexcept {
  for (const auto algorithm : {SignatureAlgorithm::EdDSA, SignatureAlgorithm::ES256, SignatureAlgorithm::RS256}) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

Result<PublicKey> PublicKey::ed25519(ByteView raw) {
  const ErrorQueueGuard errors;
  if (raw.size() != kCoordinateBytes) return fail(ErrorCode::InternalError, "an Ed25519 key has 32 bytes");
  Key key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw.data(), raw.size()));
  if (!key) return fail(ErrorCode::InternalError, "not an Ed25519 key");
  return PublicKey(SignatureAlgorithm::EdDSA, std::move(key), std::string(text_of(raw)), {});
}

Result<PublicKey> PublicKey::p256(ByteView x, ByteView y) {
  const ErrorQueueGuard errors;
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes)
    return fail(ErrorCode::InternalError, "the coordinates of a P-256 key have 32 bytes each");
  constexpr char kUncompressed = 0x04;
  std::string point(1, kUncompressed);
  point.append(text_of(x)).append(text_of(y));
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return fail(ErrorCode::InternalError, "out of memory");
  Key key = public_key_from("EC", builder);
  if (!key) return fail(ErrorCode::InternalError, "not a point of P-256");
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return fail(ErrorCode::InternalError, "not a point of P-256");
  return PublicKey(SignatureAlgorithm::ES256, std::move(key), std::string(text_of(x)), std::string(text_of(y)));
}

Result<PublicKey> PublicKey::rsa(ByteView modulus, ByteView exponent) {
  const ErrorQueueGuard errors;
  if (modulus.empty() || exponent.empty() || modulus.front() == 0 || exponent.front() == 0)
    return fail(ErrorCode::InternalError, "an RSA number is empty or has leading zeros");
  if (modulus.size() > kRsaBytesMax) return fail(ErrorCode::InternalError, "an RSA modulus of more than 8192 bits");
  if (exponent.size() > kRsaExponentBytesMax || exponent.back() % 2 == 0 || (exponent.size() == 1 && exponent[0] < 3))
    return fail(ErrorCode::InternalError, "an RSA exponent that is not odd and between 3 and 2^32");
  const BigNumber n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const BigNumber e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  if (n && BN_num_bits(n.get()) < kRsaBitsMin)
    return fail(ErrorCode::InternalError, "an RSA modulus of less than 2048 bits");
  if (n && BN_is_odd(n.get()) == 0) return fail(ErrorCode::InternalError, "an even RSA modulus");
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return fail(ErrorCode::InternalError, "out of memory");
  Key key = public_key_from("RSA", builder);
  if (!key) return fail(ErrorCode::InternalError, "not an RSA key");
  return PublicKey(SignatureAlgorithm::RS256, std::move(key), {}, {});
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  const ErrorQueueGuard errors;
  switch (algorithm_) {
    case SignatureAlgorithm::EdDSA:
      return verifies(key_.get(), nullptr, message, signature);
    case SignatureAlgorithm::RS256:
      return verifies(key_.get(), "SHA256", message, signature);
    case SignatureAlgorithm::ES256: {
      const auto der = der_from_jose(signature);
      return der && verifies(key_.get(), "SHA256", message, bytes_of(*der));
    }
  }
  return false;
}

}  // namespace sallyport::crypto
