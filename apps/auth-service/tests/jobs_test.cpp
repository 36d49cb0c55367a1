#include "jobs.hpp"

#include <gtest/gtest.h>

#include "adapters/account_watch.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::auth_service {
namespace {

using namespace accounts;

/// Answers what the jobs ask, and nothing else.
class JobRepository final : public AccountRepository {
 public:
  int batches = 0;                  ///< full ones before the last
  bool away = false;                ///< the database does not answer
  std::vector<EndedSession> ended;  ///< served in pages of one
  int cleaned = 0, pages = 0;

  Task<Cleaned> clean(Deadline) override {
    ++cleaned;
    if (away) co_return fail(ErrorCode::ServiceUnavailable, "away");
    co_return Cleaned{100, 0, cleaned <= batches};
  }
  Task<std::vector<EndedSession>> ended_within(std::chrono::seconds, std::optional<EndedSession> after, int,
                                               Deadline) override {
    if (away) co_return fail(ErrorCode::ServiceUnavailable, "away");
    std::size_t next = 0;
    while (after && next < ended.size() && ended[next++].id != after->id) {
    }
    ++pages;
    std::vector<EndedSession> page;
    if (next < ended.size()) page.push_back(ended[next]);
    co_return page;
  }

  Task<std::variant<User, EmailTaken>> create_user(NewUser, RequestOrigin, Deadline) override {
    return none<std::variant<User, EmailTaken>>();
  }
  Task<std::optional<Credentials>> find_by_email(Email, Deadline) override {
    return none<std::optional<Credentials>>();
  }
  Task<std::optional<Credentials>> find_credentials(UserId, Deadline) override {
    return none<std::optional<Credentials>>();
  }
  Task<std::optional<User>> find_user(UserId, Deadline) override { return none<std::optional<User>>(); }
  Task<std::vector<User>> list_users(UserQuery, Deadline) override { return none<std::vector<User>>(); }
  Task<bool> store_rehash(UserId, std::int64_t, Secret<std::string>, Deadline) override { return none<bool>(); }
  Task<std::optional<OpenedSession>> open_session(NewSession, RequestOrigin, Deadline) override {
    return none<std::optional<OpenedSession>>();
  }
  Task<RotationOutcome> rotate(RotationRequest, Deadline) override { return none<RotationOutcome>(); }
  Task<std::optional<SessionId>> logout(PresentedToken, RequestOrigin, Deadline) override {
    return none<std::optional<SessionId>>();
  }
  Task<std::vector<Session>> list_sessions(UserId, Deadline) override { return none<std::vector<Session>>(); }
  Task<bool> end_session(UserId, SessionId, EndReason, RequestOrigin, Deadline) override { return none<bool>(); }
  Task<std::vector<SessionId>> end_all_sessions(UserId, EndReason, RequestOrigin, Deadline) override {
    return none<std::vector<SessionId>>();
  }
  Task<std::optional<std::vector<SessionId>>> change_password(PasswordChange, RequestOrigin, Deadline) override {
    return none<std::optional<std::vector<SessionId>>>();
  }
  Task<std::variant<ChangedUser, UserNotFound, LastAdmin>> change_user(UserChange, RequestOrigin, Deadline) override {
    return none<std::variant<ChangedUser, UserNotFound, LastAdmin>>();
  }
  Task<void> record(AuditEvent, Deadline) override { return none<void>(); }
  Task<std::vector<StoredAuditEvent>> audit_events(AuditQuery, Deadline) override {
    return none<std::vector<StoredAuditEvent>>();
  }

