#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/core/error.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::cursors {

inline constexpr std::size_t kCursorBytesMax = 512;
inline constexpr std::size_t kPositionBytesMax = 256;

/// The list that a cursor belongs to; in another one it is refused. Every field counts, names and values of the filters
/// too; the order of the filters does not. Views live as long as the call.
struct Scope {
  std::string_view user;   ///< id of the caller, so that a leaked cursor is of no use to anybody else
  std::string_view route;  ///< for example "GET /payments"; tells services apart that share a ring
  std::vector<std::pair<std::string_view, std::string_view>> filters = {};  ///< all that narrow or order the list
};

/// Page cursors that a client can only hand back: `pc1.<kid>.<base64url(tag | position)>`, the tag being HMAC-SHA-256
/// over version, kid, scope and position. Signed, not encrypted: a position holds nothing that its reader may not see.
/// Immutable; thread-safe; microseconds.
class Cursors final {
 public:
  explicit Cursors(crypto::HmacKeyRing ring) : ring_(std::move(ring)) {}

  /// Under the ring's current key. A position is 1…256 bytes of any kind; anything else is a bug. At most
  /// kCursorBytesMax characters of A-Z a-z 0-9 _ - and the dot, so it needs no escaping in a query.
  std::string seal(const Scope& scope, std::string_view position) const;

  /// The position, exactly as it was sealed. validation_failed: malformed, over kCursorBytesMax, of a key that is not
  /// loaded, changed, or sealed for another scope; the answer does not tell which. The tag is compared in constant
  /// time.
  Result<std::string> open(const Scope& scope, std::string_view cursor) const;

 private:
  crypto::HmacKeyRing ring_;
};

}  // namespace sallyport::cursors
