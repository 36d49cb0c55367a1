#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "schema_compiler.hpp"

namespace sallyport::validation {

/// One schema while it is compiled: what its keywords have said so far.
class SchemaDraft final {
 public:
  using Value = boost::json::value;

  SchemaDraft(SchemaCompiler& compiler, const Value& schema, ResourceIndex resource)
      : compiler_(compiler), schema_(schema), resource_(resource) {
    node.resource = resource;
  }

  Node node;
  bool nullable = false;           ///< OpenAPI 3.0
  bool minimum_exclusive = false;  ///< OpenAPI 3.0
  bool maximum_exclusive = false;
  bool has_min_contains = false;

  // The rules that the keyword at hand belongs to, made when they are first asked for.
  ObjectRules& object() { return object_ ? *object_ : object_.emplace(); }
  ArrayRules& array() { return array_ ? *array_ : array_.emplace(); }
  StringRules& string() { return string_ ? *string_ : string_.emplace(); }
  NumberRules& number() { return number_ ? *number_ : number_.emplace(); }
  ValueRules& values() { return values_ ? *values_ : values_.emplace(); }
  InPlaceRules& in_place() { return in_place_ ? *in_place_ : in_place_.emplace(); }

  // Values of keywords, or a problem and something harmless.
  NodeIndex schema_of(const Value& value);
  std::vector<NodeIndex> schemas_of(const Value& value);
  std::size_t count_of(const Value& value);
  bool flag_of(const Value& value);
  std::optional<Number> number_of(const Value& value);
  std::string text_of(const Value& value);
  std::vector<std::string> names_of(const Value& value);
  const boost::json::object& object_of(const Value& value);
  std::optional<Pattern> pattern_of(std::string_view text);

  /// The node that a reference leads to.
  NodeIndex follow(const Value& reference, std::uint32_t* dynamic_anchor);
  Property& property(std::string name);
  bool is_request_contract() const noexcept { return compiler_.dialect_ != Dialect::JsonSchema; }
  Dialect dialect() const noexcept { return compiler_.dialect_; }

  void begin(std::string_view keyword) noexcept { keyword_ = keyword; }
  void refuse(std::string why) { compiler_.refuse(schema_, keyword_, std::move(why)); }
  /// Puts the pieces together.
  Node finish();

 private:
  void finish_object();

  SchemaCompiler& compiler_;
  const Value& schema_;
  ResourceIndex resource_;
  std::string_view keyword_;
  std::optional<ObjectRules> object_;
  std::optional<ArrayRules> array_;
  std::optional<StringRules> string_;
  std::optional<NumberRules> number_;
  std::optional<ValueRules> values_;
  std::optional<InPlaceRules> in_place_;
};

/// Reads one keyword of a schema. Returns false for a keyword that asserts nothing.
bool read_keyword(SchemaDraft& draft, std::string_view name, const boost::json::value& value);

}  // namespace sallyport::validation
