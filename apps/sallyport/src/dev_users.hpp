#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "dev_home.hpp"
#include "local_accounts.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::app {

/// Whether `sallyport dev` fills its database with an example.
enum class Demo : std::uint8_t { No, Yes };

/// The users that `sallyport dev` makes by itself: the first administrator, and the example's. Their passwords are
/// drawn here and told once, to the terminal, or into a file beside the secrets when stdout is none; never through the
/// logger.
class DevUsers final {
 public:
  /// home outlives it.
  DevUsers(const DevHome& home, Demo demo);

  /// For the logger's redactor: also of users who may never be made.
  secrets::SecretValues known_values() const;
  /// Brings the database up to date and makes who is missing: the administrator only while there is nobody at all.
  std::expected<void, std::string> set_up(log::Logger& logger);
  /// Of the example, the one who pays; after set_up(). nullopt: no example is wanted.
  const std::optional<accounts::User>& payer() const noexcept { return payer_; }

 private:
  struct Person {
    std::string email;
    std::string name;
    accounts::Role role;
    Secret<std::string> password;
  };
  static accounts::Registration form_of(const Person& person);
  std::expected<void, std::string> make_admin(LocalAccounts& accounts) const;
  std::expected<void, std::string> make_example(LocalAccounts& accounts);
  std::expected<void, std::string> tell(const std::string& title, const std::string& file,
                                        const std::vector<const Person*>& people) const;

  const DevHome& home_;
  Person admin_;
  std::vector<Person> example_;  ///< the payer first; empty: none is wanted
  std::optional<accounts::User> payer_;
};

}  // namespace sallyport::app
