#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/secret.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::payments_sandbox {

struct SandboxOptions {
  Secret<std::string> api_key;           ///< requests with another X-Api-Key get 401
  std::uint16_t port = 0;                ///< on 127.0.0.1; 0: any free one
  std::chrono::milliseconds slow{2000};  ///< how long …08 takes
  std::string journal = {};  ///< a file, made when missing, that keeps what was done for the next one; empty: forgotten
};

/// What happened to one authorization, in minor units.
struct SandboxAccount {
  std::int64_t authorized = 0, captured = 0, refunded = 0;
  bool voided = false;
};

/// A card processor that moves no money: an HTTP server on loopback, on a thread of its own, that speaks the protocol
/// of HttpPaymentProcessor. Without a journal it forgets everything when it goes. An operation happens once, however
/// often it is sent. It keeps its own account of each authorization and declines what would exceed it
/// ("amount_too_large").
///
/// Magic amounts, of whatever operation: 1xxNN, that is 10000…19999 minor units (100.00…199.99), by their last two
/// digits. All other amounts succeed.
///   01  declined: card_declined
///   02  declined: insufficient_funds
///   03  declined: expired_card
///   04  500, and not done
///   05  500, although it was done
///   06  no answer, although it was done: a timeout whose outcome can be asked for
///   07  no answer, and not done
///   08  slow: succeeds after two seconds
///   09  503, and not done
class Sandbox final {
 public:
  /// Listens when it returns. Throws std::runtime_error when it cannot. The logger outlives it.
  Sandbox(SandboxOptions options, log::Logger& logger);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;  ///< "http://127.0.0.1:port"

  // Thread-safe, for tests.
  std::optional<SandboxAccount> account(std::string_view reference) const;
  std::size_t operations() const;  ///< done or declined, each counted once
  std::size_t requests() const;    ///< received with the right key

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::payments_sandbox
