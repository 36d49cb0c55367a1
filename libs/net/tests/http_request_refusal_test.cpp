#include <string>

#include "http_head_support.hpp"
#include "http_request_text.hpp"
#include "sallyport/net/http/request_head_parser.hpp"

namespace sallyport::net::http {
namespace {

using namespace std::string_literals;
using enum RejectReason;

struct Refusal {
  const char* name;
  std::string bytes;
  int status;
  RejectReason reason;
};
void PrintTo(const Refusal& row, std::ostream* out) {
  *out << row.name;
}

class RequestHeadParserRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(RequestHeadParserRefuses, TheMessageHoweverItIsSliced) {
  RequestHead head;
  const Verdict verdict = judge_request(GetParam().bytes, head);
  EXPECT_EQ(verdict.status, ParseStatus::Rejected);
  EXPECT_EQ(verdict.rejection.reason, GetParam().reason);
  EXPECT_EQ(info(verdict.rejection.code).status, GetParam().status);
}

/// Nothing that follows a refused message changes the verdict, and the answer stays.
TEST_P(RequestHeadParserRefuses, WithARequestPipelinedBehindIt) {
  const std::string bytes = GetParam().bytes + "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestHeadParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse(bytes, head), ParseStatus::Rejected);
  EXPECT_EQ(parser.rejection().reason, GetParam().reason);
  EXPECT_EQ(parser.parse(bytes, head), ParseStatus::Rejected);
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, RequestHeadParserRefuses,
    testing::Values(Refusal{"TwoSpacesAfterMethod", with_request_line("GET  / HTTP/1.1"), 400, TargetSyntax},
                    Refusal{"TwoSpacesBeforeVersion", with_request_line("GET /  HTTP/1.1"), 400, VersionSyntax},
                    Refusal{"TabAfterMethod", with_request_line("GET\t/ HTTP/1.1"), 400, MethodSyntax},
                    Refusal{"TabBeforeVersion", with_request_line("GET /\tHTTP/1.1"), 400, VersionSyntax},
                    Refusal{"SpaceAtTheEnd", with_request_line("GET / HTTP/1.1 "), 400, VersionSyntax},
                    Refusal{"SpaceAtTheBegin", with_request_line(" GET / HTTP/1.1"), 400, MethodSyntax},
                    Refusal{"OnlySpaces", "   \r\nHost: a\r\n\r\n", 400, MethodSyntax},
                    Refusal{"BareLineFeed", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, BareLineFeed},
                    Refusal{"BareLineFeedAfterTarget", "GET /\nHost: a\r\n\r\n", 400, BareLineFeed},
                    Refusal{"BareLineFeedFirst", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, BareLineFeed},
                    Refusal{"BareCarriageReturnFirst", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, BareCarriageReturn},
                    Refusal{"BareCarriageReturnAtTheEnd", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400, VersionSyntax},
                    Refusal{"CarriageReturnTwice", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400, VersionSyntax},
                    Refusal{"BareCarriageReturnForASpace", with_request_line("GET\r/ HTTP/1.1"), 400, MethodSyntax},
                    Refusal{"NoTarget", with_request_line("GET HTTP/1.1"), 400, VersionSyntax},
                    Refusal{"NoTargetTwoSpaces", with_request_line("GET  HTTP/1.1"), 400, TargetSyntax},
                    Refusal{"OnlyMethod", with_request_line("GET"), 400, VersionSyntax},
                    Refusal{"Http09", "GET /\r\n", 400, VersionSyntax},
                    Refusal{"Http09WithVersion", with_request_line("GET / HTTP/0.9"), 400, VersionSyntax},
                    Refusal{"LowerCaseVersion", with_request_line("GET / http/1.1"), 400, VersionSyntax},
                    Refusal{"VersionWithLeadingZero", with_request_line("GET / HTTP/01.1"), 400, VersionSyntax},
                    Refusal{"VersionWithoutMinor", with_request_line("GET / HTTP/1"), 400, VersionSyntax},
                    Refusal{"VersionWithTwoMinorDigits", with_request_line("GET / HTTP/1.10"), 400, VersionSyntax},
                    Refusal{"VersionWithSpace", with_request_line("GET / HTTP/ 1.1"), 400, VersionSyntax},
                    Refusal{"VersionOfAnotherProtocol", with_request_line("GET / HTTPS/1.1"), 400, VersionSyntax},
                    Refusal{"VersionWithNul", with_request_line("GET / HTTP/1.\0"s), 400, VersionSyntax},
                    Refusal{"Http12", with_request_line("GET / HTTP/1.2"), 505, VersionUnsupported},
                    Refusal{"Http2", with_request_line("GET / HTTP/2.0"), 505, VersionUnsupported},
                    Refusal{"Http9", with_request_line("GET / HTTP/9.9"), 505, VersionUnsupported},
                    Refusal{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, VersionUnsupported},
                    Refusal{"TwoEmptyLinesFirst", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, EmptyRequestLine},
                    Refusal{"TlsClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(64, '\x80'),
                            400, MethodSyntax},
                    Refusal{"EndlessGarbage", std::string(4096, '\xff'), 400, MethodSyntax}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Method, RequestHeadParserRefuses,
    testing::Values(Refusal{"NotAToken", with_request_line("G@T / HTTP/1.1"), 400, MethodSyntax},
                    Refusal{"WithNul", with_request_line("GE\0T / HTTP/1.1"s), 400, MethodSyntax},
                    Refusal{"NotAscii", with_request_line("G\xc3\x89T / HTTP/1.1"), 400, MethodSyntax},
                    Refusal{"WithColon", with_request_line("Host: a"), 400, MethodSyntax},
                    Refusal{"Unknown", with_request_line("BREW / HTTP/1.1"), 501, MethodUnknown},
                    Refusal{"LowerCase", with_request_line("get / HTTP/1.1"), 501, MethodUnknown},
                    Refusal{"UnknownLonger", with_request_line("PROPFIND / HTTP/1.1"), 501, MethodUnknown},
                    Refusal{"Endless", std::string(100'000, 'A'), 501, MethodUnknown},
                    Refusal{"Connect", with_request_line("CONNECT a:443 HTTP/1.1"), 405, MethodRefused},
                    Refusal{"Trace", with_request_line("TRACE / HTTP/1.1"), 405, MethodRefused}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Target, RequestHeadParserRefuses,
    testing::Values(Refusal{"Fragment", with_target("/a#b"), 400, TargetCharacter},
                    Refusal{"Control",
                            with_target("/a\x01"
                                        "b"),
                            400, TargetCharacter},
                    Refusal{"Nul", with_target("/a\0b"s), 400, TargetCharacter},
                    Refusal{"Delete", with_target("/a\x7f"), 400, TargetCharacter},
                    Refusal{"NotAscii", with_target("/\xc3\xa9"), 400, TargetCharacter},
                    Refusal{"OverlongSlash", with_target("/\xc0\xaf"), 400, TargetCharacter},
                    Refusal{"Backslash", with_target("/a\\b"), 400, TargetCharacter},
                    Refusal{"BackslashInQuery", with_target("/a?b\\c"), 400, TargetCharacter},
                    Refusal{"NotHexEncoding", with_target("/%zz"), 400, TargetEncoding},
                    Refusal{"NotHexEncodingInQuery", with_target("/?a=%zz"), 400, TargetEncoding},
                    Refusal{"HalfEncoding", with_target("/%4"), 400, TargetEncoding},
                    Refusal{"OnlyPercent", with_target("/%"), 400, TargetEncoding},
                    Refusal{"EncodedNul", with_target("/a%00b"), 400, TargetEncoding},
                    Refusal{"EncodedCarriageReturn", with_target("/a%0db"), 400, TargetEncoding},
                    Refusal{"EncodedLineFeed", with_target("/a%0Ab"), 400, TargetEncoding},
                    Refusal{"EncodedLineFeedInQuery", with_target("/?a=%0a"), 400, TargetEncoding},
                    Refusal{"NoLeadingSlash", with_target("a"), 400, TargetSyntax},
                    Refusal{"AuthorityForm", with_target("a:80"), 400, TargetSyntax},
                    Refusal{"OnlyQuery", with_target("?a"), 400, TargetSyntax},
                    Refusal{"AsteriskForGet", with_target("*"), 400, TargetSyntax},
                    Refusal{"AsteriskAndMore", with_request_line("OPTIONS *x HTTP/1.1"), 400, TargetSyntax},
                    Refusal{"AnotherScheme", with_target("ftp://a/"), 400, TargetSyntax},
                    Refusal{"SchemeAlone", with_target("http://"), 400, TargetSyntax},
                    Refusal{"SchemeWithOneSlash", with_target("http:/a/"), 400, TargetSyntax},
                    Refusal{"EmptyAuthority", with_target("http:///a"), 400, TargetSyntax},
                    Refusal{"Userinfo", with_target("http://u@a/"), 400, TargetSyntax},
                    Refusal{"UserinfoWithPassword", with_target("http://u:p@a/"), 400, TargetSyntax},
                    Refusal{"BadPort", with_target("http://a:99999/"), 400, TargetSyntax},
                    Refusal{"OtherHost", with_target("http://b/"), 400, HostMismatch},
                    Refusal{"OtherPort", with_target("http://a:81/"), 400, HostMismatch},
                    Refusal{"OtherPortByScheme", "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, HostMismatch},
                    Refusal{"AbsoluteFormWithoutHost", "GET http://a/ HTTP/1.1\r\n\r\n", 400, HostMissing}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(Host, RequestHeadParserRefuses,
                         testing::Values(Refusal{"Missing", "GET / HTTP/1.1\r\n\r\n", 400, HostMissing},
                                         Refusal{"MissingInHttp10", "GET / HTTP/1.0\r\n\r\n", 400, HostMissing},
                                         Refusal{"TwiceEqual", with_line("Host: a"), 400, HostRepeated},
                                         Refusal{"TwiceDifferent", with_line("hOST: b"), 400, HostRepeated},
                                         Refusal{"Empty", with_host(""), 400, HostSyntax},
                                         Refusal{"OnlySpace", with_host(" \t "), 400, HostSyntax},
                                         Refusal{"List", with_host("a, b"), 400, HostSyntax},
                                         Refusal{"ListWithoutSpace", with_host("a,a"), 400, HostSyntax},
                                         Refusal{"Userinfo", with_host("u@a"), 400, HostSyntax},
                                         Refusal{"Path", with_host("a/b"), 400, HostSyntax},
                                         Refusal{"Url", with_host("http://a"), 400, HostSyntax},
                                         Refusal{"PortNotANumber", with_host("a:b"), 400, HostSyntax},
                                         Refusal{"PortTooLarge", with_host("a:65536"), 400, HostSyntax},
                                         Refusal{"PortEmpty", with_host("a:"), 400, HostSyntax},
                                         Refusal{"BadIpv6", with_host("[::g]"), 400, HostSyntax},
                                         Refusal{"OpenBracket", with_host("[::1"), 400, HostSyntax}),
                         row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Fields, RequestHeadParserRefuses,
    testing::Values(
        Refusal{"SpaceBeforeColon", with_line("X : a"), 400, FieldNameSyntax},
        Refusal{"TabBeforeColon", with_line("X\t: a"), 400, FieldNameSyntax},
        Refusal{"EmptyName", with_line(": a"), 400, FieldNameSyntax},
        Refusal{"SpaceInName", with_line("X Y: a"), 400, FieldNameSyntax},
        Refusal{"SlashInName", with_line("X/Y: a"), 400, FieldNameSyntax},
        Refusal{"NulInName", with_line("X\0Y: a"s), 400, FieldNameSyntax},
        Refusal{"NotAsciiInName", with_line("X\xc3\xa9: a"), 400, FieldNameSyntax},
        Refusal{"NoColon", with_line("X"), 400, FieldColonMissing},
        Refusal{"Underscore", with_line("Content_Length: 5"), 400, FieldNameUnderscore},
        Refusal{"UnderscoreInTransferEncoding", with_line("Transfer_Encoding: chunked"), 400, FieldNameUnderscore},
        Refusal{"FoldedBySpace", with_line("X: a\r\n b"), 400, FieldFolded},
        Refusal{"FoldedByTab", with_line("X: a\r\n\tb"), 400, FieldFolded},
        Refusal{"FoldedBeforeTheFirst", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, FieldFolded},
        Refusal{"FoldedBySpaceAlone", with_line("X: a\r\n "), 400, FieldFolded},
        Refusal{"NulInValue", with_line("X: a\0b"s), 400, FieldValueCharacter},
        Refusal{"NulLateInALongValue", with_line("X: " + std::string(100, 'a') + "\0"s), 400, FieldValueCharacter},
        Refusal{"CarriageReturnInValue", with_line("X: a\rb"), 400, FieldValueCharacter},
        Refusal{"CarriageReturnTwice", with_line("X: a\r"), 400, FieldValueCharacter},
        Refusal{"ControlInValue",
                with_line("X: a\x0b"
                          "b"),
                400, FieldValueCharacter},
        Refusal{"DeleteInValue", with_line("X: abcdefg\x7fhi"), 400, FieldValueCharacter},
        Refusal{"LineFeedAlone", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, BareLineFeed},
        Refusal{"LineFeedForTheEmptyLine", "GET / HTTP/1.1\r\nHost: a\r\n\nX: b\r\n\r\n", 400, BareLineFeed}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Length, RequestHeadParserRefuses,
    testing::Values(
        Refusal{"Empty", with_line("Content-Length:"), 400, ContentLengthSyntax},
        Refusal{"Plus", with_line("Content-Length: +5"), 400, ContentLengthSyntax},
        Refusal{"Minus", with_line("Content-Length: -5"), 400, ContentLengthSyntax},
        Refusal{"Hex", with_line("Content-Length: 0x5"), 400, ContentLengthSyntax},
        Refusal{"Letters", with_line("Content-Length: abc"), 400, ContentLengthSyntax},
        Refusal{"Fraction", with_line("Content-Length: 5.0"), 400, ContentLengthSyntax},
        Refusal{"InnerSpace", with_line("Content-Length: 5 5"), 400, ContentLengthSyntax},
        Refusal{"Underscore", with_line("Content-Length: 1_000"), 400, ContentLengthSyntax},
        Refusal{"List", with_line("Content-Length: 5, 5"), 400, ContentLengthSyntax},
        Refusal{"TrailingComma", with_line("Content-Length: 5,"), 400, ContentLengthSyntax},
        Refusal{"LeadingZero", with_line("Content-Length: 05"), 400, ContentLengthSyntax},
        Refusal{"ZeroTwice", with_line("Content-Length: 00"), 400, ContentLengthSyntax},
        Refusal{"OnePastTheLargest", with_line("Content-Length: 9223372036854775808"), 400, ContentLengthSyntax},
        Refusal{"WrapsRound", with_line("Content-Length: 18446744073709551621"), 400, ContentLengthSyntax},
        Refusal{"TwiceEqual", with_line("Content-Length: 5\r\nContent-Length: 5"), 400, ContentLengthRepeated},
        Refusal{"TwiceDifferent", with_line("Content-Length: 5\r\ncontent-length: 6"), 400, ContentLengthRepeated},
        Refusal{"TwiceZero", with_line("Content-Length: 0\r\nContent-Length: 0"), 400, ContentLengthRepeated}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    TransferEncoding, RequestHeadParserRefuses,
    testing::Values(
        Refusal{"Empty", with_line("Transfer-Encoding:"), 400, TransferEncodingSyntax},
        Refusal{"Unknown", with_line("Transfer-Encoding: xchunked"), 400, TransferEncodingSyntax},
        Refusal{"Identity", with_line("Transfer-Encoding: identity"), 400, TransferEncodingSyntax},
        Refusal{"ChunkedThenIdentity", with_line("Transfer-Encoding: chunked, identity"), 400, TransferEncodingSyntax},
        Refusal{"NotFinal", with_line("Transfer-Encoding: chunked, gzip"), 400, TransferEncodingSyntax},
        Refusal{"GzipAlone", with_line("Transfer-Encoding: gzip"), 400, TransferEncodingSyntax},
        Refusal{"ChunkedTwiceInOne", with_line("Transfer-Encoding: chunked, chunked"), 400, TransferEncodingSyntax},
        Refusal{"TrailingComma", with_line("Transfer-Encoding: chunked,"), 400, TransferEncodingSyntax},
        Refusal{"LeadingComma", with_line("Transfer-Encoding: , chunked"), 400, TransferEncodingSyntax},
        Refusal{"Parameter", with_line("Transfer-Encoding: chunked;a=b"), 400, TransferEncodingSyntax},
        Refusal{"Quoted", with_line("Transfer-Encoding: \"chunked\""), 400, TransferEncodingSyntax},
        Refusal{"VerticalTab",
                with_line("Transfer-Encoding: \x0b"
                          "chunked"),
                400, FieldValueCharacter},
        Refusal{"FormFeed", with_line("Transfer-Encoding: chunked\x0c"), 400, FieldValueCharacter},
        Refusal{"Gzip", with_line("Transfer-Encoding: gzip, chunked"), 501, TransferEncodingUnsupported},
        Refusal{"Twice", with_line("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400,
                TransferEncodingRepeated},
        Refusal{"AfterLength", with_line("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400,
                LengthAndTransferEncoding},
        Refusal{"BeforeLength", with_line("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400,
                LengthAndTransferEncoding},
        Refusal{"AfterLengthZero", with_line("Content-Length: 0\r\nTransfer-Encoding: chunked"), 400,
                LengthAndTransferEncoding},
        Refusal{"InHttp10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                TransferEncodingInHttp10}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    ExpectAndConnection, RequestHeadParserRefuses,
    testing::Values(
        Refusal{"ExpectUnknown", with_line("Expect: 200-ok"), 417, ExpectationUnknown},
        Refusal{"ExpectEmpty", with_line("Expect:"), 417, ExpectationUnknown},
        Refusal{"ExpectList", with_line("Expect: 100-continue, x"), 417, ExpectationUnknown},
        Refusal{"ConnectionHost", with_line("Connection: host"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionHostInAList", with_line("Connection: close, , HOST"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionAuthorization", with_line("Connection: Authorization"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionCookie", with_line("Connection: cookie"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionContentLength", with_line("Connection: content-length"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionTransferEncoding", with_line("Connection: transfer-encoding"), 400,
                ConnectionNamesEndToEndField},
        Refusal{"ConnectionForwardedFor", with_line("Connection: X-Forwarded-For"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionForwarded", with_line("Connection: forwarded"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionInternal", with_line("Connection: x-request-id"), 400, ConnectionNamesEndToEndField},
        Refusal{"ConnectionNotAToken", with_line("Connection: \"close\""), 400, ConnectionSyntax},
        Refusal{"ConnectionSpaceInAToken", with_line("Connection: keep alive"), 400, ConnectionSyntax},
        Refusal{"ConnectionFloodOverLines",
                with_line("Connection: " + std::string(20, ',') + "\r\nConnection: " + std::string(20, ',')), 400,
                ConnectionOptionsTooMany},
        Refusal{"ConnectionFlood", with_line("Connection: " + std::string(32, ',')), 400, ConnectionOptionsTooMany}),
    row_name<Refusal>);

}  // namespace
}  // namespace sallyport::net::http
