#include "sallyport/observability/log.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "log_fixture.hpp"

namespace sallyport::log {
namespace {

using namespace std::string_view_literals;

class LoggerTest : public ::testing::Test {
 protected:
  Logger::Options options() { return {.fd = pipe_.writer(), .clock = &clock_}; }
  static std::int64_t lines(std::string_view text) { return std::ranges::count(text, '\n'); }

  FixedClock clock_;
  Pipe pipe_;
};

TEST_F(LoggerTest, WritesOneJsonObjectALine) {
  Logger logger(options(), {});
  logger.write(Level::Warn, "redis_lost",
               {{"host", "10.0.0.1:6379"sv},
                {"tries", std::int64_t{-3}},
                {"bytes", std::numeric_limits<std::uint64_t>::max()},
                {"ratio", 0.25},
                {"nan", std::numeric_limits<double>::quiet_NaN()},
                {"infinite", std::numeric_limits<double>::infinity()},
                {"tls", true}});
  logger.write(Level::Critical, "stopped");
  ASSERT_TRUE(logger.flush());
  EXPECT_EQ(pipe_.drain(),
            R"({"time":"2026-03-01T12:00:01.123456Z","level":"warn","event":"redis_lost","host":"10.0.0.1:6379",)"
            R"("tries":-3,"bytes":18446744073709551615,"ratio":0.25,"nan":null,"infinite":null,"tls":true})"
            "\n"
            R"({"time":"2026-03-01T12:00:01.123456Z","level":"critical","event":"stopped"})"
            "\n");
}

TEST_F(LoggerTest, WritesTextForAPerson) {
  Logger::Options text = options();
  text.format = Logger::Format::Text;
  Logger logger(text, {});
  logger.write(Level::Info, "listening", {{"address", "127.0.0.1:8080"sv}, {"threads", std::int64_t{2}}});
  logger.write(Level::Critical, "stopped", {{"why", "no \x1b[31m space"sv}, {"left", ""sv}, {"done", false}});
  ASSERT_TRUE(logger.flush());
  EXPECT_EQ(pipe_.drain(),
            "12:00:01.123 info  listening  address=127.0.0.1:8080 threads=2\n"
            "12:00:01.123 crit  stopped  why=\"no \\u001b[31m space\" left=\"\" done=false\n");
}

TEST_F(LoggerTest, FormatsTimesBeforeTheEpochAndAtMidnight) {
  Logger logger(options(), {});
  clock_.wall = WallTime(std::chrono::microseconds(-1));
  logger.write(Level::Info, "a");
  clock_.wall = WallTime(std::chrono::seconds(951782400));
  logger.write(Level::Info, "b");
  ASSERT_TRUE(logger.flush());
  const std::string text = pipe_.drain();
  EXPECT_NE(text.find("\"1969-12-31T23:59:59.999999Z\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"2000-02-29T00:00:00.000000Z\""), std::string::npos) << text;
}

TEST_F(LoggerTest, LeavesOutWhatIsBelowTheLevel) {
  Logger::Options quiet = options();
  quiet.level = Level::Error;
  Logger logger(quiet, {});
  EXPECT_FALSE(logger.enabled(Level::Warn));
  EXPECT_TRUE(logger.enabled(Level::Critical));
  EXPECT_FALSE(logger.enabled(Level::Off));
  logger.write(Level::Warn, "unseen");
  logger.write(Level::Error, "seen");
  ASSERT_TRUE(logger.flush());
  const std::string text = pipe_.drain();
  EXPECT_EQ(lines(text), 1);
  EXPECT_NE(text.find("\"seen\""), std::string::npos) << text;
}

TEST_F(LoggerTest, MasksSecretsInValuesAndBehindSecretNames) {
  Logger logger(options(), Redactor({Secret<std::string>("hunter2hunter2")}));
  logger.write(Level::Info, "login",
               {{"detail", "tried hunter2hunter2 twice"sv}, {"Refresh-Token", "plain"sv}, {"password", "x"sv}});
  ASSERT_TRUE(logger.flush());
  EXPECT_EQ(pipe_.drain(),
            R"({"time":"2026-03-01T12:00:01.123456Z","level":"info","event":"login","detail":"tried *** twice",)"
            R"("Refresh-Token":"***","password":"***"})"
            "\n");
}

TEST_F(LoggerTest, KeepsAHostileValueOnOneLine) {
  Logger logger(options(), {});
  logger.write(Level::Info, "x", {{"path", "/a\"}\r\n{\"level\":\"critical\"}\0\xff"sv}});
  ASSERT_TRUE(logger.flush());
  const std::string text = pipe_.drain();
  EXPECT_EQ(lines(text), 1);
  EXPECT_NE(text.find(R"("path":"/a\"}\r\n{\"level\":\"critical\"}\u0000)"
                      "\xef\xbf\xbd\"}\n"),
            std::string::npos)
      << text;
}

TEST_F(LoggerTest, CutsALongValueBetweenCharacters) {
  Logger logger(options(), {});
  std::string value(8191, 'a');
  value += "\xc3\xa4 more";  // a two-byte character across the cut
  logger.write(Level::Info, "x", {{"detail", value}});
  ASSERT_TRUE(logger.flush());
  const std::string text = pipe_.drain();
  EXPECT_TRUE(text.ends_with("aaa\"}\n")) << text.substr(text.size() - 20);
  EXPECT_EQ(std::ranges::count(text, 'a'), 8191 + 1 /* of "detail" */);
}

TEST_F(LoggerTest, DropsAndCountsWhenThePipeIsStuckWithoutHoldingTheCaller) {
  const std::size_t stuffed = pipe_.stuff();
  Logger::Options small = options();
  small.queue_bytes_max = 64U << 10U;
  Logger logger(small, {});
  const auto start = std::chrono::steady_clock::now();
  const std::string payload(100, 'p');
  for (int i = 0; i < 5000; ++i) logger.write(Level::Info, "flood", {{"payload", payload}});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_FALSE(logger.flush(std::chrono::milliseconds(1)));
  const std::uint64_t dropped = logger.dropped_lines();
  EXPECT_GT(dropped, 4000U);
  EXPECT_LT(dropped, 5000U);

  // Once the reader wakes up, what was queued comes out whole, and the loss is told.
  EXPECT_EQ(pipe_.read(stuffed), std::string(stuffed, '#'));
  std::string text;
  std::thread reader([&] {
    while (text.find("log_lines_dropped") == std::string::npos || text.back() != '\n') text += pipe_.read(1);
  });
  EXPECT_TRUE(logger.flush(std::chrono::seconds(20)));
  reader.join();
  EXPECT_NE(text.find(fmt::format(R"("event":"log_lines_dropped","lines":{0},"total":{0})", dropped)),
            std::string::npos);
  EXPECT_EQ(logger.dropped_lines(), dropped);
}

TEST_F(LoggerTest, QueuesNothingAboveTheBound) {
  pipe_.stuff();
  Logger::Options small = options();
  small.queue_bytes_max = 1000;
  Logger logger(small, {});
  const std::string line = std::string(499, 'x') + "\n";
  for (int i = 0; i < 2; ++i) logger.write_lines(std::string(line));
  EXPECT_EQ(logger.dropped_lines(), 0U);
  logger.write_lines("1\n2\n3\n");
  EXPECT_EQ(logger.dropped_lines(), 3U);
  std::string huge(2000, '\n');
  logger.write_lines(std::move(huge));
  EXPECT_EQ(logger.dropped_lines(), 2003U);
  EXPECT_TRUE(huge.empty());  // NOLINT: the promise of write_lines
  pipe_.close_reader();
}

TEST_F(LoggerTest, EndsInTimeWhenThePipeStaysStuck) {
  pipe_.stuff();
  const auto start = std::chrono::steady_clock::now();
  {
    Logger::Options hasty = options();
    hasty.shutdown_limit = std::chrono::milliseconds(60);
    Logger logger(hasty, {});
    logger.write(Level::Info, "never_read");
  }
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, std::chrono::milliseconds(60));
  EXPECT_LT(waited, std::chrono::seconds(10));
}

TEST_F(LoggerTest, EndsInTimeWhenThePipeTakesOnlyAPart) {
  pipe_.stuff();
  pipe_.read(4096);  // room for one page: a blocking write of more would wait for the reader
  Logger::Options hasty = options();
  hasty.shutdown_limit = std::chrono::milliseconds(60);
  Logger logger(hasty, {});
  logger.write_lines(std::string(60000, 'x') + "\n");
}

TEST_F(LoggerTest, MakesRoomAsLinesAreWritten) {
  Logger::Options small = options();
  small.queue_bytes_max = 1000;
  Logger logger(small, {});
  for (int i = 0; i < 100; ++i) {
    logger.write_lines(std::string(999, 'x') + "\n");
    ASSERT_TRUE(logger.flush());
    pipe_.drain();
  }
  EXPECT_EQ(logger.dropped_lines(), 0U);
}

TEST_F(LoggerTest, DoesNotQueueTheEmptyRoomOfAnOwnersBuffer) {
  pipe_.stuff();
  Logger::Options hasty = options();
  hasty.shutdown_limit = std::chrono::milliseconds(1);
  Logger logger(hasty, {});
  std::string buffer;
  buffer.reserve(80000);
  buffer = "{}\n";
  // Behind a stuck pipe a thousand such batches would otherwise hold 80 MB for 3 KB of lines.
  logger.write_lines(std::move(buffer));
  EXPECT_GE(buffer.capacity(), 80000U);  // NOLINT: the promise of write_lines
  EXPECT_EQ(logger.dropped_lines(), 0U);
}

TEST_F(LoggerTest, BeginsANewLineAfterAHalfWrittenOne) {
  const int file = ::memfd_create("log", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  Logger::Options to_file = options();
  to_file.fd = file;
  {
    Logger logger(to_file, {});
    rlimit full = before;
    full.rlim_cur = 50;  // the disk is full after fifty bytes
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    logger.write_lines(std::string(80, 'a') + "\n");
    EXPECT_TRUE(logger.flush());
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(logger.dropped_lines(), 1U);
    logger.write_lines("{}\n");
    EXPECT_TRUE(logger.flush());
  }
  std::string text(1000, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  ::close(file);
  ASSERT_GT(size, 0);
  text.resize(static_cast<std::size_t>(size));
  EXPECT_EQ(
      text,
      std::string(50, 'a') +
          "\n{}\n"
          R"({"time":"2026-03-01T12:00:01.123456Z","level":"warn","event":"log_lines_dropped","lines":1,"total":1})"
          "\n");
}

TEST_F(LoggerTest, CountsWhatADeadDescriptorLoses) {
  pipe_.close_reader();
  Logger logger(options(), {});
  for (int i = 0; i < 10; ++i) logger.write(Level::Info, "into_the_void");
  EXPECT_TRUE(logger.flush());  // SIGPIPE would have ended the test
  EXPECT_EQ(logger.dropped_lines(), 10U);
}

TEST_F(LoggerTest, CountsWhatAClosedDescriptorLoses) {
  Logger::Options closed = options();
  closed.fd = -1;
  Logger logger(closed, {});
  logger.write(Level::Info, "nowhere");
  EXPECT_TRUE(logger.flush());
  EXPECT_EQ(logger.dropped_lines(), 1U);
}

TEST_F(LoggerTest, WritesTheQueueOutAtTheEnd) {
  {
    Logger logger(options(), {});
    for (int i = 0; i < 100; ++i) logger.write(Level::Info, "last_words");
  }
  EXPECT_EQ(lines(pipe_.drain()), 100);
}

TEST_F(LoggerTest, WorksOnANonBlockingDescriptorWithASlowReader) {
  ::fcntl(pipe_.writer(), F_SETFL, O_NONBLOCK);
  std::string batch;
  for (int i = 0; i < 20000; ++i) batch += "{\"n\":" + std::to_string(i) + "}\n";
  const std::string expected = batch;
  Logger logger(options(), {});
  logger.write_lines(std::move(batch));
  EXPECT_EQ(pipe_.read(expected.size()), expected);
  EXPECT_TRUE(logger.flush());
  EXPECT_EQ(logger.dropped_lines(), 0U);
}

TEST_F(LoggerTest, NeverMixesTheLinesOfThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  Logger logger(options(), {});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&logger, t] {
      for (int i = 0; i < kLines; ++i) {
        if (i % 2 == 0) {
          logger.write(Level::Info, "tick", {{"thread", std::int64_t{t}}});
        } else {
          logger.write_lines("{\"batch\":1}\n{\"batch\":2}\n");
        }
      }
    });
  }
  std::string text;
  constexpr std::int64_t kExpected = kThreads * (kLines / 2 + kLines / 2 * 2);
  while (lines(text) < kExpected) text += pipe_.read(1) + pipe_.drain();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines(text), kExpected);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    EXPECT_TRUE(line.starts_with('{') && line.ends_with('}') && std::ranges::count(line, '{') == 1) << line;
  }
}

