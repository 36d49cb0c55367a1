#include "sallyport/service/contract.hpp"

#include <string>

#include <gtest/gtest.h>

#include "admin_loop.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::admin_service {
namespace {

TEST(Contract, TheBuiltInDocumentLoads) {
  EXPECT_NO_THROW(service::Contract("admin"));
}

TEST(Contract, EveryRouteStandsInTheDocument) {
  const auto document = validation::OpenApi::load(openapi::document("admin")).value();
  std::size_t found = 0;
  for (const service::Route& route : AdminLoop::routes()) {
    std::string path(route.pattern);
    if (const auto id = path.find("{id}"); id != std::string::npos) path.replace(id, 4, "x");
    const auto match = document.find(net::http::to_string(route.method), path);
    ASSERT_TRUE(match.has_value()) << route.pattern;
    EXPECT_EQ(match->operation->path(), route.pattern);
    EXPECT_EQ(route.access, service::Access::Admin) << route.pattern;
    ++found;
  }
  EXPECT_GE(found, 8U);
}

TEST(Contract, EveryListHasItsLimit) {
  const auto document = validation::OpenApi::load(openapi::document("admin")).value();
  for (const char* path : {"/admin/users", "/admin/audit-events"}) {
    const auto match = document.find("GET", path).value();
    const auto parameters = match.operation->check_parameters({}, "", {}).value();
    const auto* limit = parameters.find(validation::ParameterIn::Query, "limit");
    ASSERT_NE(limit, nullptr) << path;
    EXPECT_EQ(limit->to_number<std::int64_t>(), 50) << path;
  }
}

}  // namespace
}  // namespace sallyport::admin_service
