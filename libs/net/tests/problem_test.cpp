#include "sallyport/net/problem.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

std::string instance_of(std::string_view path) {
  const Response response =
      problem(ErrorCode::NotFound, {.detail = {}, .instance = path, .request_id = {}, .members = {}});
  const std::string& body = std::get<std::string>(response.body);
  const auto begin = body.find(R"("instance":")") + 12;
  return body.substr(begin, body.find('"', begin) - begin);
}

TEST(Problem, NamesThePathThatWasAskedFor) {
  EXPECT_EQ(instance_of("/payments/42"), "/payments/42");
}

TEST(Problem, DoesNotRepeatATokenInThePath) {
  EXPECT_EQ(instance_of("/payments/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl/capture"),
            "/payments/***/capture");
  EXPECT_EQ(instance_of("/auth/rt1.k1." + std::string(43, 'A')), "/auth/***");
}

}  // namespace
}  // namespace sallyport::net
