#include "sallyport/net/sweeper.hpp"

#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

/// Counts its visits; at a visit it drops what it was given.
class Entry final : public SweepEntry {
 public:
  using SweepEntry::SweepEntry;
  ~Entry() override = default;
  void sweep(SteadyTime) noexcept override {
    ++visits;
    std::move(drops)();
  }
  struct Drops {
    std::vector<std::unique_ptr<Entry>> entries;
    void operator()() && noexcept { entries.clear(); }
  };
  Drops drops;
  int visits = 0;
};

class SweeperTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  asio::io_context io_{1};
  Sweeper sweeper_{io_.get_executor(), clock_, std::chrono::milliseconds(1)};
};

TEST_F(SweeperTest, VisitsEachEntryOnce) {
  Entry a(sweeper_), b(sweeper_);
  sweeper_.sweep();
  EXPECT_EQ(a.visits, 1);
  EXPECT_EQ(b.visits, 1);
}

TEST_F(SweeperTest, AnEntryMayDropTheOnesThatWouldBeNext) {
  auto last = std::make_unique<Entry>(sweeper_);
  auto* const stays = last.get();
  auto third = std::make_unique<Entry>(sweeper_), second = std::make_unique<Entry>(sweeper_);
  Entry first(sweeper_);  // the newest is visited first
  first.drops.entries.push_back(std::move(second));
  first.drops.entries.push_back(std::move(third));
  sweeper_.sweep();
  EXPECT_EQ(first.visits, 1);
  EXPECT_EQ(stays->visits, 1);
  sweeper_.sweep();
  EXPECT_EQ(stays->visits, 2);
}

TEST_F(SweeperTest, TicksOnlyWhileItHasEntries) {
  auto entry = std::make_unique<Entry>(sweeper_);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (entry->visits < 3 && std::chrono::steady_clock::now() < end) io_.run_one_until(end);
  EXPECT_GE(entry->visits, 3);
  entry.reset();
  io_.run_until(end);
  EXPECT_LT(std::chrono::steady_clock::now(), end) << "the loop ran dry";
}

}  // namespace
}  // namespace sallyport::net
