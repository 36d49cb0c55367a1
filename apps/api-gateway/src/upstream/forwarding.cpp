#include "upstream/forwarding.hpp"

#include <charconv>

#include "middleware/cors.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/forwarding.hpp"

namespace sallyport::api_gateway {

using net::http::Field;
using net::http::FieldList;

namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ", 2).append(value).append("\r\n", 2);
}

template <class Number>
void append_number(std::string& out, std::string_view name, Number value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  append_field(out, name, {digits, static_cast<std::size_t>(end - digits)});
}

/// Fields of a request that are the gateway's to say, whoever sent them.
bool said_by_gateway(std::string_view name) noexcept {
  switch (name.size()) {
    case 3:
      return iequals(name, "via");
    case 4:
      return iequals(name, "host");
    case 6:
      return iequals(name, "expect");
    case 9:
      return iequals(name, "forwarded") || iequals(name, "x-real-ip");
    case 11:
      return iequals(name, "traceparent");
    case 12:
      return iequals(name, "x-request-id");
    case 14:
      return iequals(name, "content-length");
    case 15:
      return iequals(name, "x-retry-attempt") || iequals(name, "x-forwarded-for");
    case 20:
      return iequals(name, "x-request-timeout-ms");
    default:
      return name.size() > 12 && iequals(name.substr(0, 12), "x-forwarded-");
  }
}

/// Fields of an answer that stay inside, or that the gateway sets.
bool stays_inside(std::string_view name) noexcept {
  switch (name.size()) {
    case 6:
      return iequals(name, "server");
    case 9:
      return iequals(name, "ratelimit");
    case 12:
      return iequals(name, "x-powered-by") || iequals(name, "x-request-id");
    case 14:
      return iequals(name, "content-length");
    case 16:
      return iequals(name, "ratelimit-policy") || iequals(name, "x-aspnet-version");
    case 17:
      return iequals(name, "x-ratelimit-limit") || iequals(name, "x-ratelimit-reset");
    case 21:
      return iequals(name, "x-ratelimit-remaining");
    case 22:
      return iequals(name, "x-content-type-options");
    default:
      return false;
  }
}

std::uint8_t own_field(std::string_view name) noexcept {
  switch (name.size()) {
    case 4:
      return iequals(name, "date") ? net::kOwnDate : 0;
    case 15:
      if (iequals(name, "x-frame-options")) return net::kOwnFrameOptions;
      return iequals(name, "referrer-policy") ? net::kOwnReferrerPolicy : 0;
    case 18:
      return iequals(name, "permissions-policy") ? net::kOwnPermissionsPolicy : 0;
    case 23:
      return iequals(name, "content-security-policy") ? net::kOwnContentSecurityPolicy : 0;
    case 28:
      return iequals(name, "cross-origin-resource-policy") ? net::kOwnResourcePolicy : 0;
    default:
      return 0;
  }
}

}  // namespace

bool names_fields(const FieldList& fields) noexcept {
  for (const Field& field : fields) {
    if (iequals(field.name, "connection") && !iequals(field.value, "close") && !iequals(field.value, "keep-alive"))
      return true;
  }
  return false;
}

void write_upstream_head(std::string& out, const Exchange& exchange, std::string_view path, const OutgoingBody& body,
                         std::chrono::nanoseconds left) {
  const auto& request = exchange.request;
  out.clear();
  out.append(request.method_text).append(" ", 1).append(path);
  if (request.has_query) out.append("?", 1).append(request.query);
  out.append(" HTTP/1.1\r\nHost: ").append(request.host).append("\r\n", 2);
  const bool named = names_fields(request.fields);
  for (const Field& field : request.fields) {
    if (net::http::is_hop_by_hop(field.name) || said_by_gateway(field.name)) continue;
    if (named && net::http::named_in_connection(request.fields, field.name)) continue;
    append_field(out, field.name, field.value);
  }
  append_field(out, "X-Forwarded-For", exchange.client_text);
  append_field(out, "X-Forwarded-Proto", exchange.client_proto);
  append_field(out, "X-Forwarded-Host", request.host);
  out.append("Via: ").append(request.version == net::http::Version::Http11 ? "1.1" : "1.0").append(" sallyport\r\n");
  append_field(out, "X-Request-Id", exchange.request_id());
  out.append("traceparent: ");
  exchange.trace.append_traceparent(out);
  out.append("\r\n", 2);
  const auto left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  append_number(out, "X-Request-Timeout-Ms",
                std::max<std::int64_t>(1, left_ms - std::max<std::int64_t>(2, left_ms / 100)));
  if (body.present && !body.length) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (body.present) {
    append_number(out, "Content-Length", *body.length);
  }
  out.append("\r\n", 2);
}

void copy_answer_fields(net::Response& response, const net::http::ResponseHead& head, bool without_cors) {
  response.fields.reserve(512);
  const bool named = names_fields(head.fields);
  for (const Field& field : head.fields) {
    if (net::http::is_hop_by_hop(field.name) || stays_inside(field.name)) continue;
    if (named && net::http::named_in_connection(head.fields, field.name)) continue;
    if (without_cors && is_cors_response_field(field.name)) continue;
    response.own_fields |= own_field(field.name);
    append_field(response.fields, field.name, field.value);
  }
}

}  // namespace sallyport::api_gateway
