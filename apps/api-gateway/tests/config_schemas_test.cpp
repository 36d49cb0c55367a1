#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config_testing.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::string_view kHead = R"(listen: 127.0.0.1:8080
instances: 1
upstreams: { shop: { hosts: ["127.0.0.1:9000"] } }
routes:
)";

constexpr std::string_view kDocument = R"(openapi: 3.1.0
info: {title: shop, version: '1'}
paths:
  /orders/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: fine}}
)";

/// A folder with `shop.yaml` in it.
class SchemaRoutes : public testing::Test {
 protected:
  SchemaRoutes() : folder_(fmt::format("{}schema_routes_{}", testing::TempDir(), ::getpid())) {
    std::filesystem::create_directories(folder_);
    write("shop.yaml", kDocument);
  }
  ~SchemaRoutes() override { std::filesystem::remove_all(folder_); }

  void write(std::string_view name, std::string_view text) const {
    std::ofstream(std::filesystem::path(folder_) / name, std::ios::binary) << text;
  }
  LoadedConfig load(std::string_view routes) const {
    return load_config(std::string(kHead) + std::string(routes), ConfigMode::Production, {}, folder_);
  }
  /// Of one route with these keys; the first column of `schema` is fixed by the keys before it.
  std::string problems(std::string_view keys) const {
    const auto loaded = load(fmt::format("- {{ path: /orders/*, upstream: shop, auth: none, {} }}\n", keys));
    return format_problems("f", loaded.problems);
  }

  std::string folder_;
};

TEST_F(SchemaRoutes, AreReadInBothForms) {
  const auto loaded = load(
      "- { path: /orders/*, upstream: shop, auth: none, schema: shop.yaml }\n"
      "- { path: /v1/*, upstream: shop, auth: none,\n"
      "    schema: { file: ./shop.yaml, mode: shadow, base_path: /v1, body_max: 64KiB } }\n"
      "- { path: /payments/*, upstream: shop, auth: none, schema: builtin:payments }\n"
      "- { path: /x, upstream: shop, auth: none }\n");
  ASSERT_EQ(format_problems("f", loaded.problems), "");
  const auto& routes = loaded.config.routes;
  ASSERT_TRUE(routes[0].schema);
  EXPECT_EQ(routes[0].schema->mode, SchemaMode::Enforce);
  EXPECT_EQ(routes[0].schema->body_max, 1U << 20U);
  EXPECT_NE(routes[0].schema->document, nullptr);
  EXPECT_EQ(routes[1].schema->mode, SchemaMode::Shadow);
  EXPECT_EQ(routes[1].schema->base_path, "/v1");
  EXPECT_EQ(routes[1].schema->body_max, 64U << 10U);
  EXPECT_NE(routes[1].schema->document, nullptr);
  EXPECT_NE(routes[2].schema->document, nullptr);
  EXPECT_FALSE(routes[3].schema);
}

TEST_F(SchemaRoutes, ShareADocumentThatTheyNameAlike) {
  const auto loaded = load(
      "- { path: /orders/*, methods: [GET], upstream: shop, auth: none, schema: shop.yaml }\n"
      "- { path: /orders/*, methods: [PUT], upstream: shop, auth: none, schema: { file: shop.yaml, mode: shadow } }\n"
      "- { path: /v1/*, upstream: shop, auth: none, schema: { file: shop.yaml, base_path: /v1 } }\n");
  ASSERT_EQ(format_problems("f", loaded.problems), "");
  const auto& routes = loaded.config.routes;
  EXPECT_EQ(routes[0].schema->document, routes[1].schema->document);
  EXPECT_NE(routes[0].schema->document, routes[2].schema->document);
}

