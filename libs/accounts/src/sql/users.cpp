#include <algorithm>
#include <utility>

#include "sallyport/storage/sql/dialect_text.hpp"

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::accounts::sql {

UserStatements::UserStatements(storage::SqlDialect dialect)
    : insert(expand(dialect,
                    "INSERT INTO users (id, email, name, password_hash, role, status, created_at, updated_at) "
                    "VALUES ($1, $2, $3, $4, $5, 'active', {now}, {now}) RETURNING " SALLYPORT_USER_COLUMNS)),
      by_email(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS ", password_hash FROM users WHERE email = $1")),
      by_id(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS " FROM users WHERE id = $1")),
      credentials(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS ", password_hash FROM users WHERE id = $1")),
      list(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS " FROM users WHERE id > $1 "
                           "AND (CAST($2 AS TEXT) IS NULL OR status = $2) "
                           "AND (CAST($3 AS TEXT) IS NULL OR email LIKE $3 ESCAPE '!') ORDER BY id LIMIT $4")),
      rehash(
          expand(dialect,
                 "UPDATE users SET password_hash = $3, updated_at = {now} WHERE id = $1 AND credential_version = $2")),
      lock_shared(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS " FROM users WHERE id = $1 {for_share}")),
      lock(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS " FROM users WHERE id = $1 {for_update}")),
      lock_admins(expand(dialect, "SELECT " SALLYPORT_USER_COLUMNS " FROM users "
                                  "WHERE (role = 'admin' AND status = 'active') OR id = $1 ORDER BY id {for_update}")),
      set_password(expand(dialect,
                          "UPDATE users SET password_hash = $2, credential_version = credential_version + 1, "
                          "updated_at = {now} WHERE id = $1")),
      change(expand(dialect,
                    "UPDATE users SET role = $2, status = $3, credential_version = credential_version + $4, "
                    "updated_at = {now} WHERE id = $1 RETURNING " SALLYPORT_USER_COLUMNS)),
      raise_version(expand(dialect,
                           "UPDATE users SET credential_version = credential_version + 1, updated_at = {now} "
                           "WHERE id = $1")) {}

SqlResult<std::variant<User, EmailTaken>> Engine::create_user(SqlSession& db, const NewUser& user,
                                                              const RequestOrigin& origin) const {
  using Outcome = std::variant<User, EmailTaken>;
  auto created = in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<Outcome> {
    auto row = unit.db().query_one(users_.insert, user.id.to_string(), user.email.text(), user.name,
                                   user.password_hash.expose(), name_of(user.role));
    if (!row) return pass(std::move(row.error()));
    AuditEvent event{.type = AuditType::UserRegistered, .subject = user.id, .origin = origin};
    event.details.emplace_back("role", name_of(user.role));
    if (auto recorded = unit.record(std::move(event)); !recorded) return pass(std::move(recorded.error()));
    return user_from(row->value());
  });
  if (!created && created.error().is_unique("users_email_key", "users.email")) return EmailTaken{};
  return created;
}

namespace {

SqlResult<std::optional<Credentials>> to_credentials(SqlResult<std::optional<SqlRow>> row) {
  if (!row) return pass(std::move(row.error()));
  return *row ? std::optional(credentials_from(**row)) : std::nullopt;
}

/// A LIKE pattern for texts that contain `part`, with '!' as its escape.
std::optional<std::string> containing(std::string_view part) {
  if (part.empty()) return std::nullopt;
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

}  // namespace

SqlResult<std::optional<Credentials>> Engine::find_by_email(SqlSession& db, const Email& email) const {
  return to_credentials(db.query_one(users_.by_email, email.text()));
}

SqlResult<std::optional<Credentials>> Engine::find_credentials(SqlSession& db, UserId id) const {
  return to_credentials(db.query_one(users_.credentials, id.to_string()));
}

SqlResult<std::optional<User>> Engine::find_user(SqlSession& db, UserId id) const {
  auto row = db.query_one(users_.by_id, id.to_string());
  if (!row) return pass(std::move(row.error()));
  return *row ? std::optional(user_from(**row)) : std::nullopt;
}

SqlResult<std::vector<User>> Engine::list_users(SqlSession& db, const UserQuery& query) const {
  const std::string after = query.after ? query.after->to_string() : std::string();
  const auto status = query.status ? std::optional(name_of(*query.status)) : std::nullopt;
  const auto pattern = containing(query.email_part);
  auto rows = db.query(users_.list, after, status, pattern, std::clamp(query.limit, 1, kPageMax + 1));
  if (!rows) return pass(std::move(rows.error()));
  std::vector<User> users;
  users.reserve(rows->size());
  for (const SqlRow& row : *rows) users.push_back(user_from(row));
  return users;
}

SqlResult<bool> Engine::store_rehash(SqlSession& db, UserId id, std::int64_t version,
                                     const Secret<std::string>& hash) const {
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<bool> {
    auto changed = unit.db().execute(users_.rehash, id.to_string(), version, hash.expose());
    if (!changed) return pass(std::move(changed.error()));
    return *changed == 1;
  });
}

