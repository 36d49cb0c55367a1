#include "ecdsa_signature.hpp"

#include "openssl.hpp"

namespace sallyport::crypto {
namespace {
constexpr int kHalf = 32;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
}  // namespace

std::optional<std::string> der_from_jose(ByteView signature) {
  if (signature.size() != std::size_t{2 * kHalf}) return std::nullopt;
  const EcdsaSignature pair(ECDSA_SIG_new());
  BigNumber r(BN_bin2bn(signature.data(), kHalf, nullptr));
  BigNumber s(BN_bin2bn(signature.data() + kHalf, kHalf, nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  r.release();  // they belong to the pair now
  s.release();
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return std::nullopt;
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  if (i2d_ECDSA_SIG(pair.get(), &out) != size) return std::nullopt;
  return der;
}

std::optional<Signature> jose_from_der(ByteView der) {
  const unsigned char* in = der.data();
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
  Signature out;
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + kHalf, kHalf) != kHalf)
    return std::nullopt;
  return out;
}

}  // namespace sallyport::crypto
