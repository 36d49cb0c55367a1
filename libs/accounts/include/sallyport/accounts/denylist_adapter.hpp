#pragma once

#include <chrono>

#include "sallyport/accounts/ports.hpp"

namespace sallyport::denylist {
class Denylist;
}

namespace sallyport::accounts {

/// The denylist library behind its port. An entry lives for `keep`, which is longer than any access token. One for each
/// event loop; `list` outlives it.
class KeptDenylist final : public SessionDenylist {
 public:
  KeptDenylist(denylist::Denylist& list, std::chrono::seconds keep) noexcept : list_(list), keep_(keep) {}

  runtime::Task<Result<void>> deny(std::vector<SessionId> sessions, Deadline deadline) override;

 private:
  denylist::Denylist& list_;
  const std::chrono::seconds keep_;
};

}  // namespace sallyport::accounts
