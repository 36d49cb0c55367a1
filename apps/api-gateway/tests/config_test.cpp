#include "sallyport/api_gateway/config.hpp"

#include <string>

#include <gtest/gtest.h>

#include "config_testing.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;

TEST(Config, MinimalProductionFileHasTheDefaults) {
  const auto loaded = load_config(kMinimal, ConfigMode::Production);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(format_problems("f", loaded.problems), "");
  const Config& config = loaded.config;
  ASSERT_EQ(config.listen.size(), 1U);
  EXPECT_EQ(config.listen[0].address.to_string(), "127.0.0.1");
  EXPECT_EQ(config.listen[0].port, 8080);
  EXPECT_EQ(config.threads, 0U);
  EXPECT_TRUE(config.trusted_proxies.empty());
  EXPECT_TRUE(config.internal_access.empty());
  EXPECT_EQ(config.forwarded_header, ForwardedHeader::XForwardedFor);
  EXPECT_EQ(config.forwarded_proto, ForwardedProto::Http);
  EXPECT_EQ(config.ipv6_prefix, 64U);
  EXPECT_TRUE(config.cors.origins.empty());
  ASSERT_EQ(config.upstreams.size(), 1U);
  EXPECT_EQ(config.upstreams[0].timeout, 15s);
  EXPECT_EQ(config.upstreams[0].max_in_flight, 256U);
}

