#include "sql/conninfo.hpp"

#include <algorithm>

namespace sallyport::storage::sql {
namespace {

void append(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += out.ends_with('?') ? "" : "&";
  out += name;
  out += '=';
  for (const char c : value) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xfU];
  }
}

void append_setting(std::string& out, std::string_view name, std::chrono::milliseconds limit) {
  out += " -c " + std::string(name) + "=" + std::to_string(limit.count());
}

}  // namespace

std::string make_conninfo(const DatabaseUrl& url, const SqlLimits& limits) {
  std::string out = "postgresql:///?";
  std::string settings;
  for (const auto& [name, value] : url.parameters) {
    if (name == "options") {
      settings = value;
    } else if (name != "connect_timeout" && name != "client_encoding") {
      append(out, name, value);
    }
  }
  append_setting(settings, "statement_timeout", limits.statement);
  append_setting(settings, "lock_timeout", limits.lock);
  append_setting(settings, "idle_in_transaction_session_timeout", limits.idle_in_transaction);
  append(out, "options", settings);
  append(out, "client_encoding", "UTF8");
  // libpq takes whole seconds, and 1 as 2.
  const auto connect = std::chrono::ceil<std::chrono::seconds>(limits.connect);
  append(out, "connect_timeout", std::to_string(std::max<std::int64_t>(connect.count(), 2)));
  // With Kerberos tickets around, libpq would take GSS encryption instead of the TLS that sslmode asks for.
  append(out, "gssencmode", "disable");
  const auto append_default = [&](std::string_view name, std::string_view value) {
    if (url.parameter(name).empty()) append(out, name, value);
  };
  append_default("application_name", "sallyport");
  append_default("sslmode", url.is_local() || limits.allow_plaintext ? "prefer" : "verify-full");
  // A peer that vanished without a word is noticed in about ten seconds.
  append_default("keepalives_idle", "5");
  append_default("keepalives_interval", "2");
  append_default("keepalives_count", "3");
  append_default("tcp_user_timeout", "5000");
  if (!url.password.empty()) append(out, "password", url.password.expose());
  return out;
}

}  // namespace sallyport::storage::sql
