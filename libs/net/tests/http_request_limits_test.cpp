#include <string>

#include "http_head_support.hpp"
#include "sallyport/net/http/request_head_parser.hpp"

namespace sallyport::net::http {
namespace {

std::string with_target_of(std::size_t bytes) {
  return "GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

/// A head whose field section, its empty line included, has exactly `bytes` bytes.
std::string with_section_of(std::size_t bytes) {
  constexpr std::size_t kLine = 4096;
  std::string section = "Host: a\r\n";
  while (section.size() + kLine + 8 < bytes) section += "X: " + std::string(kLine - 5, 'a') + "\r\n";
  section += "X: " + std::string(bytes - section.size() - 7, 'b') + "\r\n\r\n";
  EXPECT_EQ(section.size(), bytes);
  return "GET / HTTP/1.1\r\n" + section;
}

std::string with_fields(std::size_t count) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < count; ++i) bytes += "X: a\r\n";
  return bytes + "\r\n";
}

std::string with_line_of(std::size_t bytes) {
  return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(bytes - 3, 'a') + "\r\n\r\n";
}

struct Limit {
  const char* name;
  std::string bytes;
  int status;  ///< 0: accepted
  RejectReason reason;
};
void PrintTo(const Limit& row, std::ostream* out) {
  *out << row.name;
}

class RequestHeadLimit : public testing::TestWithParam<Limit> {};

TEST_P(RequestHeadLimit, IsKept) {
  RequestHead head;
  const Verdict verdict = judge_request(GetParam().bytes, head);
  if (GetParam().status == 0) {
    EXPECT_EQ(verdict.status, ParseStatus::Complete) << to_string(verdict.rejection.reason);
    return;
  }
  ASSERT_EQ(verdict.status, ParseStatus::Rejected);
  EXPECT_EQ(verdict.rejection.reason, GetParam().reason);
  EXPECT_EQ(info(verdict.rejection.code).status, GetParam().status);
}

using enum RejectReason;

INSTANTIATE_TEST_SUITE_P(
    All, RequestHeadLimit,
    testing::Values(Limit{"TargetOf8000", with_target_of(8000), 0, None},
                    Limit{"TargetOf8192", with_target_of(8192), 0, None},
                    Limit{"TargetOf8193", with_target_of(8193), 414, TargetTooLong},
                    Limit{"TargetOf100000", with_target_of(100'000), 414, TargetTooLong},
                    Limit{"LineOf8192", with_line_of(8192), 0, None},
                    Limit{"LineOf8193", with_line_of(8193), 431, FieldLineTooLong},
                    Limit{"LineOf100000", with_line_of(100'000), 431, FieldLineTooLong},
                    Limit{"SectionOf32768", with_section_of(32768), 0, None},
                    Limit{"SectionOf32769", with_section_of(32769), 431, FieldBlockTooLong},
                    Limit{"SectionOf100000", with_section_of(100'000), 431, FieldBlockTooLong},
                    Limit{"Fields100", with_fields(100), 0, None},
                    Limit{"Fields101", with_fields(101), 431, FieldsTooMany},
                    Limit{"NameOf100000", "GET / HTTP/1.1\r\n" + std::string(100'000, 'a'), 431, FieldLineTooLong},
                    Limit{"NeverALineEnd", "GET / HTTP/1.1" + std::string(100'000, ' '), 400, VersionSyntax},
                    Limit{"MethodOf33", std::string(33, 'A') + " / HTTP/1.1\r\n", 501, MethodUnknown},
                    Limit{"MethodOf32", std::string(32, 'A') + " / HTTP/1.1\r\n", 501, MethodUnknown}),
    row_name<Limit>);

TEST(RequestHeadLimits, RefuseBeforeTheLineEnds) {
  RequestHead head;
  const std::string target = "GET /" + std::string(9000, 'a');
  EXPECT_EQ(judge_request(target, head).at, 4 + kTargetBytesMax + 1);
  const std::string line = "GET / HTTP/1.1\r\nX: " + std::string(9000, 'a');
  EXPECT_EQ(judge_request(line, head).at, 16 + kFieldLineBytesMax + 2);
}

TEST(RequestHeadLimits, ALargeHeadByteByByteIsLinearWork) {
  const std::string bytes = with_section_of(kHeadBytesMax);
  RequestHeadParser parser;
  RequestHead head;
  const Verdict verdict = feed(parser, bytes, head, 0, 1);
  EXPECT_EQ(verdict.status, ParseStatus::Complete);
  EXPECT_LE(parser.scanned(), bytes.size());
}

TEST(RequestHeadLimits, ALargeRefusedTargetByteByByteIsLinearWork) {
  const std::string bytes = with_target_of(kTargetBytesMax + 1);
  RequestHeadParser parser;
  RequestHead head;
  EXPECT_EQ(feed(parser, bytes, head, 0, 1).status, ParseStatus::Rejected);
  EXPECT_LE(parser.scanned(), bytes.size());
}

/// Every way to cut a head in two gives the same views.
TEST(RequestHeadLimits, EveryCutInTwoIsTheSame) {
  const std::string bytes =
      "\r\nPOST http://a/b?c=d HTTP/1.1\r\nHost: A\r\nConnection: x\r\nContent-Length: 12\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    RequestHeadParser parser;
    RequestHead head;
    const Verdict verdict = feed(parser, bytes, head, cut, bytes.size());
    ASSERT_EQ(verdict.status, ParseStatus::Complete) << cut;
    EXPECT_EQ(head.path, "/b") << cut;
    EXPECT_EQ(head.host, "a") << cut;
    EXPECT_EQ(head.content_length, 12U) << cut;
    EXPECT_EQ(head.fields.size(), 3U) << cut;
    EXPECT_EQ(head.head_bytes, bytes.size()) << cut;
  }
}

}  // namespace
}  // namespace sallyport::net::http
