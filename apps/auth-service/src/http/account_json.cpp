#include "http/account_json.hpp"

#include "sallyport/service/json_text.hpp"

namespace sallyport::auth_service {

using service::append_member;

std::string user_json(const accounts::User& user) {
  std::string out = "{";
  append_member(out, "id", user.id.to_string());
  append_member(out, "email", user.email);
  append_member(out, "name", user.name);
  append_member(out, "role", accounts::name_of(user.role));
  append_member(out, "status", accounts::name_of(user.status));
  append_member(out, "created_at", user.created_at);
  return out.append("}\n");
}

std::string sessions_json(std::span<const accounts::ListedSession> sessions) {
  std::string out = "{\"data\":[";
  for (const accounts::ListedSession& listed : sessions) {
    out.append(out.ends_with('[') ? "{" : ",{");
    append_member(out, "id", listed.session.id.to_string());
    append_member(out, "created_at", listed.session.created_at);
    append_member(out, "last_used_at", listed.session.last_used_at);
    append_member(out, "expires_at", listed.session.expires_at);
    append_member(out, "user_agent", listed.session.user_agent);
    append_member(out, "address", listed.session.address);
    append_member(out, "current", listed.current);
    out.push_back('}');
  }
  return out.append("]}\n");
}

std::string token_json(const accounts::TokenAnswer& tokens, RefreshTokenIn where) {
  std::string out;
  out.reserve(1024);  // so that no copy of a token is left behind by growing
  out.append("{\"access_token\":\"").append(tokens.access_token.expose()).append("\",\"token_type\":\"Bearer\"");
  append_member(out, "expires_in", tokens.expires_in);
  if (where == RefreshTokenIn::Body) append_member(out, "refresh_token", tokens.refresh_token.expose());
  append_member(out, "refresh_expires_in", tokens.refresh_expires_in);
  return out.append("}\n");
}

}  // namespace sallyport::auth_service
