#include "sallyport/crypto/digest.hpp"

#include <openssl/core_names.h>

#include "openssl.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::crypto {
namespace {

// Looking an algorithm up costs more than hashing a token with it, so each is fetched once and kept for good.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  SALLYPORT_ASSERT(algorithm != nullptr);
  return algorithm;
}

/// An HMAC context with the hash chosen; a duplicate of it costs less than choosing again.
EVP_MAC_CTX* hmac_template() {
  static EVP_MAC_CTX* const prepared = [] {
    EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_end()};
    SALLYPORT_ASSERT(context != nullptr && EVP_MAC_CTX_set_params(context, params) == 1);
    return context;
  }();
  return prepared;
}

}  // namespace

Digest sha256(ByteView message) {
  const DigestContext context(EVP_MD_CTX_new());
  Digest out;
  SALLYPORT_ASSERT(context && EVP_DigestInit_ex2(context.get(), fetched_sha256(), nullptr) == 1 &&
                   EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
                   EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

Digest hmac_sha256(ByteView key, ByteView message) {
  const std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX_free>> context(EVP_MAC_CTX_dup(hmac_template()));
  // A null key would mean "the key of before", of which there is none.
  static constexpr std::uint8_t kNoBytes = 0;
  const std::uint8_t* const key_bytes = key.empty() ? &kNoBytes : key.data();
  Digest out;
  std::size_t written = 0;
  SALLYPORT_ASSERT(context && EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
                   EVP_MAC_update(context.get(), message.data(), message.size()) == 1 &&
                   EVP_MAC_final(context.get(), out.data(), &written, out.size()) == 1 && written == out.size());
  return out;
}

Secret<std::string> hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t bytes) {
  const Digest extracted = hmac_sha256(salt, key);
  constexpr std::size_t kBlocksMax = 255;
  SALLYPORT_ASSERT(bytes > 0 && bytes <= kBlocksMax * extracted.size());
  std::string out;
  out.reserve(bytes + extracted.size());
  std::string block;
  for (std::uint8_t counter = 1; out.size() < bytes; ++counter) {
    std::string message = block;
    message += text_of(info);
    message += static_cast<char>(counter);
    const Digest next = hmac_sha256(extracted, bytes_of(message));
    block.assign(text_of(next));
    out += block;
    wipe(message.data(), message.size());
  }
  wipe(block.data(), block.size());
  wipe(out.data() + bytes, out.size() - bytes);
  out.resize(bytes);
  return Secret<std::string>(std::move(out));
}

}  // namespace sallyport::crypto
