#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/accounts/service.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::app {

/// Whether PostgreSQL off this machine may be talked to without verified TLS.
enum class Plaintext : std::uint8_t { Refused, Allowed };

/// The accounts of a database, worked on from a command: blocking, on one thread, with the rules of the services and an
/// audit trail in the name of `actor`. Errors are sentences for the operator, without secrets.
class LocalAccounts final {
 public:
  /// Connects, and looks whether the schema is the program's. The logger outlives the object.
  static std::expected<std::unique_ptr<LocalAccounts>, std::string> open(const storage::DatabaseUrl& url,
                                                                         Plaintext plaintext, std::string actor,
                                                                         log::Logger& logger);
  ~LocalAccounts();

  /// Whether there is no user at all.
  std::expected<bool, std::string> empty();
  std::expected<accounts::User, std::string> create(accounts::Registration form);
  /// nullopt: there is no user with this address.
  std::expected<std::optional<accounts::User>, std::string> find(const std::string& email);

  struct Changed {
    accounts::User user;
    accounts::Role before;
  };
  /// Ends the user's sessions when the role really changes; a running auth service denies their access tokens within
  /// seconds.
  std::expected<Changed, std::string> set_role(const std::string& email, accounts::Role role);

 private:
  class Impl;
  explicit LocalAccounts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::app
