#include "sallyport/core/ip_address.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport {
namespace {

struct TextRow {
  const char* name;
  const char* text;
  const char* canonical;  ///< nullptr: refused
  bool v4 = false;
};

void PrintTo(const TextRow& row, std::ostream* out) {
  *out << row.name << " '" << row.text << "'";
}

std::string row_name(const auto& info) {
  return info.param.name;
}

class IpAddressText : public testing::TestWithParam<TextRow> {};

TEST_P(IpAddressText, ParsesStrictlyAndPrintsCanonically) {
  const auto parsed = IpAddress::parse(GetParam().text);
  ASSERT_EQ(parsed.has_value(), GetParam().canonical != nullptr);
  if (!parsed) return;
  EXPECT_EQ(parsed->to_string(), GetParam().canonical);
  EXPECT_EQ(parsed->is_v4(), GetParam().v4);
  EXPECT_EQ(IpAddress::parse(parsed->to_string()), parsed);
}

INSTANTIATE_TEST_SUITE_P(
    V4, IpAddressText,
    testing::Values(TextRow{"Plain", "192.0.2.1", "192.0.2.1", true}, TextRow{"Zero", "0.0.0.0", "0.0.0.0", true},
                    TextRow{"Highest", "255.255.255.255", "255.255.255.255", true},
                    TextRow{"LeadingZero", "192.0.02.1", nullptr}, TextRow{"Octal", "0177.0.0.1", nullptr},
                    TextRow{"DoubleZero", "00.0.0.0", nullptr}, TextRow{"Hex", "0x7f.0.0.1", nullptr},
                    TextRow{"OctetTooLarge", "1.2.3.256", nullptr},
                    TextRow{"OctetOverflow", "1.2.3.4294967297", nullptr}, TextRow{"ThreeParts", "1.2.3", nullptr},
                    TextRow{"FiveParts", "1.2.3.4.5", nullptr}, TextRow{"OneNumber", "2130706433", nullptr},
                    TextRow{"EmptyPart", "1..2.3", nullptr}, TextRow{"LeadingDot", ".1.2.3", nullptr},
                    TextRow{"TrailingDot", "1.2.3.4.", nullptr}, TextRow{"Blank", " 1.2.3.4", nullptr},
                    TextRow{"TrailingBlank", "1.2.3.4 ", nullptr}, TextRow{"Sign", "+1.2.3.4", nullptr},
                    TextRow{"Zone", "1.2.3.4%eth0", nullptr}, TextRow{"Empty", "", nullptr},
                    TextRow{"Name", "localhost", nullptr}),
    row_name<testing::TestParamInfo<TextRow>>);

INSTANTIATE_TEST_SUITE_P(
    V6, IpAddressText,
    testing::Values(
        TextRow{"Full", "2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        TextRow{"LeadingZerosInGroup", "2001:0db8::0001", "2001:db8::1"},
        TextRow{"LoneZeroStays", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        TextRow{"LongestRunWins", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        TextRow{"FirstOfEqualRuns", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        TextRow{"RunAtEnd", "2001:db8:1:1:0:0:0:0", "2001:db8:1:1::"}, TextRow{"Loopback", "0:0:0:0:0:0:0:1", "::1"},
        TextRow{"Unspecified", "::", "::"},
        TextRow{"Highest", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        TextRow{"GapOfOneGroup", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        TextRow{"DottedTail", "2001:db8::192.0.2.1", "2001:db8::c000:201"},
        TextRow{"DottedTailFull", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        TextRow{"CompatibleIsNotMapped", "::192.0.2.1", "::c000:201"}, TextRow{"Zone", "fe80::1%eth0", "fe80::1"},
        TextRow{"EmptyZone", "fe80::1%", nullptr}, TextRow{"ZoneWithSpace", "fe80::1%e h", nullptr},
        TextRow{"ZoneWithBracket", "fe80::1%a]", nullptr}, TextRow{"SevenGroups", "1:2:3:4:5:6:7", nullptr},
        TextRow{"NineGroups", "1:2:3:4:5:6:7:8:9", nullptr}, TextRow{"GapOfNothing", "1:2:3:4::5:6:7:8", nullptr},
        TextRow{"TwoGaps", "1::2::3", nullptr}, TextRow{"ThreeColons", "1:::2", nullptr},
        TextRow{"LoneColon", ":", nullptr}, TextRow{"LeadingColon", ":1::2", nullptr},
        TextRow{"TrailingColon", "1::2:", nullptr}, TextRow{"FiveDigits", "12345::", nullptr},
        TextRow{"NotHex", "g::1", nullptr}, TextRow{"Bracketed", "[::1]", nullptr},
        TextRow{"DottedInTheMiddle", "::1.2.3.4:5", nullptr}, TextRow{"DottedBeforeGap", "1.2.3.4::", nullptr},
        TextRow{"DottedTooLong", "1:2:3:4:5:6:7:1.2.3.4", nullptr},
        TextRow{"DottedLeadingZero", "::ffff:01.2.3.4", nullptr}, TextRow{"Block", "::1/128", nullptr}),
    row_name<testing::TestParamInfo<TextRow>>);

INSTANTIATE_TEST_SUITE_P(Carried, IpAddressText,
                         testing::Values(TextRow{"Mapped", "::ffff:192.0.2.1", "192.0.2.1", true},
                                         TextRow{"MappedInHex", "::FFFF:c000:0201", "192.0.2.1", true},
                                         TextRow{"MappedInFull", "0:0:0:0:0:ffff:c000:201", "192.0.2.1", true},
                                         TextRow{"MappedWithZone", "::ffff:192.0.2.1%eth0", "192.0.2.1", true},
                                         TextRow{"Nat64", "64:ff9b::192.0.2.1", "192.0.2.1", true},
                                         TextRow{"Nat64InHex", "64:ff9b:0:0:0:0:c000:201", "192.0.2.1", true},
                                         TextRow{"LocalNat64IsNot", "64:ff9b:1::c000:201", "64:ff9b:1::c000:201"},
                                         TextRow{"NearlyMapped", "::1:ffff:192.0.2.1", "::1:ffff:c000:201"}),
                         row_name<testing::TestParamInfo<TextRow>>);

TEST(IpAddress, RefusesVeryLongTextInAllItsForms) {
  EXPECT_FALSE(IpAddress::parse(std::string(1 << 20, '1')));
  EXPECT_FALSE(IpAddress::parse(std::string(1 << 20, ':')));
  EXPECT_FALSE(IpAddress::parse_with_port("[" + std::string(1 << 20, '[')));
  EXPECT_FALSE(IpAddress::parse(std::string("1.2.3.4\0", 8)));
}

class IpAddressWithPort : public testing::TestWithParam<TextRow> {};

TEST_P(IpAddressWithPort, DropsPortAndBrackets) {
  const auto parsed = IpAddress::parse_with_port(GetParam().text);
  ASSERT_EQ(parsed.has_value(), GetParam().canonical != nullptr);
  if (parsed) {
    EXPECT_EQ(parsed->to_string(), GetParam().canonical);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, IpAddressWithPort,
    testing::Values(
        TextRow{"V4", "192.0.2.1", "192.0.2.1"}, TextRow{"V4Port", "192.0.2.1:80", "192.0.2.1"},
        TextRow{"V4HighestPort", "192.0.2.1:65535", "192.0.2.1"}, TextRow{"V4PortTooLarge", "192.0.2.1:65536", nullptr},
        TextRow{"V4EmptyPort", "192.0.2.1:", nullptr}, TextRow{"V4PortOctal", "192.0.2.1:080", nullptr},
        TextRow{"V4PortText", "192.0.2.1:http", nullptr}, TextRow{"V4TwoPorts", "192.0.2.1:1:2", nullptr},
        TextRow{"V4InBrackets", "[192.0.2.1]", nullptr}, TextRow{"V6", "2001:db8::1", "2001:db8::1"},
        TextRow{"V6InBrackets", "[2001:db8::1]", "2001:db8::1"}, TextRow{"V6Port", "[2001:db8::1]:443", "2001:db8::1"},
        TextRow{"V6ZonePort", "[fe80::1%eth0]:443", "fe80::1"},
        TextRow{"MappedPort", "[::ffff:192.0.2.1]:443", "192.0.2.1"}, TextRow{"Unclosed", "[2001:db8::1", nullptr},
        TextRow{"Unopened", "2001:db8::1]", nullptr}, TextRow{"JunkBehindBracket", "[2001:db8::1]x", nullptr},
        TextRow{"PortWithoutColon", "[2001:db8::1]80", nullptr}, TextRow{"EmptyBrackets", "[]", nullptr},
        TextRow{"TwiceInBrackets", "[[::1]]", nullptr}, TextRow{"OnlyPort", ":80", nullptr},
        TextRow{"Empty", "", nullptr}, TextRow{"Unknown", "unknown", nullptr},
        TextRow{"Quoted", "\"192.0.2.1\"", nullptr}),
    row_name<testing::TestParamInfo<TextRow>>);

TEST(IpAddress, MasksV6ToItsSubnet) {
  const auto address = *IpAddress::parse("2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(address.masked_v6(64).to_string(), "2001:db8:1:2::");
  EXPECT_EQ(address.masked_v6(56).to_string(), "2001:db8:1::");
  EXPECT_EQ(address.masked_v6(127).to_string(), "2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(address.masked_v6(33).to_string(), "2001:db8::");
  EXPECT_EQ(address.masked_v6(0).to_string(), "::");
  EXPECT_EQ(address.masked_v6(128), address);
  EXPECT_EQ(IpAddress::parse("2001:db8:1:2:ffff::9")->masked_v6(64), address.masked_v6(64));
  EXPECT_NE(IpAddress::parse("2001:db8:1:3::9")->masked_v6(64), address.masked_v6(64));
}

TEST(IpAddress, LeavesV4WholeWhenMasking) {
  EXPECT_EQ(IpAddress::parse("192.0.2.129")->masked_v6(0).to_string(), "192.0.2.129");
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.129")->masked_v6(64).to_string(), "192.0.2.129");
}

TEST(IpAddress, HoldsV4AsMappedBytes) {
  const auto address = IpAddress::v4({192, 0, 2, 1});
  EXPECT_EQ(IpAddress::v6(address.bytes()), address);
  EXPECT_EQ(address, IpAddress::parse("192.0.2.1"));
}

struct BlockRow {
  const char* name;
  const char* block;
  const char* canonical;  ///< nullptr: refused
  const char* inside = nullptr;
  const char* outside = nullptr;
};

void PrintTo(const BlockRow& row, std::ostream* out) {
  *out << row.name << " '" << row.block << "'";
}

class CidrText : public testing::TestWithParam<BlockRow> {};

TEST_P(CidrText, ParsesStrictlyAndContains) {
  const auto& row = GetParam();
  const auto block = Cidr::parse(row.block);
  ASSERT_EQ(block.has_value(), row.canonical != nullptr);
  if (!block) return;
  EXPECT_EQ(block->to_string(), row.canonical);
  EXPECT_EQ(Cidr::parse(block->to_string()), block);
  if (row.inside != nullptr) {
    EXPECT_TRUE(block->contains(*IpAddress::parse(row.inside)));
  }
  if (row.outside != nullptr) {
    EXPECT_FALSE(block->contains(*IpAddress::parse(row.outside)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, CidrText,
    testing::Values(
        BlockRow{"V4", "10.1.0.0/16", "10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
        BlockRow{"OddPrefix", "10.1.0.128/25", "10.1.0.128/25", "10.1.0.255", "10.1.0.127"},
        BlockRow{"AllV4", "0.0.0.0/0", "0.0.0.0/0", "255.0.0.1", "::1"},
        BlockRow{"BareV4", "10.1.2.3", "10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
        BlockRow{"HostBitsSet", "10.0.0.1/8", nullptr}, BlockRow{"LowestHostBitSet", "10.0.0.1/31", nullptr},
        BlockRow{"PrefixTooLong", "10.0.0.0/33", nullptr}, BlockRow{"PrefixOctal", "10.0.0.0/08", nullptr},
        BlockRow{"PrefixMissing", "10.0.0.0/", nullptr}, BlockRow{"PrefixSigned", "10.0.0.0/+8", nullptr},
        BlockRow{"PrefixOverflow", "10.0.0.0/4294967304", nullptr}, BlockRow{"TwoPrefixes", "10.0.0.0/8/8", nullptr},
        BlockRow{"NoAddress", "/8", nullptr}, BlockRow{"Empty", "", nullptr},
        BlockRow{"V6", "2001:db8::/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        BlockRow{"BareV6", "::1", "::1/128", "::1", "::2"},
        BlockRow{"AllV6HasNoV4", "::/0", "::/0", "2001:db8::1", "10.0.0.1"},
        BlockRow{"V6HostBitsSet", "2001:db8::1/64", nullptr}, BlockRow{"V6PrefixTooLong", "::1/129", nullptr},
        BlockRow{"Zone", "fe80::%eth0/64", nullptr}, BlockRow{"ZoneAtEnd", "fe80::/64%eth0", nullptr},
        BlockRow{"Mapped", "::ffff:10.0.0.0/104", "10.0.0.0/8", "10.9.9.9", "11.0.0.0"},
        BlockRow{"BareMapped", "::ffff:10.0.0.1", "10.0.0.1/32", "10.0.0.1", "10.0.0.2"},
        BlockRow{"MappedTooWide", "::ffff:0:0/95", nullptr}, BlockRow{"MappedHostBits", "::ffff:10.0.0.1/104", nullptr},
        BlockRow{"Nat64WouldBeAllOfV4", "64:ff9b::/96", nullptr},
        BlockRow{"Nat64Address", "64:ff9b::10.0.0.1", nullptr},
        BlockRow{"InsideByMappedText", "10.0.0.0/8", "10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"}),
    row_name<testing::TestParamInfo<BlockRow>>);

}  // namespace
}  // namespace sallyport
