#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sallyport/core/assert.hpp"
#include "sallyport/core/clock.hpp"

namespace sallyport::storage {

struct Waiter;

/// The commands of one connection that have no reply yet, in the order in which they were sent. A slot whose waiter has
/// left (timed out, cancelled) stays, so that its late reply cannot be taken for somebody else's. Sans-I/O.
class Pipeline final {
 public:
  struct Slot {
    Waiter* waiter;        ///< null: nobody waits any more
    std::uint64_t offset;  ///< of the command's first byte in the connection's stream of output
    SteadyTime deadline;   ///< never sooner than that of the slot before
  };

  explicit Pipeline(std::size_t slots_max) : slots_max_(slots_max) {}

  bool empty() const noexcept { return first_ == end_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - first_); }
  bool full() const noexcept { return size() >= slots_max_; }

  /// Returns the slot's number. Not when full().
  std::uint64_t push(const Slot& slot) {
    SALLYPORT_ASSERT(!full());
    if (size() == ring_.size()) grow();
    at(end_) = slot;
    return end_++;
  }
  Slot& front() noexcept { return at(first_); }
  void pop_front() noexcept {
    ++first_;
    if (unexpired_ < first_) unexpired_ = first_;
  }
  /// The slot's waiter leaves; the slot stays.
  void abandon(std::uint64_t number) noexcept { at(number).waiter = nullptr; }

  /// Takes the next waiter whose deadline has passed; null when there is none.
  Waiter* expire(SteadyTime now) noexcept {
    while (unexpired_ != end_ && at(unexpired_).deadline <= now) {
      if (Waiter* waiter = std::exchange(at(unexpired_++).waiter, nullptr)) return waiter;
    }
    return nullptr;
  }
  /// When the next slot that has not expired does.
  std::optional<SteadyTime> next_deadline() noexcept {
    if (unexpired_ == end_) return std::nullopt;
    return at(unexpired_).deadline;
  }

 private:
  Slot& at(std::uint64_t number) noexcept { return ring_[static_cast<std::size_t>(number) & (ring_.size() - 1)]; }
  void grow() {
    std::vector<Slot> larger(ring_.empty() ? 64 : ring_.size() * 2);
    for (std::uint64_t n = first_; n != end_; ++n) larger[static_cast<std::size_t>(n) & (larger.size() - 1)] = at(n);
    ring_.swap(larger);
  }

  std::size_t slots_max_;
  std::vector<Slot> ring_;  ///< its size is a power of two
  std::uint64_t first_ = 0, end_ = 0, unexpired_ = 0;
};

}  // namespace sallyport::storage
