#include "middleware/client_address.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

using Lines = std::vector<std::pair<const char*, std::string>>;

const std::vector<Cidr> kTrusted = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8:ffff::/48")};

ClientAddress find(const char* peer, const Lines& lines, ForwardedHeader header,
                   const std::vector<Cidr>& trusted = kTrusted) {
  net::http::FieldList fields;
  for (const auto& [name, value] : lines) fields.push({name, value});
  return find_client(*IpAddress::parse(peer), fields, trusted, header);
}

struct Row {
  const char* name;
  const char* peer;
  Lines lines;
  const char* client;
  bool vouched = true;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class XForwardedFor : public testing::TestWithParam<Row> {};

TEST_P(XForwardedFor, NamesTheClient) {
  const auto& row = GetParam();
  const auto found = find(row.peer, row.lines, ForwardedHeader::XForwardedFor);
  EXPECT_EQ(found.client.to_string(), row.client);
  EXPECT_EQ(found.vouched, row.vouched);
  EXPECT_EQ(found.peer, IpAddress::parse(row.peer));
}

constexpr const char* kXff = "X-Forwarded-For";
constexpr const char* kFwd = "Forwarded";

INSTANTIATE_TEST_SUITE_P(
    Table, XForwardedFor,
    testing::Values(
        Row{"NoField", "192.0.2.9", {}, "192.0.2.9"},
        Row{"UntrustedPeerIsNotBelieved", "192.0.2.9", {{kXff, "198.51.100.1"}}, "192.0.2.9"},
        Row{"UntrustedPeerClaimsLoopback", "192.0.2.9", {{kXff, "127.0.0.1"}}, "192.0.2.9"},
        Row{"TrustedPeer", "10.0.0.1", {{kXff, "198.51.100.1"}}, "198.51.100.1"},
        Row{"FieldNameHasNoCase", "10.0.0.1", {{"x-FORWARDED-for", "198.51.100.1"}}, "198.51.100.1"},
        Row{"FirstValueIsTheClientsOwnClaim", "10.0.0.1", {{kXff, "127.0.0.1, 198.51.100.1"}}, "198.51.100.1"},
        Row{"ClaimsToBeATrustedProxy", "10.0.0.1", {{kXff, "127.0.0.1, 10.0.0.7, 198.51.100.1"}}, "198.51.100.1"},
        Row{"ThroughTwoProxies", "10.0.0.1", {{kXff, "127.0.0.1, 198.51.100.1, 10.0.0.2"}}, "198.51.100.1"},
        Row{"LinesAreJoined",
            "10.0.0.1",
            {{kXff, "127.0.0.1"}, {"A", "b"}, {kXff, "198.51.100.1, 10.0.0.2"}},
            "198.51.100.1"},
        Row{"SecondLineIsLater", "10.0.0.1", {{kXff, "203.0.113.1"}, {kXff, "198.51.100.1"}}, "198.51.100.1"},
        Row{"AllTrustedIsTheLeftmost", "10.0.0.1", {{kXff, "10.0.0.3, 10.0.0.2"}}, "10.0.0.3"},
        Row{"AbsentIsThePeer", "10.0.0.1", {}, "10.0.0.1", false},
        Row{"EmptyIsThePeer", "10.0.0.1", {{kXff, ""}}, "10.0.0.1", false},
        Row{"OnlyCommas", "10.0.0.1", {{kXff, " , ,,"}}, "10.0.0.1", false},
        Row{"EmptyMembersAreNone", "10.0.0.1", {{kXff, "127.0.0.1,, 198.51.100.1 ,"}}, "198.51.100.1"},
        Row{"JunkAtTheRightIsThePeer", "10.0.0.1", {{kXff, "198.51.100.1, unknown"}}, "10.0.0.1", false},
        Row{"JunkEndsAtTheLastValid", "10.0.0.1", {{kXff, "198.51.100.1, junk, 10.0.0.2"}}, "10.0.0.2", false},
        Row{"JunkLeftOfTheClient", "10.0.0.1", {{kXff, "<script>, 198.51.100.1"}}, "198.51.100.1"},
        Row{"LeadingZeros", "10.0.0.1", {{kXff, "198.51.100.001"}}, "10.0.0.1", false},
        Row{"Port", "10.0.0.1", {{kXff, "198.51.100.1:4711"}}, "198.51.100.1"},
        Row{"V6InBracketsWithPort", "10.0.0.1", {{kXff, "[2001:db8::1]:4711"}}, "2001:db8::1"},
        Row{"V6Bare", "10.0.0.1", {{kXff, "2001:db8::1"}}, "2001:db8::1"},
        Row{"V6Zone", "10.0.0.1", {{kXff, "fe80::1%eth0"}}, "fe80::1"},
        Row{"MappedIsV4", "10.0.0.1", {{kXff, "198.51.100.1, ::ffff:10.0.0.2"}}, "198.51.100.1"},
        Row{"MappedPeerIsV4", "::ffff:10.0.0.1", {{kXff, "198.51.100.1"}}, "198.51.100.1"},
        Row{"Nat64", "10.0.0.1", {{kXff, "64:ff9b::198.51.100.1"}}, "198.51.100.1"},
        Row{"V6Peer", "2001:db8:ffff::1", {{kXff, "198.51.100.1, 2001:db8:ffff:1::2"}}, "198.51.100.1"},
        Row{"TabsAround", "10.0.0.1", {{kXff, "\t198.51.100.1\t"}}, "198.51.100.1"},
        Row{"Quoted", "10.0.0.1", {{kXff, "\"198.51.100.1\""}}, "10.0.0.1", false},
        Row{"OtherFieldsAreNotRead",
            "10.0.0.1",
            {{kFwd, "for=198.51.100.1"}, {"X-Real-IP", "198.51.100.1"}},
            "10.0.0.1",
            false}),
    [](const auto& info) { return info.param.name; });

class Forwarded : public testing::TestWithParam<Row> {};

TEST_P(Forwarded, NamesTheClient) {
  const auto& row = GetParam();
  const auto found = find(row.peer, row.lines, ForwardedHeader::Forwarded);
  EXPECT_EQ(found.client.to_string(), row.client);
  EXPECT_EQ(found.vouched, row.vouched);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Forwarded,
    testing::Values(
        Row{"Plain", "10.0.0.1", {{kFwd, "for=198.51.100.1"}}, "198.51.100.1"},
        Row{"UntrustedPeer", "192.0.2.9", {{kFwd, "for=198.51.100.1"}}, "192.0.2.9"},
        Row{"NameHasNoCase", "10.0.0.1", {{kFwd, "FOR=198.51.100.1"}}, "198.51.100.1"},
        Row{"OtherParameters", "10.0.0.1", {{kFwd, "proto=https;for=198.51.100.1;by=10.0.0.1"}}, "198.51.100.1"},
        Row{"SpacesAroundParameters", "10.0.0.1", {{kFwd, "for=198.51.100.1 ; proto=http"}}, "198.51.100.1"},
        Row{"QuotedWithPort", "10.0.0.1", {{kFwd, "for=\"198.51.100.1:80\""}}, "198.51.100.1"},
        Row{"QuotedV6", "10.0.0.1", {{kFwd, "for=\"[2001:db8::1]:80\""}}, "2001:db8::1"},
        Row{"WalksPastTrusted", "10.0.0.1", {{kFwd, "for=127.0.0.1, for=198.51.100.1, for=10.0.0.2"}}, "198.51.100.1"},
        Row{"JoinsLines", "10.0.0.1", {{kFwd, "for=198.51.100.1"}, {kFwd, "for=10.0.0.2"}}, "198.51.100.1"},
        Row{"AllTrusted", "10.0.0.1", {{kFwd, "for=10.0.0.3, for=10.0.0.2"}}, "10.0.0.3"},
        Row{"Unknown", "10.0.0.1", {{kFwd, "for=198.51.100.1, for=unknown"}}, "10.0.0.1", false},
        Row{"Obfuscated", "10.0.0.1", {{kFwd, "for=_hidden, for=10.0.0.2"}}, "10.0.0.2", false},
        Row{"NoFor", "10.0.0.1", {{kFwd, "for=198.51.100.1, proto=https"}}, "10.0.0.1", false},
        Row{"TwoFors", "10.0.0.1", {{kFwd, "for=198.51.100.1;for=127.0.0.1"}}, "10.0.0.1", false},
        Row{"CommaInQuotes", "10.0.0.1", {{kFwd, "for=198.51.100.1;host=\"a, for=127.0.0.1\""}}, "198.51.100.1"},
        Row{"SemicolonInQuotes", "10.0.0.1", {{kFwd, "host=\"a;for=127.0.0.1\";for=198.51.100.1"}}, "198.51.100.1"},
        Row{"EscapedQuote", "10.0.0.1", {{kFwd, R"(host="a\", for=127.0.0.1";for=198.51.100.1)"}}, "198.51.100.1"},
        Row{"EscapedBackslash", "10.0.0.1", {{kFwd, R"(for=127.0.0.1;host="a\\", for=198.51.100.1)"}}, "198.51.100.1"},
        Row{"OpenQuoteSwallowsNothing", "10.0.0.1", {{kFwd, "for=\", for=198.51.100.1"}}, "198.51.100.1"},
        Row{"OpenQuoteBeforeAQuotedHop", "10.0.0.1", {{kFwd, "for=\"x, for=\"[2001:db8::1]:80\""}}, "2001:db8::1"},
        Row{"LoneQuote", "10.0.0.1", {{kFwd, "for=\""}}, "10.0.0.1", false},
        Row{"EmptyQuotes", "10.0.0.1", {{kFwd, "for=\"\""}}, "10.0.0.1", false},
        Row{"EmptyValue", "10.0.0.1", {{kFwd, "for="}}, "10.0.0.1", false},
        Row{"Absent", "10.0.0.1", {}, "10.0.0.1", false},
        Row{"OtherFieldIsNotRead", "10.0.0.1", {{kXff, "198.51.100.1"}}, "10.0.0.1", false}),
    [](const auto& info) { return info.param.name; });

struct ProtoRow {
  const char* name;
  const char* peer;
  Lines lines;
  std::optional<ForwardedProto> proto;
};

void PrintTo(const ProtoRow& row, std::ostream* out) {
  *out << row.name;
}

class ForwardedProtoOf : public testing::TestWithParam<ProtoRow> {};

TEST_P(ForwardedProtoOf, IsThatOfTheEntryThatNamedTheClient) {
  EXPECT_EQ(find(GetParam().peer, GetParam().lines, ForwardedHeader::Forwarded).proto, GetParam().proto);
}

constexpr auto kHttp = ForwardedProto::Http;
constexpr auto kHttps = ForwardedProto::Https;

INSTANTIATE_TEST_SUITE_P(
    Table, ForwardedProtoOf,
    testing::Values(
        ProtoRow{"Https", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=https"}}, kHttps},
        ProtoRow{"Http", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=http"}}, kHttp},
        ProtoRow{"NoCase", "10.0.0.1", {{kFwd, "PROTO=HTTPS;for=198.51.100.1"}}, kHttps},
        ProtoRow{"Quoted", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=\"https\""}}, kHttps},
        ProtoRow{"Absent", "10.0.0.1", {{kFwd, "for=198.51.100.1"}}, std::nullopt},
        ProtoRow{"Other", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=wss"}}, std::nullopt},
        ProtoRow{"Empty", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto="}}, std::nullopt},
        ProtoRow{"Twice", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=https;proto=https"}}, std::nullopt},
        ProtoRow{"ThreeTimes", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=a;proto=b;proto=https"}}, std::nullopt},
        ProtoRow{"InAQuotedValue", "10.0.0.1", {{kFwd, "host=\";proto=https;\";for=198.51.100.1"}}, std::nullopt},
        ProtoRow{
            "OfTheOuterProxy", "10.0.0.1", {{kFwd, "for=198.51.100.1;proto=https, for=10.0.0.2;proto=http"}}, kHttps},
        ProtoRow{
            "NotOfTheInnerProxy", "10.0.0.1", {{kFwd, "for=198.51.100.1, for=10.0.0.2;proto=https"}}, std::nullopt},
        ProtoRow{"NotTheClientsOwnClaim",
                 "10.0.0.1",
                 {{kFwd, "for=127.0.0.1;proto=https, for=198.51.100.1;proto=http"}},
                 kHttp},
        ProtoRow{"NotOfAnUnreadableHop", "10.0.0.1", {{kFwd, "for=unknown;proto=https"}}, std::nullopt},
        ProtoRow{"NotOfAnUntrustedPeer", "192.0.2.9", {{kFwd, "for=198.51.100.1;proto=https"}}, std::nullopt}),
    [](const auto& info) { return info.param.name; });

TEST(ClientAddress, LooksAtABoundedNumberOfHops) {
  std::string hops = "198.51.100.1";
  for (std::size_t i = 0; i + 1 < kForwardedHopsMax; ++i) hops += ", 10.0.0.2";
  auto found = find("10.0.0.1", {{kXff, hops}}, ForwardedHeader::XForwardedFor);
  EXPECT_EQ(found.client.to_string(), "198.51.100.1");
  found = find("10.0.0.1", {{kXff, hops + ", 10.0.0.3"}}, ForwardedHeader::XForwardedFor);
  EXPECT_EQ(found.client.to_string(), "10.0.0.2");
  EXPECT_FALSE(found.vouched);
}

TEST(ClientAddress, EndsOnHostileLines) {
  const std::vector<std::string> values = {std::string(8192, ','),        std::string(8192, '"'),
                                           std::string(8192, '\\'),       std::string(8192, ';'),
                                           std::string(8191, '\\') + '"', "\"" + std::string(8190, '\\') + "\"",
                                           std::string(8192, '[')};
  for (const auto header : {ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded}) {
    for (const std::string& value : values) {
      Lines lines;
      for (int i = 0; i < 4; ++i) lines.emplace_back(header == ForwardedHeader::Forwarded ? kFwd : kXff, value);
      const auto found = find("10.0.0.1", lines, header);
      EXPECT_EQ(found.client, found.peer);
      EXPECT_FALSE(found.vouched);
    }
  }
}

TEST(ClientAddress, NoticesForwardingFieldsOfUntrustedPeers) {
  EXPECT_TRUE(find("192.0.2.9", {{kXff, "1.2.3.4"}}, ForwardedHeader::XForwardedFor).ignored_forwarding);
  EXPECT_FALSE(find("192.0.2.9", {}, ForwardedHeader::XForwardedFor).ignored_forwarding);
  EXPECT_FALSE(find("10.0.0.1", {{kXff, "1.2.3.4"}}, ForwardedHeader::XForwardedFor).ignored_forwarding);
  EXPECT_FALSE(find("10.0.0.1", {{kXff, "1.2.3.4"}}, ForwardedHeader::XForwardedFor, {}).peer_trusted);
}

struct AccessRow {
  const char* name;
  const char* peer;
  Lines lines;
  bool access;
};

void PrintTo(const AccessRow& row, std::ostream* out) {
  *out << row.name;
}

class InternalAccess : public testing::TestWithParam<AccessRow> {};

TEST_P(InternalAccess, NeedsPeerAndClient) {
  const std::vector<Cidr> internal = {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("10.0.0.0/8")};
  const std::vector<Cidr> trusted = {*Cidr::parse("10.0.0.0/24"), *Cidr::parse("203.0.113.1")};
  const auto found = find(GetParam().peer, GetParam().lines, ForwardedHeader::XForwardedFor, trusted);
  EXPECT_EQ(has_internal_access(found, internal), GetParam().access);
  EXPECT_FALSE(has_internal_access(found, {}));
}

INSTANTIATE_TEST_SUITE_P(
    Table, InternalAccess,
    testing::Values(AccessRow{"Direct", "127.0.0.1", {}, true}, AccessRow{"Outside", "192.0.2.9", {}, false},
                    AccessRow{"OutsideClaimsInside", "192.0.2.9", {{kXff, "127.0.0.1"}}, false},
                    AccessRow{"DirectWithIgnoredField", "127.0.0.1", {{kXff, "192.0.2.9"}}, true},
                    AccessRow{"ProxyForInside", "10.0.0.1", {{kXff, "10.9.9.9"}}, true},
                    AccessRow{"ProxyForOutside", "10.0.0.1", {{kXff, "192.0.2.9"}}, false},
                    AccessRow{"ProxyForSpoofer", "10.0.0.1", {{kXff, "127.0.0.1, 192.0.2.9"}}, false},
                    AccessRow{"ProxyWithoutField", "10.0.0.1", {}, false},
                    AccessRow{"ProxyWithEmptyField", "10.0.0.1", {{kXff, " "}}, false},
                    AccessRow{"ProxyThatSaysUnknown", "10.0.0.1", {{kXff, "unknown"}}, false},
                    AccessRow{"InnerProxyThatSaysUnknown", "10.0.0.1", {{kXff, "unknown, 10.0.0.2"}}, false},
                    AccessRow{"OutsideProxyForInside", "203.0.113.1", {{kXff, "10.9.9.9"}}, false}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sallyport::api_gateway
