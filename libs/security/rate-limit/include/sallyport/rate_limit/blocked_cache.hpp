#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"

namespace sallyport::rate_limit {

/// Remembers which keys have no room, so that a flood of refused requests costs no store calls. Exact, because refused
/// requests are not charged: until the store's own answer runs out, no request of the same cost or more could pass.
/// At most `entries_max` keys, the longest unused one leaves first. For one event loop; not thread-safe.
class BlockedCache final {
 public:
  /// So long at most, whatever the store said: an administrator's reset gets through.
  static constexpr std::chrono::seconds kLifeMax{5};

  struct Block {
    std::int64_t cost = 0;  ///< what was refused; less might still pass
    std::int64_t remaining = 0;
    SteadyTime until{};     ///< when this knowledge ends
    SteadyTime reset_at{};  ///< when the refused cost could pass
  };

  /// entries_max ≥ 1, or 0 to remember nothing. random: read once, for the hash key.
  BlockedCache(std::size_t entries_max, Random& random);

  /// sent: when the command left, so that the time on the way errs towards asking again. wait: the store's retry-after.
  void block(std::string_view key, std::int64_t cost, std::int64_t remaining, SteadyTime sent,
             std::chrono::milliseconds wait);
  /// The block that refuses a request of this cost now.
  std::optional<Block> find(std::string_view key, std::int64_t cost, SteadyTime now);
  void clear() noexcept;
  bool empty() const noexcept { return index_.empty(); }
  std::size_t size() const noexcept { return index_.size(); }

 private:
  struct Key {
    std::uint64_t low, high;
    bool operator==(const Key&) const noexcept = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return key.low; }
  };
  struct Node {
    Key key;
    Block block;
    std::uint32_t newer, older;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  Key hash(std::string_view key) const noexcept;
  void unlink(std::uint32_t at) noexcept;
  void push_newest(std::uint32_t at) noexcept;
  void erase(std::uint32_t at) noexcept;

  std::uint64_t k0_, k1_;
  std::size_t entries_max_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<Key, std::uint32_t, KeyHash> index_;
  std::uint32_t newest_ = kNone, oldest_ = kNone;
};

}  // namespace sallyport::rate_limit
