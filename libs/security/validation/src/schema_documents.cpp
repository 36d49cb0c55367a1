#include "schema_documents.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "json_value.hpp"
#include "keywords.hpp"
#include "metaschema.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/validation/json_reader.hpp"
#include "uri_reference.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kSchemaDepthMax = 256;
constexpr std::string_view kOpenApiDialectUri = "https://spec.openapis.org/oas/3.1/dialect/base";
constexpr std::string_view kVocabularyPrefix = "https://json-schema.org/draft/2020-12/vocab/";
constexpr std::array<std::string_view, 8> kVocabularies{
    "core", "applicator", "unevaluated", "validation", "meta-data", "format-annotation", "format-assertion", "content"};

bool is_anchor_name(std::string_view name) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

}  // namespace

SchemaDocuments::SchemaDocuments(Dialect dialect, std::span<const SchemaDocument> others) : dialect_(dialect) {
  for (const SchemaDocument& other : others) others_.emplace(split_fragment(other.uri).address, other.schema);
}

void SchemaDocuments::refuse(const json::value& where, std::string why) {
  if (!problem_) problem_ = Problem{&where, std::move(why)};
}

ResourceIndex SchemaDocuments::add(const json::value& document, std::string_view uri) {
  const auto index = static_cast<ResourceIndex>(resources_.size());
  resources_.push_back({std::string(uri), &document, &document, {}, {}, {}});
  by_uri_.emplace(uri, index);
  if (dialect_ == Dialect::JsonSchema) scan(document, index);
  return index;
}

void SchemaDocuments::scan(const json::value& schema, ResourceIndex resource, std::size_t depth) {
  if (resource_of_.contains(&schema)) return;
  if (depth > kSchemaDepthMax) return refuse(schema, "is nested too deep");
  const json::object* const object = schema.if_object();
  const bool is_reference = dialect_ == Dialect::OpenApi30 && object != nullptr && object->contains("$ref");
  if (object != nullptr && dialect_ != Dialect::OpenApi30) {
    if (object->contains("$id")) resource = open_resource(schema, resource);
    if (resources_[resource].root == &schema) read_dialect(schema, resources_[resource]);
    note_anchors(schema, resources_[resource]);
  }
  resource_of_.emplace(&schema, resource);
  if (object != nullptr && !is_reference) scan_children(*object, resource, depth);
}

void SchemaDocuments::scan_children(const json::object& schema, ResourceIndex resource, std::size_t depth) {
  for (const auto& one : schema) {
    const Keyword* const keyword = find_keyword(view_of(one.key()));
    if (keyword == nullptr) continue;
    const json::value& value = one.value();
    if (keyword->holds == Holds::Schema) {
      scan(value, resource, depth + 1);
    } else if (keyword->holds == Holds::ListOfSchemas && value.is_array()) {
      for (const json::value& element : value.get_array()) scan(element, resource, depth + 1);
    } else if (keyword->holds == Holds::MapOfSchemas && value.is_object()) {
      for (const auto& member : value.get_object()) scan(member.value(), resource, depth + 1);
    }
  }
}

ResourceIndex SchemaDocuments::open_resource(const json::value& schema, ResourceIndex outer) {
  const json::string* const id = string_member(schema, "$id");
  const SplitReference split = split_fragment(id == nullptr ? std::string_view() : view_of(*id));
  if (id == nullptr || !split.fragment.value_or("").empty()) {
    refuse(schema, "has an $id that is not a URI without a fragment");
    return outer;
  }
  std::string uri = resolve_reference(resources_[outer].uri, split.address);
  if (resources_[outer].root == &schema && resources_[outer].uri == uri) return outer;
  const auto index = static_cast<ResourceIndex>(resources_.size());
  const json::value* const document = resources_[outer].document;
  const Vocabularies vocabularies = resources_[outer].vocabularies;
  if (!by_uri_.emplace(uri, index).second) refuse(schema, "has an $id that another schema has too");
  resources_.push_back({std::move(uri), &schema, document, vocabularies, {}, {}});
  return index;
}

