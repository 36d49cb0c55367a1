#include "sallyport/openapi/documents.hpp"

#include <array>

#include "embedded_file.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::openapi {
namespace {

constexpr std::array<std::string_view, 3> kNames{"auth", "payments", "admin"};

}  // namespace

std::span<const std::string_view> document_names() noexcept {
  return kNames;
}

std::optional<std::string_view> find_document(std::string_view name) noexcept {
  for (const EmbeddedFile& file : embedded_documents()) {
    if (file.name == name) return file.bytes;
  }
  return std::nullopt;
}

std::string_view document(std::string_view name) noexcept {
  const auto found = find_document(name);
  SALLYPORT_ASSERT(found.has_value());
  return *found;
}

}  // namespace sallyport::openapi
