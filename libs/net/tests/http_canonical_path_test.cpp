#include "sallyport/net/http/canonical_path.hpp"

#include <array>
#include <random>
#include <string>

#include "http_head_support.hpp"

namespace sallyport::net::http {

inline void PrintTo(PathError error, std::ostream* out) {
  *out << to_string(error);
}

namespace {

using namespace std::string_literals;

struct Spelling {
  const char* name;
  std::string raw;
  std::string canonical;
};
void PrintTo(const Spelling& row, std::ostream* out) {
  *out << row.name;
}

class CanonicalPathSpells : public testing::TestWithParam<Spelling> {};

TEST_P(CanonicalPathSpells, InOneWayOnly) {
  std::string scratch;
  const auto path = canonical_path(GetParam().raw, scratch);
  ASSERT_TRUE(path.has_value()) << to_string(path.error());
  EXPECT_EQ(*path, GetParam().canonical);
  const std::string first(*path);
  std::string again;
  EXPECT_EQ(canonical_path(first, again), first);
}

INSTANTIATE_TEST_SUITE_P(
    All, CanonicalPathSpells,
    testing::Values(
        Spelling{"Root", "/", "/"}, Spelling{"Plain", "/auth/login", "/auth/login"},
        Spelling{"TrailingSlashIsKept", "/a/", "/a/"}, Spelling{"CaseIsKept", "/Auth/LOGIN", "/Auth/LOGIN"},
        Spelling{"EncodedLetter", "/auth/%6Cogin", "/auth/login"}, Spelling{"EncodedDigit", "/%30", "/0"},
        Spelling{"EncodedUnreserved", "/%2d%5F%7e", "/-_~"}, Spelling{"HexToUpperCase", "/%c3%a9", "/%C3%A9"},
        Spelling{"EncodedReservedStays", "/a%3fb%23%3b%25", "/a%3Fb%23%3B%25"},
        Spelling{"EncodedTwice", "/%252e%252e", "/%252e%252e"},
        Spelling{"SlashesMerged", "//auth///login", "/auth/login"}, Spelling{"OnlySlashes", "////", "/"},
        Spelling{"SlashesMergedAtTheEnd", "/a//", "/a/"}, Spelling{"Dot", "/a/./b", "/a/b"},
        Spelling{"DotAtTheEnd", "/a/.", "/a/"}, Spelling{"DotAlone", "/.", "/"}, Spelling{"DotDot", "/a/../b", "/b"},
        Spelling{"DotDotAtTheEnd", "/a/b/..", "/a/"}, Spelling{"DotDotAboveTheRoot", "/../../a", "/a"},
        Spelling{"DotDotAlone", "/..", "/"}, Spelling{"DotDotOverSlashes", "/a//../b", "/b"},
        Spelling{"DotDotInARow", "/a/b/../../c", "/c"}, Spelling{"ThreeDots", "/a/.../b", "/a/.../b"},
        Spelling{"HiddenFile", "/.well-known/a", "/.well-known/a"}, Spelling{"DotsInAName", "/a..b/c.", "/a..b/c."},
        Spelling{"SubDelimsAndMore", "/!$&'()*+,;=:@", "/!$&'()*+,;=:@"},
        Spelling{"CharactersThatMustBeEncoded", "/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"},
        Spelling{"EncodedAndRawAreOne", "/%7b%22", "/%7B%22"}, Spelling{"LoneContinuationByte", "/%ff%80", "/%FF%80"},
        Spelling{"FirstThreeByteCharacter", "/%e0%a0%80", "/%E0%A0%80"},
        Spelling{"FirstFourByteCharacter", "/%f0%90%80%80", "/%F0%90%80%80"}),
    row_name<Spelling>);

struct Refusal {
  const char* name;
  std::string raw;
  PathError error;
};
void PrintTo(const Refusal& row, std::ostream* out) {
  *out << row.name;
}

class CanonicalPathRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(CanonicalPathRefuses, ThePath) {
  std::string scratch;
  const auto path = canonical_path(GetParam().raw, scratch);
  ASSERT_FALSE(path.has_value()) << *path;
  EXPECT_EQ(path.error(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, CanonicalPathRefuses,
    testing::Values(
        Refusal{"Empty", "", PathError::NotAbsolute}, Refusal{"Relative", "a/b", PathError::NotAbsolute},
        Refusal{"Asterisk", "*", PathError::NotAbsolute}, Refusal{"EncodedDot", "/%2e%2e/a", PathError::EncodedSpecial},
        Refusal{"EncodedDotUpperCase", "/a/%2E", PathError::EncodedSpecial},
        Refusal{"EncodedSlash", "/a%2fb", PathError::EncodedSpecial},
        Refusal{"EncodedSlashUpperCase", "/a%2Fb", PathError::EncodedSpecial},
        Refusal{"EncodedBackslash", "/a%5cb", PathError::EncodedSpecial},
        Refusal{"EncodedBackslashUpperCase", "/a%5Cb", PathError::EncodedSpecial},
        Refusal{"EncodedNul", "/a%00", PathError::Control}, Refusal{"EncodedLineFeed", "/%0A", PathError::Control},
        Refusal{"EncodedDelete", "/%7f", PathError::Control}, Refusal{"Nul", "/a\0"s, PathError::Control},
        Refusal{"Tab", "/\t", PathError::Control}, Refusal{"NotHex", "/%zz", PathError::BadEncoding},
        Refusal{"HalfEncoding", "/a%4", PathError::BadEncoding}, Refusal{"OnlyPercent", "/a%", PathError::BadEncoding},
        Refusal{"Backslash", "/a\\..\\b", PathError::BadCharacter}, Refusal{"Query", "/a?b", PathError::BadCharacter},
        Refusal{"Fragment", "/a#b", PathError::BadCharacter}, Refusal{"NotAscii", "/\xc3\xa9", PathError::BadCharacter},
        Refusal{"OverlongSlash", "/a%c0%afb", PathError::OverlongUtf8},
        Refusal{"OverlongDot", "/%C0%AE%C0%AE/a", PathError::OverlongUtf8},
        Refusal{"OverlongThreeBytes", "/%e0%80%af", PathError::OverlongUtf8},
        Refusal{"OverlongFourBytes", "/%f0%80%80%af", PathError::OverlongUtf8}),
    row_name<Refusal>);

TEST(CanonicalPath, LeavesACanonicalPathWhereItIs) {
  const std::string raw = "/auth/login;a=b/@x/c.d/";
  std::string scratch = "untouched";
  const auto path = canonical_path(raw, scratch);
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(path->data(), raw.data());
  EXPECT_EQ(path->size(), raw.size());
  EXPECT_EQ(scratch, "untouched");
}

/// Random paths over an alphabet of trouble: the result is stable, and holds nothing that another reader could resolve.
TEST(CanonicalPath, IsIdempotentAndFree) {
  constexpr std::array<std::string_view, 20> kPieces = {"/",   "/",  ".", "..",  "%2e", "%41", "%c3",
                                                        "%A9", "a",  "B", "~",   "%25", "%7e", "/..",
                                                        "/./", "//", "{", "%3f", ";x",  "%"};
  std::mt19937 random(20240607);  // fixed, so that a failure comes again
  std::uniform_int_distribution<std::size_t> pick(0, kPieces.size() - 1);
  std::uniform_int_distribution<int> length(0, 12);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string raw = "/";
    for (int i = length(random); i > 0; --i) raw += kPieces[pick(random)];
    std::string scratch;
    const auto path = canonical_path(raw, scratch);
    if (!path) continue;
    ++accepted;
    const std::string once(*path);
    std::string again;
    ASSERT_EQ(canonical_path(once, again), once) << raw;
    ASSERT_EQ(once.front(), '/') << raw;
    const std::string closed = once + "/";
    ASSERT_EQ(once.find("//"), std::string::npos) << raw;
    ASSERT_EQ(closed.find("/./"), std::string::npos) << raw;
    ASSERT_EQ(closed.find("/../"), std::string::npos) << raw;
  }
  EXPECT_GT(accepted, 2'000);
}

/// "/a/../" again and again: each segment is looked at a bounded number of times.
TEST(CanonicalPath, TakesTheLongestPathsOfDots) {
  std::string raw;
  while (raw.size() < 8000) raw += "/abcdefgh/..";
  std::string scratch;
  EXPECT_EQ(canonical_path(raw, scratch), "/");
  std::string deep;
  while (deep.size() < 4000) deep += "/a";
  for (std::size_t up = deep.size() / 2; up > 0; --up) deep += "/..";
  EXPECT_EQ(canonical_path(deep, scratch), "/");
}

TEST(MatchKey, IsLowerCaseWithoutTheTrailingSlash) {
  std::string scratch;
  EXPECT_EQ(match_key("/AUTH/Login/", scratch), "/auth/login");
  EXPECT_EQ(match_key("/auth/login", scratch), "/auth/login");
  EXPECT_EQ(match_key("/", scratch), "/");
  EXPECT_EQ(match_key("/A", scratch), "/a");
  EXPECT_EQ(match_key("/%C3%A9", scratch), "/%c3%a9");
}

TEST(MatchKey, LeavesALowerCasePathWhereItIs) {
  const std::string path = "/a/b/";
  std::string scratch = "untouched";
  EXPECT_EQ(match_key(path, scratch).data(), path.data());
  EXPECT_EQ(scratch, "untouched");
}

TEST(MatchKey, MakesTheSpellingsOfTheLoginRouteOne) {
  for (const std::string_view raw :
       {"/auth/%6Cogin", "//auth/login", "/AUTH/LOGIN/", "/x/../auth/./login", "/auth/login"}) {
    std::string scratch;
    std::string key;
    const auto path = canonical_path(raw, scratch);
    ASSERT_TRUE(path.has_value()) << raw;
    EXPECT_EQ(match_key(*path, key), "/auth/login") << raw;
  }
}

}  // namespace
}  // namespace sallyport::net::http
