#include "middleware/cors.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

CorsConfig config() {
  CorsConfig out;
  out.origins = {"https://app.example.com", "http://localhost:3000"};
  out.methods = {"GET", "POST"};
  out.headers = {"content-type", "authorization"};
  return out;
}

net::http::RequestHead request(Method method, const std::vector<std::pair<const char*, const char*>>& fields) {
  net::http::RequestHead out;
  out.method = method;
  for (const auto& [name, value] : fields) out.fields.push({name, value});
  return out;
}

std::string text(const CorsFields& fields) {
  std::string out;
  for (const auto& field : fields) out += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return out;
}

constexpr const char* kExposed =
    "Access-Control-Expose-Headers: Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, "
    "X-RateLimit-Remaining, X-Request-Id\n";

TEST(CorsRules, AreOffWithoutOrigins) {
  const CorsRules rules{CorsConfig{}};
  const auto preflight =
      request(Method::Options, {{"Origin", "https://app.example.com"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_FALSE(rules.enabled());
  EXPECT_FALSE(rules.is_preflight(preflight));
  EXPECT_EQ(text(rules.response_fields(preflight.fields)), "");
}

TEST(CorsRules, KnowAPreflight) {
  const CorsRules rules(config());
  constexpr const char* kMethodField = "Access-Control-Request-Method";
  EXPECT_TRUE(rules.is_preflight(request(Method::Options, {{"Origin", "https://x"}, {kMethodField, "PUT"}})));
  EXPECT_TRUE(rules.is_preflight(
      request(Method::Options, {{"origin", "https://x"}, {"access-control-request-method", "PUT"}})));
  EXPECT_FALSE(rules.is_preflight(request(Method::Options, {{"Origin", "https://x"}})));
  EXPECT_FALSE(rules.is_preflight(request(Method::Options, {{kMethodField, "PUT"}})));
  EXPECT_FALSE(rules.is_preflight(request(Method::Post, {{"Origin", "https://x"}, {kMethodField, "PUT"}})));
  EXPECT_FALSE(rules.is_preflight(
      request(Method::Options, {{"Origin", "https://x"}, {"Origin", "https://y"}, {kMethodField, "PUT"}})));
}

TEST(CorsRules, AnswerAPreflightOfAListedOrigin) {
  const CorsRules rules(config());
  const auto asked = request(Method::Options, {{"Origin", "http://localhost:3000"},
                                               {"Access-Control-Request-Method", "DELETE"},
                                               {"Access-Control-Request-Headers", "x-evil\r\nSet-Cookie: a=b"}});
  EXPECT_EQ(text(rules.preflight_fields(asked.fields)),
            "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n"
            "Access-Control-Allow-Origin: http://localhost:3000\n"
            "Access-Control-Allow-Methods: GET, POST\n"
            "Access-Control-Allow-Headers: content-type, authorization\n"
            "Access-Control-Max-Age: 600\n");
}

TEST(CorsRules, AnswerAListedOrigin) {
  const CorsRules rules(config());
  const auto asked = request(Method::Get, {{"Origin", "https://app.example.com"}});
  EXPECT_EQ(text(rules.response_fields(asked.fields)),
            std::string("Vary: Origin\nAccess-Control-Allow-Origin: https://app.example.com\n") + kExposed);
}

TEST(CorsRules, AllowCredentialsOnlyForTheListed) {
  CorsConfig with = config();
  with.credentials = true;
  const CorsRules rules(with);
  const auto listed = request(Method::Get, {{"Origin", "https://app.example.com"}});
  EXPECT_EQ(text(rules.response_fields(listed.fields)),
            std::string("Vary: Origin\nAccess-Control-Allow-Origin: https://app.example.com\n"
                        "Access-Control-Allow-Credentials: true\n") +
                kExposed);
  EXPECT_NE(text(rules.preflight_fields(listed.fields)).find("Access-Control-Allow-Credentials: true\n"),
            std::string::npos);
  const auto other = request(Method::Get, {{"Origin", "https://evil.example"}});
  EXPECT_EQ(text(rules.response_fields(other.fields)), "Vary: Origin\n");
}

TEST(CorsRules, NeverReflectAnOriginThatIsNotListed) {
  CorsConfig with = config();
  with.credentials = true;
  const CorsRules rules(with);
  for (const char* origin :
       {"https://evil.example", "https://app.example.com.evil.example", "https://xapp.example.com", "null", "*", "",
        "http://app.example.com", "https://app.example.com:443", "https://app.example.com/", "HTTPS://APP.EXAMPLE.COM",
        "https://app.example.com https://evil.example", "http://localhost:3001", "http://localhost"}) {
    const auto asked = request(Method::Options, {{"Origin", origin}, {"Access-Control-Request-Method", "GET"}});
    EXPECT_EQ(text(rules.response_fields(asked.fields)), "Vary: Origin\n") << origin;
    EXPECT_EQ(text(rules.preflight_fields(asked.fields)),
              "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n")
        << origin;
  }
}

TEST(CorsRules, TakeTwoOriginsForNone) {
  const CorsRules rules(config());
  const auto asked = request(Method::Get, {{"Origin", "https://app.example.com"}, {"Origin", "https://evil.example"}});
  EXPECT_EQ(text(rules.response_fields(asked.fields)), "Vary: Origin\n");
}

TEST(CorsRules, VaryEvenWithoutAnOrigin) {
  EXPECT_EQ(text(CorsRules(config()).response_fields({})), "Vary: Origin\n");
}

TEST(CorsRules, OwnTheUpstreamsFields) {
  EXPECT_TRUE(is_cors_response_field("Access-Control-Allow-Origin"));
  EXPECT_TRUE(is_cors_response_field("access-control-expose-headers"));
  EXPECT_FALSE(is_cors_response_field("Access-Control"));
  EXPECT_FALSE(is_cors_response_field("Vary"));
}

}  // namespace
}  // namespace sallyport::api_gateway
