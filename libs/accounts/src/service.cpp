#include "sallyport/accounts/service.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/denylist/denylist.hpp"
#include "sallyport/tokens/refresh_token.hpp"

namespace sallyport::accounts {
namespace {

constexpr int kRepublishPage = 500;
constexpr std::chrono::seconds kForConsequences{2};

/// 1…200 characters that a person may read: no control characters. The text is valid UTF-8 already (the JSON parser).
bool is_name(std::string_view text) noexcept {
  const auto characters =
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
  return characters >= 1 && characters <= 200 &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; });
}

}  // namespace

AccountService::Task<std::variant<User, EmailTaken, InvalidEmail, InvalidName, WeakPassword>>
AccountService::register_user(Registration form, RequestOrigin origin, Deadline deadline) {
  auto email = Email::parse(form.email);
  if (!email) co_return InvalidEmail{};
  if (form.name && !is_name(*form.name)) co_return InvalidName{};
  auto password = parts_.passwords.acceptable(form.password.expose());
  if (!password) co_return WeakPassword{};

  auto hash = co_await parts_.passwords.hash(*std::move(password), deadline);
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  NewUser user{UserId::make(parts_.clock.wall_now(), parts_.random), *std::move(email), std::move(form.name),
               Secret<std::string>(*std::move(hash)), form.role};
  auto created = co_await parts_.repository.create_user(std::move(user), std::move(origin), deadline);
  if (!created) co_return std::unexpected(std::move(created.error()));
  if (std::holds_alternative<EmailTaken>(*created)) co_return EmailTaken{};
  co_return std::get<User>(*std::move(created));
}

/// Verifies a password under the guard. `credentials` empty: for nobody, at the same price.
runtime::Task<Result<std::variant<AccountService::Verified, AccountLocked>>> AccountService::try_password(
    GuardedAccount account, std::optional<Credentials> credentials, Secret<std::string> password, Deadline deadline) {
  auto reserved = co_await parts_.guard.reserve(std::move(account), deadline);
  if (!reserved) co_return std::unexpected(std::move(reserved.error()));
  if (const auto* locked = std::get_if<LoginGuard::Locked>(&*reserved)) co_return AccountLocked{locked->retry_after};
  auto lease = std::get<LoginGuard::Lease>(*std::move(reserved));

  Result<bool> right = false;
  if (credentials) {
    right = co_await parts_.passwords.verify(std::move(password), std::string(credentials->password_hash.expose()),
                                             deadline);
  } else {
    right = co_await parts_.passwords.burn(std::move(password), deadline);
  }
  const auto verdict =
      !right ? LoginGuard::Verdict::NotTried : (*right ? LoginGuard::Verdict::Right : LoginGuard::Verdict::Wrong);
  auto settled = co_await parts_.guard.settle(std::move(lease), verdict, deadline);
  if (!right) co_return std::unexpected(std::move(right.error()));
  if (!settled) co_return std::unexpected(std::move(settled.error()));
  co_return Verified{*right, settled->locked_now};
}

AccountService::Task<std::variant<LoggedIn, InvalidCredentials, AccountLocked>> AccountService::login(
    Login form, RequestOrigin origin, Deadline deadline) {
  auto email = Email::parse(form.email);
  // Such an address cannot have an account, so there is nothing to hide behind equal work.
  if (!email) co_return InvalidCredentials{};
  auto found = co_await parts_.repository.find_by_email(*email, deadline);
  if (!found) co_return std::unexpected(std::move(found.error()));

  GuardedAccount account{*std::move(email), std::nullopt, std::nullopt};
  std::optional<UserId> subject;
  if (*found) {
    const User& user = (*found)->user;
    subject = user.id;
    account.who = user.id;
    if (form.device_cookie) {
      account.device = parts_.devices.verify(*form.device_cookie, user.id, user.credential_version);
    }
  }
  const std::optional<std::string> device = account.device;
  auto password = parts_.passwords.normalised(form.password.expose());
  const bool possible = password && *found && (*found)->user.status == UserStatus::Active;
  if (!password) password.emplace();

  auto tried = co_await try_password(std::move(account), possible ? *found : std::nullopt, *password, deadline);
  if (!tried) co_return std::unexpected(std::move(tried.error()));
  if (const auto* locked = std::get_if<AccountLocked>(&*tried)) co_return *locked;
  const Verified verified = std::get<Verified>(*tried);
  if (!verified.right) {
    co_await audit(AuditEvent{AuditType::LoginFailed, subject, std::nullopt, origin, {}}, deadline);
    if (verified.locked_now) {
      co_await audit(AuditEvent{AuditType::AccountLocked, subject, std::nullopt, origin, {}}, deadline);
    }
    co_return InvalidCredentials{};
  }

  const WallTime now = parts_.clock.wall_now();
  const Credentials& credentials = **found;
  auto minted = parts_.mint.mint();
  const NewSession session{SessionId::make(now, parts_.random), credentials.user.id,
                           credentials.user.credential_version, RefreshTokenId::make(now, parts_.random),
                           minted.stored};
  auto opened = co_await parts_.repository.open_session(session, std::move(origin), deadline);
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  // The password was right a moment ago; it is not any more.
  if (!*opened) co_return InvalidCredentials{};
  co_await rehash(credentials, *std::move(password), deadline);
  co_return LoggedIn{TokenAnswer{std::move((*opened)->access_token), parts_.signer.lifetime(), std::move(minted.token),
                                 (*opened)->refresh_expires_in, credentials.user.id, session.id},
                     parts_.devices.issue(credentials.user.id, credentials.user.credential_version, device)};
}

