#pragma once

namespace sallyport::detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

/// A broken invariant is a bug: the process stops, in release builds too, before it can do harm.
#define SALLYPORT_ASSERT(expression) \
  (static_cast<bool>(expression) ? void() : ::sallyport::detail::assertion_failed(#expression, __FILE__, __LINE__))
