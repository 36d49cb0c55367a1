#pragma once

#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/net/response.hpp"

namespace sallyport::net {

/// What a problem document says beside the fixed parts of its code. All text is for the client.
struct ProblemDetails {
  std::string_view detail;    ///< one sentence about this occurrence; never internals
  std::string_view instance;  ///< canonical path of the request; empty: left out; tokens in it are masked
  std::string_view request_id;
  std::string_view members;  ///< further members, complete JSON: `"retry_after":12`; empty: none
};

/// An answer with a problem document (RFC 9457) and `Cache-Control: no-store`.
Response problem(ErrorCode code, const ProblemDetails& details);

/// The standard reason phrase of a status (RFC 9110 section 15), or "".
std::string_view reason_phrase(int status) noexcept;

}  // namespace sallyport::net
