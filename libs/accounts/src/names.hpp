#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sallyport::accounts {

/// The names of an enumeration, in the order of its enumerators.
template <class Enum, std::size_t N>
struct Names {
  std::array<std::string_view, N> list;

  constexpr std::string_view of(Enum value) const noexcept { return list[static_cast<std::size_t>(value)]; }
  constexpr std::optional<Enum> parse(std::string_view text) const noexcept {
    for (std::size_t i = 0; i < N; ++i) {
      if (list[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
  }
};

}  // namespace sallyport::accounts
