#include "http/body.hpp"

#include "http/answers.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/request_body.hpp"

namespace sallyport::auth_service {
namespace {

net::Response refuse_body(const Exchange& exchange, const Error& error) {
  std::string_view detail = "The framing of the body is broken.";
  if (error.code == ErrorCode::BodyTooLarge) detail = "The body is larger than 16384 bytes.";
  if (error.code == ErrorCode::RequestTimeout) detail = "The body arrived too slowly.";
  net::Response response = refuse(exchange, error.code, detail);
  response.close = true;
  return response;
}

}  // namespace

bool declares_json(const Exchange& exchange) noexcept {
  const auto& fields = exchange.request.fields;
  if (fields.count("content-type") != 1) return false;
  const std::string_view value = *fields.find("content-type");
  const std::size_t semicolon = value.find(';');
  if (!iequals(trim_ows(value.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameter = trim_ows(value.substr(semicolon + 1));
  return iequals(parameter, "charset=utf-8") || iequals(parameter, "charset=\"utf-8\"");
}

runtime::Task<std::expected<Form, net::Response>> receive_form(Exchange& exchange, std::span<const FormField> fields,
                                                               EmptyBody empty) {
  if (!declares_json(exchange)) {
    co_return std::unexpected(
        refuse(exchange, ErrorCode::UnsupportedMediaType, "This route takes application/json and nothing else."));
  }
  net::RequestBody& body = *exchange.body;
  auto taken = body.set_limit(kBodyBytesMax);
  // One byte more than the limit allows: only the end of the body or an error ends this.
  if (taken && !body.complete_without_waiting()) taken = co_await body.prefetch(kBodyBytesMax + 1);
  if (!taken) co_return std::unexpected(refuse_body(exchange, taken.error()));
  const std::string_view text(body.prefetched().data(), body.prefetched().size());
  if (text.empty() && empty == EmptyBody::IsNoMember) co_return Form();
  auto form = read_form(text, fields);
  if (form) co_return *std::move(form);
  if (const auto* malformed = std::get_if<MalformedJson>(&form.error())) {
    co_return std::unexpected(refuse(exchange, ErrorCode::MalformedRequest, malformed->why));
  }
  co_return std::unexpected(refuse_form(exchange, std::get<std::vector<FormError>>(form.error())));
}

}  // namespace sallyport::auth_service
