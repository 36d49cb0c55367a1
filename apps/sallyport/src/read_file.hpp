#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace sallyport::app {

/// The contents of a file of at most `bytes_max`, or what is wrong with it.
std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace sallyport::app