TEST_F(LoggerTest, GivesABatchsOwnerAWarmBufferBack) {
  Logger logger(options(), {});
  std::thread reader([this] { pipe_.read(4U * 65000U); });
  std::string buffer;
  for (int i = 0; i < 4; ++i) {
    buffer.assign(64999, 'x');
    buffer += '\n';
    buffer.reserve(80000);
    logger.write_lines(std::move(buffer));
    EXPECT_TRUE(logger.flush(std::chrono::seconds(20)));
    EXPECT_TRUE(buffer.empty());  // NOLINT: the promise of write_lines
  }
  reader.join();
  EXPECT_GE(buffer.capacity(), 65000U);
}

struct EscapeCase {
  std::string_view name;
  std::string_view text;
  std::string_view escaped;
};

class JsonEscape : public ::testing::TestWithParam<EscapeCase> {};

TEST_P(JsonEscape, Matches) {
  std::string out = "<";
  append_json_escaped(out, GetParam().text);
  EXPECT_EQ(out, "<" + std::string(GetParam().escaped));
  // The same at every offset to the word-wise fast path.
  for (std::size_t pad = 1; pad < 9; ++pad) {
    const std::string before(pad, 'p');
    out.clear();
    append_json_escaped(out, before + std::string(GetParam().text));
    EXPECT_EQ(out, before + std::string(GetParam().escaped));
  }
}

