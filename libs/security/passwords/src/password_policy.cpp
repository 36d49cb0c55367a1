#include "sallyport/passwords/password_policy.hpp"

#include <algorithm>
#include <vector>

#include "common_passwords.hpp"
#include "sallyport/core/assert.hpp"
#include "unicode.hpp"

namespace sallyport::passwords {

class PasswordPolicy::CommonPasswords final {
 public:
  CommonPasswords() {
    std::string_view text = common_passwords_text();
    while (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    words_.reserve(static_cast<std::size_t>(std::ranges::count(text, '\n')));
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1);
      words_.push_back(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    SALLYPORT_ASSERT(!words_.empty() && std::ranges::is_sorted(words_));
  }

  bool contains(std::string_view word) const noexcept { return std::ranges::binary_search(words_, word); }

 private:
  std::vector<std::string_view> words_;  ///< views of the program's own memory
};

namespace {

/// "aaaaaaaa" in all lengths would be too much for a list.
bool is_one_character(std::string_view text) noexcept {
  return std::ranges::all_of(text, [&](char c) { return c == text.front(); });
}

}  // namespace

std::string_view message_of(PasswordFault fault) noexcept {
  switch (fault) {
    case PasswordFault::TooShort:
      return "The password needs at least 8 bytes.";
    case PasswordFault::TooLong:
      return "The password may have at most 1024 bytes.";
    case PasswordFault::NotUtf8:
      return "The password is not valid UTF-8.";
    case PasswordFault::Common:
      return "The password is one of the most used ones; anybody would try it.";
  }
  return {};
}

std::expected<Secret<std::string>, PasswordFault> normalize_password(std::string_view password) {
  if (password.size() > kPasswordBytesMax) return std::unexpected(PasswordFault::TooLong);
  auto normalized = to_nfc(password);
  if (!normalized) return std::unexpected(PasswordFault::NotUtf8);
  // A few letters of Indic and Hebrew scripts have a longer NFC.
  if (normalized->expose().size() > kPasswordBytesMax) return std::unexpected(PasswordFault::TooLong);
  return std::move(*normalized);
}

PasswordPolicy::PasswordPolicy() : common_(std::make_unique<const CommonPasswords>()) {}
PasswordPolicy::~PasswordPolicy() = default;

std::expected<Secret<std::string>, PasswordFault> PasswordPolicy::check(std::string_view password) const {
  auto normalized = normalize_password(password);
  if (!normalized) return normalized;
  if (normalized->expose().size() < kPasswordBytesMin) return std::unexpected(PasswordFault::TooShort);
  const auto folded = to_folded(normalized->expose());
  if (!folded) return std::unexpected(PasswordFault::NotUtf8);
  if (is_one_character(folded->expose()) || common_->contains(folded->expose()))
    return std::unexpected(PasswordFault::Common);
  return normalized;
}

}  // namespace sallyport::passwords
