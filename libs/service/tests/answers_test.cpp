#include "sallyport/service/answers.hpp"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Answers : public ::testing::Test {
 protected:
  Answers() {
    asked_.path = "/payments";
    asked_.request_id = "0190163d-8694-739b-aea5-966c26f8ad91";
  }
  Exchange asked_;
};

const std::string& body_of(const net::Response& response) {
  return std::get<std::string>(response.body);
}

TEST_F(Answers, NameTheirOccasion) {
  const auto response = refuse(asked_, ErrorCode::NotFound, "There is no such payment.", "\"more\":1");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.code, "not_found");
  EXPECT_THAT(body_of(response), HasSubstr(R"("instance":"/payments")"));
  EXPECT_THAT(body_of(response), HasSubstr(R"("request_id":"0190163d-8694-739b-aea5-966c26f8ad91")"));
  EXPECT_THAT(body_of(response), HasSubstr(R"("more":1)"));
  EXPECT_THAT(response.fields, Not(HasSubstr("WWW-Authenticate")));
}

TEST_F(Answers, ChallengeWhoeverIsNotKnown) {
  const struct {
    ErrorCode code;
    const char* challenge;
  } rows[] = {
      {ErrorCode::AuthenticationRequired, "WWW-Authenticate: Bearer\r\n"},
      {ErrorCode::InvalidToken, "WWW-Authenticate: Bearer error=\"invalid_token\""},
      {ErrorCode::TokenExpired, "has expired\"\r\n"},
      {ErrorCode::TokenRevoked, "has been revoked\"\r\n"},
  };
  for (const auto& row : rows) EXPECT_THAT(refuse(asked_, row.code, "x").fields, HasSubstr(row.challenge));
}

TEST_F(Answers, ListAllThatIsWrong) {
  const std::array errors{FieldError{"/amount", "type", "must be a number"},
                          FieldError{"/a\"b", "unknown_field", "is not known here"}};
  const auto response = refuse_invalid(asked_, errors);
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(body_of(response),
              HasSubstr(R"("errors":[{"pointer":"/amount","code":"type","message":"must be a number"},)"
                        R"({"pointer":"/a\"b","code":"unknown_field","message":"is not known here"}])"));
  EXPECT_THAT(body_of(refuse_invalid(asked_, FieldError{"", "x", "y"})),
              HasSubstr(R"("errors":[{"pointer":"","code":"x","message":"y"}])"));
}

TEST_F(Answers, KeepWhatWentWrongInsideToThemselves) {
  const Error secret{ErrorCode::ServiceUnavailable, "password authentication failed for user payments"};
  const auto response = unavailable(asked_, secret);
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.fields, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(body_of(response), Not(HasSubstr("password")));
  EXPECT_EQ(unavailable(asked_, {ErrorCode::Overloaded, "full"}).code, "overloaded");
  EXPECT_EQ(unavailable(asked_, {ErrorCode::NotFound, "a row"}).status, 500) << "an Error is never the client's fault";
}

TEST_F(Answers, ForOneUserAreNotKept) {
  EXPECT_THAT(private_json(200, "{}").fields, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(no_content().fields, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_EQ(no_content().status, 204);
}

}  // namespace
}  // namespace sallyport::service
