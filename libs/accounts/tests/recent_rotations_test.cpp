#include "sql/recent_rotations.hpp"

#include <gtest/gtest.h>

namespace sallyport::accounts::sql {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

TEST(RecentRotations, TellAnOverlapFromAReplay) {
  RecentRotations rotations;
  EXPECT_EQ(rotations.overlaps("a", kStart), std::nullopt);
  rotations.committing("a", kStart);
  EXPECT_EQ(rotations.overlaps("a", kStart + 10s), true) << "it may not have happened yet";
  rotations.committed("a", kStart + 1s);
  EXPECT_EQ(rotations.overlaps("a", kStart + 1s), true);
  EXPECT_EQ(rotations.overlaps("a", kStart + 1s + 1ns), false);
  rotations.withdrawn("a");
  EXPECT_EQ(rotations.overlaps("a", kStart), std::nullopt);
}

// The connection hung in COMMIT until everybody had given up: a thief who comes later is one all the same.
TEST(RecentRotations, OfAnOutcomeThatNobodyLearnedStillEnd) {
  RecentRotations rotations;
  rotations.committing("a", kStart);
  EXPECT_EQ(rotations.overlaps("a", kStart + RecentRotations::kCommitMost), true);
  EXPECT_EQ(rotations.overlaps("a", kStart + RecentRotations::kCommitMost + 1ns), false);
}

TEST(RecentRotations, ForgetTheOldestWhenThereAreTooMany) {
  RecentRotations rotations;
  for (std::size_t i = 0; i <= RecentRotations::kEntriesMax; ++i) rotations.committed(std::to_string(i), kStart);
  EXPECT_EQ(rotations.overlaps("0", kStart), std::nullopt);
  EXPECT_EQ(rotations.overlaps("1", kStart), true);
}

}  // namespace
}  // namespace sallyport::accounts::sql
