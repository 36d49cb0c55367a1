#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "sallyport/core/clock.hpp"

namespace sallyport::accounts::sql {

/// When this process's own rotations were committed. A request that had arrived by then overlapped the rotation,
/// however long it waited for a connection since; one that arrived later is a replay, however soon. Thread-safe.
///
/// Bounded: when it is full the oldest is forgotten. Then the database's own evidence decides.
class RecentRotations final {
 public:
  static constexpr std::size_t kEntriesMax = 16384;
  /// More than any COMMIT takes whose outcome somebody still waits for.
  static constexpr std::chrono::seconds kCommitMost{60};

  /// Before COMMIT is sent: from here on others may see the rotation. Should nobody learn how it ended, what comes
  /// after kCommitMost is a replay again.
  void committing(const std::string& token_hash, SteadyTime now) { put(token_hash, now + kCommitMost); }
  /// After it, with the time by which it had happened.
  void committed(const std::string& token_hash, SteadyTime at) { put(token_hash, at); }
  /// It did not happen.
  void withdrawn(const std::string& token_hash);

  /// nullopt: this process has not rotated the token, or has forgotten it.
  std::optional<bool> overlaps(const std::string& token_hash, SteadyTime received_at) const;

 private:
  void put(const std::string& token_hash, SteadyTime at);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, SteadyTime> commits_;
  std::deque<std::string> order_;  ///< of their coming; may name one that was withdrawn
};

}  // namespace sallyport::accounts::sql
