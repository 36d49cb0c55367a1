#include "pages/pages.hpp"

#include <charconv>
#include <memory>

#include "pages/assets.hpp"
#include "pages/html.hpp"
#include "pages/problem_guide.hpp"
#include "pages/static_source.hpp"
#include "refuse.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

constexpr std::string_view kPlainPolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// Redoc makes its styles at run time and searches in a worker that it builds from a blob. It draws little pictures from
// data: addresses; one that it would fetch from its makers' site is what img-src keeps it from.
constexpr std::string_view kReferencePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kForAnHour = "public, max-age=3600";
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";

/// What stands behind a folder of ours: "" for the folder itself; nullopt: the path is not in it.
std::optional<std::string_view> below(std::string_view path, std::string_view folder) noexcept {
  if (!path.starts_with(folder)) return std::nullopt;
  path.remove_prefix(folder.size());
  if (path.empty()) return path;
  if (!path.starts_with('/')) return std::nullopt;
  return path.substr(1);
}

/// Whether a weight (RFC 9110 section 12.4.2) says no: q=0, q=0.0, …
bool is_refused(std::string_view parameters) noexcept {
  const std::size_t equals = parameters.find('=');
  if (equals == std::string_view::npos || !iequals(trim_ows(parameters.substr(0, equals)), "q")) return false;
  return trim_ows(parameters.substr(equals + 1)).find_first_not_of("0.") == std::string_view::npos;
}

/// Whether Accept-Encoding takes gzip by name. Not said, or said by `*` only: it is sent as it is.
bool takes_gzip(const net::http::FieldList& fields) noexcept {
  if (fields.count("accept-encoding") != 1) return false;
  for (std::string_view rest = *fields.find("accept-encoding"); !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    if (!iequals(trim_ows(item.substr(0, semicolon)), "gzip")) continue;
    return semicolon == item.size() || !is_refused(item.substr(semicolon + 1));
  }
  return false;
}

std::string_view asset(std::string_view name) noexcept {
  for (const EmbeddedFile& file : embedded_assets()) {
    if (file.name == name) return file.bytes;
  }
  return {};
}

net::Response described(std::string_view type, std::string_view policy, std::string_view cache_control) {
  net::Response response;
  response.add("Content-Type", type);
  response.add("Cache-Control", cache_control);
  response.add("Content-Security-Policy", policy);
  response.own_fields = net::kOwnContentSecurityPolicy;
  return response;
}

net::Response page(std::string html, std::string_view policy) {
  net::Response response = described(kHtml, policy, kForAnHour);
  response.body = std::move(html);
  return response;
}

/// Bytes of the executable, which are not copied.
net::Response file(const Exchange& exchange, std::string_view bytes, std::string_view type,
                   std::string_view cache_control) {
  net::Response response = described(type, kPlainPolicy, cache_control);
  response.length = bytes.size();
  if (exchange.request.method != Method::Head) response.body = std::make_unique<StaticSource>(bytes);
  return response;
}

net::Response redoc(const Exchange& exchange) {
  const bool packed = takes_gzip(exchange.request.fields);
  net::Response response =
      file(exchange, asset(packed ? "redoc.js.gz" : "redoc.js"), "text/javascript; charset=utf-8", kForEver);
  if (packed) response.add("Content-Encoding", "gzip");
  response.add("Vary", "Accept-Encoding");
  return response;
}

std::optional<net::Response> docs(const Exchange& exchange, std::string_view rest) {
  if (rest.empty()) return page(reference_html(openapi::document_names().front()), kReferencePolicy);
  if (openapi::find_document(rest)) return page(reference_html(rest), kReferencePolicy);
  if (exchange.match_key == redoc_path()) return redoc(exchange);
  if (rest == "assets/pages.css") return file(exchange, asset("pages.css"), "text/css; charset=utf-8", kForAnHour);
  if (rest == "assets/reference.js") {
    return file(exchange, asset("reference.js"), "text/javascript; charset=utf-8", kForAnHour);
  }
  if (rest == "assets/redoc.txt") return file(exchange, asset("redoc.txt"), "text/plain; charset=utf-8", kForAnHour);
  return std::nullopt;
}

std::optional<net::Response> contract(const Exchange& exchange, std::string_view rest) {
  constexpr std::string_view kEnding = ".yaml";
  if (!rest.ends_with(kEnding)) return std::nullopt;
  rest.remove_suffix(kEnding.size());
  const auto document = openapi::find_document(rest);
  if (!document) return std::nullopt;
  return file(exchange, *document, "application/yaml", kForAnHour);  // RFC 9512
}

std::optional<net::Response> problems(std::string_view rest) {
  if (rest.empty()) return page(problem_index_html(), kPlainPolicy);
  if (const auto code = find_error_code(rest)) return page(problem_html(*code), kPlainPolicy);
  return std::nullopt;
}

/// What a path shows, whatever the method. outer nullopt: the path is none of ours; inner: there is nothing.
std::optional<std::optional<net::Response>> look_up(const Exchange& exchange) {
  const std::string_view path = exchange.match_key;
  if (const auto rest = below(path, "/docs")) return docs(exchange, *rest);
  if (const auto rest = below(path, "/openapi")) return contract(exchange, *rest);
  if (const auto rest = below(path, "/problems")) return problems(*rest);
  return std::nullopt;
}

}  // namespace

std::optional<net::Response> Pages::on_request(Exchange& exchange) {
  if (docs_ == Docs::Off) return std::nullopt;
  auto found = look_up(exchange);
  if (!found) return std::nullopt;
  if (!*found) return refuse(exchange, ErrorCode::NotFound, "There is no such page.");
  const Method method = exchange.request.method;
  if (method != Method::Get && method != Method::Head) {
    net::Response response = refuse(exchange, ErrorCode::MethodNotAllowed, "This page does not take the method.");
    response.add("Allow", "GET, HEAD");
    return response;
  }
  return **std::move(found);
}

}  // namespace sallyport::api_gateway
