#include <time.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sallyport/validation/json_reader.hpp"
#include "sallyport/validation/schema.hpp"

namespace sallyport::validation {
namespace {

constexpr JsonLimits kLarge{.bytes_max = std::size_t{64} << 20U, .depth_max = 32};

boost::json::value json_of(const std::string& text) {
  auto value = parse_json(text, kLarge);
  if (!value) throw std::runtime_error(std::string(value.error().why));
  return std::move(*value);
}

Schema schema_of(const std::string& text) {
  auto schema = Schema::compile(json_of(text));
  if (!schema) throw std::runtime_error(schema.error().place + ": " + schema.error().why);
  return std::move(*schema);
}

/// What this thread has computed; the time on the wall belongs to whoever shares the cores.
std::chrono::duration<double> computed() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// The best of three, since other processes share the caches.
std::chrono::duration<double> time_of(const std::function<void()>& work) {
  auto best = std::chrono::duration<double>::max();
  for (int i = 0; i < 3; ++i) {
    const auto begin = computed();
    work();
    best = std::min(best, computed() - begin);
  }
  return best;
}

/// Eight times the input may cost 8 · 5 times the work, and not 64 times.
void expect_linear(const std::function<std::string(std::size_t)>& input, std::size_t size,
                   const std::function<void(const std::string&)>& work) {
  const std::string small = input(size);
  const std::string large = input(size * 8);
  const auto once = std::max(time_of([&] { work(small); }), std::chrono::duration<double>(0.0002));
  EXPECT_LT(time_of([&] { work(large); }) / once, 40.0);
}

std::string list_of(std::size_t count, const std::function<std::string(std::size_t)>& element) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "" : ",").append(element(i));
  return text + "]";
}

std::string object_of(std::size_t count, const std::function<std::string(std::size_t)>& name) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "\"" : ",\"").append(name(i)).append("\":1");
  return text + "}";
}

void read(const std::string& text) {
  (void)parse_json(text, kLarge);
}

