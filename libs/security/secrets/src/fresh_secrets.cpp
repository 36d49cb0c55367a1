#include "sallyport/secrets/fresh_secrets.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/secrets/key_text.hpp"

namespace sallyport::secrets {
namespace {

constexpr std::size_t kFreshBytes = 32;

std::string fresh_key_id(const Clock& clock) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(clock.wall_now()));
  std::uint8_t salt[3];
  crypto::random_bytes(salt);
  return fmt::format("{:04}{:02}{:02}-{}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), crypto::hex_encode(salt));
}

/// Draws again in the one of ten million cases in which chance writes "secret".
Secret<std::string> fresh_material() {
  for (;;) {
    auto material = crypto::random_secret(kFreshBytes);
    if (parse_hmac_secret(format_hmac_secret(material.expose()).expose())) return material;
  }
}

Secret<std::string> fresh_hmac_ring(const Clock& clock) {
  return format_hmac_ring(crypto::HmacKeyRing({{fresh_key_id(clock), fresh_material()}}));
}

Secret<std::string> fresh_token_ring(const Clock& clock) {
  for (;;) {
    auto key =
        crypto::SigningKey::from_seed(crypto::SignatureAlgorithm::EdDSA, crypto::bytes_of(fresh_material().expose()));
    if (key) return format_token_ring(crypto::TokenKeyRing({{fresh_key_id(clock), std::move(*key)}}));
  }
}

}  // namespace

Secret<std::string> fresh_hmac_secret() {
  return format_hmac_secret(fresh_material().expose());
}

std::vector<FreshVariable> fresh_variables(const Clock& clock) {
  std::vector<FreshVariable> out;
  out.push_back({"SALLYPORT_ACCESS_TOKEN_KEYS", fresh_token_ring(clock)});
  out.push_back({"SALLYPORT_REFRESH_TOKEN_KEYS", fresh_hmac_ring(clock)});
  out.push_back({"SALLYPORT_LOOKUP_PEPPER", fresh_hmac_secret()});
  out.push_back({"SALLYPORT_DEVICE_COOKIE_KEYS", fresh_hmac_ring(clock)});
  out.push_back({"SALLYPORT_CURSOR_KEYS", fresh_hmac_ring(clock)});
  return out;
}

Secret<std::string> fresh_environment_text(const Clock& clock) {
  constexpr std::size_t kRoom = 2048;  // for all of it, so that no half-grown copy is left behind
  std::string text;
  text.reserve(kRoom);
  for (const auto& [name, value] : fresh_variables(clock))
    text.append(name).append("=").append(value.expose()).append("\n");
  return Secret<std::string>(std::move(text));
}

}  // namespace sallyport::secrets
