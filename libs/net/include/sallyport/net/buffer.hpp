#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::net {

/// Buffers of one size, kept for reuse. A connection leases one only while it works, so that an idle one holds none.
/// Lives on one thread.
class BufferPool final {
 public:
  using Buffer = std::unique_ptr<char[]>;

  BufferPool(std::size_t bytes, std::size_t kept_max) : bytes_(bytes), kept_max_(kept_max) {}

  /// buffer_bytes() bytes, uninitialised.
  Buffer lease() {
    if (kept_.empty()) return std::make_unique_for_overwrite<char[]>(bytes_);
    Buffer buffer = std::move(kept_.back());
    kept_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) {
    if (buffer && kept_.size() < kept_max_) kept_.push_back(std::move(buffer));
  }
  std::size_t buffer_bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_;
  std::size_t kept_max_;
  std::vector<Buffer> kept_;
};

}  // namespace sallyport::net
