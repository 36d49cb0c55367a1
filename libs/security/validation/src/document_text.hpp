#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "sallyport/validation/openapi.hpp"

namespace sallyport::validation {

/// An OpenAPI document as values.
struct DocumentText {
  boost::json::value root;
  std::map<std::string, int> lines;  ///< where each value stands, by its JSON pointer; empty for JSON
};

/// Reads YAML 1.2 (one document, without anchors, aliases and tags; no key twice), or JSON when it begins with '{'.
std::expected<DocumentText, OpenApiProblem> read_document(std::string_view text);

/// A plain scalar typed as the core schema of YAML 1.2 (section 10.3) says. The reason when it is a number that JSON
/// cannot hold.
std::expected<boost::json::value, std::string> type_plain_scalar(std::string_view text);

}  // namespace sallyport::validation
