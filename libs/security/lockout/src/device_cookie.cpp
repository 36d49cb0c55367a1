#include "sallyport/lockout/device_cookie.hpp"

#include <array>
#include <charconv>

#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/lockout/subject.hpp"

namespace sallyport::lockout {
namespace {

constexpr std::string_view kVersion = "d1";
constexpr std::size_t kDeviceIdBytes = 16;
constexpr std::size_t kDeviceIdCharacters = 22;
constexpr std::size_t kMacCharacters = 43;
constexpr std::size_t kIssuedDigitsMax = 11;
constexpr std::size_t kValueMax =
    kVersion.size() + crypto::kKeyIdBytesMax + kDeviceIdCharacters + kIssuedDigitsMax + kMacCharacters + 4;

struct Parts {
  std::string_view kid, device_id, issued, mac;
};

bool is_device_id(std::string_view text) {
  return text.size() == kDeviceIdCharacters && crypto::base64url_decode(text).has_value();
}

/// Exactly five parts; nothing is said yet of what is in them.
std::optional<Parts> split(std::string_view value) noexcept {
  if (value.size() > kValueMax) return std::nullopt;
  std::array<std::string_view, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dot = value.find('.');
    if ((dot == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = value.substr(0, dot);
    if (dot != std::string_view::npos) value.remove_prefix(dot + 1);
  }
  if (parts[0] != kVersion) return std::nullopt;
  return Parts{parts[1], parts[2], parts[3], parts[4]};
}

/// Digits without leading zeros.
std::optional<std::int64_t> parse_issued(std::string_view text) noexcept {
  if (text.empty() || text.size() > kIssuedDigitsMax || text.front() == '0' || text.front() == '-') return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

std::int64_t unix_seconds(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// No part can hold a line end, so no two different inputs make the same message.
std::string mac_of(const crypto::HmacKey& key, std::string_view account_id, std::int64_t credential_version,
                   std::string_view device_id, std::string_view issued) {
  std::string message = "sallyport device cookie 1\n";
  for (const std::string_view part : {std::string_view(key.kid), account_id, device_id, issued}) {
    message.append(part).push_back('\n');
  }
  message.append(std::to_string(credential_version));
  return crypto::base64url_encode(
      crypto::hmac_sha256(crypto::bytes_of(key.material.expose()), crypto::bytes_of(message)));
}

std::string fresh_device_id(Random& random) {
  std::array<std::uint8_t, kDeviceIdBytes> bytes{};
  random.fill(bytes);
  return crypto::base64url_encode(bytes);
}

std::string attributes(std::int64_t max_age) {
  return "; Path=/; Max-Age=" + std::to_string(max_age) + "; Secure; HttpOnly; SameSite=Strict";
}

}  // namespace

std::string DeviceCookies::issue(std::string_view account_id, std::int64_t credential_version, WallTime now,
                                 Random& random, std::optional<std::string_view> device_id) const {
  SALLYPORT_ASSERT(Subject::is_id(account_id));
  const std::string device = device_id ? std::string(*device_id) : fresh_device_id(random);
  SALLYPORT_ASSERT(is_device_id(device));
  const std::string issued = std::to_string(unix_seconds(now));
  const crypto::HmacKey& key = keys_.current();
  std::string value(kVersion);
  for (const std::string_view part : {std::string_view(key.kid), std::string_view(device), std::string_view(issued)}) {
    value.append(1, '.').append(part);
  }
  return value.append(1, '.').append(mac_of(key, account_id, credential_version, device, issued));
}

std::optional<std::string> DeviceCookies::verify(std::string_view value, std::string_view account_id,
                                                 std::int64_t credential_version, WallTime now) const {
  const auto parts = split(value);
  if (!parts || !Subject::is_id(account_id) || !is_device_id(parts->device_id)) return std::nullopt;
  const auto issued = parse_issued(parts->issued);
  const crypto::HmacKey* key = keys_.find(parts->kid);
  if (!issued || key == nullptr) return std::nullopt;
  const std::string mac = mac_of(*key, account_id, credential_version, parts->device_id, parts->issued);
  // Compared as text: one MAC has one spelling.
  if (!crypto::constant_time_equal(crypto::bytes_of(mac), crypto::bytes_of(parts->mac))) return std::nullopt;
  const std::int64_t age = unix_seconds(now) - *issued;
  if (age >= kLifetime.count() || age < -kLeeway.count()) return std::nullopt;
  return std::string(parts->device_id);
}

std::string set_device_cookie(std::string_view value) {
  return std::string(kDeviceCookieName)
      .append(1, '=')
      .append(value)
      .append(attributes(DeviceCookies::kLifetime.count()));
}

std::string clear_device_cookie() {
  return std::string(kDeviceCookieName).append(1, '=').append(attributes(0));
}

std::optional<std::string_view> find_device_cookie(std::string_view cookie_field) noexcept {
  std::optional<std::string_view> found;
  while (!cookie_field.empty()) {
    const auto end = cookie_field.find(';');
    const std::string_view pair = trim_ows(cookie_field.substr(0, end));
    cookie_field.remove_prefix(end == std::string_view::npos ? cookie_field.size() : end + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != kDeviceCookieName) continue;
    if (found) return std::nullopt;
    found = pair.substr(equals + 1);
  }
  return found;
}

}  // namespace sallyport::lockout
