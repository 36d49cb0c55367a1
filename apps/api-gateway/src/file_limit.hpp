#pragma once

#include <cstdint>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

/// How many file descriptors a gateway may have open at once: clients, upstream connections in use and at rest, and
/// what each of its `threads` event loops has for itself.
std::uint64_t files_needed(const Config& config, std::uint32_t threads) noexcept;

/// Raises the process' limit of open files to what it may be raised to, and returns what holds now.
std::uint64_t raise_file_limit() noexcept;

}  // namespace sallyport::api_gateway
