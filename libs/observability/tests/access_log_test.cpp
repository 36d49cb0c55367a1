#include "sallyport/observability/access_log.hpp"

#include <algorithm>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "log_fixture.hpp"

namespace sallyport::log {
namespace {

class AccessLogTest : public ::testing::Test {
 protected:
  AccessRecord record() const {
    AccessRecord record;
    record.time = clock_.wall;
    record.request_id = "0190a5c8-0000-7000-8000-000000000001";
    for (std::uint8_t i = 0; i < 16; ++i) record.trace_id[i] = static_cast<std::uint8_t>(i * 16 + i);
    record.method = "POST";
    record.path = "/auth/login";
    record.route = "/auth/login";
    record.status = 429;
    record.bytes_in = 52;
    record.bytes_out = 210;
    record.total_us = 812;
    record.limiter_us = 301;
    record.client = "2001:db8::1";
    record.error_code = "rate_limited";
    return record;
  }
  std::string written() {
    EXPECT_TRUE(logger_.flush());
    return pipe_.drain();
  }

  FixedClock clock_;
  Pipe pipe_;
  Logger logger_{{.fd = pipe_.writer(), .clock = &clock_}, Redactor({Secret<std::string>("known-secret-1")})};
  AccessLog log_{logger_};
};

TEST_F(AccessLogTest, WritesOneLineAnExchange) {
  AccessRecord proxied = record();
  proxied.method = "GET";
  proxied.status = 200;
  proxied.limiter_us = 0;
  proxied.upstream_us = 640;
  proxied.upstream = "10.0.0.5:8080";
  proxied.error_code = {};
  proxied.schema_violation = "body";
  log_.write(record());
  log_.write(proxied);
  log_.flush();
  EXPECT_EQ(
      written(),
      R"({"time":"2026-03-01T12:00:01.123456Z","level":"info","event":"request",)"
      R"("request_id":"0190a5c8-0000-7000-8000-000000000001","trace_id":"00112233445566778899aabbccddeeff",)"
      R"("method":"POST","path":"/auth/login","route":"/auth/login","status":429,"bytes_in":52,"bytes_out":210,)"
      R"("total_us":812,"limiter_us":301,"upstream_us":null,"client":"2001:db8::1","upstream":null,"code":"rate_limited",)"
      R"("schema_violation":null})"
      "\n"
      R"({"time":"2026-03-01T12:00:01.123456Z","level":"info","event":"request",)"
      R"("request_id":"0190a5c8-0000-7000-8000-000000000001","trace_id":"00112233445566778899aabbccddeeff",)"
      R"("method":"GET","path":"/auth/login","route":"/auth/login","status":200,"bytes_in":52,"bytes_out":210,)"
      R"("total_us":812,"limiter_us":0,"upstream_us":640,"client":"2001:db8::1","upstream":"10.0.0.5:8080","code":null,)"
      R"("schema_violation":"body"})"
      "\n");
}

TEST_F(AccessLogTest, FollowsTheClockAcrossSeconds) {
  AccessRecord next = record();
  log_.write(next);
  next.time += std::chrono::microseconds(999999);
  log_.write(next);
  next.time -= std::chrono::seconds(86402);
  log_.write(next);
  log_.flush();
  const std::string text = written();
  EXPECT_NE(text.find("2026-03-01T12:00:01.123456Z"), std::string::npos) << text;
  EXPECT_NE(text.find("2026-03-01T12:00:02.123455Z"), std::string::npos) << text;
  EXPECT_NE(text.find("2026-02-28T12:00:00.123455Z"), std::string::npos) << text;
}

TEST_F(AccessLogTest, EscapesAndMasksClientText) {
  AccessRecord hostile = record();
  hostile.method = "GE\"T\n";
  hostile.path = "/v1/eyJhbGciOi.eyJzdWIiOi.sig/rt1.k1.Zm9vYmFyYmF6/known-secret-1/\x01\xff";
  log_.write(hostile);
  log_.flush();
  const std::string text = written();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  EXPECT_NE(text.find(R"("method":"GE\"T\n")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("path":"/v1/***/***/***/\u0001)"
                      "\xef\xbf\xbd\""),
            std::string::npos)
      << text;
}

TEST_F(AccessLogTest, MasksATokenThatTheCutWouldHaveHalved) {
  AccessRecord hostile = record();
  const std::string path = std::string(2040, 'a') + "/eyJhbGciOi.eyJzdWIiOi.signature";
  hostile.path = path;
  log_.write(hostile);
  log_.flush();
  EXPECT_NE(written().find("aaa/***\""), std::string::npos);
}

TEST_F(AccessLogTest, CutsLongClientText) {
  AccessRecord hostile = record();
  const std::string path(8000, '\x01');
  hostile.path = path;
  hostile.method = path;
  log_.write(hostile);
  log_.flush();
  const std::string text = written();
  EXPECT_LT(text.size(), 2 * 2048 * 6 + 600U);
  EXPECT_GT(text.size(), 2 * 2048 * 6U);
}

TEST_F(AccessLogTest, HandsOverAFullBufferUnasked) {
  std::size_t bytes = 0;
  std::thread reader([&] { bytes = pipe_.read(65536).size(); });
  for (int i = 0; i < 300; ++i) log_.write(record());
  reader.join();  // would wait for ever if nothing came before flush()
  EXPECT_EQ(bytes, 65536U);
}

TEST_F(AccessLogTest, KeepsALineUntilFlush) {
  log_.write(record());
  EXPECT_EQ(written(), "");
  log_.flush();
  EXPECT_EQ(std::ranges::count(written(), '\n'), 1);
  log_.flush();
  EXPECT_EQ(written(), "");
}

TEST_F(AccessLogTest, FlushesAtTheEnd) {
  {
    AccessLog other(logger_);
    other.write(record());
  }
  EXPECT_EQ(std::ranges::count(written(), '\n'), 1);
}

class TextAccessLogTest : public AccessLogTest {
 protected:
  std::string line(const AccessRecord& record) {
    AccessLog log(text_logger_);
    log.write(record);
    log.flush();
    EXPECT_TRUE(text_logger_.flush());
    return pipe_.drain();
  }

