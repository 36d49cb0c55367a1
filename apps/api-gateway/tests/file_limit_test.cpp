#include "file_limit.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

TEST(FileLimit, CountsClientsUpstreamsAndThreads) {
  Config config;
  config.listen.resize(2);
  config.limits.connections_max = 1000;
  const std::uint64_t without = files_needed(config, 1);
  EXPECT_GT(without, 1000U);
  EXPECT_LT(without, 1100U);
  EXPECT_EQ(files_needed(config, 3) - without, 2 * (4U + 2U)) << "a loop's own, and its sockets that listen";

  UpstreamConfig upstream;
  upstream.hosts.resize(2);
  upstream.max_in_flight = 50;
  upstream.idle_connections_max = 7;
  config.upstreams = {upstream, upstream};
  EXPECT_EQ(files_needed(config, 1) - without, 2 * (50U + 2 * 7U));
  EXPECT_EQ(files_needed(config, 3) - files_needed(config, 1), 2 * (4U + 2U) + 2 * (2 * 2 * 7U));
}

TEST(FileLimit, IsRaisedAsFarAsItMay) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const std::uint64_t raised = raise_file_limit();
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(raised, before.rlim_max);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace sallyport::api_gateway
