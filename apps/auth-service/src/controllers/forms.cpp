#include "controllers/forms.hpp"

#include <string>

namespace sallyport::auth_service {

namespace json = boost::json;

namespace {

std::string text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

std::string text_in(const json::value& body, std::string_view name) {
  return text_of(body.as_object().at(name));
}

Secret<std::string> secret_in(const json::value& body, std::string_view name) {
  return Secret<std::string>(text_in(body, name));
}

}  // namespace

accounts::Registration registration_in(const json::value& body) {
  accounts::Registration form{text_in(body, "email"), secret_in(body, "password"), std::nullopt};
  if (const json::value* name = body.as_object().if_contains("name")) form.name = text_of(*name);
  return form;
}

accounts::Login login_in(const json::value& body) {
  return {text_in(body, "email"), secret_in(body, "password"), std::nullopt};
}

accounts::NewPassword new_password_in(const json::value& body, accounts::UserId user, accounts::SessionId session) {
  return {user, session, secret_in(body, "current_password"), secret_in(body, "new_password")};
}

std::optional<Secret<std::string>> refresh_token_in(const json::value& body) {
  if (!body.is_object() || !body.get_object().contains("refresh_token")) return std::nullopt;
  return secret_in(body, "refresh_token");
}

}  // namespace sallyport::auth_service
