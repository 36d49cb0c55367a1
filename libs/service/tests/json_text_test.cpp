#include "sallyport/service/json_text.hpp"

#include <gtest/gtest.h>

namespace sallyport::service {
namespace {

using std::chrono::microseconds;

TEST(FormatTime, WritesMicrosecondsInUtc) {
  EXPECT_EQ(format_time(Timestamp(microseconds(0))), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(Timestamp(microseconds(1'767'225'599'000'001))), "2025-12-31T23:59:59.000001Z");
  EXPECT_EQ(format_time(Timestamp(microseconds(1'709'164'800'500'000))), "2024-02-29T00:00:00.500000Z");
}

TEST(AppendMember, WritesEveryKindOfValue) {
  std::string out = "{";
  append_member(out, "text", "a\"b\n");
  append_member(out, "string", std::string("x"));
  append_member(out, "number", std::int64_t{-7});
  append_member(out, "size", std::uint32_t{7});
  append_member(out, "yes", true);
  append_member(out, "seconds", std::chrono::seconds(5));
  append_member(out, "time", Timestamp(microseconds(1)));
  append_member(out, "none", std::optional<std::string>());
  append_member(out, "some", std::optional<std::string>("s"));
  append_member(out, "later", std::optional<Timestamp>());
  append_name(out, "own");
  out.append("[]}");
  EXPECT_EQ(out, R"({"text":"a\"b\n","string":"x","number":-7,"size":7,"yes":true,"seconds":5,)"
                 R"("time":"1970-01-01T00:00:00.000001Z","none":null,"some":"s","later":null,"own":[]})");
}

}  // namespace
}  // namespace sallyport::service
