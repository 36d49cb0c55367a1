#include "sallyport/net/http/authority.hpp"

#include <string>

#include "http_head_support.hpp"

namespace sallyport::net::http {
namespace {

using namespace std::string_literals;

struct Good {
  const char* name;
  std::string text;
  std::string normal;
};
void PrintTo(const Good& row, std::ostream* out) {
  *out << row.name;
}

class AuthorityAccepts : public testing::TestWithParam<Good> {};

TEST_P(AuthorityAccepts, AndHasOneNormalForm) {
  const auto authority = parse_authority(GetParam().text);
  ASSERT_TRUE(authority.has_value());
  EXPECT_EQ(normal_form(*authority), GetParam().normal);
}

INSTANTIATE_TEST_SUITE_P(All, AuthorityAccepts,
                         testing::Values(Good{"Name", "Example.COM", "example.com"}, Good{"Port", "a:8080", "a:8080"},
                                         Good{"DefaultPort", "a:80", "a"}, Good{"PortOne", "a:1", "a:1"},
                                         Good{"LargestPort", "a:65535", "a:65535"}, Good{"OneLetter", "a", "a"},
                                         Good{"TrailingDot", "a.b.", "a.b."}, Good{"Hyphen", "a-b", "a-b"},
                                         Good{"Underscore", "my_service:1", "my_service:1"},
                                         Good{"Ipv4", "127.0.0.1:81", "127.0.0.1:81"},
                                         Good{"NumberThenName", "1.2.3.example", "1.2.3.example"},
                                         Good{"Ipv6", "[2001:DB8::1]", "[2001:db8::1]"},
                                         Good{"Ipv6WithPort", "[::1]:8080", "[::1]:8080"},
                                         Good{"Ipv6DefaultPort", "[::1]:80", "[::1]"},
                                         Good{"Ipv6WithIpv4", "[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
                                         Good{"LabelOf63", std::string(63, 'a'), std::string(63, 'a')}),
                         row_name<Good>);

struct Bad {
  const char* name;
  std::string text;
};
void PrintTo(const Bad& row, std::ostream* out) {
  *out << row.name;
}

class AuthorityRefuses : public testing::TestWithParam<Bad> {};

TEST_P(AuthorityRefuses, TheText) {
  EXPECT_FALSE(parse_authority(GetParam().text).has_value());
}

INSTANTIATE_TEST_SUITE_P(
    All, AuthorityRefuses,
    testing::Values(
        Bad{"Empty", ""}, Bad{"OnlyPort", ":80"}, Bad{"EmptyPort", "a:"}, Bad{"PortZero", "a:0"},
        Bad{"PortLeadingZero", "a:080"}, Bad{"PortTooLarge", "a:65536"}, Bad{"PortTooLong", "a:000080"},
        Bad{"PortSign", "a:+80"}, Bad{"PortNotANumber", "a:8x"}, Bad{"TwoPorts", "a:80:80"}, Bad{"Userinfo", "u@a"},
        Bad{"UserinfoThatLooksLikeAPort", "a:80@b"}, Bad{"Path", "a/"}, Bad{"Query", "a?b"}, Bad{"Fragment", "a#b"},
        Bad{"Backslash", "a\\b"}, Bad{"List", "a,b"}, Bad{"Space", "a b"}, Bad{"Tab", "a\t"}, Bad{"Nul", "a\0"s},
        Bad{"NotAscii", "\xc3\xa9"}, Bad{"Encoded", "%61"}, Bad{"Scheme", "http://a"}, Bad{"OnlyDot", "."},
        Bad{"EmptyLabel", "a..b"}, Bad{"LeadingDot", ".a"}, Bad{"TwoTrailingDots", "a.."},
        Bad{"LabelOf64", std::string(64, 'a')}, Bad{"NameOf256", std::string(256, 'a')}, Bad{"ShortIpv4", "127.1"},
        Bad{"NumberAlone", "2130706433"}, Bad{"HexNumber", "0x7f000001"}, Bad{"HexLastLabel", "127.0.0.0x1"},
        Bad{"OctalIpv4", "0177.0.0.1"}, Bad{"Ipv4TooLarge", "1.2.3.256"}, Bad{"Ipv4FiveParts", "1.2.3.4.5"},
        Bad{"Ipv4TrailingDot", "1.2.3.4."}, Bad{"Ipv6WithoutBrackets", "::1"}, Bad{"BracketNotClosed", "[::1"},
        Bad{"BracketsEmpty", "[]"}, Bad{"Ipv4InBrackets", "[1.2.3.4]"}, Bad{"NameInBrackets", "[a]"},
        Bad{"Ipv6Zone", "[fe80::1%25eth0]"}, Bad{"Ipv6TwoGaps", "[1::2::3]"}, Bad{"IpFuture", "[v1.a:b]"},
        Bad{"TextAfterBracket", "[::1]a"}, Bad{"Ipv6EmptyPort", "[::1]:"}, Bad{"TwoBrackets", "[[::1]]"}),
    row_name<Bad>);

TEST(Authority, TreatsAMissingPortAsTheDefault) {
  const auto bare = parse_authority("A.test");
  const auto port80 = parse_authority("a.TEST:80");
  const auto port443 = parse_authority("a.test:443");
  ASSERT_TRUE(bare && port80 && port443);
  EXPECT_TRUE(same_authority(*bare, *port80));
  EXPECT_FALSE(same_authority(*bare, *port443));
  EXPECT_TRUE(same_authority(*bare, *port443, 443));
  EXPECT_EQ(normal_form(*port443, 443), "a.test");
  EXPECT_EQ(normal_form(*port80, 443), "a.test:80");
}

}  // namespace
}  // namespace sallyport::net::http
