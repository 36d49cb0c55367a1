#pragma once

#include <expected>
#include <optional>
#include <string>

#include "sallyport/core/secret.hpp"

namespace sallyport::app {

/// The value of NAME, or the contents of the file that NAME_FILE names, without a trailing line end; nullopt when
/// neither is set. An error, which never holds the value, when both are set or the file cannot be read or is over 64
/// KiB.
std::expected<std::optional<Secret<std::string>>, std::string> environment_secret(const std::string& name);

/// The contents of a file of at most `bytes_max`, or what is wrong with it.
std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace sallyport::app
