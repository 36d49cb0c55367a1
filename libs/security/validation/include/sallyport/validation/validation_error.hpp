#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::validation {

/// One thing that is wrong with a request. What is wrong stands in `pointer` (RFC 6901), in one of two forms:
/// - in the body: where it is in the body: "/amount", "/items/3/name", "" for the body itself;
/// - in a parameter: "/path/id", "/query/limit", "/header/idempotency-key" (a header's name in lower case), with an
/// index
///   behind it for an element of a list. A body with a member named `query` looks the same: check parameters first.
/// What is missing or unknown is pointed to by the place where it should be, or is.
struct ValidationError {
  std::string pointer;    ///< long names in it are cut
  std::string_view code;  ///< stable API, a literal: see kErrorCodes
  std::string message;    ///< for the client; says what the schema asks for, never what was sent

  bool operator==(const ValidationError&) const = default;
};

/// In document order: by the place in the value, what is missing behind what is there.
using ValidationErrors = std::vector<ValidationError>;

/// Every code there is.
inline constexpr std::string_view kErrorCodes[] = {
    "required",
    "type",
    "unknown_field",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusive_minimum",
    "exclusive_maximum",
    "multiple_of",
    "min_length",
    "max_length",
    "pattern",
    "format",
    "min_items",
    "max_items",
    "unique_items",
    "contains",
    "min_contains",
    "max_contains",
    "min_properties",
    "max_properties",
    "property_names",
    "dependent_required",
    "any_of",
    "one_of",
    "not",
    "forbidden",
    "read_only",
    "too_complex",
    "repeated",
    "encoding",
    "unexpected_body",
};

}  // namespace sallyport::validation
