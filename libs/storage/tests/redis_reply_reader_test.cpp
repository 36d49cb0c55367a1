#include "redis_reply_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "sallyport/storage/resp.hpp"

namespace sallyport::storage {
namespace {

using namespace std::string_view_literals;
using Step = ReplyReader::Step;

void feed(ReplyReader& reader, std::string_view bytes) {
  const std::span<char> space = reader.prepare();
  ASSERT_LE(bytes.size(), space.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  reader.commit(bytes.size());
}

/// Feeds as a socket would and asks after each piece, until something else than Incomplete comes.
Step feed_long(ReplyReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> space = reader.prepare();
    const std::size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    reader.commit(n);
    bytes.remove_prefix(n);
    if (const Step step = reader.next(nullptr); step != Step::Incomplete) return step;
  }
  return Step::Incomplete;
}

std::vector<std::int64_t> list(const RedisClient::Integers& integers) {
  return {integers.values, integers.values + integers.size};
}

TEST(ReplyReader, TakesAnArrayOfIntegersWithoutATree) {
  ReplyReader reader;
  RedisClient::Integers integers;
  feed(reader, "*3\r\n:1\r\n:-42\r\n:123456789012345678\r\n");
  ASSERT_EQ(reader.next(&integers), Step::Integers);
  EXPECT_EQ(list(integers), (std::vector<std::int64_t>{1, -42, 123456789012345678}));
  EXPECT_EQ(reader.next(&integers), Step::Incomplete);
  EXPECT_TRUE(reader.drained());
}

TEST(ReplyReader, GivesTheSameForEveryWayOfCuttingTheBytes) {
  const std::string_view bytes = "*2\r\n:7\r\n:-8\r\n+OK\r\n*2\r\n:9\r\n:10\r\n-ERR no\r\n*1\r\n:11\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader;
    std::vector<std::int64_t> seen;
    std::string trees;
    for (const std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
      feed(reader, piece);
      for (;;) {
        RedisClient::Integers integers;
        const Step step = reader.next(&integers);
        if (step == Step::Incomplete) break;
        ASSERT_NE(step, Step::Broken) << cut;
        if (step == Step::Integers) {
          seen.insert(seen.end(), integers.values, integers.values + integers.size);
          continue;
        }
        const auto tree = reader.take_tree();
        if (!tree) {
          trees += tree.error().message;
        } else if (const auto* text = std::get_if<std::string>(&tree->value)) {
          trees += *text + ";";
        } else {
          for (const auto& one : std::get<std::vector<RedisReply>>(tree->value)) {
            seen.push_back(std::get<std::int64_t>(one.value));
          }
        }
      }
    }
    EXPECT_EQ(seen, (std::vector<std::int64_t>{7, -8, 9, 10, 11})) << cut;
    EXPECT_EQ(trees, "OK;ERR no") << cut;
    EXPECT_TRUE(reader.drained()) << cut;
  }
}

TEST(ReplyReader, LeavesNumbersOf19DigitsToHiredis) {
  ReplyReader reader;
  RedisClient::Integers integers;
  feed(reader, "*1\r\n:9223372036854775807\r\n*1\r\n:-9223372036854775808\r\n");
  for (const std::int64_t expected :
       {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    ASSERT_EQ(reader.next(&integers), Step::Tree);
    const auto tree = reader.take_tree();
    EXPECT_EQ(std::get<std::int64_t>(std::get<std::vector<RedisReply>>(tree->value)[0].value), expected);
  }
}

TEST(ReplyReader, ReadsEveryKindOfReply) {
  ReplyReader reader;
  feed(reader, "*5\r\n:1\r\n$3\r\na\0b\r\n$-1\r\n*2\r\n+in\r\n*0\r\n*-1\r\n"sv);
  ASSERT_EQ(reader.next(nullptr), Step::Tree);
  const auto tree = reader.take_tree();
  ASSERT_TRUE(tree);
  const auto& items = std::get<std::vector<RedisReply>>(tree->value);
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(std::get<std::int64_t>(items[0].value), 1);
  EXPECT_EQ(std::get<std::string>(items[1].value), std::string("a\0b", 3));
  EXPECT_TRUE(items[2].is_nil());
  const auto& inner = std::get<std::vector<RedisReply>>(items[3].value);
  EXPECT_EQ(std::get<std::string>(inner[0].value), "in");
  EXPECT_TRUE(std::get<std::vector<RedisReply>>(inner[1].value).empty());
  EXPECT_TRUE(items[4].is_nil());
}

TEST(ReplyReader, MakesTheWholeAnErrorWhenOneIsInside) {
  ReplyReader reader;
  feed(reader, "*3\r\n:1\r\n-WRONGTYPE first\r\n-ERR second\r\n+OK\r\n");
  ASSERT_EQ(reader.next(nullptr), Step::Tree);
  const auto tree = reader.take_tree();
  ASSERT_FALSE(tree);
  EXPECT_TRUE(tree.error().is("WRONGTYPE"));
  ASSERT_EQ(reader.next(nullptr), Step::Tree);
  EXPECT_TRUE(reader.take_tree());
}

TEST(ReplyReader, ReadsAStringAsLargeAsTheLimitAllows) {
  ReplyReader reader;
  const std::string text(ReplyReader::kReplyBytesMax - 64, 'x');
  ASSERT_EQ(feed_long(reader, "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"), Step::Tree);
  EXPECT_EQ(std::get<std::string>(reader.take_tree()->value), text);
}

struct Hostile {
  const char* name;
  std::string bytes;
};

class ReplyReaderRefuses : public testing::TestWithParam<Hostile> {};

TEST_P(ReplyReaderRefuses, WithoutHoldingIt) {
  ReplyReader reader;
  EXPECT_EQ(feed_long(reader, GetParam().bytes), Step::Broken);
}

TEST_P(ReplyReaderRefuses, AlsoWhereIntegersAreExpected) {
  ReplyReader reader;
  RedisClient::Integers integers;
  const std::string_view bytes = GetParam().bytes;
  feed(reader, bytes.substr(0, 16000));
  const Step first = reader.next(&integers);
  if (first == Step::Broken) return;
  ASSERT_EQ(first, Step::Incomplete);
  EXPECT_EQ(feed_long(reader, bytes.substr(std::min<std::size_t>(16000, bytes.size()))), Step::Broken);
}

std::string nested(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += "*1\r\n";
  return out + ":1\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReplyReaderRefuses,
    testing::Values(Hostile{"Http", "HTTP/1.1 400 Bad Request\r\n"}, Hostile{"Resp3Map", "%1\r\n+a\r\n:1\r\n"},
                    Hostile{"HugeArray", "*2000000000\r\n"}, Hostile{"ArrayOverInt", "*4294967297\r\n"},
                    Hostile{"NegativeArray", "*-2\r\n"}, Hostile{"NegativeString", "$-2\r\n"},
                    Hostile{"NumberTooLarge", ":9223372036854775808\r\n"}, Hostile{"NotANumber", ":12a\r\n"},
                    Hostile{"TooDeep", nested(12)}, Hostile{"EndlessNumber", ":" + std::string(200'000, '1')},
                    Hostile{"EndlessError", "-" + std::string(200'000, 'e')},
                    Hostile{"EndlessLength", "$" + std::string(200'000, '0')},
                    Hostile{"EndlessArrayOfArrays", "*400000\r\n*400000\r\n"},
                    Hostile{"EndlessString", "$900000000\r\n" + std::string(ReplyReader::kReplyBytesMax + 100, 's')}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReplyReader, TakesTheDeepestArrayThatIsAllowed) {
  ReplyReader reader;
  EXPECT_EQ(feed_long(reader, nested(7)), Step::Tree);
}

TEST(AppendRespCommand, IsBinarySafe) {
  std::string out = "before";
  const std::string_view words[] = {"SET", std::string_view("k\0\r\n", 4), ""};
  append_resp_command(out, words);
  EXPECT_EQ(out, std::string("before*3\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$0\r\n\r\n", 35));
}

}  // namespace
}  // namespace sallyport::storage
