#include "sallyport/validation/schema.hpp"

#include "evaluator.hpp"
#include "json_value.hpp"
#include "schema_compiler.hpp"

namespace sallyport::validation {

std::expected<Schema, SchemaProblem> Schema::compile(const boost::json::value& schema, const SchemaOptions& options) {
  SchemaCompiler compiler(Dialect::JsonSchema, options);
  compiler.add_document(schema);
  const NodeIndex root = compiler.compile(schema);
  if (const auto& problem = compiler.problem()) {
    std::string place = pointer_to(schema, *problem->where);
    if (!problem->keyword.empty()) place.append("/").append(pointer_token(problem->keyword));
    return std::unexpected(SchemaProblem{std::move(place), problem->why});
  }
  return Schema(compiler.finish(), root);
}

ValidationErrors Schema::validate(const boost::json::value& value) const {
  return evaluate(*program_, root_, value, Reporting::Everything).errors;
}

bool Schema::accepts(const boost::json::value& value) const {
  return evaluate(*program_, root_, value, Reporting::FirstOnly).valid;
}

std::size_t Schema::count_steps(const boost::json::value& value) const {
  return evaluate(*program_, root_, value, Reporting::Everything).steps;
}

}  // namespace sallyport::validation
