#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/core/ip_address.hpp"
#include "sallyport/rate_limit/policy.hpp"

namespace sallyport::rate_limit {

/// What all limiters of a deployment must agree on, or they would count apart.
struct LimitSettings {
  std::string key_prefix = "sp:";  ///< of every store key; at most 32 bytes, without braces
  unsigned ipv6_prefix = 64;       ///< bits of an IPv6 address that tell clients apart, 1…128
  std::int64_t instances = 1;      ///< gateways that share the limits; ≥ 1
};

// A store key is head, identity and tail:
// "<prefix>rl:{" "<identity>" "}:<policy>[:<route id>]:<algorithm>:<window in ms>".

std::string key_head(const LimitSettings& settings);
/// route: as encode_route_id() writes it; it stands in the tail of policies that count each route alone.
std::string key_tail(const Policy& policy, std::string_view route);
/// Whether the route stands in the policy's tail.
bool counts_each_route(const Policy& policy) noexcept;

/// A route id as it stands in store keys: bytes outside [A-Za-z0-9_/.*-] percent-encoded; at most 48 bytes, a longer
/// one ends in '~' and a hash of the whole.
std::string encode_route_id(std::string_view route_id);

/// The identity of an address, "ip:" and its canonical text; of IPv6 only the first bits count.
void append_address_identity(std::string& out, const IpAddress& address, unsigned ipv6_prefix);

/// The identity of a header's value, "h:" and 128 bits of SHA-256 in hex: the same on every instance, of fixed length
/// whatever the client sends. value: as a client's field has it; the blanks around it do not count.
void append_header_identity(std::string& out, std::string_view header, std::string_view value);

/// The identity of a user, "u:" and 128 bits of SHA-256 over the issuer and the subject in hex.
void append_user_identity(std::string& out, std::string_view issuer, std::string_view subject);

std::string_view name_of(Algorithm algorithm) noexcept;  ///< as in store keys: "fixed", "sliding", "gcra"

}  // namespace sallyport::rate_limit
