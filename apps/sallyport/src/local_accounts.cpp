#include "local_accounts.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "sallyport/accounts/absent_parts.hpp"
#include "sallyport/accounts/password_adapter.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "wait_for.hpp"

namespace sallyport::app {
namespace {

constexpr std::chrono::milliseconds kPatience{15'000};

/// A running auth service looks for ended sessions every few seconds and denies them by itself.
class LeftToTheService final : public accounts::SessionDenylist {
 public:
  runtime::Task<Result<void>> deny(std::vector<accounts::SessionId>, Deadline) override { co_return Result<void>{}; }
};

class NothingToObserve final : public accounts::AccountObserver {
 public:
  void denylist_failed(const Error&) override {}
  void audit_failed(const Error&) override {}
};

storage::SqlPoolOptions pool_options(const storage::DatabaseUrl& url, Plaintext plaintext) {
  storage::SqlPoolOptions options{.url = url, .connections_max = 1, .acquire = kPatience};
  options.limits.allow_plaintext = plaintext == Plaintext::Allowed;
  return options;
}

std::unexpected<std::string> failed(const Error& error) {
  return std::unexpected("the database failed: " + error.detail);
}

}  // namespace

class LocalAccounts::Impl final {
 public:
  Impl(const storage::DatabaseUrl& url, Plaintext plaintext, std::string actor, log::Logger& logger)
      : origin_{.actor_name = std::move(actor)},
        pool_(pool_options(url, plaintext), clock_),
        repository_({pool_, url.dialect, mint_, signer_, clock_, random_, logger}, {}),
        hasher_({.threads = 1}, clock_),
        passwords_(hasher_, policy_),
        service_({repository_, passwords_, guard_, devices_, denylist_, mint_, signer_, observer_, clock_, random_}) {}
  ~Impl() { pool_.stop(); }

  Deadline soon() const { return Deadline::after(clock_.now(), kPatience); }

  accounts::RequestOrigin origin_;
  SystemClock clock_;
  crypto::SecureRandom random_;
  accounts::NoRefreshTokens mint_;
  accounts::NoAccessTokens signer_;
  accounts::NoLoginGuard guard_;
  accounts::NoDevices devices_;
  LeftToTheService denylist_;
  NothingToObserve observer_;
  storage::SqlPool pool_;
  accounts::SqlAccountRepository repository_;
  passwords::PasswordPolicy policy_;
  passwords::PasswordHasher hasher_;
  accounts::HashedPasswords passwords_;
  accounts::AccountService service_;
};

LocalAccounts::LocalAccounts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalAccounts::~LocalAccounts() = default;

std::expected<std::unique_ptr<LocalAccounts>, std::string> LocalAccounts::open(const storage::DatabaseUrl& url,
                                                                               Plaintext plaintext, std::string actor,
                                                                               log::Logger& logger) {
  {
    auto session = storage::SqlSession::open(url, {.allow_plaintext = plaintext == Plaintext::Allowed});
    if (!session) return std::unexpected(session.error().describe());
    const auto problem = storage::schema_problem(**session, storage::embedded_migrations(url.dialect));
    if (!problem) return std::unexpected(problem.error().describe());
    if (*problem) return std::unexpected(url.endpoint() + ": " + **problem);
  }
  auto impl = std::make_unique<Impl>(url, plaintext, std::move(actor), logger);
  return std::unique_ptr<LocalAccounts>(new LocalAccounts(std::move(impl)));
}

std::expected<bool, std::string> LocalAccounts::empty() {
  auto users = wait_for(impl_->repository_.list_users({.limit = 1}, impl_->soon()));
  if (!users) return failed(users.error());
  return users->empty();
}

std::expected<accounts::User, std::string> LocalAccounts::create(accounts::Registration form) {
  // The service only says "weak"; here the one who asks may know why.
  if (const auto checked = impl_->policy_.check(form.password.expose()); !checked) {
    return std::unexpected(fmt::format("the password cannot be taken: {}", passwords::message_of(checked.error())));
  }
  if (form.name) {
    const auto text = passwords::normalize_password(*form.name);
    if (!text && text.error() == passwords::PasswordFault::NotUtf8) {
      return std::unexpected("the name is not UTF-8");
    }
  }
  const std::string email = form.email;
  auto created = wait_for(impl_->service_.register_user(std::move(form), impl_->origin_, impl_->soon()));
  if (!created) return failed(created.error());
  if (auto* user = std::get_if<accounts::User>(&*created)) return std::move(*user);
  if (std::holds_alternative<accounts::EmailTaken>(*created)) {
    return std::unexpected(fmt::format("{}: there is a user with this address already", email));
  }
  if (std::holds_alternative<accounts::InvalidEmail>(*created)) {
    return std::unexpected("this is no e-mail address that a user may have; expected something like ada@example.com");
  }
  if (std::holds_alternative<accounts::InvalidName>(*created)) {
    return std::unexpected("a name has 1 to 200 characters, none of them a control character");
  }
  return std::unexpected("the password is too weak");
}

std::expected<std::optional<accounts::User>, std::string> LocalAccounts::find(const std::string& email) {
  auto address = accounts::Email::parse(email);
  if (!address) return std::nullopt;
  auto found = wait_for(impl_->repository_.find_by_email(*std::move(address), impl_->soon()));
  if (!found) return failed(found.error());
  if (!*found) return std::nullopt;
  return std::move((*found)->user);
}

std::expected<LocalAccounts::Changed, std::string> LocalAccounts::set_role(const std::string& email,
                                                                           accounts::Role role) {
  auto unknown = [&] { return std::unexpected(email + ": there is no user with this address"); };
  const auto found = find(email);
  if (!found) return std::unexpected(found.error());
  if (!*found) return unknown();
  const accounts::User& before = **found;
  auto changed =
      wait_for(impl_->service_.change_user({.user = before.id, .role = role}, impl_->origin_, impl_->soon()));
  if (!changed) return failed(changed.error());
  if (auto* user = std::get_if<accounts::User>(&*changed)) return Changed{std::move(*user), before.role};
  if (std::holds_alternative<accounts::LastAdmin>(*changed)) {
    return std::unexpected(email + ": this is the last active admin, who stays one");
  }
  return unknown();
}

}  // namespace sallyport::app
