#include "config/yaml_tree.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

std::string problems_in(std::string_view text) {
  Problems problems;
  parse_yaml(text, problems);
  return format_problems("f", problems.take());
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(YamlTree, KeepsTextQuotesAndPlaces) {
  Problems problems;
  const YamlNode root = parse_yaml("a: 010\nb:\n  - 'x: y'\n  - [p, q]\nc:\n", problems);
  EXPECT_TRUE(problems.take().empty());
  ASSERT_EQ(root.kind, YamlNode::Kind::Map);
  const YamlNode* a = root.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->text, "010");
  EXPECT_TRUE(a->plain);
  EXPECT_EQ(a->line, 1);
  EXPECT_EQ(a->column, 4);
  const YamlNode* b = root.find("b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->items.size(), 2U);
  EXPECT_EQ(b->items[0].text, "x: y");
  EXPECT_FALSE(b->items[0].plain);
  EXPECT_EQ(b->items[1].items[1].text, "q");
  EXPECT_EQ(b->items[1].items[1].line, 4);
  EXPECT_EQ(b->items[1].items[1].column, 9);
  EXPECT_EQ(root.at_or_self("c").kind, YamlNode::Kind::Null);
  EXPECT_EQ(&root.at_or_self("absent"), &root);
}

struct Row {
  const char* name;
  const char* text;
  const char* problems;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class YamlTreeRefuses : public testing::TestWithParam<Row> {};

TEST_P(YamlTreeRefuses, AndSaysWhere) {
  EXPECT_EQ(problems_in(GetParam().text), GetParam().problems);
}

INSTANTIATE_TEST_SUITE_P(
    Table, YamlTreeRefuses,
    testing::Values(
        Row{"DuplicateKey", "a: 1\nb: 2\na: 3\n", "f:3:1: key 'a' stands twice: first on line 1\n"},
        Row{"DuplicateKeyInQuotes", "{a: 1, \"a\": 2}", "f:1:8: key 'a' stands twice: first on line 1\n"},
        Row{"ThreeTimes", "{a: 1, a: 2, a: 3}",
            "f:1:8: key 'a' stands twice: first on line 1\nf:1:14: key 'a' stands twice: first on line 1\n"},
        Row{"Anchor", "a: &x 1\n", "f:1:4: anchors (&name) are not allowed: write the value out where it is used\n"},
        Row{"Alias", "a: &x 1\nb: *x\n",
            "f:1:4: anchors (&name) are not allowed: write the value out where it is used\n"
            "f:2:4: aliases (*name) are not allowed: write the value out\n"},
        Row{"AliasOfNothing", "a: *x\n", "f:1:4: not valid YAML: the referenced anchor is not defined\n"},
        Row{"Tag", "a: !!int 5\n",
            "f:1:4: tag 'tag:yaml.org,2002:int' is not allowed: a value's type follows from its key\n"},
        Row{"OwnTag", "a: !boom [1]\n", "f:1:4: tag '!boom' is not allowed: a value's type follows from its key\n"},
        Row{"ListAsKey", "{[a]: 1}", "f:1:2: a key must be a single word\n"},
        Row{"TwoDocuments", "a: 1\n---\nb: 2\n", "f:2:1: a second YAML document: only one is read\n"},
        Row{"Unclosed", "a: [1, 2\n", "f:2:1: not valid YAML: end of sequence flow not found\n"},
        Row{"BadIndent", "a: 1\n  b: 2\n", "f:2:4: not valid YAML: illegal map value\n"},
        Row{"Directive", "a: 1\n%b: 2\n", "f:2:1: directives (%) are not allowed\n"},
        Row{"Control", "a: 1\nb: \x01\n", "f:2:4: control character 0x01: the file must be plain UTF-8 text\n"}),
    [](const auto& info) { return info.param.name; });

TEST(YamlTree, RefusesNulAndUtf16) {
  EXPECT_NE(problems_in(std::string_view("a\0: 1", 5)), "");
  EXPECT_NE(problems_in(std::string_view("\xff\xfe"
                                         "a\0:\0 \0001\0",
                                         10)),
            "");
}

TEST(YamlTree, RefusesMoreThanItsBytes) {
  const std::string fits = "a: " + std::string(kYamlBytesMax - 3, 'x');
  EXPECT_EQ(problems_in(fits), "");
  EXPECT_EQ(problems_in(fits + "x"), "f: the file is larger than 1048576 bytes\n");
}

TEST(YamlTree, RefusesOneLevelTooDeep) {
  EXPECT_EQ(problems_in(repeat("[", kYamlDepthMax) + repeat("]", kYamlDepthMax)), "");
  EXPECT_EQ(problems_in(repeat("[", kYamlDepthMax + 1) + repeat("]", kYamlDepthMax + 1)),
            "f:1:17: nested deeper than 16 levels\n");
}

TEST(YamlTree, EndsSoonOnHostileText) {
  // The ten-lines "billion laughs": refused at its first alias, never expanded.
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + before + ", *a" + before + "]\n";
  }
  const std::vector<std::string> texts = {laughs,
                                          repeat("[", kYamlBytesMax),
                                          repeat("{", kYamlBytesMax),
                                          repeat("- ", kYamlBytesMax / 2),
                                          repeat("? ", kYamlBytesMax / 2),
                                          repeat("{a: ", kYamlBytesMax / 4),
                                          "\"" + repeat("\\", kYamlBytesMax - 1),
                                          repeat("&a ", kYamlBytesMax / 3),
                                          repeat("!a ", kYamlBytesMax / 3),
                                          repeat("a: b: ", kYamlBytesMax / 6),
                                          repeat("%", kYamlBytesMax),
                                          repeat(" ", kYamlBytesMax)};
  for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
    EXPECT_NE(problems_in(texts[i]), "") << "text " << i;
  }
  EXPECT_EQ(problems_in(texts.back()), "");
}

TEST(YamlTree, BoundsTheProblemsThatItTells) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a: 1\n";
  Problems problems;
  parse_yaml(text, problems);
  const auto told = problems.take();
  ASSERT_EQ(told.size(), Problems::kMax + 1);
  EXPECT_EQ(told.back().message, "more than 1000 problems; the rest is left out");
}

TEST(Problems, QuotesNothingThatATerminalWouldObey) {
  EXPECT_EQ(in_quotes("a\x1b[31m\n\xc3\xa4"),
            "'a?[31m??"
            "?'");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), "'" + std::string(60, 'x') + "...'");
}

}  // namespace
}  // namespace sallyport::api_gateway
