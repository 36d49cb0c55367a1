#include "sallyport/validation/openapi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::validation {
namespace {

using net::http::Field;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kPayments = R"(
openapi: 3.1.0
info: {title: Payments, version: 1.0.0}
paths:
  /payments:
    parameters:
      - {name: X-Trace, in: header, schema: {type: string, maxLength: 4}}
    get:
      operationId: list_payments
      parameters:
        - {name: status, in: query, schema: {type: string, enum: [captured, failed]}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 20}}
        - {name: ids, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - {name: tag, in: query, schema: {type: array, maxItems: 2, items: {type: string, minLength: 1}}}
        - {name: deep, in: query, schema: {type: boolean}}
    post:
      operationId: create_payment
      parameters:
        - $ref: '#/components/parameters/IdempotencyKey'
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NewPayment'}
  /payments/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
  /payments/search:
    get: {}
  /payments/{id}/capture:
    post:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      requestBody:
        content:
          application/json: {schema: {type: object, additionalProperties: false, properties: {amount: {type: integer}}}}
          text/*: {}
components:
  parameters:
    IdempotencyKey: {name: Idempotency-Key, in: header, required: true, schema: {type: string, minLength: 1}}
  schemas:
    NewPayment:
      type: object
      additionalProperties: false
      required: [amount, currency]
      properties:
        id: {type: string, readOnly: true}
        amount: {type: integer, minimum: 1, maximum: 99999999}
        currency: {type: string, pattern: '^[A-Z]{3}$'}
        capture: {type: boolean, default: true}
        description: {type: [string, 'null'], maxLength: 255}
        metadata: {type: object, maxProperties: 20, additionalProperties: {type: string}}
)";

const OpenApi& payments() {
  static const OpenApi api = [] {
    auto loaded = OpenApi::load(kPayments);
    if (!loaded) throw std::runtime_error(loaded.error()[0].place + ": " + loaded.error()[0].why);
    return std::move(*loaded);
  }();
  return api;
}

std::vector<std::string> in_short(const ValidationErrors& errors) {
  std::vector<std::string> out;
  for (const auto& error : errors) out.push_back(error.pointer + " " + std::string(error.code));
  return out;
}

std::expected<Parameters, ValidationErrors> check(std::string_view method, std::string_view path,
                                                  std::string_view query, std::vector<Field> headers = {}) {
  const auto match = payments().find(method, path);
  if (!match) throw std::runtime_error("no operation");
  return match->operation->check_parameters(match->path_values, query, headers);
}

std::vector<std::string> query_errors(std::string_view query) {
  const auto parameters = check("GET", "/payments", query);
  return parameters ? std::vector<std::string>() : in_short(parameters.error());
}

TEST(OpenApi, FindsOperationsByPathAndMethod) {
  EXPECT_EQ(payments().find("POST", "/payments")->operation->id(), "create_payment");
  EXPECT_EQ(payments().find("GET", "/payments/search")->operation->path(), "/payments/search");
  const auto match = payments().find("GET", "/payments/a%2Fb");
  ASSERT_TRUE(match.has_value());
  EXPECT_EQ(match->operation->path(), "/payments/{id}");
  EXPECT_EQ(match->path_values[0].raw, "a%2Fb");
  EXPECT_EQ(payments().find("HEAD", "/payments")->operation->method(), "GET");
  EXPECT_EQ(payments().operations().size(), 5U);
}

TEST(OpenApi, TellsAMissingMethodFromAMissingPath) {
  EXPECT_THAT(payments().find("DELETE", "/payments").error().allowed, ElementsAre("GET", "POST"));
  EXPECT_THAT(payments().find("GET", "/payments/1/capture").error().allowed, ElementsAre("POST"));
  for (const std::string_view path : {"/", "", "payments", "/payment", "/payments/", "/Payments", "/payments/1/2",
                                      "/payments//capture", "/payments%ff", "/payments/1/%ff"}) {
    const auto none = payments().find("GET", path);
    ASSERT_FALSE(none.has_value()) << path;
    EXPECT_THAT(none.error().allowed, IsEmpty()) << path;
  }
}

TEST(OpenApi, ComplainsAboutAParameterThatIsNoText) {
  // A route table matches these: what the document says of them must not be that there is no such path.
  for (const std::string_view raw : {"%FF", "%C3", "%ED%A0%80", "x%F8y", "%zz"}) {
    const std::string path = "/payments/" + std::string(raw);
    const auto match = payments().find("GET", path);
    ASSERT_TRUE(match.has_value()) << raw;
    const auto checked = match->operation->check_parameters(match->path_values, "", {});
    ASSERT_FALSE(checked.has_value()) << raw;
    EXPECT_THAT(in_short(checked.error()), ElementsAre("/path/id encoding")) << raw;
  }
}

TEST(OpenApi, StripsItsBasePath) {
  const auto api = OpenApi::load(kPayments, {.base_path = "/api/v1/"});
  ASSERT_TRUE(api.has_value());
  EXPECT_TRUE(api->find("GET", "/api/v1/payments").has_value());
  EXPECT_FALSE(api->find("GET", "/payments").has_value());
  EXPECT_FALSE(api->find("GET", "/api/v1").has_value());
  EXPECT_FALSE(api->find("GET", "/api/v1payments").has_value());
}

TEST(OpenApi, SaysWhichParametersThereAre) {
  const auto infos = payments().find("POST", "/payments")->operation->parameters();
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos[0].name, "idempotency-key");
  EXPECT_TRUE(infos[0].required);
  EXPECT_EQ(infos[1].name, "x-trace");
  EXPECT_TRUE(payments().find("GET", "/payments")->operation->parameters()[2].is_list);
}

TEST(OpenApi, TypesParametersBySchema) {
  const auto parameters = check("GET", "/payments", "status=captured&limit=5&ids=1,2&tag=a%2Cb&tag=c+d&deep=true");
  ASSERT_TRUE(parameters.has_value());
  EXPECT_EQ(parameters->find(ParameterIn::Query, "limit")->as_int64(), 5);
  EXPECT_EQ(parameters->text(ParameterIn::Query, "limit"), "5");
  EXPECT_EQ(boost::json::serialize(*parameters->find(ParameterIn::Query, "ids")), "[1,2]");
  EXPECT_EQ(boost::json::serialize(*parameters->find(ParameterIn::Query, "tag")), R"(["a,b","c d"])");
  EXPECT_TRUE(parameters->find(ParameterIn::Query, "deep")->as_bool());
  EXPECT_EQ(parameters->find(ParameterIn::Path, "limit"), nullptr);
}

TEST(OpenApi, FillsInTheDefaultOfAParameter) {
  const auto parameters = check("GET", "/payments", "");
  ASSERT_TRUE(parameters.has_value());
  EXPECT_EQ(parameters->find(ParameterIn::Query, "limit")->as_int64(), 20);
  EXPECT_EQ(parameters->text(ParameterIn::Query, "limit"), std::nullopt);
  EXPECT_EQ(parameters->find(ParameterIn::Query, "status"), nullptr);
}

TEST(OpenApi, RefusesQueriesThatAreNotDeclaredOrAmbiguous) {
  EXPECT_THAT(query_errors("limit=0"), ElementsAre("/query/limit minimum"));
  EXPECT_THAT(query_errors("limit=abc"), ElementsAre("/query/limit type"));
  EXPECT_THAT(query_errors("limit="), ElementsAre("/query/limit type"));
  EXPECT_THAT(query_errors("limit=%205"), ElementsAre("/query/limit type"));
  EXPECT_THAT(query_errors("limit=05"), ElementsAre("/query/limit type"));
  EXPECT_THAT(query_errors("limit=1.5"), ElementsAre("/query/limit type"));
  EXPECT_THAT(query_errors("limit=1&limit=2"), ElementsAre("/query/limit repeated"));
  EXPECT_THAT(query_errors("li%6Dit=1&limit=2"), ElementsAre("/query/limit repeated"));
  EXPECT_THAT(query_errors("ids=1&ids=2"), ElementsAre("/query/ids repeated"));
  EXPECT_THAT(query_errors("ids=1,x"), ElementsAre("/query/ids/1 type"));
  EXPECT_THAT(query_errors("tag=a&tag=b&tag="), ElementsAre("/query/tag max_items", "/query/tag/2 min_length"));
  EXPECT_THAT(query_errors("deep=yes"), ElementsAre("/query/deep type"));
  EXPECT_THAT(query_errors("nope=1&Limit=2&nope=3"),
              ElementsAre("/query/nope unknown_field", "/query/Limit unknown_field"));
  EXPECT_THAT(query_errors("status=%zz"), ElementsAre("/query/status encoding"));
  EXPECT_THAT(query_errors("status=%ff"), ElementsAre("/query/status encoding"));
  EXPECT_THAT(query_errors("%ff=1"), ElementsAre("/query/? encoding"));
  EXPECT_THAT(query_errors("&&limit=1&"), IsEmpty());
}

TEST(OpenApi, ChecksPathsAndHeaders) {
  EXPECT_THAT(in_short(check("GET", "/payments/x", "a=1").error()),
              ElementsAre("/path/id format", "/query/a unknown_field"));
  EXPECT_THAT(in_short(check("POST", "/payments", "").error()), ElementsAre("/header/idempotency-key required"));
  const auto good = check("POST", "/payments", "", {{"IDEMPOTENCY-key", " k1 "}, {"Other", "x"}});
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->text(ParameterIn::Header, "idempotency-key"), "k1");
  EXPECT_THAT(in_short(check("POST", "/payments", "", {{"Idempotency-Key", "a"}, {"idempotency-key", "b"}}).error()),
              ElementsAre("/header/idempotency-key repeated"));
  EXPECT_THAT(in_short(check("POST", "/payments", "", {{"Idempotency-Key", "\xff"}, {"X-Trace", "12345"}}).error()),
              ElementsAre("/header/idempotency-key encoding", "/header/x-trace max_length"));
}

struct BodyCase {
  std::string_view name;
  std::string_view type;
  std::string_view body;
  std::string outcome;  ///< the value, "415", "400", or the errors
};

std::string outcome_of(const Operation& operation, const BodyCase& one) {
  const auto value = operation.check_body(one.type, one.body);
  if (value) return boost::json::serialize(*value);
  if (std::holds_alternative<UnsupportedMediaType>(value.error())) return "415";
  if (std::holds_alternative<Malformed>(value.error())) return "400";
  std::string text;
  for (const auto& error : in_short(std::get<ValidationErrors>(value.error())))
    text += (text.empty() ? "" : "; ") + error;
  return text;
}

TEST(OpenApi, ChecksBodies) {
  const std::array kCases = std::to_array<BodyCase>({
      {"good", "application/json", R"({"amount":1.0,"currency":"EUR","description":null})",
       R"({"amount":1,"currency":"EUR","description":null})"},
      {"good with a charset", "Application/JSON ; charset=\"UTF-8\"", R"({"amount":1,"currency":"EUR"})",
       R"({"amount":1,"currency":"EUR"})"},
      {"all that is wrong", "application/json", R"({"bogus":1,"amount":"1","metadata":{"a":1}})",
       "/bogus unknown_field; /amount type; /metadata/a type; /currency required"},
      {"set by the server", "application/json", R"({"id":"x","amount":1,"currency":"EUR"})", "/id read_only"},
      {"other charset", "application/json; charset=utf-16", "{}", "415"},
      {"other type", "text/plain", "{}", "415"},
      {"no type", "", "{}", "415"},
      {"no media type", "json", "{}", "415"},
      {"charset twice", "application/json; charset=utf-8; charset=utf-16", "{}", "415"},
      {"malformed", "application/json", "{", "400"},
      {"name twice", "application/json", R"({"amount":1,"amount":2,"currency":"EUR"})", "400"},
      {"missing", "application/json", "", " required"},
      {"no object", "application/json", "[]", " type"},
  });
  for (const BodyCase& one : kCases) {
    EXPECT_EQ(outcome_of(*payments().find("POST", "/payments")->operation, one), one.outcome) << one.name;
  }
}

TEST(OpenApi, ChecksBodiesThatMayBeLeftOut) {
  const Operation& capture = *payments().find("POST", "/payments/1/capture")->operation;
  EXPECT_EQ(outcome_of(capture, {"none", "", "", {}}), "null");
  EXPECT_EQ(outcome_of(capture, {"unread", "text/csv", "a,b", {}}), "null");
  EXPECT_EQ(outcome_of(capture, {"json", "application/json", "{\"amount\":\"1\"}", {}}), "/amount type");
  EXPECT_TRUE(capture.takes_media_type("TEXT/plain;a=b"));
  EXPECT_FALSE(capture.takes_media_type("image/png"));
  EXPECT_FALSE(capture.reads_media_type("text/plain"));
  EXPECT_FALSE(capture.reads_media_type("image/png"));
  const Operation& list = *payments().find("GET", "/payments")->operation;
  EXPECT_EQ(outcome_of(list, {"none", "", "", {}}), "null");
  EXPECT_EQ(outcome_of(list, {"one", "application/json", "{}", {}}), " unexpected_body");
}

TEST(OpenApi, KnowsTheKeywordsOfThreeDotZero) {
  const auto api = OpenApi::load(R"(
openapi: 3.0.3
paths:
  /a:
    put:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                name: {type: string, nullable: true}
                rate: {type: number, minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: false}
                link: {$ref: '#/components/schemas/Link', description: beside a reference nothing counts}
components: {schemas: {Link: {type: string}}}
)");
  ASSERT_TRUE(api.has_value()) << api.error()[0].place << api.error()[0].why;
  const Operation& put = *api->find("PUT", "/a")->operation;
  EXPECT_EQ(outcome_of(put, {"", "application/json", R"({"name":null,"rate":1,"link":"x"})", {}}),
            R"({"name":null,"rate":1,"link":"x"})");
  EXPECT_EQ(outcome_of(put, {"", "application/json", R"({"name":1,"rate":0,"link":null})", {}}),
            "/name type; /rate exclusive_minimum; /link type");
  EXPECT_FALSE(OpenApi::load("openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {A: {type: string, nullable: true}}}")
                   .has_value());
}

}  // namespace
}  // namespace sallyport::validation
