#include "sallyport/validation/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sallyport/validation/json_reader.hpp"

namespace sallyport::validation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

boost::json::value json_of(std::string_view text) {
  auto value = parse_json(text, {.bytes_max = std::size_t{64} << 20U});
  EXPECT_TRUE(value.has_value()) << text.substr(0, 200);
  return value ? std::move(*value) : boost::json::value();
}

Schema schema_of(std::string_view text, const SchemaOptions& options = {}) {
  auto schema = Schema::compile(json_of(text), options);
  if (!schema) throw std::runtime_error(schema.error().place + ": " + schema.error().why);
  return std::move(*schema);
}

/// "/pointer code" for each error.
std::vector<std::string> errors_of(std::string_view schema, std::string_view value) {
  std::vector<std::string> out;
  for (const auto& error : schema_of(schema).validate(json_of(value))) {
    out.push_back(error.pointer + " " + std::string(error.code));
    EXPECT_NE(std::ranges::find(kErrorCodes, error.code), std::end(kErrorCodes)) << error.code;
  }
  return out;
}

struct CodeCase {
  std::string_view code;
  std::string_view schema;
  std::string_view value;
  std::string_view pointer;
  std::string_view message;
};

constexpr std::array kCodes = std::to_array<CodeCase>({
    {"required", R"({"required":["amount"]})", "{}", "/amount", "is missing"},
    {"type", R"({"type":"integer"})", "\"x\"", "", "must be an integer"},
    {"type", R"({"type":["string","null"]})", "1", "", "must be a string or null"},
    {"type", R"({"type":["number","array","boolean"]})", "{}", "", "must be a number or true or false or an array"},
    {"unknown_field", R"({"properties":{"a":{}},"additionalProperties":false})", R"({"b":1})", "/b",
     "is not known here"},
    {"unknown_field", R"({"properties":{"a":{}},"unevaluatedProperties":false})", R"({"b":1})", "/b",
     "is not known here"},
    {"enum", R"({"enum":["user","admin"]})", "\"root\"", "", "must be one of: user, admin"},
    {"enum", R"({"enum":["a",1,null]})", "2", "", "must be one of: a, 1, null"},
    {"const", R"({"const":"yes"})", "\"no\"", "", "must be yes"},
    {"minimum", R"({"minimum":1})", "0", "", "must be at least 1"},
    {"maximum", R"({"maximum":99999999})", "100000000", "", "must be at most 99999999"},
    {"exclusive_minimum", R"({"exclusiveMinimum":0})", "0", "", "must be more than 0"},
    {"exclusive_maximum", R"({"exclusiveMaximum":1.5})", "1.5", "", "must be less than 1.5"},
    {"multiple_of", R"({"multipleOf":0.01})", "0.005", "", "must be a multiple of 0.01"},
    {"min_length", R"({"minLength":1})", "\"\"", "", "must have at least 1 character"},
    {"max_length", R"({"maxLength":2})", "\"abc\"", "", "must have at most 2 characters"},
    {"pattern", R"({"pattern":"^[A-Z]{3}$"})", "\"eur\"", "", "does not have the form that is asked for"},
    {"format", R"({"format":"uuid"})", "\"1\"", "", "must be a valid uuid"},
    {"format", R"({"format":"int32"})", "3000000000", "", "must be an integer of 32 bits"},
    {"min_items", R"({"minItems":2})", "[1]", "", "must have at least 2 elements"},
    {"max_items", R"({"maxItems":1})", "[1,2]", "", "must have at most 1 element"},
    {"unique_items", R"({"uniqueItems":true})", "[1,1.0]", "", "has an element twice"},
    {"contains", R"({"contains":{"const":1}})", "[2]", "", "has no element of the kind that is asked for"},
    {"min_contains", R"({"contains":{"const":1},"minContains":2})", "[1]", "",
     "must have at least 2 elements of the kind that is asked for"},
    {"max_contains", R"({"contains":{"const":1},"maxContains":1})", "[1,1]", "",
     "must have at most 1 elements of one kind"},
    {"min_properties", R"({"minProperties":1})", "{}", "", "must have at least 1 member"},
    {"max_properties", R"({"maxProperties":0})", R"({"a":1})", "", "must have at most 0 members"},
    {"property_names", R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})", "/ab", "has a name that is not allowed"},
    {"dependent_required", R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})", "/b",
     "is missing; it has to be there with another member that was sent"},
    {"any_of", R"({"anyOf":[{"minimum":5},{"multipleOf":2}]})", "3", "", "has none of the forms that are allowed here"},
    {"one_of", R"({"oneOf":[{"minimum":5},{"multipleOf":2}]})", "6", "",
     "has more than one of the forms that exclude each other"},
    {"not", R"({"not":{"type":"null"}})", "null", "", "has a form that is not allowed"},
    {"forbidden", R"({"properties":{"a":false}})", R"({"a":1})", "/a", "is not allowed here"},
});