TEST(Config, ReadsEveryKeyOfTheTopLevel) {
  const auto loaded = load_config(R"(
listen: ["127.0.0.1:0", "[::1]:8443"]
threads: 3
hosts: [API.example.com, "[::1]:8443", "example.com:8443"]
trusted_proxies: [10.1.0.0/16, "2001:db8::/32"]
forwarded_header: forwarded
forwarded_proto: https
internal_access: [127.0.0.0/8]
ipv6_prefix: 56
redis_key_prefix: "gw:"
instances: 4
allow_plaintext: true
rate_limits_off: [auth]
upstreams: { a: { hosts: ["Service.internal:80", "[::1]:81"], timeout: 250ms, connect_timeout: 100ms,
                  max_in_flight: 7, idle_connections_max: 0 } }
routes: [{ path: /*, upstream: a, auth: none }]
cors: { origins: ["https://App.example.com", "http://localhost:3000"], methods: [GET], headers: [X-A],
        credentials: true, max_age: 1h }
limits: { connections_max: 10, connections_per_address_max: 5, requests_per_connection_max: 2, head_timeout: 1s,
          keep_alive_timeout: 2s, body_idle_timeout: 3s, write_stall_timeout: 4s, body_rate_min: 0,
          connection_age_max: 5s }
log_level: warn
access_log: false
drain: 0s
shutdown_timeout: 1s
)",
                                  ConfigMode::Production);
  EXPECT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  const Config& c = loaded.config;
  ASSERT_EQ(c.listen.size(), 2U);
  EXPECT_EQ(c.listen[0].port, 0);
  EXPECT_EQ(c.listen[1].address.to_string(), "::1");
  EXPECT_EQ(c.threads, 3U);
  EXPECT_EQ(c.hosts, (std::vector<std::string>{"api.example.com", "[::1]:8443", "example.com:8443"}));
  ASSERT_EQ(c.trusted_proxies.size(), 2U);
  EXPECT_EQ(c.trusted_proxies[1].to_string(), "2001:db8::/32");
  EXPECT_EQ(c.forwarded_header, ForwardedHeader::Forwarded);
  EXPECT_EQ(c.forwarded_proto, ForwardedProto::Https);
  EXPECT_EQ(c.ipv6_prefix, 56U);
  EXPECT_EQ(c.redis_key_prefix, "gw:");
  EXPECT_EQ(c.instances, 4U);
  EXPECT_TRUE(c.allow_plaintext);
  EXPECT_EQ(c.rate_limits_off, std::vector<std::string>{"auth"});
  const UpstreamConfig& upstream = c.upstreams.at(0);
  EXPECT_EQ(upstream.name, "a");
  EXPECT_EQ(upstream.hosts.at(0).host, "service.internal");
  EXPECT_EQ(upstream.hosts.at(1).host, "::1");
  EXPECT_EQ(upstream.hosts.at(1).port, 81);
  EXPECT_EQ(upstream.timeout, 250ms);
  EXPECT_EQ(upstream.connect_timeout, 100ms);
  EXPECT_EQ(upstream.max_in_flight, 7U);
  EXPECT_EQ(upstream.idle_connections_max, 0U);
  EXPECT_EQ(c.cors.origins, (std::vector<std::string>{"https://app.example.com", "http://localhost:3000"}));
  EXPECT_EQ(c.cors.methods, std::vector<std::string>{"GET"});
  EXPECT_EQ(c.cors.headers, std::vector<std::string>{"x-a"});
  EXPECT_TRUE(c.cors.credentials);
  EXPECT_EQ(c.cors.max_age, 3600s);
  EXPECT_EQ(c.limits.connections_max, 10U);
  EXPECT_EQ(c.limits.connections_per_address_max, 5U);
  EXPECT_EQ(c.limits.requests_per_connection_max, 2U);
  EXPECT_EQ(c.limits.head_timeout, 1s);
  EXPECT_EQ(c.limits.keep_alive_timeout, 2s);
  EXPECT_EQ(c.limits.body_idle_timeout, 3s);
  EXPECT_EQ(c.limits.write_stall_timeout, 4s);
  EXPECT_EQ(c.limits.body_rate_min, 0U);
  EXPECT_EQ(c.limits.connection_age_max, 5s);
  EXPECT_EQ(c.log_level, log::Level::Warn);
  EXPECT_FALSE(c.access_log);
  EXPECT_EQ(c.drain, 0s);
  EXPECT_EQ(c.shutdown_timeout, 1s);
}

TEST(Config, ProductionRequiresWhatHasNoSafeDefault) {
  const std::string problems = problems_of("");
  EXPECT_NE(problems.find("f: the key 'listen' is required"), std::string::npos) << problems;
  EXPECT_NE(problems.find("f: the key 'upstreams' is required"), std::string::npos);
  EXPECT_NE(problems.find("f: the key 'routes' is required"), std::string::npos);
  EXPECT_NE(problems.find("f: the key 'instances' is required: the rate limit 'global'"), std::string::npos);
  EXPECT_EQ(problems_of("", ConfigMode::Dev), "");
  EXPECT_EQ(problems_of("# nothing but a comment\n", ConfigMode::Dev), "");
}

TEST(Config, EmptyListsAreNotAnswersToWhatIsRequired) {
  const std::string problems = problems_of("listen: []\ninstances: 1\nupstreams: {}\nroutes: []\n");
  EXPECT_EQ(problems,
            "f:1:9: listen: the list is empty\n"
            "f:3:12: upstreams: at least one is required\n"
            "f:4:9: routes: at least one is required\n");
}

TEST(Config, InstancesIsNeededOnlyForLocalCounting) {
  constexpr std::string_view kFile = R"(listen: 127.0.0.1:1
rate_limits: { global: { on_store_error: deny }, auth: { on_store_error: allow } }
upstreams: { a: { hosts: ["127.0.0.1:2"] } }
routes: [{ path: /a, upstream: a, auth: none }]
)";
  EXPECT_EQ(problems_of(kFile), "");
}

struct Row {
  const char* name;
  const char* line;     ///< added to kMinimal, so on line 7
  const char* problem;  ///< without "f:7:"; empty: accepted
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " '" << row.line << "'";
}

class ConfigValue : public testing::TestWithParam<Row> {};

TEST_P(ConfigValue, IsReadStrictly) {
  const std::string wanted = *GetParam().problem == '\0' ? "" : std::string("f:7:") + GetParam().problem + "\n";
  EXPECT_EQ(problems_with(GetParam().line), wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Scalars, ConfigValue,
    testing::Values(
        Row{"Octal", "threads: 010", "10: threads: expected auto or a whole number from 1 to 256; found '010'"},
        Row{"Hex", "ipv6_prefix: 0x40", "14: ipv6_prefix: expected a whole number from 32 to 128; found '0x40'"},
        Row{"Exponent", "ipv6_prefix: 6e1", "14: ipv6_prefix: expected a whole number from 32 to 128; found '6e1'"},
        Row{"Negative", "ipv6_prefix: -64", "14: ipv6_prefix: expected a whole number from 32 to 128; found '-64'"},
        Row{"Wraps", "ipv6_prefix: 4294967360",
            "14: ipv6_prefix: expected a whole number from 32 to 128; found '4294967360'"},
        Row{"QuotedNumber", "ipv6_prefix: \"64\"",
            "14: ipv6_prefix: expected a whole number from 32 to 128; found the string '64'"},
        Row{"Nothing", "ipv6_prefix:", "1: ipv6_prefix: expected a whole number from 32 to 128; found nothing"},
        Row{"ListForNumber", "ipv6_prefix: [64]",
            "14: ipv6_prefix: expected a whole number from 32 to 128; found a list"},
        Row{"BelowBounds", "ipv6_prefix: 31", "14: ipv6_prefix: expected a whole number from 32 to 128; found '31'"},
        Row{"LowerBound", "ipv6_prefix: 32", ""}, Row{"UpperBound", "ipv6_prefix: 128", ""},
        Row{"Yes", "access_log: yes", "13: access_log: expected true or false; found 'yes'"},
        Row{"Off", "access_log: off", "13: access_log: expected true or false; found 'off'"},
        Row{"CapitalTrue", "access_log: True", "13: access_log: expected true or false; found 'True'"},
        Row{"QuotedTrue", "access_log: 'true'", "13: access_log: expected true or false; found the string 'true'"},
        Row{"BareSeconds", "drain: 15",
            "8: drain: expected a duration from 0s to 5m (250ms, 15s, 15m, 1h, 14d); found '15'"},
        Row{"LongDrain", "drain: 301s",
            "8: drain: expected a duration from 0s to 5m (250ms, 15s, 15m, 1h, 14d); found '301s'"},
        Row{"Enum", "log_level: warning",
            "12: log_level: expected one of debug, info, warn, error, critical, off; found 'warning'"},
        Row{"NullEnum", "log_level: ~",
            "12: log_level: expected one of debug, info, warn, error, critical, off; found nothing"}),
    [](const auto& info) { return info.param.name; });

constexpr const char* kBlock =
    "expected an address block such as 10.1.0.0/16 or 2001:db8::/32 with no bits below its prefix";
const std::string kHostBits = std::string("19: trusted_proxies: ") + kBlock + "; found '10.1.2.3/16'";
const std::string kNoAddress = std::string("19: trusted_proxies: ") + kBlock + "; found 'nginx'";

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigValue,
    testing::Values(
        Row{"Typo", "trusted_proxy: []", "1: the file: unknown key 'trusted_proxy'; did you mean 'trusted_proxies'?"},
        Row{"OtherTypo", "Threads: 3", "1: the file: unknown key 'Threads'; did you mean 'threads'?"},
        Row{"NothingLike", "wibble: 3", "1: the file: unknown key 'wibble'"},
        Row{"Merge", "<<: { threads: 3 }", "1: the file: unknown key '<<'"},
        Row{"Duplicate", "instances: 3", "1: key 'instances' stands twice: first on line 2"},
        Row{"StoreAddress", "redis_url: redis://user:secret@host",
            "1: 'redis_url': addresses of stores come from the environment: set SALLYPORT_REDIS_URL"},
        Row{"Identity", "access_ttl: 15m",
            "1: 'access_ttl': is a setting of the auth service (`sallyport auth`), not of a gateway"},
        Row{"HostBits", "trusted_proxies: [10.1.2.3/16]", kHostBits.c_str()},
        Row{"NotAnAddress", "trusted_proxies: [nginx]", kNoAddress.c_str()},
        Row{"ScalarForList", "trusted_proxies: 10.1.0.0/16",
            "18: trusted_proxies: expected a list, such as [a, b]; found '10.1.0.0/16'"},
        Row{"Twice", "trusted_proxies: [10.1.0.0/16, 10.1.0.0/16]", "32: trusted_proxies: '10.1.0.0/16' stands twice"},
        Row{"Braces", "redis_key_prefix: '{sp}:'",
            "19: redis_key_prefix: expected at most 32 letters, digits and ':', '_', '-', '.'; found the string "
            "'{sp}:'"},
        Row{"HostWithScheme", "hosts: ['https://a']",
            "9: hosts: expected an authority such as api.example.com or api.example.com:8443; found the string "
            "'https://a'"},
        Row{"CorsWildcard", "cors: { origins: ['*'], credentials: true }",
            "19: origins: expected an exact origin such as https://app.example.com, with no path, no '*' and no "
            "default "
            "port; found the string '*'"},
        Row{"CorsPath", "cors: { origins: ['https://a.example/'] }",
            "19: origins: expected an exact origin such as https://app.example.com, with no path, no '*' and no "
            "default "
            "port; found the string 'https://a.example/'"},
        Row{"CorsDefaultPort", "cors: { origins: ['https://a.example:443'] }",
            "19: origins: expected an exact origin such as https://app.example.com, with no path, no '*' and no "
            "default "
            "port; found the string 'https://a.example:443'"},
        Row{"CorsNull", "cors: { origins: ['null'] }",
            "19: origins: expected an exact origin such as https://app.example.com, with no path, no '*' and no "
            "default "
            "port; found the string 'null'"},
        Row{"CorsWithoutOrigins", "cors: { credentials: true }",
            "7: cors lacks the key 'origins' (list of origins: at most 64)"},
        Row{"CorsTrace", "cors: { origins: ['https://a'], methods: [TRACE] }",
            "43: methods: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY; found 'TRACE'"},
        Row{"CorsHalfSecond", "cors: { origins: ['https://a'], max_age: 1500ms }",
            "42: max_age: expected whole seconds; found '1500ms'"},
        Row{"LimitsTypo", "limits: { head_timeuot: 1s }",
            "11: limits: unknown key 'head_timeuot'; did you mean 'head_timeout'?"},
        Row{"LimitsScalar", "limits: none", "9: limits: expected a map of keys; found 'none'"}),
    [](const auto& info) { return info.param.name; });

struct ListenRow {
  const char* name;
  const char* text;
  const char* canonical;  ///< nullptr: refused
};

void PrintTo(const ListenRow& row, std::ostream* out) {
  *out << row.name << " '" << row.text << "'";
}

class Listen : public testing::TestWithParam<ListenRow> {};

TEST_P(Listen, TakesAddressAndPort) {
  const auto loaded = load_config(std::string("listen: '") + GetParam().text + "'", ConfigMode::Dev);
  EXPECT_EQ(loaded.ok(), GetParam().canonical != nullptr);
  if (!loaded.ok() || GetParam().canonical == nullptr) return;
  ASSERT_EQ(loaded.config.listen.size(), 1U);
  const auto& listen = loaded.config.listen[0];
  EXPECT_EQ(listen.address.to_string() + " " + std::to_string(listen.port), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Listen,
    testing::Values(ListenRow{"V4", "127.0.0.1:8080", "127.0.0.1 8080"}, ListenRow{"AnyPort", "0.0.0.0:0", "0.0.0.0 0"},
                    ListenRow{"V6", "[::1]:8080", "::1 8080"}, ListenRow{"HighestPort", "[::]:65535", ":: 65535"},
                    ListenRow{"PortTooLarge", "127.0.0.1:65536", nullptr}, ListenRow{"NoPort", "127.0.0.1", nullptr},
                    ListenRow{"EmptyPort", "127.0.0.1:", nullptr}, ListenRow{"OctalPort", "127.0.0.1:080", nullptr},
                    ListenRow{"OnlyPort", ":8080", nullptr}, ListenRow{"Name", "localhost:8080", nullptr},
                    ListenRow{"V6WithoutBrackets", "::1:8080", nullptr},
                    ListenRow{"V4InBrackets", "[127.0.0.1]:8080", nullptr},
                    ListenRow{"Zone", "[fe80::1%eth0]:8080", nullptr}, ListenRow{"Url", "http://127.0.0.1:80", nullptr},
                    ListenRow{"Junk", "127.0.0.1:80x", nullptr}),
    [](const auto& info) { return info.param.name; });

TEST(Config, TheSameListenAddressTwiceIsAnError) {
  EXPECT_EQ(problems_of("listen: ['127.0.0.1:80', '127.0.0.1:80']", ConfigMode::Dev),
            "f:1:9: listen: 127.0.0.1 port 80 stands twice\n");
  EXPECT_EQ(problems_of("listen: ['127.0.0.1:0', '127.0.0.1:0']", ConfigMode::Dev), "");
}

TEST(Config, TheTopMustBeAMap) {
  EXPECT_EQ(problems_of("- a\n", ConfigMode::Dev), "f:1:1: the file: expected a map of keys; found a list\n");
  EXPECT_EQ(problems_of("just text\n", ConfigMode::Dev),
            "f:1:1: the file: expected a map of keys; found 'just text'\n");
}

TEST(Config, WarningsAloneAreOk) {
  const auto loaded = load_config(std::string(kMinimal) + "rate_limits_off: [auth]\n", ConfigMode::Production);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(format_problems("gw.yaml", loaded.problems),
            "gw.yaml:7:18: warning: rate_limits_off: the policy 'auth' is switched off: nothing limits what it did\n");
}

TEST(Config, NeverRepeatsAValueOfAKeyThatMayHoldASecret) {
  EXPECT_EQ(problems_with("redis: redis://user:hunter2@host\ndatabase_url: postgresql://u:hunter2@h\n").find("hunter2"),
            std::string::npos);
}

}  // namespace
}  // namespace sallyport::api_gateway