  Logger text_logger_{{.format = Logger::Format::Text, .fd = pipe_.writer(), .clock = &clock_},
                      Redactor({Secret<std::string>("known-secret-1")})};
};

TEST_F(TextAccessLogTest, WritesAShortLineForAPerson) {
  AccessRecord proxied = record();
  proxied.method = "GET";
  proxied.path = "/hello";
  proxied.status = 200;
  proxied.total_us = 349;
  proxied.client = "127.0.0.1";
  proxied.upstream = "127.0.0.1:3000";
  proxied.error_code = {};
  EXPECT_EQ(line(proxied), "12:00:01.123 GET  /hello 200 0.3 ms 127.0.0.1 -> 127.0.0.1:3000\n");
  EXPECT_EQ(line(record()), "12:00:01.123 POST /auth/login 429 0.8 ms 2001:db8::1 rate_limited\n");
}

TEST_F(TextAccessLogTest, RoundsToATenthOfAMillisecond) {
  AccessRecord timed = record();
  const std::pair<std::int64_t, const char*> rows[] = {
      {0, " 0.0 ms "}, {49, " 0.0 ms "}, {50, " 0.1 ms "}, {9950, " 10.0 ms "}, {12'345'678, " 12345.7 ms "}};
  for (const auto& [microseconds, text] : rows) {
    timed.total_us = microseconds;
    EXPECT_NE(line(timed).find(text), std::string::npos) << microseconds;
  }
  timed.total_us = AccessRecord::kNotMeasured;
  EXPECT_EQ(line(timed), "12:00:01.123 POST /auth/login 429 2001:db8::1 rate_limited\n");
}

TEST_F(TextAccessLogTest, ShowsThatARefusedHeadHasNoMethodAndNoPath) {
  AccessRecord refused = record();
  refused.method = refused.path = {};
  refused.status = 400;
  refused.error_code = "malformed_request";
  EXPECT_EQ(line(refused), "12:00:01.123 -    - 400 0.8 ms 2001:db8::1 malformed_request\n");
}

TEST_F(TextAccessLogTest, EscapesAndMasksClientText) {
  AccessRecord hostile = record();
  hostile.method = "G\x1b[2J\n";
  hostile.path = "/known-secret-1/\x01\xff";
  const std::string text = line(hostile);
  EXPECT_EQ(text, "12:00:01.123 G\\u001b[2J\\n /***/\\u0001\xef\xbf\xbd 429 0.8 ms 2001:db8::1 rate_limited\n");
}

}  // namespace
}  // namespace sallyport::log
