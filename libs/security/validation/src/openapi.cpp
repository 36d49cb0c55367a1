#include "sallyport/validation/openapi.hpp"

#include <algorithm>

#include "evaluator.hpp"
#include "operation.hpp"
#include "uri_reference.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kSegmentsMax = 64;

struct Slice {
  std::string_view raw;
  std::optional<std::string> decoded;  ///< nullopt: no text, which only a parameter can take, to complain about it
};

/// nullopt: no path of ours has this form.
std::optional<std::vector<Slice>> split_path(std::string_view path) {
  std::vector<Slice> slices;
  if (!path.starts_with('/')) return std::nullopt;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (slices.size() == kSegmentsMax) return std::nullopt;
    slices.push_back({path.substr(0, end), percent_decode(path.substr(0, end))});
    path.remove_prefix(end);
  }
  return slices;
}

bool matches(const PathRule& rule, std::span<const Slice> slices) noexcept {
  return std::ranges::equal(rule.segments, slices, [](const Segment& segment, const Slice& slice) {
    return segment.is_parameter ? !slice.raw.empty() : slice.decoded == segment.text;
  });
}

/// A literal segment goes before a parameter, from the left.
bool is_closer(const PathRule& left, const PathRule& right) noexcept {
  return std::ranges::lexicographical_compare(left.segments, right.segments, {}, &Segment::is_parameter,
                                              &Segment::is_parameter);
}

ValidationErrors one_error(std::string_view code, std::string message) {
  ValidationErrors errors;
  errors.push_back({"", code, std::move(message)});
  return errors;
}

}  // namespace

const BodyRule* Operation::State::body_for(const MediaType& type) const noexcept {
  const BodyRule* best = nullptr;
  int closest = 0;
  for (const BodyRule& rule : bodies) {
    const int close = match_media_type(rule.range, type);
    if (close > closest) best = &rule;
    closest = std::max(close, closest);
  }
  // JSON is UTF-8 (RFC 8259 section 8.1); a charset that says otherwise is not what the reader would read.
  const bool other_charset = !type.charset.empty() && type.charset != "utf-8" && type.charset != "utf8";
  return type.is_json() && other_charset ? nullptr : best;
}

Operation::Operation(std::unique_ptr<const State> state) noexcept : state_(std::move(state)) {}
Operation::Operation(Operation&&) noexcept = default;
Operation& Operation::operator=(Operation&&) noexcept = default;
Operation::~Operation() = default;

std::string_view Operation::id() const noexcept {
  return state_->id;
}
std::string_view Operation::method() const noexcept {
  return state_->method;
}
std::string_view Operation::path() const noexcept {
  return state_->path;
}
std::span<const ParameterInfo> Operation::parameters() const noexcept {
  return state_->infos;
}
bool Operation::takes_body() const noexcept {
  return state_->has_body;
}
bool Operation::requires_body() const noexcept {
  return state_->body_required;
}

std::expected<Parameters, ValidationErrors> Operation::check_parameters(
    std::span<const PathValue> path_values, std::string_view query, std::span<const net::http::Field> headers) const {
  ParameterChecker checker(*state_->program, state_->rules);
  checker.check_path(path_values);
  checker.check_query(query);
  checker.check_headers(headers);
  return checker.take();
}

bool Operation::takes_media_type(std::string_view content_type) const noexcept {
  const auto type = parse_media_type(content_type);
  return type && state_->body_for(*type) != nullptr;
}

bool Operation::reads_media_type(std::string_view content_type) const noexcept {
  const auto type = parse_media_type(content_type);
  return type && type->is_json() && state_->body_for(*type) != nullptr;
}

std::expected<json::value, BodyFault> Operation::check_body(std::string_view content_type, std::string_view body,
                                                            const JsonLimits& limits) const {
  const auto refuse = [](auto fault) { return std::unexpected(BodyFault(std::move(fault))); };
  if (body.empty()) {
    if (state_->body_required) return refuse(one_error("required", "is missing"));
    return json::value(nullptr);
  }
  if (!state_->has_body) return refuse(one_error("unexpected_body", "no body is taken here"));
  const auto type = parse_media_type(content_type);
  const BodyRule* const rule = type ? state_->body_for(*type) : nullptr;
  if (rule == nullptr) return refuse(UnsupportedMediaType());
  if (!type->is_json()) return json::value(nullptr);
  auto value = parse_json(body, limits);
  if (!value) return refuse(value.error());
  if (rule->schema != kNoNode) {
    Verdict verdict = evaluate(*state_->program, rule->schema, *value, Reporting::Everything);
    if (!verdict.valid) return refuse(std::move(verdict.errors));
  }
  return std::move(*value);
}

OpenApi::OpenApi(std::unique_ptr<const State> state) noexcept : state_(std::move(state)) {}
OpenApi::OpenApi(OpenApi&&) noexcept = default;
OpenApi& OpenApi::operator=(OpenApi&&) noexcept = default;
OpenApi::~OpenApi() = default;

std::span<const Operation> OpenApi::operations() const noexcept {
  return state_->operations;
}
std::string_view OpenApi::version() const noexcept {
  return state_->version;
}

std::expected<OperationMatch, NoOperation> OpenApi::find(std::string_view method, std::string_view path) const {
  const auto slices = split_path(path);
  if (!slices || slices->size() < state_->base.size()) return std::unexpected(NoOperation());
  const auto own = std::span(*slices).subspan(state_->base.size());
  if (!std::ranges::equal(state_->base, std::span(*slices).first(state_->base.size()), {}, {}, &Slice::decoded)) {
    return std::unexpected(NoOperation());
  }
  const PathRule* best = nullptr;
  for (const PathRule& rule : state_->paths) {
    if (matches(rule, own) && (best == nullptr || is_closer(rule, *best))) best = &rule;
  }
  if (best == nullptr) return std::unexpected(NoOperation());
  const auto with_method = [&](std::string_view wanted) -> const Operation* {
    for (const std::size_t index : best->operations) {
      if (state_->operations[index].method() == wanted) return &state_->operations[index];
    }
    return nullptr;
  };
  const Operation* operation = with_method(method);
  // Whatever answers GET answers HEAD (RFC 9110 section 9.3.2).
  if (operation == nullptr && method == "HEAD") operation = with_method("GET");
  if (operation == nullptr) {
    NoOperation none;
    for (const std::size_t index : best->operations) none.allowed.push_back(state_->operations[index].method());
    return std::unexpected(std::move(none));
  }
  OperationMatch match{operation, {}};
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    if (best->segments[i].is_parameter) match.path_values.push_back({best->segments[i].text, own[i].raw});
  }
  return match;
}

}  // namespace sallyport::validation
