#include "dev_users.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::app {
namespace {

using accounts::Role;

std::expected<void, std::string> migrate(const storage::DatabaseUrl& url) {
  auto session = storage::SqlSession::open(url, {.statement = std::chrono::milliseconds(0)});
  if (!session) return std::unexpected(session.error().describe());
  const SystemClock clock;
  storage::Migrator migrator(**session, storage::embedded_migrations(url.dialect), clock);
  if (auto applied = migrator.migrate(); !applied) return std::unexpected(applied.error().describe());
  return {};
}

/// Past stdio, whose buffer would keep a copy, but in order with what it holds.
void write_to_terminal(std::string_view text) {
  std::fflush(stdout);
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

DevUsers::DevUsers(const DevHome& home, Demo demo)
    : home_(home), admin_{"admin@sallyport.dev", "Administrator", Role::Admin, random_password()} {
  if (demo == Demo::No) return;
  example_.push_back({"mia@sallyport.dev", "Mia Example", Role::User, random_password()});
  example_.push_back({"noah@sallyport.dev", "Noah Example", Role::User, random_password()});
  example_.push_back({"olga@sallyport.dev", "Olga Example", Role::Admin, random_password()});
}

secrets::SecretValues DevUsers::known_values() const {
  secrets::SecretValues values{admin_.password};
  for (const Person& person : example_) values.push_back(person.password);
  return values;
}

std::expected<void, std::string> DevUsers::set_up(log::Logger& logger) {
  if (auto migrated = migrate(home_.database); !migrated) {
    return std::unexpected(home_.database.endpoint() + ": " + migrated.error());
  }
  auto accounts = LocalAccounts::open(home_.database, Plaintext::Refused, "sallyport dev", logger);
  if (!accounts) return std::unexpected(accounts.error());
  const auto empty = (*accounts)->empty();
  if (!empty) return std::unexpected(empty.error());
  if (*empty) {
    if (auto made = make_admin(**accounts); !made) return made;
  }
  return make_example(**accounts);
}

accounts::Registration DevUsers::form_of(const Person& person) {
  return {.email = person.email, .password = person.password, .name = person.name, .role = person.role};
}

std::expected<void, std::string> DevUsers::make_admin(LocalAccounts& accounts) const {
  if (auto created = accounts.create(form_of(admin_)); !created) {
    // Another `dev` on the same folder may have been quicker: then it is that one's to tell the password.
    const auto still_empty = accounts.empty();
    if (still_empty && !*still_empty) return {};
    return std::unexpected(created.error());
  }
  return tell("First administrator", "first-admin.txt", {&admin_});
}

std::expected<void, std::string> DevUsers::make_example(LocalAccounts& accounts) {
  std::vector<const Person*> made;
  for (const Person& person : example_) {
    auto user = accounts.find(person.email);
    if (!user) return std::unexpected(user.error());
    if (!*user) {
      auto created = accounts.create(form_of(person));
      if (created) {
        made.push_back(&person);
        *user = *std::move(created);
      } else {  // another `dev` was quicker, or it failed
        user = accounts.find(person.email);
        if (!user || !*user) return std::unexpected(created.error());
      }
    }
    if (&person == &example_.front()) payer_ = **std::move(user);
  }
  if (made.empty()) return {};
  return tell("Example users", "demo-users.txt", made);
}

std::expected<void, std::string> DevUsers::tell(const std::string& title, const std::string& file,
                                                const std::vector<const Person*>& people) const {
  if (::isatty(STDOUT_FILENO) == 1) {
    write_to_terminal(title);
    write_to_terminal(", shown this once:\n");
    for (const Person* person : people) {
      for (const std::string_view piece : {std::string_view("  "), std::string_view(person->email),
                                           std::string_view("  "), person->password.expose(), std::string_view("\n")}) {
        write_to_terminal(piece);
      }
    }
    write_to_terminal("\n");
    return {};
  }
  std::string names;
  std::size_t bytes = 0;
  for (const Person* person : people) {
    names += (names.empty() ? "" : ", ") + person->email;
    bytes += person->email.size() + person->password.expose().size() + 2;
  }
  std::string lines;
  lines.reserve(bytes);  // so that no copy stays behind
  for (const Person* person : people)
    lines.append(person->email).append(" ").append(person->password.expose()).append("\n");
  const Secret<std::string> text(std::move(lines));
  const std::string path = home_.folder + "/" + file;
  ::unlink(path.c_str());  // of a database that is gone
  if (const auto written = make_private_file(path, text.expose()); !written) return std::unexpected(written.error());
  fmt::print("{}: {}, with the password{} in {}\n\n", title, names, people.size() > 1 ? "s" : "", path);
  return {};
}

}  // namespace sallyport::app