TEST(Schema, HasACodeAndAMessageForEveryKeyword) {
  for (const CodeCase& one : kCodes) {
    SCOPED_TRACE(one.schema);
    const auto errors = schema_of(one.schema).validate(json_of(one.value));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].code, one.code);
    EXPECT_EQ(errors[0].pointer, one.pointer);
    EXPECT_EQ(errors[0].message, one.message);
    EXPECT_FALSE(schema_of(one.schema).accepts(json_of(one.value)));
  }
}

TEST(Schema, ReportsEverythingInDocumentOrderAndWhatIsMissingLast) {
  constexpr std::string_view kSchema = R"({"type":"object","additionalProperties":false,
    "required":["amount","currency"],
    "allOf":[{"properties":{"reference":{"maxLength":1}}}],
    "properties":{"amount":{"type":"integer"},"currency":{},"reference":{"pattern":"^[a-z]*$"},
                  "items":{"items":{"required":["n"],"properties":{"n":{"minimum":1}}}}}})";
  EXPECT_THAT(errors_of(kSchema, R"({"zzz":1,"reference":"AB","items":[{"n":0},{}],"amount":"1"})"),
              ElementsAre("/zzz unknown_field", "/reference pattern", "/reference max_length", "/items/0/n minimum",
                          "/items/1/n required", "/amount type", "/currency required"));
}

TEST(Schema, SaysTheSameOfOnePlaceOnce) {
  EXPECT_THAT(
      errors_of(R"({"allOf":[{"minimum":1},{"minimum":1}],"$ref":"#/$defs/a","$defs":{"a":{"minimum":1}}})", "0"),
      ElementsAre(" minimum"));
}

TEST(Schema, EscapesAndCutsNamesInPointers) {
  const std::string name(500, 'x');
  const auto errors =
      schema_of(R"({"additionalProperties":false})").validate(json_of("{\"a/b~c\":1,\"" + name + "\":2}"));
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].pointer, "/a~1b~0c");
  EXPECT_EQ(errors[1].pointer, "/" + std::string(128, 'x'));
}

TEST(Schema, GivesTheReasonsOfTheOnlyBranchThatTakesTheType) {
  constexpr std::string_view kNullable = R"({"properties":{"a":{"anyOf":[{"$ref":"#/$defs/d"},{"type":"null"}]}},
    "$defs":{"d":{"type":"object","required":["x"]}}})";
  EXPECT_THAT(errors_of(kNullable, R"({"a":{}})"), ElementsAre("/a/x required"));
  EXPECT_THAT(errors_of(kNullable, R"({"a":1})"), ElementsAre("/a type"));
  EXPECT_THAT(errors_of(kNullable, R"({"a":null})"), ElementsAre());
}

TEST(Schema, ReportsUnknownFieldsBesideOtherErrors) {
  constexpr std::string_view kSchema =
      R"({"allOf":[{"properties":{"amount":{"type":"integer"}}}],"unevaluatedProperties":false})";
  EXPECT_THAT(errors_of(kSchema, R"({"amount":"x","bogus":1})"), ElementsAre("/amount type", "/bogus unknown_field"));
  // No branch passed, so nobody knows which of its fields would have been known.
  constexpr std::string_view kChoice =
      R"({"oneOf":[{"properties":{"a":{"const":1}}},{"properties":{"a":{"const":2}}}],"unevaluatedProperties":false})";
  EXPECT_THAT(errors_of(kChoice, R"({"a":3})"), ElementsAre(" one_of"));
}

TEST(Schema, StopsAtAHundredErrors) {
  std::string value = "{";
  for (int i = 0; i < 500; ++i) value += fmt::format("{}\"k{}\":1", i == 0 ? "" : ",", i);
  EXPECT_EQ(schema_of(R"({"additionalProperties":false})").validate(json_of(value + "}")).size(), kErrorsMax);
}

TEST(Schema, NeverEchoesTheValue) {
  const auto errors =
      schema_of(R"({"properties":{"a":{"type":"integer"},"b":{"pattern":"^x$","format":"email","enum":["y"]}}})")
          .validate(json_of(R"({"a":"hunter2","b":"hunter2"})"));
  ASSERT_EQ(errors.size(), 4U);
  for (const auto& error : errors) EXPECT_THAT(error.message, testing::Not(HasSubstr("hunter2")));
}