 private:
  template <class T>
  static Task<T> none() {
    co_return fail(ErrorCode::NotImplemented, "not asked for by a job");
  }
};

class NoPasswords final : public PasswordWork {
 public:
  std::optional<Secret<std::string>> acceptable(std::string_view) const override { return std::nullopt; }
  std::optional<Secret<std::string>> normalised(std::string_view) const override { return std::nullopt; }
  Task<std::string> hash(Secret<std::string>, Deadline) override { co_return std::string(); }
  Task<bool> verify(Secret<std::string>, std::string, Deadline) override { co_return false; }
  Task<bool> burn(Secret<std::string>, Deadline) override { co_return false; }
  bool needs_rehash(std::string_view) const override { return false; }
};

class NoGuard final : public LoginGuard {
 public:
  Task<std::variant<Lease, Locked>> reserve(GuardedAccount, Deadline) override { co_return Locked{}; }
  Task<Settled> settle(Lease, Verdict, Deadline) override { co_return Settled{}; }
  Task<void> unlock(UserId, Deadline) override { co_return Result<void>{}; }
};

class NoMarks final : public DeviceMarks {
 public:
  std::optional<std::string> verify(std::string_view, UserId, std::int64_t) const override { return std::nullopt; }
  std::string issue(UserId, std::int64_t, const std::optional<std::string>&) const override { return {}; }
};

class NoMint final : public RefreshTokenMint {
 public:
  Minted mint() const override { return {}; }
  std::optional<PresentedToken> read(std::string_view) const override { return std::nullopt; }
  std::optional<Secret<std::string>> derive(const StoredToken&) const override { return std::nullopt; }
};

class NoSigner final : public AccessTokenSigner {
 public:
  Secret<std::string> sign(const AccessGrant&) const override { return {}; }
  std::chrono::seconds lifetime() const noexcept override { return std::chrono::seconds(900); }
};

class RememberingDenylist final : public SessionDenylist {
 public:
  std::vector<SessionId> denied;
  runtime::Task<Result<void>> deny(std::vector<SessionId> sessions, Deadline) override {
    denied.insert(denied.end(), sessions.begin(), sessions.end());
    co_return Result<void>{};
  }
};

class BackgroundJobsTest : public ::testing::Test {
 protected:
  template <class F>
  auto run(F work) {
    loop_.restart();
    return sallyport::testing::run_task_on(loop_, [&](runtime::Executor) { return work(); });
  }
  static runtime::Task<> wait_for_failures(BackgroundJobsTest* test, std::uint64_t wanted) {
    runtime::Timer timer(test->loop_.get_executor());
    while (test->registry_.total(test->metrics_.job_failures()) < wanted) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(runtime::use_task);
    }
  }

  sallyport::testing::FakeClock clock_;
  crypto::SecureRandom random_;
  asio::io_context loop_{1};
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry_;
  AuthMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  JobRepository repository_;
  NoPasswords passwords_;
  NoGuard guard_;
  NoMarks marks_;
  NoMint mint_;
  NoSigner signer_;
  RememberingDenylist denylist_;
  AccountWatch watch_{logger_, metrics_, shard_, [] {}};
  AccountService service_{
      {repository_, passwords_, guard_, marks_, denylist_, mint_, signer_, watch_, clock_, random_}};
  BackgroundJobs jobs_{service_, repository_, loop_.get_executor(), clock_, logger_, metrics_, shard_};
};

TEST_F(BackgroundJobsTest, CleansUntilABatchIsNotFull) {
  repository_.batches = 3;
  EXPECT_TRUE(run([&] { return jobs_.clean(); }).has_value());
  EXPECT_EQ(repository_.cleaned, 4);
}

TEST_F(BackgroundJobsTest, LeavesTheRestForTheNextTimeWhenTheDatabaseIsAway) {
  repository_.away = true;
  EXPECT_FALSE(run([&] { return jobs_.clean(); }).has_value());
  EXPECT_EQ(repository_.cleaned, 1);
  EXPECT_FALSE(run([&] { return jobs_.republish(); }).has_value());
}

TEST_F(BackgroundJobsTest, DeniesAllThatEndedLately) {
  for (int i = 0; i < 3; ++i) repository_.ended.push_back({SessionId::make(clock_.wall_now(), random_), {}});
  EXPECT_TRUE(run([&] { return jobs_.republish(); }).has_value());
  ASSERT_EQ(denylist_.denied.size(), 3U);
  EXPECT_EQ(denylist_.denied[2], repository_.ended[2].id);
  EXPECT_EQ(repository_.pages, 4);
}

TEST_F(BackgroundJobsTest, RunsWhenItIsAskedToAndCountsWhatFails) {
  repository_.away = true;
  jobs_.start();
  loop_.poll();
  jobs_.republish_soon();
  run([&] { return wait_for_failures(this, 1); });
  EXPECT_TRUE(denylist_.denied.empty());
  run([&] { return jobs_.stop(); });
}

TEST_F(BackgroundJobsTest, StopsAtOnceThoughItsTurnIsFarAway) {
  jobs_.start();
  loop_.poll();
  run([&] { return jobs_.stop(); });
  EXPECT_EQ(repository_.cleaned, 0);
  EXPECT_EQ(repository_.pages, 0);
}

}  // namespace
}  // namespace sallyport::auth_service
