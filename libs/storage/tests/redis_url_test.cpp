#include "sallyport/storage/redis_url.hpp"

#include <gtest/gtest.h>

namespace sallyport::storage {
namespace {

RedisUrl parsed(std::string_view text) {
  auto url = RedisUrl::parse(text);
  EXPECT_TRUE(url.has_value()) << text << ": " << (url ? "" : url.error().detail);
  return url ? *std::move(url) : RedisUrl{};
}

TEST(RedisUrl, FillsInTheDefaults) {
  const RedisUrl url = parsed("redis://cache.internal");
  EXPECT_EQ(url.transport, RedisUrl::Transport::Tcp);
  EXPECT_EQ(url.host, "cache.internal");
  EXPECT_EQ(url.port, 6379);
  EXPECT_EQ(url.database, 0U);
  EXPECT_TRUE(url.user.empty());
  EXPECT_TRUE(url.password.empty());
  EXPECT_EQ(url.endpoint(), "cache.internal:6379");
}

TEST(RedisUrl, ReadsEveryPart) {
  const RedisUrl url = parsed("redis://gate%2Dway:p%40ss%2fw%3ao:rd@10.0.0.5:7000/12");
  EXPECT_EQ(url.user, "gate-way");
  EXPECT_EQ(url.password.expose(), "p@ss/w:o:rd");
  EXPECT_EQ(url.host, "10.0.0.5");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.database, 12U);
}

TEST(RedisUrl, TakesAPasswordWithoutAUser) {
  const RedisUrl url = parsed("redis://:hunter22@localhost/");
  EXPECT_TRUE(url.user.empty());
  EXPECT_EQ(url.password.expose(), "hunter22");
}

TEST(RedisUrl, TakesAUserWithoutAPassword) {
  EXPECT_EQ(parsed("redis://gateway@localhost").user, "gateway");
  EXPECT_EQ(parsed("redis://gateway:@localhost").user, "gateway");
}

TEST(RedisUrl, ReadsAnIpv6Address) {
  const RedisUrl url = parsed("redis://[2001:db8::1]:6380");
  EXPECT_EQ(url.host, "2001:db8::1");
  EXPECT_EQ(url.port, 6380);
  EXPECT_EQ(url.endpoint(), "[2001:db8::1]:6380");
}

TEST(RedisUrl, ReadsTheTlsFiles) {
  const RedisUrl url = parsed("rediss://cache?ca=/etc/ca%20file.pem&cert=c.pem&key=k.pem");
  EXPECT_EQ(url.transport, RedisUrl::Transport::Tls);
  EXPECT_EQ(url.ca_file, "/etc/ca file.pem");
  EXPECT_EQ(url.certificate_file, "c.pem");
  EXPECT_EQ(url.private_key_file, "k.pem");
}

TEST(RedisUrl, ReadsAUnixSocket) {
  const RedisUrl url = parsed("unix://gw:secret99@/run/redis/redis.sock?db=3");
  EXPECT_EQ(url.transport, RedisUrl::Transport::Unix);
  EXPECT_EQ(url.host, "/run/redis/redis.sock");
  EXPECT_EQ(url.user, "gw");
  EXPECT_EQ(url.password.expose(), "secret99");
  EXPECT_EQ(url.database, 3U);
  EXPECT_EQ(url.endpoint(), "/run/redis/redis.sock");
  EXPECT_EQ(parsed("unix:///run/r.sock").database, 0U);
}

TEST(RedisUrl, KnowsLoopback) {
  for (const char* text : {"redis://localhost", "redis://127.0.0.1", "redis://127.8.9.1", "redis://[::1]",
                           "redis://[::ffff:127.0.0.1]", "unix:///run/r.sock"}) {
    EXPECT_TRUE(parsed(text).is_loopback()) << text;
  }
  for (const char* text : {"redis://localhost.example", "redis://10.0.0.1", "redis://[2001:db8::1]", "redis://[::]",
                           "redis://[::ffff:10.0.0.1]", "redis://127.example"}) {
    EXPECT_FALSE(parsed(text).is_loopback()) << text;
  }
}

struct BadUrl {
  const char* name;
  std::string text;
  const char* expected;  ///< part of the message
};

class RedisUrlRefuses : public testing::TestWithParam<BadUrl> {};

TEST_P(RedisUrlRefuses, WithAMessageThatRepeatsNothingOfIt) {
  const auto url = RedisUrl::parse(GetParam().text);
  ASSERT_FALSE(url.has_value());
  EXPECT_NE(url.error().detail.find(GetParam().expected), std::string::npos) << url.error().detail;
  EXPECT_EQ(url.error().detail.find("hunter"), std::string::npos) << url.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Table, RedisUrlRefuses,
    testing::Values(
        BadUrl{"Nothing", "", "does not start with"}, BadUrl{"NoScheme", "localhost:6379", "does not start with"},
        BadUrl{"UnknownScheme", "http://localhost", "scheme"}, BadUrl{"UpperCaseScheme", "REDIS://localhost", "scheme"},
        BadUrl{"Sentinel", "redis+sentinel://:hunter22@h1,h2/name", "not supported yet"},
        BadUrl{"Cluster", "redis+cluster://:hunter22@h1,h2", "not supported yet"},
        BadUrl{"NoHost", "redis://", "host is missing"}, BadUrl{"NoHostButPort", "redis://:6379", "host is missing"},
        BadUrl{"NoHostAfterPassword", "redis://:hunter22@", "host is missing"},
        BadUrl{"EmptyUserInfo", "redis://@localhost", "no user or password"},
        BadUrl{"EmptyPassword", "redis://:@localhost", "password is empty"},
        BadUrl{"AtInPassword", "redis://:hunter@22@localhost", "two @"},
        BadUrl{"SlashInPassword", "redis://:hunter/22@localhost", "host is missing"},
        BadUrl{"SlashInPasswordOfUser", "redis://gw:hunter/22@localhost", "port is not a number"},
        BadUrl{"QuestionMarkInPassword", "redis://gw:hunter?22@localhost", "port is not a number"},
        BadUrl{"HashInPassword", "redis://:hunter#22@localhost", "#"},
        BadUrl{"SpaceInPassword", "redis://:hunter 22@localhost", "space"},
        BadUrl{"NewlineAtTheEnd", "redis://:hunter22@localhost\n", "control character"},
        BadUrl{"NonAscii", "redis://:hunter\xc3\xa9@localhost", "non-ASCII"},
        BadUrl{"BrokenEscape", "redis://:hunter%2@localhost", "percent-encoded"},
        BadUrl{"BadHexInEscape", "redis://:hunter%zz@localhost", "percent-encoded"},
        BadUrl{"EncodedNul", "redis://:hunter%00@localhost", "percent-encoded"},
        BadUrl{"EscapeInHost", "redis://local%68ost", "host"}, BadUrl{"TwoHosts", "redis://h1,h2", "host"},
        BadUrl{"UnclosedBracket", "redis://[::1", "not closed"},
        BadUrl{"NoIpv6InBrackets", "redis://[hunter]", "no IPv6"},
        BadUrl{"Ipv4InBrackets", "redis://[127.0.0.1]", "no IPv6"},
        BadUrl{"RubbishAfterBracket", "redis://[::1]x", "only a port"},
        BadUrl{"EmptyPort", "redis://localhost:", "port"}, BadUrl{"PortZero", "redis://localhost:0", "port"},
        BadUrl{"PortTooLarge", "redis://localhost:65536", "port"},
        BadUrl{"PortWithSign", "redis://localhost:+1", "port"}, BadUrl{"PortTwice", "redis://localhost:1:2", "port"},
        BadUrl{"DatabaseNotANumber", "redis://localhost/hunter", "database number"},
        BadUrl{"DatabaseNegative", "redis://localhost/-1", "database number"},
        BadUrl{"DatabaseTooLarge", "redis://localhost/4294967296", "database number"},
        BadUrl{"DatabaseAndMore", "redis://localhost/1/2", "database number"},
        BadUrl{"ParameterOnPlain", "redis://localhost?ca=x", "unknown parameter"},
        BadUrl{"UnknownParameter", "rediss://localhost?verify=no", "unknown parameter"},
        BadUrl{"DatabaseParameterOnTls", "rediss://localhost?db=1", "unknown parameter"},
        BadUrl{"ParameterWithoutValue", "rediss://localhost?ca", "no value"},
        BadUrl{"EmptyQuery", "rediss://localhost?", "no value"}, BadUrl{"EmptyFile", "rediss://localhost?ca=", "empty"},
        BadUrl{"ParameterTwice", "rediss://localhost?ca=a&ca=b", "twice"},
        BadUrl{"CertificateWithoutKey", "rediss://localhost?cert=c", "together"},
        BadUrl{"KeyWithoutCertificate", "rediss://localhost?key=k", "together"},
        BadUrl{"RelativeSocket", "unix://run/redis.sock", "does not start with /"},
        BadUrl{"NoSocket", "unix://", "missing"}, BadUrl{"SocketIsRoot", "unix:///", "missing"},
        BadUrl{"SocketPathTooLong", "unix:///" + std::string(108, 'x'), "too long"},
        BadUrl{"DatabaseTwice", "unix:///r.sock?db=1&db=2", "one number"},
        BadUrl{"Endless", "redis://" + std::string(5000, 'h'), "longer than"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sallyport::storage
