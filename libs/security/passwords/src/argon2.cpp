#include "sallyport/passwords/argon2.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "sallyport/crypto/encoding.hpp"

namespace sallyport::passwords {
namespace {

constexpr std::size_t kSaltBytesMin = 8;
constexpr std::size_t kTagBytesMin = 16;
constexpr std::size_t kPartBytesMax = 64;
constexpr std::uint32_t kMemoryKibPerLaneMin = 8;

/// Takes text from the front, piece by piece; once a piece is missing, nothing more is taken.
class Scanner final {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  void literal(std::string_view expected) noexcept {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
  }

  /// Decimal, without sign or leading zeros, in [1, max].
  std::uint32_t number(std::uint32_t max) noexcept {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    good_ = good_ && error == std::errc() && rest_.front() != '0' && value <= max;
    if (!good_) return 0;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::string base64(std::size_t bytes_min) {
    const std::string_view text = rest_.substr(0, rest_.find('$'));
    auto bytes = crypto::base64_decode(text.substr(0, kPartBytesMax * 2));
    good_ = good_ && bytes && bytes->size() >= bytes_min && bytes->size() <= kPartBytesMax;
    if (!good_) return {};
    rest_.remove_prefix(text.size());
    return std::move(*bytes);
  }

  bool at_end() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

Result<PasswordHash> PasswordHash::parse(std::string_view phc) {
  PasswordHash hash;
  Scanner scanner(phc);
  scanner.literal("$argon2id$v=19$m=");
  hash.parameters.memory_kib = scanner.number(kArgon2ParametersMax.memory_kib);
  scanner.literal(",t=");
  hash.parameters.passes = scanner.number(kArgon2ParametersMax.passes);
  scanner.literal(",p=");
  hash.parameters.lanes = scanner.number(kArgon2ParametersMax.lanes);
  scanner.literal("$");
  hash.salt = scanner.base64(kSaltBytesMin);
  scanner.literal("$");
  hash.tag = scanner.base64(kTagBytesMin);
  if (!scanner.at_end() || hash.parameters.memory_kib < kMemoryKibPerLaneMin * hash.parameters.lanes)
    return fail(ErrorCode::InternalError, "a stored password hash is malformed or asks for too much");
  return hash;
}

std::string PasswordHash::to_phc() const {
  return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", parameters.memory_kib, parameters.passes, parameters.lanes,
                     crypto::base64_encode(crypto::bytes_of(salt)), crypto::base64_encode(crypto::bytes_of(tag)));
}

}  // namespace sallyport::passwords
