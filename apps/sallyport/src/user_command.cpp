#include "user_command.hpp"

#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "local_accounts.hpp"
#include "password_input.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/service_secrets.hpp"

namespace sallyport::app {
namespace {

constexpr const char* kVariable = "SALLYPORT_MIGRATE_DATABASE_URL";

int failed(const std::string& message) {
  std::fprintf(stderr, "sallyport user: %s\n", message.c_str());
  return 1;
}

/// The database and who may work on it; says itself what is wrong.
struct Opened {
  std::unique_ptr<log::Logger> logger;  ///< what the libraries report of bugs; the rest is told in `failed`
  std::unique_ptr<LocalAccounts> accounts;
};

std::optional<Opened> open(const UserArguments& arguments) {
  const auto loaded = secrets::load_owner_secrets(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings) {
    std::fprintf(stderr, "sallyport user: warning: %s\n", text_of(warning).c_str());
  }
  for (const auto& problem : loaded.problems) failed(text_of(problem));
  if (!loaded.secrets) return std::nullopt;
  const auto url = storage::DatabaseUrl::parse(loaded.secrets->database_url.expose());
  const auto usable =
      url ? url->check_transport(arguments.allow_plaintext) : Result<void>(std::unexpected(url.error()));
  if (!usable) {
    failed(fmt::format("{}: {}", kVariable, usable.error().detail));
    return std::nullopt;
  }
  auto logger = std::make_unique<log::Logger>(log::Logger::Options{.level = log::Level::Error},
                                              log::Redactor(loaded.secrets->known_values()));
  auto accounts = LocalAccounts::open(*url, arguments.allow_plaintext ? Plaintext::Allowed : Plaintext::Refused,
                                      "command line", *logger);
  if (!accounts) {
    failed(accounts.error());
    return std::nullopt;
  }
  return Opened{std::move(logger), *std::move(accounts)};
}

/// A user who is not active: said, since the role alone lets nobody in.
std::string note_on(const accounts::User& user) {
  return user.status == accounts::UserStatus::Active ? "" : fmt::format(" (the account is {})", name_of(user.status));
}

}  // namespace

int run_user_create(const UserArguments& arguments) {
  const auto opened = open(arguments);  // before anybody types a password in vain
  if (!opened) return 1;
  auto password = read_password();
  if (!password) return failed(password.error());
  accounts::Registration form{arguments.email, *std::move(password), arguments.name,
                              accounts::parse_role(arguments.role).value()};
  const auto created = opened->accounts->create(std::move(form));
  if (!created) return failed(created.error());
  fmt::print("created {} {} with the role {}\n", created->email, created->id.to_string(), name_of(created->role));
  return 0;
}

int run_user_promote(const UserArguments& arguments) {
  const auto opened = open(arguments);
  if (!opened) return 1;
  const auto changed = opened->accounts->set_role(arguments.email, accounts::parse_role(arguments.role).value());
  if (!changed) return failed(changed.error());
  const accounts::User& user = changed->user;
  if (changed->before == user.role) {
    fmt::print("nothing to do: {} has the role {}{}\n", user.email, name_of(user.role), note_on(user));
  } else {
    fmt::print("{} has the role {} now, was {}{}\n", user.email, name_of(user.role), name_of(changed->before),
               note_on(user));
  }
  return 0;
}

}  // namespace sallyport::app