TEST(JsonReaderWork, GrowsLinearly) {
  expect_linear([](std::size_t n) { return list_of(n, [](std::size_t) { return "1"; }); }, 30'000, read);
  expect_linear([](std::size_t n) { return list_of(n, [](std::size_t) { return "{}"; }); }, 15'000, read);
  expect_linear([](std::size_t n) { return "\"" + std::string(n, 'x') + "\""; }, 100'000, read);
  expect_linear([](std::size_t n) { return "0." + std::string(n, '1'); }, 100'000, read);
  expect_linear([](std::size_t n) { return std::string(n, '1'); }, 100'000, read);
  expect_linear([](std::size_t n) { return std::string(n, '['); }, 100'000, read);
  expect_linear([](std::size_t n) { return object_of(n, [](std::size_t i) { return fmt::format("k{}", i); }); }, 10'000,
                read);
  expect_linear([](std::size_t n) { return object_of(n, [](std::size_t i) { return fmt::format("\\u006b{}", i); }); },
                10'000, read);
}

/// Names that FNV-1a of 32 bits, and any sum of characters, put into few places.
TEST(JsonReaderWork, IsNotSlowedByNamesThatCollide) {
  const auto permuted = [](std::size_t i) {
    std::string name;
    for (std::size_t bit = 0; bit < 20; ++bit) name += (i >> bit & 1U) != 0 ? "ab" : "ba";
    return name;
  };
  expect_linear([&](std::size_t n) { return object_of(n, permuted); }, 5'000, read);
}

TEST(SchemaWork, CountsStepsInProportionToTheValue) {
  const Schema schema =
      schema_of(R"({"items":{"properties":{"a":{"type":"integer"},"b":{"anyOf":[{"minimum":1},{"maximum":0}]}}}})");
  const auto value = [](std::size_t n) { return json_of(list_of(n, [](std::size_t) { return R"({"a":1,"b":0})"; })); };
  const std::size_t once = schema.count_steps(value(1000));
  EXPECT_LE(schema.count_steps(value(2000)), once * 2);
}

TEST(SchemaWork, FindsEqualElementsBySorting) {
  const Schema schema = schema_of(R"({"uniqueItems":true})");
  const auto validate = [&schema](const std::string& text) { (void)schema.accepts(json_of(text)); };
  expect_linear([](std::size_t n) { return list_of(n, [](std::size_t i) { return std::to_string(i); }); }, 12'500,
                validate);
  expect_linear(
      [](std::size_t n) {
        return list_of(n, [](std::size_t i) { return fmt::format(R"({{"x":[{}],"y":"same"}})", i); });
      },
      12'500, validate);
  EXPECT_TRUE(schema.accepts(json_of(list_of(100'000, [](std::size_t i) { return fmt::format("\"{}\"", i); }))));
  EXPECT_FALSE(schema.accepts(json_of(list_of(100'000, [](std::size_t i) { return std::to_string(i % 99'999); }))));
  EXPECT_FALSE(schema.accepts(json_of(R"([1,2,3,4,5,6,{"a":1,"b":[2]},{"b":[2.0],"a":1.0}])")));
  EXPECT_TRUE(schema.accepts(json_of(R"([1,"1",true,"true",null,"null",[1],{"1":1},[[1]],[1,1]])")));
}

TEST(SchemaWork, MatchesHostilePatternsLinearly) {
  for (const std::string_view pattern :
       {"^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "a{1,100}a{1,100}b"}) {
    const Schema schema = schema_of(fmt::format(R"({{"pattern":"{}"}})", pattern));
    const auto validate = [&schema](const std::string& text) { (void)schema.accepts(json_of(text)); };
    SCOPED_TRACE(pattern);
    expect_linear([](std::size_t n) { return "\"" + std::string(n, 'a') + "!\""; }, 50'000, validate);
  }
}

TEST(SchemaWork, ChecksLargeObjectsLinearly) {
  const Schema schema =
      schema_of(R"({"required":["a","b","c"],"properties":{"a":{},"b":{}},"unevaluatedProperties":{"type":"integer"},
      "allOf":[{"patternProperties":{"^k1":{}}}],"anyOf":[{"minProperties":1},{"maxProperties":3}]})");
  expect_linear([](std::size_t n) { return object_of(n, [](std::size_t i) { return fmt::format("k{}", i); }); }, 10'000,
                [&schema](const std::string& text) { (void)schema.validate(json_of(text)); });
}

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "{\"a\":";
  return text + "1" + std::string(depth, '}');
}

TEST(SchemaWork, StopsWhenChoicesMultiply) {
  // Each level tries two branches, and each of them all levels below: 2^31.
  const Schema schema = schema_of(R"({"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["b"]},
                                               {"properties":{"a":{"$ref":"#"}},"required":["c"]}]})");
  const auto begin = std::chrono::steady_clock::now();
  const auto errors = schema.validate(json_of(nested(31)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ASSERT_FALSE(errors.empty());
  EXPECT_LE(schema.count_steps(json_of(nested(31))), 200'000U);
}

TEST(SchemaWork, AnswersTooComplexAndNeverValid) {
  const Schema schema = schema_of(R"({"not":{"anyOf":[{"properties":{"a":{"$ref":"#/not"}},"required":["b"]},
                                                      {"properties":{"a":{"$ref":"#/not"}},"required":["c"]}]}})");
  std::string text = "{\"a\":1}";
  for (int i = 0; i < 30; ++i) text = "{\"a\":" + text + "}";
  const auto value = json_of(text);
  const auto errors = schema.validate(value);
  if (!errors.empty()) {
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].code, "too_complex");
    EXPECT_FALSE(schema.accepts(value));
  }
}

TEST(SchemaWork, LimitsTheDepthOfReferences) {
  std::string text = R"({"$ref":"#/$defs/d0","$defs":{)";
  const auto chain = [&](int length) {
    std::string out = text;
    for (int i = 0; i < length; ++i) out += fmt::format(R"("d{}":{{"$ref":"#/$defs/d{}"}},)", i, i + 1);
    return out + fmt::format(R"("d{}":{{"type":"integer"}}}}}})", length);
  };
  EXPECT_TRUE(schema_of(chain(400)).accepts(json_of("1")));
  EXPECT_FALSE(schema_of(chain(400)).accepts(json_of("\"x\"")));
  EXPECT_FALSE(Schema::compile(json_of(chain(5000))).has_value());
  // A value of any depth, against a schema that goes along with it.
  const Schema recursive = schema_of(R"({"properties":{"a":{"$ref":"#"}},"type":["object","integer"]})");
  auto deep = parse_json(nested(5000), {.bytes_max = std::size_t{1} << 20U, .depth_max = 10'000});
  ASSERT_TRUE(deep.has_value());
  const auto errors = recursive.validate(*deep);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].code, "too_complex");
}

}  // namespace
}  // namespace sallyport::validation
