#include "sallyport/validation/error_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::validation {
namespace {

TEST(ErrorText, ListsErrorsInTheirOrder) {
  std::string list;
  append_error(list, "/amount", "maximum", "must be at most 5");
  append_error(list, "/a\"b", "required", "is missing");
  EXPECT_EQ(errors_member(list), R"("errors":[{"pointer":"/amount","code":"maximum","message":"must be at most 5"},)"
                                 R"({"pointer":"/a\"b","code":"required","message":"is missing"}])");
}

TEST(ErrorText, KeepsTheNamesOfOrdinaryMembers) {
  for (const char* pointer : {"/password", "/query/access_token", "/header/idempotency-key"}) {
    std::string list;
    append_error(list, pointer, "c", "m");
    EXPECT_EQ(list, std::string(R"({"pointer":")") + pointer + R"(","code":"c","message":"m"})");
  }
}

TEST(ErrorText, DoesNotRepeatATokenThatSomebodyUsedAsAName) {
  std::string list;
  append_error(list, "/query/rt1.k1." + std::string(43, 'A'), "additionalProperties", "is not known");
  append_error(list, "/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOi", "additionalProperties", "is not known");  // cut
  EXPECT_EQ(list, R"({"pointer":"/query/***","code":"additionalProperties","message":"is not known"},)"
                  R"({"pointer":"/***","code":"additionalProperties","message":"is not known"})");
}

}  // namespace
}  // namespace sallyport::validation
