#pragma once

#include <chrono>
#include <string>

#include "sallyport/accounts/session.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/storage/sql/row.hpp"

namespace sallyport::accounts::sql {

// Reading a row that another program wrote: whatever does not fit is an SqlRowError, which ends as a 500.

template <class IdType>
IdType id_from(const std::string& text) {
  const auto id = IdType::parse(text);
  if (!id) throw storage::SqlRowError("a stored id is not a UUID");
  return *id;
}

inline Timestamp time_from(std::int64_t microseconds) noexcept {
  return Timestamp(std::chrono::microseconds(microseconds));
}

/// The columns of user_from, in its order.
#define SALLYPORT_USER_COLUMNS "id, email, name, role, status, created_at, credential_version"

inline User user_from(const storage::SqlRow& row) {
  const auto role = parse_role(row.text(3));
  const auto status = parse_user_status(row.text(4));
  if (!role || !status) throw storage::SqlRowError("a stored user has an unknown role or status");
  return User{id_from<UserId>(row.text(0)), row.text(1),   row.maybe_text(2), *role, *status,
              time_from(row.integer(5)),    row.integer(6)};
}

inline Credentials credentials_from(const storage::SqlRow& row) {
  return Credentials{user_from(row), Secret<std::string>(row.text(7))};
}

inline Session session_from(const storage::SqlRow& row) {
  return Session{id_from<SessionId>(row.text(0)),
                 id_from<UserId>(row.text(1)),
                 time_from(row.integer(2)),
                 time_from(row.integer(3)),
                 time_from(row.integer(4)),
                 row.maybe_text(5),
                 row.maybe_text(6)};
}

}  // namespace sallyport::accounts::sql
