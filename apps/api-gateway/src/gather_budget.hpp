#pragma once

#include <cstdint>
#include <utility>

namespace sallyport::api_gateway {

/// How many bytes of request bodies one event loop holds in memory to look into them. Lives on one thread.
class GatherBudget final {
 public:
  explicit GatherBudget(std::uint64_t bytes_max) noexcept : left_(bytes_max) {}
  GatherBudget(const GatherBudget&) = delete;
  GatherBudget& operator=(const GatherBudget&) = delete;

  /// A share of the budget; gives it back. The budget outlives it.
  class Hold final {
   public:
    Hold() noexcept = default;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { release(); }

    /// Grows to `bytes`, never shrinks. false: the budget does not have them, and nothing has changed.
    bool grow(GatherBudget& budget, std::uint64_t bytes) noexcept {
      if (bytes <= bytes_) return true;
      if (bytes - bytes_ > budget.left_) return false;
      budget.left_ -= bytes - std::exchange(bytes_, bytes);
      budget_ = &budget;
      return true;
    }
    void release() noexcept {
      if (budget_ != nullptr) budget_->left_ += std::exchange(bytes_, 0);
      budget_ = nullptr;
    }

   private:
    GatherBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  std::uint64_t left() const noexcept { return left_; }

 private:
  std::uint64_t left_;
};

}  // namespace sallyport::api_gateway
