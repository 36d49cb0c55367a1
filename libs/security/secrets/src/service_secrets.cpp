#include "sallyport/secrets/service_secrets.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "sallyport/crypto/bytes.hpp"
#include "sallyport/secrets/key_text.hpp"
#include "sallyport/secrets/secret_rules.hpp"
#include "url_password.hpp"

namespace sallyport::secrets {
namespace {

constexpr const char* kRedisUrl = "SALLYPORT_REDIS_URL";
constexpr const char* kDatabaseUrl = "SALLYPORT_DATABASE_URL";
constexpr const char* kMigrateDatabaseUrl = "SALLYPORT_MIGRATE_DATABASE_URL";
constexpr const char* kAccessTokenKeys = "SALLYPORT_ACCESS_TOKEN_KEYS";
constexpr const char* kRefreshTokenKeys = "SALLYPORT_REFRESH_TOKEN_KEYS";
constexpr const char* kLookupPepper = "SALLYPORT_LOOKUP_PEPPER";
constexpr const char* kDeviceCookieKeys = "SALLYPORT_DEVICE_COOKIE_KEYS";
constexpr const char* kCursorKeys = "SALLYPORT_CURSOR_KEYS";
constexpr const char* kProcessorUrl = "SALLYPORT_PROCESSOR_URL";
constexpr const char* kProcessorKey = "SALLYPORT_PROCESSOR_KEY";

constexpr const char* kAllVariables[] = {kRedisUrl,         kDatabaseUrl,  kMigrateDatabaseUrl, kAccessTokenKeys,
                                         kRefreshTokenKeys, kLookupPepper, kDeviceCookieKeys,   kCursorKeys,
                                         kProcessorUrl,     kProcessorKey};

// What a log must mask: a key as it stands in the environment, and its bytes should somebody print those.

void add_material(SecretValues& out, std::string_view material) {
  out.push_back(format_hmac_secret(material));
  out.emplace_back(std::string(material));
}

void add_ring(SecretValues& out, const crypto::HmacKeyRing& ring) {
  for (const auto& key : ring.keys()) add_material(out, key.material.expose());
}

void add_ring(SecretValues& out, const crypto::TokenKeyRing& ring) {
  for (const auto& key : ring.keys()) add_material(out, key.key.seed().expose());
}

void add_address(SecretValues& out, const Secret<std::string>& url) {
  for (auto& password : passwords_in_url(url.expose())) out.push_back(std::move(password));
}

/// Reads the variables of one service and remembers every secret in them, to find the ones that stand in two places.
class Loader final {
 public:
  explicit Loader(const Environment& environment) : reader_(environment) {}

  Secret<std::string> address(const char* name, StoreAddresses stores = StoreAddresses::Required) {
    const bool required = stores == StoreAddresses::Required;
    auto value = taken(name, required);
    if (!value) return {};
    for (const auto& password : passwords_in_url(value->expose())) {
      if (is_placeholder(password.expose())) reader_.add_problem(name, "has a password that is a known placeholder");
      remember(name, password.expose());
    }
    return std::move(*value);
  }

  Secret<std::string> opaque_key(const char* name) {
    auto value = taken(name, true);
    if (!value) return {};
    if (auto rule = predictable_text(value->expose())) {
      reader_.add_problem(name, std::move(*rule));
    } else if (auto weak = weak_key_material(value->expose())) {
      reader_.add_problem(name, std::move(*weak));
    }
    remember(name, value->expose());
    return std::move(*value);
  }

  Secret<std::string> hmac_secret(const char* name) {
    auto secret = parsed(name, parse_hmac_secret);
    if (!secret) return {};
    SecretValues values;
    add_material(values, secret->expose());
    for (const auto& value : values) remember(name, value.expose());
    return std::move(*secret);
  }

  std::optional<crypto::HmacKeyRing> hmac_ring(const char* name) { return ring(name, parse_hmac_ring); }
  std::optional<crypto::TokenKeyRing> token_ring(const char* name) { return ring(name, parse_token_ring); }

  /// Whether everything is in order; moves what was found out into the answer.
  template <class T>
  bool settle(Loaded<T>& loaded) {
    compare_all();
    for (const char* name : kAllVariables) {
      if (std::ranges::find(wanted_, name) == wanted_.end() && reader_.is_set(name))
        reader_.add_warning(name, "is set, but this service has no use for it; leave it out");
    }
    loaded.problems = reader_.problems();
    loaded.warnings = reader_.warnings();
    return loaded.problems.empty();
  }

 private:
  struct Known {
    std::string_view variable;
    Secret<std::string> value;
  };

  std::optional<Secret<std::string>> taken(const char* name, bool required) {
    wanted_.emplace_back(name);
    return required ? reader_.required(name) : reader_.optional(name);
  }

  template <class T>
  std::optional<T> parsed(const char* name, std::expected<T, Faults> (*parse)(std::string_view)) {
    const auto text = taken(name, true);
    if (!text) return std::nullopt;
    auto value = parse(text->expose());
    if (value) return std::move(*value);
    for (auto& fault : value.error()) reader_.add_problem(name, std::move(fault));
    // Not usable, but it may still be somebody else's secret.
    remember(name, text->expose());
    return std::nullopt;
  }

  template <class Ring>
  std::optional<Ring> ring(const char* name, std::expected<Ring, Faults> (*parse)(std::string_view)) {
    auto made = parsed(name, parse);
    if (made) {
      SecretValues values;
      add_ring(values, *made);
      for (const auto& value : values) remember(name, value.expose());
    }
    return made;
  }