TEST(Schema, ComparesNumbersExactly) {
  EXPECT_TRUE(schema_of(R"({"maximum":9007199254740992})").validate(json_of("9007199254740993")).size() == 1);
  EXPECT_TRUE(schema_of(R"({"minimum":18446744073709551615})").accepts(json_of("18446744073709551615")));
  EXPECT_FALSE(schema_of(R"({"minimum":18446744073709551615})").accepts(json_of("9223372036854775807")));
  EXPECT_FALSE(schema_of(R"({"const":9007199254740993})").accepts(json_of("9007199254740992.5")));
  EXPECT_TRUE(schema_of(R"({"maximum":1e300})").accepts(json_of("18446744073709551615")));
  EXPECT_FALSE(schema_of(R"({"minimum":-0.5})").accepts(json_of("-1")));
  EXPECT_TRUE(schema_of(R"({"multipleOf":0.01})").accepts(json_of("19.99")));
  EXPECT_TRUE(schema_of(R"({"multipleOf":0.0001})").accepts(json_of("0.0075")));
  EXPECT_FALSE(schema_of(R"({"multipleOf":3})").accepts(json_of("1e300")));
  EXPECT_TRUE(schema_of(R"({"multipleOf":5e-324})").accepts(json_of("1e300")));
}

struct BadSchema {
  std::string_view name;
  std::string_view schema;
  std::string_view place;
  std::string_view why;
};

constexpr std::array kBadSchemas = std::to_array<BadSchema>({
    {"look-ahead", R"J({"properties":{"a":{"pattern":"^(?=x)"}}})J", "/properties/a/pattern", "looks ahead"},
    {"look-behind", R"J({"pattern":"(?<!x)y"})J", "/pattern", "looks ahead or behind"},
    {"back-reference", R"J({"pattern":"(a)\\1"})J", "/pattern", "refers back"},
    {"bad pattern", R"J({"pattern":"("})J", "/pattern", "RE2"},
    {"bad pattern of names", R"J({"patternProperties":{"[":{}}})J", "/patternProperties", "pattern"},
    {"misspelt keyword", R"J({"minLenght":1})J", "/minLenght", "not a keyword"},
    {"unknown type", R"J({"type":"float"})J", "/type", "type"},
    {"negative length", R"J({"minLength":-1})J", "/minLength", "not negative"},
    {"fraction of a length", R"J({"minLength":1.5})J", "/minLength", "integer"},
    {"zero divisor", R"J({"multipleOf":0})J", "/multipleOf", "more than 0"},
    {"list that is empty", R"J({"anyOf":[]})J", "/anyOf", "not empty"},
    {"no schema", R"J({"items":[1]})J", "/items", "must be a schema"},
    {"reference to nothing", R"J({"$ref":"#/$defs/x"})J", "/$ref", "leads to nothing"},
    {"reference to a stranger", R"J({"$ref":"https://example.com/x"})J", "/$ref", "never fetched"},
    {"anchor to nothing", R"J({"$ref":"#x"})J", "/$ref", "leads to nothing"},
    {"reference to itself", R"J({"$ref":"#"})J", "", "refers to itself"},
    {"reference in a circle",
     R"J({"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})J",
     "/$defs/", "refers to itself"},
    {"old dialect", R"J({"$schema":"http://json-schema.org/draft-07/schema#"})J", "", "only 2020-12"},
    {"same id twice", R"J({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})J", "/$defs/b", "$id"},
    {"same anchor twice", R"J({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})J", "/$defs/b", "twice"},
    {"required twice", R"J({"required":["a","a"]})J", "/required", "twice"},
    {"a number", "1", "", "must be a schema"},
});

TEST(Schema, RefusesWhatItCannotHoldToAndNamesThePlace) {
  for (const BadSchema& one : kBadSchemas) {
    SCOPED_TRACE(one.name);
    const auto schema = Schema::compile(json_of(one.schema));
    ASSERT_FALSE(schema.has_value());
    EXPECT_THAT(schema.error().place, testing::StartsWith(one.place));
    EXPECT_THAT(schema.error().why, HasSubstr(one.why));
  }
}

TEST(Schema, IgnoresUnknownKeywordsAndFormatsWhenToldTo) {
  const Schema schema =
      schema_of(R"({"minLenght":1,"format":"uuid"})",
                {.formats = Formats::Annotate, .unknown_keywords = UnknownKeywords::Ignore, .documents = {}});
  EXPECT_TRUE(schema.accepts(json_of("\"\"")));
}

TEST(Schema, FollowsReferencesIntoDocumentsAtHand) {
  const auto other = json_of(R"({"$defs":{"id":{"$anchor":"id","type":"string"}}})");
  const std::array documents{SchemaDocument{"https://example.com/ids", &other}};
  const Schema schema =
      schema_of(R"({"$id":"https://example.com/main","$ref":"ids#id"})",
                {.formats = Formats::Assert, .unknown_keywords = UnknownKeywords::Refuse, .documents = documents});
  EXPECT_TRUE(schema.accepts(json_of("\"x\"")));
  EXPECT_FALSE(schema.accepts(json_of("1")));
}

TEST(Schema, ValidatesSchemasByTheMetaschema) {
  const Schema schema = schema_of(R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})");
  EXPECT_TRUE(schema.accepts(json_of(R"({"properties":{"a":{"minLength":1}}})")));
  const auto errors = schema.validate(json_of(R"({"properties":{"a":{"minLength":-1}}})"));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors[0].pointer, "/properties/a/minLength");
}

}  // namespace
}  // namespace sallyport::validation
