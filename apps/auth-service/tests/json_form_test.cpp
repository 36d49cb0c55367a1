#include "http/json_form.hpp"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::auth_service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array kFields{FormField{"email"}, FormField{"password"}, FormField{"name", Presence::Optional}};

std::vector<std::string> errors_of(std::string_view text) {
  const auto form = read_form(text, kFields);
  if (form) return {};
  std::vector<std::string> out;
  if (std::holds_alternative<MalformedJson>(form.error())) return {"malformed"};
  for (const FormError& error : std::get<std::vector<FormError>>(form.error())) {
    out.push_back(error.pointer + " " + std::string(error.code));
  }
  return out;
}

TEST(Form, TakesWhatItsTableNames) {
  const auto form = read_form(R"( {"password":"a\u00e9\n","email":"x@y"} )", kFields);
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(form->text("email"), "x@y");
  EXPECT_EQ(form->secret("password").expose(), "a\xc3\xa9\n");
  EXPECT_FALSE(form->has("name"));
}

TEST(Form, ReportsEverythingInTheOrderOfTheTextThenWhatIsMissing) {
  EXPECT_THAT(
      errors_of(R"({"zip":1,"email":["a"],"a/b~c":"x","name":null})"),
      ElementsAre("/zip unknown_field", "/email type", "/a~1b~0c unknown_field", "/name type", "/password required"));
}

TEST(Form, WantsAnObject) {
  for (const char* text : {"[]", "1", "\"email\"", "null", "true", R"([{"email":"a","password":"b"}])"}) {
    EXPECT_THAT(errors_of(text), ElementsAre(" type")) << text;
  }
}

struct Malformed {
  const char* what;
  std::string text;
};

TEST(Form, RefusesWhatParsersReadDifferently) {
  const Malformed rows[] = {
      {"nothing", ""},
      {"white space", "  "},
      {"half", R"({"email":"a")"},
      {"a name twice", R"({"email":"a","email":"b","password":"c"})"},
      {"a name twice, once escaped", R"({"email":"a","\u0065mail":"b","password":"c"})"},
      {"a name twice further down", R"({"email":"a","password":"b","x":[{"k":1,"k":2}]})"},
      {"something behind", R"({"email":"a","password":"b"}{})"},
      {"a byte behind", R"({"email":"a","password":"b"}x)"},
      {"a comment", R"({"email":"a",/* */"password":"b"})"},
      {"a trailing comma", R"({"email":"a","password":"b",})"},
      {"NaN", R"({"email":NaN,"password":"b"})"},
      {"single quotes", R"({'email':'a','password':'b'})"},
      {"a byte that is no UTF-8", "{\"email\":\"\xff\",\"password\":\"b\"}"},
      {"an overlong encoding", "{\"email\":\"\xc0\xaf\",\"password\":\"b\"}"},
      {"half a surrogate pair", R"({"email":"\ud800","password":"b"})"},
      {"a raw line end in a string", "{\"email\":\"a\nb\",\"password\":\"b\"}"},
      {"a NUL behind", R"({"email":"a","password":"b"})" + std::string(1, '\0')},
  };
  for (const Malformed& row : rows) EXPECT_THAT(errors_of(row.text), ElementsAre("malformed")) << row.what;
}

TEST(Form, StopsAtThirtyTwoLevels) {
  const auto nested = [](std::size_t levels) {
    return R"({"email":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + R"(,"password":"b"})";
  };
  EXPECT_THAT(errors_of(nested(32)), ElementsAre("/email type"));
  EXPECT_THAT(errors_of(nested(33)), ElementsAre("malformed"));
  EXPECT_THAT(errors_of(std::string(16384, '[')), ElementsAre("malformed"));
}

TEST(Form, AnswersAHostileBodyWithAShortList) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  text += "\"" + std::string(4000, 'x') + "\":1}";
  EXPECT_EQ(errors_of(text).size(), kFormErrorsMax);
  const auto form = read_form("{\"" + std::string(4000, 'x') + "\":1}", kFields);
  ASSERT_FALSE(form.has_value());
  EXPECT_LT(std::get<std::vector<FormError>>(form.error()).front().pointer.size(), 200U);
}

TEST(Form, KeepsAnEmptyStringApartFromNothing) {
  EXPECT_THAT(errors_of(R"({"email":"","password":""})"), IsEmpty());
}

}  // namespace
}  // namespace sallyport::auth_service
