#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/rate_limit/limit_catalog.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::admin_service {

/// A caller whose limits are asked for.
struct LimitTarget {
  std::string kind = {};   ///< "ip", "user" or "header"
  std::string value = {};  ///< as it is counted; of a header a secret of the client's
  std::string trace = {};  ///< for the audit trail: the value, but of a header what stands in store keys
  std::optional<accounts::UserId> user = std::nullopt;
  std::vector<rate_limit::Counter> counters = {};  ///< refer to the catalog
};

/// kind: one of the three, or it is a bug. The error is for /query/value.
std::expected<LimitTarget, service::FieldError> find_target(const rate_limit::LimitCatalog& catalog,
                                                            std::string_view kind, std::string_view value);

/// Where the caller stands: every counter by its kind, and a fallback once it has counted. At most as many as the
/// contract allows in one answer: of more, those that nothing was charged to are left out first.
std::string limits_json(const LimitTarget& target, std::span<const rate_limit::CounterState> states);

/// What had been used, for the audit trail: "auth /auth/login 5, global 37", or "nothing".
std::string used_text(std::span<const rate_limit::CounterState> states);

}  // namespace sallyport::admin_service
