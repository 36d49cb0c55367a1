#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/rejection.hpp"

/// The fields that decide how a message is framed and what becomes of its connection.
namespace sallyport::net::http::detail {

/// RFC 9110 8.6, strictly: digits without leading zeros, at most 2^63 - 1. None: `length` is set.
RejectReason parse_content_length(std::string_view value, std::uint64_t& length) noexcept;

/// RFC 9112 6.1: None for exactly "chunked" (without regard to case), TransferEncodingUnsupported for registered
/// codings that end in chunked, TransferEncodingSyntax for anything else.
RejectReason check_transfer_encoding(std::string_view value) noexcept;

enum class EndToEnd : std::uint8_t { Allow, Refuse };

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  std::size_t count = 0;  ///< in all Connection fields of the message, empty elements too
};

/// Adds the options of one Connection field (RFC 9110 7.6.1).
RejectReason add_connection_options(std::string_view value, EndToEnd end_to_end, ConnectionOptions& options) noexcept;

/// Takes the first element off a comma-separated list, trimmed; it may be empty (RFC 9110 5.6.1). `rest` is what
/// follows its comma, and has no data pointer when there was none.
inline std::string_view take_element(std::string_view& rest) noexcept {
  const std::size_t comma = rest.find(',');
  const std::string_view element = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  return trim_ows(element);
}

}  // namespace sallyport::net::http::detail
