#include "sallyport/accounts/denylist_adapter.hpp"

#include <string>
#include <utility>

#include "sallyport/denylist/denylist.hpp"

namespace sallyport::accounts {

runtime::Task<Result<void>> KeptDenylist::deny(std::vector<SessionId> sessions, Deadline deadline) {
  std::vector<std::string> names;
  names.reserve(sessions.size());
  for (const SessionId& session : sessions) names.push_back(session.to_string());
  return list_.deny(std::move(names), keep_, deadline);
}

}  // namespace sallyport::accounts
