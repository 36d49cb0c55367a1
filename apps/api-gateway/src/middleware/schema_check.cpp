#include "middleware/schema_check.hpp"

#include <algorithm>

#include "refuse.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/forwarding.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/validation/error_text.hpp"
#include "upstream/forwarding.hpp"

namespace sallyport::api_gateway {

using net::http::Framing;
using runtime::Task;
using validation::ValidationErrors;

namespace {

constexpr std::array<std::string_view, kSchemaFaults> kNames = {"path",      "method", "parameters", "media_type",
                                                                "too_large", "syntax", "body",       "overloaded"};
/// What a request may hold without asking the budget: as much as is gathered on any other route.
constexpr std::uint64_t kFreeBytes = 65536;

/// RFC 9110 section 8.4.1: the same as none.
bool is_coded(const net::http::FieldList& fields) noexcept {
  const auto coding = fields.find("content-encoding");
  return coding && (fields.count("content-encoding") > 1 || !iequals(trim_ows(*coding), "identity"));
}

std::string allow_of(const validation::NoOperation& none) {
  std::string allow;
  const auto add = [&](std::string_view method) { allow.append(allow.empty() ? "" : ", ").append(method); };
  const bool says_head = std::ranges::find(none.allowed, "HEAD") != none.allowed.end();
  for (const std::string_view method : none.allowed) {
    add(method);
    if (method == "GET" && !says_head) add("HEAD");
  }
  return allow;
}

/// What the upstream will see: a field that Connection names is not passed on (RFC 9110 section 7.6.1), so that a
/// client cannot have a field checked and then taken away. `kept` holds the rest when there is such a one.
std::span<const net::http::Field> passed_on(const net::http::FieldList& fields, std::vector<net::http::Field>& kept) {
  if (!names_fields(fields)) return {fields.begin(), fields.end()};
  for (const net::http::Field& field : fields) {
    if (!net::http::named_in_connection(fields, field.name)) kept.push_back(field);
  }
  return kept;
}

const SchemaConfig& schema_of(const Exchange& exchange) noexcept {
  return *exchange.lookup.route->schema;
}

}  // namespace

std::string_view name_of(SchemaFault fault) noexcept {
  return kNames[static_cast<std::size_t>(fault)];
}

SchemaMetrics::SchemaMetrics(metrics::Registry& registry, std::span<const RouteConfig* const> routes) {
  routes_.resize(routes.size());
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!routes[i]->schema) continue;
    const char* const mode = routes[i]->schema->mode == SchemaMode::Enforce ? "enforce" : "shadow";
    for (std::size_t fault = 0; fault < kSchemaFaults; ++fault) {
      routes_[i][fault] = registry.counter(
          "gateway_schema_violations_total", "Requests that break their route's schema; refused in mode enforce.",
          {{"route", routes[i]->id}, {"mode", mode}, {"reason", std::string(kNames[fault])}});
    }
  }
}

std::optional<net::Response> SchemaCheck::on_request(Exchange& exchange) {
  const SchemaConfig* const schema = exchange.lookup.route->schema;
  if (schema == nullptr) return std::nullopt;
  auto violation = check_head(exchange, *schema);
  if (!violation && exchange.operation != nullptr) {
    violation = check_size(exchange, *schema);
    if (!violation) {
      if (!exchange.body->complete_without_waiting()) return std::nullopt;
      violation = check_body(exchange, *schema);
    }
  }
  return conclude(exchange, violation);
}

Task<std::optional<net::Response>> SchemaCheck::wait(Exchange& exchange) {
  const SchemaConfig& schema = schema_of(exchange);
  auto gathered = co_await gather(exchange, schema.body_max);
  if (!gathered) {
    const ErrorCode code = gathered.error().code;
    if (code == ErrorCode::Overloaded) co_return conclude(exchange, Violation{SchemaFault::Overloaded});
    // In shadow mode it is the route's own limit that was passed, which is no matter of the schema.
    if (code == ErrorCode::BodyTooLarge && schema.mode == SchemaMode::Enforce) {
      co_return conclude(exchange, Violation{SchemaFault::TooLarge, std::move(gathered.error())});
    }
    co_return refuse_body(exchange, gathered.error());
  }
  if (!exchange.body->complete()) co_return conclude(exchange, Violation{SchemaFault::TooLarge});
  co_return conclude(exchange, check_body(exchange, schema));
}

/// Everything that can be said before the body; sets exchange.operation when there is a body to look into.
std::optional<SchemaCheck::Violation> SchemaCheck::check_head(Exchange& exchange, const SchemaConfig& schema) {
  const auto& request = exchange.request;
  const auto found = schema.document->find(net::http::to_string(request.method),
                                           upstream_path(*exchange.lookup.route->config, exchange.path));
  if (!found) {
    return Violation{found.error().allowed.empty() ? SchemaFault::Path : SchemaFault::Method, found.error()};
  }
  const validation::Operation& operation = *found->operation;
  std::vector<net::http::Field> kept;
  auto parameters = operation.check_parameters(found->path_values, request.has_query ? request.query : "",
                                               passed_on(request.fields, kept));
  if (!parameters) return Violation{SchemaFault::Parameters, std::move(parameters.error())};
  if (exchange.body->has_body()) return check_media_type(exchange, operation);
  auto none = operation.check_body({}, {});
  if (none) return std::nullopt;
  return Violation{SchemaFault::Body, std::get<ValidationErrors>(std::move(none.error()))};
}

