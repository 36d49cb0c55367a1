#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

/// An IPv4 or IPv6 address in canonical form: IPv4-mapped IPv6 (::ffff:0:0/96) and NAT64 (64:ff9b::/96, RFC 6052) are
/// the IPv4 address they carry. Zone ids are dropped.
class IpAddress {
 public:
  constexpr IpAddress() noexcept = default;

  static IpAddress v4(std::array<std::uint8_t, 4> bytes) noexcept;
  static IpAddress v6(std::array<std::uint8_t, 16> bytes) noexcept;  ///< canonicalises
  /// Strict text form: dotted quad without leading zeros, or RFC 4291 IPv6, with an optional zone id ("%eth0").
  static std::optional<IpAddress> parse(std::string_view text) noexcept;
  /// As met in Forwarded and X-Forwarded-For: an address, "v4:port", "[v6]" or "[v6]:port", quotes not included.
  static std::optional<IpAddress> parse_with_port(std::string_view text) noexcept;

  bool is_v4() const noexcept { return v4_; }
  /// IPv4 lives in the last four bytes as a mapped address.
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// The address with the bits below the prefix cleared; for IPv4 unchanged. prefix: 0…128.
  IpAddress masked_v6(unsigned prefix) const noexcept;
  std::string to_string() const;  ///< RFC 5952
  void append_to(std::string& out) const;

  bool operator==(const IpAddress&) const noexcept = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = false;
};

/// An address block, "10.1.0.0/16" or "2001:db8::/32"; a bare address is a block of one.
class Cidr {
 public:
  /// nullopt on bad text, a prefix out of range, or host bits that are set ("10.0.0.1/8").
  static std::optional<Cidr> parse(std::string_view text) noexcept;
  bool contains(const IpAddress& address) const noexcept;
  std::string to_string() const;
  bool operator==(const Cidr&) const noexcept = default;

 private:
  IpAddress base_;
  unsigned prefix_ = 0;  ///< in bits of the 128-bit form for IPv6, of the 32-bit form for IPv4
};

}  // namespace sallyport
