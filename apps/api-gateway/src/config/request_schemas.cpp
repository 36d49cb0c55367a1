// The OpenAPI documents that routes hold their requests to.
#include <algorithm>
#include <cstring>
#include <expected>
#include <filesystem>
#include <memory>
#include <vector>

#include "config/schema.hpp"
#include "routing/router.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/core/read_file.hpp"
#include "sallyport/openapi/documents.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::string_view kBuiltIn = "builtin:";
constexpr std::size_t kDocumentBytesMax = std::size_t{4} << 20U;
constexpr std::uint64_t kBodyMaxMost = std::uint64_t{16} << 20U;  // a body is checked in one go, on the event loop
constexpr std::size_t kNameMax = 1024;
constexpr std::size_t kBasePathMax = 256;

Parsed<std::string> parse_document_name(std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
  if (text.empty() || text.size() > kNameMax || !printable) {
    return std::unexpected(std::string("the path of an OpenAPI document, or builtin: and a name"));
  }
  if (!text.starts_with(kBuiltIn) || openapi::find_document(text.substr(kBuiltIn.size()))) return std::string(text);
  std::string names;
  for (const std::string_view name : openapi::document_names()) {
    names.append(names.empty() ? "" : ", ").append(kBuiltIn).append(name);
  }
  return std::unexpected("a file, or one of " + names);
}

Parsed<std::string> parse_base_path(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && !std::strchr("?#%\\", c); });
  if (text.starts_with('/') && !text.ends_with('/') && text.size() <= kBasePathMax && plain && !text.contains("//")) {
    return std::string(text);
  }
  return std::unexpected(std::string("a path such as /v1, without a slash at its end"));
}

/// What a document says of itself goes to a terminal.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text;
}

std::shared_ptr<const validation::OpenApi> load_document(const YamlNode& place, const SchemaConfig& schema,
                                                         const std::string& folder, Problems& problems) {
  const std::string_view name = schema.file;
  const auto text = name.starts_with(kBuiltIn)
                        ? std::string(openapi::document(name.substr(kBuiltIn.size())))
                        : read_file((std::filesystem::path(folder) / schema.file).string(), kDocumentBytesMax);
  if (!text) {
    problems.error(place, fmt::format("schema: {}: cannot be read: {}", schema.file, text.error()));
    return nullptr;
  }
  auto loaded = validation::OpenApi::load(*text, {.base_path = schema.base_path});
  if (loaded) return std::make_shared<const validation::OpenApi>(*std::move(loaded));
  for (const validation::OpenApiProblem& problem : loaded.error()) {
    problems.error(place, printable(fmt::format("schema: {}: {}{}{}", schema.file, problem.place,
                                                problem.place.empty() ? "" : ": ", problem.why)));
  }
  return nullptr;
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (path.starts_with('/') && path.size() > 1) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

/// Whether a request for a path of the document can come through the route.
bool reaches(const RouteConfig& route, const std::string& path) {
  const auto route_segments = segments_of(upstream_path(route, route.path));
  const auto segments = segments_of(path);
  if (segments.size() < route_segments.size() || (!route.prefix && segments.size() != route_segments.size())) {
    return false;
  }
  return std::ranges::equal(route_segments, std::span(segments).first(route_segments.size()),
                            [](std::string_view own, std::string_view documented) {
                              return documented.starts_with('{') || iequals(own, documented);
                            });
}

void check_reach(const YamlNode& place, const RouteConfig& route, Problems& problems) {
  const SchemaConfig& schema = *route.schema;
  const bool any = std::ranges::any_of(schema.document->operations(), [&](const validation::Operation& operation) {
    return reaches(route, schema.base_path + std::string(operation.path()));
  });
  if (any) return;
  problems.warning(place, fmt::format("schema: {} has no path that this route leads to: the upstream sees {}{} "
                                      "(strip_prefix and base_path say otherwise)",
                                      schema.file, upstream_path(route, route.path), route.prefix ? " and below" : ""));
}

}  // namespace

const KeyTable<SchemaConfig>& request_schema_keys() {
  using S = SchemaConfig;
  static const KeyTable<S> table = {
      required(text_key<S>("file", &S::file, "a path, or builtin: and a name", parse_document_name,
                           "The document: YAML or JSON.")),
      enum_key<S>("mode", &S::mode,
                  EnumNames<SchemaMode>{{"enforce", SchemaMode::Enforce}, {"shadow", SchemaMode::Shadow}},
                  "`enforce` refuses what breaks the document; `shadow` lets it pass, counts and logs it."),
      with_fallback(text_key<S>("base_path", &S::base_path, "such as `/v1`", parse_base_path,
                                "Stands before every path of the document. Its `servers` are not looked at."),
                    "none"),
      size_key<S>(
          "body_max", &S::body_max, 1, kBodyMaxMost,
          "Most JSON that is gathered to be checked, beside the route's own `body_max`. `enforce` answers 413 to "
          "more, `shadow` passes it on unchecked."),
  };
  return table;
}

void read_request_schema(const YamlNode& node, RouteConfig& out, Problems& problems) {
  SchemaConfig schema;
  if (node.kind == YamlNode::Kind::Map) {
    read_map(request_schema_keys(), node, "schema", schema, problems);
  } else {
    read_scalar(
        node, "schema", Quotes::Allowed, parse_document_name, [&](std::string name) { schema.file = std::move(name); },
        problems);
  }
  if (!schema.file.empty()) out.schema = std::move(schema);
}

void load_request_schema(const YamlNode& route_node, RouteConfig& route, Draft& draft, Problems& problems) {
  if (!route.schema) return;
  const YamlNode& place = route_node.at_or_self("schema");
  if (route.streaming) {
    problems.error(place, "schema: a body must be complete to be checked; not with streaming: true");
  }
  SchemaConfig& schema = *route.schema;
  const auto [known, is_new] = draft.documents.try_emplace({schema.file, schema.base_path});
  if (is_new) known->second = load_document(place, schema, draft.folder, problems);
  schema.document = known->second;
  if (schema.document != nullptr && !route.path.empty()) check_reach(place, route, problems);
}

}  // namespace sallyport::api_gateway
