#include "http/time_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::admin_service {
namespace {

TEST(TimeText, ReadsWhatRfc3339Allows) {
  struct Row {
    const char* text;
    std::int64_t microseconds;
  };
  const Row rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-01-31T12:34:56Z", 1769862896000000},
      {"2026-01-31t12:34:56z", 1769862896000000},
      {"2026-01-31 12:34:56Z", 1769862896000000},
      {"2026-01-31T12:34:56.1Z", 1769862896100000},
      {"2026-01-31T12:34:56.000001Z", 1769862896000001},
      {"2026-01-31T12:34:56.0000019Z", 1769862896000001},
      {"2026-01-31T14:04:56+01:30", 1769862896000000},
      {"2026-01-31T11:04:56-01:30", 1769862896000000},
      {"2026-01-31T12:34:56-00:00", 1769862896000000},
      {"2024-02-29T00:00:00Z", 1709164800000000},
      {"2016-12-31T23:59:60Z", 1483228800000000},
  };
  for (const Row& row : rows) {
    const auto time = parse_time(row.text);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(time->time_since_epoch().count(), row.microseconds) << row.text;
  }
}

TEST(TimeText, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "2026",
                                 "2026-01-31",
                                 "2026-01-31T12:34:56",
                                 "2026-02-30T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-31T24:00:00Z",
                                 "2026-01-31T12:60:00Z",
                                 "2026-01-31T12:34:61Z",
                                 "2026-01-31T12:34:56.Z",
                                 "2026-01-31T12:34:56+24:00",
                                 "2026-01-31T12:34:56+01:60",
                                 "2026-01-31T12:34:56+0100",
                                 "2026-01-31T12:34:56Zx",
                                 " 2026-01-31T12:34:56Z",
                                 "2026-1-31T12:34:56Z",
                                 "+026-01-31T12:34:56Z",
                                 "2026/01/31T12:34:56Z",
                                 "1969-12-31T23:59:59Z",
                                 "1970-01-01T00:00:00+00:01"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sallyport::admin_service
