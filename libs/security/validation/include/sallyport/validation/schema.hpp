#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/validation/validation_error.hpp"

namespace sallyport::validation {

inline constexpr std::size_t kErrorsMax = 100;  ///< a hostile body shall not be answered with a book

enum class Formats : std::uint8_t {
  Assert,    ///< date-time, date, time, email, hostname, ipv4, ipv6, uri, uuid (and int32, int64) are checked
  Annotate,  ///< formats are comments
};
enum class UnknownKeywords : std::uint8_t {
  Refuse,  ///< a misspelt keyword would be a rule that never holds; `x-…` is let through
  Ignore,  ///< as the specification says
};

/// A schema that others may name by its URI.
struct SchemaDocument {
  std::string_view uri;
  const boost::json::value* schema = nullptr;
};

struct SchemaOptions {
  Formats formats = Formats::Assert;
  UnknownKeywords unknown_keywords = UnknownKeywords::Refuse;
  /// What `$ref` may lead to beside the schema itself and the metaschema of 2020-12. Nothing is ever fetched. Needed
  /// during compile() only.
  std::span<const SchemaDocument> documents;
};

/// Why a schema cannot be compiled.
struct SchemaProblem {
  std::string place;  ///< JSON pointer into the schema, for example "/properties/amount/pattern"
  std::string why;
};

struct Program;

/// A compiled JSON Schema (2020-12; core, applicator, unevaluated, validation, and format when asserted; the other
/// vocabularies are annotations). Patterns are those of ECMA 262 that RE2 can match in linear time; others, such as
/// look-ahead, are refused when compiling. Immutable, cheap to copy, used by any number of threads at once.
class Schema final {
 public:
  static std::expected<Schema, SchemaProblem> compile(const boost::json::value& schema,
                                                      const SchemaOptions& options = {});

  /// Everything that is wrong with `value`, at most kErrorsMax; empty: it is valid. Linear in the value but for
  /// sorting; a schema whose choices would multiply is stopped and answered `too_complex`. A valid value costs no
  /// allocation but for `unevaluated…` and large `uniqueItems`.
  ValidationErrors validate(const boost::json::value& value) const;
  /// The same question without the reasons: stops at the first violation.
  bool accepts(const boost::json::value& value) const;
  /// How many subschemas were applied: a measure of work for tests.
  std::size_t count_steps(const boost::json::value& value) const;

  Schema(std::shared_ptr<const Program> program, std::uint32_t root) noexcept
      : program_(std::move(program)), root_(root) {}

 private:
  friend class SchemaAccess;
  std::shared_ptr<const Program> program_;
  std::uint32_t root_ = 0;
};

}  // namespace sallyport::validation
