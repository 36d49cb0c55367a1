#include "sallyport/service/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sallyport/service/setting_values.hpp"

namespace sallyport::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Needed = SettingsTable::Needed;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    table_.one("name", Needed::Yes, [this](std::string_view text) { return read_text(text, name_); });
    table_.one("count", Needed::No, [this](std::string_view text) { return read_integer(text, 1, 9, count_); });
    table_.one("wait", Needed::No, [this](std::string_view text) { return read_duration(text, 1s, 10s, wait_); });
    table_.many("blocks", Needed::Yes, [this](std::string_view text) { return read_block(text, blocks_); });
    table_.check([this]() -> Reading {
      ++checked_;
      if (name_ != "bad") return {};
      return std::unexpected("this name is bad");
    });
  }
  std::string read(const std::string& yaml) { return format_problems("f.yaml", table_.read(yaml)); }

  SettingsTable table_;
  std::string name_;
  std::uint32_t count_ = 0;
  std::chrono::milliseconds wait_{0};
  std::vector<Cidr> blocks_;
  int checked_ = 0;
};

TEST_F(SettingsTest, StoresWhatTheFileSays) {
  EXPECT_EQ(read("name: a\ncount: 3\nwait: 1500ms\nblocks: [10.0.0.0/8, \"::1\"]\n"), "");
  EXPECT_EQ(name_, "a");
  EXPECT_EQ(count_, 3U);
  EXPECT_EQ(wait_, 1500ms);
  EXPECT_EQ(blocks_.size(), 2U);
  EXPECT_TRUE(table_.has("count"));
  EXPECT_EQ(read("name: a\nblocks: 10.0.0.0/8\n"), "") << "one value makes a list of one";
  EXPECT_FALSE(table_.has("count"));
}

TEST_F(SettingsTest, TellsAllProblemsInTheOrderOfTheFile) {
  EXPECT_EQ(read("nmae: a\ncount: 10\ncount: 2\nblocks: [x, 10.0.0.0/8, y]\nwait: [1s]\n"),
            "f.yaml: the key 'name' is missing\n"
            "f.yaml:1:1: unknown key 'nmae'\n"
            "f.yaml:2:8: count: expected a number from 1 to 9, found '10'\n"
            "f.yaml:3:1: key 'count' stands twice\n"
            "f.yaml:4:10: blocks: expected an address block such as 10.1.0.0/16, found 'x'\n"
            "f.yaml:4:25: blocks: expected an address block such as 10.1.0.0/16, found 'y'\n"
            "f.yaml:5:1: wait: one value, not a list\n");
  EXPECT_EQ(checked_, 0) << "a rule is about values that stand there";
}

TEST_F(SettingsTest, AsksItsRulesInTheEnd) {
  EXPECT_EQ(read("name: bad\nblocks: []\n"), "f.yaml:2:1: blocks: the list is empty\n");
  EXPECT_EQ(read("name: bad\nblocks: ::1\n"), "f.yaml: this name is bad\n");
  EXPECT_EQ(checked_, 1);
}

TEST_F(SettingsTest, TakesNoOtherYaml) {
  for (const char* line : {"count: {a: 1}", "count: &a 1", "count: *a", "count: !!int 1", "blocks: [[1]]", "---\na: 1",
                           "count: \"\x01\"", "count: [", "count:", "count: 010", "count: +1", "count: 1.0"}) {
    EXPECT_NE(read(std::string("name: a\nblocks: ::1\n") + line + "\n"), "") << line;
  }
  for (const char* text : {"", "[]", "x", "- a\n", "null"}) EXPECT_NE(read(text), "") << text;
  EXPECT_NE(read("name: " + std::string(2000, '[')), "");
  EXPECT_THAT(read(std::string(100'000, ' ')), HasSubstr("64 KiB"));
}

struct Duration {
  const char* text;
  bool milliseconds, seconds;
};

TEST(ReadDuration, KeepsToItsBoundsAndItsUnit) {
  const Duration rows[] = {{"1s", true, true},  {"1500ms", true, false},   {"999ms", false, false},
                           {"10s", true, true}, {"10001ms", false, false}, {"11s", false, false},
                           {"0", false, false}, {"1", false, false},       {"-1s", false, false},
                           {"", false, false}};
  for (const Duration& row : rows) {
    std::chrono::milliseconds fine{0};
    std::chrono::seconds coarse{0};
    EXPECT_EQ(read_duration(row.text, 1s, 10s, fine).has_value(), row.milliseconds) << row.text;
    EXPECT_EQ(read_duration(row.text, 1s, 10s, coarse).has_value(), row.seconds) << row.text;
  }
}

}  // namespace
}  // namespace sallyport::service
