#pragma once

#include <expected>
#include <string>

#include "sallyport/secrets/service_secrets.hpp"

namespace sallyport::app {

/// Where `sallyport dev` keeps what outlives it: secrets.env, accounts.db. Everything in it is for its owner only.
inline constexpr const char* kDevFolder = ".sallyport/dev";  ///< below the current folder, which belongs to a project

/// Makes the folder, those above it and the secrets when they are missing, and reads the secrets. A folder of our
/// making keeps itself out of git. The error says what is the matter, without a secret.
std::expected<secrets::AuthSecrets, std::string> open_dev_folder(const std::string& folder);

/// A new file with this text, readable for its owner only; nullopt: a file of this name is there already, and stays.
std::expected<bool, std::string> make_private_file(const std::string& path, std::string_view text);

}  // namespace sallyport::app
