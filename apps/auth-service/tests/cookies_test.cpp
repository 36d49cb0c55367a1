#include "http/cookies.hpp"

#include <gtest/gtest.h>

namespace sallyport::auth_service {
namespace {

net::http::FieldList fields_of(std::initializer_list<net::http::Field> list) {
  net::http::FieldList fields;
  for (const auto& field : list) fields.push(field);
  return fields;
}

TEST(FindCookie, LooksThroughAllFieldsAndCountsAll) {
  const auto one = find_cookie(fields_of({{"Cookie", "a=1; __Secure-refresh=rt1.k.x; b=2"}}), kRefreshCookie);
  EXPECT_EQ(one.count, 1U);
  EXPECT_EQ(one.value, "rt1.k.x");
  const auto two = find_cookie(
      fields_of({{"Cookie", "__Secure-refresh=first"}, {"cookie", "x=y;__Secure-refresh=second"}}), kRefreshCookie);
  EXPECT_EQ(two.count, 2U);
  EXPECT_EQ(two.value, "first");
}

TEST(FindCookie, TakesNoOtherNameForIts) {
  for (const char* value :
       {"", ";", "=", "__secure-refresh=x", "x__Secure-refresh=x", "__Secure-refresh", "a=__Secure-refresh=x"}) {
    EXPECT_EQ(find_cookie(fields_of({{"Cookie", value}}), kRefreshCookie).count, 0U) << value;
  }
}

TEST(RefreshCookie, IsOutOfReachOfScriptsAndOfOtherSites) {
  EXPECT_EQ(set_refresh_cookie("rt1.k.x", std::chrono::hours(1)),
            "__Secure-refresh=rt1.k.x; Max-Age=3600; Path=/auth; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(clear_refresh_cookie(), "__Secure-refresh=; Max-Age=0; Path=/auth; Secure; HttpOnly; SameSite=Strict");
}

struct OriginRow {
  const char* what;
  const char* origin;  ///< nullptr: none
  const char* scheme;
  const char* host;
  OriginOf expected;
};

TEST(Origin, IsOursOnlyWhenSchemeHostAndPortAre) {
  const std::vector<std::string> allowed{"https://app.example.com"};
  const OriginRow rows[] = {
      {"none", nullptr, "http", "localhost:8080", OriginOf::Missing},
      {"our own", "http://localhost:8080", "http", "localhost:8080", OriginOf::Ours},
      {"our own with the usual port left out", "https://api.example.com", "https", "api.example.com:443",
       OriginOf::Ours},
      {"configured", "https://app.example.com", "http", "localhost:8080", OriginOf::Ours},
      {"another scheme", "http://api.example.com", "https", "api.example.com", OriginOf::Foreign},
      {"another port", "http://localhost:8081", "http", "localhost:8080", OriginOf::Foreign},
      {"a name that begins alike", "http://localhost.evil.example:8080", "http", "localhost:8080", OriginOf::Foreign},
      {"a configured name that goes on", "https://app.example.com.evil", "http", "localhost", OriginOf::Foreign},
      {"a page without origin", "null", "http", "localhost:8080", OriginOf::Foreign},
      {"user information", "http://localhost:8080@evil", "http", "localhost:8080", OriginOf::Foreign},
      {"empty", "", "http", "localhost:8080", OriginOf::Foreign},
  };
  for (const OriginRow& row : rows) {
    Exchange exchange;
    exchange.scheme = row.scheme;
    exchange.request.host = row.host;
    if (row.origin != nullptr) exchange.request.fields.push({"Origin", row.origin});
    EXPECT_EQ(origin_of(exchange, allowed), row.expected) << row.what;
  }
  Exchange twice;
  twice.request.host = "localhost";
  twice.request.fields.push({"Origin", "http://localhost"});
  twice.request.fields.push({"Origin", "http://localhost"});
  EXPECT_EQ(origin_of(twice, allowed), OriginOf::Foreign);
}

}  // namespace
}  // namespace sallyport::auth_service
