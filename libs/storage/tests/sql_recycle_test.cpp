#include <gtest/gtest.h>

#include "sql/pool_workers.hpp"

namespace sallyport::storage {
namespace {

using std::chrono::minutes;

TEST(RecycleAge, IsTheAgeWithinATenth) {
  EXPECT_EQ(recycle_age(minutes(30), 0.0), minutes(27));
  EXPECT_EQ(recycle_age(minutes(30), 0.5), minutes(30));
  EXPECT_EQ(recycle_age(minutes(30), 1.0), minutes(33));
}

TEST(SqlPoolOptions, HasTheLimitsOfProduction) {
  const SqlPoolOptions options{.url = {}};
  EXPECT_EQ(options.connections_max, 8U);
  EXPECT_EQ(options.waiting_max, 200U);
  EXPECT_EQ(options.acquire, std::chrono::milliseconds(250));
  EXPECT_EQ(options.recycle_after, minutes(30));
  EXPECT_EQ(options.limits.connect, std::chrono::seconds(2));
  EXPECT_EQ(options.limits.statement, std::chrono::seconds(2));
  EXPECT_EQ(options.limits.lock, std::chrono::seconds(1));
  EXPECT_EQ(options.limits.idle_in_transaction, std::chrono::seconds(5));
}

}  // namespace
}  // namespace sallyport::storage
