#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/uuid.hpp"

namespace sallyport {

/// A UUIDv7 that knows what it names, so that a session's id cannot be passed for a user's.
template <class Tag>
class Id {
 public:
  explicit constexpr Id(Uuid value) noexcept : value_(value) {}
  static Id make(WallTime now, Random& random) noexcept { return Id(Uuid::v7(now, random)); }
  /// Canonical lower-case text only.
  static std::optional<Id> parse(std::string_view text) noexcept {
    const auto value = Uuid::parse(text);
    return value ? std::optional<Id>(Id(*value)) : std::nullopt;
  }

  std::string to_string() const { return value_.to_string(); }
  constexpr const Uuid& uuid() const noexcept { return value_; }
  constexpr auto operator<=>(const Id&) const noexcept = default;

 private:
  Uuid value_;
};

}  // namespace sallyport
