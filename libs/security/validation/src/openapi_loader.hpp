#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "document_text.hpp"
#include "operation.hpp"
#include "schema_compiler.hpp"

namespace sallyport::validation {

/// Reads the parts of an OpenAPI document that speak of requests. Goes on after a problem, so that all are told.
class OpenApiLoader final {
 public:
  OpenApiLoader(const DocumentText& document, Dialect dialect)
      : document_(document), dialect_(dialect), compiler_(dialect, options_) {}

  /// Fills all but the version and the base of `state`.
  void load(OpenApi::State& state);
  std::vector<OpenApiProblem> take_problems() { return std::move(problems_); }

 private:
  using Value = boost::json::value;
  struct Draft;

  void problem(const Value& where, std::string why);
  /// The member, or nullptr; a problem when it is there and is no object.
  const boost::json::object* object_member(const Value& value, std::string_view name);
  const boost::json::array* array_member(const Value& value, std::string_view name);
  bool flag_member(const Value& value, std::string_view name, bool otherwise);
  std::string text_member(const Value& value, std::string_view name);
  /// A misspelt key would be a rule that never holds.
  void check_keys(const Value& value, std::string_view what, std::span<const std::string_view> known);
  /// Follows `$ref` to the object itself; nullptr after a problem.
  const Value* resolve(const Value& value);
  NodeIndex compile(const Value& schema);

  void scan_schemas();
  void compile_components();
  void load_path(const std::string& path, const Value& item, OpenApi::State& state);
  std::vector<Segment> read_template(const std::string& path, const Value& where);
  void load_operation(std::string_view method, const Value& value, const Value& item, const PathRule& path,
                      OpenApi::State& state);
  void load_parameters(const Value& holder, std::vector<ParameterRule>& rules);
  void load_parameter(const Value& value, std::vector<ParameterRule>& rules, std::set<std::string>& seen);
  bool read_style(const Value& value, ParameterRule& rule, bool& explode);
  void read_shape(const Value& value, ParameterRule& rule, bool explode);
  void check_template(const Value& where, const PathRule& path, const std::vector<ParameterRule>& rules);
  void load_body(const Value& operation, Operation::State& draft);
  void load_content(std::string_view range, const Value& media, Operation::State& draft);
  void load_responses(const Value& operation);

  const DocumentText& document_;
  Dialect dialect_;
  SchemaOptions options_;
  SchemaCompiler compiler_;
  std::vector<OpenApiProblem> problems_;
  std::vector<std::unique_ptr<Operation::State>> drafts_;
  std::set<std::string> ids_;
};

}  // namespace sallyport::validation
