#include "sallyport/validation/openapi.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "controllers/forms.hpp"
#include "payments_loop.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::payments_service {
namespace {

TEST(PaymentsContract, DescribesEveryRouteAndNoOther) {
  const auto document = validation::OpenApi::load(openapi::document("payments"));
  ASSERT_TRUE(document.has_value());
  std::set<std::string> described, served;
  for (const validation::Operation& operation : document->operations()) {
    described.insert(std::string(operation.method()) + " " + std::string(operation.path()));
  }
  for (const service::Route& route : PaymentsLoop::routes()) {
    served.insert(std::string(net::http::to_string(route.method)) + " " + std::string(route.pattern));
    EXPECT_EQ(route.access, service::Access::Bearer);
  }
  EXPECT_EQ(served, described);
}

TEST(PaymentsContract, TakesExactlyTheCurrenciesOfTheDomain) {
  const auto document = validation::OpenApi::load(openapi::document("payments"));
  ASSERT_TRUE(document.has_value());
  const auto found = document->find("POST", "/payments");
  ASSERT_TRUE(found.has_value());
  std::string code = "AAA";
  for (code[0] = 'A'; code[0] <= 'Z'; ++code[0]) {
    for (code[1] = 'A'; code[1] <= 'Z'; ++code[1]) {
      for (code[2] = 'A'; code[2] <= 'Z'; ++code[2]) {
        const auto body = R"({"amount":1,"currency":")" + code + "\"}";
        ASSERT_EQ(found->operation->check_body("application/json", body).has_value(),
                  payments::Currency::parse(code).has_value())
            << code;
      }
    }
  }
}

TEST(PaymentsPosition, ReadsWhatItWrites) {
  const std::string id = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711";
  const auto position = read_position("1767225599000001:" + id);
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->first.time_since_epoch().count(), 1767225599000001);
  EXPECT_EQ(position->second.to_string(), id);
  for (const std::string& text :
       {std::string(), std::string("1"), std::string("1:"), ":" + id, "x:" + id, id, "1:" + id + "x"}) {
    EXPECT_FALSE(read_position(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sallyport::payments_service