  void remember(const char* name, std::string_view value) {
    known_.push_back({name, Secret<std::string>(std::string(value))});
  }

  void compare_all() {
    std::vector<std::pair<std::string_view, std::string_view>> reported;
    for (std::size_t i = 0; i < known_.size(); ++i) {
      for (std::size_t j = i + 1; j < known_.size(); ++j) {
        const std::pair both{known_[i].variable, known_[j].variable};
        if (both.first == both.second || std::ranges::find(reported, both) != reported.end()) continue;
        if (!crypto::constant_time_equal(crypto::bytes_of(known_[i].value.expose()),
                                         crypto::bytes_of(known_[j].value.expose())))
          continue;
        reported.push_back(both);
        reader_.add_problem(std::string(both.first), "and " + std::string(both.second) + " hold the same secret");
      }
    }
  }

  EnvironmentReader reader_;
  std::vector<std::string_view> wanted_;
  std::vector<Known> known_;
};

}  // namespace

SecretValues GatewaySecrets::known_values() const {
  SecretValues out;
  add_address(out, redis_url);
  return out;
}

SecretValues AuthSecrets::known_values() const {
  SecretValues out;
  add_address(out, redis_url);
  add_address(out, database_url);
  add_ring(out, access_token_keys);
  add_ring(out, refresh_token_keys);
  add_material(out, lookup_pepper.expose());
  add_ring(out, device_cookie_keys);
  add_ring(out, cursor_keys);
  return out;
}

SecretValues PaymentsSecrets::known_values() const {
  SecretValues out;
  add_address(out, redis_url);
  add_address(out, database_url);
  add_ring(out, cursor_keys);
  add_address(out, processor_url);
  out.push_back(processor_key);
  return out;
}

SecretValues AdminSecrets::known_values() const {
  SecretValues out;
  add_address(out, redis_url);
  add_address(out, database_url);
  add_ring(out, cursor_keys);
  return out;
}

SecretValues OwnerSecrets::known_values() const {
  SecretValues out;
  add_address(out, database_url);
  return out;
}

Loaded<GatewaySecrets> load_gateway_secrets(const Environment& from, StoreAddresses stores) {
  Loader loader(from);
  auto redis = loader.address(kRedisUrl, stores);
  Loaded<GatewaySecrets> loaded;
  if (loader.settle(loaded)) loaded.secrets = GatewaySecrets{.redis_url = std::move(redis)};
  return loaded;
}

Loaded<AuthSecrets> load_auth_secrets(const Environment& from, StoreAddresses stores) {
  Loader loader(from);
  auto redis = loader.address(kRedisUrl, stores);
  auto database = loader.address(kDatabaseUrl, stores);
  auto access = loader.token_ring(kAccessTokenKeys);
  auto refresh = loader.hmac_ring(kRefreshTokenKeys);
  auto pepper = loader.hmac_secret(kLookupPepper);
  auto device = loader.hmac_ring(kDeviceCookieKeys);
  auto cursor = loader.hmac_ring(kCursorKeys);
  Loaded<AuthSecrets> loaded;
  if (loader.settle(loaded))
    loaded.secrets = AuthSecrets{.redis_url = std::move(redis),
                                 .database_url = std::move(database),
                                 .access_token_keys = std::move(access.value()),
                                 .refresh_token_keys = std::move(refresh.value()),
                                 .lookup_pepper = std::move(pepper),
                                 .device_cookie_keys = std::move(device.value()),
                                 .cursor_keys = std::move(cursor.value())};
  return loaded;
}

Loaded<PaymentsSecrets> load_payments_secrets(const Environment& from, StoreAddresses stores) {
  Loader loader(from);
  auto redis = loader.address(kRedisUrl, stores);
  auto database = loader.address(kDatabaseUrl, stores);
  auto cursor = loader.hmac_ring(kCursorKeys);
  auto processor_url = loader.address(kProcessorUrl);
  auto processor_key = loader.opaque_key(kProcessorKey);
  Loaded<PaymentsSecrets> loaded;
  if (loader.settle(loaded))
    loaded.secrets = PaymentsSecrets{.redis_url = std::move(redis),
                                     .database_url = std::move(database),
                                     .cursor_keys = std::move(cursor.value()),
                                     .processor_url = std::move(processor_url),
                                     .processor_key = std::move(processor_key)};
  return loaded;
}

Loaded<AdminSecrets> load_admin_secrets(const Environment& from, StoreAddresses stores) {
  Loader loader(from);
  auto redis = loader.address(kRedisUrl, stores);
  auto database = loader.address(kDatabaseUrl, stores);
  auto cursor = loader.hmac_ring(kCursorKeys);
  Loaded<AdminSecrets> loaded;
  if (loader.settle(loaded))
    loaded.secrets = AdminSecrets{
        .redis_url = std::move(redis), .database_url = std::move(database), .cursor_keys = std::move(cursor.value())};
  return loaded;
}

Loaded<OwnerSecrets> load_owner_secrets(const Environment& from) {
  Loader loader(from);
  auto database = loader.address(kMigrateDatabaseUrl);
  Loaded<OwnerSecrets> loaded;
  if (loader.settle(loaded)) loaded.secrets = OwnerSecrets{.database_url = std::move(database)};
  return loaded;
}

}  // namespace sallyport::secrets
