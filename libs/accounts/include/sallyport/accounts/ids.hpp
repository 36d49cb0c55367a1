#pragma once

#include "sallyport/core/id.hpp"

namespace sallyport::accounts {

using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using RefreshTokenId = Id<struct RefreshTokenTag>;
using AuditEventId = Id<struct AuditEventTag>;

}  // namespace sallyport::accounts
