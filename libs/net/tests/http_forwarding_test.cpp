#include "sallyport/net/http/forwarding.hpp"

#include <gtest/gtest.h>

namespace sallyport::net::http {
namespace {

TEST(Forwarding, KnowsTheHopByHopFields) {
  for (const std::string_view name :
       {"Connection", "keep-alive", "PROXY-AUTHENTICATE", "Proxy-Authorization", "Proxy-Authentication-Info",
        "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  for (const std::string_view name : {"Host", "Content-Length", "Cookie", "TEx", "xx", "Trailers", "Upgrades", "",
                                      "Connectioo", "Authorization", "X-Forwarded-Hostx"}) {
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
  }
}

TEST(Forwarding, FindsWhatAnyConnectionFieldNames) {
  FieldList fields;
  ASSERT_TRUE(fields.push({"X", "named"}));
  ASSERT_TRUE(fields.push({"connection", "close, Foo ,,\tbar"}));
  ASSERT_TRUE(fields.push({"CONNECTION", "baz"}));
  EXPECT_TRUE(named_in_connection(fields, "foo"));
  EXPECT_TRUE(named_in_connection(fields, "BAR"));
  EXPECT_TRUE(named_in_connection(fields, "baz"));
  EXPECT_TRUE(named_in_connection(fields, "close"));
  EXPECT_FALSE(named_in_connection(fields, "fo"));
  EXPECT_FALSE(named_in_connection(fields, "named"));
}

TEST(Forwarding, ProtectsFieldsThatDecide) {
  for (const std::string_view name :
       {"host", "Authorization", "COOKIE", "content-length", "Content-Type", "X-Forwarded-For", "x-real-ip",
        "Forwarded", "Via", "If-Match", "Sec-Fetch-Site", "Idempotency-Key"}) {
    EXPECT_TRUE(is_protected_from_connection(name)) << name;
  }
  for (const std::string_view name :
       {"close", "keep-alive", "te", "upgrade", "foo", "x", "trailer", "proxy-authorization"}) {
    EXPECT_FALSE(is_protected_from_connection(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::net::http
