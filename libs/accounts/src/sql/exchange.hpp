#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine.hpp"

namespace sallyport::accounts::sql {

struct Engine::Exchange {
  struct Taken {
    SessionId session;
    UserId user;
    Role role;
    std::string nonce;  ///< of the presented token
    std::int64_t at;    ///< microseconds, as the following
    std::int64_t successor_expires;
  };
  bool known = false;      ///< a token with that hash exists
  bool seen_live = false;  ///< and was not revoked when the statement began
  std::optional<Taken> taken;
};

struct Engine::Found {
  struct Child {
    std::string id;
    StoredToken token;
    std::int64_t expires_at;
    bool revoked;
    std::string retry_key_hash;  ///< empty: its rotation had no Idempotency-Key
    std::int64_t replays;
  };
  SessionId session;
  UserId user;
  std::string key_id, nonce;
  std::int64_t expires_at;
  std::optional<std::int64_t> revoked_at;
  std::optional<EndReason> ended;
  std::int64_t session_expires_at;
  UserStatus status;
  Role role;
  std::optional<Child> child;
  std::int64_t now;

  bool child_live() const noexcept { return child && !child->revoked && child->expires_at > now; }
};

}  // namespace sallyport::accounts::sql
