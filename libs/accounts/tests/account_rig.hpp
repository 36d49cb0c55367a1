#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <unistd.h>

#include "sallyport/accounts/service.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/accounts/token_adapters.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/sql_database.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::accounts {

using namespace std::chrono_literals;

/// Passwords whose "hash" can be read: fast, and its strength is another library's business.
class PlainPasswords final : public PasswordWork {
 public:
  std::optional<Secret<std::string>> acceptable(std::string_view password) const override;
  std::optional<Secret<std::string>> normalised(std::string_view password) const override;
  Task<std::string> hash(Secret<std::string> password, Deadline deadline) override;
  Task<bool> verify(Secret<std::string> password, std::string stored, Deadline deadline) override;
  Task<bool> burn(Secret<std::string> password, Deadline deadline) override;
  bool needs_rehash(std::string_view stored) const override;

  std::string scheme = "plain:";  ///< of new hashes; others are verified and need a rehash
  int verified = 0, burned = 0;
  bool overloaded = false;
  std::function<void()> at_work = [] {};  ///< called in each verification
};

/// Locks after the fifth wrong password, for ever.
class CountingGuard final : public LoginGuard {
 public:
  Task<std::variant<Lease, Locked>> reserve(GuardedAccount account, Deadline deadline) override;
  Task<Settled> settle(Lease lease, Verdict verdict, Deadline deadline) override;
  Task<void> unlock(UserId user, Deadline deadline) override;

  static std::string bucket(const GuardedAccount& account);
  std::map<std::string, int> failures;
  int leases = 0;  ///< reserved and not settled
  int not_tried = 0;
  bool lose_leases = false;
};

class ReadableDevices final : public DeviceMarks {
 public:
  std::optional<std::string> verify(std::string_view cookie, UserId user, std::int64_t version) const override;
  std::string issue(UserId user, std::int64_t version, const std::optional<std::string>& device) const override;
};

class ListedDenials final : public SessionDenylist {
 public:
  runtime::Task<Result<void>> deny(std::vector<SessionId> sessions, Deadline deadline) override;
  std::vector<SessionId> denied;
  bool away = false;
};

class CountingObserver final : public AccountObserver {
 public:
  void denylist_failed(const Error&) override { ++denylist_failures; }
  void audit_failed(const Error&) override { ++audit_failures; }
  int denylist_failures = 0, audit_failures = 0;
};

/// An access token that says what it was signed for.
class ReadableSigner final : public AccessTokenSigner {
 public:
  Secret<std::string> sign(const AccessGrant& grant) const override;
  std::chrono::seconds lifetime() const noexcept override { return 900s; }
};

using Engine = testing::SqlEngine;
using TestDatabase = testing::SqlDatabase;
using testing::engine_name;

/// Everything stored becomes so much older.
void pass_time(TestDatabase& database, std::chrono::microseconds by);

struct RigOptions {
  TokenLifetimes lifetimes = {};
  std::size_t connections = 8;
  std::uint16_t port = 0;               ///< of a TcpGate before the server; 0: none
  std::string role = "sallyport_auth";  ///< PostgreSQL's user
};

/// Keeps what a task returns, which need not have a default value.
template <class R>
runtime::Task<> store(runtime::Task<R> task, std::optional<R>& out) {
  out.emplace(co_await std::move(task));
}

/// One process of the auth service, on a database that others may share.
class Rig final {
 public:
  Rig(TestDatabase& database, RigOptions options = {});
  ~Rig();

  Deadline soon() const { return Deadline::after(clock.now(), 10s); }

  /// Runs make() → Task<Result<T>> to its end; the test fails when the result is an error.
  template <class Make>
  auto run(Make make) {
    auto result = attempt(std::move(make));
    if (!result) {
      ADD_FAILURE() << result.error().detail;
      throw std::runtime_error("unexpected: " + result.error().detail);
    }
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *std::move(result);
  }
  template <class Make>
  auto attempt(Make make) {
    using R = typename decltype(make())::value_type;
    std::optional<R> out;
    testing::run_task_on(loop, [&](runtime::Executor) { return store(make(), out); });
    return *std::move(out);
  }
  /// Starts all of them before any can end, and returns what each came to, in their order.
  template <class T>
  std::vector<Result<T>> run_all(const std::vector<std::function<runtime::Task<Result<T>>()>>& tasks) {
    std::vector<std::optional<Result<T>>> results(tasks.size());
    std::size_t left = tasks.size();
    bool done = tasks.empty();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      boost::asio::co_spawn(loop, store(tasks[i](), results[i]), [&](std::exception_ptr) { done = --left == 0; });
    }
    testing::detail::run_until(loop, done, 30s);
    std::vector<Result<T>> all;
    for (auto& result : results) all.push_back(result ? *std::move(result) : fail(ErrorCode::InternalError, "thrown"));
    return all;
  }

  UserId add_user(const std::string& email = "ada@example.com", Role role = Role::User);
  LoggedIn login(const std::string& email = "ada@example.com");
  using RefreshResult = std::variant<TokenAnswer, RefreshRefusal, InvalidIdempotencyKey>;
  /// received_at: when its body arrived; by default now.
  runtime::Task<Result<RefreshResult>> refresh_task(const Secret<std::string>& token, std::string key = {},
                                                    std::optional<SteadyTime> received_at = std::nullopt);
  RefreshResult refresh(const Secret<std::string>& token, const std::string& key = {});
  /// The tokens of a refresh that must succeed.
  TokenAnswer refreshed(const Secret<std::string>& token, const std::string& key = {});
  std::string log_text();

  SystemClock clock;
  crypto::SecureRandom random;
  testing::TemporaryFolder folder;
  /// Closed after the logger, whose thread writes to it to the end.
  struct LogFile {
    explicit LogFile(int opened) : fd(opened) {}
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile() { ::close(fd); }
    int fd;
  } log_fd;
  log::Logger logger;
  asio::io_context loop{1};
  asio::executor_work_guard<runtime::Executor> awake{loop.get_executor()};  ///< it is run in pieces
  PlainPasswords passwords;
  CountingGuard guard;
  ReadableDevices devices;
  ListedDenials denylist;
  CountingObserver observer;
  RingRefreshTokenMint mint;
  ReadableSigner signer;
  storage::SqlPool pool;
  SqlAccountRepository repository;
  AccountService service;
};

/// A code as a client would see it: "ok" or the refusal's name.
std::string code_of(const Rig::RefreshResult& result);
std::string code_of(const Result<Rig::RefreshResult>& result);

class AccountContract : public ::testing::TestWithParam<Engine> {
 protected:
  TestDatabase database{GetParam()};
};

}  // namespace sallyport::accounts
