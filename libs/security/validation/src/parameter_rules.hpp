#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::validation {

/// One declared parameter.
struct ParameterRule {
  ParameterIn in = ParameterIn::Query;
  std::string name;  ///< a header's in lower case
  bool required = false;
  bool is_list = false;
  bool explode = false;  ///< of a list in the query: each element is a parameter of its own
  NodeIndex schema = kNoNode;
  TypeMask types = kAnyType;                   ///< that the value, or an element of the list, may have
  std::optional<boost::json::value> fallback;  ///< the schema's default
};

/// The types that an element of a list may have.
TypeMask element_types(const Program& program, NodeIndex list);

/// A text as the value that a schema which admits `types` would have: a text where a text is admitted; otherwise a
/// number, true or false when it is spelt like one in JSON; a text when it is none of these.
boost::json::value type_parameter(std::string_view text, TypeMask types);

/// Checks the parameters of one request by the rules, and collects their values.
class ParameterChecker final {
 public:
  ParameterChecker(const Program& program, std::span<const ParameterRule> rules) : program_(program), rules_(rules) {}

  void check_path(std::span<const PathValue> values);
  void check_query(std::string_view query);
  void check_headers(std::span<const net::http::Field> fields);
  std::expected<Parameters, ValidationErrors> take();

 private:
  struct QueryPart {
    std::optional<std::string> name;  ///< decoded; nullopt: cannot be
    std::string_view raw_name;
    std::string_view raw_value;
    bool known = false;
  };
  void report(std::string pointer, std::string_view code, std::string message);
  void check_raw(const ParameterRule& rule, std::span<const std::string_view> raw);
  void check_value(const ParameterRule& rule, std::optional<std::string> text, boost::json::value value);
  std::optional<std::string> decode(const ParameterRule& rule, std::string_view raw) const;

  const Program& program_;
  std::span<const ParameterRule> rules_;
  Parameters parameters_;
  ValidationErrors errors_;
};

}  // namespace sallyport::validation
