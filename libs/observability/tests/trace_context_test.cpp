#include "sallyport/observability/trace_context.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::trace {
namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kValid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Fills everything with one byte.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) noexcept override { std::ranges::fill(out, byte_); }

 private:
  std::uint8_t byte_;
};

std::string traceparent(const TraceContext& context) {
  std::string text;
  context.append_traceparent(text);
  return text;
}

struct Row {
  std::string_view name;
  std::string text;
  bool accepted;
};

class TraceParent : public ::testing::TestWithParam<Row> {};

TEST_P(TraceParent, IsContinuedOrReplaced) {
  ConstantRandom random(0xab);
  const TraceContext context = TraceContext::continue_or_begin(GetParam().text, random);
  std::string id;
  context.append_trace_id(id);
  EXPECT_EQ(id, GetParam().accepted ? std::string(kTrace) : "abababababababababababababababab");
  EXPECT_EQ(traceparent(context), "00-" + id + "-abababababababab-" + (context.sampled ? "01" : "00"));
  if (!GetParam().accepted) EXPECT_FALSE(context.sampled);
}

std::string valid_with(std::size_t position, std::string_view replacement) {
  std::string text(kValid);
  return text.replace(position, replacement.size(), replacement);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TraceParent,
    ::testing::Values(
        Row{"Valid", std::string(kValid), true}, Row{"NotSampled", valid_with(53, "00"), true},
        Row{"UnknownFlags", valid_with(53, "ff"), true}, Row{"LaterVersion", valid_with(0, "01"), true},
        Row{"LaterVersionWithMore", valid_with(0, "cc") + "-what-the-future-brings", true},
        Row{"LaterVersionWithOtherEnd", valid_with(0, "cc") + ".x", false},
        Row{"LaterVersionWithADash", valid_with(0, "cc") + "-", true},
        Row{"VersionZeroWithMore", std::string(kValid) + "-x", false},
        Row{"VersionZeroWithASpace", std::string(kValid) + " ", false}, Row{"VersionFf", valid_with(0, "ff"), false},
        Row{"VersionInUpperCase", valid_with(0, "0A"), false}, Row{"UpperCase", valid_with(3, "4BF92F"), false},
        Row{"ZeroTrace", valid_with(3, std::string(32, '0')), false},
        Row{"ZeroParent", valid_with(36, std::string(16, '0')), false}, Row{"BadDash", valid_with(35, "_"), false},
        Row{"BadFirstDash", valid_with(2, "0"), false}, Row{"BadFlags", valid_with(53, "0g"), false},
        Row{"NulInside", valid_with(20, std::string_view("\0", 1)), false},
        Row{"HighByte", valid_with(40, "\xe9"), false}, Row{"CutShort", std::string(kValid.substr(0, 54)), false},
        Row{"Empty", "", false}, Row{"VersionAlone", "00", false}, Row{"Huge", std::string(1U << 20U, '0'), false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(TraceContext, KeepsOnlyTheSampledFlag) {
  ConstantRandom random(1);
  EXPECT_TRUE(TraceContext::continue_or_begin(valid_with(53, "03"), random).sampled);
  EXPECT_FALSE(TraceContext::continue_or_begin(valid_with(53, "fe"), random).sampled);
}

TEST(TraceContext, BeginsWithoutAField) {
  FastRandom random(7);
  const TraceContext one = TraceContext::continue_or_begin(std::nullopt, random);
  const TraceContext two = TraceContext::continue_or_begin(std::nullopt, random);
  EXPECT_NE(one.trace_id, two.trace_id);
  EXPECT_NE(one.parent_id, two.parent_id);
  EXPECT_FALSE(one.sampled);
}

TEST(TraceContext, NeverMakesAnAllZeroId) {
  ConstantRandom random(0);
  EXPECT_EQ(traceparent(TraceContext::continue_or_begin(std::nullopt, random)),
            "00-00000000000000000000000000000001-0000000000000001-00");
}

}  // namespace
}  // namespace sallyport::trace
