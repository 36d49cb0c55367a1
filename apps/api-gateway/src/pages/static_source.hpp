#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "sallyport/net/response.hpp"

namespace sallyport::api_gateway {

/// A body that lies in memory for as long as the program runs.
class StaticSource final : public net::BodySource {
 public:
  explicit StaticSource(std::string_view bytes) noexcept : left_(bytes) {}

  runtime::Task<Result<std::span<const char>>> next() override {
    const std::string_view piece = left_.substr(0, kPieceBytes);
    left_.remove_prefix(piece.size());
    co_return std::span<const char>(piece.data(), piece.size());
  }

 private:
  static constexpr std::size_t kPieceBytes = 65536;
  std::string_view left_;
};

}  // namespace sallyport::api_gateway
