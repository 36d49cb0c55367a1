#pragma once

#include <string_view>

#include "exchange.hpp"
#include "sallyport/net/problem.hpp"

namespace sallyport::api_gateway {

/// What this server takes at all, as the value of Allow (RFC 9110 section 10.2.1).
inline constexpr std::string_view kServerMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY";

/// A problem document about this exchange. `detail` goes to the client; `members` is further complete JSON.
inline net::Response refuse(const Exchange& exchange, ErrorCode code, std::string_view detail,
                            std::string_view members = {}) {
  return net::problem(
      code, {.detail = detail, .instance = exchange.path, .request_id = exchange.request_id(), .members = members});
}

/// What a client is told when its body could not be taken. The connection closes.
inline net::Response refuse_body(const Exchange& exchange, const Error& error) {
  std::string_view detail = "The body could not be read.";
  if (error.code == ErrorCode::BodyTooLarge) detail = "The body is larger than this route takes.";
  if (error.code == ErrorCode::RequestTimeout) detail = "The body arrived too slowly.";
  if (error.code == ErrorCode::MalformedRequest) detail = "The framing of the body is broken.";
  net::Response response = refuse(exchange, error.code, detail);
  response.close = true;
  return response;
}

}  // namespace sallyport::api_gateway
