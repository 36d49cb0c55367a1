#include <gtest/gtest.h>

#include <set>
#include <string>

#include "pages/assets.hpp"
#include "pages/html.hpp"
#include "pages/problem_guide.hpp"
#include "sallyport/openapi/documents.hpp"

namespace sallyport::api_gateway {
namespace {

TEST(ProblemGuide, TellsWhatEveryCodeMeansAndWhatToDo) {
  std::set<std::string_view> meanings;
  for (std::size_t i = 0; i < kErrorCodes; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    SCOPED_TRACE(info(code).code);
    EXPECT_TRUE(guide(code).meaning.ends_with('.'));
    EXPECT_TRUE(guide(code).advice.ends_with('.'));
    EXPECT_TRUE(meanings.insert(guide(code).meaning).second) << "the text of another code";
    EXPECT_EQ(find_error_code(info(code).code), code);
  }
}

TEST(ProblemGuide, KnowsNoOtherCodes) {
  for (const std::string_view name : {"", "rate", "RATE_LIMITED", "rate_limited/", "internal"}) {
    EXPECT_FALSE(find_error_code(name)) << name;
  }
}

TEST(ProblemPages, NameCodeStatusAndTitle) {
  for (std::size_t i = 0; i < kErrorCodes; ++i) {
    const ErrorInfo& problem = info(static_cast<ErrorCode>(i));
    SCOPED_TRACE(problem.code);
    const std::string html = problem_html(static_cast<ErrorCode>(i));
    EXPECT_NE(html.find("<h1>" + std::string(problem.title) + "</h1>"), std::string::npos);
    EXPECT_NE(html.find("status " + std::to_string(problem.status)), std::string::npos);
    const std::string link = "href=\"/problems/" + std::string(problem.code) + "\"";
    EXPECT_NE(problem_index_html().find(link), std::string::npos);
  }
}

TEST(ReferencePage, LoadsOnlyFromHere) {
  for (const std::string_view name : openapi::document_names()) {
    const std::string html = reference_html(name);
    EXPECT_EQ(html.find("//"), std::string::npos);
    EXPECT_NE(html.find("data-document=\"/openapi/" + std::string(name) + ".yaml\""), std::string::npos);
    EXPECT_NE(html.find(redoc_path()), std::string::npos);
    EXPECT_EQ(html.find("<script>"), std::string::npos) << "no script of its own, so that the policy can be strict";
  }
}

TEST(Assets, AreBuiltIn) {
  std::set<std::string_view> names;
  for (const EmbeddedFile& file : embedded_assets()) {
    names.insert(file.name);
    EXPECT_FALSE(file.bytes.empty()) << file.name;
    if (file.name == "redoc.js.gz") EXPECT_TRUE(file.bytes.starts_with("\x1f\x8b"));
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"pages.css", "reference.js", "redoc.js", "redoc.js.gz", "redoc.txt"}));
}

}  // namespace
}  // namespace sallyport::api_gateway
