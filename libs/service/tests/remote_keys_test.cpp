#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe_service.hpp"

namespace sallyport::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{20};

tokens::JwksUrl url_of(const std::string& text) {
  return *tokens::JwksUrl::parse(text, tokens::PlainHttp::LoopbackOnly);
}

/// Asks until the answer begins like this; the last answer.
std::string ask_until(const Probe& probe, const std::string& line, const std::string& fields,
                      const std::string& beginning) {
  const SteadyTime end = probe.clock.now() + kPatience;
  std::string answer;
  while (!answer.starts_with(beginning) && probe.clock.now() < end) answer = probe.ask(line, fields);
  return answer;
}

TEST(RemoteKeys, ReachEveryLoop) {
  Probe signer;
  ASSERT_TRUE(signer.start().has_value());
  Probe other;
  other.options.threads = 3;
  other.options.keys = url_of(signer.service->urls().at(0) + "/keys");
  ASSERT_TRUE(other.start().has_value());
  const std::string bearer = signer.bearer();
  EXPECT_THAT(ask_until(other, "GET /health/ready", "", "HTTP/1.1 200"), HasSubstr(R"("keys":"ok")"));
  EXPECT_THAT(ask_until(other, "GET /things/7", bearer, "HTTP/1.1 200"), HasSubstr("7 for u-1 as user"));
  EXPECT_THAT(other.ask("GET /things/7", other.bearer()), HasSubstr("invalid_token")) << "its own keys count nothing";
}

TEST(RemoteKeys, AreMissedButNotWaitedFor) {
  Probe probe;
  probe.options.keys = url_of("http://127.0.0.1:1/keys");
  ASSERT_TRUE(probe.start().has_value());
  EXPECT_THAT(probe.ask("GET /things/7", probe.bearer()),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("service_unavailable"), HasSubstr("Retry-After")));
  EXPECT_THAT(probe.ask("GET /open/7"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(probe.ask("GET /health/ready"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr(R"("keys":"missing")")));
}

TEST(RemoteKeys, AreLookedUpByName) {
  Probe probe;
  probe.options.keys = url_of("https://keys.invalid/keys");
  ASSERT_TRUE(probe.start().has_value());
  EXPECT_THAT(probe.ask("GET /health/ready"), StartsWith("HTTP/1.1 503"));
}

}  // namespace
}  // namespace sallyport::service
