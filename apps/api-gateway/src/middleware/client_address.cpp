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

/// One hop of a forwarding field.
struct Hop {
  IpAddress address;
  std::optional<ForwardedProto> proto;
};

std::string_view unquoted(std::string_view value) noexcept {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::optional<ForwardedProto> parse_proto(std::string_view value) noexcept {
  if (iequals(value, "https")) return ForwardedProto::Https;
  if (iequals(value, "http")) return ForwardedProto::Http;
  return std::nullopt;
}

/// One forwarded-element (RFC 7239 section 4): exactly one `for`, a token or a quoted string. A `proto` that is
/// repeated or neither http nor https says nothing.
std::optional<Hop> parse_forwarded_element(std::string_view element) noexcept {
  std::optional<std::string_view> node;
  std::optional<std::string_view> proto;
  while (!element.empty()) {
    const std::string_view pair = trim_ows(take_last(element, ';', true));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value = unquoted(pair.substr(equals + 1));
    if (iequals(name, "for")) {
      if (node) return std::nullopt;
      node = value;
    } else if (iequals(name, "proto")) {
      proto = proto ? std::string_view() : value;
    }
  }
  const auto address = node ? IpAddress::parse_with_port(*node) : std::nullopt;
  if (!address) return std::nullopt;
  return Hop{*address, proto ? parse_proto(*proto) : std::nullopt};
}

std::optional<Hop> parse_hop(std::string_view text, ForwardedHeader header) noexcept {
  if (header == ForwardedHeader::Forwarded) return parse_forwarded_element(text);
  const auto address = IpAddress::parse_with_port(text);
  return address ? std::optional(Hop{*address, std::nullopt}) : std::nullopt;
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
    const auto named = seen == kForwardedHopsMax ? std::nullopt : parse_hop(*hop, header);
    if (!named) {
      out.vouched = false;
      return out;
    }
    out.client = named->address;
    out.proto = named->proto;
    if (!in_blocks(named->address, trusted)) return out;
  }
}

bool has_internal_access(const ClientAddress& address, std::span<const Cidr> internal_access) noexcept {
  return address.vouched && in_blocks(address.peer, internal_access) && in_blocks(address.client, internal_access);
}

}  // namespace sallyport::api_gateway
