#include "schema_compiler.hpp"

#include <algorithm>

#include "json_value.hpp"
#include "schema_analysis.hpp"
#include "schema_draft.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kNodesMax = 50'000;

}  // namespace

void SchemaCompiler::refuse(const json::value& where, std::string_view keyword, std::string why) {
  if (!problem_) problem_ = Problem{&where, std::string(keyword), std::move(why)};
}

std::optional<SchemaCompiler::Problem> SchemaCompiler::take_problem() {
  pending_.clear();
  documents_.forget_problem();
  return std::exchange(problem_, std::nullopt);
}

std::uint32_t SchemaCompiler::dynamic_name(const std::string& name) {
  program_.has_dynamic_refs = true;
  return dynamic_names_.emplace(name, static_cast<std::uint32_t>(dynamic_names_.size() + 1)).first->second;
}

NodeIndex SchemaCompiler::node_for(const json::value& schema) {
  const auto [found, fresh] = nodes_.emplace(&schema, static_cast<NodeIndex>(program_.nodes.size()));
  if (!fresh) return found->second;
  Node& node = program_.nodes.emplace_back();
  if (program_.nodes.size() > kNodesMax) {
    refuse(schema, {}, "is one schema too many");
    return found->second;
  }
  if (schema.is_bool()) {
    node.kind = schema.get_bool() ? Node::Kind::True : Node::Kind::False;
  } else if (dialect_ != Dialect::JsonSchema && member(schema, "readOnly") != nullptr &&
             *member(schema, "readOnly") == json::value(true)) {
    node.kind = Node::Kind::ReadOnly;
  }
  pending_.emplace_back(found->second, &schema);
  return found->second;
}

NodeIndex SchemaCompiler::compile(const json::value& schema) {
  documents_.scan(schema, 0);
  const NodeIndex root = node_for(schema);
  std::size_t filled = 0;
  do {
    drain();
    if (problem_) return root;
    filled = program_.nodes.size();
    add_dynamic_anchors();
  } while (program_.nodes.size() != filled || !pending_.empty());
  if (const auto loop = analyse(program_)) {
    const auto at = std::ranges::find(nodes_, *loop, [](const auto& one) { return one.second; });
    refuse(*at->first, {}, "refers to itself without going deeper into the value");
  }
  return root;
}

void SchemaCompiler::drain() {
  while (!pending_.empty() && !problem_) {
    const auto [index, schema] = pending_.front();
    pending_.pop_front();
    fill(index, *schema);
    if (const auto& found = documents_.problem()) refuse(*found->where, {}, found->why);
  }
}

/// A `$dynamicRef` may lead to any schema of that name in a resource that the evaluation passes through.
void SchemaCompiler::add_dynamic_anchors() {
  program_.resources.resize(documents_.resource_count());
  std::vector<bool> passed(documents_.resource_count(), false);
  for (const Node& node : program_.nodes) passed[node.resource] = true;
  for (ResourceIndex i = 0; i < passed.size(); ++i) {
    if (!passed[i]) continue;
    DynamicAnchors anchors;
    for (const auto& [name, schema] : documents_.resource(i).dynamic_anchors) {
      const auto number = dynamic_names_.find(name);
      if (number != dynamic_names_.end()) anchors.emplace_back(number->second, node_for(*schema));
    }
    program_.resources[i] = std::move(anchors);
  }
}

void SchemaCompiler::fill(NodeIndex index, const json::value& schema) {
  const ResourceIndex resource = documents_.resource_of(schema);
  program_.nodes[index].resource = resource;
  const json::object* const object = schema.if_object();
  if (object == nullptr) {
    if (!schema.is_bool()) refuse(schema, {}, "must be a schema: an object, true or false");
    return;
  }
  SchemaDraft draft(*this, schema, resource);
  draft.node.kind = program_.nodes[index].kind;
  const json::value* const reference = object->if_contains("$ref");
  if (dialect_ == Dialect::OpenApi30 && reference != nullptr) {
    read_keyword(draft, "$ref", *reference);  // OpenAPI 3.0.3, Reference Object: what stands beside it is ignored
  } else {
    read_keywords(draft, *object);
  }
  program_.nodes[index] = draft.finish();
}

void SchemaCompiler::read_keywords(SchemaDraft& draft, const json::object& object) {
  const Resource& resource = documents_.resource(draft.node.resource);
  for (const auto& one : object) {
    const std::string_view name = view_of(one.key());
    const Keyword* const keyword = find_keyword(name);
    if (keyword == nullptr) {
      if (options_.unknown_keywords == UnknownKeywords::Refuse && !name.starts_with("x-")) {
        draft.begin(name);
        draft.refuse("is not a keyword of JSON Schema 2020-12");
      }
    } else if (is_asserted(*keyword, resource)) {
      read_keyword(draft, name, one.value());
    }
  }
  const auto types = draft.node.types;
  if (draft.dialect() == Dialect::OpenApi30 && types == kArray && !object.contains("items")) {
    draft.refuse("type: array needs items");
  }
}

bool SchemaCompiler::is_asserted(const Keyword& keyword, const Resource& resource) const noexcept {
  switch (keyword.vocabulary) {
    case Vocabulary::Core:
      return true;
    case Vocabulary::Applicator:
      return resource.vocabularies.applicator;
    case Vocabulary::Unevaluated:
      return resource.vocabularies.unevaluated;
    case Vocabulary::Validation:
      return resource.vocabularies.validation;
    case Vocabulary::Format:
      return options_.formats == Formats::Assert || resource.vocabularies.format_assertion;
    case Vocabulary::OpenApi:
      return dialect_ != Dialect::JsonSchema;
    case Vocabulary::Annotation:
      break;
  }
  return false;
}

}  // namespace sallyport::validation
