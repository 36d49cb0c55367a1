#pragma once

#include <chrono>

#include "sallyport/accounts/ports.hpp"
#include "sallyport/denylist/denylist.hpp"

namespace sallyport::auth_service {

/// The denylist behind the port of the accounts. An entry lives for `keep`, which is longer than any access token. One
/// for each event loop.
class AccountDenylist final : public accounts::SessionDenylist {
 public:
  AccountDenylist(denylist::Denylist& list, std::chrono::seconds keep) : list_(list), keep_(keep) {}

  runtime::Task<Result<void>> deny(std::vector<accounts::SessionId> sessions, Deadline deadline) override;

 private:
  denylist::Denylist& list_;
  const std::chrono::seconds keep_;
};

}  // namespace sallyport::auth_service
