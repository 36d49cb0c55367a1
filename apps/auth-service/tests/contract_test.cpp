#include "sallyport/service/contract.hpp"

#include <string>

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "auth_loop.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::auth_service {
namespace {

class AuthContract : public ::testing::Test {
 protected:
  const validation::Operation& operation(std::string_view path) const {
    return *document_.find("POST", path).value().operation;
  }
  bool takes(std::string_view path, const boost::json::object& body) const {
    return operation(path).check_body("application/json", boost::json::serialize(body)).has_value();
  }

  const validation::OpenApi document_ = validation::OpenApi::load(openapi::document("auth")).value();
};

TEST_F(AuthContract, EveryRouteStandsInTheDocumentWithItsAccess) {
  const auto open = {"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"};
  for (const service::Route& route : AuthLoop::routes()) {
    std::string path(route.pattern);
    if (const auto id = path.find("{id}"); id != std::string::npos) path.replace(id, 4, "x");
    const auto match = document_.find(net::http::to_string(route.method), path);
    ASSERT_TRUE(match.has_value()) << route.pattern;
    EXPECT_EQ(match->operation->path(), route.pattern);
    const bool anyone = std::ranges::find(open, route.pattern) != open.end();
    EXPECT_EQ(route.access, anyone ? service::Access::Anyone : service::Access::Bearer) << route.pattern;
  }
  EXPECT_EQ(document_.operations().size(), AuthLoop::routes().size() + 1) << "the keys are a document, not a route";
}

// An address that the contract takes and the domain does not, or the other way round, would be a contract that lies.
TEST_F(AuthContract, TakesTheAddressesThatTheDomainTakes) {
  const std::string rows[] = {
      "a@b",   "a@b.c", " a@b.test\t", "a@.b",      "a@b.",    "a@b..c",      "a@b@c", "@b",     "a@",    "a b@c",
      "a@b c", "a@b_c", "A!#$%@B",     "a@-",       "a(@b",    ".a@b",        "a.@b",  "a..b@c", "a.b@c", "a@-b",
      "a@b-",  "a@b-c", "a\\@b",       "\"a\"@b.c", "a,b@c.d", "a@[1.2.3.4]", "ü@b.c", "a@ü.c",  "",      "a\n@b.c"};
  for (const std::string& email : rows) {
    EXPECT_EQ(takes("/auth/register", {{"email", email}, {"password", "x"}}), accounts::Email::parse(email).has_value())
        << email;
  }
  for (const std::size_t size : {1U, 63U, 64U, 65U}) {
    const std::string email = std::string(size, 'a') + "@b.c";
    EXPECT_EQ(takes("/auth/register", {{"email", email}, {"password", "x"}}), accounts::Email::parse(email).has_value())
        << size;
  }
  for (const std::size_t size : {1U, 62U, 63U, 64U}) {
    const std::string email = "a@" + std::string(size, 'b');
    EXPECT_EQ(takes("/auth/register", {{"email", email}, {"password", "x"}}), accounts::Email::parse(email).has_value())
        << size;
  }
  for (const std::size_t size : {253U, 254U, 255U}) {
    std::string email = "a@" + std::string(size - 2, 'b');
    for (std::size_t i = 50; i + 1 < email.size(); i += 50) email[i] = '.';
    EXPECT_EQ(takes("/auth/register", {{"email", email}, {"password", "x"}}), accounts::Email::parse(email).has_value())
        << size;
  }
}

// Its refusal has a code of its own, and a wrong one has to count, however long it is.
TEST_F(AuthContract, LeavesPasswordsAndTokensToTheDomain) {
  for (const std::size_t size : {0U, 1U, 7U, 1024U, 1025U, 4096U}) {
    const std::string text(size, 'x');
    EXPECT_TRUE(takes("/auth/register", {{"email", "a@b.c"}, {"password", text}})) << size;
    EXPECT_TRUE(takes("/auth/login", {{"email", "a@b.c"}, {"password", text}})) << size;
    EXPECT_TRUE(takes("/auth/password", {{"current_password", text}, {"new_password", text.substr(0, 8)}})) << size;
    EXPECT_TRUE(takes("/auth/password", {{"current_password", text.substr(0, 8)}, {"new_password", text}})) << size;
    EXPECT_TRUE(takes("/auth/refresh", {{"refresh_token", text}})) << size;
    EXPECT_TRUE(takes("/auth/logout", {{"refresh_token", text}})) << size;
  }
}

}  // namespace
}  // namespace sallyport::auth_service
