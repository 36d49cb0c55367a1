#include "http/request_target.hpp"

#include <algorithm>

#include "http/chars.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::net::http::detail {
namespace {

void split_query(std::string_view text, RequestHead& head) noexcept {
  const std::size_t mark = text.find('?');
  head.path = text.substr(0, mark);
  head.has_query = mark != std::string_view::npos;
  head.query = head.has_query ? text.substr(mark + 1) : std::string_view();
}

}  // namespace

RejectReason check_target_characters(std::string_view target) noexcept {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (is(c, kTarget) || c == '?') continue;
    if (c != '%') return RejectReason::TargetCharacter;
    if (target.size() - i < 3) return RejectReason::TargetEncoding;
    const int high = hex_value(target[i + 1]);
    const int low = hex_value(target[i + 2]);
    if (high < 0 || low < 0) return RejectReason::TargetEncoding;
    // NUL, LF and CR end strings and lines in what decodes them behind us.
    const int value = high * 16 + low;
    if (value == 0 || value == '\n' || value == '\r') return RejectReason::TargetEncoding;
    i += 2;
  }
  return RejectReason::None;
}

RejectReason split_target(RequestHead& head, TargetAuthority& authority) noexcept {
  const std::string_view target = head.target;
  if (target.front() == '/') {
    split_query(target, head);
    return RejectReason::None;
  }
  if (target == "*") {
    head.path = target;
    return head.method == Method::Options ? RejectReason::None : RejectReason::TargetSyntax;
  }
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  std::string_view rest;
  if (iequals(target.substr(0, kHttp.size()), kHttp)) {
    rest = target.substr(kHttp.size());
  } else if (iequals(target.substr(0, kHttps.size()), kHttps)) {
    rest = target.substr(kHttps.size());
    authority.default_port = 443;
  } else {
    return RejectReason::TargetSyntax;
  }
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  head.host = rest.substr(0, authority_end);
  if (!parse_authority(head.host)) return RejectReason::TargetSyntax;
  authority.present = true;
  split_query(rest.substr(authority_end), head);
  // RFC 9112 3.2.4: OPTIONS for a URI without path and query is OPTIONS *. Elsewhere an empty path is the root.
  if (head.path.empty()) head.path = head.method == Method::Options && !head.has_query ? "*" : "/";
  return RejectReason::None;
}

}  // namespace sallyport::net::http::detail
