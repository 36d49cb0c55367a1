#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sallyport/core/clock.hpp"

namespace sallyport::denylist {

/// Sessions that have ended while access tokens of theirs may still be around, in this process. Where there is no Redis
/// it is the denylist: hand the same one to whoever verifies tokens in the process. Thread-safe; a question costs one
/// atomic load while nothing is denied, else a short lock.
///
/// Memory: some 150 bytes for each session that ended within the life of an access token; each of them was paid for
/// with a password hash when it began.
class MemoryDenylist final {
 public:
  /// session: the `sid` of its tokens. until: when the last of them has expired; a later time replaces an earlier one.
  void deny(std::string_view session, SteadyTime until, SteadyTime now);
  bool denied(std::string_view session, SteadyTime now) const;
  /// Entries held, those that are over and not yet swept included.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, SteadyTime, Hash, std::equal_to<>> until_;
  SteadyTime next_sweep_{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace sallyport::denylist
