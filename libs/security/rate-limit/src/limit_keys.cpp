#include "sallyport/rate_limit/limit_keys.hpp"

#include <array>
#include <span>

#include <openssl/evp.h>

#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::rate_limit {
namespace {

constexpr std::size_t kRouteIdMax = 48;
constexpr std::string_view kHex = "0123456789abcdef";

std::array<unsigned char, 32> sha256(std::string_view a, std::string_view b) {
  std::array<unsigned char, 32> digest{};
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const unsigned char zero = 0;
  const bool ok = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1 &&
                  EVP_DigestUpdate(context, a.data(), a.size()) == 1 && EVP_DigestUpdate(context, &zero, 1) == 1 &&
                  EVP_DigestUpdate(context, b.data(), b.size()) == 1 &&
                  EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
  EVP_MD_CTX_free(context);
  SALLYPORT_ASSERT(ok);
  return digest;
}

void append_hex(std::string& out, std::span<const unsigned char> bytes) {
  for (const unsigned char byte : bytes) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
}

bool plain(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '.' || c == '*' || c == '-';
}

}  // namespace

std::string_view name_of(Algorithm algorithm) noexcept {
  switch (algorithm) {
    case Algorithm::Sliding:
      return "sliding";
    case Algorithm::Gcra:
      return "gcra";
    case Algorithm::Fixed:
      break;
  }
  return "fixed";
}

std::string key_head(const LimitSettings& settings) {
  return settings.key_prefix + "rl:{";
}

bool counts_each_route(const Policy& policy) noexcept {
  return policy.group == Group::Route && policy.key != KeyKind::Route;
}

std::string key_tail(const Policy& policy, std::string_view route) {
  std::string tail = "}:" + policy.name;
  if (counts_each_route(policy)) tail.append(":").append(route);
  tail.append(":").append(name_of(policy.algorithm));
  return tail + ":" + std::to_string(policy.window.count());
}

void append_address_identity(std::string& out, const IpAddress& address, unsigned ipv6_prefix) {
  out.append("ip:");
  address.masked_v6(ipv6_prefix).append_to(out);
}

std::string encode_route_id(std::string_view route_id) {
  std::string out;
  for (const char c : route_id) {
    if (plain(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      append_hex(out, std::span(&byte, 1));
    }
  }
  if (out.size() <= kRouteIdMax) return out;
  // '~' is always encoded above, so no short id can look like a shortened one.
  const auto digest = sha256("route", route_id);
  out.resize(kRouteIdMax - 1 - 32);
  out.push_back('~');
  append_hex(out, std::span(digest).first(16));
  return out;
}

void append_header_identity(std::string& out, std::string_view header, std::string_view value) {
  const auto digest = sha256(header, trim_ows(value));
  out.append("h:");
  append_hex(out, std::span(digest).first(16));
}

void append_user_identity(std::string& out, std::string_view issuer, std::string_view subject) {
  const auto digest = sha256(issuer, subject);
  out.append("u:");
  append_hex(out, std::span(digest).first(16));
}

}  // namespace sallyport::rate_limit