/// Brings a stored hash to the present parameters. Whether that succeeds is nobody's concern now: the next login tries
/// again.
runtime::Task<void> AccountService::rehash(Credentials credentials, Secret<std::string> password, Deadline deadline) {
  if (!parts_.passwords.needs_rehash(credentials.password_hash.expose())) co_return;
  auto hash = co_await parts_.passwords.hash(std::move(password), deadline);
  if (!hash) co_return;
  co_await parts_.repository.store_rehash(credentials.user.id, credentials.user.credential_version,
                                          Secret<std::string>(*std::move(hash)), deadline);
}

Result<TokenAnswer> AccountService::answer(Rotated rotated) {
  auto token = parts_.mint.derive(rotated.successor);
  if (!token) return fail(ErrorCode::InternalError, "the successor's key went away during its rotation");
  return TokenAnswer{std::move(rotated.access_token),
                     parts_.signer.lifetime(),
                     *std::move(token),
                     rotated.refresh_expires_in,
                     rotated.user,
                     rotated.session};
}

AccountService::Task<std::variant<TokenAnswer, RefreshRefusal, InvalidIdempotencyKey>> AccountService::refresh(
    Refresh form, RequestOrigin origin, Deadline deadline) {
  if (form.idempotency_key && !tokens::check_idempotency_key(form.idempotency_key->expose())) {
    co_return InvalidIdempotencyKey{};
  }
  auto presented = parts_.mint.read(form.token.expose());
  // What has no key, or no form, cannot be checked: the database is not asked.
  if (!presented || !presented->key_loaded) co_return RefreshRefusal::InvalidRefreshToken;

  RotationRequest request{*std::move(presented),     RefreshTokenId::make(parts_.clock.wall_now(), parts_.random),
                          parts_.mint.mint().stored, std::move(form.idempotency_key),
                          form.received_at,          std::move(origin)};
  auto outcome = co_await parts_.repository.rotate(std::move(request), deadline);
  if (!outcome) co_return std::unexpected(std::move(outcome.error()));
  if (auto* refused = std::get_if<Refused>(&*outcome)) {
    const RefreshRefusal refusal = refused->refusal;
    co_await deny(std::move(refused->ended), deadline);
    co_return refusal;
  }
  auto answered = answer(std::get<Rotated>(*std::move(outcome)));
  if (!answered) co_return std::unexpected(std::move(answered.error()));
  co_return *std::move(answered);
}

AccountService::Task<void> AccountService::logout(Secret<std::string> token, RequestOrigin origin, Deadline deadline) {
  auto presented = parts_.mint.read(token.expose());
  if (!presented || !presented->key_loaded) co_return Result<void>{};
  auto ended = co_await parts_.repository.logout(*std::move(presented), std::move(origin), deadline);
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  if (*ended) co_await deny(std::vector<SessionId>(1, **ended), deadline);
  co_return Result<void>{};
}

AccountService::Task<void> AccountService::logout_all(UserId user, RequestOrigin origin, Deadline deadline) {
  auto ended = co_await parts_.repository.end_all_sessions(user, EndReason::LogoutAll, std::move(origin), deadline);
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  co_await deny(*std::move(ended), deadline);
  co_return Result<void>{};
}

AccountService::Task<std::optional<User>> AccountService::me(UserId user, Deadline deadline) {
  return parts_.repository.find_user(user, deadline);
}

AccountService::Task<std::vector<ListedSession>> AccountService::sessions(UserId user, SessionId current,
                                                                          Deadline deadline) {
  auto open = co_await parts_.repository.list_sessions(user, deadline);
  if (!open) co_return std::unexpected(std::move(open.error()));
  std::vector<ListedSession> listed;
  listed.reserve(open->size());
  for (Session& session : *open) {
    const bool is_current = session.id == current;
    listed.push_back(ListedSession{std::move(session), is_current});
  }
  co_return listed;
}

AccountService::Task<bool> AccountService::delete_session(UserId user, SessionId session, RequestOrigin origin,
                                                          Deadline deadline) {
  auto ended = co_await parts_.repository.end_session(user, session, EndReason::Deleted, std::move(origin), deadline);
  if (ended && *ended) co_await deny(std::vector<SessionId>(1, session), deadline);
  co_return ended;
}