std::optional<SchemaCheck::Violation> SchemaCheck::check_media_type(Exchange& exchange,
                                                                    const validation::Operation& operation) {
  if (!operation.takes_body()) {
    ValidationErrors errors;
    errors.push_back({"", "unexpected_body", "no body is taken here"});
    return Violation{SchemaFault::Body, std::move(errors)};
  }
  const auto& fields = exchange.request.fields;
  const std::string_view type = fields.count("content-type") == 1 ? *fields.find("content-type") : std::string_view();
  if (!operation.takes_media_type(type)) return Violation{SchemaFault::MediaType};
  if (!operation.reads_media_type(type)) return std::nullopt;
  if (is_coded(fields)) return Violation{SchemaFault::MediaType, Coded{}};  // would be read as something that it is not
  exchange.operation = &operation;
  return std::nullopt;
}

std::optional<SchemaCheck::Violation> SchemaCheck::check_size(Exchange& exchange, const SchemaConfig& schema) {
  if (schema.mode == SchemaMode::Shadow) {
    const bool too_long =
        exchange.body->framing() == Framing::Length && exchange.request.content_length > schema.body_max;
    return too_long ? std::optional(Violation{SchemaFault::TooLarge}) : std::nullopt;
  }
  const std::uint64_t limit = std::min(exchange.lookup.route->config->body_max, schema.body_max);
  auto limited = exchange.body->set_limit(limit);
  if (limited) return std::nullopt;
  return Violation{SchemaFault::TooLarge, std::move(limited.error())};
}

/// One byte more than `bytes_max` at most: without an error the body is complete, or larger than that.
Task<Result<void>> SchemaCheck::gather(Exchange& exchange, std::uint64_t bytes_max) {
  net::RequestBody& body = *exchange.body;
  for (std::uint64_t step = kFreeBytes;; step *= 2) {
    const std::uint64_t wanted = std::min(step, bytes_max + 1);
    if (wanted > kFreeBytes && !exchange.gathered.grow(budget_, wanted)) {
      co_return fail(ErrorCode::Overloaded, "too much is being gathered");
    }
    auto here = co_await body.prefetch(static_cast<std::size_t>(wanted));
    if (!here || body.complete() || wanted == bytes_max + 1) co_return here;
  }
}

/// The body is here, whole.
std::optional<SchemaCheck::Violation> SchemaCheck::check_body(Exchange& exchange, const SchemaConfig& schema) {
  const auto text = exchange.body->prefetched();
  const auto type = exchange.request.fields.find("content-type");
  auto checked = exchange.operation->check_body(*type, {text.data(), text.size()}, {.bytes_max = schema.body_max});
  if (checked) return std::nullopt;
  validation::BodyFault& fault = checked.error();
  if (auto* malformed = std::get_if<validation::Malformed>(&fault)) return Violation{SchemaFault::Syntax, *malformed};
  if (auto* errors = std::get_if<ValidationErrors>(&fault)) return Violation{SchemaFault::Body, std::move(*errors)};
  return Violation{SchemaFault::MediaType};
}

std::optional<net::Response> SchemaCheck::conclude(Exchange& exchange, const std::optional<Violation>& violation) {
  exchange.operation = nullptr;
  if (!violation) return std::nullopt;
  shard_.add(metrics_.of(exchange.lookup.route->index, violation->fault));
  exchange.schema_violation = name_of(violation->fault);
  if (schema_of(exchange).mode == SchemaMode::Shadow) return std::nullopt;
  return refuse_for(exchange, *violation);
}

net::Response SchemaCheck::refuse_for(const Exchange& exchange, const Violation& violation) {
  if (const auto* errors = std::get_if<ValidationErrors>(&violation.why)) {
    return refuse(exchange, ErrorCode::ValidationFailed, validation::kInvalidDetail,
                  validation::errors_member(*errors));
  }
  if (const auto* malformed = std::get_if<validation::Malformed>(&violation.why)) {
    return refuse(exchange, ErrorCode::MalformedRequest, malformed->why);
  }
  if (const auto* error = std::get_if<Error>(&violation.why)) return refuse_body(exchange, *error);
  if (violation.fault == SchemaFault::Path) return refuse(exchange, ErrorCode::NotFound, "There is nothing here.");
  if (violation.fault == SchemaFault::Method) {
    net::Response response = refuse(exchange, ErrorCode::MethodNotAllowed, "This path does not take the method.");
    response.add("Allow", allow_of(std::get<validation::NoOperation>(violation.why)));
    return response;
  }
  if (violation.fault == SchemaFault::Overloaded) {
    net::Response response =
        refuse(exchange, ErrorCode::Overloaded, "Too many bodies are being read; try again.", R"("retry_after":1)");
    response.add("Retry-After", "1");
    return response;
  }
  if (std::holds_alternative<Coded>(violation.why)) {
    net::Response response = refuse(exchange, ErrorCode::UnsupportedMediaType, "JSON is taken uncompressed only.");
    response.add("Accept-Encoding", "identity");  // RFC 9110 section 15.5.16
    return response;
  }
  return refuse(exchange, ErrorCode::UnsupportedMediaType, "A body of this media type is not taken here.");
}

}  // namespace sallyport::api_gateway
