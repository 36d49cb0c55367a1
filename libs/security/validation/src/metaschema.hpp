#pragma once

#include <span>
#include <string_view>

namespace sallyport::validation {

inline constexpr std::string_view kMetaschemaUri = "https://json-schema.org/draft/2020-12/schema";

struct MetaschemaDocument {
  std::string_view uri;
  std::string_view text;
};

/// The metaschema of 2020-12 and those of its vocabularies, as published.
std::span<const MetaschemaDocument> metaschemas() noexcept;

}  // namespace sallyport::validation
