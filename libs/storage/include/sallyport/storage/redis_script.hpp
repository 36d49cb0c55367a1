#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/runtime/task.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::storage {

/// A Lua script that is called by its digest (EVALSHA) and answers integers. Immutable: one may serve many clients and
/// threads.
class RedisScript final {
 public:
  /// How often one call finds its script gone before it gives up: SCRIPT FLUSH may come between the loading and the
  /// call, again and again while somebody repeats it.
  static constexpr int kTries = 8;

  /// text: lives as long as the script does, as a literal.
  explicit RedisScript(std::string_view text);

  std::string_view text() const noexcept { return text_; }
  /// SHA-1 of the text in lower-case hexadecimal, which is how Redis names it.
  const std::string& digest() const noexcept { return digest_; }

  /// SCRIPT LOAD. Harmless to repeat. Cancellation leaves unknown whether it was loaded.
  runtime::Task<RedisResult<void>> load(RedisClient& client) const;

  /// Calls the script. When Redis does not know it, nothing ran: it is loaded and called again, kTries times in all.
  /// Nothing else is tried again. A reply of another length than `integers` (≤ 32) is a Protocol error.
  /// keys and arguments live until it ends. Cancellation leaves the outcome unknown.
  runtime::Task<RedisResult<RedisClient::Integers>> run(RedisClient& client, std::span<const std::string_view> keys,
                                                        std::span<const std::string_view> arguments,
                                                        std::size_t integers) const;

 private:
  std::string_view text_;
  std::string digest_;
};

}  // namespace sallyport::storage
