#include "sallyport/net/http/chunk_decoder.hpp"

#include <algorithm>
#include <string>

#include "http_head_support.hpp"
#include "sallyport/net/http/message.hpp"

namespace sallyport::net::http {
namespace {

using namespace std::string_literals;
using enum RejectReason;

struct Decoded {
  std::string body;
  bool done = false;
  bool failed = false;
  std::size_t consumed = 0;
  Rejection rejection;
};

/// Decodes with at most `step` bytes of input at a time.
Decoded decode(const std::string& bytes, std::size_t step) {
  ChunkDecoder decoder;
  Decoded result;
  while (result.consumed < bytes.size() && !result.done && !result.failed) {
    const std::size_t size = std::min(step, bytes.size() - result.consumed);
    const ChunkDecoder::Step next = decoder.next(std::span(bytes.data() + result.consumed, size));
    EXPECT_TRUE(next.consumed > 0 || next.done || next.failed) << "no progress";
    result.body.append(next.data.begin(), next.data.end());
    result.consumed += next.consumed;
    result.done = next.done;
    result.failed = next.failed;
  }
  EXPECT_EQ(decoder.done(), result.done);
  result.rejection = decoder.rejection();
  return result;
}

Decoded judge(const std::string& bytes) {
  const Decoded whole = decode(bytes, bytes.size());
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    const Decoded sliced = decode(bytes, step);
    EXPECT_EQ(sliced.body, whole.body) << step;
    EXPECT_EQ(sliced.done, whole.done) << step;
    EXPECT_EQ(sliced.failed, whole.failed) << step;
    EXPECT_EQ(sliced.consumed, whole.consumed) << step;
    EXPECT_EQ(sliced.rejection, whole.rejection) << step;
  }
  return whole;
}

struct Good {
  const char* name;
  std::string bytes;
  std::string body;
};
void PrintTo(const Good& row, std::ostream* out) {
  *out << row.name;
}

class ChunkDecoderAccepts : public testing::TestWithParam<Good> {};

TEST_P(ChunkDecoderAccepts, AndStopsAtTheEndOfTheBody) {
  const Decoded decoded = judge(GetParam().bytes + "GET / HTTP/1.1\r\n");
  EXPECT_TRUE(decoded.done) << to_string(decoded.rejection.reason);
  EXPECT_EQ(decoded.body, GetParam().body);
  EXPECT_EQ(decoded.consumed, GetParam().bytes.size());
}

std::string trailers(std::size_t count) {
  std::string bytes = "0\r\n";
  for (std::size_t i = 0; i < count; ++i) bytes += "X: a\r\n";
  return bytes + "\r\n";
}

/// A trailer section of exactly `bytes` bytes, its empty line included.
std::string trailer_section(std::size_t bytes) {
  std::string section;
  while (section.size() + 4200 < bytes) section += "X: " + std::string(4091, 'a') + "\r\n";
  section += "X: " + std::string(bytes - section.size() - 7, 'b') + "\r\n\r\n";
  return "0\r\n" + section;
}

/// `count` chunks of one byte, each with an extension of `bytes` bytes, and the last chunk.
std::string extensions(std::size_t count, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "1;" + std::string(bytes - 1, 'e') + "\r\na\r\n";
  return out + "0\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    All, ChunkDecoderAccepts,
    testing::Values(Good{"Empty", "0\r\n\r\n", ""}, Good{"One", "5\r\nhello\r\n0\r\n\r\n", "hello"},
                    Good{"Several", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"},
                    Good{"BodyThatLooksLikeAChunk", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
                    Good{"UpperCaseHex", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
                    Good{"LowerCaseHex", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
                    Good{"SixteenDigits", "0000000000000001\r\na\r\n0\r\n\r\n", "a"},
                    Good{"LastChunkOfManyZeros", "1\r\na\r\n0000\r\n\r\n", "a"},
                    Good{"Extension", "1;a\r\nx\r\n0;b=c\r\n\r\n", "x"},
                    Good{"ExtensionsInARow", "1;a=b;c;d=\"e\"\r\nx\r\n0\r\n\r\n", "x"},
                    Good{"QuotedExtension", "1;a=\"b;\\\"c \t\xc3\xa9\"\r\nx\r\n0\r\n\r\n", "x"},
                    Good{"EmptyQuotedExtension", "1;a=\"\"\r\nx\r\n0\r\n\r\n", "x"},
                    Good{"ExtensionOf256", extensions(1, 256), "a"},
                    Good{"ExtensionsOf4096", extensions(16, 256), std::string(16, 'a')},
                    Good{"Trailer", "0\r\nX: a\r\nY:\r\n\r\n", ""},
                    Good{"TrailerThatWouldBeDangerous", "0\r\nContent-Length: 5\r\nAuthorization: x\r\n\r\n", ""},
                    Good{"Trailers100", trailers(100), ""},
                    Good{"TrailerLineOf8192", "0\r\nX: " + std::string(8189, 'a') + "\r\n\r\n", ""},
                    Good{"TrailerSectionOf32768", trailer_section(32768), ""}),
    row_name<Good>);

struct Bad {
  const char* name;
  std::string bytes;
  RejectReason reason;
  int status = 400;
};
void PrintTo(const Bad& row, std::ostream* out) {
  *out << row.name;
}

class ChunkDecoderRefuses : public testing::TestWithParam<Bad> {};

TEST_P(ChunkDecoderRefuses, AndStaysRefused) {
  const Decoded decoded = judge(GetParam().bytes);
  ASSERT_TRUE(decoded.failed);
  EXPECT_EQ(decoded.rejection.reason, GetParam().reason);
  EXPECT_EQ(info(decoded.rejection.code).status, GetParam().status);

  ChunkDecoder decoder;
  std::span<const char> rest(GetParam().bytes);
  ChunkDecoder::Step step;
  while (!step.failed) {
    step = decoder.next(rest);
    rest = rest.subspan(step.consumed);
  }
  const std::string good = "0\r\n\r\n";
  const ChunkDecoder::Step after = decoder.next(good);
  EXPECT_TRUE(after.failed);
  EXPECT_EQ(after.consumed, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Size, ChunkDecoderRefuses,
    testing::Values(Bad{"None", "\r\nhello\r\n", ChunkSizeSyntax}, Bad{"Minus", "-5\r\n", ChunkSizeSyntax},
                    Bad{"Plus", "+5\r\n", ChunkSizeSyntax}, Bad{"HexPrefix", "0x5\r\n", ChunkSizeSyntax},
                    Bad{"Underscore", "1_0\r\n", ChunkSizeSyntax}, Bad{"NotHex", "G\r\n", ChunkSizeSyntax},
                    Bad{"SpaceBefore", " 5\r\n", ChunkSizeSyntax}, Bad{"SpaceAfter", "5 \r\n", ChunkSizeSyntax},
                    Bad{"TabAfter", "5\t\r\n", ChunkSizeSyntax}, Bad{"Nul", "5\0\r\n"s, ChunkSizeSyntax},
                    Bad{"BareLineFeed", "5\nhello\r\n", BareLineFeed},
                    Bad{"BareCarriageReturn", "5\rhello\r\n", BareCarriageReturn},
                    Bad{"SeventeenDigits", "00000000000000001\r\n", ChunkSizeSyntax},
                    Bad{"PastTheLargest", "8000000000000000\r\n", ChunkSizeTooLarge},
                    Bad{"AllOnes", "ffffffffffffffff\r\n", ChunkSizeTooLarge},
                    Bad{"EmptySecond", "1\r\na\r\n\r\n", ChunkSizeSyntax}),
    row_name<Bad>);

INSTANTIATE_TEST_SUITE_P(
    DataAndExtensions, ChunkDecoderRefuses,
    testing::Values(
        Bad{"DataTooLong", "5\r\nhello!!\r\n0\r\n\r\n", ChunkDataEnd},
        Bad{"DataTooShort", "5\r\nhell\r\n0\r\n\r\n", ChunkDataEnd},
        Bad{"NoLineEndAfterData", "5\r\nhello0\r\n\r\n", ChunkDataEnd},
        Bad{"LineFeedAfterData", "5\r\nhello\n0\r\n\r\n", ChunkDataEnd},
        Bad{"CarriageReturnAfterData", "5\r\nhello\r0\r\n\r\n", ChunkDataEnd},
        Bad{"BareSemicolon", "5;\r\n", ChunkExtensionSyntax}, Bad{"TwoSemicolons", "5;;a\r\n", ChunkExtensionSyntax},
        Bad{"SemicolonAtTheEnd", "5;a;\r\n", ChunkExtensionSyntax},
        Bad{"SpaceBeforeSemicolon", "5 ;a\r\n", ChunkSizeSyntax},
        Bad{"SpaceAfterSemicolon", "5; a\r\n", ChunkExtensionSyntax},
        Bad{"SpaceAtTheEnd", "5;a \r\n", ChunkExtensionSyntax}, Bad{"NoValue", "5;a=\r\n", ChunkExtensionSyntax},
        Bad{"NoName", "5;=a\r\n", ChunkExtensionSyntax}, Bad{"TwoEquals", "5;a==b\r\n", ChunkExtensionSyntax},
        Bad{"QuoteInAToken", "5;a=b\"c\"\r\n", ChunkExtensionSyntax},
        Bad{"TextAfterQuote", "5;a=\"b\"c\r\n", ChunkExtensionSyntax},
        Bad{"QuoteNotClosed", "5;a=\"b\r\n", ChunkExtensionSyntax},
        Bad{"EscapedCarriageReturn", "5;a=\"\\\r\n\"\r\n", ChunkExtensionSyntax},
        Bad{"NulInExtension", "5;a\0\r\n"s, ChunkExtensionSyntax},
        Bad{"LineFeedInExtension", "5;a\nb\r\n", BareLineFeed}, Bad{"LineFeedInQuotes", "5;a=\"\n\"\r\n", BareLineFeed},
        Bad{"CarriageReturnInExtension", "5;a\rb\r\n", BareCarriageReturn},
        Bad{"ExtensionOf257", extensions(1, 257), ChunkExtensionTooLong},
        Bad{"ExtensionEndless", "1;" + std::string(65536, 'e'), ChunkExtensionTooLong},
        Bad{"ExtensionsOf4097", extensions(16, 256).substr(0, 16 * (256 + 6)) + "0;\r\n", ChunkExtensionTooLong}),
    row_name<Bad>);

INSTANTIATE_TEST_SUITE_P(
    Trailers, ChunkDecoderRefuses,
    testing::Values(
        Bad{"NotAField", "0\r\nGET / HTTP/1.1\r\n", FieldNameSyntax}, Bad{"NoColon", "0\r\nX\r\n", FieldColonMissing},
        Bad{"EmptyName", "0\r\n: a\r\n", FieldNameSyntax}, Bad{"SpaceBeforeColon", "0\r\nX : a\r\n", FieldNameSyntax},
        Bad{"Underscore", "0\r\nX_Y: a\r\n", FieldNameUnderscore},
        Bad{"Folded", "0\r\nX: a\r\n b\r\n\r\n", FieldFolded}, Bad{"Nul", "0\r\nX: a\0\r\n"s, FieldValueCharacter},
        Bad{"BareLineFeed", "0\r\nX: a\n\r\n", BareLineFeed}, Bad{"LineFeedAtTheEnd", "0\r\n\n", BareLineFeed},
        Bad{"BareCarriageReturn", "0\r\nX: a\rb\r\n", BareCarriageReturn},
        Bad{"CarriageReturnTwice", "0\r\n\r\r\n", BareCarriageReturn},
        Bad{"Fields101", trailers(101), FieldsTooMany, 431},
        Bad{"LineOf8193", "0\r\nX: " + std::string(8190, 'a') + "\r\n\r\n", FieldLineTooLong, 431},
        Bad{"SectionOf32769", trailer_section(32769), FieldBlockTooLong, 431}),
    row_name<Bad>);

TEST(ChunkDecoder, IsNotDoneWithoutTheLastChunk) {
  EXPECT_FALSE(judge("5\r\nhello\r\n").done);
  EXPECT_FALSE(judge("5\r\nhello\r\n0\r\n").done);
  EXPECT_FALSE(judge("5\r\nhel").failed);
}

TEST(ChunkDecoder, GivesViewsIntoTheInput) {
  const std::string bytes = "5\r\nhello\r\n";
  ChunkDecoder decoder;
  const ChunkDecoder::Step step = decoder.next(bytes);
  EXPECT_EQ(step.data.data(), bytes.data() + 3);
  EXPECT_EQ(step.data.size(), 5U);
  EXPECT_EQ(step.consumed, 8U);
}

TEST(ChunkDecoder, PassesTheLargestSizeOnWithoutHoldingIt) {
  ChunkDecoder decoder;
  EXPECT_FALSE(decoder.next(std::string_view("7fffffffffffffff\r\n")).failed);
  const std::string data(1000, 'a');
  const ChunkDecoder::Step step = decoder.next(data);
  EXPECT_EQ(step.data.size(), 1000U);
  EXPECT_FALSE(step.done);
}

TEST(ChunkDecoder, IsReadyAgainAfterReset) {
  ChunkDecoder decoder;
  EXPECT_TRUE(decoder.next(std::string_view("x")).failed);
  decoder.reset();
  EXPECT_TRUE(decoder.next(std::string_view("0\r\n\r\n")).done);
}

}  // namespace
}  // namespace sallyport::net::http
