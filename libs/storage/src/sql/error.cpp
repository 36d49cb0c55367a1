#include "sallyport/storage/sql/error.hpp"

namespace sallyport::storage {

std::string_view name_of(SqlErrorKind kind) noexcept {
  switch (kind) {
    case SqlErrorKind::UniqueViolation:
      return "unique_violation";
    case SqlErrorKind::ForeignKey:
      return "foreign_key_violation";
    case SqlErrorKind::Check:
      return "check_violation";
    case SqlErrorKind::Serialization:
      return "serialization_failure";
    case SqlErrorKind::Busy:
      return "busy";
    case SqlErrorKind::Timeout:
      return "timeout";
    case SqlErrorKind::Overloaded:
      return "overloaded";
    case SqlErrorKind::NotSent:
      return "not_sent";
    case SqlErrorKind::Unavailable:
      return "unavailable";
    case SqlErrorKind::OutcomeUnknown:
      return "outcome_unknown";
    case SqlErrorKind::Other:
      break;
  }
  return "other";
}

std::string SqlError::describe() const {
  std::string text(name_of(kind));
  for (const std::string* part : {&sqlstate, &constraint}) {
    if (!part->empty()) text += " " + *part;
  }
  if (!detail.empty()) text += ": " + detail;
  return text;
}

Error to_error(const SqlError& error) {
  ErrorCode code = ErrorCode::InternalError;
  Retry retry = Retry::Never;
  switch (error.kind) {
    case SqlErrorKind::Overloaded:
      code = ErrorCode::Overloaded;
      retry = Retry::Safe;
      break;
    case SqlErrorKind::NotSent:
    case SqlErrorKind::Serialization:
    case SqlErrorKind::Busy:
    case SqlErrorKind::Timeout:
      code = ErrorCode::ServiceUnavailable;
      retry = Retry::Safe;
      break;
    case SqlErrorKind::Unavailable:
    case SqlErrorKind::OutcomeUnknown:
      code = ErrorCode::ServiceUnavailable;
      break;
    case SqlErrorKind::UniqueViolation:
    case SqlErrorKind::ForeignKey:
    case SqlErrorKind::Check:
    case SqlErrorKind::Other:
      break;
  }
  return Error{code, "database: " + error.describe(), ErrorOrigin::Internal, retry};
}

}  // namespace sallyport::storage
