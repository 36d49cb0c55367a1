#include "sallyport/net/http/request_head_parser.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http_head_support.hpp"
#include "http_request_text.hpp"

namespace sallyport::net::http {
namespace {

struct Acceptance {
  const char* name;
  std::string bytes;
  Method method;
  std::string_view path;
  std::string_view host;
};
void PrintTo(const Acceptance& row, std::ostream* out) {
  *out << row.name;
}

class RequestHeadParserAccepts : public testing::TestWithParam<Acceptance> {};

TEST_P(RequestHeadParserAccepts, TheMessageHoweverItIsSliced) {
  RequestHead head;
  const Verdict verdict = judge_request(GetParam().bytes, head);
  ASSERT_EQ(verdict.status, ParseStatus::Complete) << to_string(verdict.rejection.reason);
  EXPECT_EQ(head.method, GetParam().method);
  EXPECT_EQ(head.path, GetParam().path);
  EXPECT_EQ(head.host, GetParam().host);
}

INSTANTIATE_TEST_SUITE_P(
    All, RequestHeadParserAccepts,
    testing::Values(
        Acceptance{"Get", with_target("/a"), Method::Get, "/a", "a"},
        Acceptance{"Head", with_request_line("HEAD / HTTP/1.1"), Method::Head, "/", "a"},
        Acceptance{"Post", with_request_line("POST / HTTP/1.1"), Method::Post, "/", "a"},
        Acceptance{"Put", with_request_line("PUT / HTTP/1.1"), Method::Put, "/", "a"},
        Acceptance{"Patch", with_request_line("PATCH / HTTP/1.1"), Method::Patch, "/", "a"},
        Acceptance{"Delete", with_request_line("DELETE / HTTP/1.1"), Method::Delete, "/", "a"},
        Acceptance{"Options", with_request_line("OPTIONS / HTTP/1.1"), Method::Options, "/", "a"},
        Acceptance{"Query", with_request_line("QUERY / HTTP/1.1"), Method::Query, "/", "a"},
        Acceptance{"Asterisk", with_request_line("OPTIONS * HTTP/1.1"), Method::Options, "*", "a"},
        Acceptance{"OneEmptyLineFirst", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, "/", "a"},
        Acceptance{"AbsoluteForm", "GET http://Ex.test/b?c HTTP/1.1\r\nHost: eX.test\r\n\r\n", Method::Get, "/b",
                   "Ex.test"},
        Acceptance{"AbsoluteFormDefaultPort", "GET HTTP://a:80/b HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, "/b",
                   "a:80"},
        Acceptance{"AbsoluteFormHttps", "GET https://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, "/", "a:443"},
        Acceptance{"AbsoluteFormNoPath", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, "/", "a"},
        Acceptance{"AbsoluteFormOnlyQuery", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, "/", "a"},
        Acceptance{"AbsoluteFormAsterisk", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", Method::Options, "*", "a"},
        Acceptance{"AbsoluteFormOptionsWithQuery", "OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", Method::Options,
                   "/", "a"},
        Acceptance{"HostWithPort", with_host("a.test:8080"), Method::Get, "/", "a.test:8080"},
        Acceptance{"HostIpv6", with_host("[::1]:8080"), Method::Get, "/", "[::1]:8080"},
        Acceptance{"NoSpaceAfterColon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", Method::Get, "/", "a"},
        Acceptance{"WhiteSpaceAroundValue", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", Method::Get, "/", "a"},
        Acceptance{"EmptyValue", with_line("X:"), Method::Get, "/", "a"},
        Acceptance{"TabAndUtf8InAValue", with_line("X: a\tb \xc3\xa9 0123456789\t"), Method::Get, "/", "a"},
        Acceptance{"EveryTokenCharacterInAName", with_line("!#$%&'*+-.^`|~aZ09: 1"), Method::Get, "/", "a"},
        Acceptance{"RepeatedOtherField", with_line("X: a\r\nX: b"), Method::Get, "/", "a"},
        Acceptance{"ConnectionTe", with_line("Connection: TE, upgrade"), Method::Get, "/", "a"},
        Acceptance{"ConnectionManyOptions", with_line("Connection: " + std::string(31, ',')), Method::Get, "/", "a"}),
    row_name<Acceptance>);

/// Parses a head that must be good, kept alive with its bytes.
struct Parsed {
  std::string bytes;
  RequestHead head;
  explicit Parsed(std::string text) : bytes(std::move(text)) {
    EXPECT_EQ(judge_request(bytes, head).status, ParseStatus::Complete);
  }
};

TEST(RequestHeadParser, SplitsTheTarget) {
  const Parsed query(with_target("/a/%41?b=/?c"));
  EXPECT_EQ(query.head.target, "/a/%41?b=/?c");
  EXPECT_EQ(query.head.path, "/a/%41");
  EXPECT_TRUE(query.head.has_query);
  EXPECT_EQ(query.head.query, "b=/?c");
  const Parsed empty_query(with_target("/a?"));
  EXPECT_TRUE(empty_query.head.has_query);
  EXPECT_EQ(empty_query.head.query, "");
  const Parsed no_query(with_target("/a"));
  EXPECT_FALSE(no_query.head.has_query);
}

TEST(RequestHeadParser, KeepsFieldsInOrderAsReceived) {
  const Parsed parsed("GET / HTTP/1.1\r\nhOsT: a\r\nB:  2 \r\nA: 1\r\nb: 3\r\n\r\n");
  ASSERT_EQ(parsed.head.fields.size(), 4U);
  EXPECT_EQ(parsed.head.fields.begin()[0].name, "hOsT");
  EXPECT_EQ(parsed.head.fields.begin()[1].value, "2");
  EXPECT_EQ(parsed.head.fields.find("b"), "2");
  EXPECT_EQ(parsed.head.fields.count("B"), 2U);
  EXPECT_EQ(parsed.head.fields.find("c"), std::nullopt);
}

TEST(RequestHeadParser, ReportsFraming) {
  const Parsed none(with_line("X: a"));
  EXPECT_EQ(none.head.framing, Framing::None);
  const Parsed zero(with_line("Content-Length: 0"));
  EXPECT_EQ(zero.head.framing, Framing::Length);
  EXPECT_EQ(zero.head.content_length, 0U);
  const Parsed largest(with_line("Content-Length: \t9223372036854775807 "));
  EXPECT_EQ(largest.head.framing, Framing::Length);
  EXPECT_EQ(largest.head.content_length, 9223372036854775807U);
  const Parsed chunked(with_line("Transfer-Encoding: Chunked"));
  EXPECT_EQ(chunked.head.framing, Framing::Chunked);
}

TEST(RequestHeadParser, ReportsWhatTheClientAsksOfTheConnection) {
  EXPECT_TRUE(Parsed(with_line("X: a")).head.keep_alive);
  EXPECT_TRUE(Parsed(with_line("Connection: keep-alive")).head.keep_alive);
  EXPECT_FALSE(Parsed(with_line("Connection: Close")).head.keep_alive);
  EXPECT_FALSE(Parsed(with_line("Connection: keep-alive\r\nConnection: x, close")).head.keep_alive);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST(RequestHeadParser, ReportsTheExpectationOfHttp11Only) {
  EXPECT_TRUE(Parsed(with_line("Expect: 100-Continue")).head.expect_continue);
  EXPECT_FALSE(Parsed(with_line("X: a")).head.expect_continue);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
}

TEST(RequestHeadParser, LeavesWhatFollowsTheHead) {
  const std::string first = with_target("/1");
  const std::string both = first + with_target("/2");
  RequestHeadParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(both, head), ParseStatus::Complete);
  EXPECT_EQ(head.head_bytes, first.size());
  EXPECT_EQ(parser.parse(both, head), ParseStatus::Complete);
  parser.reset();
  ASSERT_EQ(parser.parse(std::string_view(both).substr(first.size()), head), ParseStatus::Complete);
  EXPECT_EQ(head.path, "/2");
}

TEST(RequestHeadParser, ForgetsTheFormerMessageOnReset) {
  RequestHeadParser parser;
  RequestHead head;
  const std::string loaded =
      "\r\nPOST http://a/b?c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: "
      "5\r\n\r\n";
  ASSERT_EQ(parser.parse(loaded, head), ParseStatus::Complete);
  EXPECT_EQ(parser.skipped(), 2U);
  parser.reset();
  const std::string plain = "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parser.parse(plain, head), ParseStatus::Complete);
  EXPECT_EQ(parser.skipped(), 0U);
  EXPECT_EQ(head.host, "b");
  EXPECT_EQ(head.framing, Framing::None);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_EQ(head.fields.size(), 1U);
  EXPECT_FALSE(head.has_query);
  EXPECT_EQ(head.query, "");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
}

TEST(RequestHeadParser, RefusesAsSoonAsTheLineIsComplete) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nBad Name: b\r\nX: c\r\n\r\n";
  RequestHead head;
  const Verdict verdict = judge_request(bytes, head);
  EXPECT_EQ(verdict.at, bytes.find("X: c"));
}

TEST(RequestHeadParser, NamesEveryReasonOnce) {
  std::vector<std::string_view> names;
  for (int reason = 0; reason <= static_cast<int>(RejectReason::ChunkDataEnd); ++reason) {
    names.push_back(to_string(static_cast<RejectReason>(reason)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace sallyport::net::http
