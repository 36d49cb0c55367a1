#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::accounts {

/// What is kept of a refresh token: enough to recognise it and, together with the key, to write it again.
struct StoredToken {
  std::string hash;    ///< SHA-256 of the whole token, 64 lower-case hex digits
  std::string key_id;  ///< of the HMAC key
  std::string nonce;   ///< 64 lower-case hex digits
};

/// A refresh token as a client presents it: well-formed, and nothing more is known of it.
struct PresentedToken {
  Secret<std::string> token;
  std::string hash;  ///< as in StoredToken
  std::string key_id;
  bool key_loaded = false;  ///< without its key it cannot be checked
};

/// Makes, reads and re-makes refresh tokens. Thread-safe: also called on database threads.
class RefreshTokenMint {
 public:
  struct Minted {
    Secret<std::string> token;
    StoredToken stored;
  };
  virtual ~RefreshTokenMint() = default;
  /// A fresh one under the ring's first key.
  virtual Minted mint() const = 0;
  /// nullopt: not of the form of a refresh token.
  virtual std::optional<PresentedToken> read(std::string_view token) const = 0;
  /// That token once more; nullopt when its key is not loaded, or makes another one of that nonce.
  virtual std::optional<Secret<std::string>> derive(const StoredToken& stored) const = 0;
};

/// What an access token says about its bearer.
struct AccessGrant {
  UserId user;
  SessionId session;
  Role role;
};

/// Signs access tokens. Thread-safe: called on database threads, while the session's lock is held.
class AccessTokenSigner {
 public:
  virtual ~AccessTokenSigner() = default;
  virtual Secret<std::string> sign(const AccessGrant& grant) const = 0;
  virtual std::chrono::seconds lifetime() const noexcept = 0;
};

}  // namespace sallyport::accounts
