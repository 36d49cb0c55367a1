#include "adapters/denylist.hpp"

namespace sallyport::auth_service {

runtime::Task<Result<void>> AccountDenylist::deny(std::vector<accounts::SessionId> sessions, Deadline deadline) {
  std::vector<std::string> names;
  names.reserve(sessions.size());
  for (const accounts::SessionId& session : sessions) names.push_back(session.to_string());
  return list_.deny(std::move(names), keep_, deadline);
}

}  // namespace sallyport::auth_service
