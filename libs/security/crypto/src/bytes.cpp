#include "sallyport/crypto/bytes.hpp"

#include <openssl/crypto.h>

namespace sallyport::crypto {

bool constant_time_equal(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::crypto
