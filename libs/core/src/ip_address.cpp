#include "sallyport/core/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

namespace sallyport {
namespace {

using Bytes4 = std::array<std::uint8_t, 4>;
using Bytes16 = std::array<std::uint8_t, 16>;

constexpr std::size_t kGroups = 8;
constexpr unsigned kMappedBits = 96;
constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64Prefix = {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};

bool begins_with(const Bytes16& bytes, const std::array<std::uint8_t, 12>& prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Decimal without sign or leading zeros, at most `max`; nullopt otherwise.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

std::optional<Bytes4> parse_v4(std::string_view text) noexcept {
  Bytes4 out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool last = i + 1 == out.size();
    const std::size_t dot = last ? text.size() : text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(*octet);
    if (!last) text.remove_prefix(dot + 1);
  }
  return out;
}

std::optional<unsigned> parse_group(std::string_view text) noexcept {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    unsigned digit = 0;
    if (is_digit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

/// Groups of 16 bits, in order of appearance.
struct Groups {
  std::array<std::uint16_t, kGroups> values{};
  std::size_t count = 0;

  bool add(unsigned value) noexcept {
    if (count == kGroups) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
};

/// Reads "a:b:c", of which the last part may be a dotted quad when `dotted_tail`. Empty text is no group at all.
bool parse_groups(std::string_view text, bool dotted_tail, Groups& out) noexcept {
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos && dotted_tail && text.find('.') != std::string_view::npos) {
      const auto quad = parse_v4(text);
      return quad && out.add((*quad)[0] * 256U + (*quad)[1]) && out.add((*quad)[2] * 256U + (*quad)[3]);
    }
    const auto group = parse_group(text.substr(0, colon));
    if (!group || !out.add(*group)) return false;
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
  }
  return true;
}

std::optional<Bytes16> parse_v6(std::string_view text) noexcept {
  const std::size_t gap = text.find("::");
  Groups head;
  Groups tail;
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, true, head) || head.count != kGroups) return std::nullopt;
  } else {
    if (!parse_groups(text.substr(0, gap), false, head) || !parse_groups(text.substr(gap + 2), true, tail)) {
      return std::nullopt;
    }
    if (head.count + tail.count >= kGroups) return std::nullopt;
  }
  std::array<std::uint16_t, kGroups> groups{};
  std::copy_n(head.values.begin(), head.count, groups.begin());
  std::copy_n(tail.values.begin(), tail.count, groups.end() - static_cast<std::ptrdiff_t>(tail.count));
  Bytes16 out{};
  for (std::size_t i = 0; i < kGroups; ++i) {
    out[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
    out[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xffU);
  }
  return out;
}

bool valid_zone(std::string_view zone) noexcept {
  return !zone.empty() && std::all_of(zone.begin(), zone.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-' ||
           c == '~';
  });
}

/// The run of zero groups that RFC 5952 section 4.2 shortens: the longest, the first of equals, never a single one.
struct ZeroRun {
  std::size_t begin = kGroups;
  std::size_t length = 0;
};

ZeroRun longest_zero_run(const std::array<std::uint16_t, kGroups>& groups) noexcept {
  ZeroRun best;
  for (std::size_t i = 0; i < kGroups;) {
    std::size_t end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > best.length) best = ZeroRun{i, end - i};
    i = std::max(end, i + 1);
  }
  return best;
}

void append_v6(const Bytes16& bytes, std::string& out) {
  std::array<std::uint16_t, kGroups> groups{};
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<std::uint16_t>(bytes[2 * i] * 256U + bytes[2 * i + 1]);
  }
  const ZeroRun run = longest_zero_run(groups);
  for (std::size_t i = 0; i < kGroups;) {
    if (i == run.begin) {
      out += "::";
      i += run.length;
      continue;
    }
    if (i != 0 && i != run.begin + run.length) out += ':';
    fmt::format_to(std::back_inserter(out), "{:x}", groups[i]);
    ++i;
  }
}

void clear_below(Bytes16& bytes, unsigned prefix) noexcept {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned first_bit = static_cast<unsigned>(i) * 8;
    const unsigned keep = prefix <= first_bit ? 0 : std::min(8U, prefix - first_bit);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> keep));
  }
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) noexcept {
  IpAddress out;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), out.bytes_.begin());
  std::copy(bytes.begin(), bytes.end(), out.bytes_.begin() + kMappedPrefix.size());
  out.v4_ = true;
  return out;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) noexcept {
  if (begins_with(bytes, kMappedPrefix) || begins_with(bytes, kNat64Prefix)) {
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress out;
  out.bytes_ = bytes;
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (text.find(':') == std::string_view::npos) {
    const auto quad = parse_v4(text);
    return quad ? std::optional(v4(*quad)) : std::nullopt;
  }
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos && !valid_zone(text.substr(percent + 1))) return std::nullopt;
  const auto bytes = parse_v6(text.substr(0, percent));
  return bytes ? std::optional(v6(*bytes)) : std::nullopt;
}

std::optional<IpAddress> IpAddress::parse_with_port(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::string_view host = text;
  std::string_view rest;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !parse_decimal(rest.substr(1), 65535))) return std::nullopt;
  return parse(host);
}

IpAddress IpAddress::masked_v6(unsigned prefix) const noexcept {
  IpAddress out = *this;
  if (!v4_) clear_below(out.bytes_, prefix);
  return out;
}

void IpAddress::append_to(std::string& out) const {
  if (v4_) {
    char text[16];
    char* end = text;
    for (std::size_t i = 12; i < 16; ++i) {
      end = std::to_chars(end, text + sizeof text, static_cast<unsigned>(bytes_[i])).ptr;
      *end++ = '.';
    }
    out.append(text, static_cast<std::size_t>(end - text) - 1);
  } else {
    append_v6(bytes_, out);
  }
}

std::string IpAddress::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

std::optional<Cidr> Cidr::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  if (host.find('%') != std::string_view::npos) return std::nullopt;
  const auto base = IpAddress::parse(host);
  if (!base) return std::nullopt;

  const bool v6_text = host.find(':') != std::string_view::npos;
  unsigned prefix = v6_text ? 128 : 32;
  if (slash != std::string_view::npos) {
    const auto given = parse_decimal(text.substr(slash + 1), prefix);
    if (!given) return std::nullopt;
    prefix = *given;
  }
  if (v6_text && base->is_v4()) {
    // A NAT64 block would silently become a block of plain IPv4 (all of it, for the well-known prefix): not a thing to
    // guess in a list of trusted addresses. A block wider than the mapped range would be half of each family.
    const auto raw = parse_v6(host);
    if (!raw || !begins_with(*raw, kMappedPrefix) || prefix < kMappedBits) return std::nullopt;
    prefix -= kMappedBits;
  }
  Cidr out;
  out.base_ = *base;
  out.prefix_ = prefix;
  Bytes16 network = base->bytes();
  clear_below(network, base->is_v4() ? prefix + kMappedBits : prefix);
  if (network != base->bytes()) return std::nullopt;
  return out;
}

bool Cidr::contains(const IpAddress& address) const noexcept {
  if (address.is_v4() != base_.is_v4()) return false;
  Bytes16 network = address.bytes();
  clear_below(network, base_.is_v4() ? prefix_ + kMappedBits : prefix_);
  return network == base_.bytes();
}

std::string Cidr::to_string() const {
  return fmt::format("{}/{}", base_.to_string(), prefix_);
}

}  // namespace sallyport
