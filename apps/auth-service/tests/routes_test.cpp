#include "http/routes.hpp"

#include <gtest/gtest.h>

#include "http/answers.hpp"

namespace sallyport::auth_service {
namespace {

using net::http::Method;

TEST(Routes, AreFoundByTheirExactPath) {
  std::string_view segment;
  for (const Route& route : kRoutes) {
    if (route.pattern.ends_with("{id}")) continue;
    EXPECT_EQ(find_route(route.pattern, segment), &route) << route.pattern;
  }
  for (const char* path : {"/", "/auth", "/auth/", "/auth/Login", "/auth/login/", "/auth/login/x", "/auth/loginx",
                           "/auth/sessions/", "/auth/sessions/a/b", "/.well-known/jwks.jso"}) {
    EXPECT_EQ(find_route(path, segment), nullptr) << path;
  }
}

TEST(Routes, HandOverTheIdOfASession) {
  std::string_view segment;
  const Route* const route = find_route("/auth/sessions/abc", segment);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->endpoint, Endpoint::Session);
  EXPECT_EQ(segment, "abc");
}

TEST(Routes, TakeHeadWhereTheyTakeGet) {
  std::string_view segment;
  const Route& me = *find_route("/auth/me", segment);
  EXPECT_TRUE(takes(me, Method::Get));
  EXPECT_TRUE(takes(me, Method::Head));
  EXPECT_FALSE(takes(me, Method::Post));
  EXPECT_EQ(allowed_methods(me), "GET, HEAD");
  const Route& login = *find_route("/auth/login", segment);
  EXPECT_FALSE(takes(login, Method::Head));
  EXPECT_EQ(allowed_methods(login), "POST");
}

TEST(FormatTime, WritesMicrosecondsInUtc) {
  using std::chrono::microseconds;
  EXPECT_EQ(format_time(accounts::Timestamp(microseconds(0))), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(accounts::Timestamp(microseconds(1'767'225'599'000'001))), "2025-12-31T23:59:59.000001Z");
  EXPECT_EQ(format_time(accounts::Timestamp(microseconds(1'709'164'800'500'000))), "2024-02-29T00:00:00.500000Z");
}

}  // namespace
}  // namespace sallyport::auth_service