#define BAD "\xef\xbf\xbd"
INSTANTIATE_TEST_SUITE_P(
    Rows, JsonEscape,
    ::testing::Values(
        EscapeCase{"Empty", "", ""}, EscapeCase{"Plain", "GET /index.html?x=~y 0123", "GET /index.html?x=~y 0123"},
        EscapeCase{"QuoteAndBackslash", R"(a"b\c)", R"(a\"b\\c)"}, EscapeCase{"LineBreaks", "a\r\n\tb", R"(a\r\n\tb)"},
        EscapeCase{"OtherControls", "\0\x01\x1f\x7f"sv, R"(\u0000\u0001\u001f\u007f)"},
        EscapeCase{"C1Control",
                   "\xc2\x9b"
                   "31m",
                   R"(\u009b31m)"},
        EscapeCase{"ValidUtf8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0",
                   "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0"},
        EscapeCase{"LoneContinuation", "a\x80z", "a" BAD "z"}, EscapeCase{"Overlong", "\xc0\xaf", BAD BAD},
        EscapeCase{"OverlongThree", "\xe0\x80\xaf", BAD BAD BAD}, EscapeCase{"Surrogate", "\xed\xa0\x80", BAD BAD BAD},
        EscapeCase{"AboveUnicode", "\xf4\x90\x80\x80", BAD BAD BAD BAD}, EscapeCase{"Truncated", "\xe2\x82", BAD BAD},
        EscapeCase{"TruncatedFour", "\xf0\x9f\x98", BAD BAD BAD},
        EscapeCase{"QuoteInsideASequence", "\xe2\"\x82", BAD "\\\"" BAD}, EscapeCase{"Fe", "\xfe\xff", BAD BAD}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sallyport::log
