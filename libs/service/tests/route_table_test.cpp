#include "sallyport/service/route_table.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::service {
namespace {

using net::http::Method;

const std::vector<RouteTable::Entry> kEntries{
    {Method::Get, "/"},
    {Method::Post, "/payments"},
    {Method::Get, "/payments"},
    {Method::Get, "/payments/{id}"},
    {Method::Post, "/payments/{id}/refunds"},
    {Method::Get, "/payments/{id}/refunds/{refund}"},
    {Method::Delete, "/payments/{id}"},
    {Method::Get, "/payments/export"},
    {Method::Get, "/payments/export/{part}"},
};

TEST(RouteTable, FindsAPathAndItsParameters) {
  const RouteTable table(kEntries);
  const auto match = table.find("/payments/abc/refunds/7", Method::Get);
  EXPECT_EQ(match.pattern, "/payments/{id}/refunds/{refund}");
  EXPECT_EQ(match.index, 5U);
  ASSERT_EQ(match.parameters.size, 2U);
  EXPECT_EQ(match.parameters.names[0], "id");
  EXPECT_EQ(match.parameters.values[0], "abc");
  EXPECT_EQ(match.parameters.names[1], "refund");
  EXPECT_EQ(match.parameters.values[1], "7");
  EXPECT_EQ(table.find("/", Method::Get).index, 0U);
}

TEST(RouteTable, KnowsNoOtherPaths) {
  const RouteTable table(kEntries);
  for (const char* path :
       {"", "*", "payments", "/payments/", "/Payments", "/payment", "/paymentsx", "/payments//refunds",
        "/payments/a/refunds/", "/payments/a/refunds/b/c", "/payments/a/refund", "//"}) {
    const auto match = table.find(path, Method::Get);
    EXPECT_EQ(match.pattern, "") << path;
    EXPECT_FALSE(match.index.has_value()) << path;
    EXPECT_EQ(match.parameters.size, 0U) << path;
  }
}

TEST(RouteTable, TakesFixedTextBeforeParameters) {
  const RouteTable table(kEntries);
  EXPECT_EQ(table.find("/payments/export", Method::Get).index, 7U);
  EXPECT_EQ(table.find("/payments/export/refunds", Method::Get).pattern, "/payments/export/{part}");
  EXPECT_EQ(table.find("/payments/exports", Method::Get).index, 3U);
}

TEST(RouteTable, SaysWhatAPathTakes) {
  const RouteTable table(kEntries);
  EXPECT_EQ(table.find("/payments", Method::Post).index, 1U);
  EXPECT_EQ(table.find("/payments", Method::Get).index, 2U);
  EXPECT_EQ(table.find("/payments", Method::Head).index, 2U);
  const auto match = table.find("/payments/abc", Method::Put);
  EXPECT_EQ(match.pattern, "/payments/{id}");
  EXPECT_FALSE(match.index.has_value());
  EXPECT_EQ(match.allow, "GET, HEAD, DELETE");
  EXPECT_EQ(table.find("/payments/abc/refunds", Method::Head).allow, "POST");
  EXPECT_FALSE(table.find("/payments/abc/refunds", Method::Head).index.has_value());
  EXPECT_EQ(table.all_methods(), "GET, HEAD, POST, DELETE");
}

TEST(RouteTable, RefusesWhatContradictsItself) {
  const std::vector<std::vector<RouteTable::Entry>> rows{
      {{Method::Get, "a"}},
      {{Method::Get, ""}},
      {{Method::Get, "/a{id}"}},
      {{Method::Get, "/{id}x"}},
      {{Method::Get, "/{}"}},
      {{Method::Get, "/{a"}},
      {{Method::Get, "/{a}{b}"}},
      {{Method::Get, "/{a}/{a}"}},
      {{Method::Get, "/{a}/{b}/{c}/{d}/{e}"}},
      {{Method::Get, "/a"}, {Method::Get, "/a"}},
      {{Method::Get, "/{a}"}, {Method::Post, "/{b}"}},
  };
  for (const auto& row : rows) EXPECT_THROW(RouteTable{row}, std::invalid_argument) << row[0].pattern;
}

}  // namespace
}  // namespace sallyport::service
