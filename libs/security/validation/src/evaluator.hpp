#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "program.hpp"
#include "sallyport/validation/validation_error.hpp"

namespace sallyport::validation {

enum class Reporting : std::uint8_t { Everything, FirstOnly };

struct Verdict {
  bool valid = false;
  ValidationErrors errors;  ///< with Reporting::Everything: what is wrong, in document order
  std::size_t steps = 0;    ///< subschemas that were applied
};

/// Applies a compiled schema. `prefix` stands before every pointer.
Verdict evaluate(const Program& program, NodeIndex root, const boost::json::value& value, Reporting reporting,
                 std::string_view prefix = {});

}  // namespace sallyport::validation
