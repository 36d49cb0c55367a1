#include "http/answers.hpp"

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::auth_service {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  log::append_json_escaped(out, text);
  out.push_back('"');
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  append_string(out, text);
}

void append_member(std::string& out, std::string_view name, const std::optional<std::string>& text) {
  if (text) return append_member(out, name, std::string_view(*text));
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":null");
}

void append_member(std::string& out, std::string_view name, std::chrono::seconds seconds) {
  out.append(",\"").append(name).append("\":").append(fmt::format_int(seconds.count()).c_str());
}

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

net::Response refuse_form(const Exchange& exchange, std::span<const FormError> errors) {
  std::string members = "\"errors\":[";
  for (const FormError& error : errors) {
    if (members.back() != '[') members.push_back(',');
    members.push_back('{');
    append_member(members, "pointer", std::string_view(error.pointer));
    append_member(members, "code", error.code);
    append_member(members, "message", error.message);
    members.push_back('}');
  }
  members.push_back(']');
  return refuse(exchange, ErrorCode::ValidationFailed, "Some parts of the request are not valid; see errors.", members);
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

net::Response private_json(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.fields = "Content-Type: application/json\r\nCache-Control: no-store\r\n";
  response.body = std::move(body);
  return response;
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  response.fields = "Cache-Control: no-store\r\n";
  return response;
}

std::string user_json(const accounts::User& user) {
  std::string out = "{";
  append_member(out, "id", std::string_view(user.id.to_string()));
  append_member(out, "email", std::string_view(user.email));
  append_member(out, "name", user.name);
  append_member(out, "role", accounts::name_of(user.role));
  append_member(out, "status", accounts::name_of(user.status));
  append_member(out, "created_at", std::string_view(format_time(user.created_at)));
  return out.append("}\n");
}

std::string sessions_json(std::span<const accounts::ListedSession> sessions) {
  std::string out = "{\"data\":[";
  for (const accounts::ListedSession& listed : sessions) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('{');
    append_member(out, "id", std::string_view(listed.session.id.to_string()));
    append_member(out, "created_at", std::string_view(format_time(listed.session.created_at)));
    append_member(out, "last_used_at", std::string_view(format_time(listed.session.last_used_at)));
    append_member(out, "expires_at", std::string_view(format_time(listed.session.expires_at)));
    append_member(out, "user_agent", listed.session.user_agent);
    append_member(out, "address", listed.session.address);
    out.append(listed.current ? ",\"current\":true}" : ",\"current\":false}");
  }
  return out.append("]}\n");
}

std::string token_json(const accounts::TokenAnswer& tokens, RefreshTokenIn where) {
  std::string out;
  out.reserve(1024);  // so that no copy of a token is left behind by growing
  out.append("{\"access_token\":\"").append(tokens.access_token.expose()).append("\",\"token_type\":\"Bearer\"");
  append_member(out, "expires_in", tokens.expires_in);
  if (where == RefreshTokenIn::Body) {
    append_member(out, "refresh_token", tokens.refresh_token.expose());
  }
  append_member(out, "refresh_expires_in", tokens.refresh_expires_in);
  return out.append("}\n");
}

std::string format_time(accounts::Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace sallyport::auth_service
