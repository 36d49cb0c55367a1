#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sallyport/accounts/repository.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/storage/sql/session.hpp"

#include "recent_rotations.hpp"
#include "unit_of_work.hpp"

namespace sallyport::accounts::sql {

/// The statements of each area, written out for one engine.
struct UserStatements {
  explicit UserStatements(storage::SqlDialect dialect);
  std::string insert, by_email, by_id, credentials, list, rehash, lock_shared, lock, lock_admins, set_password, change,
      raise_version;
};
struct SessionStatements {
  explicit SessionStatements(storage::SqlDialect dialect);
  std::string insert, insert_first_token, list, ended_within, find_token, lock_batch, mark_batch, revoke_tokens,
      delete_tokens, delete_sessions;
};
struct RotationStatements {
  explicit RotationStatements(storage::SqlDialect dialect);
  std::string exchange;         ///< PostgreSQL: the whole compare-and-set
  std::string take, bear, use;  ///< SQLite: its three steps, under the write lock
  std::string key_used, note_key, lock_session, look, count_replay, lock_by_id, find_successor, time;
};

/// Whose sessions are to end.
struct Ending {
  UserId user;
  EndReason reason;
  std::optional<SessionId> only = std::nullopt;
  std::optional<SessionId> keep = std::nullopt;
};

/// A rotation whose COMMIT was sent and never answered.
struct Unsettled {
  Rotated rotated;
};
using RotationRun = std::variant<RotationOutcome, Unsettled>;

/// All the work that runs on the pool's threads, with what it needs. Thread-safe; each call has a session of its own.
class Engine final {
 public:
  Engine(const SqlAccountRepository::Parts& parts, TokenLifetimes lifetimes);

  SqlResult<std::variant<User, EmailTaken>> create_user(SqlSession& db, const NewUser& user,
                                                        const RequestOrigin& origin) const;
  SqlResult<std::optional<Credentials>> find_by_email(SqlSession& db, const Email& email) const;
  SqlResult<std::optional<Credentials>> find_credentials(SqlSession& db, UserId id) const;
  SqlResult<std::optional<User>> find_user(SqlSession& db, UserId id) const;
  SqlResult<std::vector<User>> list_users(SqlSession& db, const UserQuery& query) const;
  SqlResult<bool> store_rehash(SqlSession& db, UserId id, std::int64_t version, const Secret<std::string>& hash) const;
  SqlResult<std::optional<std::vector<SessionId>>> change_password(SqlSession& db, const PasswordChange& change,
                                                                   const RequestOrigin& origin) const;
  SqlResult<std::variant<ChangedUser, UserNotFound, LastAdmin>> change_user(SqlSession& db, const UserChange& change,
                                                                            const RequestOrigin& origin) const;

  SqlResult<std::optional<OpenedSession>> open_session(SqlSession& db, const NewSession& session,
                                                       const RequestOrigin& origin) const;
  SqlResult<std::optional<SessionId>> logout(SqlSession& db, const PresentedToken& token,
                                             const RequestOrigin& origin) const;
  SqlResult<std::vector<Session>> list_sessions(SqlSession& db, UserId user) const;
  SqlResult<std::vector<SessionId>> end_sessions(SqlSession& db, const Ending& ending,
                                                 const RequestOrigin& origin) const;
  SqlResult<std::vector<EndedSession>> ended_within(SqlSession& db, std::chrono::seconds window,
                                                    const std::optional<EndedSession>& after, int limit) const;
  SqlResult<Cleaned> clean(SqlSession& db) const;

  SqlResult<RotationRun> rotate(SqlSession& db, const RotationRequest& request);
  /// Whether the rotation happened. Waits until the transaction that may still be at it is over.
  SqlResult<bool> find_successor(SqlSession& db, SessionId session, const std::string& successor_hash) const;
  /// Ends the uncertainty that Unsettled left about who overlaps the rotation.
  void settle(const std::string& presented_hash, bool happened);

  SqlResult<> record(SqlSession& db, const AuditEvent& event) const;
  SqlResult<std::vector<StoredAuditEvent>> audit_events(SqlSession& db, const AuditQuery& query) const;

  const Clock& clock() const noexcept { return audit_.clock; }
  log::Logger& logger() const noexcept { return audit_.logger; }

 private:
  struct Exchange;  ///< what the compare-and-set found
  struct Found;     ///< what the classification reads
  struct Reuse {    ///< the last line of the classification, before anything is done about it
    UserId user;
    SessionId session;
  };
  struct Arrival {  ///< of a request, by the database's clock, in microseconds
    std::int64_t earliest = 0, latest = 0;
  };
  struct Attempt {
    bool exchanged = false;  ///< it is a rotation that COMMIT makes true
    bool seen_live = false;  ///< kept over a retry, whose own statement begins later
  };
  using Verdict = std::variant<RotationOutcome, Reuse>;

  bool authentic(const PresentedToken& presented, std::string_view key_id, std::string_view nonce) const;
  SqlResult<std::optional<User>> lock_user(SqlSession& db, UserId id) const;
  /// The user's row is locked already.
  SqlResult<std::vector<SessionId>> end_locked(SqlSession& db, const Ending& ending) const;
  static AuditEvent session_ended(const Ending& ending, const std::vector<SessionId>& ended,
                                  const RequestOrigin& origin);

  SqlResult<Exchange> exchange(SqlSession& db, const RotationRequest& request) const;
  SqlResult<Exchange> exchange_in_steps(SqlSession& db, const RotationRequest& request) const;
  SqlResult<bool> note_key(SqlSession& db, const RotationRequest& request, SessionId session) const;
  /// The transaction of a refresh, up to its end.
  SqlResult<Verdict> attempt(UnitOfWork& unit, const RotationRequest& request, Attempt& state) const;
  static Found found_from(const SqlRow& row);
  SqlResult<Verdict> classify(UnitOfWork& unit, const RotationRequest& request, bool seen_live) const;
  std::int64_t age_of(const RotationRequest& request) const noexcept;  ///< microseconds
  SqlResult<bool> overlaps(SqlSession& db, const RotationRequest& request, const Found& found, bool seen_live,
                           Arrival arrival) const;
  SqlResult<Verdict> judge(UnitOfWork& unit, const RotationRequest& request, const Found& found, bool overlap) const;
  SqlResult<Verdict> give_again(UnitOfWork& unit, const RotationRequest& request, const Found& found,
                                RotationKind kind) const;
  SqlResult<RotationOutcome> punish_reuse(SqlSession& db, const RotationRequest& request, const Reuse& reuse) const;

  storage::SqlDialect dialect_;
  const RefreshTokenMint& mint_;
  const AccessTokenSigner& signer_;
  TokenLifetimes lifetimes_;
  AuditWriter audit_;
  std::string audit_query_;
  UserStatements users_;
  SessionStatements sessions_;
  RotationStatements rotation_;
  RecentRotations recent_;
};

}  // namespace sallyport::accounts::sql
