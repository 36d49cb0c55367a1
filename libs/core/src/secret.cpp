#include "sallyport/core/secret.hpp"

#include <openssl/crypto.h>

namespace sallyport {

void wipe(void* data, std::size_t bytes) noexcept {
  OPENSSL_cleanse(data, bytes);
}

}  // namespace sallyport
