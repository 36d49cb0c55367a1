#include "sallyport/crypto/random.hpp"

#include <algorithm>
#include <limits>

#include <openssl/rand.h>

#include "sallyport/core/assert.hpp"

namespace sallyport::crypto {

void random_bytes(std::span<std::uint8_t> out) noexcept {
  while (!out.empty()) {
    const std::size_t n = std::min<std::size_t>(out.size(), std::numeric_limits<int>::max());
    SALLYPORT_ASSERT(RAND_bytes(out.data(), static_cast<int>(n)) == 1);
    out = out.subspan(n);
  }
}

Secret<std::string> random_secret(std::size_t bytes) {
  std::string value(bytes, '\0');
  random_bytes({reinterpret_cast<std::uint8_t*>(value.data()), value.size()});
  return Secret<std::string>(std::move(value));
}

}  // namespace sallyport::crypto
