#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/secret.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::app {

/// Where `sallyport dev` keeps what outlives it: secrets.env, accounts.db and what the card processor remembers.
/// Everything in it is for its owner only.
inline constexpr const char* kDevFolder = ".sallyport/dev";  ///< below the current folder, which belongs to a project

/// What the services of `sallyport dev` work with.
struct DevHome {
  std::string folder;
  secrets::AuthSecrets secrets;
  Secret<std::string> processor_key;  ///< between the payments service and its sandbox; made anew by each start
  storage::DatabaseUrl database;

  /// Makes the folder, those above it and the secrets when they are missing, and reads the secrets. A folder of our
  /// making keeps itself out of git. Without `database` it is FOLDER/accounts.db. The error says what is the matter,
  /// without a secret.
  static std::expected<DevHome, std::string> open(const std::string& folder,
                                                  std::optional<storage::DatabaseUrl> database);
  /// For the logger's redactor.
  secrets::SecretValues known_values() const;
};

/// A new file with this text, readable for its owner only; false: a file of this name is there already, and stays.
std::expected<bool, std::string> make_private_file(const std::string& path, std::string_view text);

/// 20 characters that nobody guesses.
Secret<std::string> random_password();

}  // namespace sallyport::app
