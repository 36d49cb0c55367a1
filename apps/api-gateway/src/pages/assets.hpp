#pragma once

#include <span>
#include <string_view>

namespace sallyport::api_gateway {

/// A file that was built into the executable.
struct EmbeddedFile {
  std::string_view name;
  std::string_view bytes;
};

/// What the pages need: stylesheet, scripts, and the library that draws the API reference, as it is and as gzip.
/// Defined by a generated source file.
std::span<const EmbeddedFile> embedded_assets() noexcept;

}  // namespace sallyport::api_gateway
