#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "sallyport/validation/openapi.hpp"

namespace sallyport::validation {
namespace {

using testing::HasSubstr;

struct BadDocument {
  std::string_view name;
  std::string_view paths;  ///< indented below `paths:`
  std::string_view place;
  std::string_view why;
};

constexpr std::array kBad = std::to_array<BadDocument>({
    {"remote schema",
     "  /a:\n    post:\n      requestBody: {content: {application/json: {schema: {$ref: 'other.yaml#/X'}}}}\n",
     "/paths/~1a/post/requestBody/content/application~1json/schema", "never fetched"},
    {"remote parameter", "  /a:\n    get:\n      parameters:\n        - $ref: 'https://example.com/p'\n",
     "/paths/~1a/get/parameters/0", "never fetched"},
    {"dangling reference", "  /a:\n    get:\n      parameters: [{$ref: '#/components/parameters/P'}]\n", "parameters/0",
     "leads to nothing"},
    {"look-ahead",
     "  /a:\n    get:\n      parameters: [{name: q, in: query, schema: {type: string, pattern: '(?=x)'}}]\n",
     "/paths/~1a/get/parameters/0/schema/pattern", "looks ahead"},
    {"misspelt keyword",
     "  /a:\n    get:\n      parameters: [{name: q, in: query, schema: {type: string, maxLenght: 1}}]\n", "maxLenght",
     "not a keyword"},
    {"misspelt key", "  /a:\n    get: {parmeters: []}\n", "/paths/~1a/get/parmeters", "no key of an operation"},
    {"unknown method", "  /a:\n    fetch: {}\n", "/paths/~1a/fetch", "neither a method"},
    {"path without slash", "  a: {}\n", "/paths/a", "begin with /"},
    {"part of a segment", "  /a/{id}.json:\n    get: {}\n", "/paths", "whole segment"},
    {"undeclared path parameter", "  /a/{id}:\n    get: {}\n", "/get", "not declared"},
    {"path parameter without a place",
     "  /a:\n    get: {parameters: [{name: id, in: path, required: true, schema: {type: string}}]}\n", "/get",
     "not in the path"},
    {"optional path parameter", "  /a/{id}:\n    get: {parameters: [{name: id, in: path, schema: {type: string}}]}\n",
     "/get", "required: true"},
    {"same requests",
     "  /a/{x}:\n    get: {parameters: [{name: x, in: path, required: true, schema: {type: string}}]}\n  /a/{y}:\n    "
     "get: {parameters: [{name: y, in: path, required: true, schema: {type: string}}]}\n",
     "/paths", "same requests"},
    {"cookie", "  /a:\n    get: {parameters: [{name: c, in: cookie, schema: {type: string}}]}\n", "parameters/0",
     "path, query or header"},
    {"style", "  /a:\n    get: {parameters: [{name: q, in: query, style: deepObject, schema: {type: object}}]}\n",
     "parameters/0", "not supported"},
    {"object", "  /a:\n    get: {parameters: [{name: q, in: query, schema: {type: object}}]}\n", "parameters/0",
     "an object is not supported"},
    {"parameter twice",
     "  /a:\n    get: {parameters: [{name: X, in: header, schema: {}}, {name: x, in: header, schema: {}}]}\n",
     "parameters/1", "twice"},
    {"operationId twice", "  /a:\n    get: {operationId: x}\n    post: {operationId: x}\n", "/post", "operationId"},
    {"form body",
     "  /a:\n    post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object}}}}}\n",
     "content", "not JSON"},
    {"bad answer schema",
     "  /a:\n    get: {responses: {'200': {content: {application/json: {schema: {type: text}}}}}}\n", "responses/200",
     "type"},
});

TEST(OpenApi, NamesThePlaceOfEveryLoadError) {
  for (const BadDocument& one : kBad) {
    SCOPED_TRACE(one.name);
    const auto api = OpenApi::load("openapi: 3.1.0\npaths:\n" + std::string(one.paths));
    ASSERT_FALSE(api.has_value());
    EXPECT_THAT(api.error()[0].place, HasSubstr(one.place));
    EXPECT_THAT(api.error()[0].place, testing::StartsWith("line "));
    EXPECT_THAT(api.error()[0].why, HasSubstr(one.why));
  }
}

TEST(OpenApi, TellsSeveralProblemsAtOnce) {
  const auto api = OpenApi::load(
      "openapi: 3.1.0\npaths:\n  /a:\n    fetch: {}\n    get:\n      parameters: [{name: q, in: query, schema: {typ: "
      "1}}]\n"
      "components: {schemas: {A: {pattern: '('}}}\n");
  ASSERT_FALSE(api.has_value());
  EXPECT_EQ(api.error().size(), 3U);
}

TEST(OpenApi, RefusesOtherVersionsAndTexts) {
  for (const std::string_view text :
       {"", "[]", "openapi: 2.0", "openapi: 3.1", "swagger: '2.0'", "openapi: 3.2.0\npaths: {}", "openapi: 3.1.0",
        "{\"openapi\":\"3.1.0\",\"openapi\":\"3.1.0\"}", "a: ["}) {
    EXPECT_FALSE(OpenApi::load(text).has_value()) << text;
  }
  EXPECT_TRUE(OpenApi::load("openapi: 3.1.0\npaths: {}").has_value());
  EXPECT_TRUE(OpenApi::load(R"({"openapi":"3.0.3","paths":{}})").has_value());
  EXPECT_FALSE(OpenApi::load("openapi: 3.1.0\npaths: {}", {.base_path = "api"}).has_value());
}

}  // namespace
}  // namespace sallyport::validation
