#include "middleware/client_address.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "sallyport/core/ascii.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Field;

constexpr std::string_view field_name(ForwardedHeader header) noexcept {
  return header == ForwardedHeader::Forwarded ? "forwarded" : "x-forwarded-for";
}

bool in_blocks(const IpAddress& address, std::span<const Cidr> blocks) noexcept {
  return std::any_of(blocks.begin(), blocks.end(), [&](const Cidr& block) { return block.contains(address); });
}

/// Whether the quote at `at` is the second half of a quoted pair (RFC 9110 section 5.6.4).
bool is_escaped(std::string_view text, std::size_t at) noexcept {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

/// Takes the last part of `text`, as divided by `separator` outside of quoted strings. Reading from the right, what our
/// own proxy has appended is read before anything the client wrote: a quote left open by the client cannot swallow it.
std::string_view take_last(std::string_view& text, char separator, bool quotes) noexcept {
  bool inside = false;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (quotes && text[i] == '"' && !(inside && is_escaped(text, i))) inside = !inside;
    if (inside || text[i] != separator) continue;
    const std::string_view part = text.substr(i + 1);
    text = text.substr(0, i);
    return part;
  }
  const std::string_view part = text;
  text = {};
  return part;
}

/// The node of one forwarded-element (RFC 7239 section 4): exactly one `for`, a token or a quoted string.
std::optional<IpAddress> parse_forwarded_element(std::string_view element) noexcept {
  std::optional<std::string_view> node;
  while (!element.empty()) {
    const std::string_view pair = trim_ows(take_last(element, ';', true));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !iequals(pair.substr(0, equals), "for")) continue;
    if (node) return std::nullopt;
    node = pair.substr(equals + 1);
  }
  if (!node) return std::nullopt;
  if (node->size() >= 2 && node->front() == '"' && node->back() == '"') {
    node->remove_prefix(1);
    node->remove_suffix(1);
  }
  return IpAddress::parse_with_port(*node);
}

/// Yields the hops of all lines from the right. Empty list members are none (RFC 9110 section 5.6.1.2).
class Hops {
 public:
  Hops(const net::http::FieldList& fields, ForwardedHeader header) noexcept
      : begin_(fields.begin()), next_line_(fields.end()), header_(header) {}

  std::optional<std::string_view> next() noexcept {
    for (;;) {
      while (!rest_.empty()) {
        const auto hop = trim_ows(take_last(rest_, ',', header_ == ForwardedHeader::Forwarded));
        if (!hop.empty()) return hop;
      }
      do {
        if (next_line_ == begin_) return std::nullopt;
        --next_line_;
      } while (!iequals(next_line_->name, field_name(header_)));
      rest_ = next_line_->value;
    }
  }

 private:
  const Field* begin_;
  const Field* next_line_;
  ForwardedHeader header_;
  std::string_view rest_;
};

}  // namespace

ClientAddress find_client(const IpAddress& peer, const net::http::FieldList& fields, std::span<const Cidr> trusted,
                          ForwardedHeader header) noexcept {
  ClientAddress out{.peer = peer, .client = peer};
  out.peer_trusted = in_blocks(peer, trusted);
  if (!out.peer_trusted) {
    out.ignored_forwarding = fields.count(field_name(header)) != 0;
    return out;
  }
  Hops hops(fields, header);
  for (std::size_t seen = 0;; ++seen) {
    const auto hop = hops.next();
    if (!hop) {
      out.vouched = seen != 0;
      return out;
    }
    const auto address = seen == kForwardedHopsMax              ? std::nullopt
                         : header == ForwardedHeader::Forwarded ? parse_forwarded_element(*hop)
                                                                : IpAddress::parse_with_port(*hop);
    if (!address) {
      out.vouched = false;
      return out;
    }
    out.client = *address;
    if (!in_blocks(*address, trusted)) return out;
  }
}

bool has_internal_access(const ClientAddress& address, std::span<const Cidr> internal_access) noexcept {
  return address.vouched && in_blocks(address.peer, internal_access) && in_blocks(address.client, internal_access);
}

}  // namespace sallyport::api_gateway
