#include <algorithm>

#include "json_value.hpp"
#include "openapi_loader.hpp"
#include "sallyport/validation/openapi.hpp"
#include "uri_reference.hpp"

namespace sallyport::validation {

namespace {

std::unexpected<std::vector<OpenApiProblem>> one_problem(std::string place, std::string why) {
  std::vector<OpenApiProblem> problems;
  problems.push_back({std::move(place), std::move(why)});
  return std::unexpected(std::move(problems));
}

/// The segments of a base path; nullopt when it has no form of one.
std::optional<std::vector<std::string>> split_base(std::string_view base) {
  std::vector<std::string> segments;
  if (base.ends_with('/')) base.remove_suffix(1);
  while (!base.empty()) {
    if (!base.starts_with('/')) return std::nullopt;
    base.remove_prefix(1);
    const std::string_view text = base.substr(0, base.find('/'));
    auto decoded = percent_decode(text);
    if (!decoded || text.empty()) return std::nullopt;
    segments.push_back(std::move(*decoded));
    base.remove_prefix(text.size());
  }
  return segments;
}

}  // namespace

std::expected<OpenApi, std::vector<OpenApiProblem>> OpenApi::load(std::string_view text,
                                                                  const OpenApiOptions& options) {
  const auto document = read_document(text);
  if (!document) return one_problem(document.error().place, document.error().why);
  auto state = std::make_unique<State>();
  auto base = split_base(options.base_path);
  if (!base) return one_problem("base path", "must be empty or begin with /, without empty segments");
  state->base = std::move(*base);
  const auto* const version = string_member(document->root, "openapi");
  if (version == nullptr) return one_problem("/openapi", "must be a text such as \"3.1.0\"");
  state->version = view_of(*version);
  const bool is_30 = state->version.starts_with("3.0.");
  if (!is_30 && !state->version.starts_with("3.1.")) {
    return one_problem("/openapi", "only OpenAPI 3.0 and 3.1 are known");
  }
  OpenApiLoader loader(*document, is_30 ? Dialect::OpenApi30 : Dialect::OpenApi31);
  loader.load(*state);
  auto problems = loader.take_problems();
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return OpenApi(std::move(state));
}

}  // namespace sallyport::validation
