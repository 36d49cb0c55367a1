#include "sallyport/secrets/key_text.hpp"

#include <optional>
#include <type_traits>
#include <utility>

#include "sallyport/crypto/encoding.hpp"
#include "sallyport/secrets/secret_rules.hpp"

namespace sallyport::secrets {
namespace {

constexpr std::string_view kKeysNew = "; `sallyport keys new` prints what belongs here";

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// The raw bytes of one secret, or the one rule that it breaks.
std::expected<Secret<std::string>, std::string> decode_secret(std::string_view text) {
  if (auto rule = predictable_text(text)) return std::unexpected(std::move(*rule));
  auto bytes = crypto::base64url_decode(text);
  if (!bytes) return std::unexpected("is not base64url without padding" + std::string(kKeysNew));
  Secret<std::string> secret(std::move(*bytes));
  if (auto rule = weak_key_material(secret.expose())) return std::unexpected(std::move(*rule));
  return secret;
}

std::expected<crypto::HmacKey, std::string> parse_key(std::string_view kid, std::string_view rest,
                                                      std::type_identity<crypto::HmacKey>) {
  auto secret = decode_secret(rest);
  if (!secret) return std::unexpected(std::move(secret.error()));
  return crypto::HmacKey{std::string(kid), std::move(*secret)};
}

std::expected<crypto::TokenKey, std::string> parse_key(std::string_view kid, std::string_view rest,
                                                       std::type_identity<crypto::TokenKey>) {
  const std::size_t colon = rest.find(':');
  const auto algorithm = crypto::parse_signature_algorithm(rest.substr(0, colon));
  if (colon == std::string_view::npos || !algorithm || *algorithm == crypto::SignatureAlgorithm::RS256)
    return std::unexpected("is not <kid>:EdDSA:<seed> or <kid>:ES256:<seed>" + std::string(kKeysNew));
  const auto seed = decode_secret(rest.substr(colon + 1));
  if (!seed) return std::unexpected(seed.error());
  auto key = crypto::SigningKey::from_seed(*algorithm, crypto::bytes_of(seed->expose()));
  if (!key) return std::unexpected("is unusable: " + key.error().detail);
  return crypto::TokenKey{std::string(kid), std::move(*key)};
}

bool same_material(const crypto::HmacKey& a, const crypto::HmacKey& b) {
  return crypto::constant_time_equal(crypto::bytes_of(a.material.expose()), crypto::bytes_of(b.material.expose()));
}

bool same_material(const crypto::TokenKey& a, const crypto::TokenKey& b) {
  return crypto::constant_time_equal(crypto::bytes_of(a.key.seed().expose()), crypto::bytes_of(b.key.seed().expose()));
}

/// `keys` stand in their order in the text; a key that could not be read is nullopt.
template <class Key>
void find_twins(const std::vector<std::optional<Key>>& keys, Faults& faults) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = i + 1; j < keys.size(); ++j) {
      if (!keys[i] || !keys[j]) continue;
      const std::string both = "keys " + std::to_string(i + 1) + " and " + std::to_string(j + 1);
      if (keys[i]->kid == keys[j]->kid) faults.push_back(both + " have the same id");
      if (same_material(*keys[i], *keys[j])) faults.push_back(both + " are equal");
    }
  }
}

template <class Key>
std::expected<crypto::KeyRing<Key>, Faults> parse_ring(std::string_view text) {
  if (is_placeholder(text)) return std::unexpected(Faults{"is a known placeholder"});
  const auto parts = split(text, ',');
  if (parts.size() > kRingKeysMax)
    return std::unexpected(Faults{"holds more than " + std::to_string(kRingKeysMax) + " keys"});
  Faults faults;
  std::vector<std::optional<Key>> keys(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string which = "key " + std::to_string(i + 1) + ' ';
    const std::size_t colon = parts[i].find(':');
    const std::string_view kid = parts[i].substr(0, colon);
    if (colon == std::string_view::npos) {
      faults.push_back(which + "has no id before a colon" + std::string(kKeysNew));
      continue;
    }
    if (!crypto::is_key_id(kid)) faults.push_back(which + "has an id that is not 1 to 32 of A-Z a-z 0-9 _ -");
    auto key = parse_key(kid, parts[i].substr(colon + 1), std::type_identity<Key>());
    if (key) {
      keys[i].emplace(std::move(*key));
    } else {
      faults.push_back(which + key.error());
    }
  }
  find_twins(keys, faults);
  if (!faults.empty()) return std::unexpected(std::move(faults));
  std::vector<Key> ring;
  for (auto& key : keys) ring.push_back(std::move(*key));
  return crypto::KeyRing<Key>(std::move(ring));
}

/// Grows in steps that are wiped, where a plain string would leave its old contents behind.
void append(Secret<std::string>& out, std::string_view more) {
  std::string joined;
  joined.reserve(out.expose().size() + more.size());
  joined.append(out.expose()).append(more);
  out = Secret<std::string>(std::move(joined));
}

}  // namespace

std::expected<Secret<std::string>, Faults> parse_hmac_secret(std::string_view text) {
  auto secret = decode_secret(text);
  if (!secret) return std::unexpected(Faults{std::move(secret.error())});
  return std::move(*secret);
}

std::expected<crypto::HmacKeyRing, Faults> parse_hmac_ring(std::string_view text) {
  return parse_ring<crypto::HmacKey>(text);
}

std::expected<crypto::TokenKeyRing, Faults> parse_token_ring(std::string_view text) {
  return parse_ring<crypto::TokenKey>(text);
}

Secret<std::string> format_hmac_secret(std::string_view material) {
  return Secret<std::string>(crypto::base64url_encode(crypto::bytes_of(material)));
}

Secret<std::string> format_hmac_ring(const crypto::HmacKeyRing& ring) {
  Secret<std::string> out;
  for (const auto& key : ring.keys()) {
    append(out, (out.empty() ? "" : ",") + key.kid + ':');
    append(out, format_hmac_secret(key.material.expose()).expose());
  }
  return out;
}

Secret<std::string> format_token_ring(const crypto::TokenKeyRing& ring) {
  Secret<std::string> out;
  for (const auto& key : ring.keys()) {
    append(out, (out.empty() ? "" : ",") + key.kid + ':' + std::string(name_of(key.key.algorithm())) + ':');
    append(out, format_hmac_secret(key.key.seed().expose()).expose());
  }
  return out;
}

}  // namespace sallyport::secrets
