#include "sallyport/net/http/response_head_parser.hpp"

#include <string>

#include "http_head_support.hpp"

namespace sallyport::net::http {
namespace {

using namespace std::string_literals;
using enum RejectReason;

Verdict judge(const std::string& bytes, ResponseHead& head, Method method = Method::Get) {
  ResponseHeadParser slow;
  slow.reset(method);
  ResponseHead slow_head;
  const Verdict sliced = feed(slow, bytes, slow_head, 0, 1);
  ResponseHeadParser parser;
  parser.reset(method);
  const Verdict whole = feed(parser, bytes, head, bytes.size(), 1);
  EXPECT_EQ(sliced.status, whole.status);
  EXPECT_EQ(sliced.rejection, whole.rejection);
  EXPECT_EQ(slow_head.framing, head.framing);
  EXPECT_LE(slow.scanned(), bytes.size());
  return whole;
}

std::string with_line(const std::string& line) {
  return "HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n";
}
std::string with_status_line(const std::string& line) {
  return line + "\r\nContent-Length: 0\r\n\r\n";
}

struct Refusal {
  const char* name;
  std::string bytes;
  RejectReason reason;
};
void PrintTo(const Refusal& row, std::ostream* out) {
  *out << row.name;
}

class ResponseHeadParserRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(ResponseHeadParserRefuses, AsABadGateway) {
  ResponseHead head;
  const Verdict verdict = judge(GetParam().bytes, head);
  ASSERT_EQ(verdict.status, ParseStatus::Rejected);
  EXPECT_EQ(verdict.rejection.reason, GetParam().reason);
  EXPECT_EQ(verdict.rejection.code, ErrorCode::BadGateway);
}

INSTANTIATE_TEST_SUITE_P(
    StatusLine, ResponseHeadParserRefuses,
    testing::Values(Refusal{"Garbage", with_status_line("SSH-2.0-OpenSSH_9.2"), StatusLineSyntax},
                    Refusal{"Http2", with_status_line("HTTP/2.0 200 OK"), VersionUnsupported},
                    Refusal{"Http2WithoutMinor", with_status_line("HTTP/2 200 OK"), StatusLineSyntax},
                    Refusal{"LowerCase", with_status_line("http/1.1 200 OK"), StatusLineSyntax},
                    Refusal{"TwoSpaces", with_status_line("HTTP/1.1  200 OK"), StatusLineSyntax},
                    Refusal{"TwoDigits", with_status_line("HTTP/1.1 20 OK"), StatusLineSyntax},
                    Refusal{"FourDigits", with_status_line("HTTP/1.1 2000 OK"), StatusLineSyntax},
                    Refusal{"NoStatus", with_status_line("HTTP/1.1"), StatusLineSyntax},
                    Refusal{"StatusNotANumber", with_status_line("HTTP/1.1 2x0 OK"), StatusLineSyntax},
                    Refusal{"Status099", with_status_line("HTTP/1.1 099 OK"), StatusLineSyntax},
                    Refusal{"Status600", with_status_line("HTTP/1.1 600 OK"), StatusLineSyntax},
                    Refusal{"ControlInReason", with_status_line("HTTP/1.1 200 O\x01K"), StatusLineSyntax},
                    Refusal{"CarriageReturnInReason", with_status_line("HTTP/1.1 200 O\rK"), StatusLineSyntax},
                    Refusal{"EmptyLineFirst", with_status_line("\r\nHTTP/1.1 200 OK"), StatusLineSyntax},
                    Refusal{"BareLineFeed", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", BareLineFeed},
                    Refusal{"OnlyLineFeed", "\n", BareLineFeed},
                    Refusal{"Endless", std::string(20'000, 'H'), StatusLineSyntax}),
    row_name<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Fields, ResponseHeadParserRefuses,
    testing::Values(
        Refusal{"Folded", with_line("X: a\r\n b"), FieldFolded},
        Refusal{"SpaceBeforeColon", with_line("X : a"), FieldNameSyntax},
        Refusal{"NoColon", with_line("X"), FieldColonMissing},
        Refusal{"Nul", with_line("X: a\0"s), FieldValueCharacter},
        Refusal{"CarriageReturn", with_line("X: a\rSet-Cookie: b"), FieldValueCharacter},
        Refusal{"BareLineFeed", "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n", BareLineFeed},
        Refusal{"LengthSyntax", with_line("Content-Length: 5a"), ContentLengthSyntax},
        Refusal{"LengthNegative", with_line("Content-Length: -1"), ContentLengthSyntax},
        Refusal{"LengthList", with_line("Content-Length: 5, 5"), ContentLengthSyntax},
        Refusal{"LengthTwiceEqual", with_line("Content-Length: 5\r\nContent-Length: 5"), ContentLengthRepeated},
        Refusal{"LengthTwiceDifferent", with_line("Content-Length: 5\r\nContent-Length: 6"), ContentLengthRepeated},
        Refusal{"LengthThenChunked", with_line("Content-Length: 5\r\nTransfer-Encoding: chunked"),
                LengthAndTransferEncoding},
        Refusal{"ChunkedThenLength", with_line("Transfer-Encoding: chunked\r\nContent-Length: 5"),
                LengthAndTransferEncoding},
        Refusal{"UnknownCoding", with_line("Transfer-Encoding: zip"), TransferEncodingSyntax},
        Refusal{"Gzip", with_line("Transfer-Encoding: gzip, chunked"), TransferEncodingUnsupported},
        Refusal{"ChunkedTwice", with_line("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                TransferEncodingRepeated},
        Refusal{"ChunkedInHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncodingInHttp10},
        Refusal{"ConnectionSyntax", with_line("Connection: a b"), RejectReason::ConnectionSyntax},
        Refusal{"ConnectionFloodOverLines",
                with_line("Connection: " + std::string(20, ',') + "\r\nConnection: " + std::string(20, ',')),
                ConnectionOptionsTooMany},
        Refusal{"ConnectionFlood", with_line("Connection: " + std::string(40, ',')), ConnectionOptionsTooMany},
        Refusal{"LineTooLong", with_line("X: " + std::string(9000, 'a')), FieldLineTooLong},
        Refusal{"BlockTooLong",
                with_line("X: " + std::string(8000, 'a') + "\r\nX: " + std::string(8000, 'a') +
                          "\r\nX: " + std::string(8000, 'a') + "\r\nX: " + std::string(8000, 'a') +
                          "\r\nX: " + std::string(8000, 'a')),
                FieldBlockTooLong}),
    row_name<Refusal>);

TEST(ResponseHeadParser, RefusesOnePastAHundredFields) {
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) bytes += "X: a\r\n";
  ResponseHead head;
  EXPECT_EQ(judge(bytes + "\r\n", head).status, ParseStatus::Complete);
  EXPECT_EQ(judge(bytes + "X: a\r\n\r\n", head).rejection.reason, FieldsTooMany);
}

TEST(ResponseHeadParser, TakesTheStatusLineApart) {
  ResponseHead head;
  const std::string plain = with_status_line("HTTP/1.1 404 Not \xc3\xa0 Found");
  ASSERT_EQ(judge(plain, head).status, ParseStatus::Complete);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not \xc3\xa0 Found");
  EXPECT_EQ(head.head_bytes, plain.size());
  const std::string empty_reason = with_status_line("HTTP/1.1 200 ");
  ASSERT_EQ(judge(empty_reason, head).status, ParseStatus::Complete);
  EXPECT_EQ(head.reason, "");
  const std::string no_reason = with_status_line("HTTP/1.0 299");
  ASSERT_EQ(judge(no_reason, head).status, ParseStatus::Complete);
  EXPECT_EQ(head.status, 299);
  EXPECT_EQ(head.version, Version::Http10);
}

struct FramingRow {
  const char* name;
  Method method;
  std::string bytes;
  Framing framing;
  bool keep_alive;
};
void PrintTo(const FramingRow& row, std::ostream* out) {
  *out << row.name;
}

class ResponseHeadParserFrames : public testing::TestWithParam<FramingRow> {};

TEST_P(ResponseHeadParserFrames, ByTheRules) {
  ResponseHead head;
  ASSERT_EQ(judge(GetParam().bytes, head, GetParam().method).status, ParseStatus::Complete);
  EXPECT_EQ(head.framing, GetParam().framing);
  EXPECT_EQ(head.keep_alive, GetParam().keep_alive);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResponseHeadParserFrames,
    testing::Values(
        FramingRow{"Length", Method::Get, with_line("Content-Length: 5"), Framing::Length, true},
        FramingRow{"LengthZero", Method::Get, with_line("Content-Length: 0"), Framing::Length, true},
        FramingRow{"Chunked", Method::Get, with_line("Transfer-Encoding: chunked"), Framing::Chunked, true},
        FramingRow{"UntilClose", Method::Get, with_line("X: a"), Framing::UntilClose, false},
        FramingRow{"Head", Method::Head, with_line("Content-Length: 5"), Framing::None, true},
        FramingRow{"HeadChunked", Method::Head, with_line("Transfer-Encoding: chunked"), Framing::None, true},
        FramingRow{"NoContent", Method::Get, "HTTP/1.1 204 No Content\r\n\r\n", Framing::None, true},
        FramingRow{"NotModified", Method::Get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Framing::None,
                   true},
        FramingRow{"Continue", Method::Post, "HTTP/1.1 100 Continue\r\n\r\n", Framing::None, true},
        FramingRow{"SwitchingProtocols", Method::Get, "HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\n", Framing::None,
                   true},
        FramingRow{"Close", Method::Get, with_line("Content-Length: 5\r\nConnection: x, Close"), Framing::Length,
                   false},
        FramingRow{"Http10", Method::Get, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Framing::Length, false},
        FramingRow{"UnderscoreInAName", Method::Get, with_line("X_Y: a\r\nContent-Length: 5"), Framing::Length, true}),
    row_name<FramingRow>);

TEST(ResponseHeadParser, GoesOnBehindAnInterimAnswer) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
  const std::string bytes = interim + with_line("Content-Length: 7");
  ResponseHeadParser parser;
  parser.reset(Method::Get);
  ResponseHead head;
  ASSERT_EQ(parser.parse(bytes, head), ParseStatus::Complete);
  EXPECT_EQ(head.status, 103);
  ASSERT_EQ(head.head_bytes, interim.size());
  parser.reset(Method::Get);
  ASSERT_EQ(parser.parse(std::string_view(bytes).substr(interim.size()), head), ParseStatus::Complete);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.content_length, 7U);
  EXPECT_EQ(head.fields.size(), 1U);
}

}  // namespace
}  // namespace sallyport::net::http
