#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::validation {

/// What the value of a keyword holds.
enum class Holds : std::uint8_t { Data, Schema, ListOfSchemas, MapOfSchemas };

/// Whose keyword it is: decides whether it is asserted.
enum class Vocabulary : std::uint8_t { Core, Applicator, Unevaluated, Validation, Format, Annotation, OpenApi };

struct Keyword {
  std::string_view name;
  Holds holds = Holds::Data;
  Vocabulary vocabulary = Vocabulary::Annotation;
};

/// nullptr: not known.
const Keyword* find_keyword(std::string_view name) noexcept;

}  // namespace sallyport::validation
