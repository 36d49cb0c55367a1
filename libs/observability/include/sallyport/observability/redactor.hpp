#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/secret.hpp"

namespace sallyport::log {

/// Masks what must not be seen in a log: the known secret values, bearer and basic credentials, JWTs, rt1. tokens,
/// cookies, passwords in URLs and in JSON or form fields. Immutable once made; thread-safe; linear in the text.
/// In doubt it masks: a log line that says too little is repaired later, one that says too much is not.
class Redactor final {
 public:
  Redactor() = default;
  /// Values shorter than 8 characters are still masked; empty ones mean nothing.
  explicit Redactor(std::vector<Secret<std::string>> known_secrets);
  /// The text with every match replaced by "***". Returns the input unchanged (a copy) when there is nothing to mask.
  std::string redact(std::string_view text) const;
  /// The same without the copy: returns `text` itself when there is nothing to mask, else a view of `scratch`.
  std::string_view redact(std::string_view text, std::string& scratch) const;

  /// Whether a field of this name holds a secret whatever its value: "password", "refresh_token", "Set-Cookie", ...
  static bool is_secret_name(std::string_view name) noexcept;

 private:
  struct Known {
    Secret<std::string> value;
    /// For each prefix the length of its longest proper prefix that is also its suffix (Knuth, Morris, Pratt).
    std::vector<std::uint32_t> borders;
  };
  bool may_hold_known(std::string_view text) const noexcept;

  std::vector<Known> known_;
  std::size_t shortest_ = SIZE_MAX;
  /// One bit for each hash of the first four bytes of a known secret: most texts are cleared by this alone.
  std::array<std::uint64_t, 64> prefixes_{};
};

}  // namespace sallyport::log
