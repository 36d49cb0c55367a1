#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/environment_reader.hpp"

namespace sallyport::secrets {

using SecretValues = std::vector<Secret<std::string>>;

/// What each service takes from the environment, and nothing more: whoever takes over the gateway finds no signing key
/// there. known_values(): every text of these that a log must mask, for log::Redactor.
struct GatewaySecrets {
  Secret<std::string> redis_url;  ///< SALLYPORT_REDIS_URL
  SecretValues known_values() const;
};

struct AuthSecrets {
  Secret<std::string> redis_url;           ///< SALLYPORT_REDIS_URL
  Secret<std::string> database_url;        ///< SALLYPORT_DATABASE_URL
  crypto::TokenKeyRing access_token_keys;  ///< SALLYPORT_ACCESS_TOKEN_KEYS
  crypto::HmacKeyRing refresh_token_keys;  ///< SALLYPORT_REFRESH_TOKEN_KEYS
  Secret<std::string> lookup_pepper;       ///< SALLYPORT_LOOKUP_PEPPER, raw bytes, at least 32
  crypto::HmacKeyRing device_cookie_keys;  ///< SALLYPORT_DEVICE_COOKIE_KEYS
  crypto::HmacKeyRing cursor_keys;         ///< SALLYPORT_CURSOR_KEYS
  SecretValues known_values() const;
};

struct PaymentsSecrets {
  Secret<std::string> redis_url;      ///< SALLYPORT_REDIS_URL
  Secret<std::string> database_url;   ///< SALLYPORT_DATABASE_URL
  crypto::HmacKeyRing cursor_keys;    ///< SALLYPORT_CURSOR_KEYS
  Secret<std::string> processor_url;  ///< SALLYPORT_PROCESSOR_URL
  Secret<std::string> processor_key;  ///< SALLYPORT_PROCESSOR_KEY, the text as the processor issued it
  SecretValues known_values() const;
};

struct AdminSecrets {
  Secret<std::string> redis_url;     ///< SALLYPORT_REDIS_URL
  Secret<std::string> database_url;  ///< SALLYPORT_DATABASE_URL
  crypto::HmacKeyRing cursor_keys;   ///< SALLYPORT_CURSOR_KEYS
  SecretValues known_values() const;
};

/// For `migrate` and `user`, which work as the owner of the schema.
struct OwnerSecrets {
  Secret<std::string> database_url;  ///< SALLYPORT_MIGRATE_DATABASE_URL
  SecretValues known_values() const;
};

/// `secrets` is there exactly when `problems` is empty. `problems` are all that there are, not the first.
template <class T>
struct Loaded {
  std::optional<T> secrets;
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
};

/// Whether the addresses of Redis and the database have to be there: in production they have; `dev` brings its own, and
/// an address that is left out is then empty.
enum class StoreAddresses : std::uint8_t { Required, Optional };

/// The rules at start: what the service needs is there; key material has at least 32 bytes; nothing is a known
/// placeholder or predictable; no secret stands in two places (the passwords inside the addresses count too). A secret
/// that the service has no use for is a warning. Takes microseconds; no shared state.
Loaded<GatewaySecrets> load_gateway_secrets(const Environment& from, StoreAddresses stores = StoreAddresses::Required);
Loaded<AuthSecrets> load_auth_secrets(const Environment& from, StoreAddresses stores = StoreAddresses::Required);
Loaded<PaymentsSecrets> load_payments_secrets(const Environment& from,
                                              StoreAddresses stores = StoreAddresses::Required);
Loaded<AdminSecrets> load_admin_secrets(const Environment& from, StoreAddresses stores = StoreAddresses::Required);
Loaded<OwnerSecrets> load_owner_secrets(const Environment& from);

}  // namespace sallyport::secrets
