#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace sallyport::openapi {

/// The names of all documents, in the order in which people read them: "auth", "payments", "admin".
std::span<const std::string_view> document_names() noexcept;

/// The OpenAPI 3.1 document of that name, as YAML, for as long as the program runs. nullopt: there is none.
std::optional<std::string_view> find_document(std::string_view name) noexcept;

/// The same for a name that is known to be there; asserts it.
std::string_view document(std::string_view name) noexcept;

}  // namespace sallyport::openapi
