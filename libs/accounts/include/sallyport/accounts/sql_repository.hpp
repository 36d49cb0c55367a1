#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sallyport/accounts/repository.hpp"
#include "sallyport/accounts/token_ports.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/storage/sql/database_url.hpp"
#include "sallyport/storage/sql/error.hpp"

namespace sallyport::log {
class Logger;
}
namespace sallyport::storage {
class SqlPool;
}

namespace sallyport::accounts {

namespace sql {
class Engine;
}

/// Accounts in PostgreSQL or SQLite. One for a process, used by all of its event loops: it remembers the process's own
/// recent rotations, by which a request that overlapped one is told from a replay.
/// Every time that is stored or compared comes from the database's clock.
class SqlAccountRepository final : public AccountRepository {
 public:
  /// All outlive the pool's threads: stop the pool first.
  struct Parts {
    storage::SqlPool& pool;
    storage::SqlDialect dialect;
    const RefreshTokenMint& mint;
    const AccessTokenSigner& signer;
    const Clock& clock;  ///< monotonic time of requests; calendar time in the ids of audit events
    Random& random;      ///< thread-safe, for the ids of audit events
    log::Logger& logger;
  };
  SqlAccountRepository(Parts parts, TokenLifetimes lifetimes);
  ~SqlAccountRepository() override;

  Task<std::variant<User, EmailTaken>> create_user(NewUser user, RequestOrigin origin, Deadline deadline) override;
  Task<std::optional<Credentials>> find_by_email(Email email, Deadline deadline) override;
  Task<std::optional<Credentials>> find_credentials(UserId id, Deadline deadline) override;
  Task<std::optional<User>> find_user(UserId id, Deadline deadline) override;
  Task<std::vector<User>> list_users(UserQuery query, Deadline deadline) override;
  Task<bool> store_rehash(UserId id, std::int64_t credential_version, Secret<std::string> hash,
                          Deadline deadline) override;
  Task<std::optional<OpenedSession>> open_session(NewSession session, RequestOrigin origin, Deadline deadline) override;
  Task<RotationOutcome> rotate(RotationRequest request, Deadline deadline) override;
  Task<std::optional<SessionId>> logout(PresentedToken token, RequestOrigin origin, Deadline deadline) override;
  Task<std::vector<Session>> list_sessions(UserId user, Deadline deadline) override;
  Task<bool> end_session(UserId user, SessionId session, EndReason reason, RequestOrigin origin,
                         Deadline deadline) override;
  Task<std::vector<SessionId>> end_all_sessions(UserId user, EndReason reason, RequestOrigin origin,
                                                Deadline deadline) override;
  Task<std::optional<std::vector<SessionId>>> change_password(PasswordChange change, RequestOrigin origin,
                                                              Deadline deadline) override;
  Task<std::variant<ChangedUser, UserNotFound, LastAdmin>> change_user(UserChange change, RequestOrigin origin,
                                                                       Deadline deadline) override;
  Task<std::vector<EndedSession>> ended_within(std::chrono::seconds window, std::optional<EndedSession> after,
                                               int limit, Deadline deadline) override;
  Task<Cleaned> clean(Deadline deadline) override;
  Task<void> record(AuditEvent event, Deadline deadline) override;
  Task<std::vector<StoredAuditEvent>> audit_events(AuditQuery query, Deadline deadline) override;

 private:
  runtime::Task<storage::SqlResult<bool>> find_successor(std::shared_ptr<const RotationRequest> request,
                                                         SessionId session, Deadline deadline);

  storage::SqlPool& pool_;
  std::shared_ptr<sql::Engine> engine_;  ///< shared with the work under way
};

}  // namespace sallyport::accounts
