#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace sallyport {

/// The contents of a file of at most `bytes_max`, or what is wrong with it, without its path: "No such file or
/// directory".
std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace sallyport
