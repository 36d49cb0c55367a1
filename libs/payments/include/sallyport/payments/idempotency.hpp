#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::payments {

inline constexpr std::chrono::seconds kLease{30};         ///< how long the first request of a key has for its work
inline constexpr std::chrono::hours kKeyLifetime{24};     ///< how long its answer is kept
inline constexpr std::size_t kIdempotencyKeyMax = 255;    ///< bytes
inline constexpr std::size_t kIdempotencyPathMax = 1024;  ///< bytes

/// 1…255 visible ASCII characters.
bool valid_idempotency_key(std::string_view key) noexcept;

/// SHA-256 of a request's body as it came, 64 lower-case hex digits.
std::string body_hash(std::string_view body);

/// What the second of two requests with one key does while the first is under way.
enum class WhileRunning : std::uint8_t {
  Refuse,  ///< 409 request_in_progress
  Wait,    ///< a proxy sends the request once more: wait for the first one's answer
};

/// A request's Idempotency-Key. Its scope is the user, the method and the path.
struct IdempotencyClaim {
  std::string key;
  std::string method;
  std::string path;  ///< canonical
  std::string body_hash;
  WhileRunning while_running = WhileRunning::Refuse;
};

}  // namespace sallyport::payments
