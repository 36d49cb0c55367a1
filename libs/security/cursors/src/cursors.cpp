#include "sallyport/cursors/cursors.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"

namespace sallyport::cursors {
namespace {

constexpr std::string_view kPrefix = "pc1.";
constexpr std::size_t kTagBytes = std::tuple_size_v<crypto::Digest>;

// base64url of tag and position, with the prefix, the longest kid and its dot.
static_assert(kPrefix.size() + crypto::kKeyIdBytesMax + 1 + ((kTagBytes + kPositionBytesMax) * 8 + 5) / 6 <=
              kCursorBytesMax);

// Each part with its length before it: no two scopes are the same bytes, wherever a client's text ends.
void add_part(std::string& message, std::string_view part) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    message.push_back(static_cast<char>((static_cast<std::uint64_t>(part.size()) >> shift) & 0xffU));
  }
  message.append(part);
}

crypto::Digest tag_of(const crypto::HmacKey& key, const Scope& scope, std::string_view position) {
  auto filters = scope.filters;
  std::ranges::sort(filters);
  std::string message;
  for (const std::string_view part : {kPrefix, std::string_view(key.kid), scope.user, scope.route, position}) {
    add_part(message, part);
  }
  for (const auto& [name, value] : filters) {
    add_part(message, name);
    add_part(message, value);
  }
  return crypto::hmac_sha256(crypto::bytes_of(key.material.expose()), crypto::bytes_of(message));
}

std::unexpected<Error> refused() {
  return fail(ErrorCode::ValidationFailed, "cursor is not one of this list", ErrorOrigin::Downstream);
}

}  // namespace

std::string Cursors::seal(const Scope& scope, std::string_view position) const {
  SALLYPORT_ASSERT(!position.empty() && position.size() <= kPositionBytesMax);
  const crypto::HmacKey& key = ring_.current();
  const crypto::Digest tag = tag_of(key, scope, position);
  std::string sealed(crypto::text_of(tag));
  sealed.append(position);
  std::string cursor;
  cursor.reserve(kCursorBytesMax);
  return cursor.append(kPrefix).append(key.kid).append(".").append(crypto::base64url_encode(crypto::bytes_of(sealed)));
}

Result<std::string> Cursors::open(const Scope& scope, std::string_view cursor) const {
  if (cursor.size() > kCursorBytesMax || !cursor.starts_with(kPrefix)) return refused();
  cursor.remove_prefix(kPrefix.size());
  const std::size_t dot = cursor.find('.');
  if (dot == std::string_view::npos) return refused();
  const crypto::HmacKey* const key = ring_.find(cursor.substr(0, dot));
  if (key == nullptr) return refused();
  auto sealed = crypto::base64url_decode(cursor.substr(dot + 1));
  if (!sealed || sealed->size() <= kTagBytes || sealed->size() > kTagBytes + kPositionBytesMax) return refused();
  const std::string_view tag = std::string_view(*sealed).substr(0, kTagBytes);
  std::string position = sealed->substr(kTagBytes);
  if (!crypto::constant_time_equal(tag_of(*key, scope, position), crypto::bytes_of(tag))) return refused();
  return position;
}

}  // namespace sallyport::cursors
