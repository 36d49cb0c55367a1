#include "http/framing_fields.hpp"

#include <array>
#include <limits>

#include "http/chars.hpp"
#include "sallyport/net/http/forwarding.hpp"

namespace sallyport::net::http::detail {
namespace {

bool is_registered_coding(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kCodings = {"gzip", "x-gzip", "deflate", "compress", "x-compress", "br"};
  for (const std::string_view coding : kCodings) {
    if (iequals(name, coding)) return true;
  }
  return false;
}

}  // namespace

RejectReason parse_content_length(std::string_view value, std::uint64_t& length) noexcept {
  constexpr std::size_t kDigitsMax = 19;  // of 2^63 - 1, so that the sum below cannot wrap round
  if (value.empty() || value.size() > kDigitsMax) return RejectReason::ContentLengthSyntax;
  if (value.front() == '0' && value.size() > 1) return RejectReason::ContentLengthSyntax;
  std::uint64_t sum = 0;
  for (const char c : value) {
    if (!is(c, kDigit)) return RejectReason::ContentLengthSyntax;
    sum = sum * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (sum > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return RejectReason::ContentLengthSyntax;
  length = sum;
  return RejectReason::None;
}

RejectReason check_transfer_encoding(std::string_view value) noexcept {
  if (iequals(value, "chunked")) return RejectReason::None;
  std::string_view rest = value;
  while (rest.data() != nullptr) {
    const std::string_view coding = take_element(rest);
    const bool last = rest.data() == nullptr;
    if (last) {
      return iequals(coding, "chunked") ? RejectReason::TransferEncodingUnsupported
                                        : RejectReason::TransferEncodingSyntax;
    }
    if (!is_registered_coding(coding)) break;
  }
  return RejectReason::TransferEncodingSyntax;
}

RejectReason add_connection_options(std::string_view value, EndToEnd end_to_end, ConnectionOptions& options) noexcept {
  std::string_view rest = value;
  while (rest.data() != nullptr) {
    const std::string_view option = take_element(rest);
    if (++options.count > kConnectionOptionsMax) return RejectReason::ConnectionOptionsTooMany;
    if (option.empty()) continue;
    if (!is_token(option)) return RejectReason::ConnectionSyntax;
    if (iequals(option, "close")) {
      options.close = true;
    } else if (iequals(option, "keep-alive")) {
      options.keep_alive = true;
    } else if (end_to_end == EndToEnd::Refuse && is_protected_from_connection(option)) {
      return RejectReason::ConnectionNamesEndToEndField;
    }
  }
  return RejectReason::None;
}

}  // namespace sallyport::net::http::detail