TEST_F(SchemaRoutes, TellWhatIsWrongWithTheDocumentAtTheRoute) {
  write("typo.yaml", std::string(kDocument) + "      sumary: x\n");
  write("keyword.yaml",
        "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {/orders: {get: {parameters: [{name: a, "
        "in: query, schema: {minLenght: 1}}], responses: {'200': {description: a}}}}}\n");
  write("broken.yaml", "openapi: [");
  const std::string keyword = problems("schema: keyword.yaml");
  EXPECT_TRUE(keyword.starts_with("f:5:58: schema: keyword.yaml: line 3, ")) << keyword;
  EXPECT_NE(keyword.find("minLenght"), std::string::npos) << keyword;
  EXPECT_TRUE(problems("schema: broken.yaml").starts_with("f:5:58: schema: broken.yaml: line ")) << keyword;
  EXPECT_EQ(problems("schema: none.yaml"), "f:5:58: schema: none.yaml: cannot be read: No such file or directory\n");
  EXPECT_EQ(problems("schema: ."), "f:5:58: schema: .: cannot be read: Is a directory\n");
}

TEST_F(SchemaRoutes, TellItOnceForAllWhoNameTheDocument) {
  const auto loaded = load(
      "- { path: /a, upstream: shop, auth: none, schema: none.yaml }\n"
      "- { path: /b, upstream: shop, auth: none, schema: none.yaml }\n");
  EXPECT_EQ(loaded.problems.size(), 1U);
}

TEST_F(SchemaRoutes, RefuseWhatCannotBeMeant) {
  EXPECT_EQ(problems("schema: builtin:shop"),
            "f:5:58: schema: expected a file, or one of builtin:auth, builtin:payments, builtin:admin; found "
            "'builtin:shop'\n");
  EXPECT_EQ(problems("schema: { mode: shadow }"),
            "f:5:58: schema lacks the key 'file' (text: a path, or builtin: and a name)\n");
  EXPECT_NE(problems("schema: { file: shop.yaml, mode: watch }").find("mode: expected one of enforce, shadow"),
            std::string::npos);
  EXPECT_NE(problems("schema: { file: shop.yaml, base_path: v1 }").find("base_path: expected a path such as /v1"),
            std::string::npos);
  EXPECT_NE(problems("schema: { file: shop.yaml, body_max: 17MiB }").find("body_max: expected a size"),
            std::string::npos);
  EXPECT_NE(problems("schema: { fiel: shop.yaml, file: shop.yaml }").find("unknown key 'fiel'; did you mean 'file'?"),
            std::string::npos);
  EXPECT_NE(problems("schema: [shop.yaml]").find("schema: expected"), std::string::npos);
  EXPECT_EQ(problems("schema: shop.yaml, streaming: true"),
            "f:5:58: schema: a body must be complete to be checked; not with streaming: true\n");
}

TEST_F(SchemaRoutes, WarnOfADocumentThatTheyDoNotLeadTo) {
  const auto warns = [this](std::string_view keys) {
    const auto loaded = load(fmt::format("- {{ upstream: shop, auth: none, {} }}\n", keys));
    EXPECT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
    return !loaded.problems.empty();
  };
  EXPECT_TRUE(warns("path: /shop/*, schema: shop.yaml"));
  EXPECT_FALSE(warns("path: /shop/*, strip_prefix: /shop, schema: shop.yaml"));
  EXPECT_FALSE(warns("path: /*, schema: shop.yaml"));
  EXPECT_FALSE(warns("path: /orders/7, schema: shop.yaml"));
  EXPECT_FALSE(warns("path: /orders/7/*, schema: shop.yaml"));
  EXPECT_TRUE(warns("path: /orders, schema: shop.yaml"));
  EXPECT_TRUE(warns("path: /orders/7/items/*, schema: shop.yaml"));
  EXPECT_TRUE(warns("path: /orders/*, schema: { file: shop.yaml, base_path: /v1 }"));
}

TEST_F(SchemaRoutes, LeaveThePathOfTheGatewaysStatusToIt) {
  constexpr std::string_view kStatus = "- { path: /admin/gateway/status, upstream: shop, auth: none }\n";
  EXPECT_EQ(format_problems("f", load(kStatus).problems), "");
  const auto loaded = load(std::string(kStatus) +
                           "- { path: /x, upstream: shop, auth: required }\n"
                           "issuer: a\naudience: b\njwks_url: https://a.example/keys\n");
  EXPECT_EQ(
      format_problems("f", loaded.problems),
      "f:5:11: path: /admin/gateway/status is answered by the gateway itself as soon as a route asks for tokens\n");
}

}  // namespace
}  // namespace sallyport::api_gateway