void SchemaDocuments::read_dialect(const json::value& schema, Resource& resource) {
  const json::value* const named = member(schema, "$schema");
  if (named == nullptr) return;
  if (!named->is_string()) return refuse(schema, "has a $schema that is not a string");
  std::string_view uri = view_of(named->get_string());
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri == kMetaschemaUri || uri == kOpenApiDialectUri) return;
  const json::value* const metaschema = document_by_uri(uri);
  if (metaschema == nullptr) return refuse(schema, "has a $schema that is not known: only 2020-12 is");
  const json::value* const vocabularies = member(*metaschema, "$vocabulary");
  if (vocabularies == nullptr || !vocabularies->is_object()) return;
  for (const auto& one : vocabularies->get_object()) {
    const std::string_view name = view_of(one.key());
    const bool known = name.starts_with(kVocabularyPrefix) &&
                       std::ranges::find(kVocabularies, name.substr(kVocabularyPrefix.size())) != kVocabularies.end();
    if (!known && one.value() == json::value(true)) refuse(schema, "needs a vocabulary that is not known");
  }
  const auto has = [vocabularies](std::string_view name) {
    return member(*vocabularies, std::string(kVocabularyPrefix).append(name)) != nullptr;
  };
  resource.vocabularies = {.applicator = has("applicator"),
                           .unevaluated = has("unevaluated"),
                           .validation = has("validation"),
                           .format_assertion = has("format-assertion")};
}

void SchemaDocuments::note_anchors(const json::value& schema, Resource& resource) {
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    const json::value* const named = member(schema, keyword);
    if (named == nullptr) continue;
    const std::string name = named->is_string() ? std::string(view_of(named->get_string())) : std::string();
    if (!is_anchor_name(name)) {
      refuse(schema, fmt::format("has an {} that is no name", keyword));
      continue;
    }
    const auto [known, fresh] = resource.anchors.emplace(name, &schema);
    if (!fresh && known->second != &schema) refuse(schema, fmt::format("has an {} that stands twice", keyword));
    if (keyword == "$dynamicAnchor") resource.dynamic_anchors.emplace(name, &schema);
  }
}

const json::value* SchemaDocuments::document_by_uri(std::string_view uri) {
  if (const auto found = others_.find(uri); found != others_.end()) return found->second;
  if (const auto found = by_uri_.find(uri); found != by_uri_.end()) return resources_[found->second].root;
  if (dialect_ != Dialect::JsonSchema) return nullptr;
  for (const MetaschemaDocument& one : metaschemas()) {
    if (one.uri != uri) continue;
    auto parsed = parse_json(one.text);
    SALLYPORT_ASSERT(parsed.has_value());
    own_.push_back(std::move(*parsed));
    others_.emplace(uri, &own_.back());
    return &own_.back();
  }
  return nullptr;
}

std::optional<ResourceIndex> SchemaDocuments::resource_by_uri(const std::string& uri) {
  if (const auto found = by_uri_.find(uri); found != by_uri_.end()) return found->second;
  const json::value* const document = document_by_uri(uri);
  if (document == nullptr) return std::nullopt;
  const ResourceIndex added = add(*document, uri);
  // Its own $id may name it otherwise.
  return resource_of_.contains(document) ? resource_of_.at(document) : added;
}

std::expected<SchemaDocuments::Target, std::string> SchemaDocuments::find(std::string_view reference,
                                                                          ResourceIndex from) {
  const SplitReference split = split_fragment(reference);
  const auto fragment = percent_decode(split.fragment.value_or(""));
  if (!fragment) return std::unexpected("has a fragment with a bad encoding");
  const auto resource = split.address.empty() ? std::optional(from)
                                              : resource_by_uri(resolve_reference(resources_[from].uri, split.address));
  if (!resource) return std::unexpected("leads to another document, which is not at hand and is never fetched");
  Target target;
  target.resource = *resource;
  const Resource& found = resources_[*resource];
  if (fragment->empty() || fragment->starts_with('/')) {
    target.schema = resolve_pointer(*found.root, *fragment);
  } else if (const auto anchor = found.anchors.find(*fragment); anchor != found.anchors.end()) {
    target.schema = anchor->second;
    if (found.dynamic_anchors.contains(*fragment)) target.dynamic_anchor = *fragment;
  }
  if (target.schema == nullptr) return std::unexpected("leads to nothing");
  scan(*target.schema, *resource);
  target.resource = resource_of_.at(target.schema);
  return target;
}

}  // namespace sallyport::validation
