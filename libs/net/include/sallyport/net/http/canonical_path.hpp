#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sallyport::net::http {

/// Why a path has no canonical form. Every one is answered 400.
enum class PathError : std::uint8_t {
  NotAbsolute,     ///< does not begin with '/'
  BadEncoding,     ///< '%' without two hex digits
  EncodedSpecial,  ///< %2e, %2f or %5c: the next hop may decode what we did not
  Control,         ///< a control character, raw or encoded
  BadCharacter,    ///< '\', '?', '#', or a byte >= 0x80
  OverlongUtf8,    ///< encoded bytes that a lenient decoder would take for another, shorter character
};
std::string_view to_string(PathError error) noexcept;

/// The one spelling of a path that is routed, limited, authenticated and forwarded. Encoded unreserved characters are
/// decoded, other encodings get upper-case hex, characters that RFC 3986 3.3 does not allow raw are encoded, empty
/// segments are dropped, dot segments are resolved and stop at the root. Idempotent.
/// `raw` is returned as it is, without touching `scratch`, when it is canonical already; otherwise the result is a view
/// into `scratch`. Linear; allocates only through `scratch`.
std::expected<std::string_view, PathError> canonical_path(std::string_view raw, std::string& scratch);

/// What a canonical path is matched by: lower case, without a trailing slash (the root stays "/"). Only for comparing:
/// it is never forwarded. Returns `canonical`, or a part of it, when it has no upper-case letter; else a view into
/// `scratch`, which must not be the one that holds `canonical`.
std::string_view match_key(std::string_view canonical, std::string& scratch);

}  // namespace sallyport::net::http