SqlResult<std::optional<User>> Engine::lock_user(SqlSession& db, UserId id) const {
  auto row = db.query_one(users_.lock, id.to_string());
  if (!row) return pass(std::move(row.error()));
  return *row ? std::optional(user_from(**row)) : std::nullopt;
}

SqlResult<std::optional<std::vector<SessionId>>> Engine::change_password(SqlSession& db, const PasswordChange& change,
                                                                         const RequestOrigin& origin) const {
  using Outcome = std::optional<std::vector<SessionId>>;
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<Outcome> {
    auto user = lock_user(unit.db(), change.user);
    if (!user) return pass(std::move(user.error()));
    if (!*user || (*user)->status != UserStatus::Active || (*user)->credential_version != change.credential_version) {
      return std::nullopt;
    }
    auto set = unit.db().execute(users_.set_password, change.user.to_string(), change.new_hash.expose());
    if (!set) return pass(std::move(set.error()));
    auto ended = end_locked(unit.db(), Ending{change.user, EndReason::PasswordChanged, std::nullopt, change.keep});
    if (!ended) return pass(std::move(ended.error()));
    AuditEvent event{AuditType::PasswordChanged, change.user, change.keep, origin, {}};
    event.details.emplace_back("sessions_ended", std::to_string(ended->size()));
    if (auto recorded = unit.record(std::move(event)); !recorded) return pass(std::move(recorded.error()));
    return *std::move(ended);
  });
}

namespace {

void add_change(AuditEvent& event, std::string_view before, std::string_view after) {
  event.details.emplace_back("before", before);
  event.details.emplace_back("after", after);
}

/// The events of a change: one for the role, one for the status.
std::vector<AuditEvent> events_of(const User& before, const User& after, std::size_t ended,
                                  const RequestOrigin& origin) {
  std::vector<AuditEvent> events;
  if (before.role != after.role) {
    events.push_back(AuditEvent{.type = AuditType::RoleChanged, .subject = after.id, .origin = origin});
    add_change(events.back(), name_of(before.role), name_of(after.role));
  }
  if (before.status != after.status) {
    const bool disabled = after.status == UserStatus::Disabled;
    events.push_back(AuditEvent{
        .type = disabled ? AuditType::UserDisabled : AuditType::AdminAction, .subject = after.id, .origin = origin});
    if (!disabled) events.back().details.emplace_back("action", "user.enabled");
    add_change(events.back(), name_of(before.status), name_of(after.status));
  }
  for (AuditEvent& event : events) event.details.emplace_back("sessions_ended", std::to_string(ended));
  return events;
}

bool is_active_admin(const User& user) noexcept {
  return user.role == Role::Admin && user.status == UserStatus::Active;
}

}  // namespace

SqlResult<std::variant<ChangedUser, UserNotFound, LastAdmin>> Engine::change_user(SqlSession& db,
                                                                                  const UserChange& change,
                                                                                  const RequestOrigin& origin) const {
  using Outcome = std::variant<ChangedUser, UserNotFound, LastAdmin>;
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<Outcome> {
    // All admins in one order: two who demote each other at once must not both succeed, nor wait for each other.
    auto rows = unit.db().query(users_.lock_admins, change.user.to_string());
    if (!rows) return pass(std::move(rows.error()));
    std::optional<User> before;
    int other_admins = 0;
    for (const SqlRow& row : *rows) {
      User user = user_from(row);
      if (user.id == change.user) {
        before = std::move(user);
      } else if (is_active_admin(user)) {
        ++other_admins;
      }
    }
    if (!before) return UserNotFound{};
    User after = *before;
    after.role = change.role.value_or(before->role);
    after.status = change.status.value_or(before->status);
    if (after.role == before->role && after.status == before->status) return ChangedUser{*std::move(before), {}};
    if (is_active_admin(*before) && !is_active_admin(after) && other_admins == 0) return LastAdmin{};

    const bool disabled = after.status == UserStatus::Disabled && before->status == UserStatus::Active;
    auto row = unit.db().query_one(users_.change, change.user.to_string(), name_of(after.role), name_of(after.status),
                                   disabled ? 1 : 0);
    if (!row) return pass(std::move(row.error()));
    after = user_from(row->value());
    const EndReason reason = after.status == UserStatus::Disabled ? EndReason::UserDisabled : EndReason::RoleChanged;
    auto ended = end_locked(unit.db(), Ending{change.user, reason});
    if (!ended) return pass(std::move(ended.error()));
    for (AuditEvent& event : events_of(*before, after, ended->size(), origin)) {
      if (auto recorded = unit.record(std::move(event)); !recorded) return pass(std::move(recorded.error()));
    }
    return ChangedUser{std::move(after), *std::move(ended)};
  });
}

}  // namespace sallyport::accounts::sql
