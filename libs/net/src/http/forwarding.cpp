#include "sallyport/net/http/forwarding.hpp"

#include <array>

#include "http/framing_fields.hpp"
#include "sallyport/core/ascii.hpp"

namespace sallyport::net::http {
namespace {

bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
  return name.size() >= prefix.size() && iequals(name.substr(0, prefix.size()), prefix);
}

}  // namespace

bool is_hop_by_hop(std::string_view name) noexcept {
  switch (name.size()) {
    case 2:
      return iequals(name, "te");
    case 7:
      return iequals(name, "upgrade") || iequals(name, "trailer");
    case 10:
      return iequals(name, "connection") || iequals(name, "keep-alive");
    case 14:
      return iequals(name, "http2-settings");
    case 16:
      return iequals(name, "proxy-connection");
    case 17:
      return iequals(name, "transfer-encoding");
    case 18:
      return iequals(name, "proxy-authenticate");
    case 19:
      return iequals(name, "proxy-authorization");
    case 25:
      return iequals(name, "proxy-authentication-info");
    default:
      return false;
  }
}

bool named_in_connection(const FieldList& fields, std::string_view name) noexcept {
  for (const Field& field : fields) {
    if (!iequals(field.name, "connection")) continue;
    std::string_view rest = field.value;
    while (rest.data() != nullptr) {
      if (iequals(detail::take_element(rest), name)) return true;
    }
  }
  return false;
}

bool is_protected_from_connection(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 22> kNames = {"host",
                                                       "authorization",
                                                       "cookie",
                                                       "date",
                                                       "transfer-encoding",
                                                       "expect",
                                                       "forwarded",
                                                       "via",
                                                       "origin",
                                                       "referer",
                                                       "user-agent",
                                                       "accept",
                                                       "range",
                                                       "max-forwards",
                                                       "cache-control",
                                                       "set-cookie",
                                                       "location",
                                                       "traceparent",
                                                       "tracestate",
                                                       "baggage",
                                                       "idempotency-key",
                                                       "www-authenticate"};
  for (const std::string_view protected_name : kNames) {
    if (iequals(name, protected_name)) return true;
  }
  return has_prefix(name, "content-") || has_prefix(name, "if-") || has_prefix(name, "sec-") ||
         has_prefix(name, "x-") || has_prefix(name, "access-control-");
}

}  // namespace sallyport::net::http
