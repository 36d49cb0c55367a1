#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/random.hpp"

namespace sallyport::trace {

/// W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};  ///< our own span
  bool sampled = false;

  /// Continues the caller's trace, or begins a new one when the field is absent or invalid (all-zero ids, upper case,
  /// version ff, wrong length). Our span id is always new.
  static TraceContext continue_or_begin(std::optional<std::string_view> traceparent, Random& random) noexcept;
  void append_traceparent(std::string& out) const;  ///< "00-<32 hex>-<16 hex>-<2 hex>"
  void append_trace_id(std::string& out) const;
};

}  // namespace sallyport::trace
