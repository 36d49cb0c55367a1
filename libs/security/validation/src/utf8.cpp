#include "utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sallyport::validation {

namespace {

struct Lead {
  std::size_t length = 0;  ///< 0: no lead byte
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xbf;
};

Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0x80) return {.length = 1};
  if (byte >= 0xc2 && byte <= 0xdf) return {.length = 2};
  if (byte == 0xe0) return {.length = 3, .second_min = 0xa0};
  if (byte == 0xed) return {.length = 3, .second_max = 0x9f};  // else a surrogate
  if (byte >= 0xe1 && byte <= 0xef) return {.length = 3};
  if (byte == 0xf0) return {.length = 4, .second_min = 0x90};
  if (byte >= 0xf1 && byte <= 0xf3) return {.length = 4};
  if (byte == 0xf4) return {.length = 4, .second_max = 0x8f};
  return {};
}

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    if (text.size() - i >= sizeof eight) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const Lead lead = lead_of(static_cast<unsigned char>(text[i]));
    if (lead.length == 0 || lead.length > text.size() - i) return i;
    if (lead.length > 1) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if (second < lead.second_min || second > lead.second_max) return i;
      if (!std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i + 2),
                       text.begin() + static_cast<std::ptrdiff_t>(i + lead.length), is_continuation)) {
        return i;
      }
    }
    i += lead.length;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&put, point](unsigned shift) { put(0x80U | ((point >> shift) & 0x3fU)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    put(0xe0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    put(0xf0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace sallyport::validation
