#include "sallyport/accounts/sql_repository.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "sallyport/observability/log.hpp"
#include "sallyport/storage/sql/pool.hpp"

#include "sql/engine.hpp"

namespace sallyport::accounts {
namespace {

using sql::Engine;
using storage::SqlErrorKind;
using storage::SqlResult;
using storage::SqlSession;
using storage::WhenAbandoned;

template <class T>
Result<T> for_caller(log::Logger& logger, SqlResult<T> result) {
  if (result) return *std::move(result);
  const storage::SqlError& error = result.error();
  const bool bug = error.kind == SqlErrorKind::Other || error.kind == SqlErrorKind::Check ||
                   error.kind == SqlErrorKind::ForeignKey || error.kind == SqlErrorKind::UniqueViolation;
  logger.write(bug ? log::Level::Error : log::Level::Warn, "accounts_database_failed",
               {{"kind", storage::name_of(error.kind)}, {"error", std::string_view(error.describe())}});
  return std::unexpected(storage::to_error(error));
}

}  // namespace

SqlAccountRepository::SqlAccountRepository(Parts parts, TokenLifetimes lifetimes)
    : pool_(parts.pool), engine_(std::make_shared<Engine>(parts, lifetimes)) {}
SqlAccountRepository::~SqlAccountRepository() = default;

SqlAccountRepository::Task<std::variant<User, EmailTaken>> SqlAccountRepository::create_user(NewUser user,
                                                                                             RequestOrigin origin,
                                                                                             Deadline deadline) {
  auto work = [engine = engine_, user = std::move(user), origin = std::move(origin)](SqlSession& db) {
    return engine->create_user(db, user, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::optional<Credentials>> SqlAccountRepository::find_by_email(Email email,
                                                                                           Deadline deadline) {
  auto work = [engine = engine_, email = std::move(email)](SqlSession& db) { return engine->find_by_email(db, email); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<std::optional<Credentials>> SqlAccountRepository::find_credentials(UserId id,
                                                                                              Deadline deadline) {
  auto work = [engine = engine_, id](SqlSession& db) { return engine->find_credentials(db, id); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<std::optional<User>> SqlAccountRepository::find_user(UserId id, Deadline deadline) {
  auto work = [engine = engine_, id](SqlSession& db) { return engine->find_user(db, id); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<std::vector<User>> SqlAccountRepository::list_users(UserQuery query, Deadline deadline) {
  auto work = [engine = engine_, query = std::move(query)](SqlSession& db) { return engine->list_users(db, query); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<bool> SqlAccountRepository::store_rehash(UserId id, std::int64_t credential_version,
                                                                    Secret<std::string> hash, Deadline deadline) {
  auto work = [engine = engine_, id, credential_version, hash = std::move(hash)](SqlSession& db) {
    return engine->store_rehash(db, id, credential_version, hash);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::optional<OpenedSession>> SqlAccountRepository::open_session(NewSession session,
                                                                                            RequestOrigin origin,
                                                                                            Deadline deadline) {
  auto work = [engine = engine_, session = std::move(session), origin = std::move(origin)](SqlSession& db) {
    return engine->open_session(db, session, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<std::optional<SessionId>> SqlAccountRepository::logout(PresentedToken token,
                                                                                  RequestOrigin origin,
                                                                                  Deadline deadline) {
  auto work = [engine = engine_, token = std::move(token), origin = std::move(origin)](SqlSession& db) {
    return engine->logout(db, token, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::vector<Session>> SqlAccountRepository::list_sessions(UserId user, Deadline deadline) {
  auto work = [engine = engine_, user](SqlSession& db) { return engine->list_sessions(db, user); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<std::vector<SessionId>> SqlAccountRepository::end_all_sessions(UserId user, EndReason reason,
                                                                                          RequestOrigin origin,
                                                                                          Deadline deadline) {
  auto work = [engine = engine_, user, reason, origin = std::move(origin)](SqlSession& db) {
    return engine->end_sessions(db, sql::Ending{user, reason}, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::optional<std::vector<SessionId>>> SqlAccountRepository::change_password(
    PasswordChange change, RequestOrigin origin, Deadline deadline) {
  auto work = [engine = engine_, change = std::move(change), origin = std::move(origin)](SqlSession& db) {
    return engine->change_password(db, change, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::variant<ChangedUser, UserNotFound, LastAdmin>> SqlAccountRepository::change_user(
    UserChange change, RequestOrigin origin, Deadline deadline) {
  auto work = [engine = engine_, change, origin = std::move(origin)](SqlSession& db) {
    return engine->change_user(db, change, origin);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::vector<EndedSession>> SqlAccountRepository::ended_within(
    std::chrono::seconds window, std::optional<EndedSession> after, int limit, Deadline deadline) {
  auto work = [engine = engine_, window, after, limit](SqlSession& db) {
    return engine->ended_within(db, window, after, limit);
  };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<Cleaned> SqlAccountRepository::clean(Deadline deadline) {
  auto work = [engine = engine_](SqlSession& db) { return engine->clean(db); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
}

SqlAccountRepository::Task<std::vector<StoredAuditEvent>> SqlAccountRepository::audit_events(AuditQuery query,
                                                                                             Deadline deadline) {
  auto work = [engine = engine_, query](SqlSession& db) { return engine->audit_events(db, query); };
  co_return for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work), WhenAbandoned::Cancel));
}

SqlAccountRepository::Task<bool> SqlAccountRepository::end_session(UserId user, SessionId session, EndReason reason,
                                                                   RequestOrigin origin, Deadline deadline) {
  auto work = [engine = engine_, user, session, reason, origin = std::move(origin)](SqlSession& db) {
    return engine->end_sessions(db, sql::Ending{user, reason, session}, origin);
  };
  auto ended = for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  co_return !ended->empty();
}

SqlAccountRepository::Task<void> SqlAccountRepository::record(AuditEvent event, Deadline deadline) {
  auto work = [engine = engine_, event = std::move(event)](SqlSession& db) -> SqlResult<std::monostate> {
    if (auto recorded = engine->record(db, event); !recorded) return std::unexpected(std::move(recorded.error()));
    return std::monostate{};
  };
  auto recorded = for_caller(engine_->logger(), co_await pool_.run(deadline, std::move(work)));
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  co_return Result<void>{};
}

namespace {

Error outcome_unknown(log::Logger& logger, const RotationRequest& request) {
  logger.write(log::Level::Error, "token.outcome_unknown",
               {{"request_id", std::string_view(request.origin.request_id)}});
  return Error{ErrorCode::ServiceUnavailable, "whether the rotation was committed is unknown", ErrorOrigin::Upstream,
               Retry::Never};
}

}  // namespace

/// Asks until somebody answers or the deadline comes: the database may need a moment to come back.
runtime::Task<storage::SqlResult<bool>> SqlAccountRepository::find_successor(
    std::shared_ptr<const RotationRequest> request, SessionId session, Deadline deadline) {
  runtime::Timer timer(co_await asio::this_coro::executor);
  std::chrono::milliseconds pause{25};
  while (true) {
    auto look = [engine = engine_, request, session](SqlSession& db) {
      return engine->find_successor(db, session, request->successor.hash);
    };
    auto happened = co_await pool_.run(deadline, std::move(look));
    if (happened || deadline.remaining(engine_->clock().now()) <= pause) co_return happened;
    timer.expires_after(pause);
    co_await timer.async_wait(runtime::use_task);
    pause = std::min(2 * pause, std::chrono::milliseconds(400));
  }
}

SqlAccountRepository::Task<RotationOutcome> SqlAccountRepository::rotate(RotationRequest request, Deadline deadline) {
  const auto engine = engine_;
  const auto shared = std::make_shared<const RotationRequest>(std::move(request));
  auto rotate = [engine, shared](SqlSession& db) { return engine->rotate(db, *shared); };
  auto run = co_await pool_.run(deadline, std::move(rotate));
  if (!run && run.error().kind == SqlErrorKind::OutcomeUnknown) {
    co_return std::unexpected(outcome_unknown(engine->logger(), *shared));
  }
  auto known = for_caller(engine->logger(), std::move(run));
  if (!known) co_return std::unexpected(std::move(known.error()));
  if (auto* outcome = std::get_if<RotationOutcome>(&*known)) co_return std::move(*outcome);

  auto unsettled = std::get<sql::Unsettled>(*std::move(known));
  auto happened = co_await find_successor(shared, unsettled.rotated.session, deadline);
  // Unreachable counts as happened here: only what overlaps it from now on is judged by that.
  engine->settle(shared->presented.hash, happened.value_or(true));
  if (!happened) co_return std::unexpected(outcome_unknown(engine->logger(), *shared));
  if (*happened) co_return RotationOutcome(std::move(unsettled.rotated));
  co_return fail(ErrorCode::ServiceUnavailable, "the connection broke and the rotation was not committed",
                 ErrorOrigin::Upstream, Retry::Safe);
}

}  // namespace sallyport::accounts
