#include "sallyport/core/units.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport {
namespace {

constexpr std::int64_t kRefused = -1;

struct UnitRow {
  const char* name;
  const char* text;
  std::int64_t value;
};

void PrintTo(const UnitRow& row, std::ostream* out) {
  *out << row.name << " '" << row.text << "'";
}

std::string row_name(const testing::TestParamInfo<UnitRow>& info) {
  return info.param.name;
}

class Duration : public testing::TestWithParam<UnitRow> {};

TEST_P(Duration, IsDigitsAndAUnit) {
  const auto parsed = parse_duration(GetParam().text);
  EXPECT_EQ(parsed ? parsed->count() : kRefused, GetParam().value);
  if (parsed) {
    EXPECT_EQ(parse_duration(format_duration(*parsed)), parsed);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Duration,
                         testing::Values(UnitRow{"Milliseconds", "250ms", 250}, UnitRow{"Seconds", "15s", 15'000},
                                         UnitRow{"Minutes", "15m", 900'000}, UnitRow{"Hours", "1h", 3'600'000},
                                         UnitRow{"Days", "14d", 1'209'600'000}, UnitRow{"Zero", "0s", 0},
                                         UnitRow{"Highest", "9007199254740992ms", 9'007'199'254'740'992},
                                         UnitRow{"AboveHighest", "9007199254740993ms", kRefused},
                                         UnitRow{"ProductAboveHighest", "9007199254741s", kRefused},
                                         UnitRow{"ProductWraps", "213503982334602d", kRefused},
                                         UnitRow{"DigitsWrap", "18446744073709551617ms", kRefused},
                                         UnitRow{"NoUnit", "15", kRefused}, UnitRow{"BareZero", "0", kRefused},
                                         UnitRow{"NoDigits", "ms", kRefused}, UnitRow{"Empty", "", kRefused},
                                         UnitRow{"Negative", "-1s", kRefused}, UnitRow{"Plus", "+1s", kRefused},
                                         UnitRow{"LeadingZero", "010s", kRefused},
                                         UnitRow{"Fraction", "1.5s", kRefused}, UnitRow{"Space", "15 s", kRefused},
                                         UnitRow{"TrailingSpace", "15s ", kRefused},
                                         UnitRow{"UpperCase", "15S", kRefused}, UnitRow{"Compound", "1m30s", kRefused},
                                         UnitRow{"Week", "1w", kRefused}, UnitRow{"Word", "15sec", kRefused}),
                         row_name);

TEST(Duration, FormatsWithTheLargestUnitThatDivides) {
  using std::chrono::milliseconds;
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(milliseconds(1)), "1ms");
  EXPECT_EQ(format_duration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(format_duration(milliseconds(900'000)), "15m");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(172'800'000)), "2d");
}

TEST(Duration, RefusesEmbeddedNulAndHugeText) {
  EXPECT_FALSE(parse_duration(std::string_view("15s\0", 4)));
  EXPECT_FALSE(parse_duration(std::string(1 << 20, '9') + "s"));
}

class Size : public testing::TestWithParam<UnitRow> {};

TEST_P(Size, IsDigitsAndAUnit) {
  const auto parsed = parse_size(GetParam().text);
  EXPECT_EQ(parsed ? static_cast<std::int64_t>(*parsed) : kRefused, GetParam().value);
  if (parsed) {
    EXPECT_EQ(parse_size(format_size(*parsed)), parsed);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Size,
                         testing::Values(UnitRow{"Zero", "0", 0}, UnitRow{"Bytes", "512B", 512},
                                         UnitRow{"Kibi", "64KiB", 65'536}, UnitRow{"Mebi", "1MiB", 1'048'576},
                                         UnitRow{"Gibi", "2GiB", 2'147'483'648},
                                         UnitRow{"Highest", "4611686018427387904B", std::int64_t{1} << 62U},
                                         UnitRow{"HighestGibi", "4294967296GiB", std::int64_t{1} << 62U},
                                         UnitRow{"AboveHighest", "4611686018427387905B", kRefused},
                                         UnitRow{"ProductWraps", "17179869184GiB", kRefused},
                                         UnitRow{"DigitsWrap", "18446744073709551616B", kRefused},
                                         UnitRow{"NoUnit", "512", kRefused}, UnitRow{"TwoZeros", "00", kRefused},
                                         UnitRow{"LeadingZero", "064KiB", kRefused},
                                         UnitRow{"Decimal", "1MB", kRefused}, UnitRow{"LowerCase", "1mib", kRefused},
                                         UnitRow{"Short", "1M", kRefused}, UnitRow{"Empty", "", kRefused},
                                         UnitRow{"NoDigits", "KiB", kRefused}, UnitRow{"Negative", "-1B", kRefused},
                                         UnitRow{"Space", "1 MiB", kRefused}),
                         row_name);

TEST(Size, FormatsWithTheLargestUnitThatDivides) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1023), "1023B");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(65'536), "64KiB");
  EXPECT_EQ(format_size(std::uint64_t{3} << 30U), "3GiB");
}

}  // namespace
}  // namespace sallyport
