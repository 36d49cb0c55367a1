#include "account_rig.hpp"

#include <fcntl.h>

#include <unistd.h>
#include <fstream>
#include <iterator>

#include "sallyport/observability/redactor.hpp"

namespace sallyport::accounts {
std::optional<Secret<std::string>> PlainPasswords::acceptable(std::string_view password) const {
  if (password.size() < 8) return std::nullopt;
  return normalised(password);
}
std::optional<Secret<std::string>> PlainPasswords::normalised(std::string_view password) const {
  if (password.find('\xff') != std::string_view::npos) return std::nullopt;
  return Secret<std::string>(std::string(password));
}
PasswordWork::Task<std::string> PlainPasswords::hash(Secret<std::string> password, Deadline) {
  co_return scheme + std::string(password.expose());
}
PasswordWork::Task<bool> PlainPasswords::verify(Secret<std::string> password, std::string stored, Deadline) {
  if (overloaded) co_return fail(ErrorCode::Overloaded, "no thread");
  ++verified;
  at_work();
  co_return stored.substr(stored.find(':') + 1) == password.expose();
}
PasswordWork::Task<bool> PlainPasswords::burn(Secret<std::string>, Deadline) {
  if (overloaded) co_return fail(ErrorCode::Overloaded, "no thread");
  ++burned;
  co_return false;
}
bool PlainPasswords::needs_rehash(std::string_view stored) const {
  return !stored.starts_with(scheme);
}

std::string CountingGuard::bucket(const GuardedAccount& account) {
  std::string name = std::holds_alternative<UserId>(account.who) ? std::get<UserId>(account.who).to_string()
                                                                 : "unknown " + std::get<Email>(account.who).text();
  if (account.device) name += " on " + *account.device;
  if (account.changing_in) name += " in " + account.changing_in->to_string();
  return name;
}
LoginGuard::Task<std::variant<LoginGuard::Lease, LoginGuard::Locked>> CountingGuard::reserve(GuardedAccount account,
                                                                                             Deadline) {
  if (failures[bucket(account)] >= 5) co_return Locked{600s};
  ++leases;
  co_return Lease{std::move(account), "lease"};
}
LoginGuard::Task<LoginGuard::Settled> CountingGuard::settle(Lease lease, Verdict verdict, Deadline) {
  --leases;
  if (lose_leases) co_return fail(ErrorCode::Overloaded, "the lease was over");
  int& count = failures[bucket(lease.account)];
  if (verdict == Verdict::NotTried) ++not_tried;
  if (verdict == Verdict::Right) count = 0;
  if (verdict == Verdict::Wrong) ++count;
  co_return Settled{verdict == Verdict::Wrong && count == 5};
}
LoginGuard::Task<void> CountingGuard::unlock(UserId user, Deadline) {
  std::erase_if(failures, [&](const auto& entry) { return entry.first.starts_with(user.to_string()); });
  co_return Result<void>{};
}

std::optional<std::string> ReadableDevices::verify(std::string_view cookie, UserId user, std::int64_t version) const {
  const std::string start = user.to_string() + "/" + std::to_string(version) + "/";
  if (!cookie.starts_with(start)) return std::nullopt;
  return std::string(cookie.substr(start.size()));
}
std::string ReadableDevices::issue(UserId user, std::int64_t version, const std::optional<std::string>& device) const {
  return user.to_string() + "/" + std::to_string(version) + "/" + device.value_or("new");
}

runtime::Task<Result<void>> ListedDenials::deny(std::vector<SessionId> sessions, Deadline) {
  if (away) co_return fail(ErrorCode::ServiceUnavailable, "away");
  denied.insert(denied.end(), sessions.begin(), sessions.end());
  co_return Result<void>{};
}

Secret<std::string> ReadableSigner::sign(const AccessGrant& grant) const {
  return Secret<std::string>(grant.user.to_string() + " " + grant.session.to_string() + " " +
                             std::string(name_of(grant.role)));
}

void pass_time(TestDatabase& database, std::chrono::microseconds by) {
  const std::string us = std::to_string(by.count());
  database.run("UPDATE sessions SET created_at = created_at - " + us + ", last_used_at = last_used_at - " + us +
               ", expires_at = expires_at - " + us + ", ended_at = ended_at - " + us);
  database.run("UPDATE refresh_tokens SET created_at = created_at - " + us + ", expires_at = expires_at - " + us +
               ", revoked_at = revoked_at - " + us);
}

Rig::Rig(TestDatabase& database, RigOptions options)
    : log_fd(::open(folder.file("log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)),
      logger(log::Logger::Options{.fd = log_fd.fd}, log::Redactor()),
      mint(crypto::HmacKeyRing({crypto::HmacKey{"k1", Secret<std::string>(std::string(32, 'k'))}}), random),
      pool(storage::SqlPoolOptions{.url = database.url(options.port, options.role),
                                   .connections_max = options.connections,
                                   .acquire = std::chrono::milliseconds(5000)},
           clock),
      repository({pool, database.dialect(), mint, signer, clock, random, logger}, options.lifetimes),
      service({repository, passwords, guard, devices, denylist, mint, signer, observer, clock, random}) {}

Rig::~Rig() {
  pool.stop();
}

UserId Rig::add_user(const std::string& email, Role role) {
  auto made = run([&] {
    return service.register_user(Registration{email, Secret<std::string>("correct horse"), "Ada", role}, {}, soon());
  });
  if (auto* user = std::get_if<User>(&made)) return user->id;
  throw std::runtime_error("the user was not registered");
}

LoggedIn Rig::login(const std::string& email) {
  auto result =
      run([&] { return service.login(Login{email, Secret<std::string>("correct horse"), std::nullopt}, {}, soon()); });
  if (auto* logged_in = std::get_if<LoggedIn>(&result)) return std::move(*logged_in);
  throw std::runtime_error("the login was refused");
}

runtime::Task<Result<Rig::RefreshResult>> Rig::refresh_task(const Secret<std::string>& token, std::string key,
                                                            std::optional<SteadyTime> received_at) {
  Refresh form{token, std::nullopt, received_at.value_or(clock.now())};
  if (!key.empty()) form.idempotency_key = Secret<std::string>(std::move(key));
  return service.refresh(std::move(form), RequestOrigin{.address = "192.0.2.1", .request_id = "r-1"}, soon());
}

Rig::RefreshResult Rig::refresh(const Secret<std::string>& token, const std::string& key) {
  return run([&] { return refresh_task(token, key); });
}

TokenAnswer Rig::refreshed(const Secret<std::string>& token, const std::string& key) {
  auto result = refresh(token, key);
  if (auto* answer = std::get_if<TokenAnswer>(&result)) return std::move(*answer);
  ADD_FAILURE() << "refused: " << code_of(result);
  throw std::runtime_error("refused: " + code_of(result));
}

std::string Rig::log_text() {
  logger.flush();
  std::ifstream file(folder.file("log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string code_of(const Rig::RefreshResult& result) {
  if (std::holds_alternative<TokenAnswer>(result)) return "ok";
  if (const auto* refusal = std::get_if<RefreshRefusal>(&result)) return std::string(name_of(*refusal));
  return "validation_failed";
}

std::string code_of(const Result<Rig::RefreshResult>& result) {
  return result ? code_of(*result) : std::string(info(result.error().code).code);
}

}  // namespace sallyport::accounts
