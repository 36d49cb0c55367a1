#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sallyport/core/random.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::crypto {

/// Unpredictable bytes from OpenSSL's generator. The process stops when there are none: nothing may go on with weak
/// ones. Thread-safe.
void random_bytes(std::span<std::uint8_t> out) noexcept;

/// So many raw bytes.
Secret<std::string> random_secret(std::size_t bytes);

/// The same source behind core's interface, for code that takes its randomness injected. Thread-safe.
class SecureRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override { random_bytes(out); }
};

}  // namespace sallyport::crypto
