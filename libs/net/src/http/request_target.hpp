#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/net/http/message.hpp"
#include "sallyport/net/http/rejection.hpp"

namespace sallyport::net::http::detail {

/// What a request target says beside its path and query.
struct TargetAuthority {
  bool present = false;             ///< the target is in absolute-form
  std::uint16_t default_port = 80;  ///< of its scheme
};

/// Checks every character of a target, its percent-encodings included. None: fit for split_target.
RejectReason check_target_characters(std::string_view target) noexcept;

/// Sets path, query and, for absolute-form, host from head.target (RFC 9112 3.2). head.method is set.
RejectReason split_target(RequestHead& head, TargetAuthority& authority) noexcept;

}  // namespace sallyport::net::http::detail
