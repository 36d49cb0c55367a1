#pragma once

#include <span>
#include <string_view>

namespace sallyport::openapi {

struct EmbeddedFile {
  std::string_view name;
  std::string_view bytes;
};

/// The documents; defined by a generated source file.
std::span<const EmbeddedFile> embedded_documents() noexcept;

}  // namespace sallyport::openapi
