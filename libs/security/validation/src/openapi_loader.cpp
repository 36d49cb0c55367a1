#include "openapi_loader.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "json_value.hpp"
#include "sallyport/core/ascii.hpp"
#include "uri_reference.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kProblemsMax = 50;
constexpr std::size_t kReferencesMax = 32;  ///< one after the other
constexpr std::array<std::string_view, 8> kMethods{"get", "put", "post", "delete", "options", "head", "patch", "trace"};
constexpr std::array<std::string_view, 12> kOperationKeys{"tags",        "summary",    "description", "externalDocs",
                                                          "operationId", "parameters", "requestBody", "responses",
                                                          "callbacks",   "deprecated", "security",    "servers"};
constexpr std::array<std::string_view, 3> kBodyKeys{"description", "content", "required"};
constexpr std::array<std::string_view, 4> kMediaKeys{"schema", "example", "examples", "encoding"};
constexpr std::array<std::string_view, 5> kPathItemKeys{"$ref", "summary", "description", "servers", "parameters"};

bool is_extension(std::string_view name) noexcept {
  return name.starts_with("x-");
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

void OpenApiLoader::problem(const Value& where, std::string why) {
  if (problems_.size() >= kProblemsMax) return;
  const std::string pointer = pointer_to(document_.root, where);
  const auto line = document_.lines.find(pointer);
  const std::string place = line == document_.lines.end() ? pointer : fmt::format("line {}, {}", line->second, pointer);
  problems_.push_back({place, std::move(why)});
}

const json::object* OpenApiLoader::object_member(const Value& value, std::string_view name) {
  const Value* const found = member(value, name);
  if (found != nullptr && !found->is_object()) problem(*found, fmt::format("{} must be a map", name));
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* OpenApiLoader::array_member(const Value& value, std::string_view name) {
  const Value* const found = member(value, name);
  if (found != nullptr && !found->is_array()) problem(*found, fmt::format("{} must be a list", name));
  return found == nullptr ? nullptr : found->if_array();
}

bool OpenApiLoader::flag_member(const Value& value, std::string_view name, bool otherwise) {
  const Value* const found = member(value, name);
  if (found == nullptr) return otherwise;
  if (!found->is_bool()) problem(*found, fmt::format("{} must be true or false", name));
  return *found == Value(true);
}

std::string OpenApiLoader::text_member(const Value& value, std::string_view name) {
  const Value* const found = member(value, name);
  if (found == nullptr) return {};
  if (found->is_string()) return std::string(view_of(found->get_string()));
  problem(*found, fmt::format("{} must be a text", name));
  return {};
}

void OpenApiLoader::check_keys(const Value& value, std::string_view what, std::span<const std::string_view> known) {
  for (const auto& one : value.get_object()) {
    const std::string_view key = view_of(one.key());
    if (is_extension(key) || std::ranges::find(known, key) != known.end()) continue;
    problem(one.value(), fmt::format("{} is no key of {}", key, what));
  }
}

const json::value* OpenApiLoader::resolve(const Value& value) {
  const Value* at = &value;
  for (std::size_t hops = 0; hops < kReferencesMax; ++hops) {
    const Value* const reference = member(*at, "$ref");
    if (reference == nullptr) {
      if (at->is_object()) return at;
      problem(value, "must be a map");
      return nullptr;
    }
    const auto split = split_fragment(reference->is_string() ? view_of(reference->get_string()) : std::string_view());
    const auto pointer = split.fragment ? percent_decode(*split.fragment) : std::nullopt;
    if (!split.address.empty()) {
      problem(*at, "$ref leads to another document, which is never fetched");
      return nullptr;
    }
    at = pointer ? resolve_pointer(document_.root, *pointer) : nullptr;
    if (at == nullptr) {
      problem(value, "$ref leads to nothing");
      return nullptr;
    }
  }
  problem(value, "$ref leads round in a circle");
  return nullptr;
}

NodeIndex OpenApiLoader::compile(const Value& schema) {
  const NodeIndex node = compiler_.compile(schema);
  if (auto found = compiler_.take_problem()) {
    const Value* const keyword = found->keyword.empty() ? nullptr : member(*found->where, found->keyword);
    problem(keyword == nullptr ? *found->where : *keyword,
            found->keyword.empty() ? found->why : fmt::format("{}: {}", found->keyword, found->why));
  }
  return node;
}

void OpenApiLoader::load(OpenApi::State& state) {
  compiler_.add_document(document_.root);
  scan_schemas();
  compile_components();
  const json::object* const paths = object_member(document_.root, "paths");
  if (paths == nullptr) problem(document_.root, "there are no paths");
  if (paths != nullptr) {
    for (const auto& one : *paths) {
      const std::string path(view_of(one.key()));
      if (!is_extension(path)) load_path(path, one.value(), state);
    }
  }
  if (!problems_.empty()) return;
  const auto program = compiler_.finish();
  for (auto& draft : drafts_) {
    draft->program = program;
    for (const ParameterRule& rule : draft->rules)
      draft->infos.push_back({rule.in, rule.name, rule.required, rule.is_list});
    state.operations.emplace_back(std::move(draft));
  }
}

/// Before anything is compiled, since any schema may refer to a name in any other.
void OpenApiLoader::scan_schemas() {
  const Value* const components = member(document_.root, "components");
  const json::object* const schemas = components == nullptr ? nullptr : object_member(*components, "schemas");
  if (schemas == nullptr) return;
  for (const auto& one : *schemas) compiler_.scan(one.value());
}

void OpenApiLoader::compile_components() {
  const Value* const components = member(document_.root, "components");
  const Value* const schemas = components == nullptr ? nullptr : member(*components, "schemas");
  if (schemas == nullptr || !schemas->is_object()) return;
  for (const auto& one : schemas->get_object()) compile(one.value());
}

void OpenApiLoader::load_path(const std::string& path, const Value& item, OpenApi::State& state) {
  const Value* const resolved = resolve(item);
  if (resolved == nullptr) return;
  if (!path.starts_with('/')) return problem(item, "a path must begin with /");
  PathRule rule{path, read_template(path, item), {}};
  for (const PathRule& other : state.paths) {
    const bool same = std::ranges::equal(rule.segments, other.segments, [](const Segment& left, const Segment& right) {
      return left.is_parameter == right.is_parameter && (left.is_parameter || left.text == right.text);
    });
    if (same) problem(item, fmt::format("the path matches the same requests as {}", other.path));
  }
  for (const auto& one : resolved->get_object()) {
    const std::string_view key = view_of(one.key());
    if (std::ranges::find(kMethods, key) != kMethods.end()) {
      rule.operations.push_back(drafts_.size());
      load_operation(key, one.value(), *resolved, rule, state);
    } else if (std::ranges::find(kPathItemKeys, key) == kPathItemKeys.end() && !is_extension(key)) {
      problem(one.value(), fmt::format("{} is neither a method nor a key of a path", key));
    }
  }
  state.paths.push_back(std::move(rule));
}

std::vector<Segment> OpenApiLoader::read_template(const std::string& path, const Value& where) {
  std::vector<Segment> segments;
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view text = rest.substr(0, rest.find('/'));
    rest.remove_prefix(text.size());
    if (text.find_first_of("{}") == std::string_view::npos) {
      const auto decoded = percent_decode(text);
      if (!decoded) problem(where, "the path has a bad encoding");
      segments.push_back({false, decoded.value_or("")});
      continue;
    }
    const std::string_view name = text.substr(1, text.size() - 2);
    if (!text.starts_with('{') || !text.ends_with('}') || name.empty() ||
        name.find_first_of("{}") != std::string_view::npos) {
      problem(where, "a parameter must be a whole segment of the path: /{name}/");
    }
    segments.push_back({true, std::string(name)});
  }
  return segments;
}

void OpenApiLoader::load_operation(std::string_view method, const Value& value, const Value& item, const PathRule& path,
                                   OpenApi::State&) {
  auto draft = std::make_unique<Operation::State>();
  draft->method = upper(method);
  draft->path = path.path;
  if (value.is_object()) {
    check_keys(value, "an operation", kOperationKeys);
    draft->id = text_member(value, "operationId");
    if (!draft->id.empty() && !ids_.insert(draft->id).second) problem(value, "the operationId stands twice");
    // The operation's own go before those of its path, and replace them.
    load_parameters(value, draft->rules);
    std::vector<ParameterRule> shared;
    load_parameters(item, shared);
    for (ParameterRule& rule : shared) {
      const bool replaced = std::ranges::any_of(
          draft->rules, [&rule](const ParameterRule& own) { return own.in == rule.in && own.name == rule.name; });
      if (!replaced) draft->rules.push_back(std::move(rule));
    }
    check_template(value, path, draft->rules);
    load_body(value, *draft);
    load_responses(value);
  } else {
    problem(value, "an operation must be a map");
  }
  drafts_.push_back(std::move(draft));
}

void OpenApiLoader::check_template(const Value& where, const PathRule& path, const std::vector<ParameterRule>& rules) {
  for (const Segment& segment : path.segments) {
    if (!segment.is_parameter) continue;
    const bool declared = std::ranges::any_of(rules, [&segment](const ParameterRule& rule) {
      return rule.in == ParameterIn::Path && rule.name == segment.text;
    });
    if (!declared) problem(where, fmt::format("the path's parameter {} is not declared", segment.text));
  }
  for (const ParameterRule& rule : rules) {
    if (rule.in != ParameterIn::Path) continue;
    const bool used = std::ranges::any_of(
        path.segments, [&rule](const Segment& segment) { return segment.is_parameter && segment.text == rule.name; });
    if (!used) problem(where, fmt::format("the parameter {} is not in the path", rule.name));
    if (!rule.required) problem(where, fmt::format("the path's parameter {} must say required: true", rule.name));
  }
}

void OpenApiLoader::load_body(const Value& operation, Operation::State& draft) {
  const Value* const declared = member(operation, "requestBody");
  const Value* const body = declared == nullptr ? nullptr : resolve(*declared);
  if (body == nullptr) return;
  draft.has_body = true;
  check_keys(*body, "a requestBody", kBodyKeys);
  draft.body_required = flag_member(*body, "required", false);
  const json::object* const content = object_member(*body, "content");
  if (content == nullptr || content->empty()) return problem(*body, "a requestBody needs content");
  for (const auto& one : *content) load_content(view_of(one.key()), one.value(), draft);
}

void OpenApiLoader::load_content(std::string_view range, const Value& media, Operation::State& draft) {
  auto type = parse_media_type(range);
  if (!type) return problem(media, "the content is not named by a media type");
  if (!media.is_object()) return problem(media, "must be a map");
  check_keys(media, "a content", kMediaKeys);
  BodyRule rule{std::move(*type), kNoNode};
  if (const Value* const schema = member(media, "schema")) {
    rule.schema = compile(*schema);
    const bool text_only = (compiler_.program().nodes[rule.schema].admits & static_cast<TypeMask>(~kString)) == 0;
    if (!rule.range.is_json() && rule.range.subtype != "*" && !text_only) {
      problem(media, "a body that is not JSON is passed unread, so its schema may say type: string only");
    }
  }
  draft.bodies.push_back(std::move(rule));
}

/// Answers are not checked, but what is said of them shall be sound.
void OpenApiLoader::load_responses(const Value& operation) {
  const json::object* const responses = object_member(operation, "responses");
  if (responses == nullptr) return;
  for (const auto& one : *responses) {
    if (is_extension(view_of(one.key()))) continue;
    const Value* const response = resolve(one.value());
    const json::object* const content = response == nullptr ? nullptr : object_member(*response, "content");
    if (content == nullptr) continue;
    for (const auto& media : *content) {
      if (const Value* const schema = member(media.value(), "schema")) compile(*schema);
    }
  }
}

}  // namespace sallyport::validation
