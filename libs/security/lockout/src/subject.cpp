#include "sallyport/lockout/subject.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"

namespace sallyport::lockout {
namespace {

constexpr std::string_view kDomain = "sallyport unknown account 1\n";

constexpr bool is_id_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

bool Subject::is_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kIdBytesMax && std::ranges::all_of(text, is_id_character);
}

Subject::Subject(std::string_view account_id, std::string bucket)
    : account_id_(account_id), bucket_(std::move(bucket)) {
  SALLYPORT_ASSERT(is_id(account_id));
}

Subject Subject::account(std::string_view account_id) {
  return {account_id, std::string()};
}

Subject Subject::device(std::string_view account_id, std::string_view device_id) {
  SALLYPORT_ASSERT(is_id(device_id));
  return {account_id, std::string(device_id)};
}

Subject Subject::password_change(std::string_view account_id, std::string_view session_id) {
  SALLYPORT_ASSERT(is_id(session_id));
  return {account_id, "pw:" + std::string(session_id)};
}

std::string pseudonym(const Secret<std::string>& lookup_pepper, std::string_view email) {
  std::string message(kDomain);
  message.append(email);
  const crypto::Digest mac = crypto::hmac_sha256(crypto::bytes_of(lookup_pepper.expose()), crypto::bytes_of(message));
  std::string text = crypto::hex_encode(crypto::ByteView(mac).first(16));
  static constexpr std::string_view kVariants = "89ab";
  text[12] = '8';
  text[16] = kVariants[mac[8] & 3U];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace sallyport::lockout