AccountService::Task<std::variant<PasswordSet, WrongPassword, WeakPassword, AccountLocked>>
AccountService::change_password(NewPassword form, RequestOrigin origin, Deadline deadline) {
  auto next = parts_.passwords.acceptable(form.new_password.expose());
  if (!next) co_return WeakPassword{};
  auto found = co_await parts_.repository.find_credentials(form.user, deadline);
  if (!found) co_return std::unexpected(std::move(found.error()));

  auto current = parts_.passwords.normalised(form.current_password.expose());
  const bool possible = current && *found && (*found)->user.status == UserStatus::Active;
  if (!current) current.emplace();
  GuardedAccount account{form.user, std::nullopt, form.session};
  auto tried =
      co_await try_password(std::move(account), possible ? *found : std::nullopt, *std::move(current), deadline);
  if (!tried) co_return std::unexpected(std::move(tried.error()));
  if (const auto* locked = std::get_if<AccountLocked>(&*tried)) co_return *locked;
  const Verified verified = std::get<Verified>(*tried);
  if (!verified.right) {
    if (!verified.locked_now) co_return WrongPassword{false};
    // Whoever guesses here holds a stolen session: it must not outlive the guesses.
    auto ended = co_await parts_.repository.end_session(form.user, form.session, EndReason::PasswordGuessing, origin,
                                                        for_consequences(deadline));
    if (!ended) co_return std::unexpected(std::move(ended.error()));
    co_await deny(std::vector<SessionId>(1, form.session), deadline);
    co_return WrongPassword{true};
  }

  auto hash = co_await parts_.passwords.hash(*std::move(next), deadline);
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  PasswordChange change{form.user, (*found)->user.credential_version, Secret<std::string>(*std::move(hash)),
                        form.session};
  auto ended = co_await parts_.repository.change_password(std::move(change), std::move(origin), deadline);
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  if (!*ended) co_return WrongPassword{false};
  co_await deny(**std::move(ended), deadline);
  co_return PasswordSet{};
}

AccountService::Task<std::variant<User, UserNotFound, LastAdmin>> AccountService::change_user(UserChange change,
                                                                                              RequestOrigin origin,
                                                                                              Deadline deadline) {
  auto changed = co_await parts_.repository.change_user(change, std::move(origin), deadline);
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  if (std::holds_alternative<UserNotFound>(*changed)) co_return UserNotFound{};
  if (std::holds_alternative<LastAdmin>(*changed)) co_return LastAdmin{};
  auto& done = std::get<ChangedUser>(*changed);
  co_await deny(std::move(done.ended), deadline);
  co_return std::move(done.user);
}

AccountService::Task<std::size_t> AccountService::revoke_sessions(UserId user, RequestOrigin origin,
                                                                  Deadline deadline) {
  auto ended = co_await parts_.repository.end_all_sessions(user, EndReason::AdminRevoked, std::move(origin), deadline);
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  const std::size_t count = ended->size();
  co_await deny(*std::move(ended), deadline);
  co_return count;
}

AccountService::Task<bool> AccountService::unlock(UserId user, RequestOrigin origin, Deadline deadline) {
  auto found = co_await parts_.repository.find_user(user, deadline);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return false;
  auto unlocked = co_await parts_.guard.unlock(user, deadline);
  if (!unlocked) co_return std::unexpected(std::move(unlocked.error()));
  // An admin's write without its trace is not one: the admin is told to do it again.
  auto recorded = co_await parts_.repository.record(
      AuditEvent{AuditType::AccountUnlocked, user, std::nullopt, std::move(origin), {}}, for_consequences(deadline));
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  co_return true;
}

AccountService::Task<std::size_t> AccountService::republish_ended(Deadline deadline) {
  std::size_t count = 0;
  std::optional<EndedSession> last;
  while (true) {
    auto page = co_await parts_.repository.ended_within(parts_.signer.lifetime() + denylist::kMargin, last,
                                                        kRepublishPage, deadline);
    if (!page) co_return std::unexpected(std::move(page.error()));
    if (page->empty()) co_return count;
    last = page->back();
    count += page->size();
    std::vector<SessionId> sessions;
    sessions.reserve(page->size());
    for (const EndedSession& ended : *page) sessions.push_back(ended.id);
    auto denied = co_await parts_.denylist.deny(std::move(sessions), deadline);
    if (!denied) co_return std::unexpected(std::move(denied.error()));
  }
}

/// For what has to follow from something that has happened. Whoever sends a request slowly chooses how little of its
/// time is left by then, and must not choose thereby that nothing follows.
Deadline AccountService::for_consequences(Deadline deadline) const {
  return Deadline(std::max(deadline.at(), Deadline::after(parts_.clock.now(), kForConsequences).at()));
}

/// The sessions are over in the database already; a denylist that is away delays only the end of their access tokens.
runtime::Task<void> AccountService::deny(std::vector<SessionId> sessions, Deadline deadline) {
  if (sessions.empty()) co_return;
  auto denied = co_await parts_.denylist.deny(std::move(sessions), for_consequences(deadline));
  if (!denied) parts_.observer.denylist_failed(denied.error());
}

runtime::Task<void> AccountService::audit(AuditEvent event, Deadline deadline) {
  auto recorded = co_await parts_.repository.record(std::move(event), for_consequences(deadline));
  if (!recorded) parts_.observer.audit_failed(recorded.error());
}

}  // namespace sallyport::accounts
