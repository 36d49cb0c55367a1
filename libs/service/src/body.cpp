#include "sallyport/service/body.hpp"

#include <fmt/format.h>

#include "sallyport/core/ascii.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::service {
namespace {

net::Response refuse_body(const Exchange& exchange, const Error& error, std::size_t bytes_max) {
  std::string detail = "The framing of the body is broken.";
  if (error.code == ErrorCode::BodyTooLarge) detail = fmt::format("The body is larger than {} bytes.", bytes_max);
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

runtime::Task<std::expected<std::string_view, net::Response>> receive_json_text(Exchange& exchange,
                                                                                std::size_t bytes_max) {
  if (!declares_json(exchange)) {
    co_return std::unexpected(
        refuse(exchange, ErrorCode::UnsupportedMediaType, "This route takes application/json and nothing else."));
  }
  net::RequestBody& body = *exchange.body;
  auto taken = body.set_limit(bytes_max);
  // One byte more than the limit allows: only the end of the body or an error ends this.
  if (taken && !body.complete_without_waiting()) taken = co_await body.prefetch(bytes_max + 1);
  if (!taken) co_return std::unexpected(refuse_body(exchange, taken.error(), bytes_max));
  co_return std::string_view(body.prefetched().data(), body.prefetched().size());
}

}  // namespace sallyport::service
