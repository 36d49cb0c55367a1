#include "sallyport/payments/idempotency.hpp"

#include <algorithm>

#include "sallyport/crypto/bytes.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"

namespace sallyport::payments {

bool valid_idempotency_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= kIdempotencyKeyMax &&
         std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string body_hash(std::string_view body) {
  return crypto::hex_encode(crypto::sha256(crypto::bytes_of(body)));
}

}  // namespace sallyport::payments
