#include "sallyport/service/answers.hpp"

#include "sallyport/validation/error_text.hpp"

namespace sallyport::service {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

std::string_view challenge_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidToken:
      return "Bearer error=\"invalid_token\", error_description=\"The access token is not valid\"";
    case ErrorCode::TokenExpired:
      return "Bearer error=\"invalid_token\", error_description=\"The access token has expired\"";
    case ErrorCode::TokenRevoked:
      return "Bearer error=\"invalid_token\", error_description=\"The access token has been revoked\"";
    default:
      return "Bearer";
  }
}

}  // namespace

net::Response refuse(const Exchange& exchange, ErrorCode code, std::string_view detail, std::string_view members) {
  net::Response response = net::problem(
      code, {.detail = detail, .instance = exchange.path, .request_id = exchange.request_id, .members = members});
  if (response.status == 401) response.add("WWW-Authenticate", challenge_of(code));
  return response;
}

net::Response refuse_for_now(const Exchange& exchange, ErrorCode code, std::string_view detail,
                             std::chrono::seconds retry_after) {
  const std::string seconds = std::to_string(retry_after.count());
  net::Response response = refuse(exchange, code, detail, "\"retry_after\":" + seconds);
  response.add("Retry-After", seconds);
  return response;
}

void detail::append_error(std::string& list, std::string_view pointer, std::string_view code,
                          std::string_view message) {
  validation::append_error(list, pointer, code, message);
}

net::Response detail::refuse_with_errors(const Exchange& exchange, std::string_view list) {
  return refuse(exchange, ErrorCode::ValidationFailed, validation::kInvalidDetail, validation::errors_member(list));
}

net::Response refuse_invalid(const Exchange& exchange, const FieldError& error) {
  return refuse_invalid(exchange, std::views::single(error));
}

net::Response unavailable(const Exchange& exchange, const Error& error) {
  if (error.code == ErrorCode::Overloaded) {
    return refuse_for_now(exchange, error.code, "There is too much to do; try again.", kRetryAfter);
  }
  if (error.code == ErrorCode::ServiceUnavailable) {
    return refuse_for_now(exchange, error.code, "This cannot be done now; try again.", kRetryAfter);
  }
  return refuse(exchange, ErrorCode::InternalError, "The request could not be completed.");
}

net::Response json(int status, std::string body, std::string_view cache_control) {
  net::Response response;
  response.status = status;
  response.add("Content-Type", "application/json");
  response.add("Cache-Control", cache_control);
  response.body = std::move(body);
  return response;
}

net::Response private_json(int status, std::string body) {
  return json(status, std::move(body), "no-store");
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  response.add("Cache-Control", "no-store");
  return response;
}

}  // namespace sallyport::service
