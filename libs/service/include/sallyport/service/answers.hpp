#pragma once

#include <chrono>
#include <ranges>
#include <string>
#include <string_view>

#include "sallyport/net/problem.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::service {

/// One thing that is wrong with what a client sent.
struct FieldError {
  std::string pointer;    ///< into the body, RFC 6901; empty: the whole, or not the body
  std::string_view code;  ///< stable: "required", "type", "unknown_field", "format", …; a literal
  std::string message;    ///< for the client, one clause: "must be a string"
};

/// A problem document about this exchange. detail goes to the client; members is further complete JSON. A 401
/// challenges for a bearer token (RFC 9110 section 15.5.2).
net::Response refuse(const Exchange& exchange, ErrorCode code, std::string_view detail, std::string_view members = {});
/// The same with Retry-After and the member retry_after.
net::Response refuse_for_now(const Exchange& exchange, ErrorCode code, std::string_view detail,
                             std::chrono::seconds retry_after);
namespace detail {
void append_error(std::string& list, std::string_view pointer, std::string_view code, std::string_view message);
net::Response refuse_with_errors(const Exchange& exchange, std::string_view list);
}  // namespace detail

/// 422 validation_failed with all that is wrong: FieldErrors, or whatever else has a pointer, a code and a message.
template <std::ranges::input_range Errors>
net::Response refuse_invalid(const Exchange& exchange, const Errors& errors) {
  std::string list;
  for (const auto& error : errors) detail::append_error(list, error.pointer, error.code, error.message);
  return detail::refuse_with_errors(exchange, list);
}
net::Response refuse_invalid(const Exchange& exchange, const FieldError& error);
/// For what went wrong on our side: 503 with Retry-After, or 500. Nothing of the error's detail is told.
net::Response unavailable(const Exchange& exchange, const Error& error);

net::Response json(int status, std::string body, std::string_view cache_control);
/// An answer for one user only: Cache-Control: no-store.
net::Response private_json(int status, std::string body);
net::Response no_content();

}  // namespace sallyport::service
