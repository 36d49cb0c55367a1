#include "keywords.hpp"

#include <algorithm>
#include <array>

namespace sallyport::validation {

namespace {

constexpr std::array kKeywords = std::to_array<Keyword>({
    {"$schema", Holds::Data, Vocabulary::Core},
    {"$vocabulary", Holds::Data, Vocabulary::Core},
    {"$id", Holds::Data, Vocabulary::Core},
    {"$anchor", Holds::Data, Vocabulary::Core},
    {"$dynamicAnchor", Holds::Data, Vocabulary::Core},
    {"$ref", Holds::Data, Vocabulary::Core},
    {"$dynamicRef", Holds::Data, Vocabulary::Core},
    {"$defs", Holds::MapOfSchemas, Vocabulary::Core},
    {"definitions", Holds::MapOfSchemas, Vocabulary::Core},
    {"$comment", Holds::Data, Vocabulary::Core},
    {"allOf", Holds::ListOfSchemas, Vocabulary::Applicator},
    {"anyOf", Holds::ListOfSchemas, Vocabulary::Applicator},
    {"oneOf", Holds::ListOfSchemas, Vocabulary::Applicator},
    {"not", Holds::Schema, Vocabulary::Applicator},
    {"if", Holds::Schema, Vocabulary::Applicator},
    {"then", Holds::Schema, Vocabulary::Applicator},
    {"else", Holds::Schema, Vocabulary::Applicator},
    {"dependentSchemas", Holds::MapOfSchemas, Vocabulary::Applicator},
    {"prefixItems", Holds::ListOfSchemas, Vocabulary::Applicator},
    {"items", Holds::Schema, Vocabulary::Applicator},
    {"contains", Holds::Schema, Vocabulary::Applicator},
    {"properties", Holds::MapOfSchemas, Vocabulary::Applicator},
    {"patternProperties", Holds::MapOfSchemas, Vocabulary::Applicator},
    {"additionalProperties", Holds::Schema, Vocabulary::Applicator},
    {"propertyNames", Holds::Schema, Vocabulary::Applicator},
    {"unevaluatedItems", Holds::Schema, Vocabulary::Unevaluated},
    {"unevaluatedProperties", Holds::Schema, Vocabulary::Unevaluated},
    {"type", Holds::Data, Vocabulary::Validation},
    {"enum", Holds::Data, Vocabulary::Validation},
    {"const", Holds::Data, Vocabulary::Validation},
    {"multipleOf", Holds::Data, Vocabulary::Validation},
    {"maximum", Holds::Data, Vocabulary::Validation},
    {"exclusiveMaximum", Holds::Data, Vocabulary::Validation},
    {"minimum", Holds::Data, Vocabulary::Validation},
    {"exclusiveMinimum", Holds::Data, Vocabulary::Validation},
    {"maxLength", Holds::Data, Vocabulary::Validation},
    {"minLength", Holds::Data, Vocabulary::Validation},
    {"pattern", Holds::Data, Vocabulary::Validation},
    {"maxItems", Holds::Data, Vocabulary::Validation},
    {"minItems", Holds::Data, Vocabulary::Validation},
    {"uniqueItems", Holds::Data, Vocabulary::Validation},
    {"maxContains", Holds::Data, Vocabulary::Validation},
    {"minContains", Holds::Data, Vocabulary::Validation},
    {"maxProperties", Holds::Data, Vocabulary::Validation},
    {"minProperties", Holds::Data, Vocabulary::Validation},
    {"required", Holds::Data, Vocabulary::Validation},
    {"dependentRequired", Holds::Data, Vocabulary::Validation},
    {"format", Holds::Data, Vocabulary::Format},
    {"contentEncoding", Holds::Data, Vocabulary::Annotation},
    {"contentMediaType", Holds::Data, Vocabulary::Annotation},
    {"contentSchema", Holds::Schema, Vocabulary::Annotation},
    {"title", Holds::Data, Vocabulary::Annotation},
    {"description", Holds::Data, Vocabulary::Annotation},
    {"default", Holds::Data, Vocabulary::Annotation},
    {"deprecated", Holds::Data, Vocabulary::Annotation},
    {"readOnly", Holds::Data, Vocabulary::Annotation},
    {"writeOnly", Holds::Data, Vocabulary::Annotation},
    {"examples", Holds::Data, Vocabulary::Annotation},
    {"nullable", Holds::Data, Vocabulary::OpenApi},
    {"discriminator", Holds::Data, Vocabulary::OpenApi},
    {"xml", Holds::Data, Vocabulary::OpenApi},
    {"externalDocs", Holds::Data, Vocabulary::OpenApi},
    {"example", Holds::Data, Vocabulary::OpenApi},
});

}  // namespace

const Keyword* find_keyword(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kKeywords, name, &Keyword::name);
  return found == kKeywords.end() ? nullptr : found;
}

}  // namespace sallyport::validation
